//! Flows of the same kind whose judgement changes in the same way.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{Protocol, Text, Timestamp};

use super::{Counted, MAX_HOSTS, MAX_PORTS, MAX_SAMPLES, Standing, Volume};
use crate::observation::Observation;
use crate::{EntryId, Judgement, Policy, Question, ZoneId};

/// What makes flows of the same kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    was: Standing,
    is: Standing,
    /// Zones by the first policy, then by the second.
    zones: [(ZoneId, ZoneId); 2],
    protocol: Protocol,
    rules: [Arc<str>; 2],
}

impl Key {
    pub(super) fn of(
        (was, is): (Standing, Standing),
        judged: &[Judgement; 2],
        seen: &Observation<'_>,
    ) -> Self {
        Self {
            was,
            is,
            zones: judged
                .each_ref()
                .map(|judged| (judged.orig_zone, judged.resp_zone)),
            protocol: seen.question.protocol,
            rules: judged.each_ref().map(|judged| Arc::clone(&judged.rule)),
        }
    }
}

/// A port of the responder with the application protocol that was found there, where one was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The port; absent for protocols without ports, and where it is not known.
    pub number: Option<u16>,
    /// The application protocol; empty where not found.
    pub service: String,
}

/// A flow that shows what a change means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Address of the originator.
    pub orig: IpAddr,
    /// Address of the responder.
    pub resp: IpAddr,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port and application protocol.
    pub port: Port,
    /// When it began.
    pub at: Timestamp,
}

/// Flows of the same kind whose judgement changes in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the first policy says.
    pub was: Standing,
    /// What the second policy says.
    pub is: Standing,
    /// Zones of the originator and the responder by the first policy.
    pub zones_were: (Arc<str>, Arc<str>),
    /// Zones by the second policy.
    pub zones_are: (Arc<str>, Arc<str>),
    /// Transport protocol.
    pub protocol: Protocol,
    /// The rule by which the first policy judges; empty where it does not.
    pub rule_was: Arc<str>,
    /// The rule by which the second policy judges; empty where it does not.
    pub rule_is: Arc<str>,
    /// Who answers for the path that the first policy goes by; empty where nobody is named.
    pub owner_was: String,
    /// Who answers for the path that the second policy goes by.
    pub owner_is: String,
    /// How much traffic.
    pub volume: Volume,
    /// Of it what was answered.
    pub answered: Volume,
    /// Records by port and application protocol.
    pub ports: Counted<Port>,
    /// Records by originator; nothing where one end is excluded.
    pub origs: Counted<IpAddr>,
    /// Records by responder; nothing where one end is excluded.
    pub resps: Counted<IpAddr>,
    /// Where the first flow begins.
    pub first: Timestamp,
    /// Where the last flow ends.
    pub last: Timestamp,
    /// The first flows.
    pub samples: Vec<Sample>,
}

impl Change {
    pub(super) fn new(
        key: &Key,
        judged: &[Judgement; 2],
        policies: [&Policy; 2],
        seen: &Observation<'_>,
    ) -> Self {
        let [before, after] = policies;
        let [were, are] = key.zones;
        let names = |policy: &Policy, (orig, resp)| {
            (
                Arc::clone(policy.zone_name(orig)),
                Arc::clone(policy.zone_name(resp)),
            )
        };
        let [rule_was, rule_is] = key.rules.clone();
        let [entry_was, entry_is] = judged.each_ref().map(|judged| judged.entry);
        Self {
            was: key.was,
            is: key.is,
            zones_were: names(before, were),
            zones_are: names(after, are),
            protocol: key.protocol,
            rule_was,
            rule_is,
            owner_was: owner(before, entry_was),
            owner_is: owner(after, entry_is),
            volume: Volume::default(),
            answered: Volume::default(),
            ports: Counted::new(MAX_PORTS),
            origs: Counted::new(MAX_HOSTS),
            resps: Counted::new(MAX_HOSTS),
            first: seen.question.at,
            last: seen.end,
            samples: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, seen: &Observation<'_>) {
        let question = &seen.question;
        self.volume.add(seen);
        if seen.answered {
            self.answered.add(seen);
        }
        self.first = self.first.min(question.at);
        self.last = self.last.max(seen.end);
        let port = port(question);
        self.ports.add(port.clone(), 1);
        if self.is_excluded() {
            return;
        }
        self.origs.add(question.orig, 1);
        self.resps.add(question.resp, 1);
        let is_new = |sample: &Sample| sample.orig != question.orig || sample.resp != question.resp;
        if self.samples.len() < MAX_SAMPLES && self.samples.iter().all(is_new) {
            self.samples.push(Sample {
                orig: question.orig,
                resp: question.resp,
                protocol: question.protocol,
                port,
                at: question.at,
            });
        }
    }

    /// Whether one of the policies keeps nothing of these flows.
    #[must_use]
    pub fn is_excluded(&self) -> bool {
        self.was == Standing::Excluded || self.is == Standing::Excluded
    }

    /// The change in words.
    #[must_use]
    pub fn title(&self) -> Text {
        self.was.to(self.is)
    }
}

/// What stops working first, then what opens, then what is judged or not judged now.
pub(super) const fn rank(was: Standing, is: Standing) -> (u8, Standing, Standing) {
    let group = match (was, is) {
        (Standing::Allowed, Standing::Denied) => 0,
        (Standing::Denied, Standing::Allowed) => 1,
        _ => 2,
    };
    (group, was, is)
}

fn port(question: &Question<'_>) -> Port {
    Port {
        number: (question.protocol.has_ports() && question.has_ports).then_some(question.resp_port),
        service: question.service.unwrap_or_default().to_owned(),
    }
}

fn owner(policy: &Policy, entry: Option<EntryId>) -> String {
    entry
        .and_then(|entry| policy.paths.get(entry.index()))
        .map_or_else(String::new, |path| path.owner.clone())
}
