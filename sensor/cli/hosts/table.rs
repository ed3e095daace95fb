//! Devices as a table, as details, as JSON lines and as CSV.

use std::fmt::Write as _;

use comfy_table::{LineStyle, Table, TableStyle};
use sekisho_export::write_line;
use sekisho_model::Timestamp;
use sekisho_model::host::{ServiceSeen, Sighting};
use sekisho_store::{HostRow, Standing};

use crate::cli::language::Language;
use crate::cli::terminal::clean;

/// Values of a cell before it says how many more there are.
const SHOWN: usize = 3;

/// Where names are read that others give to a device, whoever they are.
const OF_OTHERS: [&str; 4] = ["dns.answers", "http.hostname", "quic.sni", "tls.sni"];

/// One line a device.
pub(super) fn list(rows: &[HostRow], language: Language) -> String {
    if rows.is_empty() {
        return format!(
            "{}\n",
            language.pick("該当する機器はありません。", "No such device.")
        );
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    let say = |ja, en| language.pick(ja, en);
    table.set_header(vec![
        say("登録", "Standing"),
        say("名前", "Name"),
        say("アドレス", "Addresses"),
        "MAC",
        say("メーカー", "Maker"),
        say("ゾーン", "Zones"),
        say("提供サービス", "Offers"),
        say("最終確認", "Last seen"),
    ]);
    for row in rows {
        let host = &row.host;
        table.add_row(vec![
            word(row.standing, language).to_owned(),
            clean(&name(row)),
            some(host.addresses.iter().map(|seen| seen.value.clone())),
            host.mac.clone().unwrap_or_default(),
            clean(host.maker.as_deref().unwrap_or_default()),
            some(host.zones.iter().cloned()),
            some(host.offers.iter().map(service)),
            host.last_seen.to_string(),
        ]);
    }
    format!("{table}\n")
}

/// Everything that is known.
pub(super) fn details(rows: &[HostRow], language: Language) -> String {
    let mut out = String::new();
    for row in rows {
        detail(&mut out, row, language);
    }
    out
}

fn detail(out: &mut String, row: &HostRow, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let host = &row.host;
    let mut line = |title: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "{title}: {}", clean(value));
        }
    };
    line(say("登録", "Standing"), word(row.standing, language));
    if let Some(entry) = &row.register {
        let entry = [&entry.name, &entry.department, &entry.owner, &entry.note].map(String::as_str);
        let entry: Vec<&str> = entry.into_iter().filter(|words| !words.is_empty()).collect();
        line(say("台帳", "Register"), &entry.join(", "));
    }
    line("MAC", host.mac.as_deref().unwrap_or_default());
    if host.mac_is_random {
        line(
            "MAC",
            say("端末が作ったアドレス(ランダム)", "made up by the device (random)"),
        );
    }
    line(
        say("メーカー", "Maker"),
        host.maker.as_deref().unwrap_or_default(),
    );
    if host.forwards {
        line(
            say("役割", "Role"),
            say("ほかの機器の通信を中継", "forwards for others"),
        );
    }
    line(say("ゾーン", "Zones"), &host.zones.join(", "));
    line(
        say("期間", "Seen"),
        &format!("{} – {}", host.first_seen, host.last_seen),
    );
    line(say("フロー", "Flows"), &host.flows.to_string());
    for reason in &host.several {
        line(
            say("複数台の疑い", "Several devices"),
            say(&reason.ja, &reason.en),
        );
    }
    for (title, list) in [
        (say("アドレス", "Addresses"), &host.addresses),
        (say("名前", "Names"), &host.names),
        (say("指紋", "Fingerprints"), &host.fingerprints),
    ] {
        sightings(out, title, list);
    }
    for (title, list) in [
        (say("提供サービス", "Offers"), &host.offers),
        (say("利用サービス", "Uses"), &host.uses),
    ] {
        services(out, title, list);
    }
    out.push('\n');
}

fn sightings(out: &mut String, title: &str, list: &[Sighting]) {
    if !list.is_empty() {
        let _ = writeln!(out, "{title}:");
    }
    for seen in list {
        let _ = writeln!(
            out,
            "  {}  ({}, {})",
            clean(&seen.value),
            clean(&seen.from),
            span(seen.first, seen.last, seen.count)
        );
    }
}

fn services(out: &mut String, title: &str, list: &[ServiceSeen]) {
    if !list.is_empty() {
        let _ = writeln!(out, "{title}:");
    }
    for seen in list {
        let _ = writeln!(
            out,
            "  {}  ({})",
            clean(&service(seen)),
            span(seen.first, seen.last, seen.count)
        );
    }
}

fn span(first: Timestamp, last: Timestamp, count: u64) -> String {
    format!("{first} – {last}, {count}x")
}

