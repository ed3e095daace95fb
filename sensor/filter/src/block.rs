//! Judging a block of rows by what is known of its columns, without reading the rows.
//!
//! A test is true or false of every row: a row without a value makes a comparison false, and `not`
//! turns that round. So a block answers [`Matches::Never`], [`Matches::Always`], or
//! [`Matches::Mixed`] where what is known does not decide it.

use std::net::IpAddr;

use sekisho_model::Timestamp;
use sekisho_model::fields::{Field, Value, find};

use crate::evaluate::{Comparison, Set, Test, TextTest};
use crate::spans::{Spans, Within};
use crate::wordset::Words;

/// How many rows of a block an expression is true of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matches {
    /// None.
    Never,
    /// All.
    Always,
    /// Some, none or all: the rows have to be asked.
    Mixed,
}

impl Matches {
    const fn turned(self) -> Self {
        match self {
            Self::Never => Self::Always,
            Self::Always => Self::Never,
            Self::Mixed => Self::Mixed,
        }
    }
}

/// What is known of a block of rows.
pub trait Block {
    /// What the footer of the block says of a column; cheap.
    fn column(&self, field: &'static Field) -> Known<'_>;

    /// Shows every value that a column of the block has, each at least once, and says whether it
    /// could. May read a little.
    fn distinct(&self, field: &'static Field, see: &mut dyn FnMut(&Value<'_>)) -> bool;
}

/// What is known of a column of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Known<'a> {
    /// Rows without a value.
    pub absent: Absent,
    /// No value is less than the first or greater than the second: numbers, times, seconds and
    /// addresses by their order, words by that of their octets.
    pub bounds: Option<(Value<'a>, Value<'a>)>,
}

impl Known<'_> {
    /// Nothing is known.
    pub const NOTHING: Self = Known {
        absent: Absent::Unknown,
        bounds: None,
    };
}

/// How many rows of a block have no value in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Every row has one.
    None,
    /// Some rows have none.
    Some,
    /// No row has one.
    All,
    /// Not known.
    Unknown,
}

/// Judges a block, first by what costs nothing.
pub(crate) fn judge(test: &Test, block: &dyn Block) -> Matches {
    match by_depth(test, block, false) {
        Matches::Mixed => by_depth(test, block, true),
        decided => decided,
    }
}

fn by_depth(test: &Test, block: &dyn Block, deep: bool) -> Matches {
    match test {
        Test::Any(tests) => joined(tests, block, deep, Matches::Always),
        Test::All(tests) => joined(tests, block, deep, Matches::Never),
        Test::Not(test) => by_depth(test, block, deep).turned(),
        Test::Compare(comparison) => compared(comparison, block, deep),
    }
}

/// One `decisive` part decides; only all others alike decide the other way.
fn joined(tests: &[Test], block: &dyn Block, deep: bool, decisive: Matches) -> Matches {
    let mut all = decisive.turned();
    for test in tests {
        match by_depth(test, block, deep) {
            found if found == decisive => return decisive,
            Matches::Mixed => all = Matches::Mixed,
            _ => {}
        }
    }
    all
}

fn compared(comparison: &Comparison, block: &dyn Block, deep: bool) -> Matches {
    let known = block.column(comparison.field);
    if known.absent == Absent::All {
        return Matches::Never;
    }
    let mut within = known
        .bounds
        .as_ref()
        // Bounds are those of all words of a row together.
        .filter(|_| !comparison.field.several)
        .map_or(Within::Some, |bounds| by_bounds(&comparison.set, bounds));
    if within == Within::Some && deep {
        within = by_values(comparison, block);
    }
    let found = match within {
        Within::None => Matches::Never,
        Within::All => Matches::Always,
        Within::Some => Matches::Mixed,
    };
    let found = if comparison.negated { found.turned() } else { found };
    // A row without a value is never accepted.
    if found == Matches::Always && known.absent != Absent::None {
        return Matches::Mixed;
    }
    found
}

/// How many of the values between two bounds are in a set.
fn by_bounds(set: &Set, bounds: &(Value<'_>, Value<'_>)) -> Within {
    match (set, bounds) {
        (Set::Number(spans), (Value::Number(low), Value::Number(high))) => spans.of(*low, *high),
        (Set::Time(spans), (Value::Time(low), Value::Time(high))) => spans.of(low.nanos(), high.nanos()),
        (Set::Seconds(spans), (Value::Seconds(low), Value::Seconds(high)))
            if low.is_finite() && high.is_finite() =>
        {
            spans.of(*low, *high)
        }
        (Set::Address(spans), (Value::Address(low), Value::Address(high))) => spans.of(*low, *high),
        (Set::Address(spans), (Value::Text(low), Value::Text(high))) => addresses_as_text(spans, low, high),
        (Set::Text(test), (Value::Text(low), Value::Text(high))) => words(test, low, high),
        _ => Within::Some,
    }
}

/// Addresses that are kept as text lie in the order of the text, which places single ones alone.
fn addresses_as_text(spans: &Spans<IpAddr>, low: &str, high: &str) -> Within {
    let outside = spans.iter().all(|(first, last)| {
        first == last && {
            let text = first.to_string();
            *text < *low || *text > *high
        }
    });
    match (outside, low == high) {
        (true, _) => Within::None,
        (false, true) => match low.parse() {
            Ok(address) => spans.of(address, address),
            Err(_) => Within::Some,
        },
        (false, false) => Within::Some,
    }
}

fn words(test: &TextTest, low: &str, high: &str) -> Within {
    if low == high {
        return if test.is_true_of(low) {
            Within::All
        } else {
            Within::None
        };
    }
    match test {
        TextTest::Among(words) if lie_outside(words, low, high) => Within::None,
        _ => Within::Some,
    }
}

/// A word of a record may be written in any case: between its capitals and its small letters.
fn lie_outside(words: &Words, low: &str, high: &str) -> bool {
    words.iter().all(|word| {
        word.is_ascii() && (*word.to_ascii_lowercase() < *low || *word.to_ascii_uppercase() > *high)
    })
}

fn by_values(comparison: &Comparison, block: &dyn Block) -> Within {
    // Terms end once: what is in a list at the last instant was in it before, and what is not in
    // it at the first never is.
    let (first, last) = match &comparison.set {
        Set::Listed(list) if list.expires() => match starts(block) {
            Some(range) => range,
            None => return Within::Some,
        },
        _ => (Timestamp::MIN, Timestamp::MIN),
    };
    let bare = Comparison {
        negated: false,
        ..comparison.clone()
    };
    let (mut all, mut none) = (true, true);
    let complete = block.distinct(comparison.field, &mut |value| {
        all = all && bare.accepts(value, || last);
        none = none && !bare.accepts(value, || first);
    });
    match (complete, all, none) {
        (false, ..) | (true, false, false) => Within::Some,
        (true, _, true) => Within::None,
        (true, true, false) => Within::All,
    }
}

fn starts(block: &dyn Block) -> Option<(Timestamp, Timestamp)> {
    let known = block.column(find("start")?);
    match known.bounds? {
        (Value::Time(first), Value::Time(last)) if known.absent == Absent::None => Some((first, last)),
        _ => None,
    }
}
