//! VXLAN and its generic protocol extension.
//!
//! Sources: RFC 7348 section 5; draft-ietf-nvo3-vxlan-gpe-13 section 3;
//! draft-smith-vxlan-group-policy-05 section 2.1, whose flags are passed over.

use super::{Opened, Tunnel};
use crate::link::next::Next;

/// The network identifier is there.
const IDENTIFIER: u8 = 0x08;
/// The last octet before the identifier says what follows.
const NEXT_PROTOCOL: u8 = 0x04;
/// A message about the tunnel and not in it.
const OAM: u8 = 0x01;

/// The frame after the header.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let (&[flags, ..], frame) = payload.split_first_chunk::<8>()?;
    match flags & (IDENTIFIER | NEXT_PROTOCOL) {
        IDENTIFIER => Some(Opened::new(Tunnel::Vxlan, Next::Ethernet(frame))),
        0 => None,
        _ => open_gpe(payload),
    }
}

/// What follows a header of the extension.
pub(super) fn open_gpe(payload: &[u8]) -> Option<Opened<'_>> {
    let (&[flags, _, _, protocol, ..], rest) = payload.split_first_chunk::<8>()?;
    if flags & IDENTIFIER == 0 || flags & OAM != 0 {
        return None;
    }
    let next = match protocol {
        _ if flags & NEXT_PROTOCOL == 0 => Next::Ethernet(rest),
        1 | 2 => Next::Ip(rest),
        3 => Next::Ethernet(rest),
        4 => Next::Nsh(rest),
        5 => Next::Mpls(rest),
        _ => return None,
    };
    Some(Opened::new(Tunnel::VxlanGpe, next))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, IPV6_UDP, ethernet, names, udp};

    use super::*;

    fn vxlan(port: u16, flags: u8, protocol: u8, inner: &[u8]) -> Vec<Tunnel> {
        let header = [flags, 0, 0, protocol, 0, 0, 1, 0];
        names(&udp(port, &[&header[..], inner].concat()))
    }

    #[test]
    fn frames_are_read_on_both_ports() {
        assert_eq!(vxlan(4789, 0x08, 0, &ethernet()), [Tunnel::Vxlan]);
        assert_eq!(vxlan(8472, 0x08, 0, &ethernet()), [Tunnel::Vxlan]);
        assert_eq!(vxlan(4789, 0x88, 0, &ethernet()), [Tunnel::Vxlan]);
        assert_eq!(vxlan(4789, 0x00, 0, &ethernet()), []);
    }

    #[test]
    fn the_extension_carries_any_protocol() {
        assert_eq!(vxlan(4790, 0x0c, 1, &IPV4_UDP), [Tunnel::VxlanGpe]);
        assert_eq!(vxlan(4790, 0x0c, 2, &IPV6_UDP), [Tunnel::VxlanGpe]);
        assert_eq!(vxlan(4790, 0x0c, 3, &ethernet()), [Tunnel::VxlanGpe]);
        assert_eq!(vxlan(4789, 0x0c, 3, &ethernet()), [Tunnel::VxlanGpe]);
        let service = [&[0x0f, 0xc2, 2, 1, 0, 0, 0x11, 0xff][..], &IPV4_UDP].concat();
        assert_eq!(vxlan(4790, 0x0c, 4, &service), [Tunnel::VxlanGpe]);
        assert_eq!(vxlan(4790, 0x0d, 1, &IPV4_UDP), []);
    }

    #[test]
    fn a_frame_without_ip_leaves_the_datagram_as_it_is() {
        let mut question = ethernet();
        question[12..14].copy_from_slice(&[0x08, 0x06]);

        assert_eq!(vxlan(4789, 0x08, 0, &question), []);
    }
}
