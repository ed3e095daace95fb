//! PPTP: the control connection of a tunnel that GRE carries.
//!
//! Source: RFC 2637 section 2. A message is its length, the type 1, a magic, the type of the control
//! message and zeros. The set-up of the connection and each call with its answer are a transaction;
//! echoes are left out.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::{be16, octet};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const MAGIC: [u8; 4] = 0x1a2b_3c4d_u32.to_be_bytes();
/// Octets before what a message says.
const HEADER_LEN: usize = 12;
/// Octets of the longest message: a request for an outgoing call, and an incoming one, of RFC 2637
/// have 168 and 220.
const MAX_LEN: usize = 220;
/// Octets of a name.
const NAME_LEN: usize = 64;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "pptp",
    title: "PPTP",
    transports: &[Transport::Tcp],
    ports: &[1723],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request", FactKind::Text, "要求", "Request"),
    row("response", FactKind::Text, "応答", "Response"),
    row(
        "client.version",
        FactKind::Text,
        "要求側の版",
        "Version that asks",
    ),
    row("client.host", FactKind::Text, "要求側の名前", "Host that asks"),
    row(
        "client.vendor",
        FactKind::Text,
        "要求側の製造者",
        "Vendor that asks",
    ),
    row(
        "client.firmware",
        FactKind::Number,
        "要求側の改訂",
        "Revision that asks",
    ),
    row(
        "client.call_id",
        FactKind::Number,
        "要求側の呼番号",
        "Call of the one that asks",
    ),
    row(
        "server.version",
        FactKind::Text,
        "応答側の版",
        "Version that answers",
    ),
    row("server.host", FactKind::Text, "応答側の名前", "Host that answers"),
    row(
        "server.vendor",
        FactKind::Text,
        "応答側の製造者",
        "Vendor that answers",
    ),
    row(
        "server.firmware",
        FactKind::Number,
        "応答側の改訂",
        "Revision that answers",
    ),
    row(
        "server.call_id",
        FactKind::Number,
        "応答側の呼番号",
        "Call of the one that answers",
    ),
    row("result", FactKind::Number, "結果コード", "Result code"),
    row("error", FactKind::Number, "エラーコード", "Error code"),
];

/// Length and type of a control message, by its header.
fn header(octets: &[u8]) -> Option<(usize, u16)> {
    let &[l0, l1, 0, 1, m0, m1, m2, m3, k0, k1, 0, 0] = octets.first_chunk::<HEADER_LEN>()? else {
        return None;
    };
    let (len, kind) = (
        usize::from(u16::from_be_bytes([l0, l1])),
        u16::from_be_bytes([k0, k1]),
    );
    let is_one = [m0, m1, m2, m3] == MAGIC && word(kind).is_some();
    (is_one && (HEADER_LEN..=MAX_LEN).contains(&len)).then_some((len, kind))
}

/// RFC 2637 section 1.4.
const fn word(kind: u16) -> Option<&'static str> {
    Some(match kind {
        1 => "Start-Control-Connection-Request",
        2 => "Start-Control-Connection-Reply",
        3 => "Stop-Control-Connection-Request",
        4 => "Stop-Control-Connection-Reply",
        5 => "Echo-Request",
        6 => "Echo-Reply",
        7 => "Outgoing-Call-Request",
        8 => "Outgoing-Call-Reply",
        9 => "Incoming-Call-Request",
        10 => "Incoming-Call-Reply",
        11 => "Incoming-Call-Connected",
        12 => "Call-Clear-Request",
        13 => "Call-Disconnect-Notify",
        14 => "WAN-Error-Notify",
        15 => "Set-Link-Info",
        _ => return None,
    })
}

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    if octets.len() >= HEADER_LEN {
        return if header(octets).is_some() {
            Probe::Sure
        } else {
            Probe::No
        };
    }
    // Length, type, magic: what is there of them.
    let magic = octets.get(4..).unwrap_or_default();
    let is_begun = matches!(octets, [0, ..])
        && octets
            .get(2..)
            .is_none_or(|rest| [0, 1].starts_with(rest.get(..2).unwrap_or(rest)))
        && MAGIC.starts_with(magic.get(..4).unwrap_or(magic));
    if is_begun { Probe::More } else { Probe::No }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Pptp::default())
}

