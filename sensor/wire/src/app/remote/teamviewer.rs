//! TeamViewer by the mark of its commands, at its own port.
//!
//! The mark is two octets, too few to believe elsewhere; over ports 80 and 443 it is not told.
//! Source: nDPI's teamviewer.c.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "teamviewer",
    title: "TeamViewer",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[5938],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[row("command", FactKind::Number, "命令", "Command")];

fn probe(hint: &Hint<'_>) -> Probe {
    match (hint.transport, hint.octets) {
        (Transport::Tcp, [0x17]) => Probe::More,
        (Transport::Tcp, [0x17, 0x24, ..]) => Probe::Likely,
        // A counter and a digest come before the mark.
        (Transport::Udp, [0, _, _, _, _, _, _, _, _, _, _, 0x17, 0x24, _, ..]) => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Teamviewer)
}

struct Teamviewer;

impl Parser for Teamviewer {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut facts = Facts::new();
        match chunk.octets {
            [0x17, 0x24, command, ..] | [0, _, _, _, _, _, _, _, _, _, _, 0x17, 0x24, command, ..] => {
                facts.put("command", *command);
            }
            [_] | [_, _] => return Read::Need(3),
            _ => return Read::NotMine,
        }
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
    fn the_mark_is_believed_at_its_port_only() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, &[0x17, 0x24, 0x0a, 0x20, 0])];

        assert_eq!(
            test::converse(Transport::Tcp, [40_000, 5938], chunks).app.service,
            "teamviewer"
        );
        assert_eq!(
            test::in_single_octets([40_000, 5938], chunks).app.service,
            "teamviewer"
        );
        assert_eq!(
            test::converse(Transport::Tcp, [40_000, 443], chunks).app.service,
            ""
        );
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
