//! Which flow was touched longest ago, found without touching anything for each packet.
//!
//! Every flow carries the number of its last packet, its stamp. Beside the flows stand tickets, in the
//! order in which they were written: a slot has one at most, with a stamp that is no later than that
//! of the flow in it. A ticket whose flow was touched since is written anew when its turn comes, one
//! whose slot holds no flow of this kind any more lapses; so the first ticket that is still true names
//! the flow touched longest ago, exactly. Work is done only where a flow has to be evicted.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A slot, and the stamp of its flow when the ticket was written. Packed: there is one for each flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
struct Ticket {
    /// Stamps are given once in a table and only grow.
    stamp: u64,
    slot: u32,
}

/// The list grows by this part of it.
const GROWTH: usize = 4;
/// Tickets that it grows by at least.
const FEW: usize = 64;

/// The tickets of one kind of flow.
#[derive(Debug, Default)]
pub(crate) struct Recency {
    /// In the order of their stamps.
    written: VecDeque<Ticket>,
    /// Those that were written anew when the flow was no longer the newest.
    renewed: BinaryHeap<Reverse<Ticket>>,
}

impl Recency {
    /// Octets that the tickets of so many slots take, one each, before any was written anew.
    #[cfg(test)]
    pub(crate) const fn octets(slots: usize) -> usize {
        (slots + slots / GROWTH) * size_of::<Ticket>()
    }

    /// Octets that they take at most where flows are evicted: as many again.
    #[cfg(test)]
    pub(crate) const fn octets_full(slots: usize) -> usize {
        2 * slots * size_of::<Ticket>()
    }

    /// Adds a flow that was touched just now, later than all before, and whose slot has no ticket.
    pub(crate) fn push(&mut self, stamp: u64, slot: u32) {
        let len = self.written.len();
        if len == self.written.capacity() {
            // Twice as much would be more than is ever needed.
            self.written.reserve_exact(len.div_ceil(GROWTH).max(FEW));
        }
        self.written.push_back(Ticket { stamp, slot });
    }

    /// Takes out the slot touched longest ago. `stamp_of` gives the stamp of the flow in a slot now;
    /// nothing where there is none of this kind, whose ticket lapses by that.
    pub(crate) fn take_oldest(&mut self, mut stamp_of: impl FnMut(u32) -> Option<u64>) -> Option<u32> {
        loop {
            let from_written = match (self.written.front(), self.renewed.peek()) {
                (Some(written), Some(Reverse(renewed))) => written < renewed,
                (Some(_), None) => true,
                (None, _) => false,
            };
            let ticket = if from_written {
                self.written.pop_front()
            } else {
                self.renewed.pop().map(|Reverse(ticket)| ticket)
            }?;
            match stamp_of(ticket.slot) {
                Some(stamp) if stamp == ticket.stamp => return Some(ticket.slot),
                Some(stamp) => self.renewed.push(Reverse(Ticket { stamp, ..ticket })),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slot: the stamp of its flow, and whether it has a ticket.
    type Slot = (Option<u64>, bool);

    fn stamp_of(slots: &mut [Slot], slot: u32) -> Option<u64> {
        let (stamp, has_ticket) = &mut slots[slot as usize];
        assert!(*has_ticket);
        *has_ticket = stamp.is_some();
        *stamp
    }

    proptest::proptest! {
        /// Touches and ends eight flows at random, and takes the oldest out now and then.
        #[test]
        fn gives_the_slot_of_the_oldest_touch(
            steps in proptest::collection::vec((0_u32..8, 0_u8..4), 0..200),
        ) {
            let mut recency = Recency::default();
            let mut slots: [Slot; 8] = [(None, false); 8];
            for (stamp, (slot, what)) in (0_u64..).zip(steps) {
                let (flow, has_ticket) = &mut slots[slot as usize];
                match (*flow, what) {
                    (Some(_), 0) => *flow = None,
                    _ => *flow = Some(stamp),
                }
                if flow.is_some() && !std::mem::replace(has_ticket, true) {
                    recency.push(stamp, slot);
                }
                if what == 1 {
                    let oldest = (0_u32..8).filter_map(|slot| Some((slots[slot as usize].0?, slot))).min();

                    let taken = recency.take_oldest(|slot| stamp_of(&mut slots, slot));

                    proptest::prop_assert_eq!(taken, oldest.map(|(_, slot)| slot));
                    if let Some(slot) = taken {
                        slots[slot as usize] = (None, false);
                    }
                }
            }
        }
    }
}
