//! One flow while it lives, in three parts by how often they are touched.
//!
//! [`Hot`] is two cache lines and all that a plain packet of UDP touches; [`Tcp`] is one more for
//! the state of a connection; [`Cold`] is touched where a flow begins and ends, and for what happens
//! once or seldom in between; what few flows have at all is in a box that hangs there. A million flows do not fit a cache, so what a packet costs is the
//! number of lines that it touches.

mod cold;
mod merge;
mod record;
mod talking;

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{DirectionBy, EndReason, Protocol, TcpFlags, Timestamp};

use crate::config::{Counters, Timeouts};
use crate::duplicate::Recent;
use crate::history::Times;
use crate::key::{FlowKey, Side};
use crate::observation::Observation;
use crate::quality::{self, Stream};
use crate::table::Sink;
use crate::tcp::Connection;
use crate::timers::Tick;
use crate::volume::Volume;

pub(crate) use cold::Cold;

/// What every packet touches.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Hot {
    pub(crate) key: FlowKey,
    pub(crate) last: Timestamp,
    /// Number of the last packet in the table.
    pub(crate) stamp: u64,
    /// The soonest tick that the slot has a timer for.
    pub(crate) armed: Tick,
    /// Packets seen again, by the originator and by the responder: a mirror that copies both ways shows
    /// as many as there are packets. Past what fits they are among the faults.
    duplicates: [u16; 2],
    pub(crate) phase: Phase,
    orig: Side,
    flags: u8,
    handshake: Handshake,
    tcp_flags: [TcpFlags; 2],
    /// Plain letters that the history has: a bit an end and letter; [`CALM`] and [`RESP_FIRST`].
    noted: u8,
    /// What the table knows of the slot.
    place: u8,
    /// First packet of the record being filled.
    start: Timestamp,
    recent: Recent,
    /// By the originator, by the responder.
    sent: [Volume; 2],
}

/// Bit of `noted`: a segment without payload would tell the conversation nothing.
const CALM: u8 = 16;
/// Bit of `noted`: of a flow of datagrams, the responder's came before any of the originator's.
const RESP_FIRST: u8 = 32;

/// Bit of `place`: a flow lives in the slot.
const LIVE: u8 = 1;
/// Bits of `place`: the slot has a ticket among the flows never answered, and among the others.
const TICKETS: [u8; 2] = [2, 4];

/// Whether each end was ever heard.
const ORIG_HEARD: u8 = 1;
const RESP_HEARD: u8 = 2;
const BOTH_HEARD: u8 = ORIG_HEARD | RESP_HEARD;
/// Whether both hardware addresses are known.
const MACS: u8 = 4;
/// Whether the outer, and the inner, VLAN id is known.
const VLAN: u8 = 8;
const INNER_VLAN: u8 = 16;
/// Whether the tunnel that the flow is is known.
const CARRIES: u8 = 32;
/// Whether the sink sets the flow aside.
const SET_ASIDE: u8 = 64;
/// Whether its payload can say nothing more.
const QUIET: u8 = 128;

/// Which timeout a flow waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No connection, or one that was not answered.
    Loose,
    /// A connection that was answered.
    Answered,
    /// A connection that is over.
    Over,
}

/// How far the measuring of the handshake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handshake {
    /// No SYN yet.
    Nothing,
    /// The originator's SYN.
    Syn,
    /// The answer too.
    SynAck,
    /// From SYN to the acknowledgement of its answer.
    Took,
    /// A part was not seen, or seen twice.
    Unknown,
}

/// The silence after which the end of a connection may have been missed: ports that were closed are
/// used again after a second at the soonest (Linux's `tcp_tw_reuse`), and a host that lost its state
/// needs longer. A SYN under another number that comes sooner is a firewall's that draws numbers of its
/// own, seen on both its sides, or someone's who would cut a flow in two.
const SILENCE: Duration = Duration::from_secs(1);

