//! The flow table of one partition.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use sekisho_model::{EndReason, Endpoint, FlowRecord, Protocol, Timestamp};
use sekisho_wire::Frame;

use crate::config::{Config, Counters};
use crate::direction::sender_is_originator;
use crate::entry::Entry;
use crate::key::{FlowKey, Side};
use crate::recency::{Links, NONE, Recency, Slots};
use crate::timers::{Due, Timers};

/// What is known of a flow at its first packet.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Who began; for ICMP the port is the type.
    pub orig: Endpoint,
    /// Who was spoken to; for ICMP the port is the code.
    pub resp: Endpoint,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Outer VLAN id.
    pub vlan: Option<u16>,
    /// An ICMP error about a packet that its receiver had sent.
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
}

/// The flows of one partition, bounded by [`Config::flows`].
pub struct Table<T> {
    config: Config,
    hasher: RandomState,
    index: HashTable<u32>,
    slots: SlotVec<T>,
    free: Vec<u32>,
    recency: Recency,
    timers: Timers,
    fired: Vec<Due>,
    counters: Counters,
}

/// The slots; an ended flow's slot keeps its last content until it is used again.
struct SlotVec<T>(Vec<Entry<T>>);

impl<T> SlotVec<T> {
    fn get(&self, index: u32) -> Option<&Entry<T>> {
        self.0.get(usize::try_from(index).unwrap_or(usize::MAX))
    }

    fn get_mut(&mut self, index: u32) -> Option<&mut Entry<T>> {
        self.0.get_mut(usize::try_from(index).unwrap_or(usize::MAX))
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
            recency: Recency::default(),
            timers: Timers::default(),
            fired: Vec::new(),
            counters: Counters::default(),
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

    /// Counts one IP packet in its flow and gives the flow's tag; nothing for a frame without IP.
    ///
    /// `len` is the frame's length on the wire.
    pub fn observe<S: Sink<Tag = T>>(
        &mut self,
        frame: &Frame<'_>,
        at: Timestamp,
        len: u32,
        sink: &mut S,
    ) -> Option<T> {
        let ip = frame.ip?;
        let (key, sender) = FlowKey::of(&ip);
        let index = match self.find(&key) {
            Some(index) if !self.is_ended(index, frame, at, sink) => {
                self.recency.touch(&mut self.slots, index);
                index
            }
            _ => self.begin(key, sender, frame, at, sink),
        };
        let entry = self.slots.get_mut(index)?;
        let cut = entry.count(frame, sender, at, len);
        self.counters.history_cut = self.counters.history_cut.saturating_add(cut);
        Some(entry.tag.clone())
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
            if idle <= now {
                self.end(index, reason, sink);
                continue;
            }
            if entry.active_deadline(&self.config) <= now {
                let record = entry.record(EndReason::Active);
                sink.record(record, &entry.tag);
            }
            let next = idle.min(entry.active_deadline(&self.config));
            self.timers.set(next, (index, generation));
        }
        self.fired = fired;
    }

    /// Ends every flow because the input has ended, in the order in which they began.
    pub fn drain<S: Sink<Tag = T>>(&mut self, sink: &mut S) {
        while let Some(index) = self.recency.oldest() {
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
    }

    fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.index
            .find(hash, |index| {
                self.slots.get(*index).is_some_and(|entry| entry.key == *key)
            })
            .copied()
    }

    /// Ends the flow found for a packet if it was over before the packet came.
    fn is_ended<S: Sink<Tag = T>>(
        &mut self,
        index: u32,
        frame: &Frame<'_>,
        at: Timestamp,
        sink: &mut S,
    ) -> bool {
        let Some(entry) = self.slots.get_mut(index) else {
            return true;
        };
        let (idle, reason) = entry.idle_deadline(&self.config);
        if idle <= at || entry.is_reuse(frame) {
            self.end(index, reason, sink);
            return true;
        }
        if entry.active_deadline(&self.config) <= at {
            let record = entry.record(EndReason::Active);
            sink.record(record, &entry.tag);
        }
        false
    }

    fn begin<S: Sink<Tag = T>>(
        &mut self,
        key: FlowKey,
        sender: Side,
        frame: &Frame<'_>,
        at: Timestamp,
        sink: &mut S,
    ) -> u32 {
        if self.index.len() >= self.config.flows
            && let Some(oldest) = self.recency.oldest()
        {
            self.counters.evicted = self.counters.evicted.saturating_add(1);
            self.end(oldest, EndReason::LackOfResources, sink);
        }
        self.counters.flows = self.counters.flows.saturating_add(1);
        let direction = frame
            .ip
            .as_ref()
            .map_or((true, sekisho_model::DirectionBy::First), sender_is_originator);
        let tag = sink.start(&start_of(&key, sender, direction.0, frame, at));
        let mut entry = Entry::new(key, sender, direction, frame, at, tag);
        let index = if let Some(index) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(index) {
                entry.generation = slot.generation.wrapping_add(1);
                *slot = entry;
            }
            index
        } else {
            let index = u32::try_from(self.slots.0.len()).unwrap_or(NONE);
            self.slots.0.push(entry);
            index
        };
        self.recency.push(&mut self.slots, index);
        let hash = self.hasher.hash_one(key);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hash, index, |index| {
            slots.get(*index).map_or(0, |entry| hasher.hash_one(entry.key))
        });
        if let Some(entry) = self.slots.get(index) {
            // The shortest deadline a flow can have; looked at again when it fires.
            let first = at.plus(
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
        self.recency.remove(&mut self.slots, index);
        let Some(entry) = self.slots.get_mut(index) else {
            return;
        };
        // A slot's timer finds another generation and lapses.
        entry.generation = entry.generation.wrapping_add(1);
        let hash = self.hasher.hash_one(entry.key);
        if entry.packets() > 0 {
            let record = entry.record(reason);
            sink.record(record, &entry.tag);
        }
        if let Ok(found) = self.index.find_entry(hash, |other| *other == index) {
            found.remove();
        }
        self.free.push(index);
    }
}

fn start_of(
    key: &FlowKey,
    sender: Side,
    sender_is_originator: bool,
    frame: &Frame<'_>,
    at: Timestamp,
) -> Start {
    let orig = if sender_is_originator {
        sender
    } else {
        sender.other()
    };
    let (mut from, mut to) = (key.endpoint(orig), key.endpoint(orig.other()));
    let mut related = false;
    if let Some(ip) = frame.ip {
        related = ip.quotes_receiver;
        if key.is_icmp() && sender_is_originator {
            (from.port, to.port) = (ip.source_port, ip.destination_port);
        } else if key.is_icmp() {
            to.port = 0;
        }
    }
    Start {
        orig: from,
        resp: to,
        protocol: key.protocol(),
        vlan: frame.link.vlan,
        related,
        at,
    }
}
