//! One flow while it lives.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::app::{Event, FlowRef};
use sekisho_model::{
    Carrier, ConnState, Counts, DirectionBy, EndReason, FlowRecord, MacAddress, Protocol, TcpFlags,
    Timestamp, Verdict, stable_id,
};
use sekisho_wire::app::End;
use sekisho_wire::tunnel::Tunnel;

use crate::attach::Talk;
use crate::community_id;
use crate::config::{Config, Counters};
use crate::duplicate::Recent;
use crate::history::History;
use crate::key::{FlowKey, Side};
use crate::observation::Observation;
use crate::quality::{self, Stream};
use crate::recency::Links;
use crate::tcp::Connection;

/// State of a flow. `T` is the sink's tag.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) key: FlowKey,
    pub(crate) last: Timestamp,
    pub(crate) links: Links,
    pub(crate) generation: u32,
    orig: Side,
    direction_by: DirectionBy,
    /// Which sides were ever heard.
    heard: [bool; 2],
    to_resp: Counts,
    to_orig: Counts,
    connection: Connection,
    orig_stream: Stream,
    resp_stream: Stream,
    recent: Recent,
    history: History,
    pub(crate) tag: T,
    /// What its payload says.
    pub(crate) talk: Talk,
    /// Events that its conversation gave.
    said: u32,
    /// Number of the flow.
    flow_id: u64,
    /// First packet of the record being filled.
    start: Timestamp,
    part: u32,
    icmp_errors: u32,
    handshake: Handshake,
    data_rtt: Option<Duration>,
    /// The tunnel that carries the flow; boxed, since few flows are carried.
    carried_in: Option<Box<(Tunnel, FlowKey)>>,
    carries: Option<Tunnel>,
    orig_mac: Option<MacAddress>,
    resp_mac: Option<MacAddress>,
    vlan: Option<u16>,
    inner_vlan: Option<u16>,
    icmp_type: u8,
    icmp_code: u8,
}

/// How far the measuring of the handshake has come.
#[derive(Debug, Clone, Copy, Default)]
enum Handshake {
    /// No SYN yet.
    #[default]
    Nothing,
    /// The originator's SYN.
    Syn(Timestamp),
    /// The answer too.
    SynAck(Timestamp),
    /// From SYN to the acknowledgement of its answer.
    Took(Duration),
    /// A part was not seen, or seen twice.
    Unknown,
}

impl<T: Clone> Entry<T> {
    /// A flow that begins with this packet.
    pub(crate) fn new(
        key: FlowKey,
        sender: Side,
        direction: (bool, DirectionBy),
        packet: &Observation<'_>,
        tag: T,
    ) -> Self {
        let (sender_is_originator, direction_by) = direction;
        let orig = if sender_is_originator {
            sender
        } else {
            sender.other()
        };
        let (mut icmp_type, mut icmp_code) = (0, 0);
        if key.is_icmp() {
            let ip = packet.ip();
            let kind = if sender_is_originator {
                ip.source_port
            } else {
                key.endpoint(orig).port
            };
            icmp_type = u8::try_from(kind).unwrap_or(u8::MAX);
            icmp_code = u8::try_from(ip.destination_port).unwrap_or(u8::MAX);
        }
        let mut history = History::default();
        if !sender_is_originator && matches!(key.protocol(), Protocol::TCP | Protocol::UDP) {
            history.turned();
        }
        Self {
            key,
            last: packet.at,
            links: Links::default(),
            generation: 0,
            orig,
            direction_by,
            heard: [false; 2],
            to_resp: Counts::default(),
            to_orig: Counts::default(),
            connection: Connection::default(),
            orig_stream: Stream::default(),
            resp_stream: Stream::default(),
            recent: Recent::default(),
            history,
            tag,
            talk: Talk::Silent,
            said: 0,
            flow_id: flow_id(&key, packet),
            start: packet.at,
            part: 0,
            icmp_errors: 0,
            handshake: Handshake::Nothing,
            data_rtt: None,
            carried_in: packet.carried_in().map(Box::new),
            carries: None,
            orig_mac: None,
            resp_mac: None,
            vlan: None,
            inner_vlan: None,
            icmp_type,
            icmp_code,
        }
    }

    /// Whether a packet is the copy of one just seen; remembers it if not.
    pub(crate) fn is_copy(&mut self, packet: &Observation<'_>, sender: Side) -> bool {
        self.recent.is_copy(packet.ip(), sender == Side::Lower, packet.at)
    }

