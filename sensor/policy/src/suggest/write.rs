//! The proposal as a policy file, with what it rests on in comments.

use std::fmt::Write as _;
use std::net::IpAddr;

use sekisho_model::Timestamp;
use serde_json::Value;

use super::{Base, Evidence, Proposal, Suggestion};
use crate::calendar::Calendar;
use crate::whatif::Volume;
use crate::zones::Zone;

/// Lines of what is left that stand in the file; the rest is counted.
const LEFT: usize = 200;
/// Items of a list that stand in one line.
const IN_LINE: usize = 4;

/// Header and zones of a policy of its own, by the zones of `base`.
pub(super) fn head(base: &Base, span: Option<(Timestamp, Timestamp)>) -> String {
    let policy = &base.policy;
    let mut out = new_head("", span);
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
pub(super) fn new_head(zones: &str, span: Option<(Timestamp, Timestamp)>) -> String {
    let until = span.map_or_else(String::new, |(_, last)| {
        Calendar::default().local(last).day.to_string()
    });
    format!(
        "schema = 1\n\n[policy]\nname = \"suggested\"\nversion = \"draft {until}\"\n\
         mode = \"learn\"   # raises no alert until a person has read it\n\n{zones}"
    )
}

/// The paths.
pub(super) fn paths(paths: &[Proposal], judged: bool, calendar: &Calendar) -> String {
    let mut out = String::new();
    for path in paths {
        comment(&mut out, &path.evidence, judged, calendar);
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

fn comment(out: &mut String, evidence: &Evidence, judged: bool, calendar: &Calendar) {
    let _ = writeln!(
        out,
        "# {} on {}, from {} to {} ({})",
        volume(evidence.volume),
        many(evidence.days, "day"),
        many(evidence.origs, "host"),
        many(evidence.resps, "host"),
        many(evidence.pairs, "pair"),
    );
    let _ = writeln!(
        out,
        "# first {}, last {}",
        calendar.local(evidence.first),
        calendar.local(evidence.last)
    );
    if judged {
        let rules: Vec<&str> = evidence.rules.iter().map(AsRef::as_ref).collect();
        let _ = writeln!(
            out,
            "# the policy in force denies {} of {}{}{}",
            evidence.denied,
            evidence.volume.records,
            if rules.is_empty() { "" } else { ": " },
            rules.join(", ")
        );
    }
    out.push_str("# to be approved: owner, approver, review\n");
}

/// The whole file: what is explained, the policy, what is left.
pub(super) fn whole(suggestion: &Suggestion, head: &str, body: &str, calendar: &Calendar) -> String {
    let mut out =
        String::from("# Proposed from observed traffic. Nothing in it is approved; read every path.\n");
    if let Some((first, last)) = suggestion.span {
        let _ = writeln!(
            out,
            "# Traffic from {} to {}: {}",
            calendar.local(first),
            calendar.local(last),
            volume(suggestion.total)
        );
    }
    let (records, octets) = suggestion.coverage();
    let _ = writeln!(
        out,
        "# Explained: {}.{} % of the flow records, {}.{} % of the octets",
        records / 10,
        records % 10,
        octets / 10,
        octets % 10
    );
    for (what, part) in [
        ("by the paths below", suggestion.covered),
        ("by the policy in force", suggestion.already),
        ("without a path", suggestion.built_in),
        ("excluded, and not counted above", suggestion.excluded),
    ] {
        if part.records > 0 {
            let _ = writeln!(out, "#   {what}: {}", volume(part));
        }
    }
    for (reason, part) in &suggestion.left {
        let _ = writeln!(out, "#   left unknown, {}: {}", reason.label().en, volume(*part));
    }
    out.push('\n');
    out.push_str(head);
    if !head.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str(body);
    if !suggestion.unknown.is_empty() {
        out.push_str(
            "# Left unknown: not proposed, and denied by this policy where both ends are in a zone.\n",
        );
    }
    for left in suggestion.unknown.iter().take(LEFT) {
        let port = left.port.map_or_else(String::new, |port| format!("/{port}"));
        let _ = writeln!(
            out,
            "#   {}: {} -> {} {}{port}: {}, {}, such as {} -> {}",
            left.reason.name(),
            left.zones.0,
            left.zones.1,
            left.protocol,
            volume(left.volume),
            many(left.pairs, "pair"),
            left.example.0,
            left.example.1
        );
    }
    let more = suggestion.unknown.len().saturating_sub(LEFT);
    if more > 0 {
        let _ = writeln!(out, "#   and {more} more kinds");
    }
    out
}

fn volume(volume: Volume) -> String {
    format!(
        "{}, {} octets",
        many(volume.records, "flow record"),
        volume.octets
    )
}

fn many(number: impl Into<Count>, word: &str) -> String {
    let Count(number) = number.into();
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

struct Count(u64);

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<u32> for Count {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl From<usize> for Count {
    fn from(number: usize) -> Self {
        Self(u64::try_from(number).unwrap_or(u64::MAX))
    }
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
