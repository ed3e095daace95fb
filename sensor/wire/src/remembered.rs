//! What was made of the same octets a moment ago.
//!
//! Most connections of a network begin with one of a few hellos and show one of a few certificates.
//! What is made of them, digests above all, depends on their octets alone, so that each thread keeps
//! what it made last. Nobody can tell from an answer whether it was kept.
//!
//! What a sender can grow: nothing. There is one place for each of [`PLACES`] sums of octets, keys have
//! [`MAX_KEY`] octets at most, and whatever comes to a place that is taken takes it. Equal sums are not
//! enough to be found, and the sums begin at a number that nobody outside knows.

use std::hash::BuildHasher as _;
use std::rc::Rc;

use foldhash::fast::RandomState;

/// How many are kept.
const PLACES: usize = 256;
/// Octets of the longest key that is kept: those of a large certificate.
const MAX_KEY: usize = 4096;

/// Values by the octets that they were made of.
pub(crate) struct Remembered<V> {
    sum: RandomState,
    places: Vec<Option<Made<V>>>,
}

struct Made<V> {
    key: Box<[u8]>,
    value: Rc<V>,
}

impl<V> Default for Remembered<V> {
    fn default() -> Self {
        Self {
            sum: RandomState::default(),
            places: Vec::new(),
        }
    }
}

impl<V> Remembered<V> {
    /// What `make` makes of `key`, or made of it before.
    pub(crate) fn of(&mut self, key: &[u8], make: impl FnOnce() -> V) -> Rc<V> {
        if key.len() > MAX_KEY {
            return Rc::new(make());
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let sum = self.sum.hash_one(key).to_le_bytes();
        let Some(place) = self.places.get_mut(usize::from(sum[0])) else {
            return Rc::new(make());
        };
        if let Some(made) = place
            && *made.key == *key
        {
            return Rc::clone(&made.value);
        }
        let value = Rc::new(make());
        *place = Some(Made {
            key: key.into(),
            value: Rc::clone(&value),
        });
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_was_made_of_the_same_octets() {
        let mut remembered = Remembered::default();
        let mut made = 0;
        for round in 0..3 {
            for number in 0..2_000_u32 {
                let key = number.to_be_bytes();
                let value = remembered.of(&key, || {
                    made += 1;
                    number
                });
                assert_eq!(*value, number, "{round}");
            }
        }
        assert_eq!(remembered.places.len(), PLACES);
        let again = remembered.of(&1_999_u32.to_be_bytes(), || unreachable!());
        assert_eq!(*again, 1_999);
        assert!(made > 2_000);
    }

    #[test]
    fn a_key_that_is_too_long_is_not_kept() {
        let mut remembered = Remembered::default();
        let key = [0; MAX_KEY + 1];
        assert_eq!(*remembered.of(&key, || 1), 1);
        assert_eq!(*remembered.of(&key, || 2), 2);
    }
}