    /// Counts a packet of the flow; a copy is counted and not believed again.
    pub(crate) fn count(
        &mut self,
        packet: &Observation<'_>,
        sender: Side,
        is_copy: bool,
        counters: &mut Counters,
    ) {
        let ip = packet.ip();
        let by_originator = sender == self.orig;
        if self.packets() == 0 {
            self.start = packet.at;
        }
        self.start = self.start.min(packet.at);
        self.last = self.last.max(packet.at);
        let link = &packet.layer().link;
        let (orig_mac, resp_mac) = if by_originator {
            (link.source, link.destination)
        } else {
            (link.destination, link.source)
        };
        self.orig_mac = self.orig_mac.or(orig_mac);
        self.resp_mac = self.resp_mac.or(resp_mac);
        self.vlan = self.vlan.or(link.vlan);
        self.inner_vlan = self.inner_vlan.or(link.inner_vlan);
        self.carries = self.carries.or(packet.carries());
        let [orig_heard, resp_heard] = &mut self.heard;
        *(if by_originator { orig_heard } else { resp_heard }) = true;
        let counts = if by_originator {
            &mut self.to_resp
        } else {
            &mut self.to_orig
        };
        counts.packets = counts.packets.saturating_add(u64::from(packet.frames));
        counts.octets = counts.octets.saturating_add(u64::from(ip.octets));
        counts.payload_octets = counts.payload_octets.saturating_add(u64::from(ip.payload_octets));
        counts.frame_octets = counts.frame_octets.saturating_add(packet.frame_octets());
        if is_copy {
            counts.duplicates = counts.duplicates.saturating_add(1);
            counters.duplicates = counters.duplicates.saturating_add(1);
            return;
        }
        let Some(segment) = ip.tcp else {
            if ip.protocol == Protocol::UDP {
                self.history.note(b'D', by_originator);
            }
            return;
        };
        counts.tcp_flags = TcpFlags(counts.tcp_flags.0 | segment.flags.0);
        self.measure_handshake(segment.flags, by_originator, packet.at);
        let (orig, resp) = (
            (&mut self.orig_stream, &mut self.to_resp),
            (&mut self.resp_stream, &mut self.to_orig),
        );
        let (from, to) = if by_originator { (orig, resp) } else { (resp, orig) };
        let seen = quality::observe(segment, ip.payload_octets, packet.at, from, to);
        if let Some(round_trip) = seen.round_trip.filter(|_| self.connection.is_established()) {
            self.data_rtt = Some(self.data_rtt.map_or(round_trip, |least| least.min(round_trip)));
        }
        let fits =
            self.connection
                .observe(segment, ip.payload_octets, seen, by_originator, &mut self.history);
        counters.gaps = counters.gaps.saturating_add(u64::from(seen.missed));
        counters.history_cut = counters.history_cut.saturating_add(u64::from(!fits));
    }

    fn measure_handshake(&mut self, flags: TcpFlags, by_originator: bool, at: Timestamp) {
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        self.handshake = match (self.handshake, by_originator, syn, ack) {
            (Handshake::Nothing, true, true, false) => Handshake::Syn(at),
            (Handshake::Syn(began), false, true, true) => Handshake::SynAck(began),
            (Handshake::SynAck(began), true, false, true) => Handshake::Took(at.since(began)),
            // A SYN or its answer sent again: it is not known which of them was answered.
            (Handshake::Syn(_) | Handshake::SynAck(_), _, true, _) => Handshake::Unknown,
            (Handshake::Nothing, _, _, _) => Handshake::Unknown,
            (other, _, _, _) => other,
        };
    }

    /// Lets the conversation read a packet that it wants; `out` gets what it says.
    pub(crate) fn converse(
        &mut self,
        packet: &Observation<'_>,
        (sender, expected): (Side, [Option<u32>; 2]),
        out: &mut Vec<Event>,
    ) {
        let from = if sender == self.orig { End::Orig } else { End::Resp };
        let ports = [self.orig, self.orig.other()].map(|side| self.key.endpoint(side).port);
        self.talk
            .packet(from, packet.ip(), (ports, expected), packet.at, out);
    }

    /// The sequence numbers that the two streams go on with, originator first.
    pub(crate) fn expected(&self) -> [Option<u32>; 2] {
        [&self.orig_stream, &self.resp_stream].map(quality::Stream::expected)
    }

    /// The number of the next event of the conversation.
    pub(crate) const fn next_said(&mut self) -> u64 {
        let number = self.said;
        self.said = number.saturating_add(1);
        number as u64
    }

    /// The flow as its events name it; the zones are the sink's to fill in.
    pub(crate) fn reference(&self, blank: &Blank, community_ids: bool) -> FlowRef {
        let community_id = if community_ids {
            community_id::of(&self.key, &community_id::digest(&self.key))
        } else {
            String::new()
        };
        FlowRef {
            flow_id: self.flow_id,
            orig: self.key.endpoint(self.orig),
            resp: self.key.endpoint(self.orig.other()),
            protocol: self.key.protocol(),
            vlan: self.vlan,
            inner_vlan: self.inner_vlan,
            orig_mac: self.orig_mac,
            resp_mac: self.resp_mac,
            community_id: community_id.into(),
            orig_zone: Arc::clone(&blank.zone),
            resp_zone: Arc::clone(&blank.zone),
        }
    }