#[derive(Default)]
struct Pptp {
    exchanges: Exchanges,
}

impl Parser for Pptp {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let Some((len, kind)) = header(chunk.octets) else {
            // After a gap, or what is no PPTP: the next header.
            let found = chunk
                .octets
                .windows(HEADER_LEN)
                .position(|window| header(window).is_some());
            let passed = chunk.octets.len().saturating_sub(HEADER_LEN).saturating_add(1);
            return Read::Took(found.unwrap_or(passed));
        };
        let Some(message) = chunk.octets.get(..len) else {
            return Read::Need(len);
        };
        self.message(kind, message, chunk, sheet);
        Read::Took(len)
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Pptp {
    fn message(&mut self, kind: u16, message: &[u8], chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        let Some(name) = word(kind) else { return };
        let is_answer = matches!(kind, 2 | 4 | 8 | 10);
        if matches!(kind, 5 | 6 | 11 | 14 | 15) {
            return;
        }
        // An answer has the number behind its request's, and a call its own number: the answer to a
        // call names the caller's second.
        let call = match kind {
            7 | 9 | 12 | 13 => be16(message, 12),
            8 | 10 => be16(message, 14),
            _ => None,
        };
        let request = if is_answer { kind.saturating_sub(1) } else { kind };
        let key = u64::from(request) << 16 | u64::from(call.unwrap_or(0));
        let open = if is_answer {
            self.exchanges.answer(key)
        } else {
            None
        };
        let mut open = open.unwrap_or_else(|| Open {
            key,
            kind: u64::from(request),
            at: chunk.at,
            facts: Facts::new(),
        });
        open.facts
            .put(if is_answer { "response" } else { "request" }, name);
        said(kind, message, chunk.from, &mut open.facts, sheet);
        if matches!(kind, 1 | 3 | 7 | 9) {
            self.exchanges.ask(open, sheet);
        } else {
            self.exchanges.write(open, sheet);
        }
    }
}

/// What a message says, by RFC 2637 sections 2.1 to 2.13.
fn said(kind: u16, message: &[u8], from: End, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let mut end = Facts::new();
    match kind {
        1 | 2 => {
            if let (Some(major), Some(minor)) = (octet(message, 12), octet(message, 13)) {
                end.put("version", format!("{major}.{minor}"));
            }
            if kind == 2 {
                facts
                    .put_some("result", octet(message, 14))
                    .put_some("error", octet(message, 15));
            }
            let host = name(message, 28);
            let vendor = name(message, 92);
            let (software, place) = match from {
                End::Orig => (Essential::ClientSoftware, "pptp.client.vendor"),
                End::Resp => (Essential::ServerSoftware, "pptp.server.vendor"),
            };
            if let Some(vendor) = vendor.clone() {
                sheet.essential(software, vendor, place);
            }
            if let (End::Orig, Some(host)) = (from, host.clone()) {
                sheet.essential(Essential::ClientHost, host, "pptp.client.host");
            }
            end.put_some("firmware", be16(message, 26))
                .put_some("host", host)
                .put_some("vendor", vendor);
        }
        3 => _ = facts.put_some("result", octet(message, 12)),
        4 => {
            facts
                .put_some("result", octet(message, 12))
                .put_some("error", octet(message, 13));
        }
        7 | 9 | 12 => _ = end.put_some("call_id", be16(message, 12)),
        8 | 10 => {
            end.put_some("call_id", be16(message, 12));
            facts
                .put_some("result", octet(message, 16))
                .put_some("error", octet(message, 17));
        }
        13 => {
            end.put_some("call_id", be16(message, 12));
            facts
                .put_some("result", octet(message, 14))
                .put_some("error", octet(message, 15));
        }
        _ => {}
    }
    if !end.is_empty() {
        let is_answer = matches!(kind, 2 | 8 | 10);
        facts.put(if is_answer { "server" } else { "client" }, end);
    }
}

/// A name that zeros fill up; none where it is empty.
fn name(message: &[u8], at: usize) -> Option<Box<str>> {
    let field = message.get(at..)?.get(..NAME_LEN)?;
    let end = field.iter().position(|octet| *octet == 0).unwrap_or(NAME_LEN);
    field.get(..end).filter(|name| !name.is_empty()).map(text::of)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    fn control(kind: u16, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len() + HEADER_LEN).unwrap();
        [
            &len.to_be_bytes()[..],
            &[0, 1],
            &MAGIC,
            &kind.to_be_bytes(),
            &[0, 0],
            body,
        ]
        .concat()
    }

