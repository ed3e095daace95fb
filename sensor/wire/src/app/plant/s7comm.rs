//! S7comm: reading and writing a Siemens controller, its program, and stopping it.
//!
//! The connection request of COTP is the same for other protocols at this port and is believed only
//! there; a message of S7 itself is told by its identifier. S7comm-plus is named by its version.
//! Source: ISO 8073 section 13 and RFC 1006 section 6; S7comm as Wireshark's packet-s7comm.c reads it.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of TPKT's header and of COTP's length and kind.
const HEADER_LEN: usize = 6;
const CONNECT_REQUEST: u8 = 0xe0;
const CONNECT_CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
const S7: u8 = 0x32;
const S7_PLUS: u8 = 0x72;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "s7comm",
    title: "S7comm",
    transports: &[Transport::Tcp],
    ports: &[102],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("tsap", FactKind::Text, "相手 TSAP", "Called TSAP"),
    row("rack", FactKind::Number, "ラック", "Rack"),
    row("slot", FactKind::Number, "スロット", "Slot"),
    row("rosctr", FactKind::Number, "種別", "Kind"),
    row("function_code", FactKind::Number, "機能コード", "Function number"),
    row("function_name", FactKind::Text, "機能", "Function"),
    row("is_write", FactKind::Flag, "操作", "Changes something"),
    row("items", FactKind::Number, "項目数", "Items"),
    row("area", FactKind::Text, "領域", "Area"),
    row("db", FactKind::Number, "データブロック", "Data block"),
    row("address", FactKind::Number, "アドレス", "Address"),
    row("service", FactKind::Text, "PI サービス", "PI service"),
    row("error_class", FactKind::Number, "エラー種別", "Error class"),
    row("error_code", FactKind::Number, "エラー", "Error"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let is_begun = octets.iter().zip([3, 0, 0]).all(|(octet, magic)| *octet == magic);
    if !is_begun {
        return Probe::No;
    }
    if octets.len() < HEADER_LEN + 2 {
        return if hint.ports.contains(&102) || octets.len() >= HEADER_LEN {
            Probe::More
        } else {
            Probe::No
        };
    }
    let Some(tpdu) = tpdu(octets) else {
        return Probe::No;
    };
    match (tpdu.kind, octets.get(7)) {
        (DATA, Some(&S7)) if matches!(octets.get(8), Some(1 | 2 | 3 | 7)) => Probe::Sure,
        (DATA, Some(&S7_PLUS)) => Probe::Likely,
        (DATA, Some(&S7)) if octets.len() == HEADER_LEN + 2 => Probe::More,
        (CONNECT_REQUEST | CONNECT_CONFIRM, _) => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(S7comm {
        messages: 0,
        exchanges: Exchanges::default(),
    })
}

struct S7comm {
    messages: u64,
    exchanges: Exchanges,
}

struct Tpdu<'a> {
    kind: u8,
    /// What the header of COTP says after its kind.
    header: &'a [u8],
    /// Octets of TPKT, COTP's header among them.
    octets: usize,
    head: usize,
}

