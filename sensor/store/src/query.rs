//! What is asked: ranges, filters, pages.

use std::net::IpAddr;

use sekisho_filter::Filter;
use sekisho_model::Timestamp;
use serde::Serialize;

use crate::StoreError;

/// Most rows of a page.
pub const MAX_LIMIT: usize = 500;

/// Most points of a series.
pub const MAX_BUCKETS: usize = 500;

/// `since <= instant < until`; open where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The first instant that belongs to it.
    pub since: Option<Timestamp>,
    /// The first instant after it.
    pub until: Option<Timestamp>,
}

impl TimeRange {
    /// Whether an instant lies in the range.
    #[must_use]
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= instant) && self.until.is_none_or(|until| instant < until)
    }

    /// Whether any instant from `first` to `last` lies in the range.
    pub(crate) fn meets(&self, first: Timestamp, last: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= last) && self.until.is_none_or(|until| first < until)
    }
}

/// Which flows, and how many of them.
#[derive(Debug, Clone)]
pub struct FlowQuery {
    /// When the flow started.
    pub range: TimeRange,
    /// What must be true of it.
    pub filter: Option<Filter>,
    /// Rows of the page, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

impl Default for FlowQuery {
    fn default() -> Self {
        Self {
            range: TimeRange::default(),
            filter: None,
            limit: 100,
            cursor: None,
        }
    }
}

/// Which flows to add up.
#[derive(Debug, Clone)]
pub struct TrafficQuery {
    /// When the flow started; open ends take the ends of what is kept.
    pub range: TimeRange,
    /// What must be true of it.
    pub filter: Option<Filter>,
    /// Points of the series, 1 to [`MAX_BUCKETS`].
    pub buckets: usize,
}

impl Default for TrafficQuery {
    fn default() -> Self {
        Self {
            range: TimeRange::default(),
            filter: None,
            buckets: 120,
        }
    }
}

/// Which alerts, and how many of them.
#[derive(Debug, Clone)]
pub struct AlertQuery {
    /// When it was last seen.
    pub range: TimeRange,
    /// Severities, 1 to 4; empty means all.
    pub severity: Vec<u8>,
    /// Text id of the rule.
    pub rule: Option<String>,
    /// Zone of the originator.
    pub orig_zone: Option<String>,
    /// Zone of the responder.
    pub resp_zone: Option<String>,
    /// Address of either end.
    pub address: Option<IpAddr>,
    /// Part of the title, the explanation or the clause, in either language and any case.
    pub text: Option<String>,
    /// What to do with alerts that an exception silences.
    pub suppressed: Suppressed,
    /// Only those that this exception silences.
    pub exception: Option<u64>,
    /// Whether it was found looking back.
    pub lookback: Option<bool>,
    /// Rows of the page, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

impl Default for AlertQuery {
    fn default() -> Self {
        Self {
            range: TimeRange::default(),
            severity: Vec::new(),
            rule: None,
            orig_zone: None,
            resp_zone: None,
            address: None,
            text: None,
            suppressed: Suppressed::Left,
            exception: None,
            lookback: None,
            limit: 100,
            cursor: None,
        }
    }
}

/// Whether alerts that an exception silences are among the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suppressed {
    /// They are left out.
    #[default]
    Left,
    /// They alone.
    Only,
    /// They too.
    Shown,
}

/// Some rows, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Cursor of the next page; absent on the last.
    pub next: Option<String>,
    /// Rows on all pages together, as counted for the first page.
    pub total: Option<u64>,
}

pub(crate) fn check_limit(limit: usize) -> Result<(), StoreError> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(StoreError::Query(format!(
        "limit is {limit}, it must be 1 to {MAX_LIMIT}"
    )))
}

pub(crate) fn check_buckets(buckets: usize) -> Result<(), StoreError> {
    if (1..=MAX_BUCKETS).contains(&buckets) {
        return Ok(());
    }
    Err(StoreError::Query(format!(
        "buckets is {buckets}, it must be 1 to {MAX_BUCKETS}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_first_instant_and_not_its_last() {
        let at = |seconds| Timestamp::from_seconds(seconds, 0);
        let range = TimeRange {
            since: Some(at(10)),
            until: Some(at(20)),
        };

        assert!(range.contains(at(10)) && !range.contains(at(20)));
        assert!(range.meets(at(0), at(10)) && range.meets(at(19), at(30)));
        assert!(!range.meets(at(0), at(9)) && !range.meets(at(20), at(30)));
        assert!(TimeRange::default().contains(Timestamp::MIN));
    }
}
