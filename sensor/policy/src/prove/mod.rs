//! What a policy says about every flow there can be: proofs, counter-examples, differences.
//!
//! A proof is complete over places (every zone and every host that an entry names), protocol,
//! responder's port, direction, time, application protocol, tunnel and MAC address. Each of them is
//! cut into the few sets that the policy tells apart, an entry is a union of boxes over these sets,
//! and questions about entries become questions about boxes. What is said of a single flow in a
//! proof was put to [`Policy::judge`](crate::Policy::judge) before it is said.
//!
//! Not regarded: errors of ICMP about an allowed flow, which are allowed with it, and flows whose
//! ports could not be read.

mod ask;
mod bits;
mod claims;
mod clock;
mod diff;
mod entries;
mod example;
mod index;
mod model;
#[cfg(test)]
mod oracle;
mod region;
#[cfg(test)]
mod sample;
mod space;
mod statement;
mod words;

use std::sync::Arc;

use sekisho_model::{Text, Timestamp};

use crate::Policy;
use entries::Entries;
use index::Index;
use model::Model;
use region::{Budget, Exhausted};

pub use diff::{Difference, DifferenceLine, diff};
pub use example::Example;
pub use statement::{Answer, Outcome};
pub use words::Flows;

pub(crate) use statement::{Crossing, Statement};

/// Steps that all answers of one proof may take together.
const STEPS: u64 = 40_000_000;

/// What is true of a policy from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The instant.
    pub at: Timestamp,
    /// Entries that were looked at.
    pub entries: usize,
    /// What is wrong with them, in the order in which they are asked.
    pub remarks: Vec<Remark>,
    /// What the policy's statements come to, in the order of the files.
    pub answers: Vec<Answer>,
    /// Whether all of it was decided.
    pub complete: bool,
}

/// What is wrong with a path or an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Of what kind it is.
    pub kind: RemarkKind,
    /// The path or exception.
    pub entry: Arc<str>,
    /// The entries that it is about too.
    pub others: Vec<Arc<str>>,
    /// The remark in a sentence.
    pub text: Text,
    /// A flow that shows it.
    pub example: Option<Example>,
}

/// Kinds of remarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemarkKind {
    /// Entries that are asked first allow all of it.
    Shadowed,
    /// Entries that are asked first allow a part of it.
    PartlyShadowed,
    /// Removing it changes no verdict.
    Redundant,
    /// No flow can use it.
    Unreachable,
    /// Another entry allows what it forbids, or has another owner.
    Conflicting,
    /// An exception that lasts longer than its reason.
    Outlives,
    /// An exception for what a path allows.
    Needless,
    /// Too much work to decide.
    Undecided,
}

impl RemarkKind {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shadowed => "shadowed",
            Self::PartlyShadowed => "partly-shadowed",
            Self::Redundant => "redundant",
            Self::Unreachable => "unreachable",
            Self::Conflicting => "conflicting",
            Self::Outlives => "outlives-reason",
            Self::Needless => "needless",
            Self::Undecided => "undecided",
        }
    }
}

impl RemarkKind {
    /// Whether an entry with this remark decides nothing.
    const fn is_idle(self) -> bool {
        matches!(
            self,
            Self::Shadowed | Self::Redundant | Self::Unreachable | Self::Needless
        )
    }
}

impl Policy {
    /// Proves what can be proved of the policy, for every flow from `at` on.
    #[must_use]
    pub fn prove(&self, at: Timestamp) -> Proof {
        let mut proof = Proof {
            at,
            entries: 0,
            remarks: Vec::new(),
            answers: Vec::new(),
            complete: true,
        };
        if self.try_prove(at, &mut proof).is_err() {
            proof.complete = false;
            proof.answers = self
                .statements
                .iter()
                .map(|statement| answer(statement, Outcome::Undecided))
                .collect();
        }
        let open = |answer: &Answer| answer.outcome == Outcome::Undecided;
        let undecided = |remark: &Remark| remark.kind == RemarkKind::Undecided;
        proof.complete &= !proof.answers.iter().any(open) && !proof.remarks.iter().any(undecided);
        proof
    }

    fn try_prove(&self, at: Timestamp, proof: &mut Proof) -> Result<(), Exhausted> {
        let model = Model::new([self], at)?;
        let claims = model.claims(0)?;
        proof.entries = claims.entries.len();
        let mut budget = Budget::new(STEPS);
        let cubes = claims.entries.iter().enumerate();
        let cubes = cubes.flat_map(|(number, claim)| claim.region.0.iter().map(move |cube| (number, cube)));
        let index = Index::new(model.spots.len(), cubes);
        for statement in &self.statements {
            let outcome = statement::answer(&model, &claims, &index, statement, &mut budget);
            proof.answers.push(answer(statement, outcome));
        }
        proof.remarks = Entries::new(&model, &claims, self, at).remarks(&mut budget);
        Ok(())
    }
}

fn answer(statement: &Statement, outcome: Outcome) -> Answer {
    Answer {
        id: Arc::clone(&statement.id),
        text: statement.text.clone(),
        outcome,
    }
}
