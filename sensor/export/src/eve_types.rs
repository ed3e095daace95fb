//! The shape of EVE lines.
//!
//! Source of the names: Suricata 8, etc/schema.json.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_model::app::FlowRef;
use sekisho_model::summary::Summary;
use sekisho_model::{
    Alert, App, ConnState, EndReason, Explanation, FlowRecord, MacAddress, Protocol, TcpFlags, Text,
    Timestamp, Verdict,
};
use serde::Serialize;
use serde::ser::SerializeMap as _;

/// What flow and alert lines share.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_id: Option<u64>,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vlan: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_port: Option<u16>,
    #[serde(skip_serializing_if = "String::is_empty")]
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
    /// Of an event that is about no flow.
    pub(crate) const fn bare(event_type: &'static str, timestamp: Timestamp) -> Self {
        Self {
            timestamp,
            flow_id: None,
            event_type,
            vlan: Vec::new(),
            src_ip: None,
            src_port: None,
            dest_ip: None,
            dest_port: None,
            proto: String::new(),
            icmp_type: None,
            icmp_code: None,
            community_id: "",
            ether: None,
        }
    }

    fn of(record: &'a FlowRecord, event_type: &'static str, timestamp: Timestamp) -> Self {
        let is_icmp = matches!(record.protocol, Protocol::ICMP | Protocol::ICMPV6);
        let port = |port| (record.protocol.has_ports() && record.has_ports).then_some(port);
        let icmp = |number| (is_icmp && record.has_ports).then_some(number);
        Self {
            flow_id: Some(record.flow_id),
            vlan: record.vlan.into_iter().chain(record.inner_vlan).collect(),
            src_ip: Some(record.orig.address),
            src_port: port(record.orig.port),
            dest_ip: Some(record.resp.address),
            dest_port: port(record.resp.port),
            proto: word(record.protocol),
            icmp_type: icmp(record.orig.port),
            icmp_code: icmp(record.resp.port),
            community_id: &record.community_id,
            ether: Ether::of(record.orig_mac, record.resp_mac),
            ..Self::bare(event_type, timestamp)
        }
    }

    /// Of an event of a conversation: one over TCP or UDP with known ports.
    pub(crate) fn of_ref(flow: &'a FlowRef, event_type: &'static str, timestamp: Timestamp) -> Self {
        Self {
            flow_id: Some(flow.flow_id),
            vlan: flow.vlan.into_iter().chain(flow.inner_vlan).collect(),
            src_ip: Some(flow.orig.address),
            src_port: Some(flow.orig.port),
            dest_ip: Some(flow.resp.address),
            dest_port: Some(flow.resp.port),
            proto: word(flow.protocol),
            community_id: &flow.community_id,
            ether: Ether::of(flow.orig_mac, flow.resp_mac),
            ..Self::bare(event_type, timestamp)
        }
    }

    /// The same with the MAC address that sent a frame without a flow.
    pub(crate) fn sent_by(mac: Option<MacAddress>, event_type: &'static str, timestamp: Timestamp) -> Self {
        Self {
            ether: Ether::of(mac, None),
            ..Self::bare(event_type, timestamp)
        }
    }
}

/// A protocol as Suricata writes it.
fn word(protocol: Protocol) -> String {
    match protocol {
        Protocol::ICMPV6 => "IPv6-ICMP".to_owned(),
        other => other.to_string().to_uppercase(),
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
    policy_version: &'a str,
}

impl<'a> Judgement<'a> {
    fn of(record: &'a FlowRecord) -> Self {
        Self {
            orig_zone: &record.orig_zone,
            resp_zone: &record.resp_zone,
            verdict: record.verdict,
            policy_version: &record.policy_version,
        }
    }
}

#[derive(Serialize)]
struct FlowExtra<'a> {
    #[serde(flatten)]
    judgement: Judgement<'a>,
    rule: &'a str,
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
                rule: &record.rule,
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
    judgement: Option<Judgement<'a>>,
    rule: &'a str,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<IpAddr>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<Flow>,
    sekisho: AlertExtra<'a>,
}

impl<'a> AlertEvent<'a> {
    pub(crate) fn of(alert: &'a Alert) -> Self {
        let flow = alert.flow.as_ref();
        Self {
            head: flow.map_or_else(
                || Head::bare("alert", alert.first_seen),
                |flow| Head::of(flow, "alert", alert.first_seen),
            ),
            alert: AlertBody {
                action: "allowed", // Seen passing; a monitor stops nothing.
                gid: 1,
                signature_id: alert.signature_id,
                rev: 1,
                signature: &alert.title.en,
                category: alert.category.words(),
                severity: alert.severity.number(),
            },
            flow: flow.map(|flow| Flow::of(flow, true)),
            sekisho: AlertExtra {
                alert_id: alert.id,
                judgement: flow.map(Judgement::of),
                rule: &alert.rule,
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
