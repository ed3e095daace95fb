//! What an alert about a denied flow says, in both languages.
//!
//! [`facts`] gathers what is true of the flow and the policy, once; [`ja`] and [`en`] only put it
//! into words, function by function the same. [`findings`] keeps the words for flows of the same kind.

mod condition;
mod en;
mod facts;
mod findings;
mod ja;
mod near;
mod nearest;
mod service;
mod template;
pub(crate) mod words_of;

use std::sync::Arc;

use sekisho_model::{Explanation, FlowRecord, Severity, Text, Timestamp, Verdict};

use crate::builtin::{self, Builtin};
use crate::{Boundary, Mode, Policy};
use facts::Facts;
use template::{Shown, Template};

pub use findings::Findings;
pub use near::Near;

/// A denied flow as an alert speaks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Id of the built-in rule.
    pub rule: Arc<str>,
    /// Its number.
    pub signature_id: u32,
    /// One line.
    pub title: Text,
    /// How urgent: what the boundary says, else by the classification of the zones.
    pub severity: Severity,
    /// Clause of the written policy; empty where none is named.
    pub clause: Arc<str>,
    /// MITRE ATT&CK techniques that the boundary names.
    pub attack: Vec<Arc<str>>,
    /// The reason.
    pub explanation: Explanation,
}

impl Policy {
    /// What the alert about `record` says; `None` where none is due: the flow was not denied, or
    /// the policy only learns.
    ///
    /// The zones of the record are taken as they were judged.
    #[must_use]
    pub fn finding(&self, record: &FlowRecord) -> Option<Violation> {
        if self.mode == Mode::Learn || record.verdict != Verdict::Denied {
            return None;
        }
        Some(Finding::of(self, record)?.violation(self, record))
    }
}

/// A violation of which only what differs from flow to flow is still to be filled in.
#[derive(Debug)]
struct Finding {
    /// Without the texts below.
    rest: Violation,
    observed: [Template; 2],
    nearest: [Template; 2],
    silenced_by: [Template; 2],
    first_step: [Template; 2],
}

impl Finding {
    /// What is said of `record` and of all like it.
    fn of(policy: &Policy, record: &FlowRecord) -> Option<Self> {
        let facts = Facts::gather(policy, record)?;
        let (rule, builtin): (_, &Builtin) = match &facts.failed {
            Some(failed) => (failed.rule, failed.builtin),
            None if facts.inside => (&policy.rules.intra_deny, &builtin::INTRA_DENY),
            None => (&policy.rules.path_deny, &builtin::PATH_DENY),
        };
        let first_step = of_boundary(&facts, |boundary| &boundary.first_step);
        Some(Self {
            rest: Violation {
                rule: Arc::clone(rule),
                signature_id: builtin.signature_id,
                title: title(&facts),
                severity: severity(&facts),
                clause: Arc::clone(&facts.clause),
                attack: facts
                    .boundary
                    .map_or_else(Vec::new, |boundary| boundary.attack.clone()),
                explanation: explanation(&facts),
            },
            observed: [ja::observed(&facts), en::observed(&facts)],
            nearest: [ja::nearest(&facts), en::nearest(&facts)],
            silenced_by: [ja::silenced_by(&facts), en::silenced_by(&facts)],
            first_step: first_step.map_or_else(
                || [ja::first_step(&facts), en::first_step(&facts)],
                |text| [&text.ja, &text.en].map(|words| Template::default().say(words)),
            ),
        })
    }

    /// The violation that `record` is.
    fn violation(&self, policy: &Policy, record: &FlowRecord) -> Violation {
        let shown = Shown::of(record);
        let fill = |[ja, en]: &[Template; 2]| Text {
            ja: ja.fill(&shown, || ja::when(policy, record.start)),
            en: en.fill(&shown, || en::when(policy, record.start)),
        };
        Violation {
            explanation: Explanation {
                observed: fill(&self.observed),
                nearest: fill(&self.nearest),
                silenced_by: fill(&self.silenced_by),
                first_step: fill(&self.first_step),
                ..self.rest.explanation.clone()
            },
            title: self.rest.title.clone(),
            ..self.bare()
        }
    }

    /// The violation without title and explanation.
    fn bare(&self) -> Violation {
        let rest = &self.rest;
        Violation {
            rule: Arc::clone(&rest.rule),
            signature_id: rest.signature_id,
            title: Text::default(),
            severity: rest.severity,
            clause: Arc::clone(&rest.clause),
            attack: rest.attack.clone(),
            explanation: Explanation::default(),
        }
    }
}

/// What the boundary says, else by the classification of the zones. Where an exception is over, always high.
fn severity(facts: &Facts<'_>) -> Severity {
    let over = facts
        .failed
        .as_ref()
        .is_some_and(|failed| failed.builtin.signature_id == builtin::EXCEPTION_EXPIRED.signature_id);
    if over {
        return Severity::High;
    }
    facts
        .boundary
        .and_then(|boundary| boundary.severity)
        .unwrap_or_else(|| {
            let highest = facts.orig.zone.classification.max(facts.resp.zone.classification);
            if highest == Some(3) {
                Severity::High
            } else {
                Severity::Medium
            }
        })
}

fn title(facts: &Facts<'_>) -> Text {
    match of_boundary(facts, |boundary| &boundary.title) {
        Some(title) => title.clone(),
        None => Text {
            ja: ja::title(facts),
            en: en::title(facts),
        },
    }
}

/// What is the same for every flow of a kind.
fn explanation(facts: &Facts<'_>) -> Explanation {
    Explanation {
        expected: Text {
            ja: ja::expected(facts),
            en: en::expected(facts),
        },
        nearest_path: match (&facts.failed, &facts.nearest) {
            (Some(failed), _) => failed.path.id.to_string(),
            (None, Some(nearest)) => nearest.path.id.to_string(),
            (None, None) => String::new(),
        },
        differs: differs(facts),
        ..Explanation::default()
    }
}

fn differs(facts: &Facts<'_>) -> Vec<String> {
    let words = |word: &'static str| word.to_owned();
    match &facts.failed {
        Some(failed) => vec![words(failed.word())],
        None => {
            let nearest = facts.nearest.iter().flat_map(|nearest| &nearest.differs);
            nearest.map(|difference| words(difference.word())).collect()
        }
    }
}

/// `2026-11-04 (Wed) 10:00` on the clocks of the policy, with the names of the days from Monday on.
fn moment(policy: &Policy, at: Timestamp, days: [&str; 7]) -> String {
    let local = policy.calendar.local(at);
    let day = days.get(usize::from(local.day.weekday())).unwrap_or(&"");
    let (hour, minute) = (local.minute.div_euclid(60), local.minute.rem_euclid(60));
    format!("{} ({day}) {hour:02}:{minute:02}", local.day)
}

/// A text of the boundary, where there is one and it has words.
///
/// A boundary names what no path allows. Where one would but for a condition, the condition is named.
fn of_boundary<'a>(facts: &Facts<'a>, text: fn(&Boundary) -> &Text) -> Option<&'a Text> {
    let boundary = facts.boundary.filter(|_| facts.failed.is_none());
    boundary.map(text).filter(|text| !text.ja.is_empty())
}
