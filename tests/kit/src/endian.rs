//! Byte order of a file's own fields.

/// Which octet of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteOrder {
    /// Least significant first.
    #[default]
    Little,
    /// Most significant first.
    Big,
}

impl ByteOrder {
    /// Both orders.
    pub const ALL: [Self; 2] = [Self::Little, Self::Big];

    pub(crate) fn put_u16(self, out: &mut Vec<u8>, number: u16) {
        out.extend_from_slice(&match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }

    pub(crate) fn put_u32(self, out: &mut Vec<u8>, number: u32) {
        out.extend_from_slice(&match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }

    pub(crate) fn put_u64(self, out: &mut Vec<u8>, number: u64) {
        out.extend_from_slice(&match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        });
    }
}
