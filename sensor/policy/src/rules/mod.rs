//! `[[rule]]`: expressions over the fields of a flow, each with its reason, beside the paths.
//!
//! A rule is asked when a record of a flow is written: then all that an expression can ask about is
//! known. A flow that goes on is written again, and the rule is asked again; the alerts of one rule
//! between the same two ends are folded into one. Rules say nothing of the verdict: a flow that a
//! path allows may meet a rule, and one that is denied too.
//!
//! A thousand rules do not cost a thousand questions: [`FilterSet`] asks those alone that wait
//! under the service, port, zones or another value of the flow.

mod compile;
mod fold;
mod names;
mod numbers;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_filter::{Filter, FilterSet, Row};
use sekisho_model::fields::{Field, Value};
use sekisho_model::{Category, FlowRecord, Severity, Text};

use crate::{Mode, Policy, Violation};

pub use fold::FoldBy;
pub use names::Names;

pub(crate) use compile::compile;
pub(crate) use names::TEST_ZONES;

/// Rules of a policy at most.
pub const MAX_RULES: usize = 10_000;

/// Patterns of `matches` in all rules of a policy at most; each may take a mebibyte.
pub const MAX_PATTERNS: usize = 256;

/// Numbers of rules, `alert.signature_id`.
pub const NUMBERS: std::ops::RangeInclusive<u32> = 3_000_000..=3_999_999;

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    id: Arc<str>,
    number: u32,
    title: Text,
    severity: Severity,
    /// Severities that count where an expression holds; the first that does.
    severity_by: Vec<(Filter, Severity)>,
    fold: FoldBy,
    category: Category,
    clause: Arc<str>,
    attack: Vec<Arc<str>>,
    when: Filter,
    except: Option<Filter>,
    why: Text,
    legitimate: Text,
    first_step: Text,
    source: Arc<str>,
    version: Arc<str>,
    /// Lists without whose values it is not asked, in which none is.
    empty: Vec<Arc<str>>,
    enabled: bool,
    of_catalogue: bool,
}

impl Rule {
    /// Its stable text id.
    #[must_use]
    pub const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Its number in alerts.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// One line; the id where it has no title.
    #[must_use]
    pub const fn title(&self) -> &Text {
        &self.title
    }

    /// How urgent where nothing of the flow says otherwise; medium where it does not say.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// How urgent a flow that meets it is: the first of `severity_by` that holds, else
    /// [`Rule::severity`].
    #[must_use]
    pub fn severity_of(&self, record: &FlowRecord) -> Severity {
        self.severity_of_row(record)
    }

    pub(crate) fn severity_of_row(&self, row: &dyn Row) -> Severity {
        let first = self.severity_by.iter().find(|(when, _)| when.matches(row));
        first.map_or(self.severity, |(_, severity)| *severity)
    }

    /// Which flows that meet it are one alert.
    #[must_use]
    pub const fn fold(&self) -> FoldBy {
        self.fold
    }

    /// What it looks like where it is right; empty where it does not say.
    #[must_use]
    pub const fn legitimate(&self) -> &Text {
        &self.legitimate
    }

    /// Where what it says comes from; empty where it does not say.
    #[must_use]
    pub const fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Its own version; empty where it has none.
    #[must_use]
    pub const fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// The lists that it needs and that hold no value, so that it is not asked.
    #[must_use]
    pub fn empty_lists(&self) -> &[Arc<str>] {
        &self.empty
    }

