//! The ground truth as JSON: which events stand in which capture.

use std::collections::BTreeMap;

use serde::Serialize;

use super::script::MILLISECOND;

/// The file `labels.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labels {
    /// Version of the format.
    pub version: u32,
    /// Name of the set.
    pub set: &'static str,
    /// What each type of event means.
    pub types: BTreeMap<&'static str, &'static str>,
    /// The captures.
    pub captures: Vec<CaptureLabel>,
}

/// One capture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureLabel {
    /// File name.
    pub file: String,
    /// Kind of capture.
    pub category: &'static str,
    /// `attack`: events are to be found in it.
    pub verdict: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// What wrote it.
    pub tool: &'static str,
    /// Octets kept of each packet; `None` is all.
    pub snaplen: Option<u32>,
    /// In words.
    pub note: &'static str,
    /// Where it was fetched; nothing is fetched here.
    pub source: Option<String>,
    /// Terms of use.
    pub licence: &'static str,
    /// Whether it may be passed on.
    pub redistributable: &'static str,
    /// Packets in the file.
    pub packets: usize,
    /// Octets of the file.
    pub size: usize,
    /// What is to be found.
    pub events: Vec<Event>,
    /// What may be found and counts for nothing.
    pub ignore: Vec<Ignore>,
    /// What a tool may be told.
    pub context: Context,
}

/// One event. An alert is right when its type, hosts and time match.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Event {
    /// Type of event.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Types that are right too.
    pub also_ok: Vec<&'static str>,
    /// Originators: addresses, networks, MAC addresses, or `any`.
    pub src: Vec<String>,
    /// Responders, or names.
    pub dst: Vec<String>,
    /// First packet, in seconds of Unix time.
    pub start: f64,
    /// Last packet.
    pub end: f64,
    /// Transport protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proto: Option<&'static str>,
    /// Responder ports.
    pub dport: Vec<u16>,
    /// `easy`, `medium` or `hard` to find.
    pub difficulty: &'static str,
    /// In words.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'static str,
    /// Name that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<&'static str>,
    /// Octets sent out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    /// Number of the incident, 1 to 12.
    pub incident: u8,
    /// Its name.
    pub incident_name: &'static str,
    /// Rule of the preset that denies the flow; absent where every flow is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// Boundary of the preset that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<&'static str>,
    /// Clause of the written policy that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<&'static str>,
    /// File and number.
    pub id: String,
}

/// Alerts that are neither right nor wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignore {
    /// Originators.
    pub src: Vec<String>,
    /// Responders.
    pub dst: Vec<String>,
    /// Types.
    pub types: Vec<&'static str>,
    /// Why.
    pub reason: &'static str,
}

/// What a tool may be told of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Context {
    /// Networks of the city.
    pub local_nets: Vec<&'static str>,
    /// Policy folder that the events are judged by.
    pub policy_folder: &'static str,
}

/// Seconds with microseconds, as the file holds them.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since 1970 fit in 53 bits until the year 2255"
)]
pub(super) fn seconds(time_ns: u64) -> f64 {
    (time_ns / (MILLISECOND / 1_000)) as f64 / 1_000_000.0
}
