//! A cursor over octets: what is not there is `None`, never a panic.

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
}
