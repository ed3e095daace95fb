//! What carries SMB: frames with a length, and names before them on port 139.
//!
//! Source: RFC 1002 section 4.3 (session packets) and RFC 1001 section 14.1 (names); MS-SMB2 section
//! 2.1 (the same frames without names on port 445).

use crate::app::octets::{be32, octet};
use crate::app::text;

/// Octets before a message.
pub(super) const HEADER: usize = 4;
/// Octets of an encoded name with its own length and end.
const NAME: usize = 34;
const SESSION_REQUEST: u8 = 0x81;

/// A frame, by its first octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message of so many octets.
    Message(usize),
    /// Two names.
    Request,
    /// Nothing that is kept: accepted, refused, still there; so many octets in all.
    Other(usize),
    /// No frame.
    No,
}

/// Tells the frame at the start, of which eight octets or more are there.
pub(super) fn frame(octets: &[u8]) -> Frame {
    let Some(first) = be32(octets, 0) else {
        return Frame::No;
    };
    let len = usize::try_from(first & 0x00ff_ffff).unwrap_or(0);
    match octet(octets, 0) {
        Some(0) if is_magic(octets) && len >= 32 => Frame::Message(len),
        Some(SESSION_REQUEST) if len == 2 * NAME => Frame::Request,
        Some(0x82 | 0x85) if len == 0 => Frame::Other(HEADER),
        Some(0x83) if len == 1 => Frame::Other(HEADER + 1),
        Some(0x84) if len == 6 => Frame::Other(HEADER + 6),
        _ => Frame::No,
    }
}

/// Whether the fifth octet and those after it are of a message of SMB.
fn is_magic(octets: &[u8]) -> bool {
    matches!(octets.get(4..8), Some([0xfc..=0xff, b'S', b'M', b'B']))
}

/// Called and calling name of a session request.
pub(super) fn names(octets: &[u8]) -> Option<(Box<str>, Box<str>)> {
    Some((name(octets.get(HEADER..)?)?, name(octets.get(HEADER + NAME..)?)?))
}

/// A name of sixteen octets, each in two letters from A on. The last says what kind it is.
fn name(octets: &[u8]) -> Option<Box<str>> {
    let [32, letters @ .., 0] = octets.first_chunk::<NAME>()? else {
        return None;
    };
    let mut name = Vec::with_capacity(16);
    for pair in letters.chunks_exact(2).take(15) {
        let [high, low] = pair else { return None };
        let (high, low) = (high.checked_sub(b'A')?, low.checked_sub(b'A')?);
        if high > 15 || low > 15 {
            return None;
        }
        name.push(high << 4 | low);
    }
    Some(text::of(name.trim_ascii_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_their_letters() {
        // RFC 1001 section 14.1: "The NetBIOS name" is EFGIGFCAEOGFHEECEJEPFDCAGOGBGNGF.
        let one = [&[32][..], b"EFGIGFCAEOGFHEECEJEPFDCAGOGBGNGF", &[0]].concat();

        assert_eq!(name(&one).as_deref(), Some("Ehe NetBIOS nam"));
        assert_eq!(name(b"short"), None);
    }
}
