//! Looking back: indicators of today held against the days that are kept.
//!
//! [`Hunt`] says what to look for and which indicator each value that was found belongs to; the
//! [`Hit`]s become alerts by `Hunt::alerts`. An indicator that had expired when a value was first
//! seen on a day is none for that day.

mod alert;
mod hit;
mod meaning;
mod port;

#[cfg(test)]
mod tests;

pub use alert::{MAX_ALERTS, Raised};
pub use hit::{Hit, PreviewDay, Unchecked, preview};

use std::net::IpAddr;

use foldhash::HashMap;
use sekisho_model::indicator::{Indicator, Scope, Value};

use crate::{DailyKind, DailyRow, Wanted};
use meaning::Meaning;

/// Indicators that are looked back for.
#[derive(Debug, Default)]
pub struct Hunt {
    indicators: Vec<Indicator>,
    wanted: Wanted,
    meaning: Meaning,
}

impl Hunt {
    /// Prepares a hunt for these.
    #[must_use]
    pub fn new(indicators: Vec<Indicator>) -> Self {
        let mut hunt = Self::default();
        for (index, indicator) in indicators.iter().enumerate() {
            hunt.want(&indicator.value);
            hunt.meaning.add(&indicator.value, index);
        }
        hunt.indicators = indicators;
        hunt
    }

    /// What to look for in the daily sets.
    #[must_use]
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The indicators, in the order in which they were given.
    #[must_use]
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// Which indicators were found, the one seen last first.
    #[must_use]
    pub fn hits(&self, rows: &[DailyRow]) -> Vec<Hit> {
        let mut hits: HashMap<usize, Hit> = HashMap::default();
        for row in rows {
            for index in self.meaning.of(row.kind, &row.value) {
                let Some(indicator) = self.indicators.get(index) else {
                    continue;
                };
                if !indicator.holds_at(row.sum.first) {
                    continue;
                }
                let hit = hits.entry(index).or_insert_with(|| Hit {
                    indicator: index,
                    rows: Vec::new(),
                    unchecked: unchecked(&indicator.value),
                });
                hit.rows.push(row.clone());
            }
        }
        let mut hits: Vec<_> = hits.into_values().collect();
        hits.sort_by_key(|hit| (std::cmp::Reverse(hit.last()), hit.indicator));
        hits
    }

    fn want(&mut self, value: &Value) {
        let wanted = &mut self.wanted;
        match value {
            Value::Address { network, .. } => wanted.addresses(network.network(), network.broadcast()),
            Value::Domain(domain) => {
                if domain.scope != Scope::Below {
                    wanted.value(DailyKind::Name, &domain.name);
                }
                if domain.scope != Scope::Exact {
                    wanted.below(&domain.name);
                }
            }
            Value::Url(url) => match url.host.parse::<IpAddr>() {
                Ok(address) => wanted.addresses(address, address),
                Err(_) => wanted.value(DailyKind::Name, &url.host),
            },
            Value::Ja3(_) => wanted.value(DailyKind::Ja3, &value.to_string()),
            Value::Ja4(_) => wanted.value(DailyKind::Ja4, &value.to_string()),
            Value::CertificateSha1(_) => wanted.value(DailyKind::CertificateSha1, &value.to_string()),
            Value::CertificateSha256(_) => wanted.value(DailyKind::CertificateSha256, &value.to_string()),
            Value::UserAgent(text) => wanted.value(DailyKind::UserAgent, text),
        }
    }
}

/// What of an indicator a daily set does not tell.
fn unchecked(value: &Value) -> Option<Unchecked> {
    match value {
        Value::Address { port: Some(_), .. } => Some(Unchecked::Port),
        Value::Url(url) if url.port.is_some() || !url.is_whole_host() => Some(Unchecked::Path),
        _ => None,
    }
}
