//! L2TP version 2: PPP in UDP.
//!
//! Source: RFC 2661 section 3.1.

use super::{Opened, Tunnel};
use crate::link::next::Next;

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
/// Bits that are 0, and the version.
const RESERVED: u16 = 0x34f0;
const VERSION: u16 = 0x000f;

/// The PPP frame of a data message.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let (flags, mut rest) = field(payload)?;
    if flags & (CONTROL | RESERVED) != 0 || flags & VERSION != 2 {
        return None;
    }
    if flags & LENGTH != 0 {
        (_, rest) = field(rest)?;
    }
    // Tunnel and session.
    rest = rest.get(4..)?;
    if flags & SEQUENCE != 0 {
        rest = rest.get(4..)?;
    }
    if flags & OFFSET != 0 {
        let (octets, after) = field(rest)?;
        rest = after.get(usize::from(octets)..)?;
    }
    Some(Opened::new(Tunnel::L2tp, Next::Ppp(rest)))
}

fn field(octets: &[u8]) -> Option<(u16, &[u8])> {
    let (value, rest) = octets.split_first_chunk()?;
    Some((u16::from_be_bytes(*value), rest))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, names, udp};

    use super::*;

    fn l2tp(header: &[u8]) -> Vec<Tunnel> {
        let ppp: &[u8] = &[0xff, 0x03, 0x00, 0x21];
        names(&udp(1701, &[header, ppp, &IPV4_UDP].concat()))
    }

    #[test]
    fn optional_fields_are_passed_over() {
        assert_eq!(l2tp(&[0x00, 0x02, 0, 1, 0, 2]), [Tunnel::L2tp]);
        assert_eq!(l2tp(&[0x40, 0x02, 0, 44, 0, 1, 0, 2]), [Tunnel::L2tp]);
        assert_eq!(
            l2tp(&[0x4a, 0x02, 0, 54, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 0]),
            [Tunnel::L2tp]
        );
    }

    #[test]
    fn control_and_other_versions_stay_closed() {
        assert_eq!(l2tp(&[0xc8, 0x02, 0, 12, 0, 1, 0, 2, 0, 0, 0, 0]), []);
        assert_eq!(l2tp(&[0x00, 0x03, 0, 0, 0, 1, 0, 2]), []);
        assert_eq!(l2tp(&[0x30, 0x02, 0, 1, 0, 2]), []);
    }
}
