//! The flow table of one partition.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use sekisho_model::app::{Event, FlowRef};
use sekisho_model::{DirectionBy, EndReason, Endpoint, FlowRecord, Protocol, Timestamp};
use sekisho_wire::{icmp, ip};

use crate::config::{Config, Counters};
use crate::direction::sender_is_originator;
use crate::entry::{Blank, Entry};
use crate::key::{FlowKey, Side};
use crate::observation::Observation;
use crate::recency::{Links, NONE, Recency, Slots};
use crate::timers::{Due, Timers};

/// The longest ICMP error that is believed to answer a packet: what RFC 4443 section 2.4 allows.
/// A longer one carries something else.
const LONGEST_ICMP_ERROR: u32 = 1280;

/// What is known of a flow at its first packet.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Who began; for ICMP the port is the type.
    pub orig: Endpoint,
    /// Who was spoken to; for ICMP the port is the code.
    pub resp: Endpoint,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Whether the ports are known; they are not in later fragments and cut-off packets.
    pub has_ports: bool,
    /// Outer VLAN id.
    pub vlan: Option<u16>,
    /// ICMP errors that quote flows which the table tracks.
    pub related: bool,
    /// Time of the packet.
    pub at: Timestamp,
}

/// Where flows go.
pub trait Sink {
    /// What the sink hangs on a flow.
    type Tag: Clone;

    /// A flow begins.
    fn start(&mut self, start: &Start) -> Self::Tag;

    /// A record is complete.
    fn record(&mut self, record: FlowRecord, tag: &Self::Tag);

    /// The conversation of a flow says something. The zones in `flow` are the sink's to fill in.
    fn said(&mut self, flow: FlowRef, ordinal: u64, event: Event, tag: &Self::Tag) {
        let _ = (flow, ordinal, event, tag);
    }
}

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<'a, T> {
    /// Counted in the flow with this tag.
    Counted(&'a T),
    /// A copy of a packet just seen, left out as [`Config::leave_out_duplicates`] asks.
    LeftOut,
}

/// The flows of one partition, bounded by [`Config::flows`].
pub struct Table<T> {
    config: Config,
    hasher: RandomState,
    index: HashTable<u32>,
    slots: SlotVec<T>,
    free: Vec<u32>,
    /// Flows by the time of their last packet: those never answered, and the others. A flood of
    /// attempts evicts itself.
    unanswered: Recency,
    answered: Recency,
    timers: Timers,
    fired: Vec<Due>,
    counters: Counters,
    blank: Blank,
    /// What a conversation says, on its way to the sink.
    said: Vec<Event>,
    /// Octets that the conversations hold together, about.
    talking: usize,
}

/// The slots; an ended flow's slot keeps its last content until it is used again.
struct SlotVec<T>(Vec<Slot<T>>);

struct Slot<T> {
    entry: Entry<T>,
    answered: bool,
}

impl<T> SlotVec<T> {
    fn get(&self, index: u32) -> Option<&Entry<T>> {
        self.0
            .get(usize::try_from(index).unwrap_or(usize::MAX))
            .map(|slot| &slot.entry)
    }

    fn slot(&mut self, index: u32) -> Option<&mut Slot<T>> {
        self.0.get_mut(usize::try_from(index).unwrap_or(usize::MAX))
    }

    fn get_mut(&mut self, index: u32) -> Option<&mut Entry<T>> {
        self.slot(index).map(|slot| &mut slot.entry)
    }
}

impl<T> Slots for SlotVec<T> {
    fn links(&mut self, index: u32) -> Option<&mut Links> {
        if index == NONE {
            None
        } else {
            self.get_mut(index).map(|entry| &mut entry.links)
        }
    }
}

