//! RTP by its shape: version 2, one source, numbers that rise by one.
//!
//! A single datagram of RTP says too little. The probe lets through what could begin a call in one
//! of the fixed audio codecs, whose datagrams have few lengths, and control packets that fill their
//! datagram exactly; the parser then wants three datagrams of one source in order and otherwise takes
//! the name back. Calls in codecs that were agreed elsewhere (payload types from 96) are believed at
//! RTP's own port only. Encrypted media looks the same from outside.
//! Source: RFC 3550 sections 5.1, 6.1, 6.4 and 6.5, RFC 3551 section 6.

use sekisho_model::Timestamp;
use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Datagrams of a source that make it believed.
const ENOUGH: u32 = 3;
/// Datagrams of both ends by which one must have come so far.
const PATIENCE: u32 = 16;
/// How far numbers may jump: lost datagrams.
const MAX_JUMP: u16 = 16;
/// Datagrams after which nothing new is learned.
const MAX_DATAGRAMS: u32 = 200;
const HEADER_LEN: usize = 12;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rtp",
    title: "RTP",
    transports: &[Transport::Udp],
    ports: &[5004, 5005],
    kin: &["sip"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("from", FactKind::Text, "送信側", "Sender"),
    row("ssrc", FactKind::Text, "送信元 ID", "Source"),
    row("payload_type", FactKind::Number, "ペイロード種別", "Payload type"),
    row("codec", FactKind::Text, "コーデック", "Codec"),
    row("cname_present", FactKind::Flag, "CNAME あり", "CNAME present"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if control(hint.octets).is_some() {
        return Probe::Sure;
    }
    let Some(header) = header(hint.octets) else {
        return Probe::No;
    };
    let payload = hint.octets.len().saturating_sub(HEADER_LEN);
    // 10 or 20 milliseconds up to 60 in the frames of the codec.
    let is_codec = match header.kind {
        0 | 8 | 9 => matches!(payload, 80 | 160 | 240 | 320 | 480),
        3 => matches!(payload, 33 | 66 | 99),
        4 => matches!(payload, 20 | 24 | 48),
        18 => matches!(payload, 10 | 20 | 30 | 40 | 60),
        _ => false,
    };
    if is_codec && hint.octets.first() == Some(&0x80) && header.source != 0 {
        Probe::Sure
    } else {
        Probe::Likely
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Rtp::default())
}

/// What one end sends.
#[derive(Default, Clone, Copy)]
struct Stream {
    at: Option<Timestamp>,
    source: u32,
    kind: u8,
    number: u16,
    count: u32,
    has_name: bool,
}

#[derive(Default)]
struct Rtp {
    streams: [Stream; 2],
    datagrams: u32,
    is_control: bool,
}

impl Parser for Rtp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.datagrams = self.datagrams.saturating_add(1);
        if self.datagrams > MAX_DATAGRAMS {
            self.end(sheet);
            *self = Self::default();
            return Read::Done;
        }
        let took = Read::Took(chunk.octets.len());
        let Some(stream) = self.streams.get_mut(chunk.from.index()) else {
            return took;
        };
        if let Some((source, has_name)) = control(chunk.octets) {
            self.is_control = true;
            stream.at.get_or_insert(chunk.at);
            if stream.count == 0 {
                stream.source = source;
            }
            stream.has_name |= has_name;
        } else if let Some(header) = header(chunk.octets) {
            let step = header.number.wrapping_sub(stream.number);
            let follows = stream.source == header.source && (1..=MAX_JUMP).contains(&step);
            if stream.count == 0 || follows {
                stream.at.get_or_insert(chunk.at);
                (stream.source, stream.kind, stream.number) = (header.source, header.kind, header.number);
                stream.count = stream.count.saturating_add(1);
            } else if stream.count < ENOUGH {
                stream.count = 0;
            }
        }
        let is_believed = self.is_control || self.streams.iter().any(|stream| stream.count >= ENOUGH);
        if self.datagrams >= PATIENCE && !is_believed {
            return Read::NotMine;
        }
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for (stream, from) in self.streams.iter().zip(["orig", "resp"]) {
            let Some(at) = stream.at else { continue };
            let mut facts = Facts::new();
            facts
                .put("from", from)
                .put("ssrc", text::hex(&stream.source.to_be_bytes()));
            if stream.count >= ENOUGH {
                facts
                    .put("payload_type", stream.kind)
                    .put_some("codec", codec(stream.kind));
            } else if !self.is_control {
                continue;
            }
            if self.is_control {
                facts.put("cname_present", stream.has_name);
            }
            sheet.transaction(at, facts);
        }
    }
}

