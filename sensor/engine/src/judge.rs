//! Zones and verdict of a flow: found when it begins, and again when a record of it is complete where
//! by then something may have changed: the policy, or what is known of the flow (its service, the MAC
//! addresses of both ends, the tunnel).
//!
//! The last judgement before a record is written is the one that it carries, and alerts are made of
//! records. So a flow that looked denied when it began and is allowed by its service raises nothing, one
//! that turns out to be denied raises one alert, and neither is told twice. A flow of several records
//! carries in each what held for it: an alert of an earlier record stands, and later records of the same
//! rule fold into it.
//!
//! Under a newer policy a flow whose zone is now excluded is stored no more. One that began in an
//! excluded zone stays out until it ends, because its packets were set aside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use foldhash::HashMap;
use sekisho_detect::indicators::{self, Indicators, Sighting};
use sekisho_export::SaidLines;
use sekisho_filter::Filter;
use sekisho_flow::{Brief, Sink, Start};
use sekisho_model::app::{Event, Facts, FlowRef, Said};
use sekisho_model::{FlowRecord, Settled, Verdict, limits};
use sekisho_policy::rules::Rule;
use sekisho_policy::{EntryId, Judgement, Leg, Mode, Policy, Question, ZoneId};

use crate::excluded;
use crate::pieces::Pieces;
use crate::work::{Gathered, Judged, Wanted};

/// What hangs on a flow: a judgement, its rule and its policy by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) orig_zone: ZoneId,
    pub(crate) resp_zone: ZoneId,
    pub(crate) verdict: Verdict,
    pub(crate) excluded: bool,
    /// The flow is made of ICMP errors about another.
    related: bool,
    rule: u32,
    /// [`Judge::epoch`] of the policy that judged. Equal numbers 65,536 reloads apart are one policy to
    /// a flow that lived through all of them.
    epoch: u16,
}

/// A rule that was met.
#[derive(Debug)]
struct Met {
    id: Arc<str>,
    /// The leg over a gateway that it was met for.
    leg: Option<EntryId>,
    /// Records that carry it.
    records: u64,
}

