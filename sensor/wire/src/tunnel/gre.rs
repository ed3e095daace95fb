//! Generic Routing Encapsulation: version 0, and version 1 as PPTP has it.
//!
//! Sources: RFC 2784 section 2 and RFC 2890 section 2 (checksum, key, sequence number), RFC 2637
//! section 4.1 (version 1), RFC 7637 section 3.2 (NVGRE), RFC 1701 for the flag of source routes,
//! which are not followed.

use super::{Opened, Tunnel, erspan};
use crate::link::ethertype::BRIDGED;
use crate::link::next::Next;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Of version 1 only.
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;
/// Protocol type of PPP, in both versions.
const PPP: u16 = 0x880b;

/// What the header leads to.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let (&[f0, f1, p0, p1], rest) = payload.split_first_chunk()?;
    let (flags, protocol) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([p0, p1]));
    match flags & VERSION {
        0 => version_0(flags, protocol, rest),
        1 => version_1(flags, protocol, rest),
        _ => None,
    }
}

fn version_0(flags: u16, protocol: u16, fields: &[u8]) -> Option<Opened<'_>> {
    if flags & ROUTING != 0 {
        return None;
    }
    let rest = fields.get(octets_of(flags, &[CHECKSUM, KEY, SEQUENCE])..)?;
    let next = match protocol {
        erspan::TYPE_1_OR_2 if flags & SEQUENCE == 0 => {
            return Some(Opened::new(Tunnel::Erspan1, Next::Ethernet(rest)));
        }
        erspan::TYPE_1_OR_2 | erspan::TYPE_3 => return erspan::open(rest),
        PPP => Next::Ppp(rest),
        // Keep-alive messages have the number 0, and nothing below 0x600 is an EtherType.
        0..0x0600 => return None,
        _ => Next::Ethertype(protocol, rest),
    };
    let tunnel = match (protocol, flags & (CHECKSUM | KEY | SEQUENCE)) {
        (BRIDGED, KEY) => Tunnel::Nvgre,
        _ => Tunnel::Gre,
    };
    Some(Opened::new(tunnel, next))
}

fn version_1(flags: u16, protocol: u16, fields: &[u8]) -> Option<Opened<'_>> {
    // The key is a length and a call; a packet without sequence number only acknowledges.
    if protocol != PPP || flags & (KEY | SEQUENCE) != KEY | SEQUENCE {
        return None;
    }
    let rest = fields.get(octets_of(flags, &[KEY, SEQUENCE, ACKNOWLEDGEMENT])..)?;
    Some(Opened::new(Tunnel::Gre, Next::Ppp(rest)))
}

/// Octets of the optional fields: four each.
fn octets_of(flags: u16, fields: &[u16]) -> usize {
    let present = fields.iter().filter(|field| flags & **field != 0).count();
    present.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, IPV6_UDP, ethernet, ipv4, names};

    use super::*;

    fn gre(header: &[u8], inner: &[u8]) -> Vec<Tunnel> {
        names(&ipv4(47, &[header, inner].concat()))
    }

    #[test]
    fn optional_fields_are_passed_over() {
        assert_eq!(gre(&[0, 0, 0x08, 0x00], &IPV4_UDP), [Tunnel::Gre]);
        assert_eq!(gre(&[0, 0, 0x86, 0xdd], &IPV6_UDP), [Tunnel::Gre]);
        // Figures of RFC 2784 and 2890: checksum and reserved, key, sequence number.
        let all = [0xb0, 0, 0x08, 0x00, 0xaa, 0xbb, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9];
        assert_eq!(gre(&all, &IPV4_UDP), [Tunnel::Gre]);
        assert_eq!(gre(&[0x20, 0, 0x08, 0x00, 0, 0, 0, 7], &IPV4_UDP), [Tunnel::Gre]);
    }

    #[test]
    fn bridged_ethernet_with_a_key_alone_is_nvgre() {
        let frame = ethernet();

        assert_eq!(gre(&[0, 0, 0x65, 0x58], &frame), [Tunnel::Gre]);
        assert_eq!(
            gre(&[0x20, 0, 0x65, 0x58, 0, 0x16, 1, 0], &frame),
            [Tunnel::Nvgre]
        );
        assert_eq!(
            gre(&[0x30, 0, 0x65, 0x58, 0, 0x16, 1, 0, 0, 0, 0, 1], &frame),
            [Tunnel::Gre]
        );
    }

    /// Header and PPP fields of a real capture, with and without acknowledgement.
    #[test]
    fn version_1_leads_through_ppp() {
        let with = [
            0x30, 0x81, 0x88, 0x0b, 0x00, 0x67, 0x17, 0x80, 0x00, 0x06, 0x8f, 0xb1, 0x00, 0x08, 0x3a, 0x76,
            0xff, 0x03, 0x00, 0x21,
        ];
        let without = [
            0x30, 0x01, 0x88, 0x0b, 0x00, 0xb2, 0x00, 0x11, 0x00, 0x08, 0x3a, 0xb8, 0xff, 0x03, 0x00, 0x21,
        ];
        let only_acknowledges = [0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1];

        assert_eq!(gre(&with, &IPV4_UDP), [Tunnel::Gre]);
        assert_eq!(gre(&without, &IPV4_UDP), [Tunnel::Gre]);
        assert_eq!(gre(&only_acknowledges, &[]), []);
    }

    #[test]
    fn what_is_no_packet_stays_closed() {
        assert_eq!(gre(&[0, 0, 0, 0], &IPV4_UDP), []);
        assert_eq!(gre(&[0x40, 0, 0x08, 0x00], &IPV4_UDP), []);
        assert_eq!(gre(&[0, 2, 0x08, 0x00], &IPV4_UDP), []);
        assert_eq!(gre(&[0, 0, 0x08], &[]), []);
        assert_eq!(gre(&[0, 0, 0x08, 0x06], &IPV4_UDP), []);
    }
}
