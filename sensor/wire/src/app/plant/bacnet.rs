//! BACnet/IP: which service is asked for, between which networks.
//!
//! Source: ASHRAE 135-2016 annex J (BVLL), clauses 6.2 (network layer) and 20.1 (application layer).

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "bacnet",
    title: "BACnet/IP",
    transports: &[Transport::Udp],
    ports: &[47808],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("bvlc_function", FactKind::Number, "BVLC 機能", "BVLC function"),
    row(
        "network_message",
        FactKind::Number,
        "網メッセージ",
        "Network message",
    ),
    row("source_network", FactKind::Number, "送信元網", "Source network"),
    row(
        "destination_network",
        FactKind::Number,
        "宛先網",
        "Destination network",
    ),
    row("pdu_type", FactKind::Text, "PDU 種別", "PDU kind"),
    row("pdu_service", FactKind::Text, "サービス", "Service"),
    row("service_raw", FactKind::Number, "サービス番号", "Service number"),
    row("invoke_id", FactKind::Number, "要求番号", "Invocation"),
    row("is_write", FactKind::Flag, "操作", "Changes something"),
    row("object_type", FactKind::Number, "オブジェクト種別", "Object type"),
    row(
        "object_instance",
        FactKind::Number,
        "オブジェクト番号",
        "Object instance",
    ),
    row("result", FactKind::Text, "結果", "Result"),
    row("reason", FactKind::Number, "拒否理由", "Reason"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some((function, length, body)) = link(hint.octets) else {
        return Probe::No;
    };
    let is_shaped = match npdu_offset(function) {
        Some(offset) => body.get(offset) == Some(&1),
        None => body.len() <= 512,
    };
    match length == hint.octets.len() {
        true if is_shaped => Probe::Sure,
        // Some routers write the length of the header alone.
        false if is_shaped => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Bacnet::default())
}

#[derive(Default)]
struct Bacnet {
    exchanges: Exchanges,
}

impl Parser for Bacnet {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some((function, _, body)) = link(chunk.octets) else {
            return took;
        };
        let mut facts = Facts::new();
        facts.put("bvlc_function", function);
        let Some(offset) = npdu_offset(function) else {
            let open = Open {
                key: 0,
                kind: u64::from(function),
                at: chunk.at,
                facts,
            };
            self.exchanges.write(open, sheet);
            return took;
        };
        let mut npdu = Octets(body.get(offset..).unwrap_or_default());
        let apdu = network(&mut npdu, &mut facts).and_then(|()| application(npdu, &mut facts));
        let Some(apdu) = apdu else {
            let open = Open {
                key: 0,
                kind: u64::from(function) << 8,
                at: chunk.at,
                facts,
            };
            self.exchanges.write(open, sheet);
            return took;
        };
        // Two ends may ask each other; the invocation belongs to who asks.
        let asker = if apdu.is_answer {
            chunk.from.other()
        } else {
            chunk.from
        };
        let key = (asker.index() as u64) << 8 | u64::from(apdu.invocation.unwrap_or(0));
        let kind = u64::from(apdu.kind) << 16 | u64::from(apdu.service) << 24;
        if apdu.is_answer
            && let Some(mut open) = self.exchanges.answer(key)
        {
            open.facts
                .put("result", pdu_word(apdu.kind))
                .put_some("reason", apdu.reason);
            self.exchanges.write(open, sheet);
            return took;
        }
        let open = Open {
            key,
            kind,
            at: chunk.at,
            facts,
        };
        if apdu.kind == 0 {
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

/// Function and length of the link header, and what follows it.
fn link(octets: &[u8]) -> Option<(u8, usize, &[u8])> {
    let mut octets = Octets(octets);
    octets.u8().filter(|kind| *kind == 0x81)?;
    let function = octets.u8().filter(|function| *function <= 0x0c)?;
    let length = usize::from(octets.be16().filter(|length| *length >= 4)?);
    Some((function, length, octets.0))
}

/// Where the network layer begins in what follows the link header.
const fn npdu_offset(function: u8) -> Option<usize> {
    match function {
        // Forwarded: the address of who sent it comes first.
        0x04 => Some(6),
        0x09..=0x0b => Some(0),
        _ => None,
    }
}

fn network(npdu: &mut Octets<'_>, facts: &mut Facts) -> Option<()> {
    npdu.u8().filter(|version| *version == 1)?;
    let control = npdu.u8()?;
    if control & 0x20 != 0 {
        facts.put("destination_network", npdu.be16()?);
        let length = usize::from(npdu.u8()?);
        npdu.skip(length)?;
    }
    if control & 0x08 != 0 {
        facts.put("source_network", npdu.be16()?);
        let length = usize::from(npdu.u8()?);
        npdu.skip(length)?;
    }
    if control & 0x20 != 0 {
        npdu.u8()?;
    }
    if control & 0x80 != 0 {
        facts.put("network_message", npdu.u8()?);
        return None;
    }
    Some(())
}

struct Apdu {
    kind: u8,
    is_answer: bool,
    invocation: Option<u8>,
    service: u8,
    reason: Option<u8>,
}

fn application(mut octets: Octets<'_>, facts: &mut Facts) -> Option<Apdu> {
    let first = octets.u8()?;
    let kind = first >> 4;
    let is_segmented = first & 8 != 0;
    let mut invocation = None;
    if kind == 0 {
        octets.u8()?;
    }
    if kind != 1 {
        invocation = Some(octets.u8()?);
    }
    if matches!(kind, 0 | 3) && is_segmented {
        octets.skip(2)?;
    }
    // Reject and abort have a reason where others have their service.
    let last = octets.u8()?;
    let reason = matches!(kind, 6 | 7).then_some(last);
    let service = if reason.is_some() { 0 } else { last };
    facts
        .put("pdu_type", pdu_word(kind))
        .put_some("invoke_id", invocation);
    if reason.is_none() {
        let word = if kind == 1 {
            unconfirmed(service)
        } else {
            confirmed(service)
        };
        facts.put_some("pdu_service", word).put("service_raw", service);
    }
    facts.put_some("reason", reason);
    if kind == 0 {
        facts.put("is_write", matches!(service, 7..=11 | 15..=17 | 20 | 27));
        // ReadProperty and WriteProperty begin with the object: context tag 0, four octets.
        if matches!(service, 12 | 15)
            && octets.u8() == Some(0x0c)
            && let Some(object) = octets.be32()
        {
            facts
                .put("object_type", object >> 22)
                .put("object_instance", object & 0x003f_ffff);
        }
    }
    Some(Apdu {
        kind,
        is_answer: matches!(kind, 2..=7),
        invocation,
        service,
        reason,
    })
}

const fn pdu_word(kind: u8) -> &'static str {
    match kind {
        0 => "confirmed_request",
        1 => "unconfirmed_request",
        2 => "simple_ack",
        3 => "complex_ack",
        4 => "segment_ack",
        5 => "error",
        6 => "reject",
        7 => "abort",
        _ => "reserved",
    }
}

const fn unconfirmed(service: u8) -> Option<&'static str> {
    Some(match service {
        0 => "i-Am",
        1 => "i-Have",
        2 => "unconfirmedCOVNotification",
        3 => "unconfirmedEventNotification",
        4 => "unconfirmedPrivateTransfer",
        5 => "unconfirmedTextMessage",
        6 => "timeSynchronization",
        7 => "who-Has",
        8 => "who-Is",
        9 => "utcTimeSynchronization",
        10 => "writeGroup",
        _ => return None,
    })
}

