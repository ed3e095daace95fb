//! DNP3: which station asks which to do what, and the indications that come back.
//!
//! The link header has its own checksum, which makes it unmistakable. Of the application layer the
//! head of the first fragment and its first object are read.
//! Source: IEEE 1815-2012 clauses 4.2 (application), 8.2 (transport), 9.2 (link).

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// Octets of the link header with its checksum.
const HEADER_LEN: usize = 10;
/// Octets of user data between two checksums.
const BLOCK_LEN: usize = 16;
const CONFIRM: u8 = 0;
const RESPONSE: u8 = 129;
const UNSOLICITED: u8 = 130;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dnp3",
    title: "DNP3",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[20000],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.src", FactKind::Number, "要求元局", "Asking station"),
    row("request.dst", FactKind::Number, "要求先局", "Asked station"),
    row(
        "request.link_function",
        FactKind::Number,
        "要求リンク機能",
        "Request link function",
    ),
    row(
        "request.application.sequence",
        FactKind::Number,
        "要求番号",
        "Request sequence",
    ),
    row(
        "request.application.function_code",
        FactKind::Number,
        "機能コード",
        "Function number",
    ),
    row("request.application.function", FactKind::Text, "機能", "Function"),
    row(
        "request.application.is_write",
        FactKind::Flag,
        "操作",
        "Changes something",
    ),
    row(
        "request.application.objects.group",
        FactKind::Number,
        "対象グループ",
        "Object group",
    ),
    row(
        "request.application.objects.variation",
        FactKind::Number,
        "対象バリエーション",
        "Object variation",
    ),
    row("response.src", FactKind::Number, "応答元局", "Answering station"),
    row("response.dst", FactKind::Number, "応答先局", "Answered station"),
    row(
        "response.link_function",
        FactKind::Number,
        "応答リンク機能",
        "Response link function",
    ),
    row(
        "response.application.sequence",
        FactKind::Number,
        "応答番号",
        "Response sequence",
    ),
    row(
        "response.application.function_code",
        FactKind::Number,
        "応答機能コード",
        "Response function number",
    ),
    row(
        "response.application.function",
        FactKind::Text,
        "応答機能",
        "Response function",
    ),
    row(
        "response.application.objects.group",
        FactKind::Number,
        "応答グループ",
        "Response object group",
    ),
    row(
        "response.application.objects.variation",
        FactKind::Number,
        "応答バリエーション",
        "Response object variation",
    ),
    row(
        "response.iin",
        FactKind::Number,
        "内部表示",
        "Internal indications",
    ),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.octets.len() < HEADER_LEN {
        let is_begun = hint
            .octets
            .iter()
            .zip([5, 0x64])
            .all(|(octet, magic)| *octet == magic);
        return if is_begun && hint.transport == Transport::Tcp {
            Probe::More
        } else {
            Probe::No
        };
    }
    if link(hint.octets).is_some() {
        Probe::Sure
    } else {
        Probe::No
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Dnp3 {
        is_stream: start.transport == Transport::Tcp,
        exchanges: Exchanges::default(),
    })
}

struct Dnp3 {
    is_stream: bool,
    exchanges: Exchanges,
}

struct Link {
    control: u8,
    to: u16,
    from: u16,
    /// Octets of user data, and of the frame with all checksums.
    data: usize,
    octets: usize,
}

impl Parser for Dnp3 {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let Some(link) = link(chunk.octets) else {
            // After a gap: the next frame begins with its magic.
            let next = chunk.octets.windows(2).skip(1).position(|two| two == [5, 0x64]);
            return Read::Took(
                next.map_or(chunk.octets.len().saturating_sub(1), |at| at.saturating_add(1))
                    .max(1),
            );
        };
        if chunk.octets.len() < link.octets && self.is_stream {
            return Read::Need(link.octets);
        }
        let body = chunk.octets.get(HEADER_LEN..link.octets).unwrap_or_default();
        self.frame(chunk, &link, body, sheet);
        if self.is_stream {
            Read::Took(link.octets)
        } else {
            Read::Took(chunk.octets.len())
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Dnp3 {
    fn frame(&mut self, chunk: &Chunk<'_>, link: &Link, body: &[u8], sheet: &mut Sheet<'_>) {
        // The first block holds the transport octet and the head of the application layer.
        let mut data = Octets(body.get(..link.data.min(BLOCK_LEN)).unwrap_or_default());
        let Some(transport) = data.u8() else { return };
        // Only the first fragment of a message has a head.
        if transport & 0x40 == 0 {
            return;
        }
        let (Some(control), Some(function)) = (data.u8(), data.u8()) else {
            return;
        };
        let sequence = control & 0xf;
        let is_response = matches!(function, RESPONSE | UNSOLICITED | 131);
        let indications = if is_response { data.be16() } else { None };
        let mut application = Facts::new();
        application
            .put("sequence", sequence)
            .put("function_code", function)
            .put_some("function", word(function));
        if !is_response {
            application.put("is_write", is_write(function));
        }
        if let (Some(group), Some(variation)) = (data.u8(), data.u8()) {
            let mut object = Facts::new();
            object.put("group", group).put("variation", variation);
            application.put("objects", vec![object]);
        }
        let mut message = Facts::new();
        message
            .put("src", link.from)
            .put("dst", link.to)
            .put("link_function", link.control & 0xf)
            .put("application", application)
            .put_some("iin", indications);
        let (asking, asked) = if is_response {
            (link.to, link.from)
        } else {
            (link.from, link.to)
        };
        let stations = u64::from(asking) << 16 | u64::from(asked);
        let key = stations << 8 | u64::from(sequence);
        let kind = stations << 8 | u64::from(function);
        let fresh = Open {
            key,
            kind,
            at: chunk.at,
            facts: Facts::new(),
        };
        if is_response {
            let open = if function == UNSOLICITED {
                None
            } else {
                self.exchanges.answer(key)
            };
            let mut open = open.unwrap_or(fresh);
            open.facts.put("response", message).put("answered", true);
            self.exchanges.write(open, sheet);
        } else {
            let mut open = fresh;
            open.facts.put("request", message);
            // Nothing answers a confirmation, nor what is asked without acknowledgement.
            if matches!(function, CONFIRM | 6 | 8 | 10 | 12) {
                self.exchanges.write(open, sheet);
            } else {
                self.exchanges.ask(open, sheet);
            }
        }
    }
}

/// The link header at the start of octets, if its checksum is right.
fn link(octets: &[u8]) -> Option<Link> {
    let header = octets.get(..8)?;
    let mut octets = Octets(octets);
    octets.be16().filter(|magic| *magic == 0x0564)?;
    let length = octets.u8()?;
    let control = octets.u8()?;
    let to = octets.le16()?;
    let from = octets.le16()?;
    if octets.le16()? != checksum(header) {
        return None;
    }
    // The length counts control and addresses, and no checksum.
    let data = usize::from(length.checked_sub(5)?);
    let blocks = data.div_ceil(BLOCK_LEN);
    let all = HEADER_LEN
        .saturating_add(data)
        .saturating_add(blocks.saturating_mul(2));
    Some(Link {
        control,
        to,
        from,
        data,
        octets: all,
    })
}

/// CRC-16/DNP.
fn checksum(octets: &[u8]) -> u16 {
    let sum = octets.iter().fold(0_u16, |sum, octet| {
        (0..8).fold(sum ^ u16::from(*octet), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xa6bc } else { sum >> 1 }
        })
    });
    !sum
}

