//! When flows of a leg were there: spans of time, those near each other joined.

use sekisho_model::Timestamp;

/// Spans of time, sorted and apart from each other.
#[derive(Debug, Default)]
pub(super) struct Cover(Vec<(i64, i64)>);

impl Cover {
    /// Adds a flow. Spans that are no further apart than `join` become one, which is exact for every
    /// question about a time at least that long; so there are at most as many as time goes into it.
    pub(super) fn add(&mut self, (start, end): (Timestamp, Timestamp), join: i64) {
        let (mut start, mut end) = (start.nanos(), end.nanos());
        let near =
            |(from, to): &(i64, i64)| from.saturating_sub(end) <= join && start.saturating_sub(*to) <= join;
        let first = self.0.iter().position(near);
        let at = match first {
            None => self.0.partition_point(|(from, _)| *from < start),
            Some(first) => {
                let joined = self.0.iter().skip(first).take_while(|span| near(span)).count();
                for (from, to) in self.0.drain(first..first.saturating_add(joined)) {
                    (start, end) = (start.min(from), end.max(to));
                }
                first
            }
        };
        self.0.insert(at, (start, end));
    }

    /// Whether a flow was there at some time from `start` to `end`.
    pub(super) fn meets(&self, start: i64, end: i64) -> bool {
        let begun = self.0.partition_point(|(from, _)| *from <= end);
        let last = begun.checked_sub(1).and_then(|last| self.0.get(last));
        last.is_some_and(|(_, to)| *to >= start)
    }

    /// Forgets what ended before `time`.
    pub(super) fn forget(&mut self, time: i64) {
        let ended = self.0.partition_point(|(_, to)| *to < time);
        self.0.drain(..ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second, 0)
    }

    fn meets(cover: &Cover, start: i64, end: i64) -> bool {
        cover.meets(at(start).nanos(), at(end).nanos())
    }

    #[test]
    fn a_time_meets_a_span_that_it_touches() {
        let mut cover = Cover::default();
        for (start, end) in [(100, 110), (10, 20), (200, 200)] {
            cover.add((at(start), at(end)), 0);
        }

        for (start, end, expected) in [
            (0, 9, false),
            (0, 10, true),
            (20, 30, true),
            (21, 99, false),
            (15, 16, true),
            (111, 199, false),
            (150, 250, true),
            (201, 300, false),
        ] {
            assert_eq!(meets(&cover, start, end), expected, "{start} to {end}");
        }
    }

    #[test]
    fn what_is_near_becomes_one_span_and_answers_stay_the_same() {
        let (mut joined, mut apart) = (Cover::default(), Cover::default());
        let minute = at(60).nanos();
        for start in [0, 500, 30, 90, 300, 460, 1000, 200] {
            joined.add((at(start), at(start + 7)), minute);
            apart.add((at(start), at(start + 7)), 0);
        }

        assert_eq!((joined.0.len(), apart.0.len()), (5, 8));
        for start in 0..1100 {
            assert_eq!(
                meets(&joined, start, start + 60),
                meets(&apart, start, start + 60),
                "{start}"
            );
        }
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut cover = Cover::default();
        cover.add((at(1), at(2)), 0);
        cover.add((at(5), at(9)), 0);

        cover.forget(at(6).nanos());

        assert!(!meets(&cover, 1, 2) && meets(&cover, 5, 5));
    }
}
