//! Which flow was touched longest ago, found without touching anything for each packet.
//!
//! Every flow carries the number of its last packet, its stamp. Beside the flows stands one ticket
//! for each, in the order in which they were written. A ticket whose flow was touched since is
//! written anew when its turn comes, a ticket whose flow has ended is thrown away; so the first
//! ticket that is still true names the flow touched longest ago, exactly. Work is done only where a
//! flow has to be evicted, and when more than half of the tickets may be stale.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What stood in a flow when its ticket was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// Stamps are given once in a table and only grow.
    pub(crate) stamp: u64,
    pub(crate) slot: u32,
    /// Tells the flows of a slot apart.
    pub(crate) generation: u32,
}

/// Tickets that are never worth tidying up.
const FEW: usize = 1024;

/// The tickets of one kind of flow.
#[derive(Debug, Default)]
pub(crate) struct Recency {
    /// In the order of their stamps.
    written: VecDeque<Ticket>,
    /// Those that were written anew when the flow was no longer the newest.
    renewed: BinaryHeap<Reverse<Ticket>>,
}

impl Recency {
    /// Adds a flow that was touched just now, later than all before.
    pub(crate) fn push(&mut self, ticket: Ticket) {
        self.written.push_back(ticket);
    }

    /// The slot touched longest ago. `stamp_of` gives the stamp that a ticket's flow has now; nothing
    /// where the flow has ended or is of this kind no longer.
    pub(crate) fn oldest(&mut self, stamp_of: impl Fn(Ticket) -> Option<u64>) -> Option<u32> {
        loop {
            let from_written = match (self.written.front(), self.renewed.peek()) {
                (Some(written), Some(Reverse(renewed))) => written < renewed,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return None,
            };
            let ticket = if from_written {
                self.written.front().copied()
            } else {
                self.renewed.peek().map(|Reverse(ticket)| *ticket)
            }?;
            let stamp = stamp_of(ticket);
            if stamp == Some(ticket.stamp) {
                return Some(ticket.slot);
            }
            if from_written {
                self.written.pop_front();
            } else {
                self.renewed.pop();
            }
            if let Some(stamp) = stamp {
                self.renewed.push(Reverse(Ticket { stamp, ..ticket }));
            }
        }
    }

    /// Throws stale tickets away where they are more than those of `live` flows.
    pub(crate) fn tidy(&mut self, live: usize, stamp_of: impl Fn(Ticket) -> Option<u64>) {
        let tickets = self.written.len().saturating_add(self.renewed.len());
        if tickets > live.saturating_mul(2).saturating_add(FEW) {
            self.written.retain(|ticket| stamp_of(*ticket).is_some());
            self.renewed.retain(|Reverse(ticket)| stamp_of(*ticket).is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Touches and ends eight flows at random, and asks for the oldest now and then.
        #[test]
        fn gives_the_slot_of_the_oldest_touch(
            steps in proptest::collection::vec((0_u32..8, 0_u8..4), 0..200),
        ) {
            let mut recency = Recency::default();
            let mut flows: [Option<(u64, u32)>; 8] = [None; 8];
            for (stamp, (slot, what)) in (0_u64..).zip(steps) {
                let flow = &mut flows[slot as usize];
                match (*flow, what) {
                    (Some(_), 0) => *flow = None,
                    (Some((_, generation)), _) => *flow = Some((stamp, generation)),
                    (None, _) => {
                        let generation = u32::try_from(stamp).unwrap();
                        *flow = Some((stamp, generation));
                        recency.push(Ticket { stamp, slot, generation });
                    }
                }
                let stamp_of = |ticket: Ticket| {
                    flows[ticket.slot as usize]
                        .filter(|(_, generation)| *generation == ticket.generation)
                        .map(|(stamp, _)| stamp)
                };
                if what == 1 {
                    let expected = (0_u32..8)
                        .filter_map(|slot| Some((flows[slot as usize]?.0, slot)))
                        .min()
                        .map(|(_, slot)| slot);
                    proptest::prop_assert_eq!(recency.oldest(stamp_of), expected);
                }
                recency.tidy(0, stamp_of);
            }
        }
    }
}
