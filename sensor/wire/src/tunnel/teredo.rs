//! Teredo: IPv6 in UDP over IPv4.
//!
//! Servers have a port; relays and other clients take any, and are told by an address of the
//! Teredo prefix in an IPv6 packet that fills the datagram exactly.
//! Source: RFC 4380 sections 2.6, 4 and 5.1.1.

use super::{Opened, Tunnel};
use crate::ip::IpPacket;
use crate::link::next::Next;

/// Indicators before the packet.
const ORIGIN: [u8; 2] = [0x00, 0x00];
const AUTHENTICATION: [u8; 2] = [0x00, 0x01];
/// 2001:0000::/32.
const PREFIX: [u8; 4] = [0x20, 0x01, 0x00, 0x00];
/// What hosts and servers call each other before a host has an address of the prefix.
const LINK_LOCAL: [u8; 2] = [0xfe, 0x80];

/// The packet after the indicators, on a server's port.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let packet = packet(payload)?;
    let is_teredo = addresses(packet)?
        .into_iter()
        .any(|address| address.starts_with(&PREFIX) || address.starts_with(&LINK_LOCAL));
    is_teredo.then(|| Opened::new(Tunnel::Teredo, Next::Ip(packet)))
}

/// Whether a datagram that begins with this octet may be one for [`open_anywhere`].
pub(super) const fn is_possible(first: u8) -> bool {
    first >> 4 == 6
}

/// The packet between a client and a relay or another client, on any port.
#[inline]
pub(super) fn open_anywhere<'a>(outer: &IpPacket<'a>) -> Option<Opened<'a>> {
    // Nearly every datagram that is not Teredo's ends here.
    if !is_possible(*outer.payload.first()?) {
        return None;
    }
    let &[_, _, _, _, l0, l1] = outer.payload.first_chunk()?;
    let length = u32::from(u16::from_be_bytes([l0, l1])).saturating_add(40);
    let is_teredo = length == outer.payload_octets
        && addresses(outer.payload)?
            .into_iter()
            .any(|address| address.starts_with(&PREFIX));
    is_teredo.then(|| Opened::new(Tunnel::Teredo, Next::Ip(outer.payload)))
}

/// Both addresses of an IPv6 packet.
fn addresses(packet: &[u8]) -> Option<[&[u8]; 2]> {
    Some([packet.get(8..24)?, packet.get(24..40)?])
}

fn packet(payload: &[u8]) -> Option<&[u8]> {
    let mut rest = payload;
    if let Some(authentication) = rest.strip_prefix(&AUTHENTICATION) {
        // Lengths of the client's name and of the value; both, a nonce and a confirmation follow.
        let &[name, value] = authentication.first_chunk()?;
        let length = usize::from(name).saturating_add(usize::from(value));
        rest = authentication.get(length.saturating_add(2 + 8 + 1)..)?;
    }
    if let Some(origin) = rest.strip_prefix(&ORIGIN) {
        rest = origin.get(6..)?;
    }
    (rest.first()? >> 4 == 6).then_some(rest)
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, IPV6_UDP, names, udp};

    use super::*;

    /// From a real capture: no name, no value, nonce, confirmation; then the client's port and
    /// address, obscured.
    const AUTHENTICATED: [u8; 13] = [
        0x00, 0x01, 0x00, 0x00, 0xcd, 0x56, 0x69, 0x40, 0x0b, 0x22, 0xdf, 0x88, 0x00,
    ];
    const FROM: [u8; 8] = [0x00, 0x00, 0x7f, 0x7b, 0xac, 0x55, 0xfe, 0xd9];

    /// A packet with an address of the prefix.
    fn teredo() -> Vec<u8> {
        let mut packet = IPV6_UDP.to_vec();
        packet[24..28].copy_from_slice(&PREFIX);
        packet
    }

    #[test]
    fn indicators_are_passed_over_on_a_servers_port() {
        for indicators in [
            &[][..],
            &AUTHENTICATED,
            &FROM,
            &[&AUTHENTICATED[..], &FROM].concat(),
        ] {
            let payload = [indicators, &teredo()].concat();
            assert_eq!(names(&udp(3544, &payload)), [Tunnel::Teredo]);
        }
        let mut solicitation = IPV6_UDP;
        solicitation[8..10].copy_from_slice(&LINK_LOCAL);
        assert_eq!(names(&udp(3544, &solicitation)), [Tunnel::Teredo]);
    }

    #[test]
    fn other_packets_on_a_servers_port_stay_closed() {
        assert_eq!(names(&udp(3544, &IPV4_UDP)), []);
        assert_eq!(names(&udp(3544, &IPV6_UDP)), []);
        assert_eq!(names(&udp(3544, &AUTHENTICATED)), []);
    }

    #[test]
    fn a_relay_is_known_by_the_prefix_on_any_port() {
        let mut packet = teredo();
        assert_eq!(names(&udp(40_000, &packet)), [Tunnel::Teredo]);
        assert_eq!(names(&udp(40_000, &IPV6_UDP)), []);

        packet.push(0);
        assert_eq!(names(&udp(40_000, &packet)), []);
    }
}
