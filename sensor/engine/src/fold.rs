//! Folding: the same violation between the same two ends is one alert with a count; so is what meets the
//! same `[[rule]]`.
//!
//! Folded by rule, originator, responder, protocol and responder's port; what meets a `[[rule]]`, by what
//! the rule says its flows have in common ([`sekisho_policy::rules::FoldBy`]). A fold closes at the end of
//! input, a day of packet time after it began (so that what goes on is said again each day), or
//! when there are more folds than [`sekisho_model::limits::ALERT_FOLDS`]: then the one that began
//! first. The alert is written when its fold closes, so its counts are whole; until then a fold is a
//! record and three numbers, whatever a flood of violations brings, and it is put into words only when
//! it is written.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use foldhash::HashMap;
use sekisho_model::{Alert, Category, FlowRecord, Protocol, Timestamp, Told, Verdict, limits, stable_id};
use sekisho_policy::rules::FoldBy;
use sekisho_policy::{Findings, Mode, Policy, Violation};

/// How long a fold stays open.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    rule: Arc<str>,
    /// Nothing where it does not matter which.
    orig: Option<IpAddr>,
    to: To,
}

/// What the flows of a fold go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum To {
    Responder(IpAddr, Protocol, u16),
    /// A service of many hosts, by its name.
    Service(Box<str>),
    Any,
}

impl Key {
    fn of(rule: Arc<str>, fold: FoldBy, service: Option<Box<str>>, record: &FlowRecord) -> Self {
        let responder = || To::Responder(record.resp.address, record.protocol, record.resp.port);
        Self {
            rule,
            orig: (fold != FoldBy::Responder).then_some(record.orig.address),
            to: match fold {
                FoldBy::Originator => To::Any,
                FoldBy::Responder => responder(),
                FoldBy::Pair => service.map_or_else(responder, To::Service),
            },
        }
    }
}

/// What an alert is for.
#[derive(Debug, Clone)]
enum Why {
    /// The verdict.
    Denied,
    /// A rule of the policy, by its id.
    Rule(Arc<str>),
}

/// What is known of a violation so far.
#[derive(Debug, Clone)]
pub(crate) struct Fold {
    /// The flow that began first.
    flow: Box<FlowRecord>,
    /// What judged that flow.
    policy: Arc<Policy>,
    why: Why,
    last_seen: Timestamp,
    flows: u64,
    packets: u64,
    octets: u64,
    /// Whether anything was added since it was last told.
    is_news: bool,
    /// The id under which it was told while it was open.
    told: Option<u64>,
}

