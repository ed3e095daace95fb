//! EtherTypes: what they lead to, through every kind of tag.
//!
//! Sources: IANA "IEEE 802 Numbers"; IEEE 802.1Q section 9, 802.1BR section 11.1.2 (E-TAG), IEC
//! 62439-3 (HSR); Cisco's VN-TAG and CMD as Wireshark reads them.

use sekisho_model::{FrameBucket, limits};

use super::next::Next;
use super::{LARGEST_LENGTH, Link, LocalFrame, LocalKind};

/// EtherType of IPv4.
pub const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const IPV6: u16 = 0x86dd;
/// EtherType of a customer's VLAN tag (802.1Q).
pub const VLAN: u16 = 0x8100;
/// EtherType of a provider's VLAN tag (802.1ad).
pub const PROVIDER_BRIDGE: u16 = 0x88a8;
/// EtherType of bridged Ethernet, in GRE and GENEVE (RFC 1701).
pub(crate) const BRIDGED: u16 = 0x6558;
const ARP: u16 = 0x0806;
const RARP: u16 = 0x8035;
const LLDP: u16 = 0x88cc;
const VLAN_9100: u16 = 0x9100;
const VLAN_9200: u16 = 0x9200;
const MPLS: u16 = 0x8847;
const MPLS_UPSTREAM: u16 = 0x8848;
const PPPOE_DISCOVERY: u16 = 0x8863;
const PPPOE_SESSION: u16 = 0x8864;
const JUMBO_LLC: u16 = 0x8870;
const BACKBONE: u16 = 0x88e7;
const NSH: u16 = 0x894f;
/// Layer 2 control: flow control, slow protocols (LACP), LLDP, 802.1X, MRP (IEC 62439-2), MVRP, MMRP,
/// CFM, loop detection.
const CONTROL: [u16; 9] = [
    0x8808, 0x8809, LLDP, 0x888e, 0x88e3, 0x88f5, 0x88f6, 0x8902, 0x9000,
];

/// What follows an EtherType.
enum Kind {
    /// A tag: octets before the next EtherType, and whether they name a VLAN.
    Tag(usize, bool),
    /// Something that is no tag.
    Payload,
}

const fn kind(ethertype: u16) -> Kind {
    match ethertype {
        VLAN | PROVIDER_BRIDGE | VLAN_9100 | VLAN_9200 => Kind::Tag(2, true),
        // HSR, VN-TAG.
        0x892f | 0x8926 => Kind::Tag(4, false),
        // E-TAG, CMD.
        0x893f | 0x8909 => Kind::Tag(6, false),
        _ => Kind::Payload,
    }
}