/// The state of a connection: one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tcp {
    connection: Connection,
    /// The shortest round trip in nanoseconds; the longest time of all where there is none.
    data_rtt: u64,
    /// The originator's, the responder's.
    streams: [Stream; 2],
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            connection: Connection::default(),
            data_rtt: u64::MAX,
            streams: [Stream::default(); 2],
        }
    }
}

const _: () = assert!(size_of::<Hot>() == 128 && size_of::<Tcp>() == 64);

/// The parts of one flow.
pub(crate) struct Entry<'a, T> {
    pub(crate) hot: &'a mut Hot,
    pub(crate) tcp: &'a mut Tcp,
    pub(crate) cold: &'a mut Cold<T>,
}

/// A flow that begins with this packet.
pub(crate) fn begin<T>(
    key: FlowKey,
    sender: Side,
    direction: (bool, DirectionBy),
    packet: &Observation<'_>,
    tag: T,
) -> (Hot, Cold<T>) {
    let (sender_is_originator, direction_by) = direction;
    let orig = if sender_is_originator {
        sender
    } else {
        sender.other()
    };
    let hot = Hot {
        key,
        last: packet.at,
        stamp: 0,
        armed: Tick::NEVER,
        duplicates: [0; 2],
        phase: Phase::Loose,
        orig,
        flags: 0,
        handshake: Handshake::Nothing,
        start: packet.at,
        recent: Recent::default(),
        sent: [Volume::default(); 2],
        tcp_flags: [TcpFlags::default(); 2],
        noted: 0,
        place: LIVE,
    };
    let cold = Cold::begin(&key, packet, sender_is_originator, direction_by, tag);
    (hot, cold)
}

/// Whether a packet may begin another connection over the same ports: a SYN that answers none.
#[inline]
pub(crate) fn may_reuse(packet: &Observation<'_>) -> bool {
    let flags = packet.ip().tcp.map(|tcp| tcp.flags);
    flags.is_some_and(|flags| flags.has(TcpFlags::SYN) && !flags.has(TcpFlags::ACK))
}

impl Hot {
    /// Whether a packet is the copy of one just seen; remembers it if not.
    #[inline]
    pub(crate) fn is_copy(&mut self, packet: &Observation<'_>, sender: Side) -> bool {
        self.recent.is_copy(packet.ip(), sender == Side::Lower, packet.at)
    }

    /// Whether a flow lives in the slot.
    #[inline]
    pub(crate) const fn is_live(&self) -> bool {
        self.place & LIVE != 0
    }

    /// Frees the slot.
    pub(crate) const fn free(&mut self) {
        self.place &= !LIVE;
    }

    /// Puts a flow that begins into a slot that is free, whose timer and tickets are its own then.
    pub(crate) const fn settle(&mut self, flow: Self) {
        let (armed, place) = (self.armed, self.place);
        *self = flow;
        self.armed = armed;
        self.place |= place;
    }

    /// Gives the slot a ticket among the flows of one kind; false where it has one.
    #[inline]
    pub(crate) const fn take_ticket(&mut self, answered: bool) -> bool {
        let [unanswered_ticket, answered_ticket] = TICKETS;
        let ticket = if answered {
            answered_ticket
        } else {
            unanswered_ticket
        };
        let is_new = self.place & ticket == 0;
        self.place |= ticket;
        is_new
    }

    /// Takes the ticket back.
    const fn give_ticket(&mut self, answered: bool) {
        let [unanswered_ticket, answered_ticket] = TICKETS;
        self.place &= !(if answered {
            answered_ticket
        } else {
            unanswered_ticket
        });
    }

    /// Whether anything was counted since the last record.
    pub(crate) const fn has_packets(&self) -> bool {
        !self.is_empty()
    }

    /// Has both cache lines loaded.
    #[inline]
    pub(crate) fn ahead<S: Sink>(&self) {
        S::ahead(&self.key);
        S::ahead(&self.phase);
    }