/// The open folds.
#[derive(Debug)]
pub(crate) struct Folds {
    limit: usize,
    open: HashMap<Key, Fold>,
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
            open: HashMap::default(),
            by_age: BTreeSet::new(),
            closed_early: 0,
        }
    }

    /// Folds closed because there were too many.
    pub(crate) const fn closed_early(&self) -> u64 {
        self.closed_early
    }

    /// Takes one record into account, judged by `policy`; folds that this closes go to `closed`.
    pub(crate) fn observe(&mut self, policy: &Arc<Policy>, record: Box<FlowRecord>, closed: &mut Vec<Fold>) {
        if record.verdict == Verdict::Denied {
            let rule = Arc::clone(&record.rule);
            self.put(policy, rule, Why::Denied, record, closed);
        }
    }

    /// Takes into account that a record meets a `[[rule]]` of `policy`.
    pub(crate) fn meet(
        &mut self,
        policy: &Arc<Policy>,
        rule: Arc<str>,
        record: &FlowRecord,
        closed: &mut Vec<Fold>,
    ) {
        let why = Why::Rule(Arc::clone(&rule));
        self.put(policy, rule, why, Box::new(record.clone()), closed);
    }

    fn put(
        &mut self,
        policy: &Arc<Policy>,
        rule: Arc<str>,
        why: Why,
        record: Box<FlowRecord>,
        closed: &mut Vec<Fold>,
    ) {
        let (raises, fold, service) = match &why {
            Why::Denied => (policy.mode() == Mode::Enforce, FoldBy::Pair, None),
            Why::Rule(id) => match policy.rule(id) {
                Some(rule) => (policy.raises(rule), rule.fold(), rule.service_of(&record)),
                None => return,
            },
        };
        if !raises {
            return;
        }
        let key = Key::of(rule, fold, service, &record);
        if let Some(fold) = self.open.get_mut(&key) {
            if record.start.since(fold.flow.start) <= WINDOW {
                let began = fold.flow.start;
                fold.add(policy, record);
                if fold.flow.start != began {
                    let now_began = fold.flow.start;
                    self.by_age.remove(&(began, key.clone()));
                    self.by_age.insert((now_began, key));
                }
                return;
            }
            let began = fold.flow.start;
            self.by_age.remove(&(began, key.clone()));
            closed.extend(self.open.remove(&key));
        }
        if self.open.len() >= self.limit
            && let Some(oldest) = self.close_first()
        {
            self.closed_early = self.closed_early.saturating_add(1);
            closed.push(oldest);
        }
        self.by_age.insert((record.start, key.clone()));
        self.open.insert(key, Fold::of(policy, why, record));
    }

    /// Closes the folds that began more than a day before `now`.
    pub(crate) fn expire(&mut self, now: Timestamp, closed: &mut Vec<Fold>) {
        while self
            .by_age
            .first()
            .is_some_and(|(began, _)| now.since(*began) > WINDOW)
        {
            closed.extend(self.close_first());
        }
    }

    /// The alerts of the open folds that were added to since this was last asked, the one that began
    /// first first. `is_read` says whether anybody reads their words.
    pub(crate) fn news(&mut self, findings: &mut Findings, is_read: bool) -> Vec<Told> {
        let mut news = Vec::new();
        for (_, key) in &self.by_age {
            let fold = self.open.get_mut(key).filter(|fold| fold.is_news);
            let Some(fold) = fold else { continue };
            if let Some(told) = fold.clone().into_alert(findings, is_read) {
                fold.told = Some(told.alert.id);
                fold.is_news = false;
                news.push(told);
            }
        }
        news
    }

    /// Closes every fold, the one that began first first.
    pub(crate) fn drain(&mut self, closed: &mut Vec<Fold>) {
        let in_order = std::mem::take(&mut self.by_age);
        let mut open = std::mem::take(&mut self.open);
        closed.extend(in_order.into_iter().filter_map(|(_, key)| open.remove(&key)));
    }

    /// Closes the fold that began first.
    fn close_first(&mut self) -> Option<Fold> {
        let (_, key) = self.by_age.pop_first()?;
        self.open.remove(&key)
    }
}

impl Fold {
    fn of(policy: &Arc<Policy>, why: Why, record: Box<FlowRecord>) -> Self {
        Self {
            why,
            policy: Arc::clone(policy),
            last_seen: record.end,
            // A further record of a flow stands for a flow where the first fell into another fold.
            flows: 1,
            packets: record.packets(),
            octets: record.octets(),
            flow: record,
            is_news: true,
            told: None,
        }
    }

    fn add(&mut self, policy: &Arc<Policy>, record: Box<FlowRecord>) {
        // A further record of a flow that was counted adds its volume only.
        self.flows = self.flows.saturating_add(u64::from(record.part == 0));
        self.packets = self.packets.saturating_add(record.packets());
        self.octets = self.octets.saturating_add(record.octets());
        self.last_seen = self.last_seen.max(record.end);
        self.is_news = true;
        if record.start < self.flow.start {
            self.flow = record;
            self.policy = Arc::clone(policy);
        }
    }

    fn violation(&self, findings: &mut Findings, is_read: bool) -> Option<(Violation, Category)> {
        let (policy, flow) = (&*self.policy, &*self.flow);
        if let Why::Rule(id) = &self.why {
            let rule = policy.rule(id)?;
            let violation = if is_read {
                rule.violation(policy, flow)
            } else {
                rule.bare(flow)
            };
            return Some((violation, rule.category()));
        }
        let violation = if is_read {
            findings.finding(policy, flow)
        } else {
            findings.bare(policy, flow)
        };
        Some((violation?, Category::PolicyViolation))
    }

