//! What is answered: flow rows, alert rows, traffic.

use std::net::IpAddr;

use sekisho_filter::Row;
use sekisho_model::fields::{FIELDS, Value};
use sekisho_model::summary::{MatrixCell, Talker, Volume};
use sekisho_model::{Alert, Endpoint, Explanation, FlowRecord, MacAddress, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// One flow record: a key for each column of [`FIELDS`], `null` where it has no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FlowRow(pub Map<String, serde_json::Value>);

impl From<&FlowRecord> for FlowRow {
    fn from(record: &FlowRecord) -> Self {
        Self(
            FIELDS
                .iter()
                .map(|field| (field.column.to_owned(), json(record.value(field))))
                .collect(),
        )
    }
}

/// A value as the rows show it: times in RFC 3339, addresses as text.
pub(crate) fn json(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Text(text) => text.into_owned().into(),
        Value::Number(number) => number.into(),
        Value::Address(address) => address.to_string().into(),
        Value::Time(time) => time.to_string().into(),
        Value::Seconds(seconds) => seconds.into(),
        Value::Absent => serde_json::Value::Null,
    }
}

/// One end of an alert's first flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEnd {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its zone.
    pub zone: String,
    /// The MAC address of its side.
    pub mac: Option<String>,
}

impl AlertEnd {
    fn new(end: Endpoint, zone: &str, mac: Option<MacAddress>) -> Self {
        Self {
            address: end.address,
            port: end.port,
            zone: zone.to_owned(),
            mac: mac.map(|mac| mac.to_string()),
        }
    }
}

/// One alert as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    /// Number of the alert.
    pub id: u64,
    /// Stable text id of the rule.
    pub rule: String,
    /// The number in `alert.signature_id`.
    pub signature_id: u32,
    /// One line.
    pub title: Text,
    /// How urgent, 1 to 4.
    pub severity: u8,
    /// What kind, one word.
    pub category: String,
    /// First packet of the first flow behind it.
    pub first_seen: Timestamp,
    /// Last packet of the last flow behind it.
    pub last_seen: Timestamp,
    /// Flows behind it.
    pub count: u64,
    /// Packets of those flows.
    pub packets: u64,
    /// IP octets of those flows.
    pub octets: u64,
    /// Who began; none where the alert is about the sensor itself, as the other end.
    pub orig: Option<AlertEnd>,
    /// Who was spoken to.
    pub resp: Option<AlertEnd>,
    /// Transport protocol of the first flow; empty where there is none.
    pub protocol: String,
    /// The first flow behind it.
    pub flow_id: Option<u64>,
    /// Its Community ID; empty where there is none.
    pub community_id: String,
    /// Clause of the written policy.
    pub clause: String,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<String>,
    /// Version of the policy that judged.
    pub policy_version: String,
    /// The reason.
    pub explanation: Explanation,
    /// Whether it was found looking back, in what was kept.
    #[serde(default)]
    pub lookback: bool,
    /// Filter expression for the flows behind it, where that does not follow from the rest.
    #[serde(default)]
    pub flows_filter: Option<String>,
    /// The exception that silences it.
    #[serde(default)]
    pub suppressed_by: Option<u64>,
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> Self {
        let flow = alert.flow.as_ref();
        Self {
            id: alert.id,
            rule: alert.rule.to_string(),
            signature_id: alert.signature_id,
            title: alert.title.clone(),
            severity: alert.severity.number(),
            category: alert.category.name().to_owned(),
            first_seen: alert.first_seen,
            last_seen: alert.last_seen,
            count: alert.count,
            packets: alert.packets,
            octets: alert.octets,
            orig: flow.map(|flow| AlertEnd::new(flow.orig, &flow.orig_zone, flow.orig_mac)),
            resp: flow.map(|flow| AlertEnd::new(flow.resp, &flow.resp_zone, flow.resp_mac)),
            protocol: flow.map(|flow| flow.protocol.to_string()).unwrap_or_default(),
            flow_id: flow.map(|flow| flow.flow_id),
            community_id: flow.map(|flow| flow.community_id.clone()).unwrap_or_default(),
            clause: alert.clause.to_string(),
            attack: alert.attack.iter().map(ToString::to_string).collect(),
            policy_version: flow
                .map(|flow| flow.policy_version.to_string())
                .unwrap_or_default(),
            explanation: alert.explanation.clone(),
            lookback: false,
            flows_filter: None,
            suppressed_by: None,
        }
    }
}

/// Flows of one step of time, by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SeriesPoint {
    /// When the step begins.
    pub at: Timestamp,
    /// What the policy allows.
    pub allowed: Volume,
    /// What it does not allow.
    pub denied: Volume,
    /// What it could not judge.
    pub unknown: Volume,
}

/// Flows added up three ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traffic {
    /// Begin of the first step.
    pub since: Timestamp,
    /// End of the last step; the same as `since` where nothing is kept.
    pub until: Timestamp,
    /// Seconds of a step.
    pub step_s: f64,
    /// All of it.
    pub totals: Volume,
    /// By the step in which the flow started; every step, zeros too.
    pub series: Vec<SeriesPoint>,
    /// Between zones, by name, without empty cells.
    pub zones: Vec<MatrixCell>,
    /// The addresses that moved most octets, most first.
    pub talkers: Vec<Talker>,
    /// Flow ends whose address found no place among the addresses that are counted; where it is
    /// not 0, `talkers` may be too low.
    pub talkers_missed: u64,
}
