//! What a row must have for an expression to be true of it, where the expression says so: one of some
//! values, so that rows without them need not be asked.

use sekisho_model::fields::Field;

use crate::evaluate::{Comparison, Set, Test, TextTest};
use crate::list::Keys;
use crate::spans::Spans;

/// Values of a field, of which a row has one.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    Words(Vec<Box<str>>),
    /// Names that end in one of these suffixes, at whole labels.
    Suffixes(Vec<Box<str>>),
    Numbers(Spans<u64>),
    /// Any.
    Any,
}

impl Values {
    /// How many values there are; ranges by their lengths.
    fn count(&self) -> u64 {
        match self {
            Self::Words(words) | Self::Suffixes(words) => u64::try_from(words.len()).unwrap_or(u64::MAX),
            Self::Numbers(spans) => spans.iter().fold(0, |sum: u64, (low, high)| {
                sum.saturating_add(high.saturating_sub(*low)).saturating_add(1)
            }),
            Self::Any => 1,
        }
    }
}

/// What a row must have: one of these. Without any, the expression is true of no row.
#[derive(Clone, Default)]
pub(crate) struct Needs {
    /// The fields with their values.
    pub(crate) any_of: Vec<(&'static Field, Values)>,
    /// How many rows have it, about: the higher, the more.
    rank: usize,
    count: u64,
}

impl Needs {
    fn of(field: &'static Field, values: Values, rank: usize) -> Self {
        Self {
            count: values.count(),
            any_of: vec![(field, values)],
            rank,
        }
    }

    fn or(mut self, other: Self) -> Self {
        self.any_of.extend(other.any_of);
        self.rank = self.rank.max(other.rank);
        self.count = self.count.saturating_add(other.count);
        self
    }
}

/// How the fields of a set of expressions are ranked.
pub(crate) struct Ranks<'a> {
    /// Fields by which expressions may be found, those first whose values tell most rows apart.
    pub(crate) fields: &'a [&'static str],
    /// How many of the first are absent from most rows, so that any value tells much.
    pub(crate) rare: usize,
    /// Values of one comparison at most.
    pub(crate) values: u64,
}

impl Ranks<'_> {
    fn of(&self, field: &'static Field) -> Option<usize> {
        self.fields.iter().position(|name| *name == field.name)
    }

    /// What a row must have; nothing where the test may be true of any row.
    pub(crate) fn needs(&self, test: &Test) -> Option<Needs> {
        match test {
            Test::All(tests) => tests
                .iter()
                .filter_map(|test| self.needs(test))
                .min_by_key(|needs| (needs.rank, needs.count)),
            Test::Any(tests) => tests
                .iter()
                .try_fold(Needs::default(), |sum, test| Some(sum.or(self.needs(test)?))),
            // What makes the inner test false is rarely a few values.
            Test::Not(_) => None,
            Test::Compare(comparison) => self.of_comparison(comparison),
        }
    }

    fn of_comparison(&self, comparison: &Comparison) -> Option<Needs> {
        let field = comparison.field;
        let values = match &comparison.set {
            // A list that is empty holds nothing, whatever is asked for.
            Set::Listed(list) if !comparison.negated && list.is_empty() => return Some(Needs::default()),
            _ if comparison.negated => Values::Any,
            Set::Text(TextTest::Among(words)) => Values::Words(words.iter().map(Box::from).collect()),
            Set::Number(spans) => Values::Numbers(spans.clone()),
            Set::Listed(list) => match list.keys() {
                Keys::Words(words) => Values::Words(words),
                Keys::Suffixes(suffixes) => Values::Suffixes(suffixes),
                Keys::Numbers(spans) => Values::Numbers(Spans::new(spans)),
                Keys::Others => Values::Any,
            },
            _ => Values::Any,
        };
        let rank = self.of(field)?;
        let values = if values.count() > self.values {
            Values::Any
        } else {
            values
        };
        // Of the values themselves before any value.
        match values {
            Values::Any if rank < self.rare => Some(Needs::of(field, values, self.rare.saturating_add(rank))),
            Values::Any => None,
            _ if rank < self.rare => Some(Needs::of(field, values, rank)),
            _ => Some(Needs::of(field, values, self.rare.saturating_add(rank))),
        }
    }
}
