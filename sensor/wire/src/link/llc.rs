//! Logical link control and the subnetwork access protocol.
//!
//! Sources: IEEE 802.2 section 3; IEEE 802 section 9.5 (SNAP); RFC 1042; Cisco's protocol numbers
//! as Wireshark reads them.

use sekisho_model::FrameBucket;

use super::next::Next;
use super::{LocalFrame, LocalKind};

/// Service access point of IP (RFC 948 names its use in LLC).
const IP: u8 = 0x06;
/// Control field of unnumbered information.
const UNNUMBERED: u8 = 0x03;
/// Organisation and number of the Cisco Discovery Protocol.
const CISCO: [u8; 3] = [0x00, 0x00, 0x0c];
const CDP: u16 = 0x2000;

/// Reads an LLC header.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some((&[destination, source, control], rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    match (destination, source, control) {
        (0xaa, 0xaa, UNNUMBERED) => snap(rest),
        (IP, IP, UNNUMBERED) => Next::Ip(rest),
        // STP, IS-IS, NetBIOS, Novell's frames that begin with ff ff: none carries IP.
        _ => Next::Other(FrameBucket::Control, rest),
    }
}

fn snap(frame: &[u8]) -> Next<'_> {
    let Some((&[o0, o1, o2, p0, p1], rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let protocol = u16::from_be_bytes([p0, p1]);
    match ([o0, o1, o2], protocol) {
        // RFC 1042, and the tunnel through bridges of IEEE 802.1H. A length is no EtherType here.
        ([0, 0, 0] | [0, 0, 0xf8], 0x0600..) => Next::Ethertype(protocol, rest),
        // Bridged Ethernet with and without its check sequence (RFC 2684 section 5.3).
        ([0x00, 0x80, 0xc2], 0x0001 | 0x0007) => Next::Ethernet(rest.get(2..).unwrap_or_default()),
        (CISCO, CDP) => Next::Local(LocalFrame {
            kind: LocalKind::Cdp,
            octets: rest,
        }),
        // VTP, DTP, UDLD and the like.
        _ => Next::Other(FrameBucket::Control, rest),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    fn ethernet(body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap();
        [&[1; 12][..], &[0, length], body].concat()
    }

    #[test]
    fn snap_leads_to_ip() {
        let frame = ethernet(&[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45]);

        assert_eq!(ip_of(&frame, Linktype::ETHERNET), Ok(&[0x45][..]));
    }

    /// A topology message from a real capture, and the beginning of one of CDP's.
    #[test]
    fn bridges_talking_among_themselves_are_control() {
        let spanning_tree = [
            0x42, 0x42, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0xe8, 0xde, 0x27, 0xff, 0xc0, 0x78,
        ];
        let discovery = [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0x00, 0x02, 0xb4];

        for body in [&spanning_tree[..], &discovery] {
            assert_eq!(
                ip_of(&ethernet(body), Linktype::ETHERNET),
                Err(FrameBucket::Control)
            );
        }
        assert_eq!(
            ip_of(&ethernet(&[0xaa, 0xaa, 3, 0]), Linktype::ETHERNET),
            Err(FrameBucket::LinkTruncated)
        );
    }
}
