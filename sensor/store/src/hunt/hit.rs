//! An indicator that was found, and how often that would have been told on each day.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho_model::Timestamp;

use crate::{DailyKind, DailyRow, DailySum};

/// Values of a hit that its filter names.
const MAX_FILTERED: usize = 20;

/// What of an indicator the daily sets do not tell: its host was seen, and no more is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchecked {
    /// The port of an address.
    Port,
    /// The path, and the port, of a URL.
    Path,
}

impl Unchecked {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Path => "path",
        }
    }
}

/// An indicator that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its number among those that were looked for.
    pub indicator: usize,
    /// What was seen, a row for each day and value, the newest day first; at least one.
    pub rows: Vec<DailyRow>,
    /// What of it was not compared.
    pub unchecked: Option<Unchecked>,
}

impl Hit {
    /// When it was seen last.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.rows.iter().map(|row| row.sum.last).max()
    }

    /// All days together. Of who talked to it, the addresses that some day names are counted; where a day
    /// has more than it names, the number is at least that of that day.
    #[must_use]
    pub fn sum(&self) -> Option<DailySum> {
        DailySum::together(self.rows.iter().map(|row| &row.sum))
    }

    /// The days on which it was seen, the newest first, each with its sum.
    #[must_use]
    pub fn days(&self) -> Vec<(i64, DailySum)> {
        let mut days: BTreeMap<i64, Vec<&DailySum>> = BTreeMap::new();
        for row in &self.rows {
            days.entry(row.day).or_default().push(&row.sum);
        }
        let sums = days.into_iter().rev();
        sums.filter_map(|(day, sums)| Some((day, DailySum::together(sums.into_iter())?)))
            .collect()
    }

    /// Filter expression for the flows behind it, of at most so many values that a filter can hold; none
    /// where flows do not tell.
    #[must_use]
    pub fn flows_filter(&self) -> Option<String> {
        let kind = self.rows.first()?.kind;
        let field = match kind {
            DailyKind::Address => "address",
            DailyKind::Name => "server_name",
            DailyKind::Ja3 => "ja3",
            DailyKind::Ja4 => "ja4",
            DailyKind::CertificateSha256 => "certificate_sha256",
            DailyKind::UserAgent => "client_software",
            DailyKind::CertificateSha1 => return None,
        };
        let of_kind = self.rows.iter().filter(|row| row.kind == kind);
        let values: BTreeSet<_> = of_kind.map(|row| row.value.as_str()).collect();
        let conditions: Vec<_> = values
            .into_iter()
            .take(MAX_FILTERED)
            .map(|value| match kind {
                DailyKind::Address => format!("{field} == {value}"),
                _ => format!("{field} == {}", quoted(value)),
            })
            .collect();
        Some(conditions.join(" or "))
    }

    /// The values that were seen.
    #[must_use]
    pub fn values(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|row| row.value.as_str()).collect()
    }
}

/// A word as a filter expression writes it.
pub(super) fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

/// How often something would have been told on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewDay {
    /// Days since the epoch, by UTC.
    pub day: i64,
    /// Alerts: pairs of an indicator and an address that talked to it.
    pub alerts: u64,
    /// Indicators that were seen.
    pub indicators: u64,
    /// Flow records.
    pub flows: u64,
}

/// How often hits would have been told on each day, the newest first.
#[must_use]
pub fn preview(hits: &[Hit]) -> Vec<PreviewDay> {
    let mut days: BTreeMap<i64, PreviewDay> = BTreeMap::new();
    for (day, sum) in hits.iter().flat_map(Hit::days) {
        let known = days.entry(day).or_insert(PreviewDay {
            day,
            alerts: 0,
            indicators: 0,
            flows: 0,
        });
        known.alerts = known.alerts.saturating_add(sum.who_count);
        known.indicators = known.indicators.saturating_add(1);
        known.flows = known.flows.saturating_add(sum.flows);
    }
    days.into_values().rev().collect()
}

impl DailySum {
    /// Several sums as one. Of who talked to something, those that some sum names are counted; where one
    /// has more than it names, the number is at least that of that one.
    #[must_use]
    pub fn together<'a>(sums: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut who: BTreeSet<IpAddr> = BTreeSet::new();
        let mut sum: Option<Self> = None;
        for one in sums {
            who.extend(&one.who);
            let Some(sum) = &mut sum else {
                sum = Some(one.clone());
                continue;
            };
            sum.first = sum.first.min(one.first);
            sum.last = sum.last.max(one.last);
            for (ours, theirs) in [
                (&mut sum.flows, one.flows),
                (&mut sum.began, one.began),
                (&mut sum.answered, one.answered),
                (&mut sum.mentions, one.mentions),
                (&mut sum.octets_to, one.octets_to),
                (&mut sum.octets_from, one.octets_from),
            ] {
                *ours = ours.saturating_add(theirs);
            }
            sum.who_is_estimate |= one.who_is_estimate;
            sum.who_count = sum.who_count.max(one.who_count);
        }
        let mut sum = sum?;
        sum.who_count = sum.who_count.max(u64::try_from(who.len()).unwrap_or(u64::MAX));
        sum.who = who.into_iter().collect();
        Some(sum)
    }
}
