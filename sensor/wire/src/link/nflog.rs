//! The Linux netfilter log: attributes, one of which is the packet.
//!
//! Source: LINKTYPE_NFLOG of the tcpdump group; `linux/netfilter/nfnetlink_log.h`.

use sekisho_model::{FrameBucket, MacAddress};

use super::next::Next;
use super::{Link, LocalFrame, LocalKind};

/// Address family of ARP messages, which have a log of their own.
const ARP: u8 = 3;
/// Attribute with the sender's hardware address.
const HARDWARE_ADDRESS: u16 = 8;
/// Attribute with the packet.
const PAYLOAD: u16 = 9;
/// Octets of an attribute's length and type.
const HEADER: usize = 4;

/// Reads attributes until the packet.
pub(super) fn read<'a>(frame: &'a [u8], link: &mut Link) -> Next<'a> {
    // Family, version, resource.
    let Some((&[family, _, _, _], mut rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    while let Some((length, kind)) = attribute(rest) {
        let body = rest.get(HEADER..length.min(rest.len())).unwrap_or_default();
        match kind {
            PAYLOAD if family == ARP => {
                return Next::Local(LocalFrame {
                    kind: LocalKind::Arp,
                    octets: body,
                });
            }
            PAYLOAD => return Next::Ip(body),
            HARDWARE_ADDRESS => link.source = hardware_address(body),
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Next::Other(FrameBucket::LinkTruncated, rest)
}

/// Length, header included, and type of an attribute.
fn attribute(octets: &[u8]) -> Option<(usize, u16)> {
    let &[l0, l1, t0, t1] = octets.first_chunk()?;
    // The byte order is the capturing machine's and a type is a small number, so the reading with
    // the small type is right. The upper bits are flags of netlink.
    let (little, big) = (u16::from_le_bytes([t0, t1]), u16::from_be_bytes([t0, t1]));
    let (length, kind) = if little & 0x3fff <= big & 0x3fff {
        (u16::from_le_bytes([l0, l1]), little & 0x3fff)
    } else {
        (u16::from_be_bytes([l0, l1]), big & 0x3fff)
    };
    let length = usize::from(length);
    (length >= HEADER).then_some((length, kind))
}

/// Address length, padding, address.
fn hardware_address(body: &[u8]) -> Option<MacAddress> {
    match body.first_chunk() {
        Some(&[0, 6, _, _, a0, a1, a2, a3, a4, a5]) => Some(MacAddress([a0, a1, a2, a3, a4, a5])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode, ip_of};
    use super::*;

    /// The beginning of a real capture: mark, prefix, time, packet.
    const LOGGED: [u8; 50] = [
        0x02, 0x00, 0x00, 0x2a, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x05, 0x00, 0x0a, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x08, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x0b, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x08, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x09, 0x00, 0x45, 0x00,
    ];

    #[test]
    fn the_packet_is_found_among_the_attributes() {
        assert_eq!(ip_of(&LOGGED, Linktype::NFLOG), Ok(&[0x45, 0x00][..]));
        assert_eq!(
            ip_of(&LOGGED[..40], Linktype::NFLOG),
            Err(FrameBucket::LinkTruncated)
        );
    }

    #[test]
    fn the_other_byte_order_and_the_senders_address_are_read() {
        let frame = [
            2, 0, 0, 0, 0, 16, 0, 8, 0, 6, 0, 0, 2, 3, 4, 5, 6, 7, 0, 0, 0, 5, 0, 9, 0x45,
        ];

        let (link, network) = decode(&frame, Linktype::NFLOG);

        assert!(matches!(network, Network::Ip([0x45])));
        assert_eq!(link.source, Some(MacAddress([2, 3, 4, 5, 6, 7])));
        assert_eq!(link.header_octets, 24);
    }

    #[test]
    fn attributes_without_length_come_to_an_end() {
        assert_eq!(
            ip_of(&[0; 4000], Linktype::NFLOG),
            Err(FrameBucket::LinkTruncated)
        );
    }
}
