//! SplitMix64: a small seeded generator, the same numbers on every machine.
//!
//! Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014;
//! constants of the reference implementation by Vigna.

/// A stream of numbers fixed by its seed. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream that depends on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A second stream, named by `label`, that does not move this one.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        let mut other = Self(self.0);
        for octet in label.bytes() {
            other.0 ^= u64::from(octet);
            other.0 = other.next();
        }
        other
    }

    /// 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    ///
    /// When `low` is greater than `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "{low} is greater than {high}");
        match (high - low).checked_add(1) {
            Some(span) => low + self.next() % span,
            None => self.next(),
        }
    }

    /// 16 bits.
    pub fn word(&mut self) -> u16 {
        let [a, b, ..] = self.next().to_le_bytes();
        u16::from_le_bytes([a, b])
    }

    /// 32 bits.
    pub fn double_word(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// True in `percent` of 100 calls.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// An index below `len`.
    ///
    /// # Panics
    ///
    /// When `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        let len = u64::try_from(len).expect("a length fits in 64 bits");
        usize::try_from(self.between(0, len - 1)).expect("below a usize")
    }

    /// One of the items.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// `len` octets that look encrypted.
    pub fn octets(&mut self, len: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(len + 8);
        while octets.len() < len {
            octets.extend_from_slice(&self.next().to_le_bytes());
        }
        octets.truncate(len);
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_numbers_of_the_reference_implementation() {
        // First outputs of Vigna's splitmix64.c for seed 1234567.
        let mut random = Random::new(1_234_567);

        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn between_stays_inside_both_bounds() {
        let mut random = Random::new(7);

        for _ in 0..1_000 {
            assert!((3..=5).contains(&random.between(3, 5)));
        }
        assert_eq!(random.octets(13).len(), 13);
    }

    #[test]
    fn a_fork_leaves_its_parent_where_it_was() {
        let parent = Random::new(9);

        assert_ne!(parent.fork("a").next(), parent.fork("b").next());
        assert_eq!(parent.fork("a").next(), parent.fork("a").next());
    }
}