impl Parser for S7comm {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let length = chunk.octets.get(2..).and_then(<[u8]>::first_chunk);
        let length = length.map_or(0, |octets| usize::from(u16::from_be_bytes(*octets)));
        if chunk.octets.len() < length {
            return Read::Need(length);
        }
        let Some(tpdu) = tpdu(chunk.octets) else {
            return if self.messages == 0 {
                Read::NotMine
            } else {
                Read::Done
            };
        };
        match tpdu.kind {
            CONNECT_REQUEST => sheet.transaction(chunk.at, connection(tpdu.header)),
            DATA => {
                let data = chunk.octets.get(tpdu.head..tpdu.octets).unwrap_or_default();
                match data.first() {
                    Some(&S7) => self.message(chunk, data, sheet),
                    Some(&S7_PLUS) => {
                        sheet.essential(Essential::Version, "plus", "s7comm.version");
                        return Read::Done;
                    }
                    // Another protocol over the same transport: MMS, say.
                    Some(_) if self.messages == 0 => return Read::NotMine,
                    _ => {}
                }
            }
            _ => {}
        }
        Read::Took(tpdu.octets)
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl S7comm {
    fn message(&mut self, chunk: &Chunk<'_>, data: &[u8], sheet: &mut Sheet<'_>) {
        self.messages = self.messages.saturating_add(1);
        let Some(message) = message(data) else { return };
        let key = u64::from(message.reference);
        let function = message.parameters.first().copied().unwrap_or_default();
        let is_answer =
            matches!(message.kind, 2 | 3) || message.kind == 7 && is_user_answer(message.parameters);
        let kind = u64::from(message.kind) << 8 | u64::from(function);
        if is_answer && let Some(mut open) = self.exchanges.answer(key) {
            open.facts.put("answered", true);
            errors(&message, &mut open.facts);
            self.exchanges.write(open, sheet);
            return;
        }
        let mut facts = Facts::new();
        facts.put("rosctr", message.kind);
        if message.kind == 7 {
            user_data(message.parameters, &mut facts);
        } else {
            facts
                .put("function_code", function)
                .put_some("function_name", word(function))
                .put("is_write", matches!(function, 5 | 0x1a..=0x1c | 0x28 | 0x29));
            items(function, message.parameters, &mut facts);
        }
        errors(&message, &mut facts);
        let open = Open {
            key,
            kind,
            at: chunk.at,
            facts,
        };
        if is_answer {
            self.exchanges.write(open, sheet);
        } else {
            self.exchanges.ask(open, sheet);
        }
    }
}

fn tpdu(octets: &[u8]) -> Option<Tpdu<'_>> {
    let mut tpkt = Octets(octets);
    tpkt.be16().filter(|version| *version == 0x0300)?;
    let length = usize::from(tpkt.be16()?);
    let header_len = usize::from(tpkt.u8()?);
    let kind = tpkt.u8()? & 0xf0;
    let head = header_len.saturating_add(5);
    if length < head || header_len < 2 {
        return None;
    }
    let header = octets.get(HEADER_LEN..head.min(octets.len()))?;
    Some(Tpdu {
        kind,
        header,
        octets: length,
        head,
    })
}

/// The called end of a connection request: rack and slot of the controller.
fn connection(header: &[u8]) -> Facts {
    let mut facts = Facts::new();
    facts.put("function_name", "connect");
    // Two references and a class come first.
    let mut parameters = Octets(header.get(5..).unwrap_or_default());
    while let (Some(code), Some(length)) = (parameters.u8(), parameters.u8()) {
        let Some(value) = parameters.take(usize::from(length)) else {
            break;
        };
        if code == 0xc2 {
            let words = if is_word(value) {
                text::bounded(value, 32).0
            } else {
                text::hex(value.get(..16).unwrap_or(value)).into()
            };
            facts.put("tsap", words);
            if let [_, place] = value {
                facts.put("rack", place >> 5).put("slot", place & 0x1f);
            }
        }
    }
    facts
}

struct Message<'a> {
    kind: u8,
    reference: u16,
    error: Option<(u8, u8)>,
    parameters: &'a [u8],
}

fn message(data: &[u8]) -> Option<Message<'_>> {
    let mut data = Octets(data);
    data.u8()?;
    let kind = data.u8()?;
    data.be16()?;
    let reference = data.be16()?;
    let length = usize::from(data.be16()?);
    data.be16()?;
    let error = if matches!(kind, 2 | 3) {
        Some((data.u8()?, data.u8()?))
    } else {
        None
    };
    let parameters = data.take(length)?;
    Some(Message {
        kind,
        reference,
        error,
        parameters,
    })
}

fn errors(message: &Message<'_>, facts: &mut Facts) {
    if let Some((class, code)) = message.error.filter(|error| *error != (0, 0)) {
        facts.put("error_class", class).put("error_code", code);
    }
}

/// The first item of a read or a write, or the name of a service.
fn items(function: u8, parameters: &[u8], facts: &mut Facts) {
    let mut parameters = Octets(parameters);
    parameters.u8();
    match function {
        4 | 5 => {
            facts.put_some("items", parameters.u8());
            if let Some([0x12, 0x0a, 0x10, _, _, _, high, low, area, a, b, c]) = parameters.take(12) {
                facts
                    .put("area", area_word(*area))
                    .put("db", u16::from_be_bytes([*high, *low]))
                    .put("address", u32::from_be_bytes([0, *a, *b, *c]) >> 3);
            }
        }
        0x28 | 0x29 => {
            // The name of the service stands at the end behind its length.
            let all = parameters.0;
            let name = all.iter().enumerate().rev().find_map(|(at, length)| {
                let name = all.get(at.saturating_add(1)..)?;
                (usize::from(*length) == name.len() && is_word(name)).then_some(name)
            });
            facts.put_some("service", name.map(|name| text::bounded(name, 32).0));
        }
        _ => {}
    }
}

