//! Zones and verdict of a flow: found once when it begins, so that every record of it agrees.

use std::sync::Arc;

use sekisho_filter::Filter;
use sekisho_flow::{Brief, Sink, Start};
use sekisho_model::app::{Event, Facts, FlowRef, Said};
use sekisho_model::{FlowRecord, Verdict};
use sekisho_policy::{Judgement, Mode, Policy, Question, ZoneId};

use crate::excluded;
use crate::work::{Gathered, Judged};

/// What hangs on a flow: a judgement, its rule by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) orig_zone: ZoneId,
    pub(crate) resp_zone: ZoneId,
    pub(crate) verdict: Verdict,
    pub(crate) excluded: bool,
    rule: u16,
}

/// Labels zones and judges.
pub(crate) struct Judge<'a> {
    policy: &'a Policy,
    filter: Option<&'a Filter>,
    /// Whether anyone reads the records; if not, only the folds of denied flows need them.
    is_read: bool,
    /// The rules met so far, by [`Tag::rule`].
    rules: Vec<Arc<str>>,
    /// What was judged since it was last taken.
    records: Vec<Judged>,
    /// What was said since then.
    pub(crate) said: Vec<Said>,
}

impl<'a> Judge<'a> {
    pub(crate) const fn new(policy: &'a Policy, filter: Option<&'a Filter>, is_read: bool) -> Self {
        Self {
            policy,
            filter,
            is_read,
            rules: Vec::new(),
            records: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Takes what has gathered.
    pub(crate) fn take(&mut self) -> Gathered {
        // The next batch brings about as much, and growing means moving.
        let (records, said) = (self.records.len(), self.said.len());
        Gathered {
            records: std::mem::replace(&mut self.records, Vec::with_capacity(records)),
            said: std::mem::replace(&mut self.said, Vec::with_capacity(said)),
        }
    }

    /// Whether what a frame says below IP is about an address of which nothing is to be stored.
    pub(crate) fn sets_aside_what_is_said(&self, facts: &Facts, vlan: Option<u16>) -> bool {
        excluded::is_of_neighbour(self.policy, facts, vlan)
    }

    /// The number of a rule. A policy has few, and gives the same handle for the same rule.
    fn rule(&mut self, rule: Arc<str>) -> u16 {
        let known = self.rules.iter().position(|known| Arc::ptr_eq(known, &rule));
        let number = known.unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len().saturating_sub(1)
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }
}

impl Sink for Judge<'_> {
    type Tag = Tag;

    fn start(&mut self, start: &Start) -> Tag {
        let question = Question {
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
        };
        let Judgement {
            orig_zone,
            resp_zone,
            verdict,
            rule,
            excluded,
            ..
        } = self.policy.judge(&question);
        Tag {
            orig_zone,
            resp_zone,
            verdict,
            excluded,
            rule: self.rule(rule),
        }
    }

    fn sets_aside(&self, tag: &Tag) -> bool {
        tag.excluded
    }

    fn wants_records(&self, tag: &Tag) -> bool {
        !tag.excluded
            && (self.is_read || (tag.verdict == Verdict::Denied && self.policy.mode() != Mode::Learn))
    }

    fn record(&mut self, mut record: FlowRecord, tag: &Tag) {
        record.orig_zone = Arc::clone(self.policy.zone_name(tag.orig_zone));
        record.resp_zone = Arc::clone(self.policy.zone_name(tag.resp_zone));
        record.verdict = tag.verdict;
        if let Some(rule) = self.rules.get(usize::from(tag.rule)) {
            record.rule = Arc::clone(rule);
        }
        record.policy_version = Arc::clone(self.policy.version());
        excluded::unname(self.policy, &mut record);
        let is_kept = self.filter.is_none_or(|filter| filter.matches(&record));
        self.records.push(Judged {
            brief: Brief::of(&record),
            zones: (tag.orig_zone, tag.resp_zone),
            verdict: tag.verdict,
            is_kept,
            record: Some(Box::new(record)),
        });
    }

    fn said(&mut self, mut flow: FlowRef, ordinal: u64, event: Event, tag: &Tag) {
        if tag.excluded {
            return;
        }
        let Some(event) = excluded::kept(self.policy, event, flow.vlan) else {
            return;
        };
        flow.orig_zone = Arc::clone(self.policy.zone_name(tag.orig_zone));
        flow.resp_zone = Arc::clone(self.policy.zone_name(tag.resp_zone));
        self.said.push(Said {
            flow: Some(flow),
            mac: None,
            ordinal,
            event,
        });
    }

    fn brief(&mut self, brief: &Brief, tag: &Tag) {
        if !tag.excluded {
            self.records.push(Judged {
                brief: *brief,
                zones: (tag.orig_zone, tag.resp_zone),
                verdict: tag.verdict,
                is_kept: true,
                record: None,
            });
        }
    }
}
