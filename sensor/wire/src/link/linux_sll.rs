//! Linux cooked captures, version 1 and 2: what the `any` interface gives.
//!
//! Sources: LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 of the tcpdump group.

use sekisho_model::{FrameBucket, MacAddress};

use super::next::Next;
use super::{LARGEST_LENGTH, Link};

/// Length of an address that is a MAC address.
const MAC_OCTETS: u8 = 6;
/// Protocol of frames that begin with an LLC header; the other small numbers are not Ethernet's.
const LLC: u16 = 4;

/// Reads version 1: packet type, hardware type, address length, address, protocol.
pub(super) fn read<'a>(frame: &'a [u8], link: &mut Link) -> Next<'a> {
    let Some((&[_, _, _, _, _, length, a0, a1, a2, a3, a4, a5, _, _, t0, t1], rest)) =
        frame.split_first_chunk()
    else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    link.source = (length == MAC_OCTETS).then_some(MacAddress([a0, a1, a2, a3, a4, a5]));
    protocol(u16::from_be_bytes([t0, t1]), rest)
}

/// Reads version 2: protocol, reserved, interface, hardware type, packet type, address length,
/// address.
pub(super) fn read_2<'a>(frame: &'a [u8], link: &mut Link) -> Next<'a> {
    let Some((&[t0, t1, _, _, _, _, _, _, _, _, _, length], rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let Some((&[a0, a1, a2, a3, a4, a5, _, _], rest)) = rest.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    link.source = (length == MAC_OCTETS).then_some(MacAddress([a0, a1, a2, a3, a4, a5]));
    protocol(u16::from_be_bytes([t0, t1]), rest)
}

fn protocol(number: u16, rest: &[u8]) -> Next<'_> {
    match number {
        LLC => Next::Llc(rest),
        0..=LARGEST_LENGTH => Next::Other(FrameBucket::OtherEthertype, rest),
        _ => Next::Ethertype(number, rest),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode, ip_of};
    use super::*;

    #[test]
    fn version_1_has_the_sender() {
        let mut frame = [0, 0, 0, 1, 0, 6, 2, 3, 4, 5, 6, 7, 0, 0, 0x08, 0x00, 0x45];

        let (link, network) = decode(&frame, Linktype::LINUX_SLL);

        assert!(matches!(network, Network::Ip([0x45])));
        assert_eq!(link.source, Some(MacAddress([2, 3, 4, 5, 6, 7])));
        assert_eq!((link.destination, link.header_octets), (None, 16));

        frame[14..16].copy_from_slice(&[0, 4]);
        assert_eq!(
            ip_of(&frame, Linktype::LINUX_SLL),
            Err(FrameBucket::LinkTruncated)
        );
    }

    #[test]
    fn version_2_is_read() {
        // From a real capture: an echo request on the loopback interface.
        let frame = [
            0x08, 0x00, 0, 0, 0, 0, 0, 1, 0x03, 0x04, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x45, 0x00,
        ];

        assert_eq!(ip_of(&frame, Linktype::LINUX_SLL2), Ok(&[0x45, 0x00][..]));
        assert_eq!(
            ip_of(&frame[..19], Linktype::LINUX_SLL2),
            Err(FrameBucket::LinkTruncated)
        );
    }
}
