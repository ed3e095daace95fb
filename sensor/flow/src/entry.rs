//! One flow while it lives.

use sekisho_model::{
    ConnState, Counts, DirectionBy, EndReason, FlowRecord, MacAddress, Protocol, TcpFlags, Timestamp,
    Verdict, stable_id,
};
use sekisho_wire::Frame;

use crate::community_id;
use crate::config::Config;
use crate::history::History;
use crate::key::{FlowKey, Side};
use crate::recency::Links;
use crate::tcp::Connection;

/// State of a flow. `T` is the sink's tag.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    pub(crate) key: FlowKey,
    pub(crate) last: Timestamp,
    pub(crate) links: Links,
    pub(crate) generation: u32,
    pub(crate) orig: Side,
    pub(crate) direction_by: DirectionBy,
    pub(crate) tag: T,
    /// First packet of the flow.
    began: Timestamp,
    /// First packet of the record being filled.
    start: Timestamp,
    part: u32,
    to_resp: Counts,
    to_orig: Counts,
    connection: Connection,
    history: History,
    icmp_type: u8,
    icmp_code: u8,
    orig_mac: Option<MacAddress>,
    resp_mac: Option<MacAddress>,
    vlan: Option<u16>,
    inner_vlan: Option<u16>,
}

impl<T: Clone> Entry<T> {
    /// A flow that begins with this frame.
    pub(crate) fn new(
        key: FlowKey,
        sender: Side,
        direction: (bool, DirectionBy),
        frame: &Frame<'_>,
        at: Timestamp,
        tag: T,
    ) -> Self {
        let (sender_is_originator, direction_by) = direction;
        let orig = if sender_is_originator {
            sender
        } else {
            sender.other()
        };
        let (mut icmp_type, mut icmp_code) = (0, 0);
        if let Some(ip) = frame.ip.filter(|_| key.is_icmp()) {
            icmp_type = u8::try_from(if sender_is_originator {
                ip.source_port
            } else {
                key.endpoint(orig).port
            })
            .unwrap_or(u8::MAX);
            icmp_code = u8::try_from(ip.destination_port).unwrap_or(u8::MAX);
        }
        let mut history = History::default();
        if !sender_is_originator && direction_by == DirectionBy::Port && key.protocol() == Protocol::TCP {
            history.turned();
        }
        Self {
            key,
            last: at,
            links: Links::default(),
            generation: 0,
            orig,
            direction_by,
            tag,
            began: at,
            start: at,
            part: 0,
            to_resp: Counts::default(),
            to_orig: Counts::default(),
            connection: Connection::default(),
            history,
            icmp_type,
            icmp_code,
            orig_mac: None,
            resp_mac: None,
            vlan: None,
            inner_vlan: None,
        }
    }

    /// Counts one packet of the flow. Gives the number of letters that did not fit the history.
    pub(crate) fn count(&mut self, frame: &Frame<'_>, sender: Side, at: Timestamp, len: u32) -> u64 {
        let Some(ip) = frame.ip else { return 0 };
        let by_originator = sender == self.orig;
        if self.packets() == 0 {
            self.start = at;
        }
        self.start = self.start.min(at);
        self.last = self.last.max(at);
        let (from_mac, to_mac) = (frame.link.source, frame.link.destination);
        let (orig_mac, resp_mac) = if by_originator {
            (from_mac, to_mac)
        } else {
            (to_mac, from_mac)
        };
        self.orig_mac = self.orig_mac.or(orig_mac);
        self.resp_mac = self.resp_mac.or(resp_mac);
        self.vlan = self.vlan.or(frame.link.vlan);
        self.inner_vlan = self.inner_vlan.or(frame.link.inner_vlan);
        let flags = ip.tcp.map_or(0, |tcp| tcp.flags.0);
        let counts = if by_originator {
            &mut self.to_resp
        } else {
            &mut self.to_orig
        };
        counts.packets = counts.packets.saturating_add(1);
        counts.octets = counts.octets.saturating_add(u64::from(ip.octets));
        counts.payload_octets = counts.payload_octets.saturating_add(u64::from(ip.payload_octets));
        counts.frame_octets = counts.frame_octets.saturating_add(u64::from(len));
        counts.tcp_flags = TcpFlags(counts.tcp_flags.0 | flags);
        let Some(segment) = ip.tcp else { return 0 };
        u64::from(
            !self
                .connection
                .observe(segment, ip.payload_octets, by_originator, &mut self.history),
        )
    }

    /// Packets in the record being filled.
    pub(crate) const fn packets(&self) -> u64 {
        self.to_resp.packets.saturating_add(self.to_orig.packets)
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

    /// Whether a SYN with this sequence number from this side begins another connection.
    pub(crate) fn is_reuse(&self, frame: &Frame<'_>) -> bool {
        frame.ip.and_then(|ip| ip.tcp).is_some_and(|tcp| {
            tcp.flags.has(TcpFlags::SYN)
                && !tcp.flags.has(TcpFlags::ACK)
                && self.connection.is_reuse(tcp.sequence)
        })
    }

    /// Writes the record filled so far and begins the next one.
    pub(crate) fn record(&mut self, end_reason: EndReason) -> FlowRecord {
        let digest = community_id::digest(&self.key);
        let (mut orig, mut resp) = (self.key.endpoint(self.orig), self.key.endpoint(self.orig.other()));
        if self.key.is_icmp() {
            (orig.port, resp.port) = (u16::from(self.icmp_type), u16::from(self.icmp_code));
        }
        let is_tcp = self.key.protocol() == Protocol::TCP;
        let record = FlowRecord {
            flow_id: flow_id(&digest, self.began),
            part: self.part,
            orig,
            resp,
            protocol: self.key.protocol(),
            vlan: self.vlan,
            inner_vlan: self.inner_vlan,
            orig_mac: self.orig_mac,
            resp_mac: self.resp_mac,
            start: self.start,
            end: self.last,
            to_resp: self.to_resp,
            to_orig: self.to_orig,
            conn_state: if is_tcp {
                Some(self.connection.conn_state())
            } else {
                self.datagram_state()
            },
            history: self.history.text(),
            end_reason,
            direction_by: self.direction_by,
            community_id: community_id::of(&self.key, &digest),
            orig_zone: "unknown".into(),
            resp_zone: "unknown".into(),
            verdict: Verdict::Unknown,
            rule: "".into(),
            policy_version: "".into(),
        };
        self.part = self.part.saturating_add(1);
        self.to_resp = Counts::default();
        self.to_orig = Counts::default();
        record
    }

    /// Zeek's words for UDP: who was heard.
    fn datagram_state(&self) -> Option<ConnState> {
        (self.key.protocol() == Protocol::UDP).then_some(
            match (self.to_resp.packets > 0, self.to_orig.packets > 0) {
                (true, true) => ConnState::SF,
                (true, false) => ConnState::S0,
                (false, true) => ConnState::Shr,
                (false, false) => ConnState::Oth,
            },
        )
    }
}

/// A number for a flow that is the same on every run: its Community ID's sum and its first packet.
fn flow_id(digest: &[u8; 20], began: Timestamp) -> u64 {
    let head = digest
        .first_chunk::<8>()
        .map_or(0, |octets| u64::from_be_bytes(*octets));
    stable_id(head, began.nanos().cast_unsigned())
}
