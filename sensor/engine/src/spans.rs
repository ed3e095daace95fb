//! When the counters of limits moved: from the begin of the first batch in which one did to the end
//! of the last.
//!
//! A batch is a matter of packets and not of threads, so the answer is the same for any number of
//! workers.

use std::collections::BTreeMap;

use sekisho_model::Timestamp;

/// How far a counter moved, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// The spans of all counters that moved, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(BTreeMap<&'static str, Span>);

impl Spans {
    /// Takes a counter's value at the end of a batch into account, which lasted from `begin` to `end`.
    pub(crate) fn note(&mut self, counter: &'static str, value: u64, begin: Timestamp, end: Timestamp) {
        if value == 0 {
            return;
        }
        let span = self.0.entry(counter).or_insert(Span {
            count: 0,
            first: begin,
            last: end,
        });
        if value > span.count {
            (span.count, span.last) = (value, end);
        }
    }

    /// Adds what another thread counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (counter, theirs) in &other.0 {
            let mine = self.0.entry(counter).or_insert(Span { count: 0, ..*theirs });
            mine.count = mine.count.saturating_add(theirs.count);
            mine.first = mine.first.min(theirs.first);
            mine.last = mine.last.max(theirs.last);
        }
    }

    /// The span of a counter that moved.
    pub(crate) fn get(&self, counter: &str) -> Option<Span> {
        self.0.get(counter).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_and_ends_with_the_batches_in_which_the_counter_moved() {
        let at = Timestamp::from_nanos;
        let mut spans = Spans::default();
        for (value, end) in [(0, 10), (2, 20), (2, 30), (5, 40), (5, 50)] {
            spans.note("evicted", value, at(end - 10), at(end));
        }
        let mut other = Spans::default();
        other.note("evicted", 1, at(0), at(10));

        spans.add(&other);

        let expected = Span {
            count: 6,
            first: at(0),
            last: at(40),
        };
        assert_eq!(spans.get("evicted"), Some(expected));
        assert_eq!(spans.get("other"), None);
    }
}
