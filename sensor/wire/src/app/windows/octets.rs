//! Fixed fields at known places of a message, and names in UTF-16.

use std::fmt::Write;

/// The octet at a place.
pub(crate) fn octet(octets: &[u8], at: usize) -> Option<u8> {
    octets.get(at).copied()
}

/// Two octets, the lowest first.
pub(crate) fn le16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// Four octets, the lowest first.
pub(crate) fn le32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Eight octets, the lowest first.
pub(crate) fn le64(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// Two octets, the highest first.
pub(crate) fn be16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// Four octets, the highest first.
pub(crate) fn be32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// `len` octets at a place, or those of them that are there.
pub(crate) fn span(octets: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    let rest = octets.get(at..)?;
    Some(rest.get(..len).unwrap_or(rest))
}

/// Up to the first NUL.
pub(crate) fn until_nul(octets: &[u8]) -> &[u8] {
    octets.split(|octet| *octet == 0).next().unwrap_or_default()
}

/// The words of UTF-16, lowest octet first, at most `max` characters and up to a NUL. Halves without
/// their other half stand as `\uNNNN`.
pub(crate) fn utf16(octets: &[u8], max: usize) -> Box<str> {
    let units = octets.chunks_exact(2).filter_map(|pair| le16(pair, 0));
    let mut text = String::new();
    for letter in char::decode_utf16(units.take_while(|unit| *unit != 0)).take(max) {
        match letter {
            Ok(letter) => text.push(letter),
            Err(half) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", half.unpaired_surrogate());
            }
        }
    }
    text.into()
}

/// A UUID in the order in which Windows and DCE write it, the first three parts lowest octet first.
pub(crate) fn uuid(octets: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = octets;
    let mut text = format!("{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-");
    for (at, octet) in rest.iter().enumerate() {
        if at == 2 {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_ends_at_a_nul_and_shows_torn_halves() {
        assert_eq!(&*utf16(b"A\0\xe5\x65\0\0B\0", 9), "A日");
        assert_eq!(&*utf16(b"\0\xd8A\0", 9), "\\ud800A");
        assert_eq!(&*utf16(b"A\0B\0", 1), "A");
    }

    #[test]
    fn a_uuid_is_written_as_the_registry_writes_it() {
        // C706 appendix I: the endpoint mapper, e1af8308-5d1f-11c9-91a4-08002b14a0fa.
        let octets = b"\x08\x83\xaf\xe1\x1f\x5d\xc9\x11\x91\xa4\x08\x00\x2b\x14\xa0\xfa";

        assert_eq!(uuid(octets), "e1af8308-5d1f-11c9-91a4-08002b14a0fa");
    }
}
