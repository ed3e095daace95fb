//! Link headers: where the network layer begins, and what protocol it is.
//!
//! Sources: IEEE 802.3 and 802.1Q; tcpdump group's LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2,
//! LINKTYPE_NULL and LINKTYPE_LOOP.

use sekisho_model::{FrameBucket, Linktype, MacAddress, limits};

/// EtherType of IPv4.
pub const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;
const RARP: u16 = 0x8035;
const VLAN: u16 = 0x8100;
const PROVIDER_BRIDGE: u16 = 0x88a8;
const VLAN_9100: u16 = 0x9100;
/// Up to here the field is a length and an LLC header follows (IEEE 802.3 section 3.2.6).
const LARGEST_LENGTH: u16 = 1500;
/// EtherTypes of layer 2 control: slow protocols (LACP), LLDP, 802.1X, loop detection.
const CONTROL: [u16; 4] = [0x8809, 0x88cc, 0x888e, 0x9000];

/// What stands between the start of a frame and its network layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// Sender.
    pub source: Option<MacAddress>,
    /// Receiver.
    pub destination: Option<MacAddress>,
    /// Outer VLAN id; a priority tag (id 0) counts as none.
    pub vlan: Option<u16>,
    /// Inner VLAN id of a frame tagged twice.
    pub inner_vlan: Option<u16>,
    /// Octets before the network layer.
    pub header_octets: usize,
}

/// The network layer, or the bucket of a frame that has none we read.
pub enum Network<'a> {
    /// IPv4 or IPv6; the version field of the packet tells which.
    Ip(&'a [u8]),
    /// Something else.
    Other(FrameBucket),
}

/// Reads the link header of a frame.
#[must_use]
pub fn decode(frame: &[u8], linktype: Linktype) -> (Link, Network<'_>) {
    match linktype {
        Linktype::ETHERNET => ethernet(frame),
        Linktype::RAW | Linktype::RAW_12 | Linktype::RAW_14 | Linktype::IPV4 | Linktype::IPV6 => {
            (Link::default(), Network::Ip(frame))
        }
        Linktype::LINUX_SLL => linux_sll(frame),
        Linktype::LINUX_SLL2 => linux_sll2(frame),
        Linktype::NULL | Linktype::LOOP => loopback(frame),
        _ => (Link::default(), Network::Other(FrameBucket::LinktypeUnknown)),
    }
}

fn ethernet(frame: &[u8]) -> (Link, Network<'_>) {
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1], rest)) = frame.split_first_chunk()
    else {
        return (Link::default(), Network::Other(FrameBucket::LinkTruncated));
    };
    let link = Link {
        source: Some(MacAddress([s0, s1, s2, s3, s4, s5])),
        destination: Some(MacAddress([d0, d1, d2, d3, d4, d5])),
        header_octets: 14,
        ..Link::default()
    };
    ethertype(u16::from_be_bytes([t0, t1]), rest, link)
}

/// Follows the EtherType through VLAN tags to the network layer.
fn ethertype(mut kind: u16, mut rest: &[u8], mut link: Link) -> (Link, Network<'_>) {
    let mut tags = 0;
    while matches!(kind, VLAN | PROVIDER_BRIDGE | VLAN_9100) {
        if tags == limits::VLAN_TAGS.default {
            return (link, Network::Other(FrameBucket::OtherEthertype));
        }
        let Some((&[c0, c1, t0, t1], after)) = rest.split_first_chunk() else {
            return (link, Network::Other(FrameBucket::LinkTruncated));
        };
        let id = u16::from_be_bytes([c0, c1]) & 0x0fff;
        if tags == 0 {
            link.vlan = Some(id).filter(|id| *id != 0);
        } else {
            link.inner_vlan = Some(id).filter(|id| *id != 0);
        }
        tags = tags.saturating_add(1);
        link.header_octets = link.header_octets.saturating_add(4);
        (kind, rest) = (u16::from_be_bytes([t0, t1]), after);
    }
    let network = match kind {
        IPV4 | IPV6 => Network::Ip(rest),
        ARP | RARP => Network::Other(FrameBucket::Arp),
        _ if kind <= LARGEST_LENGTH || CONTROL.contains(&kind) => Network::Other(FrameBucket::Control),
        _ => Network::Other(FrameBucket::OtherEthertype),
    };
    (link, network)
}

fn linux_sll(frame: &[u8]) -> (Link, Network<'_>) {
    // Packet type, ARPHRD type, address length, address (8 octets), protocol.
    let Some((&[_, _, _, _, l0, l1, a0, a1, a2, a3, a4, a5, _, _, t0, t1], rest)) = frame.split_first_chunk()
    else {
        return (Link::default(), Network::Other(FrameBucket::LinkTruncated));
    };
    let source = (u16::from_be_bytes([l0, l1]) == 6).then_some(MacAddress([a0, a1, a2, a3, a4, a5]));
    ethertype(
        u16::from_be_bytes([t0, t1]),
        rest,
        Link {
            source,
            header_octets: 16,
            ..Link::default()
        },
    )
}

