//! Modbus/TCP: which unit is asked to do what, at which address, and whether it refuses.
//!
//! Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3, MODBUS Application
//! Protocol V1.1b3 sections 6 and 7.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// Octets before those that the length field counts.
const HEADER_LEN: usize = 6;
const PORT: u16 = 502;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "modbus",
    title: "Modbus/TCP",
    transports: &[Transport::Tcp],
    ports: &[PORT],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "request.transaction_id",
        FactKind::Number,
        "要求番号",
        "Request transaction",
    ),
    row("request.unit_id", FactKind::Number, "ユニット", "Unit"),
    row(
        "request.function_raw",
        FactKind::Number,
        "機能コード",
        "Function number",
    ),
    row("request.function_code", FactKind::Text, "機能", "Function"),
    row("request.access_type", FactKind::Text, "アクセス種別", "Access"),
    row(
        "request.read.address",
        FactKind::Number,
        "読出アドレス",
        "Read address",
    ),
    row(
        "request.read.quantity",
        FactKind::Number,
        "読出数",
        "Read quantity",
    ),
    row(
        "request.write.address",
        FactKind::Number,
        "書込アドレス",
        "Write address",
    ),
    row(
        "request.write.quantity",
        FactKind::Number,
        "書込数",
        "Write quantity",
    ),
    row(
        "request.diagnostic",
        FactKind::Number,
        "診断コード",
        "Diagnostic code",
    ),
    row(
        "response.transaction_id",
        FactKind::Number,
        "応答番号",
        "Response transaction",
    ),
    row(
        "response.unit_id",
        FactKind::Number,
        "応答ユニット",
        "Response unit",
    ),
    row(
        "response.function_raw",
        FactKind::Number,
        "応答機能コード",
        "Response function number",
    ),
    row(
        "response.function_code",
        FactKind::Text,
        "応答機能",
        "Response function",
    ),
    row(
        "response.exception.raw",
        FactKind::Number,
        "例外コード",
        "Exception number",
    ),
    row("response.exception.code", FactKind::Text, "例外", "Exception"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.octets.len() < HEADER_LEN + 2 {
        let is_begun = hint.octets.get(2).is_none_or(|octet| *octet == 0)
            && hint.octets.get(3).is_none_or(|octet| *octet == 0)
            && hint.octets.get(4).is_none_or(|octet| *octet == 0);
        let is_at = hint.ports.contains(&PORT);
        // Elsewhere a few octets are not worth waiting for: most of what begins so is something else.
        return if is_begun && is_at { Probe::More } else { Probe::No };
    }
    let Some(adu) = adu(hint.octets) else {
        return Probe::No;
    };
    match adu.pdu {
        Some(pdu) if is_shaped(adu.function, pdu) => Probe::Sure,
        Some(_) if word(adu.function & 0x7f).is_none() => Probe::No,
        Some(_) | None => Probe::Likely,
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    let [orig, resp] = start.ports;
    let client = if orig == PORT && resp != PORT {
        End::Resp
    } else {
        End::Orig
    };
    Box::new(Modbus {
        client,
        exchanges: Exchanges::default(),
    })
}

struct Modbus {
    client: End,
    exchanges: Exchanges,
}

struct Adu<'a> {
    transaction: u16,
    unit: u8,
    function: u8,
    /// What follows the function, once all of it is there.
    pdu: Option<&'a [u8]>,
    octets: usize,
}

