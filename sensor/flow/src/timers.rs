//! When to look at a flow again: slots by the tick of packet time in which something is due.
//!
//! Near ticks stand in a ring, far ones in a tree, because packet time may jump by years: both hold
//! four octets an entry whatever the span. Entries are not moved when a flow's deadline moves; the
//! table looks when one fires and sets it anew. It keeps the soonest tick of each slot, sets none that
//! is later than that, and passes over entries of other ticks; so a flow that begins where another
//! has ended finds its entry there already.

use std::collections::BTreeMap;

use sekisho_model::Timestamp;

/// Ticks that the ring reaches ahead: longer than every timeout but the active one.
const REACH: i64 = 512;
/// Nanoseconds of a tick.
const TICK: i64 = 1_000_000_000;
/// The last tick.
const LAST: i64 = u32::MAX as i64 - 1;

/// A second of packet time, counted from 1970. Earlier ones are taken for the first, those after 2106 for
/// the last: a pcap file has no others, and a timer that is late costs nothing but room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u32);

impl Tick {
    /// Later than every tick.
    pub(crate) const NEVER: Self = Self(u32::MAX);

    /// The tick of a time.
    #[inline]
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.nanos().div_euclid(TICK).clamp(0, LAST)).unwrap_or(0))
    }

    const fn number(self) -> i64 {
        self.0 as i64
    }
}

/// The ticks in which slots are due.
#[derive(Debug)]
pub(crate) struct Timers {
    /// The tick that the ring begins with.
    next: i64,
    ring: Vec<Vec<u32>>,
    /// Entries in the ring.
    near: usize,
    far: BTreeMap<Tick, Vec<u32>>,
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
    /// Octets that the entries of so many slots take, one each, in a list that doubles.
    #[cfg(test)]
    pub(crate) const fn octets(slots: usize) -> usize {
        slots.next_power_of_two() * size_of::<u32>()
    }

    /// Sets a slot to fire once packet time has come to a tick.
    pub(crate) fn set(&mut self, at: Tick, slot: u32) {
        let tick = at.number();
        if self.near == 0 {
            // Deadlines of other kinds may be sooner than this one.
            self.next = tick.saturating_sub(REACH / 2);
        }
        let ahead = tick.saturating_sub(self.next);
        match self.ring.get_mut(place(tick)) {
            Some(entries) if (0..REACH).contains(&ahead) => {
                self.near = self.near.saturating_add(1);
                entries.push(slot);
            }
            _ => self.far.entry(at).or_default().push(slot),
        }
    }

    /// Takes out the entries of every tick up to that of `now`.
    #[inline]
    pub(crate) fn fire(&mut self, now: Timestamp, into: &mut Vec<(Tick, Vec<u32>)>) {
        let now = Tick::of(now);
        while let Some(entry) = self.far.first_entry().filter(|entry| *entry.key() <= now) {
            into.push(entry.remove_entry());
        }
        while self.near > 0 && self.next <= now.number() {
            let entries = self.ring.get_mut(place(self.next)).map(std::mem::take);
            if let Some(entries) = entries.filter(|entries| !entries.is_empty()) {
                self.near = self.near.saturating_sub(entries.len());
                into.push((Tick(u32::try_from(self.next).unwrap_or(0)), entries));
            }
            self.next = self.next.saturating_add(1);
        }
    }
}

/// Where a tick stands in the ring.
fn place(tick: i64) -> usize {
    usize::try_from(tick.rem_euclid(REACH)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots that fire by a second, each with its tick.
    fn fire(timers: &mut Timers, second: u32) -> Vec<(Tick, u32)> {
        let mut fired = Vec::new();
        timers.fire(Timestamp::from_seconds(i64::from(second), 0), &mut fired);
        fired
            .into_iter()
            .flat_map(|(tick, slots)| slots.into_iter().map(move |slot| (tick, slot)))
            .collect()
    }

    proptest::proptest! {
        /// Times near and far, forwards and backwards.
        #[test]
        fn every_entry_fires_once_when_its_time_has_come(
            steps in proptest::collection::vec((proptest::bool::ANY, 0_u32..3000), 1..200),
        ) {
            let (mut timers, mut waiting) = (Timers::default(), Vec::new());
            for (slot, (fires, second)) in (0_u32..).zip(steps) {
                if !fires {
                    timers.set(Tick(second), slot);
                    waiting.push((Tick(second), slot));
                    continue;
                }

                let mut fired = fire(&mut timers, second);

                fired.sort_unstable();
                waiting.sort_unstable();
                let (due, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due, _)| *due <= Tick(second));
                waiting = left;
                proptest::prop_assert_eq!(fired, due);
            }
        }
    }

    #[test]
    fn a_time_that_no_clock_reaches_costs_nothing() {
        let mut timers = Timers::default();
        let (first, last) = (Tick::of(Timestamp::MIN), Tick::of(Timestamp::MAX));
        timers.set(first, 1);
        timers.set(last, 2);

        assert_eq!(fire(&mut timers, 1), [(first, 1)]);
        let mut fired = Vec::new();
        timers.fire(Timestamp::MAX, &mut fired);
        assert_eq!(fired, [(last, vec![2])]);
        assert!(last < Tick::NEVER);
    }
}
