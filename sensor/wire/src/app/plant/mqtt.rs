//! MQTT: who connects as what, which topics are asked for and written; never what is in a message.
//!
//! Source: MQTT 3.1.1 and 5.0 (OASIS) chapters 2 and 3.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of a packet that are read; the rest is passed over.
const MAX_READ: usize = 4096;
/// Topics of one packet that are kept.
const MAX_TOPICS: usize = 16;
const CONNECT: u8 = 1;
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const SUBSCRIBE: u8 = 8;
const DISCONNECT: u8 = 14;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "mqtt",
    title: "MQTT",
    transports: &[Transport::Tcp],
    ports: &[1883],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "connect.protocol_string",
        FactKind::Text,
        "プロトコル名",
        "Protocol string",
    ),
    row(
        "connect.protocol_version",
        FactKind::Number,
        "版",
        "Protocol version",
    ),
    row(
        "connect.client_id",
        FactKind::Text,
        "クライアント ID",
        "Client ID",
    ),
    row(
        "connect.user_digest",
        FactKind::Text,
        "利用者(要約値)",
        "User (digest)",
    ),
    row(
        "connect.flags.username",
        FactKind::Flag,
        "利用者名あり",
        "User name present",
    ),
    row(
        "connect.flags.password",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row("connect.flags.will", FactKind::Flag, "遺言あり", "Will present"),
    row(
        "connect.flags.will_retain",
        FactKind::Flag,
        "遺言の保持",
        "Will retained",
    ),
    row(
        "connect.flags.clean_session",
        FactKind::Flag,
        "新規セッション",
        "Clean session",
    ),
    row("connect.will.topic", FactKind::Text, "遺言トピック", "Will topic"),
    row("connack.return_code", FactKind::Number, "接続結果", "Return code"),
    row(
        "connack.session_present",
        FactKind::Flag,
        "セッション継続",
        "Session present",
    ),
    row("publish.topic", FactKind::Text, "配信トピック", "Published topic"),
    row("publish.qos", FactKind::Number, "配信 QoS", "Publish QoS"),
    row("publish.retain", FactKind::Flag, "保持", "Retain"),
    row("publish.octets", FactKind::Number, "本文の長さ", "Message octets"),
    row("publish.from", FactKind::Text, "送信側", "Sender"),
    row(
        "subscribe.topics.topic",
        FactKind::Text,
        "購読トピック",
        "Subscribed topic",
    ),
    row(
        "subscribe.topics.qos",
        FactKind::Number,
        "購読 QoS",
        "Subscribed QoS",
    ),
    row(
        "disconnect.reason_code",
        FactKind::Number,
        "切断理由",
        "Disconnect reason",
    ),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some(first) = hint.octets.first() else {
        return Probe::More;
    };
    match first {
        0x10 => {
            let mut rest = Octets(hint.octets.get(1..).unwrap_or_default());
            let name = match remaining(&mut rest) {
                Some(_) => rest.0,
                None if rest.len() < 4 => return Probe::More,
                None => return Probe::No,
            };
            let names: [&[u8]; 2] = [b"\0\x04MQTT", b"\0\x06MQIsdp"];
            if names.iter().any(|magic| name.starts_with(magic)) {
                Probe::Sure
            } else if names.iter().any(|magic| magic.starts_with(name)) {
                Probe::More
            } else {
                Probe::No
            }
        }
        0x20 if matches!(hint.octets, [_, 2, 0 | 1, 0..=5]) => Probe::Likely,
        0x20 if matches!(hint.octets, [_, 3..=0x7f, 0 | 1, _, _, ..]) => Probe::Likely,
        0x30..=0x3f | 0x82 | 0x90 | 0xc0 | 0xd0 if hint.octets.len() >= 2 => {
            let mut rest = Octets(hint.octets.get(1..).unwrap_or_default());
            if remaining(&mut rest) == Some(rest.len()) {
                Probe::Likely
            } else {
                Probe::No
            }
        }
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Mqtt {
        version: 4,
        exchanges: Exchanges::default(),
    })
}

struct Mqtt {
    version: u8,
    exchanges: Exchanges,
}

