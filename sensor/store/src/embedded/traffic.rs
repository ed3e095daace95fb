//! Traffic over time, between zones and by address, in one pass over seven columns.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use sekisho_filter::Matches;
use sekisho_model::summary::{MatrixCell, Talker, Volume};
use sekisho_model::{Timestamp, Verdict};

use super::read::Columns;
use super::scan::{field, matches};
use super::{Embedded, prune};
use crate::query::check_buckets;
use crate::{SeriesPoint, Store, StoreError, Traffic, TrafficQuery};

/// Talkers that are named.
const TALKERS: usize = 10;

/// Addresses that are counted to find them; flows of further addresses are counted as missed.
const MAX_ADDRESSES: usize = 1 << 20;

/// Adds up what a query asks for.
pub(super) fn traffic(store: &Embedded, query: &TrafficQuery) -> Result<Traffic, StoreError> {
    check_buckets(query.buckets)?;
    let (since, until) = ends(store, query)?;
    let mut sum = Sum::new(since, until, query.buckets);
    let [start, verdict, orig_zone, resp_zone, orig, resp, packets, octets] = [
        field("start")?,
        field("verdict")?,
        field("orig_zone")?,
        field("resp_zone")?,
        field("orig_address")?,
        field("resp_address")?,
        field("packets")?,
        field("octets")?,
    ];
    let fields = [start, verdict, orig_zone, resp_zone, orig, resp, packets, octets];
    for group in store.groups(&query.range)? {
        let judged = prune::judge(&group, query.filter.as_ref());
        if judged == Matches::Never {
            continue;
        }
        let filter = query.filter.as_ref().filter(|_| judged == Matches::Mixed);
        let mut columns = Columns::load(&group, &[])?;
        let matches = matches(&mut columns, &group, &query.range, filter)?;
        if !matches.contains(&true) {
            continue;
        }
        columns.add(&group, &fields)?;
        let starts = columns.column(start);
        let verdicts = columns.column(verdict);
        let zones = [columns.column(orig_zone), columns.column(resp_zone)];
        let addresses = [columns.column(orig), columns.column(resp)];
        let volumes = [columns.column(packets), columns.column(octets)];
        // Newest first, so that an address is named with the zone that it was last in.
        let rows = matches.iter().enumerate().rev();
        for (row, _) in rows.filter(|(_, matches)| **matches) {
            let at = Timestamp::from_nanos(starts.integer(row).unwrap_or(i64::MIN));
            sum.add(&Flow {
                at,
                verdict: verdicts.word(row).and_then(Verdict::parse).unwrap_or_default(),
                zones: zones.map(|column| column.word(row).unwrap_or_default()),
                addresses: addresses.map(|column| column.address(row)),
                volume: Volume {
                    flows: 1,
                    packets: volumes[0].number(row),
                    octets: volumes[1].number(row),
                },
            });
        }
    }
    Ok(sum.finish())
}

/// The range asked for; where it is open, that of what is kept.
fn ends(store: &Embedded, query: &TrafficQuery) -> Result<(Timestamp, Timestamp), StoreError> {
    let span = match (query.range.since, query.range.until) {
        (Some(since), Some(until)) if since < until => return Ok((since, until)),
        (Some(_), Some(_)) => {
            return Err(StoreError::Query("since must be earlier than until".to_owned()));
        }
        _ => store.span()?,
    };
    let (first, last) = match span {
        // The last instant belongs to what is kept, the end of a range does not belong to it.
        Some((first, last)) => (first, Timestamp::from_nanos(last.nanos().saturating_add(1))),
        None => (Timestamp::default(), Timestamp::default()),
    };
    let since = query
        .range
        .since
        .unwrap_or(first.min(query.range.until.unwrap_or(first)));
    let until = query.range.until.unwrap_or(last.max(since));
    Ok((since, until))
}

struct Flow<'a> {
    at: Timestamp,
    verdict: Verdict,
    zones: [&'a str; 2],
    addresses: [Option<IpAddr>; 2],
    volume: Volume,
}

/// Volumes by verdict.
#[derive(Clone, Copy, Default)]
struct Verdicts {
    allowed: Volume,
    denied: Volume,
    unknown: Volume,
}

impl Verdicts {
    const fn add(&mut self, verdict: Verdict, volume: Volume) {
        match verdict {
            Verdict::Allowed => self.allowed.add(volume),
            Verdict::Denied => self.denied.add(volume),
            Verdict::Unknown => self.unknown.add(volume),
        }
    }
}

