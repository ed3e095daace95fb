//! RustDesk: a client's registration at its rendezvous server, at its own port.
//!
//! Source: RustDesk's `rendezvous.proto` and the encoding of protocol buffers. A datagram is a message
//! with one field, number 6 (`RegisterPeer`), which holds the client's identifier (field 1, digits
//! unless the user chose another) and a serial number (field 2). Any program may write such a field:
//! it is believed at RustDesk's port alone.

use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Field 6 and field 1, each with a length before it; field 2, a number.
const REGISTER_PEER: u8 = 0x32;
const ID: u8 = 0x0a;
const SERIAL: u8 = 0x10;
/// Digits of an identifier.
const ID_DIGITS: std::ops::RangeInclusive<usize> = 6..=16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rustdesk",
    title: "RustDesk (rendezvous)",
    transports: &[Transport::Udp],
    ports: &[21_116],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[row(
    "id_digest",
    FactKind::Text,
    "端末の識別子 (ダイジェスト)",
    "Identifier of the client (digest)",
)];

/// The identifier of a registration that fills its datagram.
fn id(octets: &[u8]) -> Option<&[u8]> {
    let mut message = Octets(octets);
    if message.u8()? != REGISTER_PEER {
        return None;
    }
    let mut peer = Octets(message.short()?);
    if !message.is_empty() || peer.u8()? != ID {
        return None;
    }
    let id = peer.short()?;
    // A serial number of 0 is left out.
    let is_whole = match peer.0 {
        [] => true,
        // Seven bits an octet, the highest says that more follow.
        [SERIAL, more @ .., last] => {
            more.len() < 5 && last & 0x80 == 0 && more.iter().all(|octet| octet & 0x80 != 0)
        }
        _ => false,
    };
    let is_id = ID_DIGITS.contains(&id.len()) && id.iter().all(u8::is_ascii_digit);
    (is_whole && is_id).then_some(id)
}

fn probe(hint: &Hint<'_>) -> Probe {
    if id(hint.octets).is_some() {
        Probe::Likely
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(RustDesk)
}

struct RustDesk;

impl Parser for RustDesk {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(id) = id(chunk.octets) else {
            return Read::NotMine;
        };
        let mut facts = Facts::new();
        facts.put("id_digest", text::user_digest(id));
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

    /// `RendezvousMessage { register_peer: RegisterPeer { id: "123456789", serial: 300 } }` by the
    /// rules of the encoding.
    const REGISTRATION: &[u8] = b"\x32\x0e\x0a\x09123456789\x10\xac\x02";

    #[test]
    fn a_registration_is_likely_at_its_port_and_nothing_elsewhere() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, REGISTRATION)];

        let seen = test::converse(Transport::Udp, [40_000, 21_116], chunks);
        let elsewhere = test::converse(Transport::Udp, [40_000, 9], chunks);

        assert_eq!(seen.app.service, "rustdesk");
        assert_eq!(seen.app.get(Essential::Application), Some("rustdesk"));
        assert_eq!(seen.app.get(Essential::ApplicationBy), Some("likely"));
        assert!(!format!("{seen:?}").contains("123456789"));
        assert_eq!(elsewhere.app.service, "");
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn another_message_is_none() {
        assert_eq!(id(b"\x32\x0b\x0a\x09123456789"), Some(&b"123456789"[..]));
        for octets in [
            &b"\x32\x0b\x0a\x0912345678x"[..],
            b"\x32\x0b\x0a\x09123456789\0",
            b"\x3a\x0b\x0a\x09123456789",
            b"\x32\x0d\x0a\x09123456789\x10\xac",
        ] {
            assert_eq!(id(octets), None);
        }
    }
}
