//! Reading a register of devices from CSV.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use sekisho_store::{MAX_REGISTER, RegisterEntry};

use crate::cli::terminal::clean;

/// Mistakes that are shown; the rest is counted.
const SHOWN: usize = 20;
/// Octets of a register, at most.
const OCTETS: u64 = 64 * 1024 * 1024;

/// Columns that mean something.
const COLUMNS: [&str; 6] = ["key", "name", "owner", "department", "status", "note"];

/// Reads a register; any mistake refuses the whole file and names its lines.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<RegisterEntry>> {
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
    };
    within(input, OCTETS).with_context(|| format!("{}: nothing was taken in", path.display()))
}

/// Reads a register of so many octets at most.
fn within(input: impl Read, octets: u64) -> anyhow::Result<Vec<RegisterEntry>> {
    let mut input = input.take(octets.saturating_add(1));
    let parsed = parse(&mut input);
    if input.limit() == 0 {
        bail!("more than {octets} octets");
    }
    parsed
}

fn parse(input: impl Read) -> anyhow::Result<Vec<RegisterEntry>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(input);
    let heading = reader.headers().context("the heading cannot be read")?.clone();
    let mut places = [None; COLUMNS.len()];
    for (place, title) in heading.iter().enumerate() {
        let title = title.trim_start_matches('\u{feff}').to_ascii_lowercase();
        match COLUMNS.iter().position(|column| *column == title) {
            Some(column) => places[column] = Some(place),
            None => bail!(
                "line 1: the column {:?} means nothing; write one of {}",
                clean(&title),
                COLUMNS.join(", ")
            ),
        }
    }
    if places[0].is_none() {
        bail!("line 1: there is no column \"key\" (MAC address or IP address of the device)");
    }
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    let mut lines = HashMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                mistakes.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| {
            places[column]
                .and_then(|place| record.get(place))
                .unwrap_or_default()
        };
        match entry(cell) {
            Ok(entry) => match lines.insert(entry.key.clone(), line) {
                None => entries.push(entry),
                Some(before) => mistakes.push(format!(
                    "line {line}: {} is in line {before} already; keep one of them",
                    entry.key
                )),
            },
            Err(mistake) => mistakes.push(format!("line {line}: {mistake}")),
        }
        if entries.len() > MAX_REGISTER {
            bail!("more than {MAX_REGISTER} devices");
        }
    }
    refuse(&mistakes)?;
    Ok(entries)
}

fn entry<'a>(cell: impl Fn(usize) -> &'a str) -> Result<RegisterEntry, String> {
    let key = RegisterEntry::key_of(cell(0))
        .ok_or_else(|| format!("{:?} is neither a MAC address nor an IP address", clean(cell(0))))?;
    let retired = match cell(4).to_ascii_lowercase().as_str() {
        "" | "in_use" => false,
        "retired" => true,
        other => return Err(format!("status {:?}: write in_use or retired", clean(other))),
    };
    Ok(RegisterEntry {
        key,
        name: cell(1).to_owned(),
        owner: cell(2).to_owned(),
        department: cell(3).to_owned(),
        retired,
        note: cell(5).to_owned(),
    })
}

fn refuse(mistakes: &[String]) -> anyhow::Result<()> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let mut text = mistakes
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n  ");
    if let Some(more) = mistakes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    bail!("{} mistakes:\n  {text}", mistakes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_any_order_and_addresses_in_any_form() {
        let text =
            "\u{feff}name,Key,status\n総務課プリンター,52-54-00-38-02-4A,\n旧サーバー,2001:DB8::1,retired\n";

        let entries = parse(text.as_bytes()).unwrap();

        let keys: Vec<_> = entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.retired))
            .collect();
        assert_eq!(keys, [("52:54:00:38:02:4a", false), ("2001:db8::1", true)]);
        assert_eq!(entries[0].name, "総務課プリンター");
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let refused = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();

        assert!(refused("key,status\n192.0.2.1,\npc-1,\n192.0.2.2,lost\n").contains("line 3: \"pc-1\""));
        assert!(
            refused("key,status\n192.0.2.1,\npc-1,\n192.0.2.2,lost\n").contains("line 4: status \"lost\"")
        );
        assert!(refused("key,colour\n").contains("colour"));
        assert!(refused("name\nx\n").contains("no column \"key\""));
        assert!(refused("").contains("no column \"key\""));
        let many: String = std::iter::once("key\n".to_owned())
            .chain((0..50).map(|n| format!("x{n}\n")))
            .collect();
        assert!(refused(&many).contains("and 30 more"));
    }

    #[test]
    fn a_register_that_is_too_large_is_refused_and_not_cut() {
        let text = "key,name\n192.0.2.1,a\n192.0.2.2,b\n";
        let size = u64::try_from(text.len()).unwrap();

        assert_eq!(within(text.as_bytes(), size).unwrap().len(), 2);
        for octets in [size - 1, size - 12, 3] {
            let refused = within(text.as_bytes(), octets).unwrap_err().to_string();
            assert_eq!(refused, format!("more than {octets} octets"));
        }
    }

    #[test]
    fn a_device_that_stands_twice_is_refused_with_both_lines() {
        let text = "key,name\n52:54:00:38:02:4a,a\n192.0.2.1,b\n52-54-00-38-02-4A,c\n";

        let refused = parse(text.as_bytes()).unwrap_err().to_string();

        assert!(
            refused.contains("line 4: 52:54:00:38:02:4a is in line 2 already"),
            "{refused}"
        );
    }
}
