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

    pub(crate) fn meets(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            if a.1 <= b.0 {
                mine.next();
            } else if b.1 <= a.0 {
                theirs.next();
            } else {
                return true;
            }
        }
        false
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            both.push((a.0.max(b.0), a.1.min(b.1)));
            if a.1 < b.1 {
                mine.next();
            } else {
                theirs.next();
            }
        }
        Self::new(both)
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut theirs = other.0.iter().peekable();
        for (start, end) in self.iter() {
            let mut start = start;
            while let Some(taken) = theirs.peek().filter(|taken| taken.0 < end) {
                left.push((start, taken.0));
                start = start.max(taken.1);
                if taken.1 > end {
                    break;
                }
                theirs.next();
            }
            left.push((start, end));
        }
        Self::new(left)
    }

    pub(crate) fn first(&self) -> Option<T> {
        self.0.first().map(|(start, _)| *start)
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

        #[test]
        fn two_sets_meet_and_part_item_by_item(
            first in prop::collection::vec((0..40_u16, 0..40_u16), 0..8),
            second in prop::collection::vec((0..40_u16, 0..40_u16), 0..8),
        ) {
            let (a, b) = (Ranges::new(first), Ranges::new(second));
            let (both, left) = (a.and(&b), a.minus(&b));
            let items = || 0..45_u16;
            for item in items() {
                prop_assert_eq!(both.has(item), a.has(item) && b.has(item));
                prop_assert_eq!(left.has(item), a.has(item) && !b.has(item));
            }
            prop_assert_eq!(a.meets(&b), items().any(|item| both.has(item)));
        }
    }
}
