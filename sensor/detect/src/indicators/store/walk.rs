//! Hashes of names and paths that grow by one octet, so that a name is read once for all the domains
//! that it lies in, and a path once for all that it lies below.

/// An odd number with bits all over (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rolling(u64);

impl Rolling {
    pub(super) const fn push(&mut self, octet: u8) {
        self.0 = (self.0.rotate_left(5) ^ octet as u64).wrapping_mul(SPREAD);
    }

    /// The hash, with every bit of use: the low and the high ones choose the place in a table.
    pub(super) const fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(SPREAD);
        mixed ^ (mixed >> 29)
    }
}

/// The hash of a whole name: from its last octet to its first.
pub(super) fn of_name(name: &[u8]) -> u64 {
    let mut rolling = Rolling::default();
    for octet in name.iter().rev() {
        rolling.push(*octet);
    }
    rolling.finish()
}

/// Calls for every domain that a name lies in, from the shortest to the name itself, with its hash,
/// until told to stop. Capital letters are small ones.
pub(super) fn domains(name: &[u8], mut each: impl FnMut(u64, &[u8])) {
    let mut rolling = Rolling::default();
    for (index, octet) in name.iter().enumerate().rev() {
        if *octet == b'.' {
            let below = index.saturating_add(1);
            each(rolling.finish(), name.get(below..).unwrap_or_default());
        }
        rolling.push(octet.to_ascii_lowercase());
    }
    each(rolling.finish(), name);
}

/// The hash of words: from the first octet to the last.
pub(super) fn of_text(text: &[u8]) -> u64 {
    let mut rolling = Rolling::default();
    for octet in text {
        rolling.push(*octet);
    }
    rolling.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_each_of_its_domains_and_their_hashes_are_those_of_the_domains_alone() {
        let mut seen = Vec::new();
        domains(b"A.Evil.example", |hash, domain| {
            seen.push((hash, domain.to_vec()));
        });

        let hashes: Vec<_> = seen.iter().map(|(hash, _)| *hash).collect();
        assert_eq!(
            hashes,
            [&b"example"[..], b"evil.example", b"a.evil.example"].map(of_name)
        );
        assert_eq!(seen[1].1, b"Evil.example");
    }
}
