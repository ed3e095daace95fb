//! L2TP: how a tunnel and its sessions are set up and taken down.
//!
//! Source: RFC 2661 sections 3.1, 4 and 6; RFC 3931 for version 3, whose messages are the same but for
//! the width of numbers. A control message is flags that are always `c8 02`, its length, tunnel,
//! session, two sequence numbers, and attributes, of which the first is its type. What a tunnel
//! carries is a flow of its own.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets before the attributes.
const HEADER_LEN: u16 = 12;
/// Attributes of a message that are read.
const MAX_ATTRIBUTES: usize = 64;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "l2tp",
    title: "L2TP",
    transports: &[Transport::Udp],
    ports: &[1701],
    kin: &["esp"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Number, "版", "Version"),
    row("request", FactKind::Text, "要求", "Request"),
    row("response", FactKind::Text, "応答", "Response"),
    row("client.host", FactKind::Text, "要求側の名前", "Host that asks"),
    row(
        "client.vendor",
        FactKind::Text,
        "要求側の製造者",
        "Vendor that asks",
    ),
    row(
        "client.assigned_id",
        FactKind::Number,
        "要求側の番号",
        "Number of the one that asks",
    ),
    row("server.host", FactKind::Text, "応答側の名前", "Host that answers"),
    row(
        "server.vendor",
        FactKind::Text,
        "応答側の製造者",
        "Vendor that answers",
    ),
    row(
        "server.assigned_id",
        FactKind::Number,
        "応答側の番号",
        "Number of the one that answers",
    ),
    row(
        "challenge",
        FactKind::Flag,
        "認証の要求あり",
        "Asks for authentication",
    ),
    row("result", FactKind::Number, "結果コード", "Result code"),
    row("error", FactKind::Number, "エラーコード", "Error code"),
    row("message", FactKind::Text, "理由", "Reason"),
];

/// A control message.
struct Message<'a> {
    version: u8,
    /// None for an acknowledgement, which has no attributes.
    kind: Option<u16>,
    attributes: &'a [u8],
}

/// Reads a control message that fills its datagram.
fn message(octets: &[u8]) -> Option<Message<'_>> {
    let mut header = Octets(octets);
    let [0xc8, version @ (2 | 3)] = header.array::<2>()? else {
        return None;
    };
    let len = header.be16()?;
    if len < HEADER_LEN || usize::from(len) != octets.len() {
        return None;
    }
    header.skip(8)?;
    let attributes = header.0;
    let kind = if attributes.is_empty() {
        None
    } else {
        // The type comes first, must be understood, and is never hidden.
        let (flags, kind, value) = attribute(&mut header)?;
        let number = value.first_chunk().map(|octets| u16::from_be_bytes(*octets))?;
        if flags & 0xfc00 != 0x8000 || kind != 0 || value.len() != 2 || word(number).is_none() {
            return None;
        }
        Some(number)
    };
    Some(Message {
        version,
        kind,
        attributes,
    })
}

/// The next attribute: flags, type and value. A vendor's own have type 0xffff.
fn attribute<'a>(octets: &mut Octets<'a>) -> Option<(u16, u16, &'a [u8])> {
    let flags = octets.be16()?;
    let vendor = octets.be16()?;
    let kind = octets.be16()?;
    let value = octets.take(usize::from(flags & 0x03ff).checked_sub(6)?)?;
    Some((flags, if vendor == 0 { kind } else { u16::MAX }, value))
}

/// RFC 2661 section 3.2.
const fn word(kind: u16) -> Option<&'static str> {
    Some(match kind {
        1 => "SCCRQ",
        2 => "SCCRP",
        3 => "SCCCN",
        4 => "StopCCN",
        6 => "HELLO",
        7 => "OCRQ",
        8 => "OCRP",
        9 => "OCCN",
        10 => "ICRQ",
        11 => "ICRP",
        12 => "ICCN",
        14 => "CDN",
        15 => "WEN",
        16 => "SLI",
        _ => return None,
    })
}

