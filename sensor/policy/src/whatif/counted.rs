//! How often each value was seen, in bounded memory.

use std::collections::BTreeMap;

/// Counts of the first distinct values; those of later ones are added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted<T> {
    values: BTreeMap<T, u64>,
    rest: u64,
    limit: usize,
}

impl<T: Ord + Clone> Counted<T> {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            values: BTreeMap::new(),
            rest: 0,
            limit,
        }
    }

    pub(crate) fn add(&mut self, value: T, number: u64) {
        let room = self.values.len() < self.limit;
        match self.values.get_mut(&value) {
            Some(count) => *count = count.saturating_add(number),
            None if room => {
                self.values.insert(value, number);
            }
            None => self.rest = self.rest.saturating_add(number),
        }
    }

    /// The values, the most frequent first; equally frequent ones in their own order.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&T, u64)> {
        let mut ranked: Vec<_> = self.values.iter().map(|(value, count)| (value, *count)).collect();
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        ranked
    }

    /// Distinct values that were told apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What was counted of values that were not told apart: there were more than fit.
    #[must_use]
    pub const fn rest(&self) -> u64 {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_limit_are_added_up() {
        let mut counted = Counted::new(2);
        for port in [443, 80, 443, 22, 22, 22, 80, 443] {
            counted.add(port, 1);
        }

        assert_eq!(counted.ranked(), [(&443, 3), (&80, 2)]);
        assert_eq!((counted.len(), counted.rest()), (2, 3));
    }
}
