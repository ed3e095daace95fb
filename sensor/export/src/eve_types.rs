//! The shape of EVE lines.
//!
//! Source of the names: Suricata 8, etc/schema.json.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_model::app::FlowRef;
use sekisho_model::summary::Summary;
use sekisho_model::{
    Alert, App, ConnState, EndReason, Endpoint, Explanation, FlowRecord, MacAddress, Protocol, TcpFlags,
    Text, Timestamp, Verdict,
};
use serde::Serialize;
use serde::ser::SerializeMap;

/// What flow and alert lines share.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    timestamp: Timestamp,
    flow_id: u64,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vlan: Vec<u16>,
    src_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    dest_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_port: Option<u16>,
    proto: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_code: Option<u16>,
    #[serde(skip_serializing_if = "str::is_empty")]
    community_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ether: Option<Ether>,
}

impl<'a> Head<'a> {
    fn of(record: &'a FlowRecord, event_type: &'static str, timestamp: Timestamp) -> Self {
        Self {
            vlan: record.vlan.into_iter().chain(record.inner_vlan).collect(),
            community_id: &record.community_id,
            ether: Ether::of(record.orig_mac, record.resp_mac),
            ..Self::between(
                record.flow_id,
                [record.orig, record.resp],
                record.protocol,
                event_type,
                timestamp,
            )
        }
    }

    /// The same of an event's flow.
    pub(crate) fn of_ref(flow: &'a FlowRef, event_type: &'static str, timestamp: Timestamp) -> Self {
        Self {
            vlan: flow.vlan.into_iter().chain(flow.inner_vlan).collect(),
            community_id: &flow.community_id,
            ether: Ether::of(flow.orig_mac, flow.resp_mac),
            ..Self::between(
                flow.flow_id,
                [flow.orig, flow.resp],
                flow.protocol,
                event_type,
                timestamp,
            )
        }
    }

    fn between(
        flow_id: u64,
        [orig, resp]: [Endpoint; 2],
        protocol: Protocol,
        event_type: &'static str,
        timestamp: Timestamp,
    ) -> Self {
        let is_icmp = matches!(protocol, Protocol::ICMP | Protocol::ICMPV6);
        let port = |port| protocol.has_ports().then_some(port);
        let icmp = |number| is_icmp.then_some(number);
        Self {
            timestamp,
            flow_id,
            event_type,
            vlan: Vec::new(),
            src_ip: orig.address,
            src_port: port(orig.port),
            dest_ip: resp.address,
            dest_port: port(resp.port),
            proto: match protocol {
                Protocol::ICMPV6 => "IPv6-ICMP".to_owned(),
                other => other.to_string().to_uppercase(),
            },
            icmp_type: icmp(orig.port),
            icmp_code: icmp(resp.port),
            community_id: "",
            ether: None,
        }
    }

