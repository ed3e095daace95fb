//! Hits become alerts: one for each indicator and host of ours.
//!
//! A fold closes at the end of input, a day of packet time after it began, or when there are more than
//! [`INDICATOR_ALERTS`](limits::INDICATOR_ALERTS): then the one that began first. Its alert is told then,
//! so that it says how many hosts met the indicator and how much was moved; who watches a run that goes on
//! is told before by [`Watch::news`], as often as there is more to say.
//!
//! An indicator that half of the network meets is a bad one (a shared address, a public resolver): it is
//! told once as `TI-PREVALENT`, and its alerts are marked and informational.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use sekisho_model::indicator::{Hit, Indicator, OTHERS};
use sekisho_model::{Alert, FlowRecord, Timestamp, Told, limits};

use super::inside::{Hosts, host_of};
use super::judge::{self, Circumstances};
use super::matcher::{End, Sighting};
use super::{Id, Indicators, List, words};

/// How long a fold stays open.
const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Numbers of values that are kept at hand.
const AT_HAND: usize = 65_536;

/// A value by its number, and a host.
type Key = (u64, IpAddr);

/// The open folds.
#[derive(Debug)]
pub struct Watch {
    limit: usize,
    open: HashMap<Key, Fold, FixedState>,
    by_age: BTreeSet<(Timestamp, Key)>,
    spread: HashMap<u64, Spread, FixedState>,
    hosts: Hosts,
    /// The lists in force, of which numbers are at hand.
    indicators: Arc<Indicators>,
    numbers: HashMap<Id, u64, FixedState>,
    closed_early: u64,
}

/// What is known of one indicator and one host.
#[derive(Debug)]
struct Fold {
    indicator: Indicator,
    list: Option<List>,
    /// The flow that began first, and what was met in it.
    flow: Box<FlowRecord>,
    sighting: Sighting,
    is_inward: bool,
    is_answered: bool,
    is_host_only: bool,
    last_seen: Timestamp,
    flows: u64,
    packets: u64,
    sent: u64,
    received: u64,
    /// Whether anything was added since it was last told.
    is_news: bool,
    /// The id under which it was told.
    told: Option<u64>,
}

/// Who met one indicator.
#[derive(Debug, Default)]
struct Spread {
    /// Hosts whose folds are open.
    open: BTreeSet<IpAddr>,
    /// Most that were open together.
    most: usize,
    /// Some of the hosts.
    some: Vec<IpAddr>,
    /// Whether it was told that too many met it.
    is_told: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self::with_limit(usize::try_from(limits::INDICATOR_ALERTS.default).unwrap_or(usize::MAX))
    }
}

impl Watch {
    fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            open: HashMap::default(),
            by_age: BTreeSet::new(),
            spread: HashMap::default(),
            hosts: Hosts::default(),
            indicators: Indicators::none(),
            numbers: HashMap::default(),
            closed_early: 0,
        }
    }

    /// From now on sightings are of these lists. What is folded goes on where the values are the same.
    pub fn follow(&mut self, indicators: &Arc<Indicators>) {
        self.indicators = Arc::clone(indicators);
        self.numbers.clear();
    }

    /// Folds closed because there were too many.
    #[must_use]
    pub const fn closed_early(&self) -> u64 {
        self.closed_early
    }

    /// Notes the hosts of a record: every record, so that it is known how many hosts there are.
    pub fn see(&mut self, record: &FlowRecord) {
        self.hosts.see(record);
    }

    /// Takes into account what a record met, by the lists in force.
    pub fn observe(&mut self, record: &FlowRecord, sightings: Vec<Sighting>, out: &mut Vec<Told>) {
        for sighting in sightings {
            let key = (self.number(sighting.id), host_of(record, sighting.end));
            self.put(key, record, sighting, out);
        }
    }

    fn number(&mut self, id: Id) -> u64 {
        if self.numbers.len() >= AT_HAND {
            self.numbers.clear();
        }
        let indicators = &self.indicators;
        *self
            .numbers
            .entry(id)
            .or_insert_with(|| indicators.value_number(id))
    }

    fn put(&mut self, key: Key, record: &FlowRecord, sighting: Sighting, out: &mut Vec<Told>) {
        if let Some(fold) = self.open.get_mut(&key) {
            let began = fold.flow.start;
            if record.start.since(began) <= WINDOW {
                fold.add(record, sighting, key.1);
                if fold.flow.start != began {
                    let now_began = fold.flow.start;
                    self.by_age.remove(&(began, key));
                    self.by_age.insert((now_began, key));
                }
                return;
            }
            self.close((began, key), out);
        }
        if self.open.len() >= self.limit
            && let Some(oldest) = self.by_age.first().copied()
        {
            self.closed_early = self.closed_early.saturating_add(1);
            self.close(oldest, out);
        }
        let Some(indicator) = self.indicators.indicator(sighting.id) else {
            return;
        };
        let list = self.indicators.list_of(sighting.id).cloned();
        let spread = self.spread.entry(key.0).or_default();
        spread.open.insert(key.1);
        spread.most = spread.most.max(spread.open.len());
        if spread.some.len() <= OTHERS && !spread.some.contains(&key.1) {
            spread.some.push(key.1);
        }
        self.by_age.insert((record.start, key));
        self.open
            .insert(key, Fold::of(indicator, list, record, sighting, key.1));
    }

    /// Closes the folds that began more than a day before `now`.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<Told>) {
        while let Some(oldest) = self.by_age.first().copied()
            && now.since(oldest.0) > WINDOW
        {
            self.close(oldest, out);
        }
    }

    /// Closes every fold, the one that began first first.
    pub fn drain(&mut self, out: &mut Vec<Told>) {
        while let Some(oldest) = self.by_age.first().copied() {
            self.close(oldest, out);
        }
    }

    /// Tells of the open folds that were added to since they were last told, the one that began first
    /// first.
    pub fn news(&mut self, out: &mut Vec<Told>) {
        let is_news = |key: &Key| self.open.get(key).is_some_and(|fold| fold.is_news);
        let keys = self.by_age.iter().map(|(_, key)| *key);
        let grown: Vec<_> = keys.filter(is_news).collect();
        for key in grown {
            self.tell(key, out);
        }
    }

    fn close(&mut self, place: (Timestamp, Key), out: &mut Vec<Told>) {
        let (_, key) = place;
        let (number, host) = key;
        // Told again whether or not it grew: other hosts may have met the indicator since.
        self.tell(key, out);
        self.by_age.remove(&place);
        self.open.remove(&key);
        if let Some(spread) = self.spread.get_mut(&number) {
            spread.open.remove(&host);
            if spread.open.is_empty() {
                self.spread.remove(&number);
            }
        }
    }

    /// Tells what is known of a fold, and before it that too many hosts met its indicator.
    fn tell(&mut self, key: Key, out: &mut Vec<Told>) {
        let (number, host) = key;
        let (Some(fold), Some(spread)) = (self.open.get_mut(&key), self.spread.get_mut(&number)) else {
            return;
        };
        let is_prevalent = judge::is_prevalent(spread.most, self.hosts.count());
        let others: Vec<_> = spread
            .some
            .iter()
            .copied()
            .filter(|other| *other != host)
            .take(OTHERS)
            .collect();
        let hosts = u64::try_from(spread.most).unwrap_or(u64::MAX);
        if is_prevalent && !std::mem::replace(&mut spread.is_told, true) {
            let seen = u64::try_from(self.hosts.count()).unwrap_or(u64::MAX);
            let some = spread.some.iter().copied().take(OTHERS).collect();
            let hit = fold.hit(None, hosts, some, true);
            out.push(Told {
                alert: words::prevalent(hit, &fold.flow, fold.last_seen, (number, seen)),
                is_told: false,
                is_news: true,
            });
        }
        let mut alert = fold.alert(host, hosts, others, (number, is_prevalent));
        // What was told under a number keeps it, though an earlier flow came to light.
        alert.id = fold.told.unwrap_or(alert.id);
        let is_told = fold.told.replace(alert.id).is_some();
        fold.is_news = false;
        out.push(Told {
            alert,
            is_told,
            is_news: true,
        });
    }
}

