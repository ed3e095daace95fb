//! TFTP: which file is read or written, in which mode.
//!
//! Only the request is sent to the well-known port; the transfer itself is another flow between
//! ports that nothing announces, and is not looked for.
//! Source: RFC 1350 section 5, RFC 2347.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Requests of one flow that are written.
const MAX_REQUESTS: u8 = 64;
/// Option names of one request that are kept.
const MAX_OPTIONS: usize = 8;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "tftp",
    title: "TFTP",
    transports: &[Transport::Udp],
    ports: &[69],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("packet", FactKind::Text, "要求", "Request"),
    row("file", FactKind::Text, "ファイル", "File"),
    row("mode", FactKind::Text, "モード", "Mode"),
    row("options", FactKind::Text, "オプション", "Options"),
    row("error_code", FactKind::Number, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    match hint.octets {
        [0, 1 | 2, ..] if request(hint.octets).is_some() => Probe::Sure,
        // Data, acknowledgement, error, option acknowledgement.
        [0, 3..=6, _, _, ..] => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Tftp { written: 0 })
}

struct Tftp {
    written: u8,
}

impl Parser for Tftp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let facts = match chunk.octets {
            [0, 5, high, low, ..] => {
                let mut facts = Facts::new();
                facts
                    .put("packet", "error")
                    .put("error_code", u16::from_be_bytes([*high, *low]));
                Some(facts)
            }
            octets => request(octets),
        };
        if let Some(facts) = facts {
            if self.written == MAX_REQUESTS {
                sheet.partial();
                return Read::Done;
            }
            self.written = self.written.saturating_add(1);
            sheet.transaction(chunk.at, facts);
        }
        Read::Took(chunk.octets.len())
    }
}

/// A request to read or to write: file, mode, and the names of options.
fn request(octets: &[u8]) -> Option<Facts> {
    let mut octets = Octets(octets);
    let packet = match octets.be16()? {
        1 => "read",
        2 => "write",
        _ => return None,
    };
    let file = octets.until(0).filter(|file| !file.is_empty())?;
    let mode = octets.until(0)?.to_ascii_lowercase();
    if !matches!(&mode[..], b"netascii" | b"octet" | b"mail") {
        return None;
    }
    let mut facts = Facts::new();
    facts
        .put("packet", packet)
        .put("file", text::of(file))
        .put("mode", text::of(&mode));
    let mut options = Vec::new();
    while options.len() < MAX_OPTIONS
        && let (Some(name), Some(_)) = (octets.until(0), octets.until(0))
        && is_word(name)
    {
        options.push(text::bounded(name, 32).0);
    }
    if !options.is_empty() {
        facts.put("options", options);
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_request_says_file_and_mode_on_any_port() {
        // RFC 1350 figure 5-1 with the option of RFC 2348.
        let chunks: &[(End, &[u8])] = &[(End::Orig, b"\0\x01startup-config\0OCTET\0blksize\x001432\0")];

        let seen = test::converse(Transport::Udp, [40_000, 7000], chunks);

        assert_eq!(seen.app.service, "tftp");
        let [facts] = &seen.transactions("tftp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("packet"), Some("read"));
        assert_eq!(facts.text("file"), Some("startup-config"));
        assert_eq!(facts.text("mode"), Some("octet"));
        assert_eq!(facts.text("options"), Some("blksize"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn a_block_of_data_is_believed_at_its_port_only() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, b"\0\x03\0\x01data")];

        assert_eq!(
            test::converse(Transport::Udp, [40_000, 69], chunks).app.service,
            "tftp"
        );
        assert_eq!(
            test::converse(Transport::Udp, [40_000, 7000], chunks).app.service,
            ""
        );
    }
}
