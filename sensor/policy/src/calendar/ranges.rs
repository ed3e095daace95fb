//! Sets of minutes as sorted ranges.

/// Half-open ranges, sorted and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ranges<T>(Box<[(T, T)]>);

impl<T: Copy + Ord> Ranges<T> {
    /// Joins ranges that overlap or touch; empty ones are left out.
    pub(crate) fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable();
        let mut apart: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        Self(apart.into())
    }

    pub(crate) fn has(&self, item: T) -> bool {
        // Nearly every window has one or two ranges, where a walk is the fastest search.
        if self.0.len() <= 4 {
            return self.0.iter().any(|(start, end)| *start <= item && item < *end);
        }
        let after = self.0.partition_point(|(start, _)| *start <= item);
        let before = after.checked_sub(1).and_then(|last| self.0.get(last));
        before.is_some_and(|(_, end)| item < *end)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (T, T)> {
        self.0.iter().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every item from `start` to before `end` is in the set.
    pub(crate) fn covers(&self, start: T, end: T) -> bool {
        self.0.iter().any(|(mine, last)| *mine <= start && end <= *last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let ranges = Ranges::new(vec![(510, 720), (720, 1035), (1200, 1200), (60, 90)]);

        assert_eq!(ranges.iter().collect::<Vec<_>>(), [(60, 90), (510, 1035)]);
        assert!(ranges.covers(600, 1035) && !ranges.covers(80, 510));
    }

    proptest! {
        #[test]
        fn a_set_has_what_one_of_its_ranges_has(
            ranges in prop::collection::vec((0..200_u16, 0..200_u16), 0..12),
            item in 0..200_u16,
        ) {
            let plain = ranges.iter().any(|(start, end)| (*start..*end).contains(&item));
            prop_assert_eq!(Ranges::new(ranges).has(item), plain);
        }
    }
}
