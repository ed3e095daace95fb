//! SSDP: discovery of UPnP devices by HTTP's messages in datagrams.
//!
//! Source: UPnP Device Architecture 2.0 section 1. Datagrams stand alone.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::super::lines::{Lines, Next};
use super::MAX_VALUE;
use super::fields::{split, without_secrets};
use super::start_line::{StartLine, is_sure, parse};
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

pub(in super::super) const PROTOCOL: Protocol = Protocol {
    name: "ssdp",
    title: "SSDP",
    transports: &[Transport::Udp],
    ports: &[1900],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("method", FactKind::Text, "メソッド", "Method"),
    row("status", FactKind::Number, "状態コード", "Status"),
    row("host", FactKind::Text, "宛先", "Host"),
    row("st", FactKind::Text, "探す種類", "Search target"),
    row("nt", FactKind::Text, "知らせる種類", "Notification type"),
    row("nts", FactKind::Text, "知らせの内容", "Notification sub type"),
    row("usn", FactKind::Text, "サービス名", "Unique service name"),
    row("location", FactKind::Text, "記述の場所", "Location"),
    row(
        "server",
        FactKind::Text,
        "サーバーソフトウェア",
        "Server software",
    ),
    row("user_agent", FactKind::Text, "ユーザーエージェント", "User agent"),
];

/// Header fields and the keys that they stand under.
const FIELDS: &[(&[u8], &str)] = &[
    (b"host", "host"),
    (b"st", "st"),
    (b"nt", "nt"),
    (b"nts", "nts"),
    (b"usn", "usn"),
    (b"location", "location"),
    (b"al", "location"),
    (b"server", "server"),
    (b"user-agent", "user_agent"),
];

/// Lines of a datagram that are read.
const MAX_LINES: usize = 64;

fn probe(hint: &Hint<'_>) -> Probe {
    let is_told = [&b"M-SEARCH * HTTP/"[..], b"NOTIFY * HTTP/"]
        .iter()
        .any(|start| hint.octets.starts_with(start));
    let is_answer = hint.octets.starts_with(b"HTTP/") && is_sure(hint.octets);
    if is_told || is_answer && hint.ports.contains(&1900) {
        Probe::Sure
    } else if is_answer && has_usn(hint.octets) {
        // Answers come from another port of the device too.
        Probe::Sure
    } else {
        Probe::No
    }
}

fn has_usn(octets: &[u8]) -> bool {
    octets
        .get(..MAX_VALUE)
        .unwrap_or(octets)
        .windows(5)
        .any(|window| window.eq_ignore_ascii_case(b"\nusn:"))
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Ssdp)
}

struct Ssdp;

impl Parser for Ssdp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let (mut lines, mut rest) = (Lines::default(), chunk.octets);
        let mut facts = Facts::new();
        for number in 0..MAX_LINES {
            let (line, took) = match lines.next(rest) {
                Next::Line { line, took, .. } => (line, took),
                Next::Passed(_) => break,
                Next::Wait => (rest, rest.len()),
            };
            rest = rest.get(took..).unwrap_or_default();
            match (number, parse(line, false)) {
                (0, Some(StartLine::Request { method, .. })) => {
                    facts.put("method", text::of(method));
                }
                (0, Some(StartLine::Response { status, .. })) => {
                    facts.put("status", status);
                }
                (0, None) => break,
                _ => take(line, &mut facts),
            }
            if rest.is_empty() {
                break;
            }
        }
        if !facts.is_empty() {
            name(&facts, sheet);
            let http = of_http(&facts);
            sheet.transaction_made_of(chunk.at, facts, Some(("http", http)));
        }
        Read::Took(chunk.octets.len())
    }
}

/// What of it HTTP has a name for: whoever looks for user agents and hosts finds these too.
fn of_http(facts: &Facts) -> Facts {
    let mut http = Facts::new();
    for (key, name) in [
        ("host", "hostname"),
        ("user_agent", "http_user_agent"),
        ("method", "http_method"),
        ("status", "status"),
    ] {
        http.put_some(name, facts.get(key));
    }
    http
}

fn take(line: &[u8], facts: &mut Facts) {
    let Some((name, value)) = split(line) else { return };
    let known = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    if let Some((_, key)) = known
        && !value.is_empty()
    {
        let value = match *key {
            "location" => text::of(&without_secrets(value)),
            _ => text::of(value),
        };
        facts.put(key, value);
    }
}

fn name(facts: &Facts, sheet: &mut Sheet<'_>) {
    if let Some(agent) = facts.text("user_agent") {
        sheet.essential(Essential::ClientSoftware, agent, "ssdp.user_agent");
    }
    if let Some(server) = facts.text("server") {
        let what = if facts.get("status").is_some() {
            Essential::ServerSoftware
        } else {
            Essential::ClientSoftware
        };
        sheet.essential(what, server, "ssdp.server");
    }
}
