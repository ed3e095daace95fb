//! NTP: version, mode, stratum and where the server has its time from.
//!
//! Source: RFC 5905 section 7.3; the control and private modes 6 and 7 of RFC 9327 and ntpd are told
//! by their mode only.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of a packet without extension fields.
const LEN: usize = 48;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;

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
];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some(first) = hint.octets.first() else {
        return Probe::No;
    };
    let (version, mode) = (first >> 3 & 7, first & 7);
    let is_whole = hint.octets.len() >= LEN || matches!(mode, 6 | 7);
    if is_whole && (1..=4).contains(&version) && mode != 0 {
        Probe::Likely
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Ntp)
}

/// Datagrams stand alone; nothing is kept between them.
struct Ntp;

impl Parser for Ntp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(first) = chunk.octets.first() else {
            return Read::NotMine;
        };
        let (version, mode) = (first >> 3 & 7, first & 7);
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
}
