//! Running totals over the records: the zone matrix and the addresses that move most.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;
use sekisho_model::summary::{AlertTotals, MatrixCell, Talker, Volume};
use sekisho_model::{Alert, Severity, Verdict, limits};
use sekisho_policy::{Policy, ZoneId};

use crate::work::Judged;

/// Addresses in a summary's list.
const TALKERS_SHOWN: usize = 10;

/// Totals of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    matrix: HashMap<(ZoneId, ZoneId), [Volume; 3]>,
    /// What was counted under earlier policies, whose numbers of zones were others.
    earlier: BTreeMap<(Arc<str>, Arc<str>), [Volume; 3]>,
    talkers: HashMap<IpAddr, (ZoneId, Volume)>,
    unranked: u64,
    alerts: AlertTotals,
}

impl Tally {
    pub(crate) fn record(&mut self, judged: &Judged) {
        let brief = &judged.brief;
        let volume = Volume {
            // A further record of a flow is the same flow.
            flows: u64::from(brief.part == 0),
            packets: brief.packets,
            octets: brief.octets,
        };
        let [allowed, denied, unknown] = self.matrix.entry(judged.zones).or_default();
        match judged.verdict {
            Verdict::Allowed => allowed.add(volume),
            Verdict::Denied => denied.add(volume),
            Verdict::Unknown => unknown.add(volume),
        }
        let (orig_zone, resp_zone) = judged.zones;
        self.talker(brief.orig, orig_zone, volume);
        self.talker(brief.resp, resp_zone, volume);
    }

    /// From now on zones are numbered by another policy than `before`.
    pub(crate) fn renumber(&mut self, before: &Policy, after: &Policy) {
        self.earlier = self.by_name(before);
        self.matrix.clear();
        for (address, (zone, _)) in &mut self.talkers {
            *zone = after.zone_of(*address, None);
        }
    }

    fn by_name(&self, policy: &Policy) -> BTreeMap<(Arc<str>, Arc<str>), [Volume; 3]> {
        let mut sums = self.earlier.clone();
        for ((orig, resp), cell) in &self.matrix {
            let names = (
                Arc::clone(policy.zone_name(*orig)),
                Arc::clone(policy.zone_name(*resp)),
            );
            for (sum, volume) in sums.entry(names).or_default().iter_mut().zip(cell) {
                sum.add(*volume);
            }
        }
        sums
    }

    pub(crate) fn alert(&mut self, alert: &Alert) {
        let totals = &mut self.alerts;
        totals.total = totals.total.saturating_add(1);
        count(&mut totals.by_severity, digit(alert.severity));
        count(&mut totals.by_rule, &alert.rule);
    }

    pub(crate) fn alerts(&self) -> AlertTotals {
        self.alerts.clone()
    }

    /// Addresses that were not ranked because there were too many.
    pub(crate) const fn unranked(&self) -> u64 {
        self.unranked
    }

    pub(crate) fn matrix(&self, policy: &Policy) -> Vec<MatrixCell> {
        self.by_name(policy)
            .into_iter()
            .map(|((orig, resp), [allowed, denied, unknown])| MatrixCell {
                orig_zone: orig.to_string(),
                resp_zone: resp.to_string(),
                allowed,
                denied,
                unknown,
            })
            .collect()
    }

    /// The addresses that moved most octets, most first.
    pub(crate) fn top_talkers(&self, policy: &Policy) -> Vec<Talker> {
        let mut all: Vec<_> = self.talkers.iter().collect();
        all.sort_by_key(|(address, (_, volume))| (std::cmp::Reverse(volume.octets), **address));
        all.into_iter()
            .take(TALKERS_SHOWN)
            .map(|(address, (zone, volume))| Talker {
                address: address.to_string(),
                zone: policy.zone_name(*zone).to_string(),
                volume: *volume,
            })
            .collect()
    }

    fn talker(&mut self, address: IpAddr, zone: ZoneId, volume: Volume) {
        let limit = usize::try_from(limits::TALKERS.default).unwrap_or(usize::MAX);
        if let Some((last, sum)) = self.talkers.get_mut(&address) {
            *last = zone;
            sum.add(volume);
        } else if self.talkers.len() < limit {
            self.talkers.insert(address, (zone, volume));
        } else {
            self.unranked = self.unranked.saturating_add(1);
        }
    }
}

/// Counts one more under a key, which is nearly always there.
fn count(numbers: &mut BTreeMap<String, u64>, key: &str) {
    if let Some(number) = numbers.get_mut(key) {
        *number = number.saturating_add(1);
    } else {
        numbers.insert(key.to_owned(), 1);
    }
}

/// The number of a severity as text.
const fn digit(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "1",
        Severity::Medium => "2",
        Severity::Low => "3",
        Severity::Informational => "4",
    }
}

#[cfg(test)]
mod tests {
    use sekisho_flow::Brief;
    use sekisho_model::FlowRecord;

    use super::*;

    #[test]
    fn severities_go_by_their_numbers() {
        for severity in Severity::ALL {
            assert_eq!(digit(severity), severity.number().to_string());
        }
    }

    #[test]
    fn parts_of_a_flow_are_one_flow_and_all_of_its_volume() {
        let mut tally = Tally::default();
        for part in 0..2 {
            tally.record(&Judged {
                brief: Brief {
                    part,
                    ..Brief::of(&FlowRecord::example())
                },
                zones: (ZoneId::UNKNOWN, ZoneId::LINK),
                verdict: Verdict::Denied,
                leg: None,
                rules: Vec::new(),
                sightings: Vec::new(),
                is_kept: true,
                record: None,
            });
        }

        let policy = Policy::none();
        let [cell] = &tally.matrix(&policy)[..] else {
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
        let talkers = tally.top_talkers(&policy);
        assert_eq!(talkers.len(), 2);
        assert_eq!(talkers[0].volume.octets, 120);
    }
}