fn probe(hint: &Hint<'_>) -> Probe {
    match message(hint.octets).map(|message| message.kind) {
        Some(Some(_)) => Probe::Sure,
        Some(None) => Probe::Likely,
        None => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(L2tp::default())
}

#[derive(Default)]
struct L2tp {
    exchanges: Exchanges,
}

impl Parser for L2tp {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some(message) = message(chunk.octets) else {
            return took;
        };
        let Some((kind, name)) = message.kind.and_then(|kind| Some((kind, word(kind)?))) else {
            return took;
        };
        let mut open = match kind {
            // An answer has the number behind its request's.
            2 | 8 | 11 => self.exchanges.answer(u64::from(kind).saturating_sub(1)),
            // What completes a set-up, keeps it alive or says how it goes is left out.
            3 | 6 | 9 | 12 | 15 | 16 => return took,
            _ => None,
        }
        .unwrap_or_else(|| Open {
            key: u64::from(kind),
            kind: u64::from(kind),
            at: chunk.at,
            facts: Facts::new(),
        });
        let is_answer = matches!(kind, 2 | 8 | 11);
        open.facts.put("version", message.version);
        open.facts
            .put(if is_answer { "response" } else { "request" }, name);
        attributes(&message, is_answer, chunk.from, &mut open.facts, sheet);
        if matches!(kind, 1 | 7 | 10) {
            self.exchanges.ask(open, sheet);
        } else {
            self.exchanges.write(open, sheet);
        }
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

/// RFC 2661 section 4.4.
fn attributes(message: &Message<'_>, is_answer: bool, from: End, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let mut left = Octets(message.attributes);
    let mut end = Facts::new();
    for _ in 0..MAX_ATTRIBUTES {
        let Some((flags, kind, value)) = attribute(&mut left) else {
            break;
        };
        if flags & 0x4000 != 0 {
            continue; // Hidden by a shared secret.
        }
        let number = |at: usize| Some(u16::from_be_bytes(*value.get(at..)?.first_chunk()?));
        match kind {
            1 => {
                facts.put_some("result", number(0)).put_some("error", number(2));
                if let Some(reason) = value.get(4..).filter(|reason| !reason.is_empty()) {
                    facts.put("message", text::of(reason));
                }
            }
            7 => {
                if from == End::Orig {
                    sheet.essential(Essential::ClientHost, text::of(value), "l2tp.client.host");
                }
                end.put("host", text::of(value));
            }
            8 => {
                let (what, place) = match from {
                    End::Orig => (Essential::ClientSoftware, "l2tp.client.vendor"),
                    End::Resp => (Essential::ServerSoftware, "l2tp.server.vendor"),
                };
                sheet.essential(what, text::of(value), place);
                end.put("vendor", text::of(value));
            }
            9 | 14 => _ = end.put_some("assigned_id", number(0)),
            11 => _ = facts.put("challenge", true),
            _ => {}
        }
    }
    if !end.is_empty() {
        facts.put(if is_answer { "server" } else { "client" }, end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// An attribute that must be understood.
    fn one(kind: u16, value: &[u8]) -> Vec<u8> {
        let flags = 0x8000 | u16::try_from(value.len() + 6).unwrap();
        [&flags.to_be_bytes()[..], &[0, 0], &kind.to_be_bytes(), value].concat()
    }

    /// A control message by RFC 2661 section 3.1.
    fn control(attributes: &[Vec<u8>]) -> Vec<u8> {
        let body = attributes.concat();
        let len = u16::try_from(body.len() + 12).unwrap();
        [&[0xc8, 2][..], &len.to_be_bytes(), &[0; 8], &body].concat()
    }

    #[test]
    fn a_tunnel_is_asked_for_and_answered() {
        let request = control(&[
            one(0, &[0, 1]),
            one(2, &[1, 0]),
            one(7, b"branch-router"),
            one(8, b"xelerance.com"),
            one(9, &[0x12, 0x34]),
            one(11, &[1; 16]),
        ]);
        let answer = control(&[one(0, &[0, 2]), one(7, b"centre"), one(9, &[0, 9])]);
        let stop = control(&[one(0, &[0, 4]), one(9, &[0, 9]), one(1, b"\0\x06\0\0bye")]);
        let chunks: &[(End, &[u8])] = &[(End::Orig, &request), (End::Resp, &answer), (End::Orig, &stop)];

        let seen = test::converse(Transport::Udp, [1701, 1701], chunks);

        let [tunnel, stop] = &seen.transactions("l2tp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(
            (tunnel.text("request"), tunnel.text("response")),
            (Some("SCCRQ"), Some("SCCRP"))
        );
        assert_eq!(tunnel.text("client.host"), Some("branch-router"));
        assert_eq!(tunnel.number("client.assigned_id"), Some(0x1234));
        assert_eq!(tunnel.text("server.host"), Some("centre"));
        assert_eq!(
            (stop.number("result"), stop.text("message")),
            (Some(6), Some("bye"))
        );
        assert_eq!(seen.app.get(Essential::ClientHost), Some("branch-router"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    /// tshark: l2tp.avp.message_type 1, l2tp.avp.host_name, l2tp.avp.assigned_tunnel_id.
    #[test]
    fn the_request_of_a_scanner_is_read() {
        let Some(path) = test::capture("scan/gen-nmap-udp-top60.pcap") else {
            return;
        };

        let flows = test::flows_of(&path);

        let seen: Vec<_> = flows
            .iter()
            .filter(|flow| flow.seen.app.service == "l2tp")
            .collect();
        assert!(!seen.is_empty());
        for flow in seen {
            let facts = flow.seen.transactions("l2tp")[0];
            assert_eq!(facts.text("request"), Some("SCCRQ"));
            assert_eq!(facts.text("client.host"), Some("nxp-scan"));
        }
    }

    proptest! {
        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let seen = test::converse(Transport::Udp, [40_000, 9], &[(End::Orig, &octets)]);
            prop_assert_ne!(seen.app.service, "l2tp");
        }

        #[test]
        fn no_octets_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..100)) {
            let chunk = control(&[one(0, &[0, 1]), body]);
            test::converse(Transport::Udp, [1701, 1701], &[(End::Orig, &chunk)]);
        }
    }
}
