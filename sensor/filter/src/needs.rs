//! What a field must be for an expression to be true, where the expression says so: a few words or
//! numbers, so that rows with other values need not be asked.

use sekisho_model::fields::Field;

use crate::evaluate::{Set, Test, TextTest};
use crate::spans::Spans;

/// Values of which a field must have one.
#[derive(Debug, Clone)]
pub(crate) enum Needs {
    Words(Vec<Box<str>>),
    Numbers(Spans<u64>),
}

impl Needs {
    /// How many values there are; ranges by their lengths.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Words(words) => u64::try_from(words.len()).unwrap_or(u64::MAX),
            Self::Numbers(spans) => spans.iter().fold(0, |sum: u64, (low, high)| {
                sum.saturating_add(high.saturating_sub(*low)).saturating_add(1)
            }),
        }
    }

    fn union(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Words(mut words), Self::Words(more)) => {
                words.extend(more);
                Some(Self::Words(words))
            }
            (Self::Numbers(spans), Self::Numbers(more)) => Some(Self::Numbers(spans.union(more))),
            _ => None,
        }
    }
}

/// What a field must be; nothing where the test may be true of any value, or of none.
pub(crate) fn of(test: &Test, field: &'static Field) -> Option<Needs> {
    match test {
        Test::All(tests) => tests
            .iter()
            .filter_map(|test| of(test, field))
            .min_by_key(Needs::count),
        Test::Any(tests) => {
            let mut all = tests.iter().map(|test| of(test, field));
            let first = all.next()??;
            all.try_fold(first, |sum, next| sum.union(next?))
        }
        // What makes the inner test false is rarely a few values.
        Test::Not(_) => None,
        Test::Compare(comparison) => {
            if !std::ptr::eq(comparison.field, field) || comparison.negated || field.several {
                return None;
            }
            match &comparison.set {
                Set::Text(TextTest::Among(words)) => {
                    Some(Needs::Words(words.iter().map(Box::from).collect()))
                }
                Set::Number(spans) => Some(Needs::Numbers(spans.clone())),
                _ => None,
            }
        }
    }
}