    #[inline]
    const fn is_empty(&self) -> bool {
        let [there, back] = &self.sent;
        there.is_empty() && back.is_empty()
    }

    /// Whether both sides were heard: such a flow is evicted last.
    #[inline]
    pub(crate) const fn is_answered(&self) -> bool {
        self.flags & BOTH_HEARD == BOTH_HEARD
    }

    #[inline]
    pub(crate) const fn is_set_aside(&self) -> bool {
        self.flags & SET_ASIDE != 0
    }

    pub(crate) const fn set_aside(&mut self) {
        self.flags |= SET_ASIDE;
    }

    /// Whether its payload can say nothing more.
    #[inline]
    pub(crate) const fn is_quiet(&self) -> bool {
        self.flags & QUIET != 0
    }

    pub(crate) const fn be_quiet(&mut self) {
        self.flags |= QUIET;
    }

    /// Whether a segment without payload would tell its conversation nothing.
    #[inline]
    pub(crate) const fn is_calm(&self) -> bool {
        self.noted & CALM != 0
    }

    pub(crate) const fn note_calm(&mut self, is_calm: bool) {
        self.noted = if is_calm {
            self.noted | CALM
        } else {
            self.noted & !CALM
        };
    }

    /// When the flow ends if no further packet comes, and the reason it then has.
    #[inline]
    pub(crate) const fn idle_deadline(&self, timeouts: &Timeouts) -> (Timestamp, EndReason) {
        let (after, reason) = match self.phase {
            Phase::Over => (timeouts.close_delay, EndReason::EndOfFlow),
            Phase::Answered => (timeouts.tcp_idle, EndReason::Idle),
            Phase::Loose => (timeouts.idle, EndReason::Idle),
        };
        (later(self.last, after), reason)
    }

    /// When the record being filled is due to be written; never where it is empty.
    #[inline]
    pub(crate) const fn active_deadline(&self, timeouts: &Timeouts) -> Timestamp {
        if self.is_empty() {
            Timestamp::MAX
        } else {
            later(self.start, timeouts.active)
        }
    }

    /// The stamp of the flow in the slot where it is of this kind; else the slot's ticket lapses.
    pub(crate) const fn stamp_of(&mut self, answered: bool) -> Option<u64> {
        if self.is_live() && self.is_answered() == answered {
            return Some(self.stamp);
        }
        self.give_ticket(answered);
        None
    }

    /// Gives the stamp and takes the ticket of the flow that is evicted.
    pub(crate) const fn lose_ticket(&mut self, answered: bool) {
        self.give_ticket(answered);
    }
}

