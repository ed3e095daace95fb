//! Rules of Sigma for the network's log sources, as rules of the policy language.
//!
//! Sigma writes what is to be found in logs. What stands in the logs of firewalls, name servers,
//! proxies and of Zeek is to a large part what a flow record holds: such rules become `[[rule]]`s over
//! the field table, and of every other one the report says which line keeps it from mapping. Nothing is
//! weakened to make it fit: where one part of a rule that its condition asks for does not map, the rule
//! does not.
//!
//! A log has a line for each request, a flow record the first name, agent and certificate of its flow. A
//! rule that joins two fields of a line asks both of the flow.
//!
//! Source: Sigma specification 2.0.0 (rules), 2.1.0 (modifiers, taxonomy).

mod condition;
mod detection;
mod expression;
mod fields;
mod item;
mod pattern;
mod rule;
mod sources;
mod why;
mod write;
mod yaml;

use std::collections::HashSet;

pub use detection::Remark;
pub use why::{Field, Why};
pub use write::MARK;

use crate::rules::MAX_PATTERNS;
use crate::{Policy, Source};

/// Largest file of Sigma rules that is read, in octets.
pub const MAX_FILE: usize = 1 << 20;

/// Rules of one import.
pub const MAX_RULES: usize = 5_000;

/// Rules that the policy language may refuse. A pattern that is too large takes long to be refused.
const MAX_REFUSED: usize = 100;

/// What became of one rule.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The file that it stands in.
    pub file: String,
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its title; empty where it has none.
    pub title: String,
    /// Its id here, or all that keeps it from mapping.
    pub result: Result<String, Vec<Remark>>,
    /// Parts of its exceptions that do not map and were left out, so that it is true of more flows.
    pub left_out: Vec<Remark>,
}

/// A part of a file that cannot be read.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// The line, counted from 1; 0 where it is the whole file.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// An import that is going on: files go in, one file of the policy language comes out.
#[derive(Debug)]
pub struct Import {
    outcomes: Vec<Outcome>,
    damage: Vec<Damage>,
    text: String,
    ids: HashSet<String>,
    patterns: usize,
    /// Rules that the policy language refused.
    refused: usize,
    without_filters: bool,
    /// The newest date of a rule.
    version: String,
}

impl Import {
    /// An import beside a policy that has so many patterns in its rules already.
    #[must_use]
    pub fn new(patterns: usize) -> Self {
        Self {
            outcomes: Vec::new(),
            damage: Vec::new(),
            text: String::new(),
            ids: HashSet::new(),
            patterns,
            refused: 0,
            without_filters: false,
            version: String::new(),
        }
    }

    /// From now on, takes rules of which exceptions alone do not map, without these.
    pub const fn leave_filters_out(&mut self) {
        self.without_filters = true;
    }

    /// What became of every rule, in the order of the files.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What could not be read.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// How many rules were imported.
    #[must_use]
    pub fn imported(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.result.is_ok())
            .count()
    }

    /// A file that could not be read at all.
    pub fn unreadable(&mut self, file: &str, what: impl Into<String>) {
        self.damage.push(Damage {
            file: file.to_owned(),
            line: 0,
            what: what.into(),
        });
    }

    /// Takes the rules of a file.
    pub fn read(&mut self, file: &str, text: &[u8]) {
        if text.len() > MAX_FILE {
            return self.unreadable(file, format!("more than {MAX_FILE} octets"));
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return self.unreadable(file, "not UTF-8");
        };
        for document in yaml::documents(text) {
            match document {
                Ok(document) => self.document(file, &document),
                Err(damage) => self.damage.push(Damage {
                    file: file.to_owned(),
                    line: damage.line,
                    what: damage.what,
                }),
            }
        }
    }

    fn document(&mut self, file: &str, document: &yaml::Node) {
        let (result, left_out) = match self.rule(file, document) {
            Ok(rule) => (Ok(rule.id), rule.left_out),
            Err(remarks) => (Err(remarks), Vec::new()),
        };
        self.outcomes.push(Outcome {
            file: file.to_owned(),
            line: document.line,
            title: rule::title(document),
            result,
            left_out,
        });
    }

    fn rule(&mut self, file: &str, document: &yaml::Node) -> Result<rule::Rule, Vec<Remark>> {
        let line = document.line;
        let wrong = |why| Err(vec![Remark { line, why }]);
        if self.ids.len() >= MAX_RULES {
            return wrong(Why::Limit(format!("{MAX_RULES} rules")));
        }
        let rule = rule::translate(document, self.without_filters)?;
        if self.ids.contains(&rule.id) {
            return wrong(Why::Twice(rule.id));
        }
        let text = write::rule(&rule, &format!("{file}:{line}"));
        if self.refused >= MAX_REFUSED {
            return wrong(Why::Limit(format!(
                "{MAX_REFUSED} rules that the policy language refuses"
            )));
        }
        let patterns = match compiled(&text) {
            Ok(patterns) => patterns,
            Err(what) => {
                self.refused = self.refused.saturating_add(1);
                return wrong(Why::Refused(what));
            }
        };
        let all = self.patterns.saturating_add(patterns);
        if all > MAX_PATTERNS {
            return wrong(Why::Limit(format!(
                "{MAX_PATTERNS} patterns in all rules of a policy"
            )));
        }
        self.patterns = all;
        if rule.version > self.version {
            self.version.clone_from(&rule.version);
        }
        self.text.push_str(&text);
        self.ids.insert(rule.id.clone());
        Ok(rule)
    }

    /// The file. `alone` makes it a catalogue by itself, in place of a part of a policy.
    #[must_use]
    pub fn text(&self, alone: bool) -> String {
        let version = if self.version.is_empty() {
            "1"
        } else {
            &self.version
        };
        let head = write::head(alone.then_some(version));
        format!("{head}{}", self.text)
    }
}

/// Patterns of the rules of a policy.
#[must_use]
pub fn patterns(policy: &Policy) -> usize {
    policy.rules().iter().map(crate::rules::Rule::patterns).sum()
}

/// Compiles a rule by itself: how many patterns it has, or why it is refused.
fn compiled(text: &str) -> Result<usize, String> {
    let source = Source {
        name: "sigma.toml".to_owned(),
        text: format!("{}{text}", write::head(Some("1"))).into_bytes(),
    };
    match Policy::compile(&[source]) {
        Ok(policy) => Ok(patterns(&policy)),
        Err(errors) => Err(errors
            .reports()
            .next()
            .map(ToString::to_string)
            .unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
