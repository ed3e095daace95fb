//! SoftEther VPN's NAT traversal, by which a server behind a router is found.
//!
//! Source: nDPI's `softether.c`; SoftEther VPN's `Network.c` and `Pack.c`. A server asks for its
//! address by the one octet `A` and hears `IP=192.0.2.7,PORT=50000`; the rest are packs: a count of
//! elements, each with a name (length with the final zero, then the letters), a type, a count of
//! values, and the values. The VPN itself is HTTPS to whoever looks on.

use std::net::IpAddr;

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Names of elements of which a pack of NAT traversal has at least one.
const NAMES: [&[u8]; 3] = [b"host_name", b"ddns_fqdn", b"nat_t_get_ip"];
/// Elements of a pack, and values of an element.
const MAX_COUNT: u32 = 64;
/// Octets of a name.
const MAX_NAME: usize = 64;
/// Messages of a flow that are looked at.
const MAX_MESSAGES: u8 = 16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "softether",
    title: "SoftEther VPN (NAT traversal)",
    transports: &[Transport::Udp],
    ports: &[5004],
    kin: &["rtp"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "ip",
        FactKind::Text,
        "外から見えるアドレス",
        "Address seen outside",
    ),
    row(
        "port",
        FactKind::Number,
        "外から見えるポート",
        "Port seen outside",
    ),
    row("host_name", FactKind::Text, "ホスト名", "Host name"),
    row("ddns_fqdn", FactKind::Text, "DDNS の名前", "Name in dynamic DNS"),
];

/// `IP=192.0.2.7,PORT=50000`, and nothing else.
fn address(octets: &[u8]) -> Option<(IpAddr, u16)> {
    let words = std::str::from_utf8(octets.strip_prefix(b"IP=")?).ok()?;
    let (address, port) = words.split_once(",PORT=")?;
    let is_number = !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit());
    Some((address.parse().ok()?, is_number.then(|| port.parse().ok())??))
}

/// What of a pack is kept.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pack<'a> {
    host_name: Option<&'a [u8]>,
    ddns_fqdn: Option<&'a [u8]>,
}

/// Reads a pack that fills its datagram and has one of the names.
fn pack(octets: &[u8]) -> Option<Pack<'_>> {
    let mut octets = Octets(octets);
    let count = octets.be32().filter(|count| (1..=MAX_COUNT).contains(count))?;
    let (mut pack, mut is_known) = (Pack::default(), false);
    for _ in 0..count {
        let name = usize::try_from(octets.be32()?).ok()?.checked_sub(1)?;
        let name = octets.take(name).filter(|name| name.len() <= MAX_NAME)?;
        is_known |= NAMES.contains(&name);
        let kind = octets.be32()?;
        for _ in 0..octets.be32().filter(|count| *count <= MAX_COUNT)? {
            let value = match kind {
                0 => octets.take(4)?,
                4 => octets.take(8)?,
                1..=3 => {
                    let len = usize::try_from(octets.be32()?).ok()?;
                    octets.take(len)?
                }
                _ => return None,
            };
            match name {
                b"host_name" if kind == 2 => pack.host_name = Some(value),
                b"ddns_fqdn" if kind == 2 => pack.ddns_fqdn = Some(value),
                _ => {}
            }
        }
    }
    (is_known && octets.is_empty()).then_some(pack)
}

fn probe(hint: &Hint<'_>) -> Probe {
    match hint.octets {
        b"A" => Probe::Likely,
        octets if address(octets).is_some() || pack(octets).is_some() => Probe::Sure,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(SoftEther { messages: 0 })
}

struct SoftEther {
    messages: u8,
}

impl Parser for SoftEther {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.messages = self.messages.saturating_add(1);
        let mut facts = Facts::new();
        if let Some((address, port)) = address(chunk.octets) {
            facts.put("ip", address.to_string()).put("port", port);
        } else if let Some(pack) = pack(chunk.octets) {
            facts
                .put_some("host_name", pack.host_name.map(text::of))
                .put_some("ddns_fqdn", pack.ddns_fqdn.map(text::of));
            if let Some(name) = pack.host_name {
                sheet.essential(Essential::ClientHost, text::of(name), "softether.host_name");
            }
        } else if chunk.octets != b"A" && self.messages <= 2 {
            // Nothing but a letter came before.
            return Read::NotMine;
        }
        if !facts.is_empty() {
            sheet.transaction(chunk.at, facts);
        }
        if self.messages >= MAX_MESSAGES {
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::app::Essential;

    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// An element by Pack.c: name, type 2 (string), one value.
    fn element(name: &str, value: &str) -> Vec<u8> {
        let length = |len: usize| u32::try_from(len).unwrap().to_be_bytes();
        [
            &length(name.len() + 1)[..],
            name.as_bytes(),
            &[0, 0, 0, 2, 0, 0, 0, 1],
            &length(value.len()),
            value.as_bytes(),
        ]
        .concat()
    }

    #[test]
    fn an_address_that_is_asked_for_and_told_is_one() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, b"A"), (End::Resp, b"IP=192.0.2.7,PORT=50000")];

        let whole = test::converse(Transport::Udp, [40_000, 5004], chunks);
        let elsewhere = test::converse(Transport::Udp, [40_000, 9], chunks);

        for seen in [whole, elsewhere] {
            assert_eq!(seen.app.service, "softether");
            assert_eq!(seen.app.get(Essential::Application), Some("softether"));
            let [facts] = &seen.transactions("softether")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(
                (facts.text("ip"), facts.number("port")),
                (Some("192.0.2.7"), Some(50_000))
            );
        }
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn a_pack_names_the_host() {
        let pack = [
            &[0, 0, 0, 2][..],
            &element("ddns_fqdn", "vpn1.softether.net"),
            &element("host_name", "VPNPC"),
        ]
        .concat();

        let seen = test::converse(Transport::Udp, [40_000, 9], &[(End::Orig, &pack)]);

        assert_eq!(seen.app.service, "softether");
        assert_eq!(seen.app.get(Essential::ClientHost), Some("VPNPC"));
        assert_eq!(
            seen.transactions("softether")[0].text("ddns_fqdn"),
            Some("vpn1.softether.net")
        );
        hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Orig, &pack)]);
    }

    #[test]
    fn words_that_only_begin_alike_are_none() {
        for octets in [
            "IP=192.0.2.7,PORT=",
            "IP=192.0.2.7,PORT=70000",
            "IP=192.0.2.7,PORT=1\n",
            "IP=x,PORT=1",
        ] {
            assert_eq!(address(octets.as_bytes()), None, "{octets}");
        }
        let seen = test::converse(
            Transport::Udp,
            [40_000, 5004],
            &[(End::Orig, b"A"), (End::Resp, b"B")],
        );
        assert_eq!(seen.app.service, "");
    }

    proptest! {
        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 2..300)) {
            prop_assert!(address(&octets).is_none() && pack(&octets).is_none());
        }
    }
}
