//! Sets of small numbers, shared and compared by the word.

use std::sync::Arc;

/// A set of numbers below a bound that all sets of one kind share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Bits(Arc<[u64]>);

impl Bits {
    pub(crate) fn of(bound: usize, numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut words = vec![0_u64; bound.div_ceil(64)];
        for number in numbers {
            if let Some(word) = words.get_mut(number >> 6) {
                *word |= 1 << (number & 63);
            }
        }
        Self(words.into())
    }

    pub(crate) fn all(bound: usize) -> Self {
        Self::of(bound, 0..bound)
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        let word = self.0.get(number >> 6);
        word.is_some_and(|word| (word >> (number & 63)) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) && !self.is_empty()
            || self
                .0
                .iter()
                .zip(&*other.0)
                .any(|(mine, theirs)| mine & theirs != 0)
    }

    pub(crate) fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self
                .0
                .iter()
                .zip(&*other.0)
                .all(|(mine, theirs)| theirs & !mine == 0)
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        if other.covers(self) {
            return self.clone();
        }
        Self(
            self.0
                .iter()
                .zip(&*other.0)
                .map(|(mine, theirs)| mine & theirs)
                .collect(),
        )
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&*other.0)
                .map(|(mine, theirs)| mine & !theirs)
                .collect(),
        )
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        if self.covers(other) {
            return self.clone();
        }
        Self(
            self.0
                .iter()
                .zip(&*other.0)
                .map(|(mine, theirs)| mine | theirs)
                .collect(),
        )
    }

    pub(crate) fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            (0..64_usize)
                .filter(move |bit| (word >> bit) & 1 == 1)
                .map(move |bit| place.saturating_mul(64).saturating_add(bit))
        })
    }

    pub(crate) fn count(&self) -> u32 {
        self.0
            .iter()
            .map(|word| word.count_ones())
            .fold(0, u32::saturating_add)
    }
}
