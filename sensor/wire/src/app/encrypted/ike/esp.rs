//! ESP in UDP: that it is there, and which associations.
//!
//! Source: RFC 3948 section 2.1, RFC 4303 section 2.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Header, an initialisation vector, one block and the shortest check value.
const MIN_LEN: usize = 8 + 8 + 8 + 12;
/// Numbers below are reserved (RFC 4303 section 2.1).
const MIN_SPI: u32 = 256;

pub(in super::super) const PROTOCOL: Protocol = Protocol {
    name: "esp",
    title: "ESP in UDP",
    transports: &[Transport::Udp],
    ports: &[4500],
    kin: &["ike"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("spi", FactKind::Text, "SPI", "SPI"),
    row(
        "sequence",
        FactKind::Number,
        "最初の順序番号",
        "First sequence number",
    ),
    row("by_responder", FactKind::Flag, "応答側から", "From the responder"),
];

/// Association and sequence number.
pub(super) fn header(octets: &[u8]) -> Option<(u32, u32)> {
    let (spi, rest) = octets.split_first_chunk::<4>()?;
    let sequence = u32::from_be_bytes(*rest.first_chunk::<4>()?);
    let spi = u32::from_be_bytes(*spi);
    (octets.len() >= MIN_LEN && spi >= MIN_SPI && sequence != 0).then_some((spi, sequence))
}

fn probe(hint: &Hint<'_>) -> Probe {
    match header(hint.octets) {
        Some(_) if hint.octets.len().is_multiple_of(4) => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Esp::default())
}

/// One association of each end; a datagram of an end that was heard says nothing new.
#[derive(Default)]
struct Esp {
    heard: [bool; 2],
    datagrams: u8,
}

/// Datagrams that are looked at for the other end's association.
const MAX_DATAGRAMS: u8 = 32;

impl Parser for Esp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.datagrams = self.datagrams.saturating_add(1);
        let heard = self.heard.get_mut(chunk.from.index());
        if let (Some(heard @ false), Some((spi, sequence))) = (heard, header(chunk.octets)) {
            *heard = true;
            let mut facts = Facts::new();
            facts
                .put("spi", text::hex(&spi.to_be_bytes()))
                .put("sequence", sequence)
                .put("by_responder", chunk.from.index() == 1);
            sheet.transaction(chunk.at, facts);
        }
        if self.heard == [true; 2] || self.datagrams >= MAX_DATAGRAMS {
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn each_end_has_an_association() {
        let mut there = vec![0xc1, 2, 3, 4, 0, 0, 0, 1];
        there.extend([9; 56]);
        let mut back = there.clone();
        back[0] = 0xc9;

        let seen = test::converse(
            Transport::Udp,
            [4500, 4500],
            &[(End::Orig, &there), (End::Orig, &there), (End::Resp, &back)],
        );

        assert_eq!(seen.app.service, "esp");
        let spis: Vec<_> = seen
            .transactions("esp")
            .iter()
            .map(|facts| facts.text("spi"))
            .collect();
        assert_eq!(spis, [Some("c1020304"), Some("c9020304")]);
        let elsewhere = test::converse(Transport::Udp, [40_000, 9999], &[(End::Orig, &there)]);
        assert_eq!(elsewhere.app.service, "");
    }
}