impl Fold {
    fn of(
        indicator: Indicator,
        list: Option<List>,
        record: &FlowRecord,
        sighting: Sighting,
        host: IpAddr,
    ) -> Self {
        let mut fold = Self {
            indicator,
            list,
            is_inward: sighting.end == End::Orig,
            is_answered: false,
            is_host_only: true,
            last_seen: record.end,
            // A further record of a flow stands for a flow where the first fell into another fold.
            flows: u64::from(record.part != 0),
            packets: 0,
            sent: 0,
            received: 0,
            flow: Box::new(record.clone()),
            sighting: sighting.clone(),
            is_news: true,
            told: None,
        };
        fold.add(record, sighting, host);
        fold
    }

    fn add(&mut self, record: &FlowRecord, sighting: Sighting, host: IpAddr) {
        self.flows = self.flows.saturating_add(u64::from(record.part == 0));
        self.packets = self.packets.saturating_add(record.packets());
        let (there, back) = (record.to_resp.octets, record.to_orig.octets);
        let (sent, received) = if host == record.orig.address {
            (there, back)
        } else {
            (back, there)
        };
        self.sent = self.sent.saturating_add(sent);
        self.received = self.received.saturating_add(received);
        self.is_answered |= sighting.is_answered.unwrap_or_else(|| judge::is_answered(record));
        self.is_host_only &= sighting.is_host_only;
        // A host that calls as well as it is called is one that calls.
        self.is_inward &= sighting.end == End::Orig;
        self.last_seen = self.last_seen.max(record.end);
        self.is_news = true;
        if record.start < self.flow.start {
            *self.flow = record.clone();
            self.sighting = sighting;
        }
    }

    fn hit(&self, host: Option<IpAddr>, hosts: u64, others: Vec<IpAddr>, is_prevalent: bool) -> Hit {
        Hit {
            indicator: self.indicator.clone(),
            host,
            field: self.sighting.field.into(),
            seen: self.sighting.seen.clone(),
            is_host_only: self.is_host_only,
            is_answered: self.is_answered,
            octets_sent: self.sent,
            octets_received: self.received,
            hosts,
            others,
            is_prevalent,
            is_lookback: false,
        }
    }

    fn alert(
        &self,
        host: IpAddr,
        hosts: u64,
        others: Vec<IpAddr>,
        (number, is_prevalent): (u64, bool),
    ) -> Alert {
        let circumstances = Circumstances {
            is_answered: self.is_answered,
            is_inward: self.is_inward,
            is_host_only: self.is_host_only,
            is_prevalent,
        };
        let told = words::Told {
            severity: judge::severity(&self.indicator, self.list.as_ref(), circumstances),
            category: self.list.as_ref().map(|list| list.category),
            is_inward: self.is_inward,
            number,
            last_seen: self.last_seen,
            flows: self.flows,
            packets: self.packets,
            hit: self.hit(Some(host), hosts, others, is_prevalent),
        };
        words::alert(told, (*self.flow).clone())
    }
}

#[cfg(test)]
mod tests;
