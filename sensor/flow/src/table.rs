//! The flow table of one partition.

mod connections;
mod merge;
mod settled;
mod slots;
mod talking;

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use sekisho_model::app::{Event, FlowRef};
use sekisho_model::{DirectionBy, EndReason, Endpoint, FlowRecord, Protocol, Settled, Timestamp};
use sekisho_wire::{Layer, icmp, ip};

use crate::brief::Brief;
use crate::config::{Config, Counters, Timeouts};
use crate::direction::sender_is_originator;
use crate::entry::{self, Blank, Hot, Phase};
use crate::index::Index;
use crate::key::{FlowKey, Side};
use crate::observation::Observation;
use crate::recency::Recency;
use crate::timers::{Tick, Timers};
use slots::Slots;

/// The longest ICMP error that is believed to answer a packet: what RFC 4443 section 2.4 allows.
/// A longer one carries something else.
const LONGEST_ICMP_ERROR: u32 = 1280;
/// Flows that are ended together, as far as loading goes.
const GROUP: usize = 32;
/// How far ahead a flow that was looked at is looked at again, at least.
const LOOK_AGAIN: i64 = 1_000_000_000;

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

    /// Has the cache line of a value loaded ahead of its use, where the sink can.
    fn ahead<V>(_: &V) {}

    /// A flow begins.
    fn start(&mut self, start: &Start) -> Self::Tag;

    /// Whether packets of a flow with this tag are told from others: [`Observed::SetAside`].
    fn sets_aside(&self, _: &Self::Tag) -> bool {
        false
    }

    /// Whether the records of a flow are wanted whole, or in brief.
    fn wants_records(&self, _: &Self::Tag) -> bool {
        true
    }

    /// A record is complete.
    fn record(&mut self, record: FlowRecord, tag: &Self::Tag);

    /// The conversation of a flow says something. The zones in `flow` are the sink's to fill in.
    fn said(&mut self, flow: FlowRef, ordinal: u64, event: Event, tag: &Self::Tag) {
        let _ = (flow, ordinal, event, tag);
    }

    /// Packets of these kinds say nothing more of a flow than that they came.
    fn settled(&mut self, _: &Settled) {}

    /// A record is complete that is not wanted whole.
    fn brief(&mut self, _: &Brief, _: &Self::Tag) {}
}

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<'a, T> {
    /// Counted in the flow with this tag.
    Counted(&'a T),
    /// The same for a flow that the sink sets aside.
    SetAside(&'a T),
    /// A copy of a packet just seen, left out as [`Config::leave_out_duplicates`] asks.
    LeftOut,
}

/// What can be said of a packet before the table is touched.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prepared {
    key: FlowKey,
    sender: Side,
    hash: u32,
    /// Where the flow seemed to lie when it was loaded.
    slot: u32,
}

/// The flows of one partition, bounded by [`Config::flows`].
pub struct Table<T> {
    config: Config,
    timeouts: Timeouts,
    hasher: RandomState,
    index: Index,
    slots: Slots<T>,
    /// Flows tracked.
    len: usize,
    /// Flows by the time of their last packet: those never answered, and the others. A flood of
    /// attempts evicts itself.
    unanswered: Recency,
    answered: Recency,
    /// Packets observed.
    stamp: u64,
    timers: Timers,
    fired: Vec<(Tick, Vec<u32>)>,
    drained: usize,
    /// Packet time as last moved on.
    now: Timestamp,
    counters: Counters,
    blank: Blank,
    /// What a conversation says, on its way to the sink.
    said: Vec<Event>,
    /// Octets that the conversations hold together, about.
    talking: usize,
    /// Conversations to cut short by stamp and slot, the one idle longest first, as they were when there
    /// was no room last.
    idle_talks: VecDeque<(u64, u32)>,
    /// Packets that were observed before they were put in order.
    ordered: u64,
}