    /// An ICMP error quoted a packet of the flow.
    pub(crate) const fn note_icmp_error(&mut self) {
        self.icmp_errors = self.icmp_errors.saturating_add(1);
    }

    /// Packets in the record being filled.
    pub(crate) const fn packets(&self) -> u64 {
        self.to_resp.packets.saturating_add(self.to_orig.packets)
    }

    /// Whether both sides were heard: such a flow is evicted last.
    pub(crate) const fn is_answered(&self) -> bool {
        let [orig, resp] = self.heard;
        orig && resp
    }

    /// When the flow ends if no further packet comes, and the reason it then has.
    pub(crate) fn idle_deadline(&self, config: &Config) -> (Timestamp, EndReason) {
        let is_tcp = self.key.protocol() == Protocol::TCP;
        if is_tcp && self.connection.is_over() {
            (self.last.plus(config.close_delay), EndReason::EndOfFlow)
        } else if is_tcp && self.connection.is_answered() {
            (self.last.plus(config.tcp_idle), EndReason::Idle)
        } else {
            (self.last.plus(config.idle), EndReason::Idle)
        }
    }

    /// When the record being filled is due to be written; never where it is empty.
    pub(crate) fn active_deadline(&self, config: &Config) -> Timestamp {
        if self.packets() == 0 {
            Timestamp::MAX
        } else {
            self.start.plus(config.active)
        }
    }

    /// Whether a packet begins another connection over the same ports.
    pub(crate) fn is_reuse(&self, packet: &Observation<'_>) -> bool {
        packet.ip().tcp.is_some_and(|tcp| {
            tcp.flags.has(TcpFlags::SYN)
                && !tcp.flags.has(TcpFlags::ACK)
                && self.connection.is_reuse(tcp.sequence)
        })
    }

    /// Writes the record filled so far and begins the next one.
    pub(crate) fn record(&mut self, end_reason: EndReason, blank: &Blank, community_ids: bool) -> FlowRecord {
        let community_id = |key: &FlowKey| {
            if community_ids {
                community_id::of(key, &community_id::digest(key))
            } else {
                String::new()
            }
        };
        let (mut orig, mut resp) = (self.key.endpoint(self.orig), self.key.endpoint(self.orig.other()));
        if self.key.is_icmp() {
            (orig.port, resp.port) = (u16::from(self.icmp_type), u16::from(self.icmp_code));
        }
        let record = FlowRecord {
            flow_id: self.flow_id,
            part: self.part,
            orig,
            resp,
            protocol: self.key.protocol(),
            has_ports: self.key.has_ports(),
            vlan: self.vlan,
            inner_vlan: self.inner_vlan,
            orig_mac: self.orig_mac,
            resp_mac: self.resp_mac,
            start: self.start,
            end: self.last,
            to_resp: self.to_resp,
            to_orig: self.to_orig,
            conn_state: self.conn_state(),
            history: self.history.text(),
            end_reason,
            direction_by: self.direction_by,
            community_id: community_id(&self.key),
            carrier: self.carried_in.as_ref().map(|carrier| {
                let (kind, key) = &**carrier;
                Carrier {
                    kind: kind.name(),
                    community_id: community_id(key),
                }
            }),
            carries: self.carries.map_or("", Tunnel::name),
            handshake_rtt: match self.handshake {
                Handshake::Took(took) => Some(took),
                _ => None,
            },
            data_rtt: self.data_rtt,
            icmp_errors: self.icmp_errors,
            app: self.talk.app(),
            orig_zone: Arc::clone(&blank.zone),
            resp_zone: Arc::clone(&blank.zone),
            verdict: Verdict::Unknown,
            rule: Arc::clone(&blank.nothing),
            policy_version: Arc::clone(&blank.nothing),
        };
        self.part = self.part.saturating_add(1);
        self.to_resp = Counts::default();
        self.to_orig = Counts::default();
        self.icmp_errors = 0;
        record
    }

    /// Zeek's word for the whole flow so far; for UDP it says who was heard.
    fn conn_state(&self) -> Option<ConnState> {
        match self.key.protocol() {
            Protocol::TCP => Some(self.connection.conn_state(&self.history)),
            Protocol::UDP => Some(match self.heard {
                [true, true] => ConnState::SF,
                [true, false] => ConnState::S0,
                [false, true] => ConnState::Shr,
                [false, false] => ConnState::Oth,
            }),
            _ => None,
        }
    }
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

/// A number for a flow that is the same on every run: its key, the time of its first packet and that
/// packet's number in the input, which tells flows of one moment apart.
fn flow_id(key: &FlowKey, packet: &Observation<'_>) -> u64 {
    stable_id(
        key.fingerprint(),
        stable_id(packet.at.nanos().cast_unsigned(), packet.ordinal),
    )
}
