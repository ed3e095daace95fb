//! MPLS label stacks, down to IP or to the Ethernet frame of a pseudowire.
//!
//! A stack does not say what it carries. The first four bits do, where people kept to RFC 4928:
//! 4 and 6 are IP, 0 is the control word of a pseudowire (RFC 4385 section 3), 1 its associated
//! channel. A pseudowire without control word begins with a MAC address, which may begin with any
//! of these; then the IP header's checksum, or the EtherType, decides.
//! Source: RFC 3032 section 2.1.

use sekisho_model::{FrameBucket, limits};

use super::ethernet;
use super::next::Next;

/// Reads a label stack.
pub(super) fn read(stack: &[u8]) -> Next<'_> {
    let mut rest = stack;
    for _ in 0..limits::MPLS_LABELS.default {
        let Some((&[_, _, bottom, _], after)) = rest.split_first_chunk() else {
            return Next::Other(FrameBucket::LinkTruncated, rest);
        };
        rest = after;
        if bottom & 1 != 0 {
            return payload(rest);
        }
    }
    Next::Other(FrameBucket::LinkDepth, rest)
}

fn payload(octets: &[u8]) -> Next<'_> {
    let Some(first) = octets.first() else {
        return Next::Other(FrameBucket::IpTruncated, octets);
    };
    let is_frame = ethernet::is_plausible(octets);
    match first >> 4 {
        4 if !is_frame || has_checksum(octets) => Next::Ip(octets),
        6 if !is_frame || has_length(octets) => Next::Ip(octets),
        0 if octets.get(4..).is_some_and(ethernet::is_plausible) => {
            Next::Ethernet(octets.get(4..).unwrap_or_default())
        }
        _ if is_frame => Next::Ethernet(octets),
        1 => Next::Other(FrameBucket::Control, octets),
        _ => Next::Other(FrameBucket::OtherEthertype, octets),
    }
}

/// Whether the checksum of an IPv4 header is right (RFC 791 section 3.1).
fn has_checksum(packet: &[u8]) -> bool {
    let length = packet
        .first()
        .map_or(0, |octet| usize::from(octet & 0xf).saturating_mul(4));
    let header = packet.get(..length).filter(|header| header.len() >= 20);
    let sum = header
        .unwrap_or_default()
        .chunks_exact(2)
        .fold(0_u32, |sum, pair| {
            sum.saturating_add(u32::from(pair.try_into().map_or(0, u16::from_be_bytes)))
        });
    sum != 0 && (sum & 0xffff).saturating_add(sum >> 16) == 0xffff
}

/// Whether the length field of an IPv6 header says what is there (RFC 8200 section 3).
fn has_length(packet: &[u8]) -> bool {
    let &[_, _, _, _, l0, l1] = packet.first_chunk().unwrap_or(&[0; 6]);
    usize::from(u16::from_be_bytes([l0, l1])).checked_add(40) == Some(packet.len())
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode, ip_of};
    use super::*;

    /// Ethernet, a priority tag and one or two labels, as a real capture has them.
    const ONE_LABEL: [u8; 44] = [
        0x00, 0x08, 0xe3, 0x41, 0x41, 0x41, 0x00, 0x08, 0xe3, 0x41, 0x41, 0x41, 0x81, 0x00, 0x00, 0x00, 0x88,
        0x47, 0x03, 0xee, 0xa1, 0x2c, 0x45, 0x00, 0x05, 0xdc, 0x39, 0x70, 0x40, 0x00, 0x30, 0x06, 0x50, 0x44,
        0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x00, 0x50,
    ];
    const TWO_LABELS: [u8; 8] = [0x00, 0x0f, 0xe0, 0x3c, 0x00, 0x06, 0x31, 0x3c];

    fn labelled(labels: &[u8], payload: &[u8]) -> Vec<u8> {
        [&[1; 12][..], &[0x88, 0x47], labels, payload].concat()
    }

    #[test]
    fn labels_in_a_vlan_lead_to_ip() {
        let (link, network) = decode(&ONE_LABEL, Linktype::ETHERNET);

        assert!(matches!(network, Network::Ip(packet) if packet == &ONE_LABEL[22..]));
        assert_eq!((link.vlan, link.header_octets), (None, 22));

        let frame = labelled(&TWO_LABELS, &[0x45, 0x00]);
        assert_eq!(ip_of(&frame, Linktype::ETHERNET), Ok(&[0x45, 0x00][..]));
    }

    #[test]
    fn a_pseudowire_is_opened_with_and_without_control_word() {
        let inner = |mac: u8| [&[mac; 12][..], &[0x08, 0x00, 0x45, 0x00]].concat();
        let bottom = [0x00, 0x01, 0x01, 0x40];

        for mac in [0x00, 0x02, 0x40, 0x46, 0x60, 0x12] {
            let frame = labelled(&bottom, &inner(mac));
            let (link, network) = decode(&frame, Linktype::ETHERNET);
            assert!(matches!(network, Network::Ip([0x45, 0x00])), "{mac:#x}");
            assert_eq!(link.source.map(|source| source.0), Some([mac; 6]));
        }

        let frame = labelled(&bottom, &[&[0, 0, 0, 7][..], &inner(0x02)].concat());
        let (link, network) = decode(&frame, Linktype::ETHERNET);
        assert!(matches!(network, Network::Ip(_)));
        assert_eq!(link.header_octets, 14 + 4 + 4 + 14);
    }

    #[test]
    fn an_address_that_looks_like_an_ethertype_stays_an_address() {
        // Sent by 8.0.69.1: octets 12 to 14 are what an Ethernet header with IPv4 would have.
        let mut packet = [
            0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 8, 0, 0x45, 1, 192, 0, 2, 1,
        ];
        packet[10..12].copy_from_slice(&[0x6b, 0xe2]);
        let frame = labelled(&[0x00, 0x01, 0x01, 0x40], &packet);

        assert_eq!(ip_of(&frame, Linktype::ETHERNET), Ok(&packet[..]));
    }

    #[test]
    fn what_is_no_packet_is_counted_by_kind() {
        let bucket = |payload: &[u8]| {
            let frame = labelled(&[0x00, 0x01, 0x01, 0x40], payload);
            ip_of(&frame, Linktype::ETHERNET).map(<[u8]>::len)
        };

        assert_eq!(bucket(&[0x10, 0, 0, 0x21]), Err(FrameBucket::Control));
        assert_eq!(bucket(&[0xf0; 40]), Err(FrameBucket::OtherEthertype));
        assert_eq!(bucket(&[]), Err(FrameBucket::IpTruncated));
        let bottomless = labelled(&[0; 400], &[0x45]);
        assert_eq!(
            ip_of(&bottomless, Linktype::ETHERNET),
            Err(FrameBucket::LinkDepth)
        );
    }
}
