//! The expression language of rules, the search box and `--filter`: one grammar, one type check.
//!
//! An expression is parsed and typed once against the field table
//! ([`sekisho_model::fields::FIELDS`]), so that every mistake is found before the first record is
//! read, and asking a record is only comparing values. This crate reads no record store and keeps
//! no state.
//!
//! ```
//! use sekisho_filter::Filter;
//! use sekisho_model::FlowRecord;
//!
//! let filter = Filter::parse("resp.port in {80, 443} and not orig.address == 10.0.0.0/8")?;
//! assert!(filter.matches(&FlowRecord::example()));
//!
//! let error = Filter::parse("resp.prot == 443").unwrap_err();
//! assert_eq!(error.help.as_deref(), Some("did you mean `resp.port`?"));
//! # Ok::<(), sekisho_filter::FilterError>(())
//! ```
//!
//! ```text
//! expression  = all ("or" all)*                       also ||
//! all         = unary ("and" unary)*                  also &&
//! unary       = "not" unary | "(" expression ")" | comparison      also !
//! comparison  = field op value | field ["not"] "in" set | address | network
//! op          = == != < <= > >= contains matches
//! set         = "{" member ("," member)* "}" | member | "window(" value ")"
//! member      = value [".." value] | "@" list
//! ```
//!
//! Lists, windows and what is known of zones (`orig.zone.classification >= 2`) come from the
//! [`Environment`] that [`Filter::parse_with`] is given.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

mod ast;
mod block;
mod check;
mod closed;
mod columns;
mod complete;
mod environment;
mod error;
mod evaluate;
mod grammar;
mod lex;
mod list;
mod literal;
mod needs;
mod pattern;
mod ports;
mod set;
mod spans;
mod values;
mod words;
mod wordset;
mod zone_facts;

use sekisho_model::fields::Field;

pub use block::{Absent, Block, Known, Matches};
pub use columns::{Column, Columns, Words};
pub use complete::{Suggestion, SuggestionKind, complete, complete_with};
pub use environment::{Environment, GroupFacts, Nothing, Window, WindowError, ZoneFacts};
pub use error::FilterError;
pub use evaluate::Row;
pub use list::{List, ListKind, ListValue};
pub use set::FilterSet;

/// Most octets that an expression may have.
pub const MAX_LEN: usize = 4096;

/// Most parentheses and `not`s that may stand inside each other.
pub const MAX_DEPTH: usize = 64;

/// A parsed expression, typed against the field table.
#[derive(Clone)]
pub struct Filter {
    text: String,
    fields: Vec<&'static Field>,
    patterns: usize,
    test: evaluate::Test,
}

impl Filter {
    /// Parses and types an expression that names no list, window or fact of a zone.
    ///
    /// # Errors
    ///
    /// [`FilterError`] says where, what was found and what to write instead. Empty text is an
    /// error too: a caller without an expression has no filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, &Nothing)
    }

    /// Parses and types an expression, with what the names of a policy stand for.
    ///
    /// # Errors
    ///
    /// As of [`Filter::parse`]; also a list, zone, group or window that is not there, and a list
    /// of another kind than the field.
    pub fn parse_with(text: &str, environment: &dyn Environment) -> Result<Self, FilterError> {
        let checked = grammar::parse(text)
            .and_then(|expression| check::check(&expression, environment))
            .map_err(|fault| FilterError::new(text, fault))?;
        Ok(Self {
            text: text.to_owned(),
            fields: checked.fields,
            patterns: checked.patterns,
            test: checked.test,
        })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields that it reads, each once.
    #[must_use]
    pub fn fields(&self) -> &[&'static Field] {
        &self.fields
    }

    /// The lists that it asks, each with the field that it asks for, in the order in which they are
    /// written.
    #[must_use]
    pub fn lists(&self) -> Vec<(&'static Field, &List)> {
        self.test.lists()
    }

    /// How many patterns it has; each takes up to a mebibyte when it is compiled.
    #[must_use]
    pub const fn patterns(&self) -> usize {
        self.patterns
    }

    /// Whether the expression is true of a row.
    ///
    /// A value that the row does not have makes every comparison false, so that only `not` around
    /// the comparison is true of it.
    #[must_use]
    pub fn matches(&self, row: &dyn Row) -> bool {
        self.test.is_true_of(row)
    }

    /// How many rows of a block it is true of, as far as what is known of the block says.
    #[must_use]
    pub fn judge(&self, block: &dyn Block) -> Matches {
        block::judge(&self.test, block)
    }

    /// Which rows it is true of; the same answers as [`Filter::matches`] row by row.
    #[must_use]
    pub fn select(&self, columns: &dyn Columns) -> Vec<bool> {
        columns::select(&self.test, columns)
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Filter").field(&self.text).finish()
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod with_policy;