/// One JSON object a line.
pub(super) fn json(rows: &[HostRow]) -> anyhow::Result<String> {
    let mut out = Vec::new();
    for row in rows {
        write_line(&mut out, row)?;
    }
    Ok(String::from_utf8(out)?)
}

/// One line a device with a heading. A cell that a spreadsheet would take for a formula, in signs of
/// full width too, begins with an apostrophe, because names come from the network.
pub(super) fn csv(rows: &[HostRow]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "standing",
        "name",
        "mac",
        "maker",
        "addresses",
        "names",
        "zones",
        "offers",
        "first_seen",
        "last_seen",
        "flows",
    ])?;
    for row in rows {
        let host = &row.host;
        let cells = [
            row.standing.name().to_owned(),
            name(row),
            host.mac.clone().unwrap_or_default(),
            host.maker.clone().unwrap_or_default(),
            join(host.addresses.iter().map(|seen| seen.value.clone())),
            join(host.names.iter().map(|seen| seen.value.clone())),
            host.zones.join(" "),
            join(host.offers.iter().map(service)),
            host.first_seen.to_string(),
            host.last_seen.to_string(),
            host.flows.to_string(),
        ];
        writer.write_record(cells.map(|cell| harmless(&cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(" ")
}

/// The register's name; else the last one that the device gives itself, else the last that others give.
fn name(row: &HostRow) -> String {
    let order = |seen: &&Sighting| {
        let is_its_own = !OF_OTHERS.contains(&seen.from.as_str());
        (is_its_own, seen.last, seen.count)
    };
    let seen = row.host.names.iter().max_by_key(order);
    row.register
        .as_ref()
        .map(|entry| entry.name.clone())
        .filter(|name| !name.is_empty())
        .or_else(|| seen.map(|seen| seen.value.clone()))
        .unwrap_or_default()
}

fn service(seen: &ServiceSeen) -> String {
    if seen.service.is_empty() {
        format!("{}/{}", seen.port, seen.protocol)
    } else {
        format!("{} {}/{}", seen.service, seen.port, seen.protocol)
    }
}

fn some(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.map(|value| clean(&value)).collect();
    let mut text = values.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    if let Some(more) = values.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(text, "\n+{more}");
    }
    text
}

const fn word(standing: Standing, language: Language) -> &'static str {
    match (standing, language) {
        (Standing::Known, Language::Japanese) => "登録済み",
        (Standing::Unknown, Language::Japanese) => "未登録",
        (Standing::Retired, Language::Japanese) => "廃止済み",
        (standing, Language::English) => standing.name(),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Host;
    use sekisho_store::RegisterEntry;

    use super::*;

    fn named(names: &[(&str, &str, i64)], register: Option<&str>) -> HostRow {
        let seen = |(value, from, at): &(&str, &str, i64)| Sighting {
            value: (*value).to_owned(),
            from: (*from).to_owned(),
            first: Timestamp::from_seconds(*at, 0),
            last: Timestamp::from_seconds(*at, 0),
            count: 1,
        };
        HostRow {
            host: Host {
                names: names.iter().map(seen).collect(),
                ..Host::new(1)
            },
            standing: Standing::Unknown,
            register: register.map(|name| RegisterEntry {
                key: "192.0.2.1".to_owned(),
                name: name.to_owned(),
                owner: String::new(),
                department: String::new(),
                retired: false,
                note: String::new(),
            }),
        }
    }

    #[test]
    fn a_device_goes_by_the_name_of_the_register_then_its_own_then_that_of_others() {
        let names = [
            ("old", "dhcp.hostname", 1),
            ("pc-1", "nbns.answers", 2),
            ("evil.example", "dns.answers", 3),
        ];

        assert_eq!(name(&named(&names, Some("printer"))), "printer");
        assert_eq!(name(&named(&names, Some(""))), "pc-1");
        assert_eq!(name(&named(&names[2..], None)), "evil.example");
        assert_eq!(name(&named(&[], None)), "");
    }

    #[test]
    fn no_cell_begins_as_a_formula_of_either_width() {
        for sign in ["=", "+", "-", "@", "＝", "＋", "－", "＠"] {
            let row = named(&[(&format!("{sign}1"), "dhcp.hostname", 1)], None);
            let text = csv(&[row]).unwrap();

            assert!(text.contains(&format!(",'{sign}1,")), "{text}");
        }
    }

    #[test]
    fn json_shows_nothing_that_a_terminal_would_act_on() {
        let text = json(&[named(&[("\u{9b}2J\u{202e}", "dhcp.hostname", 1)], None)]).unwrap();

        assert!(text.contains(r"\u009b2J\u202e"), "{text}");
    }
}