impl Parser for Modbus {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN + 2 {
            return Read::Need(HEADER_LEN + 2);
        }
        let Some(adu) = adu(chunk.octets) else {
            sheet.anomaly("invalid_frame");
            return Read::Done;
        };
        let Some(pdu) = adu.pdu else {
            return Read::Need(adu.octets);
        };
        let key = u64::from(adu.transaction) << 8 | u64::from(adu.unit);
        let kind = u64::from(adu.unit) << 8 | u64::from(adu.function);
        if chunk.from == self.client {
            let mut facts = Facts::new();
            facts.put("request", request(&adu, pdu));
            self.exchanges.ask(
                Open {
                    key,
                    kind,
                    at: chunk.at,
                    facts,
                },
                sheet,
            );
        } else {
            let open = self.exchanges.answer(key);
            let mut open = open.unwrap_or(Open {
                key,
                kind,
                at: chunk.at,
                facts: Facts::new(),
            });
            // A refusal is another kind than what was asked.
            open.kind = kind;
            open.facts
                .put("response", response(&adu, pdu))
                .put("answered", true);
            self.exchanges.write(open, sheet);
        }
        Read::Took(adu.octets)
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // A segment holds whole frames as a rule; the next one is checked like every other.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

fn adu(octets: &[u8]) -> Option<Adu<'_>> {
    let mut header = Octets(octets);
    let transaction = header.be16()?;
    header.be16().filter(|protocol| *protocol == 0)?;
    // The length counts the unit and the function.
    let length = header.be16().filter(|length| (2..=254).contains(length))?;
    let unit = header.u8()?;
    let function = header.u8().filter(|function| *function & 0x7f != 0)?;
    let pdu = header.take(usize::from(length).saturating_sub(2));
    let octets = HEADER_LEN.saturating_add(usize::from(length));
    Some(Adu {
        transaction,
        unit,
        function,
        pdu,
        octets,
    })
}

/// Whether the octets after a function are what it wants, as a request or as a response.
fn is_shaped(function: u8, pdu: &[u8]) -> bool {
    let counted = |at: usize| {
        let count = pdu.get(at).map(|count| usize::from(*count));
        count.is_some_and(|count| count > 0 && pdu.len() == at.saturating_add(1).saturating_add(count))
    };
    match function {
        1..=4 => {
            pdu.len() == 4 && quantity(pdu).is_some_and(|quantity| (1..=2000).contains(&quantity))
                || counted(0)
        }
        5 => pdu.len() == 4 && matches!(pdu.get(2..), Some([0 | 0xff, 0])),
        6 => pdu.len() == 4,
        15 | 16 => {
            pdu.len() == 4 && quantity(pdu).is_some_and(|quantity| (1..=1968).contains(&quantity))
                || counted(4)
        }
        22 => pdu.len() == 6,
        23 => counted(8) || counted(0),
        43 => pdu.first() == Some(&14) && pdu.len() >= 3,
        0x80.. => {
            pdu.len() == 1 && word(function & 0x7f).is_some() && exception(pdu.first().copied()).is_some()
        }
        _ => false,
    }
}

fn quantity(pdu: &[u8]) -> Option<u16> {
    pdu.get(2..)?
        .first_chunk()
        .map(|octets| u16::from_be_bytes(*octets))
}

fn request(adu: &Adu<'_>, pdu: &[u8]) -> Facts {
    let mut facts = Facts::new();
    facts
        .put("transaction_id", adu.transaction)
        .put("unit_id", adu.unit)
        .put("function_raw", adu.function)
        .put_some("function_code", word(adu.function))
        .put("access_type", access(adu.function));
    let mut pdu = Octets(pdu);
    let (first, second) = (pdu.be16(), pdu.be16());
    let place = |quantity: Option<u16>| {
        let mut place = Facts::new();
        place.put_some("address", first).put_some("quantity", quantity);
        place
    };
    match adu.function {
        1..=4 => _ = facts.put("read", place(second)),
        5 | 6 | 22 => _ = facts.put("write", place(Some(1))),
        15 | 16 => _ = facts.put("write", place(second)),
        8 => _ = facts.put_some("diagnostic", first),
        23 => {
            facts.put("read", place(second));
            let mut write = Facts::new();
            write
                .put_some("address", pdu.be16())
                .put_some("quantity", pdu.be16());
            facts.put("write", write);
        }
        _ => {}
    }
    facts
}

fn response(adu: &Adu<'_>, pdu: &[u8]) -> Facts {
    let mut facts = Facts::new();
    let function = adu.function & 0x7f;
    facts
        .put("transaction_id", adu.transaction)
        .put("unit_id", adu.unit)
        .put("function_raw", function)
        .put_some("function_code", word(function));
    if adu.function & 0x80 != 0 {
        let mut refusal = Facts::new();
        refusal
            .put_some("raw", pdu.first().copied())
            .put_some("code", exception(pdu.first().copied()));
        facts.put("exception", refusal);
    }
    facts
}