impl<T: Clone> Table<T> {
    /// An empty table. The hash is keyed anew each time; no output depends on it.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            hasher: RandomState::default(),
            index: HashTable::new(),
            slots: SlotVec(Vec::new()),
            free: Vec::new(),
            unanswered: Recency::default(),
            answered: Recency::default(),
            timers: Timers::default(),
            fired: Vec::new(),
            counters: Counters::default(),
            blank: Blank::default(),
            said: Vec::new(),
            talking: 0,
        }
    }

    /// Flows tracked now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no flow is tracked now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Counts one packet in its flow.
    pub fn observe<S: Sink<Tag = T>>(&mut self, packet: &Observation<'_>, sink: &mut S) -> Observed<'_, T> {
        let (key, sender) = self.key_of(packet);
        let index = match self.find(&key) {
            Some(index) if !self.is_ended(index, packet, sink) => index,
            _ => self.begin(key, sender, packet, sink),
        };
        let Some(entry) = self.slots.get_mut(index) else {
            return Observed::LeftOut;
        };
        let is_copy = entry.is_copy(packet, sender);
        if is_copy && self.config.leave_out_duplicates {
            self.counters.duplicates = self.counters.duplicates.saturating_add(1);
            return Observed::LeftOut;
        }
        let is_wanted = self.config.conversations && !is_copy && entry.talk.wants(packet.ip());
        let expected = if is_wanted { entry.expected() } else { [None; 2] };
        entry.count(packet, sender, is_copy, &mut self.counters);
        let answered = entry.is_answered();
        if is_wanted {
            self.converse(index, packet, (sender, expected), sink);
        }
        self.touch(index, answered);
        match self.slots.get(index) {
            Some(entry) => Observed::Counted(&entry.tag),
            None => Observed::LeftOut,
        }
    }

    /// Moves packet time on to `now`: ends what is idle, writes what is due.
    pub fn expire<S: Sink<Tag = T>>(&mut self, now: Timestamp, sink: &mut S) {
        let mut fired = std::mem::take(&mut self.fired);
        self.timers.fire(now, &mut fired);
        for (index, generation) in fired.drain(..) {
            let Some(entry) = self
                .slots
                .get_mut(index)
                .filter(|entry| entry.generation == generation)
            else {
                continue;
            };
            let (idle, reason) = entry.idle_deadline(&self.config);
            if is_due(idle, now) {
                self.end(index, reason, sink);
                continue;
            }
            if is_due(entry.active_deadline(&self.config), now) {
                let record = entry.record(EndReason::Active, &self.blank, self.config.community_ids);
                sink.record(record, &entry.tag);
            }
            let next = idle.min(entry.active_deadline(&self.config));
            self.timers.set(next, (index, generation));
        }
        self.fired = fired;
    }

    /// Ends every flow because the input has ended.
    pub fn drain<S: Sink<Tag = T>>(&mut self, sink: &mut S) {
        while !self.drain_some(usize::MAX, sink) {}
    }

    /// The same in steps of `flows`, so that a caller can pass the records on in between; true once
    /// none is left.
    pub fn drain_some<S: Sink<Tag = T>>(&mut self, flows: usize, sink: &mut S) -> bool {
        for _ in 0..flows {
            let Some(index) = self.unanswered.oldest().or_else(|| self.answered.oldest()) else {
                return true;
            };
            let reason = match self
                .slots
                .get(index)
                .map(|entry| entry.idle_deadline(&self.config).1)
            {
                Some(EndReason::EndOfFlow) => EndReason::EndOfFlow,
                _ => EndReason::Forced,
            };
            self.end(index, reason, sink);
        }
        self.is_empty()
    }

    /// Lets the conversation of a flow read a packet.
    fn converse<S: Sink<Tag = T>>(
        &mut self,
        index: u32,
        packet: &Observation<'_>,
        place: (Side, [Option<u32>; 2]),
        sink: &mut S,
    ) {
        let Some(entry) = self.slots.get_mut(index) else {
            return;
        };
        let before = entry.talk.held();
        entry.converse(packet, place, &mut self.said);
        let mut after = entry.talk.held();
        let others = self.talking.saturating_sub(before);
        if others.saturating_add(after) > self.config.conversation_octets {
            // The one that would grow past the limit gives up, and is marked.
            entry.talk.finish(packet.at, true, &mut self.said);
            self.counters.conversations_cut = self.counters.conversations_cut.saturating_add(1);
            after = 0;
        }
        self.talking = others.saturating_add(after);
        self.tell(index, sink);
    }

    /// The conversation of a flow is over with it.
    fn fall_silent<S: Sink<Tag = T>>(&mut self, index: u32, sink: &mut S) {
        let Some(entry) = self.slots.get_mut(index) else {
            return;
        };
        self.talking = self.talking.saturating_sub(entry.talk.held());
        entry.talk.finish(entry.last, false, &mut self.said);
        self.tell(index, sink);
    }

    /// Hands on what a conversation said.
    fn tell<S: Sink<Tag = T>>(&mut self, index: u32, sink: &mut S) {
        if self.said.is_empty() {
            return;
        }
        let Some(entry) = self.slots.get_mut(index) else {
            return;
        };
        let flow = entry.reference(&self.blank, self.config.community_ids);
        for event in self.said.drain(..) {
            sink.said(flow.clone(), entry.next_said(), event, &entry.tag);
        }
    }

    /// The key of a packet. An ICMP error is noted on the flow that it quotes.
    fn key_of(&mut self, packet: &Observation<'_>) -> (FlowKey, Side) {
        let (key, sender) = FlowKey::of(packet.ip());
        let key = self.on_vlan(key, packet);
        let is_error = key.is_icmp()
            && u8::try_from(packet.ip().source_port).is_ok_and(|kind| icmp::is_error(key.protocol(), kind));
        if !is_error {
            return (key, sender);
        }
        let Ok((_, quoted)) = ip::decode(packet.ip().payload, 0) else {
            return (key, sender);
        };
        let quoted_key = self.on_vlan(FlowKey::of(&quoted).0, packet);
        let Some(index) = self.find(&quoted_key) else {
            return (key, sender);
        };
        if let Some(entry) = self.slots.get_mut(index) {
            entry.note_icmp_error();
        }
        let answers = packet.ip().quotes_receiver && packet.ip().octets <= LONGEST_ICMP_ERROR;
        (if answers { key.related() } else { key }, sender)
    }

    fn on_vlan(&self, key: FlowKey, packet: &Observation<'_>) -> FlowKey {
        match packet.layer().link.vlan.filter(|_| self.config.by_vlan) {
            Some(vlan) => key.on_vlan(vlan),
            None => key,
        }
    }

    fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.index
            .find(hash, |index| {
                self.slots.get(*index).is_some_and(|entry| entry.key == *key)
            })
            .copied()
    }

    /// Moves a flow to the newest end of the list it belongs to.
    fn touch(&mut self, index: u32, answered: bool) {
        let was_answered = self
            .slots
            .slot(index)
            .map(|slot| std::mem::replace(&mut slot.answered, answered));
        match (was_answered, answered) {
            (Some(true), true) => self.answered.touch(&mut self.slots, index),
            (Some(false), false) => self.unanswered.touch(&mut self.slots, index),
            (Some(false), true) => {
                self.unanswered.remove(&mut self.slots, index);
                self.answered.push(&mut self.slots, index);
            }
            _ => {}
        }
    }

    /// Ends the flow found for a packet if it was over before the packet came.
    fn is_ended<S: Sink<Tag = T>>(&mut self, index: u32, packet: &Observation<'_>, sink: &mut S) -> bool {
        let Some(entry) = self.slots.get_mut(index) else {
            return true;
        };
        let (idle, reason) = entry.idle_deadline(&self.config);
        if is_due(idle, packet.at) || entry.is_reuse(packet) {
            self.end(index, reason, sink);
            return true;
        }
        if is_due(entry.active_deadline(&self.config), packet.at) {
            let record = entry.record(EndReason::Active, &self.blank, self.config.community_ids);
            sink.record(record, &entry.tag);
        }
        false
    }

    fn begin<S: Sink<Tag = T>>(
        &mut self,
        key: FlowKey,
        sender: Side,
        packet: &Observation<'_>,
        sink: &mut S,
    ) -> u32 {
        if self.index.len() >= self.config.flows
            && let Some(oldest) = self.unanswered.oldest().or_else(|| self.answered.oldest())
        {
            self.counters.evicted = self.counters.evicted.saturating_add(1);
            self.end(oldest, EndReason::LackOfResources, sink);
        }
        self.counters.flows = self.counters.flows.saturating_add(1);
        let direction = sender_is_originator(packet.ip());
        let tag = sink.start(&start_of(&key, sender, direction, packet));
        let mut entry = Entry::new(key, sender, direction, packet, tag);
        let index = if let Some(index) = self.free.pop() {
            if let Some(slot) = self.slots.slot(index) {
                entry.generation = slot.entry.generation;
                *slot = Slot {
                    entry,
                    answered: false,
                };
            }
            index
        } else {
            let index = u32::try_from(self.slots.0.len()).unwrap_or(NONE);
            self.slots.0.push(Slot {
                entry,
                answered: false,
            });
            index
        };
        self.unanswered.push(&mut self.slots, index);
        let hash = self.hasher.hash_one(key);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hash, index, |index| {
            slots.get(*index).map_or(0, |entry| hasher.hash_one(entry.key))
        });
        if let Some(entry) = self.slots.get(index) {
            // The shortest deadline a flow can have; looked at again when it fires.
            let first = packet.at.plus(
                self.config
                    .close_delay
                    .min(self.config.idle)
                    .min(self.config.active),
            );
            self.timers.set(first, (index, entry.generation));
        }
        index
    }

    fn end<S: Sink<Tag = T>>(&mut self, index: u32, reason: EndReason, sink: &mut S) {
        let answered = self.slots.slot(index).is_some_and(|slot| slot.answered);
        let list = if answered {
            &mut self.answered
        } else {
            &mut self.unanswered
        };
        list.remove(&mut self.slots, index);
        self.fall_silent(index, sink);
        let Some(entry) = self.slots.get_mut(index) else {
            return;
        };
        // The slot's timer finds another generation and lapses.
        entry.generation = entry.generation.wrapping_add(1);
        let hash = self.hasher.hash_one(entry.key);
        if entry.packets() > 0 {
            let record = entry.record(reason, &self.blank, self.config.community_ids);
            sink.record(record, &entry.tag);
        }
        if let Ok(found) = self.index.find_entry(hash, |other| *other == index) {
            found.remove();
        }
        self.free.push(index);
    }
}

