//! Ethernet in IP.
//!
//! Source: RFC 3378 section 2.

use super::{Opened, Tunnel};
use crate::link::next::Next;

/// Four bits of version, which is 3, and twelve that are 0.
const HEADER: [u8; 2] = [0x30, 0x00];

/// The frame after the header.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    let frame = payload.strip_prefix(&HEADER)?;
    Some(Opened::new(Tunnel::EtherIp, Next::Ethernet(frame)))
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{ethernet, ipv4, names};

    use super::*;

    #[test]
    fn a_frame_after_version_3_is_read() {
        let frame = ethernet();

        assert_eq!(
            names(&ipv4(97, &[&HEADER[..], &frame].concat())),
            [Tunnel::EtherIp]
        );
        assert_eq!(names(&ipv4(97, &[&[0x40, 0x00][..], &frame].concat())), []);
    }
}
