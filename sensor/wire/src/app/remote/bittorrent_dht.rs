//! BitTorrent's DHT: who is asked for which share; uTP is named where it follows in the same flow.
//!
//! Alone, uTP is twenty octets without a mark and is not looked for.
//! Source: BEP 5 (KRPC), BEP 29 (uTP).

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Depth of lists and dictionaries in one another.
const MAX_DEPTH: u8 = 6;
/// Members of a dictionary that are looked at.
const MAX_MEMBERS: usize = 32;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "bittorrent_dht",
    title: "BitTorrent DHT",
    transports: &[Transport::Udp],
    ports: &[6881],
    kin: &["bittorrent"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request_type", FactKind::Text, "要求", "Request"),
    row(
        "client_version",
        FactKind::Text,
        "ソフトウェアの版",
        "Client version",
    ),
    row("request.id", FactKind::Text, "要求元ノード", "Asking node"),
    row("request.target", FactKind::Text, "探すノード", "Target node"),
    row("request.info_hash", FactKind::Text, "共有物", "Info hash"),
    row("response.id", FactKind::Text, "応答ノード", "Answering node"),
    row(
        "response.nodes_octets",
        FactKind::Number,
        "ノード一覧の長さ",
        "Octets of nodes",
    ),
    row("response.values", FactKind::Flag, "相手あり", "Peers known"),
    row("error.num", FactKind::Number, "エラー", "Error"),
    row("utp", FactKind::Flag, "uTP", "uTP"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let is_begun = hint.octets.starts_with(b"d1:") || hint.octets.starts_with(b"d2:ip");
    if is_begun && message(hint.octets).is_some() {
        Probe::Sure
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Dht::default())
}

#[derive(Default)]
struct Dht {
    exchanges: Exchanges,
    utp_since: Option<Timestamp>,
}

impl Parser for Dht {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some(message) = message(chunk.octets) else {
            if is_utp(chunk.octets) {
                self.utp_since.get_or_insert(chunk.at);
            }
            return took;
        };
        let key = message
            .transaction
            .iter()
            .take(8)
            .fold(1_u64, |sum, octet| sum << 8 | u64::from(*octet));
        let version = message.version.map(version);
        if message.kind == b'q' {
            let mut facts = Facts::new();
            facts.put_some(
                "request_type",
                message.query.map(|query| text::bounded(query, 32).0),
            );
            if let Some(version) = version {
                sheet.essential(
                    Essential::ClientSoftware,
                    version.clone(),
                    "bittorrent_dht.client_version",
                );
                facts.put("client_version", version);
            }
            facts.put("request", request(message.body));
            let kind = message.query.map_or(0, |query| query.len() as u64);
            self.exchanges.ask(
                Open {
                    key,
                    kind,
                    at: chunk.at,
                    facts,
                },
                sheet,
            );
            return took;
        }
        let open = self.exchanges.answer(key);
        let mut open = open.unwrap_or(Open {
            key,
            kind: u64::from(message.kind),
            at: chunk.at,
            facts: Facts::new(),
        });
        if let Some(version) = version {
            sheet.essential(
                Essential::ServerSoftware,
                version,
                "bittorrent_dht.client_version",
            );
        }
        if message.kind == b'r' {
            open.facts.put("response", response(message.body));
        } else {
            let mut error = Facts::new();
            error.put_some("num", error_number(message.body));
            open.facts.put("error", error);
        }
        self.exchanges.write(open, sheet);
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
        if let Some(at) = self.utp_since.take() {
            let mut facts = Facts::new();
            facts.put("utp", true);
            sheet.transaction(at, facts);
        }
    }
}

struct Message<'a> {
    kind: u8,
    query: Option<&'a [u8]>,
    transaction: &'a [u8],
    version: Option<&'a [u8]>,
    /// What `a`, `r` or `e` holds.
    body: &'a [u8],
}

fn message(octets: &[u8]) -> Option<Message<'_>> {
    let mut message = Message {
        kind: 0,
        query: None,
        transaction: &[],
        version: None,
        body: &[],
    };
    let mut has_transaction = false;
    for (name, value) in members(octets)? {
        let mut value_text = Octets(value);
        match name {
            b"y" => message.kind = *text_of(&mut value_text)?.first()?,
            b"q" => message.query = text_of(&mut value_text),
            b"t" => {
                message.transaction = text_of(&mut value_text)?;
                has_transaction = true;
            }
            b"v" => message.version = text_of(&mut value_text),
            b"a" | b"r" | b"e" => message.body = value,
            _ => {}
        }
    }
    (has_transaction && matches!(message.kind, b'q' | b'r' | b'e') && !message.body.is_empty())
        .then_some(message)
}

