//! Folding: the same violation between the same two ends is one alert with a count.
//!
//! Folded by rule, originator, responder, protocol and responder's port. A fold closes at the end of
//! input, a day of packet time after it began (so that what goes on is said again each day), or
//! when there are more folds than [`sekisho_model::limits::ALERT_FOLDS`]: then the one opened
//! first.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Alert, Category, FlowRecord, Protocol, Timestamp, Verdict, limits, stable_id};
use sekisho_policy::Policy;

/// How long a fold stays open.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    rule: Arc<str>,
    orig: IpAddr,
    resp: IpAddr,
    protocol: Protocol,
    port: u16,
}

/// The open folds.
#[derive(Debug)]
pub(crate) struct Folds {
    limit: usize,
    open: HashMap<Key, Alert>,
    by_age: BTreeSet<(Timestamp, Key)>,
    closed_early: u64,
}

impl Folds {
    pub(crate) fn new() -> Self {
        Self::with_limit(usize::try_from(limits::ALERT_FOLDS.default).unwrap_or(usize::MAX))
    }

    fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            open: HashMap::new(),
            by_age: BTreeSet::new(),
            closed_early: 0,
        }
    }

    /// Folds closed because there were too many.
    pub(crate) const fn closed_early(&self) -> u64 {
        self.closed_early
    }

    /// Takes one record into account; alerts that this closes go to `closed`.
    pub(crate) fn observe(&mut self, policy: &Policy, record: &FlowRecord, closed: &mut Vec<Alert>) {
        if record.verdict != Verdict::Denied {
            return;
        }
        let key = Key {
            rule: Arc::clone(&record.rule),
            orig: record.orig.address,
            resp: record.resp.address,
            protocol: record.protocol,
            port: record.resp.port,
        };
        if let Some(alert) = self.open.get_mut(&key) {
            if record.start.since(alert.first_seen) <= WINDOW {
                add(alert, record);
                return;
            }
            self.close(&key, closed);
        }
        let Some(violation) = policy.finding(record) else {
            return;
        };
        if self.open.len() >= self.limit
            && let Some((_, oldest)) = self.by_age.first().cloned()
        {
            self.closed_early = self.closed_early.saturating_add(1);
            self.close(&oldest, closed);
        }
        let rule_sum = violation.rule.bytes().fold(0_u64, |sum, octet| {
            sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
        });
        let alert = Alert {
            id: stable_id(record.flow_id, rule_sum),
            rule: violation.rule,
            signature_id: violation.signature_id,
            title: violation.title,
            severity: violation.severity,
            category: Category::PolicyViolation,
            first_seen: record.start,
            last_seen: record.end,
            count: 1,
            packets: record.packets(),
            octets: record.octets(),
            flow: record.clone(),
            clause: violation.clause,
            attack: violation.attack,
            explanation: violation.explanation,
        };
        self.by_age.insert((alert.first_seen, key.clone()));
        self.open.insert(key, alert);
    }

    /// Closes every fold, oldest first.
    pub(crate) fn drain(&mut self, closed: &mut Vec<Alert>) {
        while let Some((_, key)) = self.by_age.first().cloned() {
            self.close(&key, closed);
        }
    }

    fn close(&mut self, key: &Key, closed: &mut Vec<Alert>) {
        if let Some(alert) = self.open.remove(key) {
            self.by_age.remove(&(alert.first_seen, key.clone()));
            closed.push(alert);
        }
    }
}

fn add(alert: &mut Alert, record: &FlowRecord) {
    // A further record of a flow that was counted adds its volume only.
    alert.count = alert.count.saturating_add(u64::from(record.part == 0));
    alert.packets = alert.packets.saturating_add(record.packets());
    alert.octets = alert.octets.saturating_add(record.octets());
    alert.last_seen = alert.last_seen.max(record.end);
}
