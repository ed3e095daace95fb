//! Per-packet information before a frame of another link type, mostly 802.11.
//!
//! Source: LINKTYPE_PPI of the tcpdump group; CACE "Per-Packet Information Header Specification"
//! 1.0.7, section 3.1.

use sekisho_model::{FrameBucket, Linktype};

use super::next::Next;

/// Reads version, flags, header length and the link type that follows, all little-endian.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some(&[version, _, l0, l1, t0, t1, t2, t3]) = frame.first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let (Some(rest), true) = (frame.get(length..), length >= 8) else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let linktype = u16::try_from(u32::from_le_bytes([t0, t1, t2, t3]));
    match (version, linktype) {
        (0, Ok(linktype)) => Next::Linktype(Linktype(linktype), rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}
