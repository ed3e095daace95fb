//! IP in IP: four combinations of versions, without a header between them.
//!
//! Sources: RFC 2003 section 3, RFC 4213 section 3, RFC 2473 section 3.

use super::{IPV4, IPV6, Opened, Tunnel};
use crate::ip::IpPacket;
use crate::link::next::Next;

/// The packet, if it is of the version that the protocol number says.
pub(super) fn open<'a>(outer: &IpPacket<'a>) -> Option<Opened<'a>> {
    let version = outer.payload.first()? >> 4;
    let tunnel = match (outer.protocol, version, outer.source.is_ipv4()) {
        (IPV4, 4, true) | (IPV6, 6, false) => Tunnel::IpInIp,
        (IPV4, 4, false) => Tunnel::FourInSix,
        (IPV6, 6, true) => Tunnel::SixInFour,
        _ => return None,
    };
    Some(Opened::new(tunnel, Next::Ip(outer.payload)))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, IPV6_UDP, ipv4, ipv6, names};

    use super::*;

    #[test]
    fn each_combination_has_its_name() {
        assert_eq!(names(&ipv4(4, &IPV4_UDP)), [Tunnel::IpInIp]);
        assert_eq!(names(&ipv4(41, &IPV6_UDP)), [Tunnel::SixInFour]);
        assert_eq!(names(&ipv6(4, &IPV4_UDP)), [Tunnel::FourInSix]);
        assert_eq!(names(&ipv6(41, &IPV6_UDP)), [Tunnel::IpInIp]);
    }

    #[test]
    fn another_version_than_the_number_says_is_no_packet() {
        assert_eq!(names(&ipv4(4, &IPV6_UDP)), []);
        assert_eq!(names(&ipv6(41, &[])), []);
    }
}
