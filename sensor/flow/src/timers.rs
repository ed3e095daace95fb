//! When to look at a flow again: slots by the second of packet time in which something is due.
//!
//! A tree of seconds rather than a wheel, because packet time may jump by years: it holds one
//! entry a flow whatever the span, and one more for each flow that ended before its entry came due. Entries are not moved when a flow's deadline moves; the table
//! looks when one fires and sets it anew.

use std::collections::BTreeMap;

use sekisho_model::Timestamp;

/// A slot and the generation of the flow in it, so that a slot used again is not mistaken.
pub(crate) type Due = (u32, u32);

/// The seconds in which slots are due.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    seconds: BTreeMap<i64, Vec<Due>>,
}

impl Timers {
    /// Sets a slot to fire once packet time has passed `at`.
    pub(crate) fn set(&mut self, at: Timestamp, due: Due) {
        self.seconds.entry(second(at)).or_default().push(due);
    }

    /// Takes out every entry that may be due by `now`.
    pub(crate) fn fire(&mut self, now: Timestamp, into: &mut Vec<Due>) {
        let now = second(now);
        while let Some(entry) = self.seconds.first_entry() {
            if *entry.key() > now {
                return;
            }
            into.append(&mut entry.remove());
        }
    }
}

const fn second(at: Timestamp) -> i64 {
    at.nanos().div_euclid(1_000_000_000)
}