fn linux_sll2(frame: &[u8]) -> (Link, Network<'_>) {
    // Protocol, reserved, interface index, ARPHRD type, packet type, address length, address.
    let Some((header, rest)) = frame.split_first_chunk::<20>() else {
        return (Link::default(), Network::Other(FrameBucket::LinkTruncated));
    };
    let [
        t0,
        t1,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        length,
        a0,
        a1,
        a2,
        a3,
        a4,
        a5,
        _,
        _,
    ] = *header;
    let source = (length == 6).then_some(MacAddress([a0, a1, a2, a3, a4, a5]));
    ethertype(
        u16::from_be_bytes([t0, t1]),
        rest,
        Link {
            source,
            header_octets: 20,
            ..Link::default()
        },
    )
}

fn loopback(frame: &[u8]) -> (Link, Network<'_>) {
    let Some((&word, rest)) = frame.split_first_chunk::<4>() else {
        return (Link::default(), Network::Other(FrameBucket::LinkTruncated));
    };
    let link = Link {
        header_octets: 4,
        ..Link::default()
    };
    // The byte order is the capturing machine's, which a file does not tell: families are small
    // numbers, so whichever reading is small is right.
    let family = u32::from_be_bytes(word).min(u32::from_le_bytes(word));
    // AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 or 30 on the BSDs. Some systems put
    // an EtherType in its last two octets.
    let [_, _, t0, t1] = word;
    match family {
        2 | 10 | 24 | 28 | 30 => (link, Network::Ip(rest)),
        0..=255 => (link, Network::Other(FrameBucket::OtherEthertype)),
        _ => ethertype(u16::from_be_bytes([t0, t1]), rest, link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(frame: &[u8], linktype: Linktype) -> Option<FrameBucket> {
        match decode(frame, linktype).1 {
            Network::Ip(_) => None,
            Network::Other(bucket) => Some(bucket),
        }
    }

    #[test]
    fn two_vlan_tags_are_read_and_a_fourth_is_refused() {
        let mut frame = vec![0; 12];
        frame.extend([0x88, 0xa8, 0x20, 0x64, 0x81, 0x00, 0x00, 0x0a, 0x08, 0x00, 0x45]);

        let (link, network) = decode(&frame, Linktype::ETHERNET);

        assert_eq!(
            (link.vlan, link.inner_vlan, link.header_octets),
            (Some(100), Some(10), 22)
        );
        assert!(matches!(network, Network::Ip([0x45])));

        let mut deep = vec![0; 12];
        for _ in 0..4 {
            deep.extend([0x81, 0x00, 0x00, 0x01]);
        }
        deep.extend([0x08, 0x00]);
        assert_eq!(
            bucket(&deep, Linktype::ETHERNET),
            Some(FrameBucket::OtherEthertype)
        );
    }

    #[test]
    fn a_priority_tag_names_no_vlan() {
        let mut frame = vec![0; 12];
        frame.extend([0x81, 0x00, 0xe0, 0x00, 0x08, 0x00]);

        assert_eq!(decode(&frame, Linktype::ETHERNET).0.vlan, None);
    }

    #[test]
    fn frames_without_ip_end_in_their_bucket() {
        let with_type = |kind: [u8; 2]| [&[0; 12][..], &kind, &[0; 46]].concat();

        assert_eq!(
            bucket(&with_type([0x08, 0x06]), Linktype::ETHERNET),
            Some(FrameBucket::Arp)
        );
        assert_eq!(
            bucket(&with_type([0x00, 0x26]), Linktype::ETHERNET),
            Some(FrameBucket::Control)
        );
        assert_eq!(
            bucket(&with_type([0x88, 0xcc]), Linktype::ETHERNET),
            Some(FrameBucket::Control)
        );
        assert_eq!(
            bucket(&with_type([0x88, 0xb5]), Linktype::ETHERNET),
            Some(FrameBucket::OtherEthertype)
        );
        assert_eq!(
            bucket(&[0; 13], Linktype::ETHERNET),
            Some(FrameBucket::LinkTruncated)
        );
        assert_eq!(
            bucket(&[0; 60], Linktype(147)),
            Some(FrameBucket::LinktypeUnknown)
        );
    }

    #[test]
    fn loopback_families_are_read_in_either_byte_order() {
        for family in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 10]] {
            assert_eq!(bucket(&family, Linktype::NULL), None);
        }
        assert_eq!(
            bucket(&[7, 0, 0, 0], Linktype::NULL),
            Some(FrameBucket::OtherEthertype)
        );
        assert_eq!(
            bucket(&[2, 0, 0], Linktype::LOOP),
            Some(FrameBucket::LinkTruncated)
        );
    }
}