impl<T: Clone> Table<T> {
    /// An empty table. The hash is keyed anew each time; no output depends on it.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            timeouts: Timeouts::of(&config),
            hasher: RandomState::default(),
            index: Index::default(),
            slots: Slots::new(config.flows),
            len: 0,
            unanswered: Recency::default(),
            answered: Recency::default(),
            stamp: 0,
            timers: Timers::default(),
            fired: Vec::new(),
            drained: 0,
            now: Timestamp::MIN,
            counters: Counters::default(),
            blank: Blank::default(),
            said: Vec::new(),
            talking: 0,
            idle_talks: VecDeque::new(),
            ordered: 0,
            config,
        }
    }

    /// Flows tracked now.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no flow is tracked now.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Finds the key of a packet and its hash.
    #[must_use]
    #[inline]
    pub fn prepare(&self, layer: &Layer<'_>) -> Prepared {
        let mut prepared = Prepared::default();
        self.prepare_into(&mut prepared, layer);
        prepared
    }

    /// [`Table::prepare`] to where it stays: what is written in pieces and then moved as a whole makes the
    /// processor wait.
    #[inline]
    pub fn prepare_into(&self, out: &mut Prepared, layer: &Layer<'_>) {
        let (key, sender) = FlowKey::of(&layer.ip);
        let key = self.on_vlan(key, layer);
        out.hash = self.hash(&key);
        (out.key, out.sender, out.slot) = (key, sender, u32::MAX);
    }

    /// Has loaded what of the index a packet will need. To be called for many packets before any of them is
    /// observed.
    #[inline]
    pub fn ahead_index<S: Sink<Tag = T>>(&self, packet: &Prepared) {
        if let Some(bucket) = self.index.first(packet.hash) {
            S::ahead(bucket);
        }
    }

    /// The same for what a packet will need of its flow, once the index is there.
    #[inline]
    pub fn ahead_flow<S: Sink<Tag = T>>(&self, packet: &mut Prepared) {
        if let Some(slot) = self.index.find(packet.hash, |_| true) {
            packet.slot = slot;
            let is_tcp = packet.key.protocol() == Protocol::TCP;
            self.slots.ahead::<S>(slot, is_tcp);
        }
    }

    /// Counts one packet in its flow.
    pub fn observe<S: Sink<Tag = T>>(&mut self, packet: &Observation<'_>, sink: &mut S) -> Observed<'_, T> {
        let prepared = self.prepare(packet.layer());
        self.observe_prepared(packet, &prepared, sink)
    }

    /// Counts one packet that this table has prepared in its flow.
    #[inline]
    pub fn observe_prepared<S: Sink<Tag = T>>(
        &mut self,
        packet: &Observation<'_>,
        prepared: &Prepared,
        sink: &mut S,
    ) -> Observed<'_, T> {
        let related;
        let mut prepared = prepared;
        if prepared.key.is_icmp() {
            related = self.relate(packet, *prepared);
            prepared = &related;
        }
        self.stamp = self.stamp.saturating_add(1);
        let slot = match self.seen(prepared).or_else(|| self.find(prepared)) {
            Some(slot) if !self.is_ended(slot, packet, prepared.sender, sink) => slot,
            _ => self.begin(prepared, packet, sink),
        };
        let Some(mut entry) = self.slots.entry(slot) else {
            return Observed::LeftOut;
        };
        let is_copy = entry.hot.is_copy(packet, prepared.sender);
        if is_copy && self.config.leave_out_duplicates {
            self.counters.duplicates = self.counters.duplicates.saturating_add(1);
            return Observed::LeftOut;
        }
        let (was_answered, phase) = (entry.hot.is_answered(), entry.hot.phase);
        let is_wanted = self.config.conversations
            && !is_copy
            && !entry.hot.is_quiet()
            && (packet.ip().payload_octets > 0 || !entry.hot.is_calm())
            && entry.cold.talk.wants(packet.ip());
        let expected = if is_wanted { entry.expected() } else { [None; 2] };
        entry.count(packet, prepared.sender, is_copy, &mut self.counters);
        let hot = &mut *entry.hot;
        hot.stamp = self.stamp;
        if hot.is_answered() != was_answered && hot.take_ticket(true) {
            self.answered.push(self.stamp, slot);
        }
        if hot.phase != phase && hot.phase == Phase::Over {
            let (deadline, _) = hot.idle_deadline(&self.timeouts);
            arm(&mut self.timers, hot, slot, deadline);
        }
        let is_set_aside = hot.is_set_aside();
        if is_wanted {
            self.converse(slot, packet, (prepared.sender, expected), sink);
        }
        if self.config.lets_go {
            self.let_go(slot, packet, sink);
        }
        match self.slots.tag(slot) {
            Some(tag) if is_set_aside => Observed::SetAside(tag),
            Some(tag) => Observed::Counted(tag),
            None => Observed::LeftOut,
        }
    }

    /// Moves packet time on to `now`: ends what is idle, writes what is due.
    pub fn expire<S: Sink<Tag = T>>(&mut self, now: Timestamp, sink: &mut S) {
        self.now = now;
        let mut fired = std::mem::take(&mut self.fired);
        self.timers.fire(now, &mut fired);
        for (tick, slots) in fired.drain(..) {
            for group in slots.chunks(GROUP) {
                self.ahead_ending::<S>(group);
                for slot in group {
                    self.look(*slot, tick, sink);
                }
            }
        }
        self.fired = fired;
    }

    /// Has loaded what ending the flows of these slots will need.
    fn ahead_ending<S: Sink<Tag = T>>(&self, slots: &[u32]) {
        for slot in slots {
            self.slots.ahead_all::<S>(*slot);
        }
        for slot in slots {
            if let Some(hot) = self.slots.hot(*slot)
                && let Some(bucket) = self.index.first(self.hash(&hot.key))
            {
                S::ahead(bucket);
            }
        }
    }

    /// Ends the flow of a slot whose timer has fired if it is idle, writes it if that is due, and sets
    /// the timer anew.
    fn look<S: Sink<Tag = T>>(&mut self, slot: u32, tick: Tick, sink: &mut S) {
        let Some(hot) = self.slots.hot_mut(slot).filter(|hot| hot.armed == tick) else {
            return;
        };
        hot.armed = Tick::NEVER;
        if !hot.is_live() {
            return;
        }
        let (idle, reason) = hot.idle_deadline(&self.timeouts);
        let active = hot.active_deadline(&self.timeouts);
        if is_due(idle, self.now) {
            self.end(slot, reason, sink);
            return;
        }
        if is_due(active, self.now) {
            self.write(slot, EndReason::Active, sink);
        }
        let soonest = Timestamp::from_nanos(self.now.nanos().saturating_add(LOOK_AGAIN));
        if let Some(hot) = self.slots.hot_mut(slot) {
            let next = idle.min(hot.active_deadline(&self.timeouts));
            arm(&mut self.timers, hot, slot, next.max(soonest));
        }
    }

    /// Ends every flow because the input has ended.
    pub fn drain<S: Sink<Tag = T>>(&mut self, sink: &mut S) {
        while !self.drain_some(usize::MAX, sink) {}
    }

    /// The same in steps of `flows`, so that a caller can pass the records on in between; true once
    /// none is left. From the first step on no packet finds the flow that it belongs to.
    pub fn drain_some<S: Sink<Tag = T>>(&mut self, flows: usize, sink: &mut S) -> bool {
        // Every flow is found by its slot: taking them out one by one would touch most of the index.
        self.index.clear();
        let mut left = flows;
        while left > 0 && !self.is_empty() {
            let slot = u32::try_from(self.drained).unwrap_or(u32::MAX);
            let Some(hot) = self.slots.hot(slot) else {
                self.drained = 0;
                return self.is_empty();
            };
            self.drained = self.drained.saturating_add(1);
            if !hot.is_live() {
                continue;
            }
            let reason = match hot.idle_deadline(&self.timeouts) {
                (_, EndReason::EndOfFlow) => EndReason::EndOfFlow,
                // It was over, and its timer had not fired yet.
                (idle, reason) if is_due(idle, self.now) => reason,
                _ => EndReason::Forced,
            };
            self.end(slot, reason, sink);
            left = left.saturating_sub(1);
        }
        if self.is_empty() {
            self.drained = 0;
        }
        self.is_empty()
    }

    /// From now on VLAN tags tell flows apart, as [`Config::by_vlan`] does from the begin. A flow with
    /// tags that lives goes on as another flow.
    pub const fn tell_vlans_apart(&mut self) {
        self.config.by_vlan = true;
    }

    /// Notes an ICMP error on the flow that it quotes; gives what was prepared for it, of the flow of such
    /// errors where it is one of them.
    fn relate(&mut self, packet: &Observation<'_>, prepared: Prepared) -> Prepared {
        let is_error = u8::try_from(packet.ip().source_port)
            .is_ok_and(|kind| icmp::is_error(prepared.key.protocol(), kind));
        if !is_error {
            return prepared;
        }
        let Ok((_, quoted)) = ip::decode(packet.ip().payload, 0) else {
            return prepared;
        };
        let (key, sender) = FlowKey::of(&quoted);
        let key = self.on_vlan(key, packet.layer());
        let hash = self.hash(&key);
        let slot = u32::MAX;
        let Some(slot) = self.find(&Prepared {
            key,
            sender,
            hash,
            slot,
        }) else {
            return prepared;
        };
        if let Some(mut entry) = self.slots.entry(slot) {
            entry.note_icmp_error();
        }
        if !packet.ip().quotes_receiver || packet.ip().octets > LONGEST_ICMP_ERROR {
            return prepared;
        }
        let key = prepared.key.related();
        let hash = self.hash(&key);
        Prepared {
            key,
            hash,
            ..prepared
        }
    }

    #[inline]
    fn on_vlan(&self, key: FlowKey, layer: &Layer<'_>) -> FlowKey {
        match layer.link.vlan.filter(|_| self.config.by_vlan) {
            Some(vlan) => key.on_vlan(vlan),
            None => key,
        }
    }

    /// The low half of the keyed hash: a partition has fewer slots than that.
    #[inline]
    fn hash(&self, key: &FlowKey) -> u32 {
        let hash = self.hasher.hash_one(key);
        u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
    }

    /// The slot that was loaded for a packet, if its flow lies there.
    #[inline]
    fn seen(&self, packet: &Prepared) -> Option<u32> {
        let hot = self.slots.hot(packet.slot)?;
        (hot.is_live() && hot.key == packet.key).then_some(packet.slot)
    }

    #[inline]
    fn find(&self, packet: &Prepared) -> Option<u32> {
        self.index.find(packet.hash, |slot| {
            self.slots.hot(slot).is_some_and(|hot| hot.key == packet.key)
        })
    }

    /// Ends the flow found for a packet if it was over before the packet came.
    // Every packet comes by here; a second caller would make it a call.
    #[inline(always)]
    fn is_ended<S: Sink<Tag = T>>(
        &mut self,
        slot: u32,
        packet: &Observation<'_>,
        sender: Side,
        sink: &mut S,
    ) -> bool {
        let Some(hot) = self.slots.hot(slot) else {
            return true;
        };
        let (idle, reason) = hot.idle_deadline(&self.timeouts);
        let active = hot.active_deadline(&self.timeouts);
        if is_due(idle, packet.at) || (entry::may_reuse(packet) && self.is_reuse(slot, packet, sender)) {
            self.end(slot, reason, sink);
            return true;
        }
        if is_due(active, packet.at) {
            self.write(slot, EndReason::Active, sink);
        }
        false
    }

    /// Whether a packet begins another connection over the ports of the flow in a slot.
    #[inline(never)]
    fn is_reuse(&mut self, slot: u32, packet: &Observation<'_>, sender: Side) -> bool {
        let entry = self.slots.entry(slot);
        entry.is_some_and(|entry| entry.is_reuse(packet, sender))
    }

    #[inline(never)]
    fn begin<S: Sink<Tag = T>>(
        &mut self,
        prepared: &Prepared,
        packet: &Observation<'_>,
        sink: &mut S,
    ) -> u32 {
        if self.len >= self.config.flows
            && let Some(oldest) = self.oldest()
        {
            self.counters.evicted = self.counters.evicted.saturating_add(1);
            self.end(oldest, EndReason::LackOfResources, sink);
        }
        self.counters.flows = self.counters.flows.saturating_add(1);
        let (key, sender) = (prepared.key, prepared.sender);
        let direction = sender_is_originator(packet.ip());
        let tag = sink.start(&start_of(&key, sender, direction, packet));
        let is_set_aside = sink.sets_aside(&tag);
        let (mut hot, cold) = entry::begin(key, sender, direction, packet, tag);
        if is_set_aside {
            hot.set_aside();
        }
        hot.stamp = self.stamp;
        let slot = self.slots.take(hot, cold);
        self.slots.ahead_free::<S>();
        self.index.insert(prepared.hash, slot);
        self.len = self.len.saturating_add(1);
        if let Some(hot) = self.slots.hot_mut(slot) {
            if hot.take_ticket(false) {
                self.unanswered.push(self.stamp, slot);
            }
            // The shortest deadline of a flow that is not over; looked at again when it fires.
            let first = self
                .timeouts
                .idle
                .min(self.timeouts.active)
                .min(self.timeouts.tcp_idle);
            let first = Timestamp::from_nanos(packet.at.nanos().saturating_add(first));
            arm(&mut self.timers, hot, slot, first);
        }
        slot
    }

    /// The flow to evict, whose ticket is taken.
    fn oldest(&mut self) -> Option<u32> {
        let slots = &mut self.slots;
        let unanswered = self.unanswered.take_oldest(|slot| slots.stamp_of(slot, false));
        let oldest = unanswered.or_else(|| self.answered.take_oldest(|slot| slots.stamp_of(slot, true)))?;
        if let Some(hot) = slots.hot_mut(oldest) {
            hot.lose_ticket(unanswered.is_none());
        }
        Some(oldest)
    }

    /// Writes the record filled so far.
    fn write<S: Sink<Tag = T>>(&mut self, slot: u32, reason: EndReason, sink: &mut S) {
        let Some(mut entry) = self.slots.entry(slot) else {
            return;
        };
        if sink.wants_records(&entry.cold.tag) {
            let record = entry.record(reason, &self.blank, self.config.community_ids);
            sink.record(record, &entry.cold.tag);
        } else {
            let brief = entry.brief();
            sink.brief(&brief, &entry.cold.tag);
        }
    }

    #[inline(never)]
    fn end<S: Sink<Tag = T>>(&mut self, slot: u32, reason: EndReason, sink: &mut S) {
        let Some(hot) = self.slots.hot(slot) else { return };
        if !self.index.is_empty() {
            self.index.remove(self.hash(&hot.key), slot);
        }
        let has_packets = hot.has_packets();
        if self.config.conversations {
            self.fall_silent(slot, sink);
        }
        if has_packets {
            self.write(slot, reason, sink);
        }
        self.len = self.len.saturating_sub(1);
        self.slots.free(slot);
    }
}

