//! OPC UA: the endpoint that is asked for, the security of the channel, and services where it has none.
//!
//! Source: OPC 10000-6 sections 6.7.2 and 7.1.2, service numbers of its NodeIds.csv.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of kind, chunk letter and size.
const HEADER_LEN: usize = 8;
/// Octets of a message that are read; the rest is passed over.
const MAX_READ: usize = 512;
/// Size beyond which a header is none.
const MAX_SIZE: usize = 1 << 26;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "opcua",
    title: "OPC UA",
    transports: &[Transport::Tcp],
    ports: &[4840],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("message", FactKind::Text, "メッセージ", "Message"),
    row("endpoint_url", FactKind::Text, "エンドポイント", "Endpoint"),
    row("version", FactKind::Number, "版", "Version"),
    row(
        "sec_policy_uri",
        FactKind::Text,
        "セキュリティ方針",
        "Security policy",
    ),
    row(
        "certificate_present",
        FactKind::Flag,
        "証明書あり",
        "Certificate present",
    ),
    row("service", FactKind::Text, "サービス", "Service"),
    row("service_raw", FactKind::Number, "サービス番号", "Service number"),
    row("is_write", FactKind::Flag, "操作", "Changes something"),
    row("error", FactKind::Text, "エラー", "Error"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let kinds: [&[u8]; 7] = [b"HELF", b"ACKF", b"ERRF", b"RHEF", b"OPNF", b"MSG", b"CLOF"];
    let Some(kind) = kinds.iter().find(|kind| hint.octets.starts_with(kind)) else {
        let is_begun = kinds.iter().any(|kind| kind.starts_with(hint.octets));
        return if is_begun { Probe::More } else { Probe::No };
    };
    if hint.octets.len() < HEADER_LEN {
        return Probe::More;
    }
    let Some((_, size)) = header(hint.octets) else {
        return Probe::No;
    };
    match *kind {
        // A hello with its texts is no longer than this.
        b"HELF" | b"ACKF" | b"ERRF" | b"RHEF" if size <= 8192 => Probe::Sure,
        b"OPNF" | b"CLOF" => Probe::Sure,
        b"MSG" if matches!(hint.octets.get(3), Some(b'F' | b'C' | b'A')) => Probe::Sure,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Opcua::default())
}

#[derive(Default)]
struct Opcua {
    exchanges: Exchanges,
}

impl Parser for Opcua {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let Some((kind, size)) = header(chunk.octets) else {
            return Read::Done;
        };
        let wanted = size.min(MAX_READ);
        let Some(message) = chunk.octets.get(..wanted) else {
            return Read::Need(wanted);
        };
        let body = Octets(message.get(HEADER_LEN..).unwrap_or_default());
        match kind {
            b"HEL" => {
                let mut facts = Facts::new();
                facts.put("message", "hello");
                hello(body, &mut facts, sheet);
                self.exchanges.ask(
                    Open {
                        key: u64::MAX,
                        kind: 1,
                        at: chunk.at,
                        facts,
                    },
                    sheet,
                );
            }
            b"ACK" => {
                if let Some(mut open) = self.exchanges.answer(u64::MAX) {
                    open.facts.put("answered", true);
                    self.exchanges.write(open, sheet);
                }
            }
            b"ERR" => {
                let mut body = body;
                let error = body.le32().map(|error| format!("{error:#010x}"));
                let open = self.exchanges.oldest();
                let mut open = open.unwrap_or(Open {
                    key: 0,
                    kind: 2,
                    at: chunk.at,
                    facts: Facts::new(),
                });
                open.facts.put("message", "error").put_some("error", error);
                self.exchanges.write(open, sheet);
            }
            b"OPN" => {
                if let Some(is_clear) = self.open(chunk, body, sheet)
                    && !is_clear
                    && chunk.from == End::Resp
                {
                    return Read::Done;
                }
            }
            b"MSG" => self.service(chunk, body, sheet),
            _ => {}
        }
        let rest = size.saturating_sub(wanted) as u64;
        Read::Skip {
            took: wanted,
            skip: rest,
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // The next segment either begins with a header or ends the reading.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Opcua {
    /// The opening of a channel; answers whether it is without encryption.
    fn open(&mut self, chunk: &Chunk<'_>, mut body: Octets<'_>, sheet: &mut Sheet<'_>) -> Option<bool> {
        body.le32()?;
        let policy = string(&mut body)?;
        let certificate = body.le32().is_some_and(|length| length != u32::MAX && length > 0);
        let mut facts = Facts::new();
        facts
            .put("message", "open")
            .put("sec_policy_uri", text::of(policy))
            .put("certificate_present", certificate);
        sheet.essential(Essential::Version, text::of(policy), "opcua.sec_policy_uri");
        let key = u64::MAX - 1;
        if chunk.from == End::Resp
            && let Some(mut open) = self.exchanges.answer(key)
        {
            open.facts.put("answered", true);
            self.exchanges.write(open, sheet);
        } else {
            self.exchanges.ask(
                Open {
                    key,
                    kind: 3,
                    at: chunk.at,
                    facts,
                },
                sheet,
            );
        }
        Some(policy.ends_with(b"#None"))
    }

    fn service(&mut self, chunk: &Chunk<'_>, mut body: Octets<'_>, sheet: &mut Sheet<'_>) {
        // Channel, token, sequence number; then the request that an answer repeats.
        if body.skip(12).is_none() {
            return;
        }
        let Some(request) = body.le32() else { return };
        // A node's number in four octets, name space 0: as every service is written.
        let (Some(1), Some(0), Some(number)) = (body.u8(), body.u8(), body.le16()) else {
            return;
        };
        let Some((word, is_answer)) = word(number) else {
            return;
        };
        if is_answer {
            if let Some(mut open) = self.exchanges.answer(u64::from(request)) {
                if number == 397 {
                    open.facts.put("error", "ServiceFault");
                }
                open.facts.put("answered", true);
                self.exchanges.write(open, sheet);
            }
            return;
        }
        let mut facts = Facts::new();
        facts
            .put("message", "service")
            .put("service", word)
            .put("service_raw", number)
            .put(
                "is_write",
                matches!(number, 486..=495 | 498 | 501 | 673 | 700 | 712),
            );
        let open = Open {
            key: u64::from(request),
            kind: u64::from(number) << 8,
            at: chunk.at,
            facts,
        };
        self.exchanges.ask(open, sheet);
    }
}

fn header(octets: &[u8]) -> Option<(&[u8], usize)> {
    let mut octets = Octets(octets);
    let kind = octets.take(3)?;
    octets
        .u8()
        .filter(|letter| matches!(letter, b'F' | b'C' | b'A'))?;
    let size = usize::try_from(octets.le32()?).ok()?;
    (HEADER_LEN..=MAX_SIZE).contains(&size).then_some((kind, size))
}

fn hello(mut body: Octets<'_>, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    facts.put_some("version", body.le32());
    // Sizes of buffers, of a message, and of its chunks.
    if body.skip(16).is_none() {
        return;
    }
    let Some(url) = string(&mut body) else { return };
    facts.put("endpoint_url", text::of(url));
    let host = url.strip_prefix(b"opc.tcp://").unwrap_or_default();
    let end = |octet: &u8| matches!(octet, b':' | b'/');
    let host = host.split(end).next().unwrap_or_default();
    if is_word(host) {
        sheet.essential(Essential::ServerName, text::of(host), "opcua.endpoint_url");
    }
}

fn string<'a>(octets: &mut Octets<'a>) -> Option<&'a [u8]> {
    let length = octets.le32()?;
    let length = if length == u32::MAX {
        0
    } else {
        usize::try_from(length).ok()?
    };
    octets.take(length)
}