/// Whether a request changes a station: outputs, settings, programs, files.
const fn is_write(function: u8) -> bool {
    matches!(function, 2..=6 | 9..=10 | 13..=19 | 20 | 21 | 24..=28 | 30 | 31)
}

/// Zeek's words.
const fn word(function: u8) -> Option<&'static str> {
    Some(match function {
        0 => "CONFIRM",
        1 => "READ",
        2 => "WRITE",
        3 => "SELECT",
        4 => "OPERATE",
        5 => "DIRECT_OPERATE",
        6 => "DIRECT_OPERATE_NR",
        7 => "IMMED_FREEZE",
        8 => "IMMED_FREEZE_NR",
        9 => "FREEZE_CLEAR",
        10 => "FREEZE_CLEAR_NR",
        11 => "FREEZE_AT_TIME",
        12 => "FREEZE_AT_TIME_NR",
        13 => "COLD_RESTART",
        14 => "WARM_RESTART",
        15 => "INITIALIZE_DATA",
        16 => "INITIALIZE_APPL",
        17 => "START_APPL",
        18 => "STOP_APPL",
        19 => "SAVE_CONFIG",
        20 => "ENABLE_UNSOLICITED",
        21 => "DISABLE_UNSOLICITED",
        22 => "ASSIGN_CLASS",
        23 => "DELAY_MEASURE",
        24 => "RECORD_CURRENT_TIME",
        25 => "OPEN_FILE",
        26 => "CLOSE_FILE",
        27 => "DELETE_FILE",
        28 => "GET_FILE_INFO",
        29 => "AUTHENTICATE_FILE",
        30 => "ABORT_FILE",
        32 => "AUTHENTICATE_REQ",
        33 => "AUTHENTICATE_ERR",
        129 => "RESPONSE",
        130 => "UNSOLICITED_RESPONSE",
        131 => "AUTHENTICATE_RESP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_catalogue() {
        // CRC-16/DNP's check value in the RevEng catalogue.
        assert_eq!(checksum(b"123456789"), 0xea82);
    }

    /// A reset of the link from station 1 to station 1024 as in IEEE 1815 annex E's style; its
    /// checksum is worked out by the function checked above.
    fn frame(control: u8, data: &[u8]) -> Vec<u8> {
        let mut octets = vec![
            5,
            0x64,
            u8::try_from(5 + data.len()).unwrap(),
            control,
            4,
            0,
            3,
            0,
        ];
        octets.extend(checksum(&octets).to_le_bytes());
        for block in data.chunks(BLOCK_LEN) {
            octets.extend(block);
            octets.extend(checksum(block).to_le_bytes());
        }
        octets
    }

    #[test]
    fn single_octets_and_bent_frames_are_read() {
        let ask = [frame(0xc0, &[]), frame(0xc4, &[0xc1, 0xc3, 1, 60, 2, 6])].concat();
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        let [facts] = &whole.transactions("dnp3")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("request.application.function"), Some("READ"));
        assert_eq!(facts.number("request.application.objects.group"), Some(60));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("dnp3"), single.transactions("dnp3"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn the_functions_of_a_capture_are_those_that_tshark_counts() {
        let Some(path) = test::capture("app/zeek-dnp3-dnp3.pcap") else {
            return;
        };

        let (mut warm_restarts, mut unsolicited, mut stops) = (0, 0, 0);
        for flow in test::flows_of(&path) {
            for facts in flow.seen.transactions("dnp3") {
                let asked = facts.number("request.application.function_code");
                warm_restarts += u32::from(asked == Some(14));
                stops += u32::from(asked == Some(18));
                let answer = facts.number("response.application.function_code");
                unsolicited += u32::from(answer == Some(130));
            }
        }

        // tshark -Y dnp3.al.func==14, 18 and 130.
        assert_eq!((warm_restarts, stops, unsolicited), (2, 4, 30));
    }
}
