//! Apple's packet metadata before a frame of another link type.
//!
//! Source: LINKTYPE_PKTAP of the tcpdump group; `struct pktap_header` of XNU's `bsd/net/pktap.h`.

use sekisho_model::{FrameBucket, Linktype};

use super::next::Next;

/// Record type of a packet.
const PACKET: u32 = 1;

/// Reads header length, record type and the link type that follows, all little-endian.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some(&[l0, l1, l2, l3, r0, r1, r2, r3, t0, t1, t2, t3]) = frame.first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    let (Some(rest), true) = (frame.get(length..), length >= 12) else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let linktype = u16::try_from(u32::from_le_bytes([t0, t1, t2, t3]));
    match (u32::from_le_bytes([r0, r1, r2, r3]), linktype) {
        (PACKET, Ok(linktype)) => Next::Linktype(Linktype(linktype), rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ip_of;
    use super::*;

    #[test]
    fn the_frame_begins_after_the_header() {
        // 156 octets of header on an Ethernet interface, then the frame.
        let mut frame = vec![0; 156];
        (frame[0], frame[4], frame[8]) = (156, 1, 1);
        frame.extend([2; 12]);
        frame.extend([0x08, 0x00, 0x45]);

        assert_eq!(ip_of(&frame, Linktype::PKTAP), Ok(&[0x45][..]));
        assert_eq!(
            ip_of(&frame[..100], Linktype::PKTAP),
            Err(FrameBucket::LinkTruncated)
        );
    }

    #[test]
    fn headers_of_no_length_come_to_an_end() {
        assert_eq!(ip_of(&[0; 400], Linktype::PKTAP), Err(FrameBucket::LinkTruncated));
    }
}