/// The service of a number of the binary encoding, and whether it is an answer.
const fn word(number: u16) -> Option<(&'static str, bool)> {
    Some(match number {
        397 => ("ServiceFault", true),
        422 => ("FindServers", false),
        428 => ("GetEndpoints", false),
        461 => ("CreateSession", false),
        467 => ("ActivateSession", false),
        473 => ("CloseSession", false),
        479 => ("Cancel", false),
        488 => ("AddNodes", false),
        494 => ("AddReferences", false),
        500 => ("DeleteNodes", false),
        506 => ("DeleteReferences", false),
        527 => ("Browse", false),
        533 => ("BrowseNext", false),
        554 => ("TranslateBrowsePathsToNodeIds", false),
        560 => ("RegisterNodes", false),
        631 => ("Read", false),
        664 => ("HistoryRead", false),
        673 => ("Write", false),
        700 => ("HistoryUpdate", false),
        712 => ("Call", false),
        751 => ("CreateMonitoredItems", false),
        787 => ("CreateSubscription", false),
        826 => ("Publish", false),
        847 => ("DeleteSubscriptions", false),
        425 | 431 | 464 | 470 | 476 | 482 | 491 | 497 | 503 | 509 | 530 | 536 | 557 | 563 | 634 | 667
        | 676 | 703 | 715 | 754 | 790 | 829 | 850 => ("", true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    fn message(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(HEADER_LEN + body.len()).unwrap();
        [kind, &size.to_le_bytes(), body].concat()
    }

    fn text_of(text: &[u8]) -> Vec<u8> {
        [&u32::try_from(text.len()).unwrap().to_le_bytes(), text].concat()
    }

    /// The messages of OPC 10000-6 tables 42, 43, 51 and 52.
    fn conversation(policy: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let hello = [
            &[0; 4][..],
            &[0, 0, 1, 0].repeat(2),
            &[0; 8],
            &text_of(b"opc.tcp://plc7.example:4840/ua"),
        ]
        .concat();
        let open = [&[0; 4][..], &text_of(policy), &[0xff; 8], &[0; 8]].concat();
        let write = [
            &[1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0][..],
            &[1, 0],
            &673_u16.to_le_bytes(),
        ]
        .concat();
        let wrote = [&write[..18], &676_u16.to_le_bytes()].concat();
        (
            [
                message(b"HELF", &hello),
                message(b"OPNF", &open),
                message(b"MSGF", &write),
            ]
            .concat(),
            [
                message(b"ACKF", &[0; 20]),
                message(b"OPNF", &open),
                message(b"MSGF", &wrote),
            ]
            .concat(),
        )
    }

    #[test]
    fn a_channel_without_security_shows_its_services() {
        let (ask, answer) = conversation(b"http://opcfoundation.org/UA/SecurityPolicy#None");
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, &answer)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.get(Essential::ServerName), Some("plc7.example"));
        let [hello, open, write] = &whole.transactions("opcua")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(hello.text("endpoint_url"), Some("opc.tcp://plc7.example:4840/ua"));
        assert!(open.text("sec_policy_uri").unwrap().ends_with("#None"));
        assert_eq!(write.text("service"), Some("Write"));
        assert_eq!(write.get("answered"), Some(true.into()));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("opcua"), single.transactions("opcua"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn a_channel_with_security_ends_the_reading() {
        let (ask, answer) = conversation(b"http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256");
        let hello_and_open = &ask[..ask.len() - 28];
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, hello_and_open),
            (End::Resp, &answer),
            (End::Orig, &ask),
        ];

        let seen = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(seen.transactions("opcua").len(), 2, "{seen:?}");
    }
}