impl Parser for Mqtt {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut octets = Octets(chunk.octets);
        let Some(first) = octets.u8() else {
            return Read::Took(0);
        };
        let Some(length) = remaining(&mut octets) else {
            return if octets.len() < 4 {
                Read::Took(0)
            } else {
                Read::Done
            };
        };
        let head = chunk.octets.len().saturating_sub(octets.len());
        let wanted = length.min(MAX_READ);
        let Some(body) = octets.take(wanted) else {
            return Read::Need(head.saturating_add(wanted));
        };
        if self.packet(chunk, first, Octets(body), length, sheet).is_none() && first >> 4 == CONNECT {
            sheet.anomaly("invalid_frame");
        }
        let rest = length.saturating_sub(wanted) as u64;
        Read::Skip {
            took: head.saturating_add(wanted),
            skip: rest,
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // Packets have no mark at their start.
        Gap::Stop
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Mqtt {
    fn packet(
        &mut self,
        chunk: &Chunk<'_>,
        first: u8,
        mut body: Octets<'_>,
        length: usize,
        sheet: &mut Sheet<'_>,
    ) -> Option<()> {
        let (at, kind) = (chunk.at, u64::from(first >> 4));
        let mut facts = Facts::new();
        match first >> 4 {
            CONNECT => {
                facts.put("connect", self.connect(body, sheet)?);
                self.exchanges.ask(
                    Open {
                        key: 0,
                        kind,
                        at,
                        facts,
                    },
                    sheet,
                );
            }
            CONNACK => {
                let mut answer = Facts::new();
                answer.put("session_present", body.u8()? & 1 != 0);
                answer.put("return_code", body.u8()?);
                let open = self.exchanges.answer(0);
                let mut open = open.unwrap_or(Open {
                    key: 0,
                    kind,
                    at,
                    facts,
                });
                open.facts.put("connack", answer);
                self.exchanges.write(open, sheet);
            }
            PUBLISH => {
                let topic = string(&mut body)?;
                let mut publish = Facts::new();
                publish
                    .put("topic", text::of(topic))
                    .put("qos", first >> 1 & 3)
                    .put("retain", first & 1 != 0)
                    // The rest of the packet, its number and properties among it.
                    .put("octets", length.saturating_sub(topic.len()).saturating_sub(2) as u64)
                    .put("from", if chunk.from == End::Orig { "orig" } else { "resp" });
                facts.put("publish", publish);
                // A sensor repeats itself: each topic is a kind.
                let topic = topic.iter().fold(kind, |sum, octet| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(*octet))
                });
                self.exchanges.write(
                    Open {
                        key: 0,
                        kind: topic << 4 | kind,
                        at,
                        facts,
                    },
                    sheet,
                );
            }
            SUBSCRIBE => {
                body.be16()?;
                self.properties(&mut body)?;
                let mut topics = Vec::new();
                while topics.len() < MAX_TOPICS
                    && let Some(topic) = string(&mut body)
                {
                    let mut one = Facts::new();
                    one.put("topic", text::of(topic)).put("qos", body.u8()? & 3);
                    topics.push(one);
                }
                let mut subscribe = Facts::new();
                subscribe.put("topics", topics);
                facts.put("subscribe", subscribe);
                self.exchanges.write(
                    Open {
                        key: 0,
                        kind,
                        at,
                        facts,
                    },
                    sheet,
                );
            }
            DISCONNECT if length > 0 => {
                let mut disconnect = Facts::new();
                disconnect.put("reason_code", body.u8()?);
                facts.put("disconnect", disconnect);
                self.exchanges.write(
                    Open {
                        key: 0,
                        kind,
                        at,
                        facts,
                    },
                    sheet,
                );
            }
            _ => {}
        }
        Some(())
    }

