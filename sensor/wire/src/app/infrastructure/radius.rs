//! RADIUS: request and result, the account as a digest, the access server that asks.
//!
//! Passwords and challenges are attributes like others and are passed over.
//! Source: RFC 2865 sections 3 and 5, RFC 2866 section 5, RFC 5176 section 3.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets before the attributes.
const HEADER_LEN: usize = 20;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "radius",
    title: "RADIUS",
    transports: &[Transport::Udp],
    ports: &[1812, 1813, 1645, 1646, 3799],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("code", FactKind::Text, "要求", "Request"),
    row("result", FactKind::Text, "結果", "Result"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("password_kind", FactKind::Text, "認証方式", "Password kind"),
    row("nas_identifier", FactKind::Text, "NAS 名", "NAS identifier"),
    row("nas_ip", FactKind::Text, "NAS アドレス", "NAS address"),
    row(
        "nas_port_type",
        FactKind::Number,
        "NAS ポート種別",
        "NAS port type",
    ),
    row("service_type", FactKind::Number, "サービス種別", "Service type"),
    row("mac", FactKind::Text, "呼出局", "Calling station"),
    row("called_station", FactKind::Text, "着信局", "Called station"),
    row("framed_addr", FactKind::Text, "割当アドレス", "Framed address"),
    row("acct_status", FactKind::Number, "課金状態", "Accounting status"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    match packet(hint.octets) {
        Some((code, attributes)) if word(code).is_some() => {
            if attributes.is_empty() {
                Probe::Likely
            } else {
                Probe::Sure
            }
        }
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Radius::default())
}

#[derive(Default)]
struct Radius {
    exchanges: Exchanges,
}

impl Parser for Radius {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some((code, attributes)) = packet(chunk.octets) else {
            return took;
        };
        let Some(word) = word(code) else { return took };
        // The identifier pairs an answer with its request.
        let key = chunk.octets.get(1).map_or(0, |id| u64::from(*id));
        let is_answer = !matches!(code, 1 | 4 | 12 | 40 | 43);
        if is_answer && let Some(mut open) = self.exchanges.answer(key) {
            open.facts.put("result", word);
            self.attributes(attributes, &mut open.facts, sheet);
            self.exchanges.write(open, sheet);
            return took;
        }
        let mut facts = Facts::new();
        facts.put(if is_answer { "result" } else { "code" }, word);
        self.attributes(attributes, &mut facts, sheet);
        let open = Open {
            key,
            kind: u64::from(code),
            at: chunk.at,
            facts,
        };
        if is_answer {
            self.exchanges.write(open, sheet);
        } else {
            self.exchanges.ask(open, sheet);
        }
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Radius {
    #[expect(clippy::unused_self, reason = "reads as a part of the parser")]
    fn attributes(&self, octets: &[u8], facts: &mut Facts, sheet: &mut Sheet<'_>) {
        let mut octets = Octets(octets);
        while let Some((kind, value)) = attribute(&mut octets) {
            let number = value.first_chunk().map(|octets| u32::from_be_bytes(*octets));
            let address = value
                .first_chunk::<4>()
                .map(|octets| std::net::Ipv4Addr::from(*octets).to_string());
            match kind {
                1 => {
                    let digest = text::user_digest(value);
                    sheet.essential(Essential::User, digest.clone(), "radius.username");
                    facts.put("user_digest", digest);
                }
                2 => _ = facts.put("password_kind", "pap"),
                3 => _ = facts.put("password_kind", "chap"),
                79 => _ = facts.put("password_kind", "eap"),
                4 => _ = facts.put_some("nas_ip", address),
                6 => _ = facts.put_some("service_type", number),
                8 => _ = facts.put_some("framed_addr", address),
                30 => _ = facts.put("called_station", text::of(value)),
                31 => _ = facts.put("mac", text::of(value)),
                32 => {
                    sheet.essential(Essential::ClientHost, text::of(value), "radius.nas_identifier");
                    facts.put("nas_identifier", text::of(value));
                }
                40 => _ = facts.put_some("acct_status", number),
                61 => _ = facts.put_some("nas_port_type", number),
                _ => {}
            }
        }
    }
}

/// Code and attributes of a packet whose length is right and whose attributes fill it exactly.
fn packet(octets: &[u8]) -> Option<(u8, &[u8])> {
    let mut header = Octets(octets);
    let code = header.u8()?;
    header.u8()?;
    let length = usize::from(header.be16()?);
    if length != octets.len() {
        return None;
    }
    let attributes = octets.get(HEADER_LEN..)?;
    let mut left = Octets(attributes);
    while attribute(&mut left).is_some() {}
    left.is_empty().then_some((code, attributes))
}

fn attribute<'a>(octets: &mut Octets<'a>) -> Option<(u8, &'a [u8])> {
    let mut ahead = *octets;
    let kind = ahead.u8().filter(|kind| *kind != 0)?;
    let length = ahead.u8()?.checked_sub(2)?;
    let value = ahead.take(usize::from(length))?;
    *octets = ahead;
    Some((kind, value))
}

const fn word(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "access_request",
        2 => "access_accept",
        3 => "access_reject",
        4 => "accounting_request",
        5 => "accounting_response",
        11 => "access_challenge",
        12 => "status_server",
        40 => "disconnect_request",
        41 => "disconnect_ack",
        42 => "disconnect_nak",
        43 => "coa_request",
        44 => "coa_ack",
        45 => "coa_nak",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// RFC 2865 section 7.1: user nemo asks from 192.168.1.16, port 3, and is let in.
    const REQUEST: &[u8] = &[
        0x01, 0x00, 0x00, 0x38, 0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb, 0x98,
        0xf4, 0x22, 0x7a, 0x01, 0x06, 0x6e, 0x65, 0x6d, 0x6f, 0x02, 0x12, 0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4,
        0x13, 0xce, 0x31, 0x96, 0xe4, 0x3f, 0x78, 0x2a, 0x0a, 0xee, 0x04, 0x06, 0xc0, 0xa8, 0x01, 0x10, 0x05,
        0x06, 0x00, 0x00, 0x00, 0x03,
    ];
    const ACCEPT: &[u8] = &[
        0x02, 0x00, 0x00, 0x26, 0x86, 0xfe, 0x22, 0x0e, 0x76, 0x24, 0xba, 0x2a, 0x10, 0x05, 0xf6, 0xbf, 0x9b,
        0x55, 0xe0, 0xb2, 0x06, 0x06, 0x00, 0x00, 0x00, 0x01, 0x0f, 0x06, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x06,
        0xc0, 0xa8, 0x01, 0x03,
    ];

    #[test]
    fn the_example_of_the_specification_is_read() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, REQUEST), (End::Resp, ACCEPT)];

        let seen = test::converse(Transport::Udp, [40_000, 1812], chunks);

        let [facts] = &seen.transactions("radius")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("code"), Some("access_request"));
        assert_eq!(facts.text("result"), Some("access_accept"));
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"nemo")));
        assert_eq!(facts.text("nas_ip"), Some("192.168.1.16"));
        assert_eq!(facts.text("password_kind"), Some("pap"));
        assert_eq!(facts.number("service_type"), Some(1));
        assert!(!format!("{seen:?}").contains("nemo"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn an_answer_without_its_request_stands_alone() {
        let seen = test::converse(Transport::Udp, [1812, 40_000], &[(End::Orig, ACCEPT)]);

        let [facts] = &seen.transactions("radius")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("result"), Some("access_accept"));
    }
}
