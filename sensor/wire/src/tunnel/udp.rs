//! Tunnels over UDP: which header to look for behind a port.

use super::{Carried, Opened, Trust, Tunnel, geneve, gtp, inner, l2tp, teredo, vxlan};
use crate::ip::IpPacket;
use crate::link::next::Next;

/// Reads a tunnel's header.
pub(super) type Reader = fn(&[u8]) -> Option<Opened<'_>>;

/// The packet that a datagram carries. Either port may be the tunnel's: answers and translated
/// addresses turn them round.
#[inline]
pub(super) fn open<'a>(outer: &IpPacket<'a>) -> Option<Carried<'a>> {
    for port in [outer.destination_port, outer.source_port] {
        if let Some(read) = reader(port)
            && let Some(opened) = read(outer.payload)
            && let Some(found) = inner(outer, &opened, Trust::Port)
        {
            return Some(found);
        }
    }
    inner(outer, &teredo::open_anywhere(outer)?, Trust::Port)
}

/// Who reads the datagrams of a port (IANA "Service Name and Transport Protocol Port Number
/// Registry"; 8472 is what Linux took for VXLAN before there was one).
#[inline]
pub(super) fn reader(port: u16) -> Option<Reader> {
    // Most ports are below them all or above.
    if !(1701..=8472).contains(&port) {
        return None;
    }
    match port {
        1701 => Some(l2tp::open),
        2152 => Some(gtp::open),
        3544 => Some(teredo::open),
        4789 | 8472 => Some(vxlan::open),
        4790 => Some(vxlan::open_gpe),
        6081 => Some(geneve::open),
        6635 => Some(mpls),
        _ => None,
    }
}

/// MPLS in UDP (RFC 7510 section 3) has no header of its own.
fn mpls(payload: &[u8]) -> Option<Opened<'_>> {
    Some(Opened::new(Tunnel::Mpls, Next::Mpls(payload)))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, ethernet, names, udp};

    use super::*;

    #[test]
    fn labels_in_a_datagram_are_read() {
        let payload = [&[0x00, 0x01, 0x01, 0x40][..], &IPV4_UDP].concat();

        assert_eq!(names(&udp(6635, &payload)), [Tunnel::Mpls]);
    }

    #[test]
    fn a_port_alone_is_no_tunnel() {
        for port in 0..=u16::MAX {
            if reader(port).is_some() {
                assert_eq!(names(&udp(port, &[0; 64])), [], "{port}");
                assert_eq!(names(&udp(port, &IPV4_UDP)), [], "{port}");
            }
        }
    }

    #[test]
    fn a_packet_that_does_not_fill_what_carries_it_is_not_believed() {
        let label = [0x00, 0x01, 0x01, 0x40];
        for length in [31, 33] {
            let mut payload = [&label[..], &IPV4_UDP].concat();
            payload[4 + 3] = length;

            assert_eq!(names(&udp(6635, &payload)), []);
        }
    }

    #[test]
    fn a_frame_may_be_padded() {
        let payload = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet(), &[0; 14]].concat();

        assert_eq!(names(&udp(4789, &payload)), [Tunnel::Vxlan]);
    }

    #[test]
    fn a_first_fragment_is_opened_and_a_later_one_is_not() {
        let whole = udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet()].concat());
        let mut first = whole;
        first[6] = 0x20;
        assert_eq!(names(&first), [Tunnel::Vxlan]);

        first[7] = 1;
        assert_eq!(names(&first), []);
    }
}
