//! Daily sets: which addresses, names and fingerprints were seen on each day, and by whom.
//!
//! `daily/date=YYYY-MM-DD/part-LLLL-HHHH.parquet`, by the UTC day on which a flow began, holds a row
//! for each value of the day: what kind it is, the value, first and last time, flows, octets each way,
//! how many were answered, who talked to it. A value is looked for in a year of days without reading
//! the year's flows, so that a list of indicators that comes out today is held against the past at
//! once.
//!
//! Rows are in the order of `kind` and `key`; a row group holds one kind and says its least and
//! greatest key. `key` is the value in a spelling in which what belongs together is a neighbour (the
//! file `kind.rs` says how): whoever looks for many things goes through keys and things side by side.
//! The columns are plain Parquet, so DuckDB and others read them as they are.
//!
//! A day may have several files, from several runs or from late data; a value's rows in them add up.
//! A file made of others carries the numbers of the first and the last of them in its name and takes
//! their place, whether or not they are gone yet.

mod expression;
mod files;
mod gather;
mod kind;
mod look;
mod merge;
mod read;
mod row;
mod schema;
mod wanted;
mod who;
mod write;

#[cfg(test)]
mod tests;

pub use kind::DailyKind;
pub use look::{LookBack, MAX_ROWS};
pub use row::{DailyRow, DailySum};
pub use wanted::Wanted;
pub use who::NAMED;

pub(super) use expression::days_of;
pub(super) use files::Files;
pub(super) use gather::{Gathered, MAX_WAITING, day_of};
pub(super) use look::look;
pub(super) use merge::{keep, values};
