//! When to look at a flow again: slots by the tick of packet time in which something is due.
//!
//! Near ticks stand in a ring, far ones in a tree, because packet time may jump by years: both hold
//! one entry a flow whatever the span, and one more for each flow that ended before its entry came
//! due. Entries are not moved when a flow's deadline moves; the table looks when one fires and sets
//! it anew.

use std::collections::BTreeMap;

use sekisho_model::Timestamp;

/// A slot and the generation of the flow in it, so that a slot used again is not mistaken.
pub(crate) type Due = (u32, u32);

/// Ticks that the ring reaches ahead: longer than every timeout but the active one.
const REACH: i64 = 512;
/// Nanoseconds of a tick.
const TICK: i64 = 1_000_000_000;

/// The ticks in which slots are due.
#[derive(Debug)]
pub(crate) struct Timers {
    /// The tick that the ring begins with.
    next: i64,
    ring: Vec<Vec<Due>>,
    /// Entries in the ring.
    near: usize,
    far: BTreeMap<i64, Vec<Due>>,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            next: 0,
            ring: (0..REACH).map(|_| Vec::new()).collect(),
            near: 0,
            far: BTreeMap::new(),
        }
    }
}

impl Timers {
    /// Sets a slot to fire once packet time has come to the tick of `at`.
    pub(crate) fn set(&mut self, at: Timestamp, due: Due) {
        let tick = tick(at);
        if self.near == 0 {
            // Deadlines of other kinds may be sooner than this one.
            self.next = tick.saturating_sub(REACH / 2);
        }
        let ahead = tick.saturating_sub(self.next);
        match self.ring.get_mut(place(tick)) {
            Some(entries) if (0..REACH).contains(&ahead) => {
                self.near = self.near.saturating_add(1);
                entries.push(due);
            }
            _ => self.far.entry(tick).or_default().push(due),
        }
    }

    /// Takes out every entry of the ticks up to that of `now`.
    #[inline]
    pub(crate) fn fire(&mut self, now: Timestamp, into: &mut Vec<Due>) {
        let now = tick(now);
        while let Some(entry) = self.far.first_entry() {
            if *entry.key() > now {
                break;
            }
            into.append(&mut entry.remove());
        }
        while self.near > 0 && self.next <= now {
            if let Some(entries) = self.ring.get_mut(place(self.next)) {
                self.near = self.near.saturating_sub(entries.len());
                into.append(&mut std::mem::take(entries));
            }
            self.next = self.next.saturating_add(1);
        }
    }
}

const fn tick(at: Timestamp) -> i64 {
    at.nanos().div_euclid(TICK)
}

/// Where a tick stands in the ring.
fn place(tick: i64) -> usize {
    usize::try_from(tick.rem_euclid(REACH)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second, 0)
    }

    proptest::proptest! {
        /// Times near and far, forwards and backwards.
        #[test]
        fn every_entry_fires_once_when_its_time_has_come(
            steps in proptest::collection::vec((proptest::bool::ANY, -1000_i64..2000), 1..200),
        ) {
            let (mut timers, mut waiting) = (Timers::default(), Vec::new());
            for (number, (fires, second)) in (0_u32..).zip(steps) {
                if !fires {
                    timers.set(at(second), (number, 0));
                    waiting.push((second, (number, 0)));
                    continue;
                }
                let mut fired = Vec::new();
                timers.fire(at(second), &mut fired);
                fired.sort_unstable();
                let (due, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due, _)| *due <= second);
                waiting = left;
                let due: Vec<Due> = due.into_iter().map(|(_, entry)| entry).collect();
                proptest::prop_assert_eq!(fired, due);
            }
        }
    }

    #[test]
    fn a_time_that_no_clock_reaches_costs_nothing() {
        let (mut timers, mut fired) = (Timers::default(), Vec::new());
        timers.set(at(0), (1, 0));
        timers.set(Timestamp::MAX, (2, 0));

        timers.fire(at(1), &mut fired);
        assert_eq!(fired, [(1, 0)]);
        timers.fire(Timestamp::MAX, &mut fired);
        assert_eq!(fired, [(1, 0), (2, 0)]);
    }
}
