//! The flow record: one bidirectional flow, or the part of it between two active timeouts.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::{ConnState, MacAddress, Protocol, TcpFlags, Timestamp, Verdict};

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Network address.
    pub address: IpAddr,
    /// Transport port; for ICMP the type (originator) and the code (responder); 0 where the protocol
    /// has none or it is not known.
    pub port: u16,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
        }
    }
}

/// What one direction of a flow carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packets.
    pub packets: u64,
    /// IP octets, header included (IPFIX `octetTotalCount`).
    pub octets: u64,
    /// Transport payload octets as the headers declare them (IPFIX `initiatorOctets`).
    pub payload_octets: u64,
    /// Frame octets on the wire (IPFIX `layer2OctetTotalCount`).
    pub frame_octets: u64,
    /// TCP flags seen, together.
    pub tcp_flags: TcpFlags,
    /// TCP segments sent again: their octets had been seen.
    pub retransmitted: u32,
    /// TCP segments that filled a hole: sent in order, seen late.
    pub out_of_order: u32,
    /// TCP segments that announced a window of zero.
    pub zero_windows: u32,
    /// The same packet seen again, as a mirror port that copies both directions shows it.
    pub duplicates: u32,
    /// Octets that the other side acknowledged and we never saw (Zeek's `missed_bytes`).
    pub missed_octets: u64,
}

/// The tunnel that carries a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// Kind of tunnel.
    pub kind: &'static str,
    /// Community ID of the flow that the tunnel is.
    pub community_id: String,
}

/// Why a record was closed (IPFIX `flowEndReason`, information element 136).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// No packet for the idle timeout.
    Idle,
    /// The active timeout passed; the flow goes on in a further record.
    Active,
    /// Both sides said that it is over.
    EndOfFlow,
    /// The input ended.
    Forced,
    /// Evicted to make room.
    LackOfResources,
}

impl EndReason {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Active => "active",
            Self::EndOfFlow => "end_of_flow",
            Self::Forced => "forced",
            Self::LackOfResources => "lack_of_resources",
        }
    }
}

/// How originator and responder were told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DirectionBy {
    /// The first TCP SYN, or SYN-ACK answering one that was not seen.
    Syn,
    /// The ICMP type: a request and its reply.
    Icmp,
    /// One side uses a well-known port.
    Port,
    /// The sender of the first packet is the originator.
    First,
}

impl DirectionBy {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Icmp => "icmp",
            Self::Port => "port",
            Self::First => "first",
        }
    }
}

/// One bidirectional flow as it is judged, stored and exported.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowRecord {
    /// Number of the flow, the same on every run; records of one flow share it. 53 bits, so that
    /// JavaScript reads it exactly.
    pub flow_id: u64,
    /// Which record of the flow this is, from 0; more than one where the active timeout passed.
    pub part: u32,
    /// Who began.
    pub orig: Endpoint,
    /// Who was spoken to.
    pub resp: Endpoint,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Whether the ports are known; they are not of protocols without, of later fragments and of
    /// packets cut off before them.
    pub has_ports: bool,
    /// Outer VLAN id, where tagged.
    pub vlan: Option<u16>,
    /// Inner VLAN id, where tagged twice.
    pub inner_vlan: Option<u16>,
    /// MAC address of the originator's side.
    pub orig_mac: Option<MacAddress>,
    /// MAC address of the responder's side.
    pub resp_mac: Option<MacAddress>,
    /// First packet of this record.
    pub start: Timestamp,
    /// Last packet of this record.
    pub end: Timestamp,
    /// From originator to responder.
    pub to_resp: Counts,
    /// From responder to originator.
    pub to_orig: Counts,
    /// Zeek's connection state; TCP, and for UDP who was heard.
    pub conn_state: Option<ConnState>,
    /// Zeek's history string; TCP, and for UDP who sent; else empty.
    pub history: String,
    /// Why the record was closed.
    pub end_reason: EndReason,
    /// How the two ends were told apart.
    pub direction_by: DirectionBy,
    /// Community ID version 1; empty where the specification defines none.
    pub community_id: String,
    /// The tunnel that carries the flow, where one does.
    pub carrier: Option<Carrier>,
    /// Kind of tunnel that the flow is, where it carries others; else empty.
    pub carries: &'static str,
    /// From SYN to the acknowledgement of the SYN-ACK, where all three were seen.
    pub handshake_rtt: Option<Duration>,
    /// The shortest time from a segment with payload to its acknowledgement, at the tap.
    pub data_rtt: Option<Duration>,
    /// ICMP errors that quote a packet of the flow.
    pub icmp_errors: u32,
    /// What the traffic is, as far as it was read until the record was closed.
    pub app: Option<Box<App>>,
    /// Zone of the originator; `unknown` where in none.
    pub orig_zone: Arc<str>,
    /// Zone of the responder; `unknown` where in none.
    pub resp_zone: Arc<str>,
    /// What the policy says of it.
    pub verdict: Verdict,
    /// Id of the path or rule that gave the verdict; empty where not judged.
    pub rule: Arc<str>,
    /// Version of the policy that judged; empty where none.
    pub policy_version: Arc<str>,
}

impl FlowRecord {
    /// Packets in both directions.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.to_resp.packets.saturating_add(self.to_orig.packets)
    }

    /// IP octets in both directions.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.to_resp.octets.saturating_add(self.to_orig.octets)
    }

    /// A record for tests and examples: one 60-octet TCP SYN between two hosts of RFC 5737's
    /// documentation networks, not judged.
    #[must_use]
    pub fn example() -> Self {
        Self {
            flow_id: 1,
            part: 0,
            orig: Endpoint {
                address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                port: 50_000,
            },
            resp: Endpoint {
                address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2)),
                port: 443,
            },
            protocol: Protocol::TCP,
            has_ports: true,
            vlan: None,
            inner_vlan: None,
            orig_mac: None,
            resp_mac: None,
            start: Timestamp::from_seconds(1_767_225_600, 0),
            end: Timestamp::from_seconds(1_767_225_601, 0),
            to_resp: Counts {
                packets: 1,
                octets: 60,
                payload_octets: 0,
                frame_octets: 74,
                tcp_flags: TcpFlags(TcpFlags::SYN),
                ..Counts::default()
            },
            to_orig: Counts::default(),
            conn_state: Some(ConnState::S0),
            history: "S".to_owned(),
            end_reason: EndReason::Idle,
            direction_by: DirectionBy::Syn,
            community_id: String::new(),
            carrier: None,
            carries: "",
            handshake_rtt: None,
            data_rtt: None,
            icmp_errors: 0,
            app: None,
            orig_zone: Arc::from("unknown"),
            resp_zone: Arc::from("unknown"),
            verdict: Verdict::Unknown,
            rule: Arc::from(""),
            policy_version: Arc::from(""),
        }
    }
}
