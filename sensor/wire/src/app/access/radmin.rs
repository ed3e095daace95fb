//! Radmin by its first message.
//!
//! Source: nDPI's `radmin.c` and the radmin detection of OpenVAS. A message is 1, a length and a sum of
//! four octets each, and the body; a client begins with a body of one octet, 8, or of five, 0x27 and
//! zeros.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// First messages of a client.
const FIRST: [&[u8]; 2] = [
    &[1, 0, 0, 0, 1, 0, 0, 0, 8, 8],
    &[1, 0, 0, 0, 5, 0, 0, 0, 0x27, 0x27, 0, 0, 0, 0],
];

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "radmin",
    title: "Radmin",
    transports: &[Transport::Tcp],
    ports: &[4899],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[row("command", FactKind::Number, "最初の命令", "First command")];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    if FIRST.iter().any(|first| octets.starts_with(first)) {
        Probe::Sure
    } else if !octets.is_empty() && FIRST.iter().any(|first| first.starts_with(octets)) {
        Probe::More
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Radmin)
}

struct Radmin;

impl Parser for Radmin {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if !FIRST.iter().any(|first| chunk.octets.starts_with(first)) {
            // The other end was told by, and may have said something before.
            return Read::Took(chunk.octets.len());
        }
        let mut facts = Facts::new();
        facts.put_some("command", chunk.octets.get(9).copied());
        sheet.transaction(chunk.at, facts);
        Read::Done
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_first_message_is_told_on_any_port() {
        // What the detection of OpenVAS sends and was answered.
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, &[1, 0, 0, 0, 1, 0, 0, 0, 8, 8]),
            (End::Resp, &[1, 0, 0, 0, 0x25, 0, 0, 1, 0x10, 8, 1, 0, 0, 8, 0, 0]),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 9], chunks);
        let single = test::in_single_octets([40_000, 9], chunks);

        for seen in [whole, single] {
            assert_eq!(seen.app.service, "radmin");
            assert_eq!(seen.transactions("radmin")[0].number("command"), Some(8));
        }
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn a_server_alone_is_not_told() {
        let seen = test::converse(
            Transport::Tcp,
            [40_000, 4899],
            &[(End::Resp, &[1, 0, 0, 0, 0x25, 0, 0, 1, 0x10, 8, 1, 0, 0, 8, 0, 0])],
        );

        assert_eq!(seen.app.service, "");
    }
}
