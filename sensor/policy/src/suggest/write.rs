//! The proposal as a policy file, with what it rests on in comments.

use std::fmt::Write as _;
use std::net::IpAddr;

use sekisho_model::{Text, Timestamp};
use serde_json::Value;

use super::{Base, Proposal, Suggestion, comments};
use crate::calendar::Calendar;
use crate::zones::Zone;

/// Items of a list that stand in one line.
const IN_LINE: usize = 4;

/// Header and zones of a policy of its own, by the zones of `base`.
pub(super) fn head(base: &Base, span: Option<(Timestamp, Timestamp)>, japanese: bool) -> String {
    let policy = &base.policy;
    let mut out = new_head("", span, japanese);
    let _ = writeln!(
        out,
        "[calendar]\ntimezone = {}\n",
        quoted(policy.calendar().timezone())
    );
    for (_, declared) in policy.zones.declared() {
        zone(&mut out, declared);
    }
    out
}

fn zone(out: &mut String, zone: &Zone) {
    let _ = writeln!(out, "[zone.{}]", zone.id);
    let texts = |items: &mut dyn Iterator<Item = String>| items.map(|item| quoted(&item)).collect();
    let networks: Vec<String> = texts(&mut zone.networks.iter().map(ToString::to_string));
    let vlans = zone.vlans.iter().map(ToString::to_string).collect();
    let macs = texts(&mut zone.macs.iter().map(ToString::to_string));
    for (key, items) in [("networks", networks), ("vlans", vlans), ("macs", macs)] {
        if !items.is_empty() {
            let _ = writeln!(out, "{key} = {}", list(&items));
        }
    }
    if zone.intra_deny {
        out.push_str("intra = \"deny\"\n");
    }
    if zone.excluded {
        out.push_str("excluded = true\n");
    }
    if let Some(number) = zone.classification {
        let _ = writeln!(out, "classification = {number}");
    }
    for (key, value) in [
        ("label.ja", &*zone.label.ja),
        ("label.en", &zone.label.en),
        ("clause", &zone.clause),
    ] {
        if !value.is_empty() {
            let _ = writeln!(out, "{key} = {}", quoted(value));
        }
    }
    out.push('\n');
}

/// Header of a policy of its own with the given zones; its version is the day of the last packet where
/// policies are that say nothing of their time zone.
pub(super) fn new_head(zones: &str, span: Option<(Timestamp, Timestamp)>, japanese: bool) -> String {
    let learn = comments::learn();
    let learn = if japanese { learn.ja } else { learn.en };
    let until = span.map_or_else(String::new, |(_, last)| {
        Calendar::default().local(last).day.to_string()
    });
    format!(
        "schema = 1\n\n[policy]\nname = \"suggested\"\nversion = \"draft {until}\"\n\
         mode = \"learn\"   # {learn}\n\n{zones}"
    )
}

/// The paths.
pub(super) fn paths(paths: &[Proposal], judged: bool, calendar: &Calendar, japanese: bool) -> String {
    let mut out = String::new();
    for path in paths {
        let evidence = comments::of_path(&path.evidence, judged, calendar);
        comment(&mut out, &evidence, japanese);
        let _ = writeln!(
            out,
            "[[path]]\nid = {}\nfrom = {}\nto = {}",
            quoted(&path.id),
            quoted(&path.from),
            quoted(&path.to)
        );
        for (key, hosts) in [("from_hosts", &path.from_hosts), ("to_hosts", &path.to_hosts)] {
            let hosts: Vec<_> = hosts
                .iter()
                .map(IpAddr::to_string)
                .map(|host| quoted(&host))
                .collect();
            if !hosts.is_empty() {
                let _ = writeln!(out, "{key} = {}", list(&hosts));
            }
        }
        let _ = match path.protocol.name() {
            Some(name) => writeln!(out, "protocol = {}", quoted(name)),
            None => writeln!(out, "protocol = {}", path.protocol.0),
        };
        if !path.ports.is_empty() {
            let _ = writeln!(out, "ports = {}", list(&ports(&path.ports)));
        }
        if !path.service.is_empty() {
            let _ = writeln!(out, "services = [{}]", quoted(&path.service));
        }
        out.push('\n');
    }
    out
}

/// Writes lines of a comment.
fn comment(out: &mut String, lines: &[Text], japanese: bool) {
    for line in lines {
        let _ = writeln!(out, "# {}", if japanese { &line.ja } else { &line.en });
    }
}

/// The whole file: what is explained, the policy, what is left.
pub(super) fn whole(
    suggestion: &Suggestion,
    head: &str,
    body: &str,
    calendar: &Calendar,
    japanese: bool,
) -> String {
    let mut out = String::new();
    comment(&mut out, &comments::of_all(suggestion, calendar), japanese);
    out.push('\n');
    out.push_str(head);
    if !head.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str(body);
    comment(&mut out, &comments::left(suggestion), japanese);
    out
}

/// Ports as policy files write them: three and more in a row are a range.
fn ports(ports: &[u16]) -> Vec<String> {
    let follows = |a: &u16, b: &u16| a.checked_add(1) == Some(*b);
    ports
        .chunk_by(follows)
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("\"{first}-{last}\"")],
            run => run.iter().map(u16::to_string).collect(),
        })
        .collect()
}

fn list(items: &[String]) -> String {
    if items.len() <= IN_LINE {
        return format!("[{}]", items.join(", "));
    }
    let lines: Vec<_> = items
        .chunks(IN_LINE)
        .map(|items| format!("    {},\n", items.join(", ")))
        .collect();
    format!("[\n{}]", lines.concat())
}

/// A basic string of TOML. JSON escapes what TOML has to escape, in the same way.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_a_row_are_a_range() {
        assert_eq!(
            ports(&[80, 443, 444, 8000, 8001, 8002]),
            ["80", "443", "444", "\"8000-8002\""]
        );
        assert_eq!(ports(&[65_534, 65_535]), ["65534", "65535"]);
    }

    #[test]
    fn words_are_quoted_so_that_toml_reads_them_back() {
        for text in ["業務系", "a\"b\\c", "\u{7f}\u{1}\t"] {
            let document: toml::Table = format!("x = {}", quoted(text)).parse().unwrap();
            assert_eq!(document["x"].as_str(), Some(text));
        }
    }
}
