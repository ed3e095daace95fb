//! One row of a daily set: what happened with one value on one day.

use std::net::IpAddr;

use sekisho_model::Timestamp;

use super::DailyKind;
use super::who::Who;

/// What happened with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct Seen {
    /// Start of the first flow, or first time that it was spoken of.
    pub(super) first: Timestamp,
    /// End of the last flow, or last time that it was spoken of.
    pub(super) last: Timestamp,
    /// Flow records that began on the day.
    pub(super) flows: u64,
    /// Those that the value itself began; of addresses alone.
    pub(super) began: u64,
    /// Those in which the responder answered.
    pub(super) answered: u64,
    /// Messages that name it: questions of DNS, requests of HTTP, hellos of TLS.
    pub(super) mentions: u64,
    /// IP octets from those who talked to it.
    pub(super) octets_to: u64,
    /// IP octets back to them.
    pub(super) octets_from: u64,
    /// Who talked to it.
    pub(super) who: Who,
}

impl Seen {
    /// Of something that was not seen yet, at the time at which it is.
    pub(super) const fn at(first: Timestamp, last: Timestamp) -> Self {
        Self {
            first,
            last,
            flows: 0,
            began: 0,
            answered: 0,
            mentions: 0,
            octets_to: 0,
            octets_from: 0,
            who: Who::NOBODY,
        }
    }

    /// Adds what happened with the same value elsewhere.
    pub(super) fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (ours, theirs) in [
            (&mut self.flows, other.flows),
            (&mut self.began, other.began),
            (&mut self.answered, other.answered),
            (&mut self.mentions, other.mentions),
            (&mut self.octets_to, other.octets_to),
            (&mut self.octets_from, other.octets_from),
        ] {
            *ours = ours.saturating_add(theirs);
        }
        self.who.merge(&other.who);
    }
}

/// A value and what happened with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct Row {
    pub(super) kind: DailyKind,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) seen: Seen,
}

impl Row {
    /// What the rows of a file are sorted by.
    pub(super) fn order(&self) -> (DailyKind, &str) {
        (self.kind, &self.key)
    }
}

/// What was kept of a value on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyRow {
    /// Days since the epoch, by UTC.
    pub day: i64,
    /// What kind of value.
    pub kind: DailyKind,
    /// The value.
    pub value: String,
    /// What happened with it.
    pub sum: DailySum,
}

/// What happened with something on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailySum {
    /// Start of the first flow, or first time that it was spoken of.
    pub first: Timestamp,
    /// End of the last flow, or last time that it was spoken of.
    pub last: Timestamp,
    /// Flow records that began on the day.
    pub flows: u64,
    /// Those that the value itself began; of addresses alone.
    pub began: u64,
    /// Those in which the responder answered.
    pub answered: u64,
    /// Messages that name it: questions of DNS, requests of HTTP, hellos of TLS.
    pub mentions: u64,
    /// IP octets from those who talked to it.
    pub octets_to: u64,
    /// IP octets back to them.
    pub octets_from: u64,
    /// Who talked to it: the least [`crate::NAMED_PEERS`] of the addresses.
    pub who: Vec<IpAddr>,
    /// How many they are.
    pub who_count: u64,
    /// Whether that number is an estimate (standard error 6.5 %); exact where all are named.
    pub who_is_estimate: bool,
}

impl DailyRow {
    pub(super) fn of(day: i64, row: Row) -> Self {
        Self {
            day,
            kind: row.kind,
            value: row.value,
            sum: row.seen.into(),
        }
    }
}

impl From<Seen> for DailySum {
    fn from(seen: Seen) -> Self {
        Self {
            first: seen.first,
            last: seen.last,
            flows: seen.flows,
            began: seen.began,
            answered: seen.answered,
            mentions: seen.mentions,
            octets_to: seen.octets_to,
            octets_from: seen.octets_from,
            who: seen.who.named().to_vec(),
            who_count: seen.who.count(),
            who_is_estimate: seen.who.is_estimate(),
        }
    }
}