/// The group of functions that a user-data message is of.
fn user_data(parameters: &[u8], facts: &mut Facts) {
    let group = parameters.get(5).map_or(0, |octet| octet & 0xf);
    let word = match group {
        1 => "programmer_commands",
        2 => "cyclic_data",
        3 => "block_functions",
        4 => "cpu_functions",
        5 => "security",
        7 => "time",
        _ => "other",
    };
    facts.put("function_code", group).put("function_name", word);
}

fn is_user_answer(parameters: &[u8]) -> bool {
    parameters.get(5).is_some_and(|octet| octet >> 4 == 8)
}

const fn area_word(area: u8) -> &'static str {
    match area {
        0x03 => "system_info",
        0x05 => "system_flags",
        0x06 => "analog_inputs",
        0x07 => "analog_outputs",
        0x1c => "counters",
        0x1d => "timers",
        0x80 => "peripherals",
        0x81 => "inputs",
        0x82 => "outputs",
        0x83 => "flags",
        0x84 => "data_block",
        0x85 => "instance_data_block",
        0x86 => "local_data",
        _ => "other",
    }
}

const fn word(function: u8) -> Option<&'static str> {
    Some(match function {
        0x00 => "cpu_services",
        0x04 => "read_var",
        0x05 => "write_var",
        0x1a => "request_download",
        0x1b => "download_block",
        0x1c => "download_ended",
        0x1d => "start_upload",
        0x1e => "upload",
        0x1f => "end_upload",
        0x28 => "plc_control",
        0x29 => "plc_stop",
        0xf0 => "setup_communication",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// The connection to rack 0 slot 2 and the set-up of nmap's s7-info.nse, then a read and a stop
    /// as Wireshark's sample captures have them.
    const CONNECT: &[u8] = b"\x03\0\0\x16\x11\xe0\0\0\0\x14\0\xc1\x02\x01\0\xc2\x02\x01\x02\xc0\x01\x0a";
    const CONFIRM: &[u8] = b"\x03\0\0\x16\x11\xd0\0\x14\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02";
    const SETUP: &[u8] = b"\x03\0\0\x19\x02\xf0\x80\x32\x01\0\0\0\0\0\x08\0\0\xf0\0\0\x01\0\x01\x01\xe0";
    const READ: &[u8] = b"\x03\0\0\x1f\x02\xf0\x80\x32\x01\0\0\x05\0\0\x0e\0\0\x04\x01\x12\x0a\x10\x02\0\x10\0\x01\x84\0\0\x08";
    const STOP: &[u8] = b"\x03\0\0\x21\x02\xf0\x80\x32\x01\0\0\x0e\0\0\x10\0\0\x29\0\0\0\0\0\x09P_PROGRAM";
    const REFUSED: &[u8] = b"\x03\0\0\x14\x02\xf0\x80\x32\x03\0\0\x05\0\0\x01\0\0\x81\x04\x04";

    #[test]
    fn a_controller_is_read_and_stopped() {
        let ask = [CONNECT, SETUP, READ, STOP].concat();
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, CONFIRM), (End::Resp, REFUSED)];

        let whole = test::converse(Transport::Tcp, [40_000, 102], chunks);

        assert_eq!(whole.app.service, "s7comm");
        let found = whole.transactions("s7comm");
        let named = |name: &str| {
            let one = found
                .iter()
                .find(|facts| facts.text("function_name") == Some(name));
            *one.unwrap_or_else(|| panic!("{name}: {whole:?}"))
        };
        assert_eq!(named("connect").number("slot"), Some(2));
        assert_eq!(named("read_var").text("area"), Some("data_block"));
        assert_eq!(named("read_var").number("db"), Some(1));
        assert_eq!(named("read_var").number("address"), Some(1));
        assert_eq!(named("read_var").number("error_class"), Some(0x81));
        assert_eq!(named("plc_stop").text("service"), Some("P_PROGRAM"));
        let single = test::in_single_octets([40_000, 102], chunks);
        assert_eq!(whole.transactions("s7comm"), single.transactions("s7comm"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn a_message_is_told_in_the_middle_and_on_any_port() {
        let seen = test::converse(Transport::Tcp, [40_000, 7000], &[(End::Orig, READ)]);

        assert_eq!(seen.app.service, "s7comm");
    }

    #[test]
    fn another_protocol_over_the_same_transport_is_not_claimed() {
        // The session of MMS (ISO 8327 CONNECT) behind the same header.
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, CONNECT),
            (End::Orig, b"\x03\0\0\x09\x02\xf0\x80\x0d\x00"),
        ];

        assert_eq!(
            test::converse(Transport::Tcp, [40_000, 102], chunks).app.service,
            ""
        );
    }
}
