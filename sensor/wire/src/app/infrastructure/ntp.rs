//! NTP: version, mode, stratum and where the server has its time from.
//!
//! Modes 6 and 7 are the control of RFC 9327 and the private one of ntpd, by which a server can be
//! made to flood a third one: of them the request and the octets of both ends are summed.
//! Source: RFC 5905 section 7.3, RFC 9327 section 2, ntpd's `ntp_request.h`.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of a packet without extension fields.
const LEN: usize = 48;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;
/// The requests of ntpd for the list of its clients, old and new form.
const MONLIST: [u8; 2] = [20, 42];
/// Exchanges of time in one flow that are written.
const MAX_MESSAGES: u16 = 256;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    title: "NTP",
    transports: &[Transport::Udp],
    ports: &[123],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Number, "版", "Version"),
    row("mode", FactKind::Number, "モード", "Mode"),
    row("stratum", FactKind::Number, "階層", "Stratum"),
    row("reference_id", FactKind::Text, "参照先", "Reference"),
    row("opcode", FactKind::Number, "制御命令", "Control operation"),
    row("request_code", FactKind::Number, "要求コード", "Request code"),
    row("monlist", FactKind::Flag, "monlist 要求", "Client list asked for"),
    row("requests", FactKind::Number, "要求数", "Requests"),
    row("request_octets", FactKind::Number, "要求の長さ", "Request octets"),
    row("responses", FactKind::Number, "応答数", "Responses"),
    row(
        "response_octets",
        FactKind::Number,
        "応答の長さ",
        "Response octets",
    ),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some(first) = hint.octets.first() else {
        return Probe::No;
    };
    let (version, mode) = (first >> 3 & 7, first & 7);
    let is_whole = hint.octets.len() >= LEN || management(hint.octets).is_some();
    if is_whole && (1..=4).contains(&version) && mode != 0 {
        Probe::Likely
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Ntp::default())
}

/// Datagrams of time stand alone; those of management are summed.
#[derive(Default)]
struct Ntp {
    written: u16,
    management: Option<Sum>,
}

/// What a flow has of modes 6 and 7.
struct Sum {
    at: Timestamp,
    version: u8,
    request: Management,
    /// Datagrams and octets of requests and of responses.
    counts: [(u64, u64); 2],
}

impl Parser for Ntp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(first) = chunk.octets.first() else {
            return Read::NotMine;
        };
        let (version, mode) = (first >> 3 & 7, first & 7);
        if let Some(request) = management(chunk.octets) {
            let sum = self.management.get_or_insert(Sum {
                at: chunk.at,
                version,
                request,
                counts: [(0, 0); 2],
            });
            sum.request.monlist |= request.monlist;
            let octets = chunk.octets.len().saturating_add(chunk.cut) as u64;
            if let Some((datagrams, sum)) = sum.counts.get_mut(usize::from(request.is_response)) {
                *datagrams = datagrams.saturating_add(1);
                *sum = sum.saturating_add(octets);
            }
            return Read::Took(chunk.octets.len());
        }
        if self.written == MAX_MESSAGES {
            sheet.partial();
            return Read::Took(chunk.octets.len());
        }
        self.written = self.written.saturating_add(1);
        let mut facts = Facts::new();
        facts.put("version", version).put("mode", mode);
        if let (Some(stratum), Some(reference)) = (chunk.octets.get(1), chunk.octets.get(12..16))
            && mode <= SERVER
        {
            facts.put("stratum", *stratum);
            if mode == SERVER {
                facts.put("reference_id", reference_id(*stratum, reference));
            }
        }
        if matches!(mode, CLIENT | SERVER) {
            sheet.essential(Essential::Version, version.to_string(), "ntp.version");
        }
        sheet.transaction(chunk.at, facts);
        Read::Took(chunk.octets.len())
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let Some(sum) = self.management.take() else { return };
        let mut facts = Facts::new();
        facts.put("version", sum.version).put("mode", sum.request.mode);
        if sum.request.mode == CONTROL {
            facts.put("opcode", sum.request.code);
        } else {
            facts
                .put("request_code", sum.request.code)
                .put("monlist", sum.request.monlist);
        }
        let [(requests, request_octets), (responses, response_octets)] = sum.counts;
        facts
            .put("requests", requests)
            .put("request_octets", request_octets)
            .put("responses", responses)
            .put("response_octets", response_octets);
        sheet.transaction(sum.at, facts);
    }
}

/// A datagram of mode 6 or 7.
#[derive(Clone, Copy)]
struct Management {
    mode: u8,
    is_response: bool,
    code: u8,
    monlist: bool,
}

fn management(octets: &[u8]) -> Option<Management> {
    let mut octets = Octets(octets);
    let first = octets.u8()?;
    let second = octets.u8()?;
    match first & 7 {
        CONTROL => Some(Management {
            mode: CONTROL,
            is_response: second & 0x80 != 0,
            code: second & 0x1f,
            monlist: false,
        }),
        PRIVATE => {
            octets.u8()?;
            let code = octets.u8()?;
            Some(Management {
                mode: PRIVATE,
                is_response: first & 0x80 != 0,
                code,
                monlist: MONLIST.contains(&code),
            })
        }
        _ => None,
    }
}

/// Four letters for a clock (stratum 0 and 1), an address or its digest for a server.
fn reference_id(stratum: u8, octets: &[u8]) -> Box<str> {
    if stratum <= 1 {
        let end = octets
            .iter()
            .position(|octet| *octet == 0)
            .unwrap_or(octets.len());
        return text::of(octets.get(..end).unwrap_or_default());
    }
    match octets.first_chunk::<4>() {
        Some(address) => std::net::Ipv4Addr::from(*address).to_string().into(),
        None => text::of(octets),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_server_says_where_its_time_comes_from() {
        // RFC 5905 figure 8: version 4, mode 4, stratum 1, reference "GPS".
        let mut answer = [0; LEN];
        answer[..2].copy_from_slice(&[0x24, 1]);
        answer[12..15].copy_from_slice(b"GPS");

        let seen = test::converse(Transport::Udp, [40_000, 123], &[(End::Resp, &answer)]);

        assert_eq!(seen.app.service, "ntp");
        let [facts] = &seen.transactions("ntp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(
            (facts.number("stratum"), facts.text("reference_id")),
            (Some(1), Some("GPS"))
        );
    }

    #[test]
    fn the_same_octets_on_another_port_are_not_believed() {
        let query = [0x23; LEN];

        let seen = test::converse(Transport::Udp, [40_000, 9999], &[(End::Orig, &query)]);

        assert_eq!(seen.app.service, "");
    }

    #[test]
    fn a_list_of_clients_is_summed_for_amplification() {
        // The request of ntpd's monlist as scanners send it: version 2, mode 7, implementation 3,
        // request 42; answers have the response bit and up to 440 octets of entries.
        let request = b"\x17\0\x03\x2a\0\0\0\0";
        let mut answer = b"\xd7\0\x03\x2a\0\x06\0\x48".to_vec();
        answer.resize(440, 1);
        let chunks: &[(End, &[u8])] = &[(End::Orig, request), (End::Resp, &answer), (End::Resp, &answer)];

        let seen = test::converse(Transport::Udp, [40_000, 123], chunks);

        let [facts] = &seen.transactions("ntp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.get("monlist"), Some(true.into()));
        assert_eq!(facts.number("request_code"), Some(42));
        assert_eq!(facts.number("request_octets"), Some(8));
        assert_eq!(
            (facts.number("responses"), facts.number("response_octets")),
            (Some(2), Some(880))
        );
    }
}