struct Sum {
    since: Timestamp,
    until: Timestamp,
    totals: Volume,
    steps: Vec<Verdicts>,
    /// Number of each zone's name, in the order of their coming.
    zones: HashMap<String, usize>,
    cells: BTreeMap<(usize, usize), Verdicts>,
    addresses: HashMap<IpAddr, (usize, Volume)>,
    missed: u64,
}

impl Sum {
    fn new(since: Timestamp, until: Timestamp, buckets: usize) -> Self {
        let buckets = if since < until { buckets } else { 0 };
        Self {
            since,
            until,
            totals: Volume::default(),
            steps: vec![Verdicts::default(); buckets],
            zones: HashMap::new(),
            cells: BTreeMap::new(),
            addresses: HashMap::new(),
            missed: 0,
        }
    }

    fn add(&mut self, flow: &Flow<'_>) {
        self.totals.add(flow.volume);
        if let Some(step) = self.step(flow.at).and_then(|step| self.steps.get_mut(step)) {
            step.add(flow.verdict, flow.volume);
        }
        let zones = flow.zones.map(|zone| self.zone(zone));
        let [orig, resp] = zones;
        self.cells
            .entry((orig, resp))
            .or_default()
            .add(flow.verdict, flow.volume);
        let [orig, resp] = flow.addresses;
        self.talker(orig, zones[0], flow.volume);
        if resp != orig {
            self.talker(resp, zones[1], flow.volume);
        }
    }

    fn step(&self, at: Timestamp) -> Option<usize> {
        let steps = i128::try_from(self.steps.len()).ok()?;
        let passed = nanos(self.since, at) * steps;
        usize::try_from(passed.checked_div(nanos(self.since, self.until))?).ok()
    }

    fn zone(&mut self, name: &str) -> usize {
        if let Some(number) = self.zones.get(name) {
            return *number;
        }
        let number = self.zones.len();
        self.zones.insert(name.to_owned(), number);
        number
    }

    fn talker(&mut self, address: Option<IpAddr>, zone: usize, volume: Volume) {
        let Some(address) = address else { return };
        let room = self.addresses.len() < MAX_ADDRESSES;
        match self.addresses.get_mut(&address) {
            Some((_, sum)) => sum.add(volume),
            None if room => drop(self.addresses.insert(address, (zone, volume))),
            None => self.missed = self.missed.saturating_add(1),
        }
    }

    fn finish(self) -> Traffic {
        let mut names = vec![""; self.zones.len()];
        for (name, number) in &self.zones {
            if let Some(slot) = names.get_mut(*number) {
                *slot = name;
            }
        }
        let name = |number: usize| names.get(number).copied().unwrap_or_default().to_owned();
        let mut zones: Vec<_> = self
            .cells
            .iter()
            .map(|((orig, resp), sum)| MatrixCell {
                orig_zone: name(*orig),
                resp_zone: name(*resp),
                allowed: sum.allowed,
                denied: sum.denied,
                unknown: sum.unknown,
            })
            .collect();
        zones.sort_by(|a, b| (&a.orig_zone, &a.resp_zone).cmp(&(&b.orig_zone, &b.resp_zone)));

        let mut talkers: Vec<_> = self.addresses.iter().collect();
        talkers.sort_by_key(|(address, (_, volume))| (Reverse(volume.octets), **address));
        let talkers = talkers.into_iter().take(TALKERS);
        Traffic {
            since: self.since,
            until: self.until,
            step_s: self.step_seconds(),
            totals: self.totals,
            series: self.series(),
            zones,
            talkers: talkers
                .map(|(address, (zone, volume))| Talker {
                    address: address.to_string(),
                    zone: name(*zone),
                    volume: *volume,
                })
                .collect(),
            talkers_missed: self.missed,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a step is shown, not added up")]
    fn step_seconds(&self) -> f64 {
        match self.steps.len() {
            0 => 0.0,
            steps => nanos(self.since, self.until) as f64 / 1e9 / steps as f64,
        }
    }

    fn series(&self) -> Vec<SeriesPoint> {
        let width = nanos(self.since, self.until);
        let count = i128::try_from(self.steps.len()).unwrap_or(i128::MAX);
        let points = (0_i128..).zip(&self.steps);
        points
            .map(|(index, step)| {
                // Rounded up, so that an instant at a point's time falls into that step.
                let begin = (width * index + count - 1) / count;
                let nanos = i128::from(self.since.nanos()) + begin;
                SeriesPoint {
                    at: Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)),
                    allowed: step.allowed,
                    denied: step.denied,
                    unknown: step.unknown,
                }
            })
            .collect()
    }
}

fn nanos(from: Timestamp, to: Timestamp) -> i128 {
    i128::from(to.nanos()) - i128::from(from.nanos())
}