/// Whether a deadline has passed. One at the end of time never does: it stands for a packet whose
/// time is past everything.
fn is_due(deadline: Timestamp, now: Timestamp) -> bool {
    deadline <= now && deadline < Timestamp::MAX
}

fn start_of(key: &FlowKey, sender: Side, direction: (bool, DirectionBy), packet: &Observation<'_>) -> Start {
    let (sender_is_originator, _) = direction;
    let orig = if sender_is_originator {
        sender
    } else {
        sender.other()
    };
    let (mut from, mut to) = (key.endpoint(orig), key.endpoint(orig.other()));
    if key.is_icmp() {
        let ip = packet.ip();
        (from.port, to.port) = if sender_is_originator {
            (ip.source_port, ip.destination_port)
        } else {
            (from.port, 0)
        };
    }
    Start {
        orig: from,
        resp: to,
        protocol: key.protocol(),
        has_ports: key.has_ports(),
        vlan: packet.layer().link.vlan,
        related: key.is_related(),
        at: packet.at,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use etherparse::PacketBuilder;

    use super::*;

    /// Keys that agree in the exclusive or of their addresses and of their ports, which is what hashes
    /// without a secret often begin with. Of random keys 16 share their low 16 bits in less than one
    /// run of a million: 65,536 times the chance of a Poisson number of mean 1.53 to reach 16.
    #[test]
    fn keys_chosen_to_collide_spread_as_random_ones_do() {
        let table = Table::<()>::new(Config::default());
        let mut loads: HashMap<u64, u32> = HashMap::new();
        for number in 0..100_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let port = 1_024 + (number & 0x7fff) as u16;
            let mut packet = Vec::new();
            PacketBuilder::ipv4([10, a, b, c], [10 ^ 1, a ^ 2, b ^ 3, c ^ 4], 64)
                .udp(port, port ^ 0x5555)
                .write(&mut packet, &[])
                .unwrap();
            let (_, ip) = ip::decode(&packet, 28).unwrap();
            let hash = table.hasher.hash_one(FlowKey::of(&ip).0);
            *loads.entry(hash & 0xffff).or_default() += 1;
        }

        let most = loads.values().max().unwrap();

        assert!(*most < 16, "{most} keys share their low 16 bits");
    }
}