const fn confirmed(service: u8) -> Option<&'static str> {
    Some(match service {
        0 => "acknowledgeAlarm",
        1 => "confirmedCOVNotification",
        2 => "confirmedEventNotification",
        3 => "getAlarmSummary",
        4 => "getEnrollmentSummary",
        5 => "subscribeCOV",
        6 => "atomicReadFile",
        7 => "atomicWriteFile",
        8 => "addListElement",
        9 => "removeListElement",
        10 => "createObject",
        11 => "deleteObject",
        12 => "readProperty",
        14 => "readPropertyMultiple",
        15 => "writeProperty",
        16 => "writePropertyMultiple",
        17 => "deviceCommunicationControl",
        18 => "confirmedPrivateTransfer",
        19 => "confirmedTextMessage",
        20 => "reinitializeDevice",
        26 => "readRange",
        27 => "lifeSafetyOperation",
        28 => "subscribeCOVProperty",
        29 => "getEventInformation",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_property_is_read_by_its_acknowledgement() {
        // ASHRAE 135 annex F.3.5: ReadProperty of analog-input 5, present-value (85), invocation 1.
        let ask = b"\x81\x0a\0\x11\x01\x04\x00\x00\x01\x0c\x0c\0\0\0\x05\x19\x55";
        let answer = b"\x81\x0a\0\x17\x01\x00\x30\x01\x0c\x0c\0\0\0\x05\x19\x55\x3e\x44\x42\x90\x99\x9a\x3f";
        let chunks: &[(End, &[u8])] = &[(End::Orig, ask), (End::Resp, answer)];

        let seen = test::converse(Transport::Udp, [40_000, 7000], chunks);

        assert_eq!(seen.app.service, "bacnet");
        let [facts] = &seen.transactions("bacnet")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("pdu_service"), Some("readProperty"));
        assert_eq!(facts.number("object_instance"), Some(5));
        assert_eq!(facts.text("result"), Some("complex_ack"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn the_search_in_a_capture_is_read_although_its_length_is_wrong() {
        let Some(path) = test::capture("encap/zeek-q-in-q.pcap") else {
            return;
        };

        let flows = test::flows_of(&path);

        // tshark: who-Is to network 65535, BVLC length 4 of 18 octets.
        let found: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("bacnet"))
            .collect();
        assert!(
            found.iter().any(|facts| {
                facts.text("pdu_service") == Some("who-Is")
                    && facts.number("destination_network") == Some(65535)
            }),
            "{flows:?}"
        );
    }
}