const fn access(function: u8) -> &'static str {
    match function {
        5 | 6 | 15 | 16 | 21 | 22 => "write",
        23 => "read_write",
        1..=4 | 20 | 24 => "read",
        _ => "other",
    }
}

/// Suricata's words.
const fn word(function: u8) -> Option<&'static str> {
    Some(match function {
        1 => "RdCoils",
        2 => "RdDiscreteInputs",
        3 => "RdHoldRegs",
        4 => "RdInputRegs",
        5 => "WrSingleCoil",
        6 => "WrSingleReg",
        7 => "RdExcStatus",
        8 => "Diagnostic",
        11 => "CommEventCounter",
        12 => "CommEventLog",
        15 => "WrMultCoils",
        16 => "WrMultRegs",
        17 => "ReportServerID",
        20 => "RdFileRec",
        21 => "WrFileRec",
        22 => "MaskWrReg",
        23 => "RdWrMultRegs",
        24 => "RdFIFOQueue",
        43 => "MEI",
        90 => "Unity",
        _ => return None,
    })
}

const fn exception(code: Option<u8>) -> Option<&'static str> {
    Some(match code {
        Some(1) => "IllegalFunction",
        Some(2) => "IllegalDataAddr",
        Some(3) => "IllegalDataValue",
        Some(4) => "ServerDeviceFail",
        Some(5) => "Ack",
        Some(6) => "ServerDeviceBusy",
        Some(7) => "NegAck",
        Some(8) => "MemParityErr",
        Some(10) => "GatewayPathUnavailable",
        Some(11) => "GatewayTargetFailToResp",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// MODBUS Application Protocol V1.1b3 section 6.3 (read registers 108 to 110), 6.6 (write
    /// register 2) and section 7's refusal, behind the header of the implementation guide.
    const ASK: &[u8] = &[
        0, 1, 0, 0, 0, 6, 17, 3, 0, 0x6b, 0, 3, 0, 2, 0, 0, 0, 6, 17, 6, 0, 1, 0, 3,
    ];
    const ANSWER: &[u8] = &[
        0, 1, 0, 0, 0, 9, 17, 3, 6, 2, 0x2b, 0, 0, 0, 0x64, 0, 2, 0, 0, 0, 3, 17, 0x86, 2,
    ];

    #[test]
    fn reads_writes_and_refusals_are_told() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, ASK), (End::Resp, ANSWER)];

        let whole = test::converse(Transport::Tcp, [40_000, 1502], chunks);

        assert_eq!(whole.app.service, "modbus");
        let [read, write] = &whole.transactions("modbus")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(read.text("request.function_code"), Some("RdHoldRegs"));
        assert_eq!(read.number("request.read.address"), Some(0x6b));
        assert_eq!(read.number("request.read.quantity"), Some(3));
        assert_eq!(write.text("request.access_type"), Some("write"));
        assert_eq!(write.text("response.exception.code"), Some("IllegalDataAddr"));
        let single = test::in_single_octets([40_000, 502], chunks);
        assert_eq!(whole.transactions("modbus"), single.transactions("modbus"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn a_server_alone_is_read() {
        let seen = test::converse(Transport::Tcp, [502, 40_000], &[(End::Orig, ANSWER)]);

        let found = seen.transactions("modbus");
        assert_eq!(found[0].number("response.unit_id"), Some(17), "{seen:?}");
    }

    #[test]
    fn the_exchanges_of_a_capture_are_those_that_tshark_counts() {
        let Some(path) = test::capture("app/zeek-modbus-modbusSmall.pcap") else {
            return;
        };

        let mut counts = std::collections::BTreeMap::new();
        for flow in test::flows_of(&path) {
            for facts in flow.seen.transactions("modbus") {
                assert_eq!(facts.get("answered"), Some(true.into()));
                let function = facts.number("request.function_raw").unwrap();
                *counts.entry(function).or_insert(0) += 1;
            }
        }

        // tshark -Y modbus -T fields -e modbus.func_code: 16 frames, two an exchange, of each.
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(1, 8), (15, 8)]);
    }
}
