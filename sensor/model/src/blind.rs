//! The capture-health ledger: intervals in which the sensor did not see, or saw in part.
//!
//! Whoever says of a time that there was no communication looks here first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Text, Timestamp, stable_id};

macro_rules! kinds {
    ($($variant:ident $name:literal $ja:literal $en:literal $doc:literal;)*) => {
        /// Why the sensor did not see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum BlindKind {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl BlindKind {
            /// Every kind.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word in every output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What a person reads: Japanese and English.
            #[must_use]
            pub const fn label(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => ($ja, $en),)*
                }
            }
        }
    };
}

// variant, word, Japanese, English, meaning
kinds! {
    Loss "loss" "受け取りきれなかった" "Frames lost"
        "Frames came to the port and found no room; they are counted one by one.";
    Gaps "gaps" "センサーに届く前に失われた" "Lost before the sensor"
        "TCP data was acknowledged and never seen: what was lost before it came to the port, estimated.";
    Silence "silence" "無通信" "Silence"
        "No frame came where many came before.";
    OneSided "one_sided" "片方向のみ" "One direction only"
        "Of TCP connections one direction was seen only.";
    Clock "clock" "時計の飛び" "Clock step"
        "Packet time was set back or forward, so that the times of this interval are not to be trusted.";
    Stopped "stopped" "停止" "Stopped"
        "The sensor did not run.";
    PortDown "port_down" "ポートの停止" "Port down"
        "The capture port was down, without a carrier or gone.";
}

impl BlindKind {
    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Numbers behind an interval, by name. Which there are depends on the kind:
///
/// | kind | names |
/// | --- | --- |
/// | `loss` | `lost` and `read`: frames |
/// | `gaps` | `gaps`, `missed_octets`, `seen_octets`, of the sample that was looked at |
/// | `silence` | `usual_ms`: the longest silence before |
/// | `one_sided` | `connections` that were judged, `one_sided` of them |
/// | `clock` | `step_ms`: how far time was set, negative for back |
pub type Figures = BTreeMap<String, i64>;

/// One interval of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindInterval {
    /// Number of the interval, the same on every run; an interval that grows keeps it.
    pub id: u64,
    /// Why.
    pub kind: BlindKind,
    /// The port that it is about; empty where it is about the whole input.
    pub input: String,
    /// Begin, in packet time.
    pub from: Timestamp,
    /// End, so far.
    pub to: Timestamp,
    /// Whether it still goes on.
    #[serde(default)]
    pub open: bool,
    /// Numbers behind it.
    pub figures: Figures,
}

impl BlindInterval {
    /// An interval that begins and ends with these moments.
    #[must_use]
    pub fn new(kind: BlindKind, input: &str, from: Timestamp, to: Timestamp) -> Self {
        Self {
            id: id_of(kind, input, from),
            kind,
            input: input.to_owned(),
            from,
            to,
            open: false,
            figures: Figures::new(),
        }
    }

    /// The same with a number behind it.
    #[must_use]
    pub fn with(mut self, name: &str, number: i64) -> Self {
        self.figures.insert(name.to_owned(), number);
        self
    }
}

fn id_of(kind: BlindKind, input: &str, from: Timestamp) -> u64 {
    let words = kind.name().bytes().chain([0]).chain(input.bytes());
    let sum = words.fold(0xcbf2_9ce4_8422_2325, |sum: u64, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    stable_id(sum, from.nanos().cast_unsigned())
}

/// How long a run was blind for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct BlindTotals {
    /// Intervals.
    pub intervals: u64,
    /// Seconds of all of them.
    pub seconds: f64,
}

/// Something that is wrong with the mirror or the port, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorFinding {
    /// Stable name, as `duplicates`.
    pub id: String,
    /// One line.
    pub title: Text,
    /// What was seen, with figures.
    pub observed: Text,
    /// Why it matters.
    pub matters: Text,
    /// What to change on the switch or the network card.
    pub change: Text,
    /// Commands that do it, where there are any.
    pub commands: Vec<String>,
}

/// What a look at the mirror found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MirrorReport {
    /// First packet that was looked at.
    pub from: Timestamp,
    /// Last packet that was looked at.
    pub to: Timestamp,
    /// Packets that were looked at.
    pub packets: u64,
    /// What was found; nothing where the mirror is well.
    pub findings: Vec<MirrorFinding>,
}

/// How well a run could see.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CaptureHealth {
    /// Intervals of the ledger by kind; kinds without one are absent.
    pub blind: BTreeMap<String, BlindTotals>,
    /// The newest look at the mirror that had enough packets; absent where none had.
    #[serde(default)]
    pub mirror: Option<MirrorReport>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_by_their_words_in_every_output() {
        for kind in BlindKind::ALL {
            assert_eq!(BlindKind::parse(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(BlindKind::parse("deaf"), None);
    }

    #[test]
    fn an_interval_that_grows_is_the_same_interval() {
        let at = |second| Timestamp::from_seconds(second, 0);
        let short = BlindInterval::new(BlindKind::Loss, "eth1", at(1), at(2));
        let long = BlindInterval::new(BlindKind::Loss, "eth1", at(1), at(9));
        let other = BlindInterval::new(BlindKind::Loss, "eth2", at(1), at(2));

        assert_eq!(short.id, long.id);
        assert_ne!(short.id, other.id);
    }
}
