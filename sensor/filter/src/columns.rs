//! Asking whole columns: each comparison runs down its column once, over the rows that are still
//! in question.

use std::borrow::Cow;
use std::net::IpAddr;

use sekisho_model::Timestamp;
use sekisho_model::fields::{Field, FieldKind, Value, find};

use crate::evaluate::{Comparison, Set, Test};

/// A block of rows by columns.
pub trait Columns {
    /// How many rows there are.
    fn rows(&self) -> usize;

    /// The values of a field of [`sekisho_model::fields::FIELDS`], in the order of the rows.
    fn column(&self, field: &'static Field) -> Column<'_>;
}

/// The values of one column; nothing where a row has none.
pub enum Column<'a> {
    /// Numbers as their bits, times as nanoseconds.
    Integers(&'a [Option<i64>]),
    /// Lengths of time.
    Seconds(&'a [Option<f64>]),
    /// Addresses.
    Addresses(&'a [Option<IpAddr>]),
    /// Words by row.
    Words(&'a dyn Words),
    /// No row has a value.
    Missing,
}

/// A column of words.
pub trait Words {
    /// The word of a row.
    fn word(&self, row: usize) -> Option<&str>;
}

/// Which rows a test is true of.
pub(crate) fn select(test: &Test, columns: &dyn Columns) -> Vec<bool> {
    let mut rows = vec![true; columns.rows()];
    narrow(test, columns, &mut rows);
    rows
}

/// Takes out the rows of which a test is not true.
fn narrow(test: &Test, columns: &dyn Columns, rows: &mut [bool]) {
    match test {
        Test::All(tests) => {
            for test in tests {
                if !rows.contains(&true) {
                    return;
                }
                narrow(test, columns, rows);
            }
        }
        Test::Any(tests) => {
            let mut left = rows.to_vec();
            for test in tests {
                if !left.contains(&true) {
                    break;
                }
                let mut found = left.clone();
                narrow(test, columns, &mut found);
                take_out(&mut left, &found);
            }
            take_out(rows, &left);
        }
        Test::Not(test) => {
            let mut found = rows.to_vec();
            narrow(test, columns, &mut found);
            take_out(rows, &found);
        }
        Test::Compare(comparison) => compare(comparison, columns, rows),
    }
}

fn take_out(rows: &mut [bool], found: &[bool]) {
    for (row, found) in rows.iter_mut().zip(found) {
        *row &= !found;
    }
}

fn compare(comparison: &Comparison, columns: &dyn Columns, rows: &mut [bool]) {
    let negated = comparison.negated;
    match (&comparison.set, columns.column(comparison.field)) {
        (Set::Number(spans), Column::Integers(values)) => keep(rows, values, |value| {
            spans.contains(value.cast_unsigned()) != negated
        }),
        (Set::Time(spans), Column::Integers(values)) => {
            keep(rows, values, |value| spans.contains(value) != negated);
        }
        (Set::Seconds(spans), Column::Seconds(values)) => {
            keep(rows, values, |value| spans.contains(value) != negated);
        }
        (Set::Address(spans), Column::Addresses(values)) => {
            keep(rows, values, |value| spans.contains(value) != negated);
        }
        (Set::Text(_), Column::Words(words)) => {
            // The same word often stands in many rows after each other.
            let mut last: Option<(&str, bool)> = None;
            for (row, still) in rows.iter_mut().enumerate().filter(|(_, still)| **still) {
                *still = words.word(row).is_some_and(|word| match last {
                    Some((known, answer)) if known == word => answer,
                    _ => {
                        let answer = comparison.accepts(&Value::Text(Cow::Borrowed(word)), || Timestamp::MIN);
                        last = Some((word, answer));
                        answer
                    }
                });
            }
        }
        (Set::Listed(_) | Set::Open(_), column) => {
            let starts = find("start").map(|start| columns.column(start));
            for (row, still) in rows.iter_mut().enumerate().filter(|(_, still)| **still) {
                let at = || match starts {
                    Some(Column::Integers(starts)) => starts
                        .get(row)
                        .copied()
                        .flatten()
                        .map_or(Timestamp::MAX, Timestamp::from_nanos),
                    _ => Timestamp::MAX,
                };
                *still = value(&column, row, comparison.field.kind)
                    .is_some_and(|value| comparison.accepts(&value, at));
            }
        }
        // No values, or values of another type than the table says.
        _ => rows.fill(false),
    }
}

fn keep<T: Copy>(rows: &mut [bool], values: &[Option<T>], accepts: impl Fn(T) -> bool) {
    let mut values = values.iter();
    for still in rows {
        let value = values.next().copied().flatten();
        *still = *still && value.is_some_and(&accepts);
    }
}

fn value<'a>(column: &Column<'a>, row: usize, kind: FieldKind) -> Option<Value<'a>> {
    match column {
        Column::Integers(values) => {
            let value = values.get(row).copied().flatten()?;
            Some(match kind {
                FieldKind::Time => Value::Time(Timestamp::from_nanos(value)),
                _ => Value::Number(value.cast_unsigned()),
            })
        }
        Column::Seconds(values) => values.get(row).copied().flatten().map(Value::Seconds),
        Column::Addresses(values) => values.get(row).copied().flatten().map(Value::Address),
        Column::Words(words) => words.word(row).map(|word| Value::Text(Cow::Borrowed(word))),
        Column::Missing => None,
    }
}
