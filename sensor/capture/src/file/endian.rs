//! Byte order of a capture file, which is that of the host that wrote it.

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    /// Lowest octet first.
    Little,
    /// Highest octet first.
    Big,
}

impl Endian {
    /// A number of two octets.
    #[inline]
    pub(super) const fn u16(self, octets: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(octets),
            Self::Big => u16::from_be_bytes(octets),
        }
    }

    /// A number of four octets.
    #[inline]
    pub(super) const fn u32(self, octets: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(octets),
            Self::Big => u32::from_be_bytes(octets),
        }
    }

    /// Numbers of four octets.
    #[inline]
    pub(super) fn u32s<const N: usize>(self, octets: &[[u8; 4]; N]) -> [u32; N] {
        let numbers = octets.map(u32::from_le_bytes);
        match self {
            Self::Little => numbers,
            Self::Big => numbers.map(u32::swap_bytes),
        }
    }

    /// A signed number of eight octets.
    pub(super) const fn i64(self, octets: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(octets),
            Self::Big => i64::from_be_bytes(octets),
        }
    }
}