/// Sets a timer for a slot, unless it has one that is as soon.
#[inline]
fn arm(timers: &mut Timers, hot: &mut Hot, slot: u32, at: Timestamp) {
    let tick = Tick::of(at);
    if tick < hot.armed {
        hot.armed = tick;
        timers.set(tick, slot);
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
    use sekisho_model::limits;
    use sekisho_wire::partition::PARTITIONS;

    use super::*;

    /// What the sensor hangs on a flow is no larger.
    type Tag = [u32; 4];

    /// All that a table holds of so many flows on which nothing rare has happened, and whose payload is not
    /// read: that has a limit of its own. `tickets` are those of one kind of flow; a slot may have
    /// held both.
    fn octets(flows: usize, tickets: usize) -> usize {
        Slots::<Tag>::octets(flows) + Index::octets(flows) + 2 * tickets + Timers::octets(flows)
    }

    #[test]
    fn a_flow_takes_four_hundred_octets_at_most() {
        let limit = usize::try_from(limits::FLOWS.default).unwrap() / PARTITIONS;

        let full = octets(limit, Recency::octets_full(limit)) / limit;
        // The index has just doubled: the fewest flows to bear it.
        let few = limit / 2 + 1;
        let growing = octets(few, Recency::octets(few)) / few;

        assert!(full <= 400 && growing <= 400, "{full} and {growing} octets");
    }

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