/// Follows an EtherType, or the length that stands in its place, to what it announces.
pub(super) fn read<'a>(mut ethertype: u16, mut rest: &'a [u8], link: &mut Link) -> Next<'a> {
    let (mut tags, mut vlans) = (0, 0_u8);
    while let Kind::Tag(octets, is_vlan) = kind(ethertype) {
        if tags == limits::VLAN_TAGS.default {
            return Next::Other(FrameBucket::LinkDepth, rest);
        }
        let Some((tag, after)) = rest.split_at_checked(octets) else {
            return Next::Other(FrameBucket::LinkTruncated, rest);
        };
        let Some((&next, after)) = after.split_first_chunk() else {
            return Next::Other(FrameBucket::LinkTruncated, rest);
        };
        if let (true, Some(control)) = (is_vlan, tag.first_chunk()) {
            let id = Some(u16::from_be_bytes(*control) & 0x0fff).filter(|id| *id != 0);
            if vlans == 0 {
                link.vlan = id;
            } else {
                link.inner_vlan = id;
            }
            vlans = vlans.saturating_add(1);
        }
        tags = tags.saturating_add(1);
        (ethertype, rest) = (u16::from_be_bytes(next), after);
    }
    match ethertype {
        IPV4 | IPV6 => Next::Ip(rest),
        ARP | RARP => Next::Local(LocalFrame {
            kind: LocalKind::Arp,
            octets: rest,
        }),
        LLDP => Next::Local(LocalFrame {
            kind: LocalKind::Lldp,
            octets: rest,
        }),
        MPLS | MPLS_UPSTREAM => Next::Mpls(rest),
        PPPOE_SESSION => Next::Pppoe(rest),
        BRIDGED => Next::Ethernet(rest),
        NSH => Next::Nsh(rest),
        BACKBONE => match rest.split_at_checked(4) {
            // The service tag; the customer's frame follows (802.1ah).
            Some((_, customer)) => Next::Ethernet(customer),
            None => Next::Other(FrameBucket::LinkTruncated, rest),
        },
        JUMBO_LLC | 0..=LARGEST_LENGTH => Next::Llc(rest),
        PPPOE_DISCOVERY => Next::Other(FrameBucket::Control, rest),
        _ if CONTROL.contains(&ethertype) => Next::Other(FrameBucket::Control, rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

/// Whether octets can be what an EtherType announces; for places where nothing else says that a
/// frame is Ethernet.
pub(super) fn is_plausible(ethertype: u16, rest: &[u8]) -> bool {
    let version = rest.first().map(|octet| octet >> 4);
    match ethertype {
        IPV4 => version == Some(4),
        IPV6 => version == Some(6),
        ARP | RARP | MPLS | MPLS_UPSTREAM | PPPOE_DISCOVERY | PPPOE_SESSION | BACKBONE => true,
        // STP, SNAP and IS-IS; other service access points are rare where this is asked.
        0..=LARGEST_LENGTH => {
            usize::from(ethertype) <= rest.len()
                && matches!(rest, [0x42, 0x42, ..] | [0xaa, 0xaa, ..] | [0xfe, 0xfe, ..])
        }
        _ => CONTROL.contains(&ethertype) || matches!(kind(ethertype), Kind::Tag(..)),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode};
    use super::*;

    fn tagged(tags: &[&[u8]]) -> (Link, Option<FrameBucket>) {
        let mut frame = vec![0; 12];
        for tag in tags {
            frame.extend(*tag);
        }
        frame.extend([0x08, 0x00, 0x45]);
        let (link, network) = decode(&frame, Linktype::ETHERNET);
        match network {
            Network::Ip(packet) => {
                assert_eq!(packet, [0x45]);
                (link, None)
            }
            Network::Other(bucket, _) => (link, Some(bucket)),
        }
    }

    #[test]
    fn vlan_tags_are_read_to_the_limit() {
        let (link, bucket) = tagged(&[&[0x88, 0xa8, 0x20, 0x64], &[0x81, 0x00, 0x00, 0x0a]]);
        assert_eq!(
            (link.vlan, link.inner_vlan, link.header_octets, bucket),
            (Some(100), Some(10), 22, None)
        );

        let tag: &[u8] = &[0x91, 0x00, 0x00, 0x01];
        assert_eq!(tagged(&[tag; 3]).1, None);
        assert_eq!(tagged(&[tag; 4]).1, Some(FrameBucket::LinkDepth));
    }

    #[test]
    fn a_priority_tag_names_no_vlan() {
        assert_eq!(tagged(&[&[0x81, 0x00, 0xe0, 0x00]]).0.vlan, None);
    }

    #[test]
    fn other_tags_are_passed_over() {
        let redundancy: &[u8] = &[0x89, 0x2f, 0x00, 0x32, 0x00, 0x01];
        let (link, bucket) = tagged(&[redundancy, &[0x81, 0x00, 0x00, 0x0a]]);

        assert_eq!((link.vlan, bucket, link.header_octets), (Some(10), None, 24));
        assert_eq!(tagged(&[&[0x89, 0x3f, 0, 0, 0, 0, 0, 0]]).1, None);
    }

    #[test]
    fn frames_without_ip_end_in_their_bucket() {
        let bucket = |kind: [u8; 2]| {
            let frame = [&[0; 12][..], &kind, &[0; 46]].concat();
            match decode(&frame, Linktype::ETHERNET).1 {
                Network::Ip(_) => None,
                Network::Other(bucket, _) => Some(bucket),
            }
        };

        assert_eq!(bucket([0x08, 0x06]), Some(FrameBucket::Arp));
        assert_eq!(bucket([0x00, 0x26]), Some(FrameBucket::Control));
        assert_eq!(bucket([0x88, 0xcc]), Some(FrameBucket::Control));
        assert_eq!(bucket([0x88, 0x63]), Some(FrameBucket::Control));
        assert_eq!(bucket([0x88, 0xb5]), Some(FrameBucket::OtherEthertype));
    }

    #[test]
    fn a_backbone_frame_is_read_as_the_customers() {
        let mut frame = vec![9; 12];
        frame.extend([0x88, 0xe7, 0x00, 0x00, 0x10, 0x01]);
        frame.extend([0x33; 6]);
        frame.extend([0x44; 6]);
        frame.extend([0x86, 0xdd, 0x60]);

        let (link, network) = decode(&frame, Linktype::ETHERNET);

        assert_eq!(link.source.map(|mac| mac.0), Some([0x44; 6]));
        assert!(matches!(network, Network::Ip([0x60])));
    }
}
