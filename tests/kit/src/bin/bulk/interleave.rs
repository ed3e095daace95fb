//! Puts the packets of many flows in order of time while the flows are made.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sekisho_kit::{Packet, Random};

/// Packets of flows that begin at `starts`, in order of time.
///
/// `starts` ascends, and no packet of a flow is before its start.
pub(crate) struct Interleave<S: Iterator<Item = u64>, F> {
    starts: std::iter::Peekable<S>,
    flow: F,
    waiting: BinaryHeap<Reverse<Waiting>>,
    made: u64,
}

/// A packet in the queue; packets of one time leave in the order in which they were made.
struct Waiting {
    order: (u64, u64),
    packet: Packet,
}

impl<S: Iterator<Item = u64>, F: FnMut(u64) -> Vec<Packet>> Interleave<S, F> {
    pub(crate) fn new(starts: S, flow: F) -> Self {
        Self {
            starts: starts.peekable(),
            flow,
            waiting: BinaryHeap::new(),
            made: 0,
        }
    }
}

impl<S: Iterator<Item = u64>, F: FnMut(u64) -> Vec<Packet>> Iterator for Interleave<S, F> {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        let earliest = |waiting: &BinaryHeap<Reverse<Waiting>>| {
            waiting
                .peek()
                .map_or(u64::MAX, |Reverse(waiting)| waiting.order.0)
        };
        while let Some(start) = self.starts.next_if(|start| *start <= earliest(&self.waiting)) {
            for packet in (self.flow)(start) {
                let order = (packet.time_ns, self.made);
                self.made += 1;
                self.waiting.push(Reverse(Waiting { order, packet }));
            }
        }
        self.waiting.pop().map(|Reverse(waiting)| waiting.packet)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

/// Times that ascend from `begin` for ever, `mean_gap_ns` apart on average.
pub(crate) fn starts(begin: u64, mean_gap_ns: u64, mut random: Random) -> impl Iterator<Item = u64> {
    let mut at = begin;
    std::iter::repeat_with(move || {
        at += random.between(0, mean_gap_ns * 2);
        at
    })
}