    fn padded(name: &[u8]) -> Vec<u8> {
        let mut field = name.to_vec();
        field.resize(NAME_LEN, 0);
        field
    }

    /// The figures of RFC 2637 sections 2.1, 2.2, 2.7, 2.8 and 2.12.
    fn talk() -> Vec<(End, Vec<u8>)> {
        let start = [
            &[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..],
            &padded(b""),
            &padded(b"cananian"),
        ];
        let reply = [
            &[1, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1][..],
            &padded(b"local"),
            &padded(b"linux"),
        ];
        let mut call = vec![0x40, 0, 0, 1];
        call.resize(156, 0);
        let mut answer = vec![0, 0x80, 0x40, 0, 1, 0, 0, 0];
        answer.resize(20, 0);
        vec![
            (End::Orig, control(1, &start.concat())),
            (End::Resp, control(2, &reply.concat())),
            (End::Orig, control(7, &call)),
            (End::Resp, control(8, &answer)),
            (End::Orig, control(5, &[0, 0, 0, 1])),
            (End::Orig, control(12, &[0x40, 0, 0, 0])),
        ]
    }

    #[test]
    fn a_connection_and_a_call_are_a_transaction_each() {
        let talk = talk();
        let chunks: Vec<(End, &[u8])> = talk.iter().map(|(end, octets)| (*end, &octets[..])).collect();
        assert_eq!(
            (chunks[0].1.len(), chunks[2].1.len(), chunks[3].1.len()),
            (156, 168, 32)
        );

        let whole = test::converse(Transport::Tcp, [40_000, 9], &chunks);
        let single = test::in_single_octets([40_000, 9], &chunks);

        assert_eq!(whole.app.service, "pptp");
        let [start, call, clear] = &whole.transactions("pptp")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(start.text("client.vendor"), Some("cananian"));
        assert_eq!(start.text("server.host"), Some("local"));
        assert_eq!(start.text("server.version"), Some("1.0"));
        assert_eq!(start.number("result"), Some(1));
        assert_eq!(call.text("response"), Some("Outgoing-Call-Reply"));
        assert_eq!(
            (call.number("client.call_id"), call.number("server.call_id")),
            (Some(0x4000), Some(0x80))
        );
        assert_eq!(clear.text("request"), Some("Call-Clear-Request"));
        assert_eq!(whole.transactions("pptp"), single.transactions("pptp"));
        hostile::bend(&PROTOCOL, Transport::Tcp, &chunks[..2]);
    }

    #[test]
    fn a_start_in_the_middle_finds_the_next_message() {
        let talk = talk();
        let torn = [&talk[1].1[100..], &talk[3].1].concat();

        let events = hostile::read(&PROTOCOL, Transport::Tcp, &[(End::Resp, &torn)]);

        assert_eq!(events.len(), 1);
    }

    proptest! {
        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let seen = test::converse(Transport::Tcp, [40_000, 1723], &[(End::Orig, &octets)]);
            prop_assert_ne!(seen.app.service, "pptp");
        }

        #[test]
        fn no_octets_make_it_panic(kind in 0_u16..17, body in prop::collection::vec(any::<u8>(), 0..220)) {
            let chunk = control(kind, &body);
            test::converse(Transport::Tcp, [40_000, 1723], &[(End::Orig, &chunk)]);
        }
    }
}