    /// The alert. `is_read` says whether anybody reads its words.
    pub(crate) fn into_alert(self, findings: &mut Findings, is_read: bool) -> Option<Told> {
        let (violation, category) = self.violation(findings, is_read)?;
        let rule_sum = violation.rule.bytes().fold(0_u64, |sum, octet| {
            sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
        });
        let moment = self.flow.start.nanos().cast_unsigned();
        let id = stable_id(self.flow.flow_id, stable_id(rule_sum, moment));
        let (is_told, is_news) = (self.told.is_some(), self.is_news);
        let alert = Alert {
            // What was told under a number keeps it, though an earlier flow came to light.
            id: self.told.unwrap_or(id),
            rule: violation.rule,
            signature_id: violation.signature_id,
            title: violation.title,
            severity: violation.severity,
            category,
            first_seen: self.flow.start,
            last_seen: self.last_seen,
            count: self.flows,
            packets: self.packets,
            octets: self.octets,
            subject: Some(self.flow.orig.address),
            flow: Some(*self.flow),
            clause: violation.clause,
            attack: violation.attack,
            explanation: violation.explanation,
            indicator: None,
        };
        Some(Told {
            alert,
            is_told,
            is_news,
        })
    }
}

#[cfg(test)]
mod tests {
    use sekisho_policy::Source;

    use super::*;