    /// What kind; a violation of the policy where it does not say.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.category
    }

    /// Clause of the written policy; empty where none is named.
    #[must_use]
    pub const fn clause(&self) -> &Arc<str> {
        &self.clause
    }

    /// Whether it is asked at all: it is not disabled, and every list that it needs has a value.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled && self.empty.is_empty()
    }

    /// The expression that a flow has to meet.
    #[must_use]
    pub const fn when(&self) -> &Filter {
        &self.when
    }

    /// The expression of flows that meet it and are meant to.
    #[must_use]
    pub const fn except(&self) -> Option<&Filter> {
        self.except.as_ref()
    }

    /// The techniques of MITRE ATT&CK.
    #[must_use]
    pub fn attack(&self) -> &[Arc<str>] {
        &self.attack
    }

    /// The reason; empty where it does not say.
    #[must_use]
    pub const fn why(&self) -> &Text {
        &self.why
    }

    /// How many patterns its expressions have.
    #[must_use]
    pub fn patterns(&self) -> usize {
        let by = self.severity_by.iter().map(|(when, _)| when);
        let all = std::iter::once(&self.when).chain(&self.except).chain(by);
        all.map(Filter::patterns).fold(0, usize::saturating_add)
    }

    /// Whether a catalogue that the policy stands on declares it, and not the policy itself. Such a rule
    /// raises alerts also while the policy only learns.
    #[must_use]
    pub const fn is_of_catalogue(&self) -> bool {
        self.of_catalogue
    }

    /// Whether a flow meets it: `when` is true and `except` is not.
    #[must_use]
    pub fn is_met_by(&self, record: &FlowRecord) -> bool {
        self.is_met_by_row(record)
    }

    pub(crate) fn is_met_by_row(&self, row: &dyn Row) -> bool {
        self.when.matches(row) && !self.is_excepted(row)
    }

    /// What the alert about a flow that meets it says, with the values that the rule looked at.
    #[must_use]
    pub fn violation(&self, policy: &Policy, record: &FlowRecord) -> Violation {
        Violation {
            title: self.title.clone(),
            explanation: words::explanation(policy, self, record),
            ..self.bare(record)
        }
    }

    /// The same without title and explanation, where nobody reads them.
    #[must_use]
    pub fn bare(&self, record: &FlowRecord) -> Violation {
        Violation {
            rule: Arc::clone(&self.id),
            signature_id: self.number,
            title: Text::default(),
            severity: self.severity_of(record),
            clause: Arc::clone(&self.clause),
            attack: self.attack.clone(),
            explanation: sekisho_model::Explanation::default(),
        }
    }

    /// The service that a flow is for, where the rule knows it by a list of suffixes: the suffix, in small
    /// letters.
    #[must_use]
    pub fn service_of(&self, record: &FlowRecord) -> Option<Box<str>> {
        let lists = self.when.lists();
        lists.into_iter().find_map(|(field, list)| {
            let Value::Text(text) = record.value(field) else {
                return None;
            };
            let suffix = names_of(field, &text).find_map(|name| list.suffix_of(name));
            Some(suffix?.to_lowercase().into())
        })
    }

    fn is_excepted(&self, row: &dyn Row) -> bool {
        self.except.as_ref().is_some_and(|except| except.matches(row))
    }
}

/// The names in the value of a field, of which some hold several.
pub(crate) fn names_of<'t>(field: &Field, text: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(|c| field.several && c == ' ')
}

/// The rules of a policy.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// In the order of the files.
    all: Vec<Rule>,
    /// Positions in `all`.
    by_id: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
    /// `when` of those that are enabled.
    set: FilterSet,
    /// Position in `all` of each of the set.
    enabled: Vec<usize>,
}

impl Rules {
    /// The rule of a number of the set.
    fn asked(&self, number: u32) -> Option<&Rule> {
        let at = self.enabled.get(usize::try_from(number).ok()?)?;
        self.all.get(*at)
    }

    fn new(all: Vec<Rule>) -> Self {
        let enabled: Vec<usize> = (0..)
            .zip(&all)
            .filter(|(_, rule)| rule.is_enabled())
            .map(|(at, _)| at)
            .collect();
        let whens = enabled
            .iter()
            .filter_map(|at| all.get(*at))
            .map(|rule| rule.when.clone());
        Self {
            by_id: (0..)
                .zip(&all)
                .map(|(at, rule)| (Arc::clone(&rule.id), at))
                .collect(),
            set: FilterSet::new(whens.collect()),
            enabled,
            all,
        }
    }
}

impl Policy {
    /// The rules, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.declared_rules.all
    }

    /// The rule of an id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules().get(*self.declared_rules.by_id.get(id)?)
    }

    /// Whether a rule raises alerts: one of the policy itself does not while the policy only learns.
    #[must_use]
    pub fn raises(&self, rule: &Rule) -> bool {
        self.mode() == Mode::Enforce || rule.of_catalogue
    }

    /// The rules that a record meets, in the order of the files. Zones and verdict are taken as
    /// they stand in the record, so it has to be judged before.
    ///
    /// The mode of the policy does not matter here; [`Policy::raises`] says whether a rule raises alerts.
    pub fn rules_matching(&self, record: &FlowRecord) -> impl Iterator<Item = &Rule> {
        self.rules_met_by(record)
    }

    /// The same, with a list that the caller uses again for each record.
    pub fn rules_matching_with(
        &self,
        record: &FlowRecord,
        asked: &mut Vec<u32>,
    ) -> impl Iterator<Item = &Rule> {
        let rules = &self.declared_rules;
        rules.set.matching_into(record, asked);
        let met = asked.iter().filter_map(|number| rules.asked(*number));
        met.filter(|rule| !rule.is_excepted(record))
    }

    pub(crate) fn rules_met_by(&self, row: &dyn Row) -> impl Iterator<Item = &Rule> + use<'_> {
        let rules = &self.declared_rules;
        let mut found = rules.set.matching(row);
        found.retain(|number| rules.asked(*number).is_some_and(|rule| !rule.is_excepted(row)));
        found.into_iter().filter_map(|number| rules.asked(number))
    }

    /// What expressions may name: the policy's lists, zones, groups and windows.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.zones, &self.groups, &self.lists, &self.calendar)
    }
}

#[cfg(test)]
mod tests;