fn request(body: &[u8]) -> Facts {
    let mut facts = Facts::new();
    for (name, value) in members(body).unwrap_or_default() {
        let value = text_of(&mut Octets(value))
            .filter(|value| value.len() == 20)
            .map(text::hex);
        match name {
            b"id" => _ = facts.put_some("id", value),
            b"target" => _ = facts.put_some("target", value),
            b"info_hash" => _ = facts.put_some("info_hash", value),
            _ => {}
        }
    }
    facts
}

fn response(body: &[u8]) -> Facts {
    let mut facts = Facts::new();
    for (name, value) in members(body).unwrap_or_default() {
        match name {
            b"id" => {
                let id = text_of(&mut Octets(value))
                    .filter(|id| id.len() == 20)
                    .map(text::hex);
                facts.put_some("id", id);
            }
            b"nodes" => {
                let nodes = text_of(&mut Octets(value)).map(|nodes| nodes.len() as u64);
                facts.put_some("nodes_octets", nodes);
            }
            b"values" => _ = facts.put("values", true),
            _ => {}
        }
    }
    facts
}

fn error_number(body: &[u8]) -> Option<u64> {
    let number = body.strip_prefix(b"li")?;
    let end = number.iter().take(6).position(|octet| *octet == b'e')?;
    std::str::from_utf8(number.get(..end)?).ok()?.parse().ok()
}

/// Two letters of a program and its number.
fn version(octets: &[u8]) -> Box<str> {
    match octets {
        [a, b, high, low, ..] if is_word(&[*a, *b]) => {
            format!("{}{} {high}.{low}", char::from(*a), char::from(*b)).into()
        }
        _ => text::hex(octets.get(..8).unwrap_or(octets)).into(),
    }
}

/// BEP 29: a kind up to four, version one, extensions up to two, a window that is not absurd.
fn is_utp(octets: &[u8]) -> bool {
    matches!(octets, [first, 0..=2, ..] if first & 0xf == 1 && first >> 4 <= 4) && octets.len() >= 20
}

/// Names and values (as they stand) of a dictionary that fills the octets.
fn members(octets: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut octets = Octets(octets);
    octets.u8().filter(|kind| *kind == b'd')?;
    let mut found = Vec::new();
    loop {
        if octets.0.first() == Some(&b'e') {
            octets.u8();
            return octets.is_empty().then_some(found);
        }
        let name = text_of(&mut octets)?;
        let before = octets.0;
        pass(&mut octets, MAX_DEPTH)?;
        let length = before.len().saturating_sub(octets.len());
        if found.len() == MAX_MEMBERS {
            return None;
        }
        found.push((name, before.get(..length)?));
    }
}

/// A text behind its length.
fn text_of<'a>(octets: &mut Octets<'a>) -> Option<&'a [u8]> {
    let digits = octets.0.iter().take(6).position(|octet| *octet == b':')?;
    let digits = octets.take(digits)?;
    octets.u8()?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    octets.take(std::str::from_utf8(digits).ok()?.parse().ok()?)
}

/// Passes over one value.
fn pass(octets: &mut Octets<'_>, depth: u8) -> Option<()> {
    match octets.0.first()? {
        b'i' => {
            let end = octets.0.iter().take(24).position(|octet| *octet == b'e')?;
            octets.skip(end.saturating_add(1))
        }
        b'l' | b'd' => {
            let depth = depth.checked_sub(1)?;
            octets.u8()?;
            while octets.0.first()? != &b'e' {
                pass(octets, depth)?;
            }
            octets.skip(1)
        }
        _ => text_of(octets).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // BEP 5, "get_peers" with its response, and "Errors".
        let ask = b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe";
        let answer =
            b"d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re";
        let error = b"d1:eli201e23:A Generic Error Ocurrede1:t2:ab1:y1:ee";
        let chunks: &[(End, &[u8])] = &[(End::Orig, ask), (End::Resp, answer), (End::Resp, error)];

        let seen = test::converse(Transport::Udp, [40_000, 7000], chunks);

        let [peers, error] = &seen.transactions("bittorrent_dht")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(peers.text("request_type"), Some("get_peers"));
        // "mnopqrstuvwxyz123456" in hexadecimal.
        assert_eq!(
            peers.text("request.info_hash"),
            Some("6d6e6f707172737475767778797a313233343536")
        );
        assert_eq!(peers.at("response.values"), Some(true.into()));
        assert_eq!(error.number("error.num"), Some(201));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn lists_in_lists_have_an_end() {
        let deep = [
            b"d1:a".to_vec(),
            vec![b'l'; 10_000],
            vec![b'e'; 10_000],
            b"1:y1:qe".to_vec(),
        ]
        .concat();

        assert!(message(&deep).is_none());
    }
}