/// Labels zones and judges.
pub(crate) struct Judge<'a> {
    policy: Arc<Policy>,
    /// Counts the policies that were in force.
    epoch: u16,
    /// Whether what is learnt of a flow after its begin may change its judgement.
    judges_late: bool,
    /// Whether what is learnt of a flow after its begin may change its zones.
    labels_late: bool,
    /// Whether records are asked for rules.
    asks_rules: bool,
    indicators: Arc<Indicators>,
    /// Whether there are any.
    looks: bool,
    /// Indicators that were met in what flows say, until the next record of the flow: at most
    /// [`limits::INDICATORS_A_FLOW`] each, of flows that the table holds.
    met: HashMap<u64, Vec<Sighting>>,
    /// Indicators beyond that.
    pub(crate) indicators_cut: u64,
    filter: Option<&'a Filter>,
    wanted: Wanted,
    /// The rules met so far under this policy, by [`Tag::rule`].
    rules: Vec<Met>,
    /// Their numbers, by where their handles point, and leg.
    numbers: HashMap<(usize, Option<EntryId>), u32>,
    /// Records by the rule that they carry under earlier policies, and by the rules that they meet.
    earlier: BTreeMap<Arc<str>, u64>,
    /// Rules that a record is asked for, kept for the next one.
    asked: Vec<u32>,
    /// Where flows go that are settled.
    pub(crate) settled: Option<SyncSender<Settled>>,
    /// What was judged since it was last taken.
    records: Pieces<Judged>,
    /// What was said since then.
    said: Vec<Said>,
    /// Its lines, where it was written down: the piece that is being filled, and those that are full.
    lines: SaidLines,
    written: Vec<SaidLines>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(policy: Arc<Policy>, filter: Option<&'a Filter>, wanted: Wanted) -> Self {
        Self {
            judges_late: policy.judges_late(),
            labels_late: policy.uses_macs(),
            asks_rules: asks_rules(&policy),
            policy,
            epoch: 0,
            indicators: Indicators::none(),
            looks: false,
            met: HashMap::default(),
            indicators_cut: 0,
            filter,
            wanted,
            rules: Vec::new(),
            numbers: HashMap::default(),
            earlier: BTreeMap::new(),
            asked: Vec::new(),
            settled: None,
            records: Pieces::default(),
            said: Vec::new(),
            lines: SaidLines::default(),
            written: Vec::new(),
        }
    }

    /// Judges by `policy` from now on. True where that is another one than before.
    pub(crate) fn follow(&mut self, policy: &Arc<Policy>) -> bool {
        if Arc::ptr_eq(&self.policy, policy) {
            return false;
        }
        self.earlier = self.uses();
        self.rules.clear();
        self.numbers.clear();
        self.judges_late = policy.judges_late();
        self.labels_late = policy.uses_macs();
        self.asks_rules = asks_rules(policy);
        self.policy = Arc::clone(policy);
        self.epoch = self.epoch.wrapping_add(1);
        true
    }

    /// Looks for `indicators` from now on. What was met and waits for its record goes on where the value is
    /// listed still.
    pub(crate) fn look_for(&mut self, indicators: &Arc<Indicators>) {
        if Arc::ptr_eq(&self.indicators, indicators) {
            return;
        }
        let before = std::mem::replace(&mut self.indicators, Arc::clone(indicators));
        self.looks = !indicators.is_empty();
        self.met.retain(|_, sightings| {
            sightings.retain_mut(|sighting| {
                let same = indicators.same_as(&before, sighting.id);
                sighting.id = same.unwrap_or(sighting.id);
                same.is_some()
            });
            !sightings.is_empty()
        });
    }

    /// Notes the indicators that a message meets.
    fn look_in(&mut self, flow: &FlowRef, event: &Event) {
        let Event::Transaction(transaction) = event else {
            return;
        };
        let mut found = Vec::new();
        indicators::in_transaction(&self.indicators, transaction, &mut found);
        if found.is_empty() {
            return;
        }
        let met = self.met.entry(flow.flow_id).or_default();
        for sighting in found {
            indicators::put(met, sighting);
        }
        let limit = usize::try_from(limits::INDICATORS_A_FLOW.default).unwrap_or(usize::MAX);
        let cut = u64::try_from(met.len().saturating_sub(limit)).unwrap_or(u64::MAX);
        self.indicators_cut = self.indicators_cut.saturating_add(cut);
        met.truncate(limit);
    }

    /// The indicators that a record meets, with those that its conversation met.
    fn sightings(&mut self, record: &FlowRecord) -> Vec<Sighting> {
        if !self.looks {
            return Vec::new();
        }
        let mut found = if self.met.is_empty() {
            Vec::new()
        } else {
            self.met.remove(&record.flow_id).unwrap_or_default()
        };
        indicators::in_record(&self.indicators, record, &mut found);
        found
    }

    /// How many records carry each rule.
    pub(crate) fn uses(&mut self) -> BTreeMap<Arc<str>, u64> {
        let uses = self.uses_so_far();
        self.earlier.clear();
        uses
    }

    /// The same while there are more to come.
    pub(crate) fn uses_so_far(&self) -> BTreeMap<Arc<str>, u64> {
        let mut uses = self.earlier.clone();
        for met in self.rules.iter().filter(|met| met.records > 0) {
            let sum = uses.entry(Arc::clone(&met.id)).or_default();
            *sum = sum.saturating_add(met.records);
        }
        uses
    }

    /// Takes what has gathered.
    pub(crate) fn take(&mut self) -> Gathered {
        // The next batch brings about as much, and growing means moving.
        let said = self.said.len();
        let mut lines = std::mem::take(&mut self.written);
        if !self.lines.is_empty() {
            lines.push(std::mem::take(&mut self.lines));
        }
        Gathered {
            records: std::mem::take(&mut self.records),
            said: std::mem::replace(&mut self.said, Vec::with_capacity(said)),
            lines,
        }
    }

    /// Takes what was said, or its line.
    pub(crate) fn hear(&mut self, said: Said) {
        if self.wanted.lines {
            self.lines.write(&said);
            if self.lines.is_full() {
                self.written.push(std::mem::take(&mut self.lines));
            }
        } else {
            self.said.push(said);
        }
    }

    /// Whether what a frame says below IP is about an address of which nothing is to be stored.
    pub(crate) fn sets_aside_what_is_said(&self, facts: &Facts, vlan: Option<u16>) -> bool {
        excluded::is_of_neighbour(&self.policy, facts, vlan)
    }

    fn judge(&mut self, question: &Question<'_>) -> Tag {
        let Judgement {
            orig_zone,
            resp_zone,
            verdict,
            rule,
            entry,
            excluded,
        } = self.policy.judge(question);
        let leg = entry.filter(|entry| entry.leg() != Leg::Whole);
        Tag {
            orig_zone,
            resp_zone,
            verdict,
            excluded,
            related: question.related,
            rule: self.rule(rule, leg),
            epoch: self.epoch,
        }
    }

    /// Whether the judgement when a flow began may not be that on a record of it.
    fn may_change(&self, tag: &Tag) -> bool {
        self.judges_late || tag.epoch != self.epoch
    }

    /// The judgement on a complete record.
    fn again(&mut self, record: &FlowRecord, tag: &Tag) -> Tag {
        if !self.may_change(tag) {
            return *tag;
        }
        self.judge(&Question {
            related: tag.related,
            ..Question::of(record)
        })
    }

    /// The number of a rule: a policy gives the same handle for the same rule.
    fn rule(&mut self, rule: Arc<str>, leg: Option<EntryId>) -> u32 {
        let place = Arc::as_ptr(&rule).cast::<u8>().addr();
        let next = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((place, leg)).or_insert(next);
        if number == next {
            // Keeps the handle, so that no other comes to point there.
            self.rules.push(Met {
                id: rule,
                leg,
                records: 0,
            });
        }
        number
    }

    fn met(&self, tag: &Tag) -> Option<&Met> {
        self.rules.get(usize::try_from(tag.rule).ok()?)
    }

    /// Counts a record with its rule.
    fn count(&mut self, tag: &Tag) {
        let number = usize::try_from(tag.rule).unwrap_or(usize::MAX);
        if let Some(met) = self.rules.get_mut(number) {
            met.records = met.records.saturating_add(1);
        }
    }

    /// The rules that a record meets, counted.
    fn ask_rules(&mut self, record: &FlowRecord) -> Vec<Arc<str>> {
        if !self.asks_rules {
            return Vec::new();
        }
        let met: Vec<_> = self
            .policy
            .rules_matching_with(record, &mut self.asked)
            .map(|rule| Arc::clone(rule.id()))
            .collect();
        for id in &met {
            let sum = self.earlier.entry(Arc::clone(id)).or_default();
            *sum = sum.saturating_add(1);
        }
        met
    }

    /// Zones of originator and responder as they are known when a flow says something; none where one is
    /// excluded.
    fn zones(&self, flow: &FlowRef, event: &Event, tag: &Tag) -> Option<(ZoneId, ZoneId)> {
        if tag.excluded {
            return None;
        }
        if !self.labels_late && tag.epoch == self.epoch {
            return Some((tag.orig_zone, tag.resp_zone));
        }
        let (orig, resp) = (flow.orig.address, flow.resp.address);
        let judgement = self.policy.judge(&Question {
            vlan: flow.vlan,
            orig_mac: flow.orig_mac,
            resp_mac: flow.resp_mac,
            ..Question::new(orig, resp, flow.protocol, flow.resp.port, event.at())
        });
        (!judgement.excluded).then_some((judgement.orig_zone, judgement.resp_zone))
    }
}

