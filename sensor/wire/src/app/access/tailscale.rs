//! Tailscale's discovery messages, by which two nodes find a path between them.
//!
//! Source: Tailscale's `disco/disco.go`. A message is six octets of magic (`TS` and a speech balloon
//! in UTF-8), the sender's public key of 32, a nonce of 24, and what is sealed with a tag of 16. The
//! same port carries WireGuard, and STUN to learn its own address; a flow that begins with those is
//! theirs.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const MAGIC: [u8; 6] = *b"TS\xf0\x9f\x92\xac";
const KEY_LEN: usize = 32;
/// Magic, key, nonce: what every message has in clear.
const HEADER_LEN: usize = MAGIC.len() + KEY_LEN + 24;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "tailscale",
    title: "Tailscale (disco)",
    transports: &[Transport::Udp],
    ports: &[41_641],
    kin: &["wireguard", "stun"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[row(
    "disco_key",
    FactKind::Text,
    "送信者の公開鍵",
    "Public key of the sender",
)];

/// The sender's key of a message of `len` octets, of which the first are there.
fn key(octets: &[u8], len: usize) -> Option<&[u8]> {
    let rest = octets.strip_prefix(&MAGIC)?;
    let key = rest.get(..KEY_LEN)?;
    (len >= HEADER_LEN).then_some(key)
}

fn probe(hint: &Hint<'_>) -> Probe {
    if key(hint.octets, hint.octets.len()).is_some() {
        Probe::Sure
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Tailscale)
}

/// The first message says all that is in clear.
struct Tailscale;

impl Parser for Tailscale {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(key) = key(chunk.octets, chunk.octets.len().saturating_add(chunk.cut)) else {
            return Read::NotMine;
        };
        let mut facts = Facts::new();
        facts.put("disco_key", text::hex(key));
        sheet.transaction(chunk.at, facts);
        Read::Done
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::app::Essential;

    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// A message by the comment of disco.go.
    fn message() -> Vec<u8> {
        [&MAGIC[..], &[0xab; 32], &[1; 24], &[7; 34]].concat()
    }

    #[test]
    fn a_message_of_discovery_is_told_on_any_port() {
        let message = message();

        let seen = test::converse(Transport::Udp, [50_000, 3], &[(End::Orig, &message)]);

        assert_eq!(seen.app.service, "tailscale");
        assert_eq!(seen.app.get(Essential::Application), Some("tailscale"));
        assert_eq!(seen.app.get(Essential::ApplicationBy), Some("content"));
        assert_eq!(
            seen.transactions("tailscale")[0].text("disco_key"),
            Some(&*"ab".repeat(32))
        );
        hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Orig, &message)]);
    }

    #[test]
    fn what_is_shorter_than_a_header_is_none() {
        let seen = test::converse(Transport::Udp, [50_000, 41_641], &[(End::Orig, &message()[..61])]);

        assert_eq!(seen.app.service, "");
    }
}
