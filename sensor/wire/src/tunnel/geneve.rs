//! Generic Network Virtualization Encapsulation.
//!
//! Source: RFC 8926 section 3.4.

use super::{Opened, Tunnel};
use crate::link::next::Next;

/// A control message and not a packet in the tunnel.
const CONTROL: u8 = 0x80;

/// What follows the header and its options.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let (&[version, flags, p0, p1, _, _, _, _], rest) = payload.split_first_chunk()?;
    if version >> 6 != 0 || flags & CONTROL != 0 {
        return None;
    }
    let options = usize::from(version & 0x3f).saturating_mul(4);
    let protocol = u16::from_be_bytes([p0, p1]);
    if protocol < 0x0600 {
        return None;
    }
    Some(Opened::new(
        Tunnel::Geneve,
        Next::Ethertype(protocol, rest.get(options..)?),
    ))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, ethernet, names, udp};

    use super::*;

    /// From a real capture: two words of options, Ethernet, network 10.
    const HEADER: [u8; 16] = [
        0x02, 0x00, 0x65, 0x58, 0, 0, 0x0a, 0, 0x01, 0x02, 0x80, 0x01, 0x00, 0x00, 0x00, 0x0a,
    ];

    #[test]
    fn options_are_passed_over() {
        let payload = [&HEADER[..], &ethernet()].concat();
        assert_eq!(names(&udp(6081, &payload)), [Tunnel::Geneve]);

        let bare = [&[0, 0, 0x08, 0x00, 0, 0, 1, 0][..], &IPV4_UDP].concat();
        assert_eq!(names(&udp(6081, &bare)), [Tunnel::Geneve]);
    }

    #[test]
    fn control_and_later_versions_stay_closed() {
        for (octet, value) in [(0, 0x42), (1, CONTROL), (0, 0x3f)] {
            let mut payload = [&HEADER[..], &ethernet()].concat();
            payload[octet] = value;
            assert_eq!(names(&udp(6081, &payload)), []);
        }
    }
}
