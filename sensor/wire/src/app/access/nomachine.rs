//! NoMachine: the versions of both ends before TLS begins.
//!
//! Source: nDPI's `nomachine.c`. A client says `NXSH-` and its version, a server `NXD-` and its own,
//! each in a line; TLS follows.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::is_word;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const CLIENT: &[u8] = b"NXSH-";
const SERVER: &[u8] = b"NXD-";
/// Octets of the longest line.
const MAX_LINE: usize = 64;
/// First octet of a handshake of TLS.
const TLS: u8 = 0x16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "nomachine",
    title: "NoMachine",
    transports: &[Transport::Tcp],
    ports: &[4000],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "client_version",
        FactKind::Text,
        "クライアントの版",
        "Client version",
    ),
    row("server_version", FactKind::Text, "サーバーの版", "Server version"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    for magic in [CLIENT, SERVER] {
        match octets.strip_prefix(magic).map(<[u8]>::first) {
            Some(Some(digit)) if digit.is_ascii_digit() => return Probe::Sure,
            Some(None) => return Probe::More,
            _ if !octets.is_empty() && magic.starts_with(octets) => return Probe::More,
            _ => {}
        }
    }
    Probe::No
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(NoMachine::default())
}

#[derive(Default)]
struct NoMachine {
    at: Option<Timestamp>,
    facts: Facts,
}

impl Parser for NoMachine {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        if octets.first() == Some(&TLS) {
            return Read::Became {
                took: 0,
                protocol: Some("tls"),
            };
        }
        let head = octets.get(..MAX_LINE).unwrap_or(octets);
        let Some(end) = head.iter().position(|octet| *octet == b'\n') else {
            return if octets.len() < MAX_LINE {
                Read::Took(0)
            } else {
                Read::Done
            };
        };
        let line = head.get(..end).unwrap_or_default().trim_ascii_end();
        let (version, key) = match (line.strip_prefix(CLIENT), line.strip_prefix(SERVER)) {
            (Some(version), _) => (version, "client_version"),
            (_, Some(version)) => (version, "server_version"),
            _ => return Read::Done,
        };
        if is_word(version) {
            self.at.get_or_insert(chunk.at);
            let version = text::of(version);
            if key == "server_version" {
                sheet.essential(Essential::Version, version.clone(), "nomachine.server_version");
            }
            self.facts.put(key, version);
        }
        Read::Took(end.saturating_add(1))
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::encrypted::tls::sample;
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    #[test]
    fn both_versions_are_read_and_tls_follows() {
        let hello = sample::record(22, &sample::message(1, &sample::chrome(b"a.example")));
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, b"NXSH-8.2.3\n"),
            (End::Resp, b"NXD-8.4.2\n"),
            (End::Orig, &hello),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 9], chunks);
        let single = test::in_single_octets([40_000, 9], chunks);

        for seen in [whole, single] {
            assert_eq!(seen.app.service, "nomachine");
            assert_eq!(seen.app.get(Essential::Application), Some("nomachine"));
            let [facts] = &seen.transactions("nomachine")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(facts.text("client_version"), Some("8.2.3"));
            assert_eq!(facts.text("server_version"), Some("8.4.2"));
            assert_eq!(seen.transactions("tls").len(), 1);
        }
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn one_end_alone_is_enough() {
        let seen = test::converse(Transport::Tcp, [40_000, 9], &[(End::Resp, b"NXD-8.4.2\n")]);

        assert_eq!(seen.app.get(Essential::Version), Some("8.4.2"));
    }
}
