//! Running totals over the records: the zone matrix and the addresses that move most.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;
use sekisho_model::summary::{AlertTotals, MatrixCell, Talker, Volume};
use sekisho_model::{Alert, FlowRecord, Verdict, limits};

/// Addresses in a summary's list.
const TALKERS_SHOWN: usize = 10;

/// Totals of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    matrix: BTreeMap<(Arc<str>, Arc<str>), [Volume; 3]>,
    talkers: HashMap<IpAddr, (Arc<str>, Volume)>,
    unranked: u64,
    alerts: AlertTotals,
}

impl Tally {
    pub(crate) fn record(&mut self, record: &FlowRecord) {
        let volume = Volume {
            // A further record of a flow is the same flow.
            flows: u64::from(record.part == 0),
            packets: record.packets(),
            octets: record.octets(),
        };
        let zones = (Arc::clone(&record.orig_zone), Arc::clone(&record.resp_zone));
        let [allowed, denied, unknown] = self.matrix.entry(zones).or_default();
        match record.verdict {
            Verdict::Allowed => allowed.add(volume),
            Verdict::Denied => denied.add(volume),
            Verdict::Unknown => unknown.add(volume),
        }
        self.talker(record.orig.address, &record.orig_zone, volume);
        self.talker(record.resp.address, &record.resp_zone, volume);
    }

    pub(crate) fn alert(&mut self, alert: &Alert) {
        let totals = &mut self.alerts;
        totals.total = totals.total.saturating_add(1);
        for (map, key) in [
            (&mut totals.by_severity, alert.severity.number().to_string()),
            (&mut totals.by_rule, alert.rule.to_string()),
        ] {
            let number = map.entry(key).or_default();
            *number = number.saturating_add(1);
        }
    }

    pub(crate) fn alerts(&self) -> AlertTotals {
        self.alerts.clone()
    }

    /// Addresses that were not ranked because there were too many.
    pub(crate) const fn unranked(&self) -> u64 {
        self.unranked
    }

    pub(crate) fn matrix(&self) -> Vec<MatrixCell> {
        self.matrix
            .iter()
            .map(|((orig, resp), [allowed, denied, unknown])| MatrixCell {
                orig_zone: orig.to_string(),
                resp_zone: resp.to_string(),
                allowed: *allowed,
                denied: *denied,
                unknown: *unknown,
            })
            .collect()
    }

    /// The addresses that moved most octets, most first.
    pub(crate) fn top_talkers(&self) -> Vec<Talker> {
        let mut all: Vec<_> = self.talkers.iter().collect();
        all.sort_by_key(|(address, (_, volume))| (std::cmp::Reverse(volume.octets), **address));
        all.into_iter()
            .take(TALKERS_SHOWN)
            .map(|(address, (zone, volume))| Talker {
                address: address.to_string(),
                zone: zone.to_string(),
                volume: *volume,
            })
            .collect()
    }

    fn talker(&mut self, address: IpAddr, zone: &Arc<str>, volume: Volume) {
        let limit = usize::try_from(limits::TALKERS.default).unwrap_or(usize::MAX);
        if let Some((_, sum)) = self.talkers.get_mut(&address) {
            sum.add(volume);
        } else if self.talkers.len() < limit {
            self.talkers.insert(address, (Arc::clone(zone), volume));
        } else {
            self.unranked = self.unranked.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_flow_are_one_flow_and_all_of_its_volume() {
        let mut tally = Tally::default();
        let record = FlowRecord {
            verdict: Verdict::Denied,
            ..FlowRecord::example()
        };
        tally.record(&record);
        tally.record(&FlowRecord { part: 1, ..record });

        let [cell] = &tally.matrix()[..] else {
            panic!("one pair of zones")
        };
        assert_eq!(
            cell.denied,
            Volume {
                flows: 1,
                packets: 2,
                octets: 120
            }
        );
        assert_eq!(cell.allowed, Volume::default());
        let talkers = tally.top_talkers();
        assert_eq!(talkers.len(), 2);
        assert_eq!(talkers[0].volume.octets, 120);
    }
}