    /// Writes it as entries of a map whose other keys are not fixed.
    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("flow_id", &self.flow_id)?;
        map.serialize_entry("event_type", self.event_type)?;
        if !self.vlan.is_empty() {
            map.serialize_entry("vlan", &self.vlan)?;
        }
        map.serialize_entry("src_ip", &self.src_ip)?;
        if let Some(port) = self.src_port {
            map.serialize_entry("src_port", &port)?;
        }
        map.serialize_entry("dest_ip", &self.dest_ip)?;
        if let Some(port) = self.dest_port {
            map.serialize_entry("dest_port", &port)?;
        }
        map.serialize_entry("proto", &self.proto)?;
        if let (Some(kind), Some(code)) = (self.icmp_type, self.icmp_code) {
            map.serialize_entry("icmp_type", &kind)?;
            map.serialize_entry("icmp_code", &code)?;
        }
        if !self.community_id.is_empty() {
            map.serialize_entry("community_id", self.community_id)?;
        }
        if let Some(ether) = &self.ether {
            map.serialize_entry("ether", ether)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
pub(crate) struct Ether {
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<MacAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_mac: Option<MacAddress>,
}

impl Ether {
    fn of(src_mac: Option<MacAddress>, dest_mac: Option<MacAddress>) -> Option<Self> {
        (src_mac.is_some() || dest_mac.is_some()).then_some(Self { src_mac, dest_mac })
    }

    /// Of a frame without a flow.
    pub(crate) fn from_sender(mac: Option<MacAddress>) -> Option<Self> {
        Self::of(mac, None)
    }
}

#[derive(Serialize)]
struct Flow {
    pkts_toserver: u64,
    pkts_toclient: u64,
    bytes_toserver: u64,
    bytes_toclient: u64,
    start: Timestamp,
    end: Timestamp,
    age: u64,
    state: &'static str,
    reason: &'static str,
    alerted: bool,
}

impl Flow {
    fn of(record: &FlowRecord, alerted: bool) -> Self {
        let answered = match record.conn_state {
            Some(state) => !matches!(state, ConnState::S0 | ConnState::Shr | ConnState::Sh),
            None => record.to_resp.packets > 0 && record.to_orig.packets > 0,
        };
        Self {
            pkts_toserver: record.to_resp.packets,
            pkts_toclient: record.to_orig.packets,
            bytes_toserver: record.to_resp.frame_octets,
            bytes_toclient: record.to_orig.frame_octets,
            start: record.start,
            end: record.end,
            age: record.end.since(record.start).as_secs(),
            state: match record.end_reason {
                EndReason::EndOfFlow => "closed",
                _ if answered => "established",
                _ => "new",
            },
            reason: match record.end_reason {
                EndReason::Idle | EndReason::Active | EndReason::EndOfFlow => "timeout",
                EndReason::Forced => "shutdown",
                EndReason::LackOfResources => "forced",
            },
            alerted,
        }
    }
}

#[derive(Serialize)]
struct Tcp {
    tcp_flags: TcpText,
    tcp_flags_ts: TcpText,
    tcp_flags_tc: TcpText,
    syn: bool,
    fin: bool,
    rst: bool,
    psh: bool,
    ack: bool,
}

/// Flags as two hexadecimal digits.
struct TcpText(TcpFlags);

impl Serialize for TcpText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Tcp {
    fn of(record: &FlowRecord) -> Option<Self> {
        let (there, back) = (record.to_resp.tcp_flags, record.to_orig.tcp_flags);
        let both = TcpFlags(there.0 | back.0);
        (record.protocol == Protocol::TCP).then_some(Self {
            tcp_flags: TcpText(both),
            tcp_flags_ts: TcpText(there),
            tcp_flags_tc: TcpText(back),
            syn: both.has(TcpFlags::SYN),
            fin: both.has(TcpFlags::FIN),
            rst: both.has(TcpFlags::RST),
            psh: both.has(TcpFlags::PSH),
            ack: both.has(TcpFlags::ACK),
        })
    }
}

/// What both kinds of line say of the judgement.
#[derive(Serialize)]
struct Judgement<'a> {
    orig_zone: &'a str,
    resp_zone: &'a str,
    verdict: Verdict,
    rule: &'a str,
    policy_version: &'a str,
}

impl<'a> Judgement<'a> {
    fn of(record: &'a FlowRecord) -> Self {
        Self {
            orig_zone: &record.orig_zone,
            resp_zone: &record.resp_zone,
            verdict: record.verdict,
            rule: &record.rule,
            policy_version: &record.policy_version,
        }
    }
}

#[derive(Serialize)]
struct FlowExtra<'a> {
    #[serde(flatten)]
    judgement: Judgement<'a>,
    part: u32,
    direction_by: &'static str,
    end_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_state: Option<&'static str>,
    history: &'a str,
    orig_octets: u64,
    resp_octets: u64,
    orig_payload_octets: u64,
    resp_payload_octets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_rtt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_rtt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel: Option<Tunnel<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    carries: &'static str,
    #[serde(flatten)]
    app: AppExtra<'a>,
    icmp_errors: u32,
    orig_retransmitted: u32,
    orig_out_of_order: u32,
    orig_zero_windows: u32,
    orig_missed_octets: u64,
    orig_duplicates: u32,
    resp_retransmitted: u32,
    resp_out_of_order: u32,
    resp_zero_windows: u32,
    resp_missed_octets: u64,
    resp_duplicates: u32,
}

/// The tunnel that carries a flow.
#[derive(Serialize)]
struct Tunnel<'a> {
    kind: &'static str,
    community_id: &'a str,
}

/// What the traffic is: the essentials, and under `from` where each was read.
struct AppExtra<'a>(Option<&'a App>);

impl Serialize for AppExtra<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Some(app) = self.0 else { return map.end() };
        if let Some(by) = app.service_by {
            map.serialize_entry("service_by", by.name())?;
        }
        if let Some(port_says) = app.port_says {
            map.serialize_entry("port_says", port_says)?;
        }
        for named in &app.essentials {
            map.serialize_entry(named.what.name(), &named.value)?;
        }
        if !app.essentials.is_empty() {
            map.serialize_entry("from", &Sources(app))?;
        }
        if app.is_partial {
            map.serialize_entry("metadata_partial", &true)?;
        }
        map.end()
    }
}

struct Sources<'a>(&'a App);

impl Serialize for Sources<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .essentials
                .iter()
                .map(|named| (named.what.name(), named.from)),
        )
    }
}

/// `event_type` flow.
#[derive(Serialize)]
pub(crate) struct FlowEvent<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    app_proto: &'static str,
    flow: Flow,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<Tcp>,
    sekisho: FlowExtra<'a>,
}

