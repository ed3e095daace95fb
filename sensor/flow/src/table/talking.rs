//! What the table does for the conversations of its flows: feeds them, keeps them bounded together,
//! and hands on what they say.

use sekisho_model::app::Event;

use super::{Sink, Table};
use crate::key::Side;
use crate::observation::Observation;

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
        let mut after = entry.cold.talk.held();
        let others = self.talking.saturating_sub(before);
        if others.saturating_add(after) > self.config.conversation_octets {
            // The one that would grow past the limit gives up, and is marked.
            entry.cold.talk.finish(packet.at, true, &mut self.said);
            entry.hot.be_quiet();
            self.counters.conversations_cut = self.counters.conversations_cut.saturating_add(1);
            after = entry.cold.talk.held();
        }
        // One conversation holds far less than 4 GiB; what is added here is what is taken off later.
        entry.cold.held = u32::try_from(after).unwrap_or(u32::MAX);
        self.talking = others.saturating_add(entry.cold.held as usize);
        self.tell(slot, sink);
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
        let flow = entry.reference(&self.blank, self.config.community_ids);
        for event in self.said.drain(..) {
            if let Event::Anomaly {
                event: "parser_fault",
                ..
            } = event
            {
                self.counters.parser_faults = self.counters.parser_faults.saturating_add(1);
            }
            let number = entry.next_said();
            sink.said(flow.clone(), number, event, &entry.cold.tag);
        }
    }
}
