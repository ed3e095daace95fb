//! ERSPAN types II and III: a mirror port's copies, in GRE; type I is bare Ethernet.
//!
//! The header names the VLAN that the frame was in, which the frame itself lost where it came from
//! an access port.
//! Source: draft-foschiano-erspan-03 sections 4.1 to 4.3.

use super::{Opened, Tunnel};
use crate::link::next::Next;

/// GRE protocol type of types I and II.
pub(super) const TYPE_1_OR_2: u16 = 0x88be;
/// GRE protocol type of type III.
pub(super) const TYPE_3: u16 = 0x22eb;
/// Frame types of type III: Ethernet, and IP without a link header.
const ETHERNET: u8 = 0;
const IP: u8 = 2;

/// The frame after a header that says its type itself.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let &[v0, v1, ..] = payload.first_chunk::<8>()?;
    let vlan = Some(u16::from_be_bytes([v0, v1]) & 0x0fff).filter(|vlan| *vlan != 0);
    let (tunnel, next) = match v0 >> 4 {
        1 => (Tunnel::Erspan2, Next::Ethernet(payload.get(8..)?)),
        2 => (Tunnel::Erspan3, type_3(payload)?),
        _ => return None,
    };
    Some(Opened { tunnel, next, vlan })
}

fn type_3(payload: &[u8]) -> Option<Next<'_>> {
    // The last two octets: P, frame type, hardware; direction, granularity, O.
    let (&[_, _, _, _, _, _, _, _, _, _, kind, last], rest) = payload.split_first_chunk()?;
    let rest = if last & 1 == 0 {
        rest
    } else {
        rest.get(8..)? // A platform's own header.
    };
    match kind >> 2 & 0x1f {
        ETHERNET => Some(Next::Ethernet(rest)),
        IP => Some(Next::Ip(rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use crate::frame::decode;
    use crate::tunnel::test::{IPV4_UDP, ethernet, ipv4, names};

    use super::*;

    /// GRE with a sequence number.
    const GRE_2: [u8; 8] = [0x10, 0x00, 0x88, 0xbe, 0, 0, 0, 1];
    const GRE_3: [u8; 8] = [0x10, 0x00, 0x22, 0xeb, 0, 0, 0, 1];
    /// Version 1, VLAN 100, session 5, index 16.
    const TYPE_2: [u8; 8] = [0x10, 0x64, 0x00, 0x05, 0, 0, 0, 0x10];
    /// Version 2, VLAN 100, session 5, time stamp, security group, Ethernet.
    const TYPE_3: [u8; 12] = [0x20, 0x64, 0x00, 0x05, 1, 2, 3, 4, 0, 0, 0x00, 0x00];

    #[test]
    fn the_three_types_are_read() {
        let frame = ethernet();
        let carried = |parts: &[&[u8]]| names(&ipv4(47, &parts.concat()));

        assert_eq!(carried(&[&[0, 0, 0x88, 0xbe], &frame]), [Tunnel::Erspan1]);
        assert_eq!(carried(&[&GRE_2, &TYPE_2, &frame]), [Tunnel::Erspan2]);
        assert_eq!(carried(&[&GRE_3, &TYPE_3, &frame]), [Tunnel::Erspan3]);

        let mut with_platform = TYPE_3;
        with_platform[11] = 1;
        assert_eq!(
            carried(&[&GRE_3, &with_platform, &[0; 8], &frame]),
            [Tunnel::Erspan3]
        );
        let mut bare = TYPE_3;
        bare[10] = IP << 2;
        assert_eq!(carried(&[&GRE_3, &bare, &IPV4_UDP]), [Tunnel::Erspan3]);
    }

    #[test]
    fn the_mirrored_vlan_is_kept_unless_the_frame_has_its_own() {
        let mut tagged = ethernet();
        tagged.splice(12..12, [0x81, 0x00, 0x00, 0x07]);

        for (frame, vlan) in [(ethernet(), 100), (tagged, 7)] {
            let packet = ipv4(47, &[&GRE_2[..], &TYPE_2, &frame].concat());
            let decoded = decode(&packet, Linktype::RAW, 200);
            assert_eq!(decoded.innermost().unwrap().link.vlan, Some(vlan));
        }
    }

    #[test]
    fn another_version_stays_closed() {
        let mut header = TYPE_2;
        header[0] = 0x30;

        let packet = ipv4(47, &[&GRE_2[..], &header, &ethernet()].concat());
        assert_eq!(names(&packet), []);
    }
}