    fn connect(&mut self, mut body: Octets<'_>, sheet: &mut Sheet<'_>) -> Option<Facts> {
        let mut connect = Facts::new();
        connect.put("protocol_string", text::bounded(string(&mut body)?, 16).0);
        self.version = body.u8()? & 0x7f;
        connect.put("protocol_version", self.version);
        let version = match self.version {
            3 => "3.1",
            4 => "3.1.1",
            5 => "5.0",
            _ => "other",
        };
        sheet.essential(Essential::Version, version, "mqtt.protocol_version");
        let bits = body.u8()?;
        let mut flags = Facts::new();
        flags
            .put("username", bits & 0x80 != 0)
            .put("password", bits & 0x40 != 0)
            .put("will", bits & 0x04 != 0)
            .put("will_retain", bits & 0x20 != 0)
            .put("clean_session", bits & 0x02 != 0);
        connect.put("flags", flags);
        body.be16()?;
        self.properties(&mut body)?;
        let client = text::of(string(&mut body)?);
        if !client.is_empty() {
            sheet.essential(Essential::ClientHost, client.clone(), "mqtt.client_id");
        }
        connect.put("client_id", client);
        if bits & 0x04 != 0 {
            self.properties(&mut body)?;
            let mut will = Facts::new();
            will.put("topic", text::of(string(&mut body)?));
            connect.put("will", will);
            if string(&mut body).is_none() {
                return Some(connect);
            }
        }
        if bits & 0x80 != 0
            && let Some(user) = string(&mut body)
        {
            let digest = text::user_digest(user);
            sheet.essential(Essential::User, digest.clone(), "mqtt.username");
            connect.put("user_digest", digest);
        }
        Some(connect)
    }

    /// Passes over the properties that version 5 has here.
    fn properties(&self, body: &mut Octets<'_>) -> Option<()> {
        if self.version < 5 {
            return Some(());
        }
        let length = remaining(body)?;
        body.skip(length)
    }
}

/// A length of up to four octets, seven bits each, the low ones first.
fn remaining(octets: &mut Octets<'_>) -> Option<usize> {
    let mut ahead = *octets;
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let octet = ahead.u8()?;
        length |= usize::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            *octets = ahead;
            return Some(length);
        }
    }
    None
}

fn string<'a>(octets: &mut Octets<'a>) -> Option<&'a [u8]> {
    let length = usize::from(octets.be16()?);
    octets.take(length)
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// The variable header of MQTT 3.1.1 figure 3.6 (all flags but the will's), a SUBSCRIBE as in
    /// section 3.8.3.1, a PUBLISH as in 3.3.2.3.
    const CLIENT: &[u8] = b"\x10\x1f\0\x04MQTT\x04\xc2\0\x0a\0\x06pump-7\0\x05alice\0\x04s3cr\
        \x82\x0e\0\x0a\0\x03a/b\x01\0\x03c/d\x02\x31\x07\0\x03a/bhi";
    const SERVER: &[u8] = b"\x20\x02\0\0\x90\x04\0\x0a\x01\x02";

    #[test]
    fn a_client_says_who_it_is_and_what_it_wants() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, CLIENT), (End::Resp, SERVER)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.get(Essential::ClientHost), Some("pump-7"));
        let found = whole.transactions("mqtt");
        let one = |path: &str| found.iter().find_map(|facts| facts.text(path));
        assert_eq!(found.len(), 3, "{whole:?}");
        assert_eq!(one("connect.user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(one("subscribe.topics.topic"), Some("a/b"));
        assert_eq!(one("publish.topic"), Some("a/b"));
        assert!(
            found
                .iter()
                .any(|facts| facts.number("connack.return_code") == Some(0))
        );
        assert!(!format!("{whole:?}").contains("s3cr"));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(
            whole.transactions("mqtt").len(),
            single.transactions("mqtt").len()
        );
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn version_five_has_properties_before_its_client() {
        // MQTT 5.0 section 3.1: session expiry interval 10 s as the only property.
        let connect = b"\x10\x15\0\x04MQTT\x05\x02\0\x0a\x05\x11\0\0\0\x0a\0\x03abc";

        let seen = test::converse(Transport::Tcp, [40_000, 7000], &[(End::Orig, connect)]);

        assert_eq!(
            seen.transactions("mqtt")[0].text("connect.client_id"),
            Some("abc"),
            "{seen:?}"
        );
        hostile::bend(&PROTOCOL, Transport::Tcp, &[(End::Orig, connect)]);
    }
}
