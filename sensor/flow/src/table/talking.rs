//! What the table does for the conversations of its flows: feeds them, keeps them bounded together,
//! and hands on what they say.

use sekisho_model::Timestamp;
use sekisho_model::app::Event;

use super::{Sink, Table};
use crate::entry::Hot;
use crate::key::Side;
use crate::observation::Observation;

/// Slots that may be looked at for a packet, on the average, where there is no room.
const SLOTS_A_PACKET: u64 = 16;

impl<T: Clone> Table<T> {
    /// Lets the conversation of a flow read a packet.
    #[inline(never)]
    pub(super) fn converse<S: Sink<Tag = T>>(
        &mut self,
        slot: u32,
        packet: &Observation<'_>,
        place: (Side, [Option<u32>; 2]),
        sink: &mut S,
    ) {
        let Some(mut entry) = self.slots.entry(slot) else {
            return;
        };
        let before = entry.cold.held as usize;
        entry.converse(packet, place, &mut self.said);
        let after = entry.cold.talk.held();
        let others = self.talking.saturating_sub(before);
        entry.cold.held = counted(after);
        self.talking = others.saturating_add(entry.cold.held as usize);
        self.tell(slot, sink);
        while self.talking > self.config.conversation_octets {
            let idle = self.longest_idle_talk().unwrap_or(slot);
            if !self.cut_short(idle, packet.at, sink) {
                break;
            }
        }
    }

    /// Ends a conversation to make room, and marks it; false where there is none.
    fn cut_short<S: Sink<Tag = T>>(&mut self, slot: u32, at: Timestamp, sink: &mut S) -> bool {
        let Some(entry) = self.slots.entry(slot).filter(|entry| entry.cold.talk.is_open()) else {
            return false;
        };
        entry.cold.talk.finish(at, true, &mut self.said);
        entry.hot.be_quiet();
        self.counters.conversations_cut = self.counters.conversations_cut.saturating_add(1);
        let after = counted(entry.cold.talk.held());
        let before = std::mem::replace(&mut entry.cold.held, after);
        let others = self.talking.saturating_sub(before as usize);
        self.talking = others.saturating_add(after as usize);
        self.tell(slot, sink);
        true
    }

    /// The flow idle longest whose conversation is open; the one that was read last comes last.
    ///
    /// All of them are put in order when there is no room and none of the last order is left, but not
    /// before one packet came for every [`SLOTS_A_PACKET`] slots, so that a packet costs the same
    /// however many there are: until then there is none. A flow that was heard since is passed over.
    fn longest_idle_talk(&mut self) -> Option<u32> {
        loop {
            while let Some((stamp, slot)) = self.idle_talks.pop_front() {
                // Stamps are given once, so that an equal one is of the same flow.
                let hot = self.slots.hot(slot);
                if hot.is_some_and(|hot| is_open(hot) && hot.stamp == stamp) {
                    return Some(slot);
                }
            }
            let pause = self.slots.len() as u64 / SLOTS_A_PACKET;
            let next = self.ordered.saturating_add(pause);
            if self.ordered > 0 && self.stamp < next {
                return None;
            }
            self.ordered = self.stamp;
            let mut talks = self.slots.talks(is_open);
            if talks.is_empty() {
                return None;
            }
            talks.sort_unstable();
            self.idle_talks = talks.into();
        }
    }

    /// The conversation of a flow is over with it.
    pub(super) fn fall_silent<S: Sink<Tag = T>>(&mut self, slot: u32, sink: &mut S) {
        let Some(entry) = self.slots.entry(slot) else {
            return;
        };
        let held = std::mem::take(&mut entry.cold.held) as usize;
        self.talking = self.talking.saturating_sub(held);
        // What is kept from here on is the record's.
        entry.cold.talk.finish(entry.hot.last, false, &mut self.said);
        self.tell(slot, sink);
    }

    /// Hands on what a conversation said.
    fn tell<S: Sink<Tag = T>>(&mut self, slot: u32, sink: &mut S) {
        if self.said.is_empty() {
            return;
        }
        let Some(mut entry) = self.slots.entry(slot) else {
            return;
        };
        let mut flow = Some(entry.reference(&self.blank, self.config.community_ids));
        let mut left = self.said.len();
        for event in self.said.drain(..) {
            if let Event::Anomaly {
                event: "parser_fault",
                ..
            } = event
            {
                self.counters.parser_faults = self.counters.parser_faults.saturating_add(1);
            }
            let number = entry.next_said();
            left = left.saturating_sub(1);
            // Mostly there is one event.
            let flow = if left == 0 { flow.take() } else { flow.clone() };
            if let Some(flow) = flow {
                sink.said(flow, number, event, &entry.cold.tag);
            }
        }
    }
}

/// Whether the payload of a flow that is there may say more.
fn is_open(hot: &Hot) -> bool {
    hot.is_live() && !hot.is_quiet()
}

/// What is taken off later is what is added here; one conversation holds far less than 4 GiB.
fn counted(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}
