//! ZeroTier's HELLO, by which a node says who it is.
//!
//! Source: ZeroTier's `Packet.hpp` and `Identity.hpp`. A packet is: identifier (8), addresses of
//! destination and source (5 each), flags with cipher and hops, MAC (8), verb. A HELLO is in clear:
//! version of the protocol, version of the software (major, minor, revision), time in milliseconds,
//! and the identity, which begins with the address of the sender and has a public key of 64. What is
//! no HELLO is encrypted but for the addresses and is not told.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Flags: three bits of cipher, 0 is in clear with a MAC; three of hops.
const CIPHER: u8 = 0x38;
/// The verb, of which the high three bits are flags.
const HELLO: u8 = 1;
const VERB: u8 = 0x1f;
const KEY_LEN: usize = 64;
/// Messages of a flow that are looked at.
const MAX_MESSAGES: u8 = 16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "zerotier",
    title: "ZeroTier (VL1)",
    transports: &[Transport::Udp],
    ports: &[9993],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "source",
        FactKind::Text,
        "送信者のアドレス",
        "Address of the sender",
    ),
    row(
        "destination",
        FactKind::Text,
        "宛先のアドレス",
        "Address of the receiver",
    ),
    row(
        "protocol_version",
        FactKind::Number,
        "プロトコルの版",
        "Protocol version",
    ),
    row("version", FactKind::Text, "ソフトウェアの版", "Software version"),
];

#[derive(Debug, PartialEq, Eq)]
struct Hello {
    destination: [u8; 5],
    source: [u8; 5],
    protocol: u8,
    version: (u8, u8, u16),
}

/// Reads a HELLO: forty bits of address that stand twice leave no doubt.
fn hello(octets: &[u8]) -> Option<Hello> {
    let mut octets = Octets(octets);
    octets.skip(8)?;
    let destination = octets.array::<5>()?;
    let source = octets.array::<5>()?;
    let flags = octets.u8()?;
    octets.skip(8)?;
    let verb = octets.u8()?;
    let protocol = octets.u8()?;
    let version = (octets.u8()?, octets.u8()?, octets.be16()?);
    octets.skip(8)?;
    let identity = octets.array::<5>()?;
    let kind = octets.u8()?;
    octets.skip(KEY_LEN)?;
    let is_hello = flags & CIPHER == 0 && verb & VERB == HELLO && kind == 0;
    // An address of zeros, or one that begins with 0xff, is none (Address.hpp).
    let is_address = source != [0; 5] && source.first() != Some(&0xff);
    (is_hello && is_address && source == identity).then_some(Hello {
        destination,
        source,
        protocol,
        version,
    })
}

fn probe(hint: &Hint<'_>) -> Probe {
    if hello(hint.octets).is_some() {
        Probe::Sure
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(ZeroTier::default())
}

#[derive(Default)]
struct ZeroTier {
    messages: u8,
    /// Senders whose HELLO was written: one of each end.
    written: [bool; 2],
}

impl Parser for ZeroTier {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.messages = self.messages.saturating_add(1);
        let hello = hello(chunk.octets);
        if hello.is_none() && self.messages == 1 {
            return Read::NotMine;
        }
        if let (Some(hello), Some(written)) = (hello, self.written.get_mut(chunk.from.index()))
            && !*written
        {
            *written = true;
            write(&hello, chunk, sheet);
        }
        if self.written == [true, true] || self.messages >= MAX_MESSAGES {
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }
}

fn write(hello: &Hello, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
    let (major, minor, revision) = hello.version;
    let mut facts = Facts::new();
    facts
        .put("source", text::hex(&hello.source))
        .put("destination", text::hex(&hello.destination))
        .put("protocol_version", hello.protocol)
        .put("version", format!("{major}.{minor}.{revision}"));
    sheet.essential(
        Essential::Version,
        hello.protocol.to_string(),
        "zerotier.protocol_version",
    );
    sheet.transaction(chunk.at, facts);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// A HELLO of version 1.10.2 by the places that Packet.hpp names.
    fn packet(source: [u8; 5], identity: [u8; 5]) -> Vec<u8> {
        let head = [
            &[9; 8][..],
            &[0x3a, 0x46, 0xf1, 0xbf, 0x30],
            &source,
            &[0],
            &[5; 8],
            &[1],
        ]
        .concat();
        let body = [
            &[11, 1, 10, 0, 2][..],
            &[0, 0, 1, 0x86, 0, 0, 0, 0],
            &identity,
            &[0],
            &[6; 64],
            &[0],
        ];
        [&head[..], &body.concat()].concat()
    }

    #[test]
    fn a_hello_names_both_ends_and_the_version() {
        let packet = packet([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]);
        assert_eq!(packet[27], 1);

        let seen = test::converse(
            Transport::Udp,
            [9993, 9993],
            &[(End::Orig, &packet), (End::Resp, &[8; 60])],
        );

        assert_eq!(seen.app.service, "zerotier");
        let [facts] = &seen.transactions("zerotier")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("source"), Some("0102030405"));
        assert_eq!(facts.text("destination"), Some("3a46f1bf30"));
        assert_eq!(facts.text("version"), Some("1.10.2"));
        hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Orig, &packet)]);
    }

    #[test]
    fn an_identity_of_another_address_is_no_hello() {
        let packet = packet([1, 2, 3, 4, 5], [1, 2, 3, 4, 6]);

        assert_eq!(hello(&packet), None);
    }

    proptest! {
        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(hello(&octets), None);
        }
    }
}
