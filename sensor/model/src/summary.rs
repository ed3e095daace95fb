//! The summary of a run: what `replay --json` prints and the dashboard's sensor page shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::blind::CaptureHealth;

/// Flows, packets and IP octets together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Volume {
    /// Flows of a whole run, each once; within a range of time the records that begin in it.
    pub flows: u64,
    /// Packets, both directions.
    pub packets: u64,
    /// IP octets, both directions.
    pub octets: u64,
}

impl Volume {
    /// Adds one more record's volume.
    pub const fn add(&mut self, other: Self) {
        self.flows = self.flows.saturating_add(other.flows);
        self.packets = self.packets.saturating_add(other.packets);
        self.octets = self.octets.saturating_add(other.octets);
    }
}

/// One cell of the zone matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// Zone of the originators.
    pub orig_zone: String,
    /// Zone of the responders.
    pub resp_zone: String,
    /// What the policy allows.
    pub allowed: Volume,
    /// What it does not allow.
    pub denied: Volume,
    /// What it could not judge.
    pub unknown: Volume,
}

/// Alerts by severity and by rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlertTotals {
    /// All of them.
    pub total: u64,
    /// Number by severity, `1` to `4`.
    pub by_severity: BTreeMap<String, u64>,
    /// Number by rule.
    pub by_rule: BTreeMap<String, u64>,
    /// Those that an exception silences; not among the others.
    #[serde(default)]
    pub suppressed: u64,
}

/// One address and what it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talker {
    /// The address.
    pub address: String,
    /// Its zone.
    pub zone: String,
    /// What it sent and received.
    pub volume: Volume,
}

/// One capture file or network interface that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Path as given, `-` is standard input; or the name of the interface.
    pub path: String,
    /// `pcap` or `pcapng`, with `+gzip` or `+zstd`; or how the interface is read.
    pub format: String,
    /// Packets read from it.
    pub packets: u64,
    /// Where and why reading stopped early; why nothing comes of an interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// What was counted outside this program; absent for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortCounters>,
}

/// What the system counted of an interface while it was read: the check of what we counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PortCounters {
    /// Frames that found no room in the ring, or in libpcap's buffer.
    pub ring_dropped: u64,
    /// Frames that the capture filter left out.
    #[serde(default)]
    pub filtered: u64,
    /// Frames that the interface received.
    pub received: u64,
    /// Frames that the interface or its driver dropped.
    pub dropped: u64,
}

/// What went in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Input {
    /// Every file in the order given.
    pub files: Vec<InputFile>,
    /// How many of them are damaged.
    pub damaged: u64,
}

/// What came of a policy folder that was followed while the run went on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PolicyChanges {
    /// Newer policies that came into force.
    pub taken_up: u64,
    /// Changes that were refused, being wrong or incomplete.
    pub refused: u64,
    /// Why what is in the folder now is not in force; absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing_refusal: Option<String>,
}

/// The lists of indicators that were looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListTotals {
    /// Lists.
    pub lists: u64,
    /// Indicators of all lists.
    pub indicators: u64,
    /// Indicators by kind.
    pub by_kind: BTreeMap<String, u64>,
    /// Version of the lists, as their manifest has it; empty where none is said.
    pub version: String,
    /// How the lists changed while the run went on.
    pub changes: PolicyChanges,
}

/// What of the policy was met by traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleUse {
    /// Flow records by the path, exception or built-in rule that gave their verdict.
    pub used: BTreeMap<String, u64>,
    /// Paths that allowed nothing, in the order of the policy.
    pub unused_paths: Vec<String>,
    /// Exceptions that allowed nothing, in the order of the policy.
    pub unused_exceptions: Vec<String>,
}

/// What a sensor may still do once it watches: as the system says it, not as it was wished.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Protection {
    /// Capabilities in effect.
    pub capabilities: Vec<String>,
    /// Whether none can be gained.
    pub no_new_privileges: bool,
    /// Whether system calls are fenced in: `on`, or `off:` and why.
    pub seccomp: String,
    /// Whether files are fenced in: `on`, or `in part:` or `off:` and why.
    pub landlock: String,
}

/// The whole run in one object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Their octets on the wire.
    pub frame_octets: u64,
    /// Flows seen, each once, those of excluded zones among them.
    pub flows: u64,
    /// Flow records written.
    pub flow_records: u64,
    /// Alerts raised.
    pub alerts: AlertTotals,
    /// The zone matrix, without empty cells.
    pub zones: Vec<MatrixCell>,
    /// Addresses that moved most, most first.
    pub talkers: Vec<Talker>,
    /// Time of the first packet; absent where there is none.
    pub first_packet: Option<Timestamp>,
    /// Time of the last packet.
    pub last_packet: Option<Timestamp>,
    /// Seconds of wall time that the run took.
    pub seconds: f64,
    /// Packets divided by seconds.
    pub packets_per_second: f64,
    /// How many frames ended in each bucket, by id of the bucket.
    pub frames: BTreeMap<String, u64>,
    /// One number a cause of loss: buckets that are not "processed", evictions, cuts.
    pub losses: BTreeMap<String, u64>,
    /// What went in.
    pub input: Input,
    /// Name of the policy; empty where none.
    pub policy_name: String,
    /// Version of the policy; empty where none.
    pub policy_version: String,
    /// `enforce`, `learn`, or empty where there is no policy.
    pub policy_mode: String,
    /// SHA-256 over the files of the policy that judged last, as hexadecimal digits; empty where none.
    #[serde(default)]
    pub policy_hash: String,
    /// Version of the catalogue beneath the policy; empty where none.
    #[serde(default)]
    pub catalogue_version: String,
    /// How the policy changed while the run went on.
    #[serde(default)]
    pub policy_changes: PolicyChanges,
    /// The lists of indicators that were in force at the end.
    #[serde(default)]
    pub lists: ListTotals,
    /// Days whose daily sets were removed for their age.
    #[serde(default)]
    pub forgotten_days: u64,
    /// What of the policy was met by traffic.
    #[serde(default)]
    pub rules: RuleUse,
    /// How well the run could see.
    #[serde(default)]
    pub health: CaptureHealth,
    /// Until when the input is known: the last packet, or later where a port has been silent since.
    #[serde(default)]
    pub watched_until: Option<Timestamp>,
    /// Worker threads that decoded.
    pub workers: u64,
    /// What the process may still do; absent of a run over files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<Protection>,
    /// Whether the run goes on: these are its counts so far.
    #[serde(default)]
    pub ongoing: bool,
}