impl<'a> FlowEvent<'a> {
    /// `alerts` says whether denied flows raise alerts: they do not where a policy learns.
    pub(crate) fn of(record: &'a FlowRecord, alerts: bool) -> Self {
        Self {
            head: Head::of(record, "flow", record.end),
            app_proto: record.app.as_ref().map_or("", |app| app.service),
            flow: Flow::of(record, alerts && record.verdict == Verdict::Denied),
            tcp: Tcp::of(record),
            sekisho: FlowExtra {
                judgement: Judgement::of(record),
                part: record.part,
                direction_by: record.direction_by.name(),
                end_reason: record.end_reason.name(),
                conn_state: record.conn_state.map(sekisho_model::ConnState::name),
                history: &record.history,
                orig_octets: record.to_resp.octets,
                resp_octets: record.to_orig.octets,
                orig_payload_octets: record.to_resp.payload_octets,
                resp_payload_octets: record.to_orig.payload_octets,
                handshake_rtt: record.handshake_rtt.map(|took| took.as_secs_f64()),
                data_rtt: record.data_rtt.map(|took| took.as_secs_f64()),
                tunnel: record.carrier.as_ref().map(|carrier| Tunnel {
                    kind: carrier.kind,
                    community_id: &carrier.community_id,
                }),
                carries: record.carries,
                app: AppExtra(record.app.as_deref()),
                icmp_errors: record.icmp_errors,
                orig_retransmitted: record.to_resp.retransmitted,
                orig_out_of_order: record.to_resp.out_of_order,
                orig_zero_windows: record.to_resp.zero_windows,
                orig_missed_octets: record.to_resp.missed_octets,
                orig_duplicates: record.to_resp.duplicates,
                resp_retransmitted: record.to_orig.retransmitted,
                resp_out_of_order: record.to_orig.out_of_order,
                resp_zero_windows: record.to_orig.zero_windows,
                resp_missed_octets: record.to_orig.missed_octets,
                resp_duplicates: record.to_orig.duplicates,
            },
        }
    }
}

#[derive(Serialize)]
struct AlertBody<'a> {
    action: &'static str,
    gid: u32,
    signature_id: u32,
    rev: u32,
    signature: &'a str,
    category: &'static str,
    severity: u8,
}

#[derive(Serialize)]
struct AlertExtra<'a> {
    alert_id: u64,
    #[serde(flatten)]
    judgement: Judgement<'a>,
    category: &'static str,
    subject: IpAddr,
    first_seen: Timestamp,
    last_seen: Timestamp,
    count: u64,
    packets: u64,
    octets: u64,
    title: &'a Text,
    clause: &'a str,
    attack: &'a [std::sync::Arc<str>],
    explanation: &'a Explanation,
}

/// `event_type` alert.
#[derive(Serialize)]
pub(crate) struct AlertEvent<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    alert: AlertBody<'a>,
    flow: Flow,
    sekisho: AlertExtra<'a>,
}

impl<'a> AlertEvent<'a> {
    pub(crate) fn of(alert: &'a Alert) -> Self {
        Self {
            head: Head::of(&alert.flow, "alert", alert.first_seen),
            alert: AlertBody {
                action: "allowed", // Seen passing; a monitor stops nothing.
                gid: 1,
                signature_id: alert.signature_id,
                rev: 1,
                signature: &alert.title.en,
                category: alert.category.words(),
                severity: alert.severity.number(),
            },
            flow: Flow::of(&alert.flow, true),
            sekisho: AlertExtra {
                alert_id: alert.id,
                judgement: Judgement {
                    rule: &alert.rule,
                    ..Judgement::of(&alert.flow)
                },
                category: alert.category.name(),
                subject: alert.subject(),
                first_seen: alert.first_seen,
                last_seen: alert.last_seen,
                count: alert.count,
                packets: alert.packets,
                octets: alert.octets,
                title: &alert.title,
                clause: &alert.clause,
                attack: &alert.attack,
                explanation: &alert.explanation,
            },
        }
    }
}

#[derive(Serialize)]
struct Decoder {
    pkts: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct FlowTotals {
    total: u64,
}

#[derive(Serialize)]
struct Stats {
    decoder: Decoder,
    flow: FlowTotals,
}

#[derive(Serialize)]
struct StatsExtra<'a> {
    flow_records: u64,
    frames: &'a BTreeMap<String, u64>,
    losses: &'a BTreeMap<String, u64>,
}

/// `event_type` stats: the counts of the whole run, without anything that a clock gave.
#[derive(Serialize)]
pub(crate) struct StatsEvent<'a> {
    timestamp: Timestamp,
    event_type: &'static str,
    stats: Stats,
    sekisho: StatsExtra<'a>,
}

impl<'a> StatsEvent<'a> {
    pub(crate) fn of(summary: &'a Summary) -> Self {
        Self {
            timestamp: summary.last_packet.unwrap_or_default(),
            event_type: "stats",
            stats: Stats {
                decoder: Decoder {
                    pkts: summary.packets,
                    bytes: summary.frame_octets,
                },
                flow: FlowTotals { total: summary.flows },
            },
            sekisho: StatsExtra {
                flow_records: summary.flow_records,
                frames: &summary.frames,
                losses: &summary.losses,
            },
        }
    }
}
