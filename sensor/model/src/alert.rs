//! What a person is shown: a finding after folding, with its reason in both languages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{FlowRecord, Text, Timestamp};

/// How urgent an alert is; the numbers are Suricata's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 1: act now.
    High,
    /// 2: act today.
    Medium,
    /// 3: look when there is time.
    Low,
    /// 4: posture and inventory; never pages anyone.
    Informational,
}

impl Severity {
    /// Every severity, most urgent first.
    pub const ALL: [Self; 4] = [Self::High, Self::Medium, Self::Low, Self::Informational];

    /// The number in `alert.severity`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
            Self::Informational => 4,
        }
    }

    /// The word that policy files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Informational => "informational",
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.number() == number)
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == text)
    }
}

/// What kind of thing an alert speaks of: one word of a fixed list (`sekisho.category`).
///
/// The list grows with the detectors; a word that nothing raises is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Communication that the policy does not allow.
    PolicyViolation,
    /// The sensor did not see something, or saw it in part.
    Blind,
    /// The sensor's own state, with nothing lost from sight.
    Health,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 3] = [Self::PolicyViolation, Self::Blind, Self::Health];

    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolicyViolation => "policy_violation",
            Self::Blind => "blind",
            Self::Health => "self",
        }
    }

    /// What `alert.category` says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PolicyViolation => "Policy violation",
            Self::Blind => "Sensor blind",
            Self::Health => "Sensor health",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == text)
    }
}

/// Why an alert was raised, so that a person can agree or disagree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// Who, in which zone, talked to whom, over what.
    pub observed: Text,
    /// What the policy expects in its place.
    pub expected: Text,
    /// The nearest allowed path and in what it differs.
    pub nearest: Text,
    /// Id of that path; empty where there is none.
    pub nearest_path: String,
    /// In what the flow differs from it: `from`, `to`, `protocol`, `ports`, `direction`.
    pub differs: Vec<String>,
    /// What would have silenced the alert.
    pub silenced_by: Text,
    /// What to do first.
    pub first_step: Text,
}

/// A finding after folding.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Number of the alert, the same on every run; 53 bits.
    pub id: u64,
    /// Stable text id of the rule.
    pub rule: Arc<str>,
    /// The number in `alert.signature_id`.
    pub signature_id: u32,
    /// One line.
    pub title: Text,
    /// How urgent.
    pub severity: Severity,
    /// What kind.
    pub category: Category,
    /// First packet of the first flow behind it.
    pub first_seen: Timestamp,
    /// Last packet of the last flow behind it.
    pub last_seen: Timestamp,
    /// Flows behind it; of the sensor's own, how often it happened.
    pub count: u64,
    /// Packets of those flows, both directions.
    pub packets: u64,
    /// IP octets of those flows, both directions.
    pub octets: u64,
    /// The first flow behind it; none where the alert is about the sensor itself.
    pub flow: Option<FlowRecord>,
    /// Clause of the written policy that is touched; empty where none is named.
    pub clause: Arc<str>,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<Arc<str>>,
    /// The reason.
    pub explanation: Explanation,
}

impl Alert {
    /// The address that the alert is about: the originator's; none where it is the sensor.
    #[must_use]
    pub fn subject(&self) -> Option<std::net::IpAddr> {
        self.flow.as_ref().map(|flow| flow.orig.address)
    }
}
