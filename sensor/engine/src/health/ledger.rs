//! The ledger: intervals of blindness, those of one kind and input that touch put together.
//!
//! Intervals that are over are handed out at checkpoints and then forgotten, so that a run of months holds
//! those of seconds. Where nobody takes them, at most [`MOST`] are held; from there on an interval goes on
//! to the next of its kind, which says too much blindness and never too little.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_model::blind::{BlindTotals, Figures};
use sekisho_model::{BlindInterval, BlindKind, Timestamp};

/// Intervals that are held.
const MOST: usize = 4_096;
/// Intervals this far apart touch: a look comes each second.
const TOUCH: Duration = Duration::from_secs(2);

/// The intervals that are not handed out yet, and the sums of all.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// The newest of each kind and input, which may grow.
    newest: BTreeMap<(BlindKind, String), BlindInterval>,
    over: Vec<BlindInterval>,
    totals: BTreeMap<BlindKind, (u64, Duration)>,
}

impl Ledger {
    /// Adds an interval; gives it as it is now, grown where it touches the one before.
    pub(super) fn add(&mut self, interval: BlindInterval) -> &BlindInterval {
        let is_full = self.over.len() >= MOST;
        let key = (interval.kind, interval.input.clone());
        if let Some(before) = self.newest.get(&key)
            && !is_full
            && !touches(before, &interval)
            && let Some(before) = self.newest.remove(&key)
        {
            self.close(before);
        }
        let newest = self.newest.entry(key);
        let newest = newest.or_insert_with(|| BlindInterval {
            figures: Figures::new(),
            ..interval.clone()
        });
        newest.to = newest.to.max(interval.to);
        newest.open = interval.open;
        for (name, number) in interval.figures {
            let sum = newest.figures.entry(name).or_default();
            *sum = sum.saturating_add(number);
        }
        newest
    }

    /// Adds an interval, or says how far the one with this begin has come; its numbers take the place of
    /// those before.
    pub(super) fn set(&mut self, interval: BlindInterval) -> &BlindInterval {
        let key = (interval.kind, interval.input.clone());
        match self.newest.remove(&key) {
            Some(before) if before.id != interval.id => self.close(before),
            _ => {}
        }
        self.newest.entry(key).or_insert(interval)
    }

    /// What went on goes on no longer.
    pub(super) fn shut(&mut self, kind: BlindKind, input: &str) {
        if let Some(interval) = self.newest.get_mut(&(kind, input.to_owned())) {
            interval.open = false;
        }
    }

    /// Nothing goes on any longer.
    pub(super) fn shut_all(&mut self) {
        self.newest
            .values_mut()
            .for_each(|interval| interval.open = false);
    }

    fn close(&mut self, interval: BlindInterval) {
        let (intervals, lasted) = self.totals.entry(interval.kind).or_default();
        *intervals = intervals.saturating_add(1);
        *lasted = lasted.saturating_add(interval.to.since(interval.from));
        self.over.push(BlindInterval {
            open: false,
            ..interval
        });
    }

    /// What is not handed out yet, and what may grow.
    pub(super) fn intervals(&self) -> Vec<BlindInterval> {
        self.over.iter().chain(self.newest.values()).cloned().collect()
    }

    /// What is over was handed out.
    pub(super) fn hand_over(&mut self, now: Timestamp) {
        let grown: Vec<_> = self
            .newest
            .iter()
            .filter(|(_, interval)| !interval.open && now.since(interval.to) > TOUCH)
            .map(|(key, _)| key.clone())
            .collect();
        for key in grown {
            if let Some(interval) = self.newest.remove(&key) {
                self.close(interval);
            }
        }
        self.over.clear();
    }

    /// The sums by kind.
    pub(super) fn totals(&self) -> BTreeMap<String, BlindTotals> {
        let mut sums = self.totals.clone();
        for interval in self.newest.values() {
            let (intervals, lasted) = sums.entry(interval.kind).or_default();
            *intervals = intervals.saturating_add(1);
            *lasted = lasted.saturating_add(interval.to.since(interval.from));
        }
        let totals = sums.into_iter().map(|(kind, (intervals, lasted))| {
            let seconds = lasted.as_secs_f64();
            (kind.name().to_owned(), BlindTotals { intervals, seconds })
        });
        totals.collect()
    }
}

fn touches(before: &BlindInterval, next: &BlindInterval) -> bool {
    next.from <= before.to.plus(TOUCH) && next.to >= before.from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(from: i64, to: i64) -> BlindInterval {
        let at = |second| Timestamp::from_seconds(second, 0);
        BlindInterval::new(BlindKind::Loss, "eth1", at(from), at(to)).with("lost", 5)
    }

    #[test]
    fn intervals_that_touch_are_one_and_their_numbers_a_sum() {
        let mut ledger = Ledger::default();

        ledger.add(loss(10, 11));
        let grown = ledger.add(loss(12, 13)).clone();
        ledger.add(loss(20, 21));

        assert_eq!((grown.from, grown.to), (loss(10, 13).from, loss(10, 13).to));
        assert_eq!((grown.figures["lost"], grown.id), (10, loss(10, 11).id));
        assert_eq!(ledger.intervals().len(), 2);
        let total = ledger.totals()["loss"];
        assert_eq!((total.intervals, total.seconds), (2, 4.0));
    }

    #[test]
    fn what_was_handed_out_is_forgotten_and_still_counted() {
        let mut ledger = Ledger::default();
        for number in 0..100 {
            ledger.add(loss(number * 10, number * 10 + 1));
            ledger.hand_over(Timestamp::from_seconds(number * 10 + 5, 0));
            assert!(ledger.intervals().is_empty());
        }

        assert_eq!(ledger.totals()["loss"].intervals, 100);
    }

    #[test]
    fn a_full_ledger_says_too_much_blindness_and_never_too_little() {
        let mut ledger = Ledger::default();
        let many = i64::try_from(MOST).unwrap() + 100;
        for number in 0..many {
            ledger.add(loss(number * 10, number * 10 + 1));
        }

        assert_eq!(ledger.intervals().len(), MOST + 1);
        let last = &ledger.intervals()[MOST];
        assert!(last.to == loss(0, many * 10 - 9).to && last.figures["lost"] == 500);
    }
}
