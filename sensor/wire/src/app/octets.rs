//! Octets read one after another by a cursor, or at known places of a message; what is not there is
//! `None`, never a panic.

use std::fmt::Write;

/// Octets that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Octets<'a>(pub(in crate::app) &'a [u8]);

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $kind:ty, $from:ident;)*) => {
        $($(#[$doc])*
        pub(in crate::app) fn $name(&mut self) -> Option<$kind> {
            let (head, rest) = self.0.split_first_chunk()?;
            self.0 = rest;
            Some(<$kind>::$from(*head))
        })*
    };
}

impl<'a> Octets<'a> {
    /// The next `count` octets.
    pub(in crate::app) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// The octets before the next `end`, which is taken too.
    pub(in crate::app) fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|octet| *octet == end)?;
        let head = self.take(at)?;
        self.take(1)?;
        Some(head)
    }

    /// The next octet.
    pub(in crate::app) fn u8(&mut self) -> Option<u8> {
        let (head, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*head)
    }

    /// The next octets, as many as `N` says.
    pub(in crate::app) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    numbers! {
        /// Two octets, the high one first.
        be16 u16, from_be_bytes;
        /// Four octets, the high one first.
        be32 u32, from_be_bytes;
        /// Two octets, the low one first.
        le16 u16, from_le_bytes;
        /// Four octets, the low one first.
        le32 u32, from_le_bytes;
    }

    /// A number of one to eight octets, whose first two bits say how many (RFC 9000 section 16).
    pub(in crate::app) fn varint(&mut self) -> Option<u64> {
        let first = *self.0.first()?;
        let len = 1_usize << (first >> 6);
        let octets = self.take(len)?;
        let number = octets
            .iter()
            .fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        // The two bits of the length stand at the top of the number.
        let kept = u32::try_from(len)
            .unwrap_or(8)
            .saturating_mul(8)
            .saturating_sub(2);
        Some(number & (1_u64 << kept).wrapping_sub(1))
    }

    /// What a length of one octet stands before.
    pub(in crate::app) fn short(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// Passes over octets.
    pub(in crate::app) fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    /// Octets left.
    pub(in crate::app) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none are left.
    pub(in crate::app) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether octets are printable ASCII, at least one.
pub(in crate::app) fn is_word(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|octet| (b' '..=b'~').contains(octet))
}

/// The octet at a place.
pub(in crate::app) fn octet(octets: &[u8], at: usize) -> Option<u8> {
    octets.get(at).copied()
}

/// Two octets, the lowest first.
pub(in crate::app) fn le16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// Four octets, the lowest first.
pub(in crate::app) fn le32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Eight octets, the lowest first.
pub(in crate::app) fn le64(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// Two octets, the highest first.
pub(in crate::app) fn be16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// Four octets, the highest first.
pub(in crate::app) fn be32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// `len` octets at a place, or those of them that are there.
pub(in crate::app) fn span(octets: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    let rest = octets.get(at..)?;
    Some(rest.get(..len).unwrap_or(rest))
}

/// Up to the first NUL.
pub(in crate::app) fn until_nul(octets: &[u8]) -> &[u8] {
    octets.split(|octet| *octet == 0).next().unwrap_or_default()
}

/// The words of UTF-16, lowest octet first, at most `max` characters and up to a NUL. Halves without
/// their other half stand as `\uNNNN`.
pub(in crate::app) fn utf16(octets: &[u8], max: usize) -> Box<str> {
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
pub(in crate::app) fn uuid(octets: &[u8; 16]) -> String {
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
    fn what_is_not_there_is_not_read() {
        let mut octets = Octets(&[1, 2, 3, b'a', 0, 9]);

        assert_eq!(octets.be16(), Some(0x0102));
        assert_eq!(octets.u8(), Some(3));
        assert_eq!(octets.be32(), None);
        assert_eq!(octets.until(0), Some(&b"a"[..]));
        assert_eq!(octets.take(2), None);
        assert_eq!(octets.len(), 1);
    }

    #[test]
    fn numbers_of_every_length_are_those_of_the_specification() {
        // RFC 9000 appendix A.1.
        let examples: [(&[u8], u64); 5] = [
            (
                &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c],
                151_288_809_941_952_652,
            ),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ];
        for (octets, number) in examples {
            assert_eq!(Octets(octets).varint(), Some(number));
        }
        assert_eq!(Octets(&[0x9d, 0x7f]).varint(), None);
    }

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
