//! A set of values of an ordered type, as inclusive ranges in order.

use std::cmp::Ordering;

/// How many values of a range are in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    None,
    Some,
    All,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spans<T>(Vec<(T, T)>);

impl<T: PartialOrd + Copy> Spans<T> {
    /// The union of inclusive ranges; an empty one (`low > high`) adds nothing.
    pub(crate) fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1 => {
                    if high > last.1 {
                        last.1 = high;
                    }
                }
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    /// The ranges, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(T, T)> {
        self.0.iter()
    }

    /// How many of the values from `low` to `high` are in the set; [`Within::Some`] where the
    /// answer takes more than one range.
    pub(crate) fn of(&self, low: T, high: T) -> Within {
        let after = self.0.partition_point(|(first, _)| *first <= high);
        match after.checked_sub(1).and_then(|index| self.0.get(index)) {
            Some((_, last)) if *last < low => Within::None,
            Some((first, last)) if *first <= low && high <= *last => Within::All,
            Some(_) => Within::Some,
            None => Within::None,
        }
    }

    pub(crate) fn contains(&self, value: T) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= value);
        let candidate = after.checked_sub(1).and_then(|index| self.0.get(index));
        candidate.is_some_and(|(_, high)| value <= *high)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_any_of_its_ranges_holds(ranges: Vec<(u8, u8)>, value: u8) {
            let naive = ranges.iter().any(|(low, high)| (low..=high).contains(&&value));

            prop_assert_eq!(Spans::new(ranges).contains(value), naive);
        }

        #[test]
        fn says_none_and_all_of_a_range_only_where_each_of_its_values_agrees(
            ranges in prop::collection::vec((0_u8..40, 0_u8..40), 0..5),
            low in 0_u8..40,
            more in 0_u8..10,
        ) {
            let spans = Spans::new(ranges);
            let inside = (low..=low + more).filter(|value| spans.contains(*value)).count();

            match spans.of(low, low + more) {
                Within::None => prop_assert_eq!(inside, 0),
                Within::All => prop_assert_eq!(inside, usize::from(more) + 1),
                Within::Some => prop_assert!(inside > 0),
            }
        }
    }
}
