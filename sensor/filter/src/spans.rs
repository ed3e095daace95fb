//! A set of values of an ordered type, as inclusive ranges in order.

use std::cmp::Ordering;

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
    }
}