fn asks_rules(policy: &Policy) -> bool {
    policy.rules().iter().any(Rule::is_enabled)
}

impl Sink for Judge<'_> {
    type Tag = Tag;

    #[inline(always)]
    fn ahead<V>(value: &V) {
        sekisho_capture::ahead::line(value);
    }

    fn start(&mut self, start: &Start) -> Tag {
        self.judge(&Question {
            orig: start.orig.address,
            resp: start.resp.address,
            vlan: start.vlan,
            orig_mac: None,
            resp_mac: None,
            protocol: start.protocol,
            resp_port: start.resp.port,
            has_ports: start.has_ports,
            at: start.at,
            service: None,
            tunnel: None,
            related: start.related,
        })
    }

    fn sets_aside(&self, tag: &Tag) -> bool {
        tag.excluded
    }

    fn settled(&mut self, settled: &Settled) {
        if let Some(to) = &self.settled {
            // What does not fit is said again when the flow has had some more packets.
            to.try_send(*settled).ok();
        }
    }

    fn wants_records(&self, tag: &Tag) -> bool {
        !tag.excluded
            && (self.wanted.records
                || self.may_change(tag)
                || self.asks_rules
                || self.looks
                || (tag.verdict == Verdict::Denied && self.policy.mode() != Mode::Learn)
                || self.met(tag).is_some_and(|met| met.leg.is_some()))
    }

    fn record(&mut self, mut record: FlowRecord, tag: &Tag) {
        let tag = self.again(&record, tag);
        if tag.excluded {
            self.met.remove(&record.flow_id);
            return;
        }
        self.count(&tag);
        let met = self.met(&tag);
        let leg = met.and_then(|met| met.leg);
        if let Some(met) = met {
            record.rule = Arc::clone(&met.id);
        }
        record.orig_zone = Arc::clone(self.policy.zone_name(tag.orig_zone));
        record.resp_zone = Arc::clone(self.policy.zone_name(tag.resp_zone));
        record.verdict = tag.verdict;
        record.policy_version = Arc::clone(self.policy.version());
        excluded::unname(&self.policy, &mut record);
        let rules = self.ask_rules(&record);
        let sightings = self.sightings(&record);
        let is_kept = self.filter.is_none_or(|filter| filter.matches(&record));
        self.records.push(Judged {
            brief: Brief::of(&record),
            zones: (tag.orig_zone, tag.resp_zone),
            verdict: tag.verdict,
            leg,
            rules,
            sightings,
            is_kept,
            record: Some(Box::new(record)),
        });
    }

    fn said(&mut self, mut flow: FlowRef, ordinal: u64, event: Event, tag: &Tag) {
        let Some(zones) = self.zones(&flow, &event, tag) else {
            return;
        };
        let Some(event) = excluded::kept(&self.policy, event, flow.vlan) else {
            return;
        };
        if self.looks {
            self.look_in(&flow, &event);
        }
        flow.orig_zone = Arc::clone(self.policy.zone_name(zones.0));
        flow.resp_zone = Arc::clone(self.policy.zone_name(zones.1));
        self.hear(Said {
            flow: Some(flow),
            mac: None,
            ordinal,
            event,
        });
    }

    fn brief(&mut self, brief: &Brief, tag: &Tag) {
        if tag.excluded {
            return;
        }
        self.count(tag);
        self.records.push(Judged {
            brief: *brief,
            zones: (tag.orig_zone, tag.resp_zone),
            verdict: tag.verdict,
            leg: None,
            rules: Vec::new(),
            sightings: Vec::new(),
            is_kept: true,
            record: None,
        });
    }
}