impl<T> Entry<'_, T> {
    /// Whether a packet that [`may_reuse`] begins another connection over the same ports.
    pub(crate) fn is_reuse(&self, packet: &Observation<'_>, sender: Side) -> bool {
        let connection = &self.tcp.connection;
        let Some(segment) = packet.ip().tcp else {
            return false;
        };
        if self.hot.phase == Phase::Over {
            return connection.is_reuse(segment.sequence);
        }
        packet.at.since(self.hot.last) >= SILENCE
            && connection.is_opened_again(segment.sequence, sender == self.hot.orig)
    }

    /// Counts a packet of the flow; a copy is counted and not believed again.
    #[inline]
    pub(crate) fn count(
        &mut self,
        packet: &Observation<'_>,
        sender: Side,
        is_copy: bool,
        counters: &mut Counters,
    ) {
        let ip = packet.ip();
        let hot = &mut *self.hot;
        let by_originator = sender == hot.orig;
        if hot.is_empty() || packet.at < hot.start {
            hot.start = packet.at;
        }
        hot.last = hot.last.max(packet.at);
        hot.flags |= if by_originator { ORIG_HEARD } else { RESP_HEARD };
        let [there, back] = &mut hot.sent;
        let sent = if by_originator { there } else { back };
        let fits = sent.add(packet.frames, ip.octets, ip.payload_octets, packet.wire_octets);
        if !fits {
            self.spill(packet, by_originator);
        }
        self.note_rare(packet, by_originator);
        if is_copy {
            self.note_copy(by_originator);
            counters.duplicates = counters.duplicates.saturating_add(1);
        } else if ip.tcp.is_some() {
            self.segment(packet, by_originator, counters);
        } else if ip.protocol == Protocol::UDP {
            self.datagram(by_originator);
        }
    }

    #[inline]
    fn note_copy(&mut self, by_originator: bool) {
        let [orig, resp] = &mut self.hot.duplicates;
        let duplicates = if by_originator { orig } else { resp };
        if let Some(more) = duplicates.checked_add(1) {
            *duplicates = more;
        } else {
            let [orig, resp] = &mut self.cold.rare().faults;
            let faults = if by_originator { orig } else { resp };
            faults.duplicates = faults.duplicates.saturating_add(1);
        }
    }

    /// Takes a TCP segment into account.
    #[inline]
    fn segment(&mut self, packet: &Observation<'_>, by_originator: bool, counters: &mut Counters) {
        let ip = packet.ip();
        let Some(segment) = ip.tcp else { return };
        let [orig_flags, resp_flags] = &mut self.hot.tcp_flags;
        let flags = if by_originator { orig_flags } else { resp_flags };
        *flags = TcpFlags(flags.0 | segment.flags.0);
        if matches!(
            self.hot.handshake,
            Handshake::Nothing | Handshake::Syn | Handshake::SynAck
        ) {
            self.measure_handshake(segment.flags, by_originator, packet.at);
        }
        let [orig, resp] = &mut self.tcp.streams;
        let (from, to) = if by_originator { (orig, resp) } else { (resp, orig) };
        let seen = quality::observe(segment, ip.payload_octets, packet.at, from, to);
        if seen.is_counted() {
            let [orig, resp] = &mut self.cold.rare().faults;
            let (from, to) = if by_originator { (orig, resp) } else { (resp, orig) };
            seen.count(from, to);
        }
        if let Some(round_trip) = seen.round_trip.filter(|_| self.tcp.connection.is_established()) {
            self.note_round_trip(round_trip);
        }
        self.connect(segment, ip.payload_octets, seen, by_originator, counters);
        self.hot.phase = Phase::of(&self.tcp.connection);
    }

    /// Moves the connection on. The history is touched only where it may get a letter.
    // Every segment comes by here; a second caller would make it a call.
    #[inline(always)]
    fn connect(
        &mut self,
        segment: sekisho_wire::TcpSegment,
        payload_octets: u32,
        seen: quality::Seen,
        by_originator: bool,
        counters: &mut Counters,
    ) {
        const NOTABLE: u8 = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        let letter = letter_bit(payload_octets > 0, by_originator);
        let is_plain = segment.flags.0 & NOTABLE == 0
            && segment.window > 0
            && !seen.is_faulty()
            && self.hot.noted & letter != 0;
        if is_plain {
            self.tcp
                .connection
                .observe_plain(segment, payload_octets, by_originator);
            return;
        }
        if segment.flags.0 & NOTABLE == 0 && (payload_octets > 0 || segment.flags.has(TcpFlags::ACK)) {
            self.hot.noted |= letter;
        }
        let connection = &mut self.tcp.connection;
        let fits = if Connection::may_scale(segment, seen) {
            let noted = self.cold.history_and_times();
            connection.observe(segment, payload_octets, seen, by_originator, noted)
        } else {
            let noted = (&mut self.cold.history, &mut Times::default());
            connection.observe(segment, payload_octets, seen, by_originator, noted)
        };
        counters.gaps = counters.gaps.saturating_add(u64::from(seen.missed()));
        counters.history_cut = counters.history_cut.saturating_add(u64::from(!fits));
    }

    /// Notes that an end of a flow of datagrams sent something. The history gets its letter when it is
    /// written: it lies in memory that no datagram has to touch.
    #[inline]
    fn datagram(&mut self, by_originator: bool) {
        const DATAGRAMS: u8 = letter_bit(true, true) | letter_bit(true, false);
        let noted = &mut self.hot.noted;
        if *noted & DATAGRAMS == 0 && !by_originator {
            *noted |= RESP_FIRST;
        }
        *noted |= letter_bit(true, by_originator);
    }

    #[inline]
    fn note_round_trip(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.tcp.data_rtt = self.tcp.data_rtt.min(nanos);
    }

    /// Notes what a flow has once: addresses and tags below IP, the tunnel that it is.
    #[inline]
    fn note_rare(&mut self, packet: &Observation<'_>, by_originator: bool) {
        let link = &packet.layer().link;
        let mut met = 0;
        if link.source.is_some() || link.destination.is_some() {
            met |= MACS;
        }
        if link.vlan.is_some() {
            met |= VLAN;
        }
        if link.inner_vlan.is_some() {
            met |= INNER_VLAN;
        }
        if packet.carries().is_some() {
            met |= CARRIES;
        }
        if met & !self.hot.flags != 0 {
            self.cold.note_link(packet, by_originator);
            // Hardware addresses stay open until both are known.
            let is_open = self.cold.macs().contains(&None);
            self.hot.flags |= if is_open { met & !MACS } else { met };
        }
    }

    /// Moves what the hot counters hold to where there is more room, and counts the packet.
    #[cold]
    fn spill(&mut self, packet: &Observation<'_>, by_originator: bool) {
        let spilled = self.cold.rare().spilled.get_or_insert_default();
        let [there, back] = &mut self.hot.sent;
        spilled.take(there, back);
        let sent = if by_originator { there } else { back };
        let ip = packet.ip();
        if !sent.add(packet.frames, ip.octets, ip.payload_octets, packet.wire_octets) {
            sent.add(packet.frames, ip.octets, ip.payload_octets, 0);
            spilled.add_frame_octets(by_originator, packet.wire_octets);
        }
    }

    #[inline(never)]
    fn measure_handshake(&mut self, flags: TcpFlags, by_originator: bool, at: Timestamp) {
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        self.hot.handshake = match (self.hot.handshake, by_originator, syn, ack) {
            (Handshake::Nothing, true, true, false) => {
                self.cold.handshake = at.nanos();
                Handshake::Syn
            }
            (Handshake::Syn, false, true, true) => Handshake::SynAck,
            (Handshake::SynAck, true, false, true) => {
                let took = at.since(Timestamp::from_nanos(self.cold.handshake));
                self.cold.handshake = i64::try_from(took.as_nanos()).unwrap_or(i64::MAX);
                Handshake::Took
            }
            // A SYN or its answer sent again: it is not known which of them was answered.
            (Handshake::Syn | Handshake::SynAck, _, true, _) | (Handshake::Nothing, _, _, _) => {
                Handshake::Unknown
            }
            (other, _, _, _) => other,
        };
    }

    /// An ICMP error quoted a packet of the flow.
    pub(crate) fn note_icmp_error(&mut self) {
        let rare = self.cold.rare();
        rare.icmp_errors = rare.icmp_errors.saturating_add(1);
    }
}

/// The bit of a plain letter of an end: payload, or an acknowledgement alone.
#[inline]
const fn letter_bit(has_payload: bool, by_originator: bool) -> u8 {
    match (by_originator, has_payload) {
        (true, true) => 1,
        (true, false) => 2,
        (false, true) => 4,
        (false, false) => 8,
    }
}

/// A time moved later by nanoseconds, at most to the end of time.
#[inline]
const fn later(at: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(at.nanos().saturating_add(nanos))
}

/// The words of a record that nobody has judged, made once.
#[derive(Debug)]
pub(crate) struct Blank {
    zone: Arc<str>,
    nothing: Arc<str>,
}

impl Default for Blank {
    fn default() -> Self {
        Self {
            zone: Arc::from("unknown"),
            nothing: Arc::from(""),
        }
    }
}