struct Header {
    kind: u8,
    number: u16,
    source: u32,
}

fn header(octets: &[u8]) -> Option<Header> {
    let mut octets = Octets(octets);
    let first = octets.u8()?;
    let kind = octets.u8()? & 0x7f;
    let number = octets.be16()?;
    octets.be32()?;
    let source = octets.be32()?;
    // RFC 5761: 64 to 95 would be control packets.
    if first >> 6 != 2 || (64..96).contains(&kind) || octets.len() < 4 * usize::from(first & 0xf) {
        return None;
    }
    Some(Header { kind, number, source })
}

/// The sender of a compound control packet whose parts fill the datagram, and whether it names itself.
fn control(octets: &[u8]) -> Option<(u32, bool)> {
    let mut left = Octets(octets);
    let mut source = None;
    let mut parts = 0_u8;
    let mut has_name = false;
    while !left.is_empty() {
        let first = left.u8()?;
        let kind = left.u8()?;
        let words = left.be16()?;
        let mut body = Octets(left.take(usize::from(words).checked_mul(4)?)?);
        // The first part of a compound is a report.
        if first >> 6 != 2 || parts == 0 && !matches!(kind, 200 | 201) || !(192..=213).contains(&kind) {
            return None;
        }
        if parts == 0 {
            source = body.be32();
        }
        has_name |= kind == 202;
        parts = parts.saturating_add(1);
    }
    // A report alone could be chance: eight octets of a receiver that hears nobody.
    source
        .filter(|_| parts >= 2 && has_name)
        .map(|source| (source, has_name))
}

const fn codec(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        8 => "PCMA",
        9 => "G722",
        18 => "G729",
        26 => "JPEG",
        31 => "H261",
        33 => "MP2T",
        34 => "H263",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// Twenty milliseconds of PCMU by RFC 3550 figure in section 5.1.
    fn voice(number: u16, source: u32) -> Vec<u8> {
        let mut octets = vec![0x80, 0];
        octets.extend(number.to_be_bytes());
        octets.extend((u32::from(number) * 160).to_be_bytes());
        octets.extend(source.to_be_bytes());
        octets.resize(HEADER_LEN + 160, 0xff);
        octets
    }

    #[test]
    fn numbers_that_rise_by_one_make_a_call() {
        let call: Vec<Vec<u8>> = [7, 8, 10, 11].map(|number| voice(number, 0xdead_beef)).to_vec();
        let chunks: Vec<(End, &[u8])> = call.iter().map(|octets| (End::Orig, &octets[..])).collect();

        let seen = test::converse(Transport::Udp, [40_000, 31_000], &chunks);

        assert_eq!(seen.app.service, "rtp");
        let [facts] = &seen.transactions("rtp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(
            (facts.text("ssrc"), facts.text("codec")),
            (Some("deadbeef"), Some("PCMU"))
        );
        hostile::bend(&PROTOCOL, Transport::Udp, &chunks[..2]);
    }

    #[test]
    fn a_shape_without_order_loses_its_name() {
        let noise: Vec<Vec<u8>> = (0..20)
            .map(|at: u16| voice(at.wrapping_mul(7919), u32::from(at) * 65537))
            .collect();
        let chunks: Vec<(End, &[u8])> = noise
            .iter()
            .skip(1)
            .map(|octets| (End::Orig, &octets[..]))
            .collect();

        let seen = test::converse(Transport::Udp, [40_000, 31_000], &chunks);

        assert_eq!(seen.app.service, "", "{seen:?}");
    }

    #[test]
    fn a_report_with_its_name_is_told() {
        // RFC 3550 section 6.4.2 (a receiver without reports) and 6.5 (CNAME "ab").
        let report = b"\x80\xc9\0\x01\0\0\0\x07\x81\xca\0\x03\0\0\0\x07\x01\x02ab\0\0\0\0";

        let seen = test::converse(Transport::Udp, [40_000, 31_001], &[(End::Resp, report)]);

        assert_eq!(
            seen.transactions("rtp")[0].text("ssrc"),
            Some("00000007"),
            "{seen:?}"
        );
        hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Resp, report)]);
    }
}