    fn policy() -> Policy {
        let text = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
                    [zone.a]\nnetworks = [\"192.0.2.0/24\"]\n[zone.b]\nnetworks = [\"198.51.100.0/24\"]\n";
        Policy::compile(&[Source {
            name: "p.toml".to_owned(),
            text: text.into(),
        }])
        .unwrap()
    }

    /// A denied flow from `start` to `end` seconds, to a responder's port.
    fn denied(id: u64, start: i64, end: i64, port: u16) -> FlowRecord {
        let mut record = FlowRecord {
            flow_id: id,
            start: Timestamp::from_seconds(start, 0),
            end: Timestamp::from_seconds(end, 0),
            verdict: Verdict::Denied,
            rule: "PATH-DENY".into(),
            orig_zone: "a".into(),
            resp_zone: "b".into(),
            ..FlowRecord::example()
        };
        record.resp.port = port;
        record
    }

    fn fold(limit: usize, records: &[FlowRecord]) -> (Vec<Alert>, u64) {
        let (policy, mut folds, mut closed) = (Arc::new(policy()), Folds::with_limit(limit), Vec::new());
        for record in records {
            folds.observe(&policy, Box::new(record.clone()), &mut closed);
        }
        folds.drain(&mut closed);
        let mut findings = Findings::default();
        let alerts = closed
            .into_iter()
            .filter_map(|fold| Some(fold.into_alert(&mut findings, true)?.alert))
            .collect();
        (alerts, folds.closed_early())
    }

    #[test]
    fn flows_between_the_same_ends_are_one_alert_that_begins_with_the_first_of_them() {
        // Records come in the order in which flows end; the second began first.
        let (alerts, _) = fold(
            10,
            &[
                denied(2, 130, 131, 22),
                denied(1, 120, 220, 22),
                denied(3, 140, 150, 23),
            ],
        );

        let [first, second] = &alerts[..] else {
            panic!("{alerts:?}")
        };
        assert_eq!((first.count, first.packets, first.octets), (2, 2, 120));
        assert_eq!(
            (first.first_seen.nanos(), first.last_seen.nanos()),
            (120_000_000_000, 220_000_000_000)
        );
        assert_eq!((first.flow.as_ref().unwrap().flow_id, second.count), (1, 1));
    }

    /// A policy of which every flow of the tests meets a rule.
    fn ruled(rest: &str) -> Policy {
        let text = format!(
            "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"learn\"\ncatalogue = true\n\
             [list.names]\nkind = \"suffix\"\nvalues = [\"storage.example\"]\n\
             [[rule]]\nid = \"R\"\nwhen = 'octets > 0 or server_name in @names'\n{rest}\n"
        );
        let catalogue = [Source {
            name: "c.toml".to_owned(),
            text: text.into(),
        }];
        Policy::compile(&sekisho_policy::with_catalogue(Vec::new(), &catalogue)).unwrap()
    }

    /// Flows behind each alert, where originators and responders end in these octets.
    fn counts(rest: &str, flows: &[(u8, u8, &str)]) -> Vec<u64> {
        let (policy, mut folds, mut closed) = (Arc::new(ruled(rest)), Folds::new(), Vec::new());
        for (number, (orig, resp, name)) in (0_i64..).zip(flows) {
            let mut record = denied(number.unsigned_abs(), number, number, 443);
            record.verdict = Verdict::Unknown;
            record.orig.address = [192, 0, 2, *orig].into();
            record.resp.address = [198, 51, 100, *resp].into();
            if !name.is_empty() {
                let mut app = sekisho_model::App::default();
                app.set(sekisho_model::Essential::ServerName, *name, "tls.sni");
                record.app = Some(Box::new(app));
            }
            folds.meet(&policy, "R".into(), &record, &mut closed);
        }
        folds.drain(&mut closed);
        let mut findings = Findings::default();
        let alerts = closed
            .into_iter()
            .filter_map(|fold| fold.into_alert(&mut findings, true));
        alerts.map(|told| told.alert.count).collect()
    }

    #[test]
    fn a_rule_says_which_of_its_flows_are_one_alert() {
        let flows = [(1, 1, ""), (1, 2, ""), (2, 1, ""), (1, 1, ""), (2, 1, "")];

        assert_eq!(counts("", &flows), [2, 1, 2]);
        assert_eq!(counts("fold = \"originator\"", &flows), [3, 2]);
        assert_eq!(counts("fold = \"responder\"", &flows), [4, 1]);
    }

    #[test]
    fn a_service_of_many_hosts_is_one_alert_an_originator() {
        let flows = [
            (1, 1, "a.storage.example"),
            (1, 2, "B.Storage.example"),
            (1, 3, "other.example"),
            (1, 4, "other.example"),
            (2, 1, "storage.example"),
        ];

        assert_eq!(counts("", &flows), [2, 1, 1, 1]);
    }

    #[test]
    fn what_goes_on_is_said_again_each_day_under_another_number() {
        let day = 24 * 3600;
        let later = FlowRecord {
            part: 1,
            ..denied(1, day + 10, day + 20, 22)
        };

        let (alerts, _) = fold(10, &[denied(1, 0, 10, 22), later]);

        assert_eq!(alerts.len(), 2);
        assert_ne!(alerts[0].id, alerts[1].id);
    }

    #[test]
    fn a_day_of_packet_time_closes_a_fold_whether_or_not_more_comes() {
        let (policy, mut folds, mut closed) = (Arc::new(policy()), Folds::new(), Vec::new());
        folds.observe(&policy, Box::new(denied(1, 0, 10, 22)), &mut closed);

        folds.expire(Timestamp::from_seconds(24 * 3600, 0), &mut closed);
        assert!(closed.is_empty());
        folds.expire(Timestamp::from_seconds(24 * 3600 + 1, 0), &mut closed);
        assert_eq!(closed.len(), 1);
    }

    #[test]
    fn too_many_folds_close_the_one_that_began_first_and_are_counted() {
        let records: Vec<_> = (0..5)
            .map(|n| denied(n, i64::try_from(n).unwrap(), 10, 100 + u16::try_from(n).unwrap()))
            .collect();

        let (alerts, closed_early) = fold(3, &records);

        assert_eq!((alerts.len(), closed_early), (5, 2));
        assert_eq!(alerts[0].flow.as_ref().unwrap().flow_id, 0);
    }

    #[test]
    fn an_open_fold_is_told_once_for_each_time_it_grows_and_keeps_its_number() {
        let (policy, mut folds, mut closed) = (Arc::new(policy()), Folds::new(), Vec::new());
        let mut findings = Findings::default();
        folds.observe(&policy, Box::new(denied(2, 20, 30, 22)), &mut closed);

        let first = folds.news(&mut findings, true);
        assert!(folds.news(&mut findings, true).is_empty());
        // A longer flow that had begun before it ends.
        folds.observe(&policy, Box::new(denied(1, 10, 40, 22)), &mut closed);
        let second = folds.news(&mut findings, true);
        folds.drain(&mut closed);
        let last = closed.remove(0).into_alert(&mut findings, true).unwrap();

        let told = |told: &Told| (told.is_told, told.is_news, told.alert.count);
        assert_eq!(
            [told(&first[0]), told(&second[0]), told(&last)],
            [(false, true, 1), (true, true, 2), (true, false, 2)]
        );
        let ids = [&first[0], &second[0], &last].map(|told| told.alert.id);
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(last.alert.first_seen, Timestamp::from_seconds(10, 0));
    }

    #[test]
    fn further_records_of_a_flow_add_volume_and_no_flow() {
        let (alerts, _) = fold(
            10,
            &[
                denied(1, 0, 10, 22),
                FlowRecord {
                    part: 1,
                    ..denied(1, 10, 20, 22)
                },
            ],
        );

        assert_eq!((alerts.len(), alerts[0].count, alerts[0].packets), (1, 1, 2));
    }
}
