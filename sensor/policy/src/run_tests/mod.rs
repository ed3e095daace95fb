//! The tests that a policy carries: flows, and what is expected of them.
//!
//! A test's flow is judged as a record of it would be: by paths and exceptions, then by the rules.
//! What a test does not say of a flow is not known of it, but for the time, which is then ten in the
//! morning of a working day ([`DEFAULT_TIME`]).

mod flow;
mod result;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sekisho_model::Verdict;

use crate::file::Place;
use crate::parse::TestDecl;
use crate::{Judgement, Policy};

pub use flow::DEFAULT_TIME;
use flow::Flow;
pub use result::{Declaration, DeclarationKind, TestPlace, TestResult, TestRun};

impl Policy {
    /// Runs every test of the policy: `[[test]]` and those of paths, exceptions and rules.
    ///
    /// A test of a path or an exception expects that it is this one which allows; a test of a rule,
    /// that this one is met, even where it is not enabled.
    #[must_use]
    pub fn run_tests(&self) -> TestRun {
        let declarations = self.testable();
        let by_id: HashMap<&str, &Declaration> = declarations
            .iter()
            .map(|found| (found.id.as_str(), found))
            .collect();
        let mut touched: HashSet<String> = HashSet::new();
        let mut results = Vec::new();
        for test in &self.declared().tests {
            let of = by_id.get(test.of.as_str()).copied();
            let answer = Flow::of(test, self).map(|flow| (Answer::of(self, &flow), flow));
            touched.extend(of.map(|of| of.id.clone()));
            touched.insert(test.expect.value.clone());
            results.push(match answer {
                Ok((answer, flow)) => {
                    touched.extend(answer.ids().map(str::to_owned));
                    self.result(test, of, &answer, &flow)
                }
                Err(wrong) => TestResult {
                    of: of.cloned(),
                    flow: String::new(),
                    expected: test.expect.value.clone(),
                    got: wrong,
                    detail: String::new(),
                    passed: false,
                    place: place(&test.place),
                },
            });
        }
        let count = declarations.len();
        TestRun {
            results,
            untouched: declarations
                .into_iter()
                .filter(|declaration| !touched.contains(&declaration.id))
                .collect(),
            declarations: count,
        }
    }

    fn result(
        &self,
        test: &TestDecl,
        of: Option<&Declaration>,
        answer: &Answer,
        flow: &Flow<'_>,
    ) -> TestResult {
        let mut expected = test.expect.value.clone();
        let mut got = match of {
            Some(rule) if rule.kind == DeclarationKind::Rule && is_outcome(&expected) => {
                let met = self.rule(&rule.id).is_some_and(|rule| rule.is_met_by_row(flow));
                if met { "alert" } else { "none" }.to_owned()
            }
            Some(entry) if entry.kind != DeclarationKind::Rule && expected == "allowed" => {
                match answer.verdict() {
                    Verdict::Allowed if *answer.judgement.rule == *entry.id => "allowed".to_owned(),
                    Verdict::Allowed => format!("allowed by {}", answer.judgement.rule),
                    other => other.name().to_owned(),
                }
            }
            _ => answer.outcome(&expected),
        };
        // Of a flow that does not meet the rule there is no severity to compare.
        let rule = of.and_then(|of| self.rule(&of.id)).filter(|_| got == "alert");
        if let Some((severity, rule)) = test.severity.zip(rule) {
            expected = format!("{expected} {}", severity.name());
            got = format!("{got} {}", rule.severity_of_row(flow).name());
        }
        TestResult {
            of: of.cloned(),
            flow: flow.to_string(),
            passed: got == expected,
            expected,
            got,
            detail: answer.to_string(),
            place: place(&test.place),
        }
    }

    /// Paths and exceptions, then rules.
    fn testable(&self) -> Vec<Declaration> {
        let paths = self.paths.iter().enumerate().map(|(index, path)| Declaration {
            kind: if path.exception.is_some() {
                DeclarationKind::Exception
            } else {
                DeclarationKind::Path
            },
            id: path.id.to_string(),
            place: self.marks.path(index).map_or_else(
                || TestPlace {
                    file: String::new(),
                    line: 0,
                },
                place,
            ),
        });
        let rules = self.declared().rules.iter();
        let rules = rules.filter(|rule| !rule.of_catalogue);
        let rules = rules.map(|rule| Declaration {
            kind: DeclarationKind::Rule,
            id: rule.id.value.clone(),
            place: place(&rule.place),
        });
        paths.chain(rules).collect()
    }
}

fn is_outcome(word: &str) -> bool {
    matches!(word, "alert" | "none")
}

fn place(place: &Place) -> TestPlace {
    let before = place.file.text.get(..place.span.start).unwrap_or_default();
    TestPlace {
        file: crate::error::printable_name(&place.file.name),
        line: before.matches('\n').count().saturating_add(1),
    }
}

/// What came of a flow.
struct Answer {
    judgement: Judgement,
    /// Ids of the rules that it meets.
    met: Vec<Arc<str>>,
    /// Id of the boundary that names it where it is denied.
    boundary: Option<Arc<str>>,
}

impl Answer {
    fn of(policy: &Policy, flow: &Flow<'_>) -> Self {
        Self {
            judgement: flow.judgement.clone(),
            met: policy
                .rules_met_by(flow)
                .map(|rule| Arc::clone(rule.id()))
                .collect(),
            boundary: flow.boundary(policy),
        }
    }

    const fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.judgement.rule)
            .chain(&self.met)
            .chain(&self.boundary)
            .map(|id| &**id)
    }

    /// What came out, in the kind of words in which it was expected.
    fn outcome(&self, expected: &str) -> String {
        match expected {
            "allowed" | "denied" | "unknown" => self.verdict().name().to_owned(),
            "alert" | "none" => {
                let raises = self.verdict() == Verdict::Denied || !self.met.is_empty();
                if raises { "alert" } else { "none" }.to_owned()
            }
            id if self.ids().any(|found| found == id) => id.to_owned(),
            _ => {
                let ids: Vec<&str> = self.ids().filter(|id| !id.is_empty()).collect();
                if ids.is_empty() {
                    self.verdict().name().to_owned()
                } else {
                    ids.join(", ")
                }
            }
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.verdict().name())?;
        if !self.judgement.rule.is_empty() {
            write!(f, " by {}", self.judgement.rule)?;
        }
        for (index, id) in self.met.iter().enumerate() {
            write!(f, "{}{id}", if index == 0 { "; " } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
