//! Reads numbers and runs of octets one after another.

/// What of a message was not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next `count` octets.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next octets, as many as `N` says.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// One octet.
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    /// Two octets, the highest first.
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four octets, the highest first.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of one to eight octets, whose first two bits say how many (RFC 9000 section 16).
    pub(super) fn varint(&mut self) -> Option<u64> {
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
    pub(super) fn short(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(Cursor(octets).varint(), Some(number));
        }
        assert_eq!(Cursor(&[0x9d, 0x7f]).varint(), None);
    }
}
