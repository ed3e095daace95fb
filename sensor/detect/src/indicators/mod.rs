//! Indicators: read from lists, kept exactly, found in flows, told as alerts.
//!
//! [`load`] reads files and folders into [`Indicators`], which are made once and then only looked up.
//! [`in_record`] and [`in_transaction`] say what a flow meets, beside the packets; [`Watch`] folds that
//! into alerts, where records are put in order.

mod inside;
mod judge;
mod list;
mod load;
mod manifest;
mod matcher;
mod read;
mod report;
mod store;
mod suffix;
mod watch;
mod words;

pub use judge::PREVALENT_HOSTS;
pub use list::{Defaults, List};
pub use load::{Listed, LoadError, Loaded, load, read_manifest, sources};
pub use manifest::{Entry, MANIFEST, Manifest};
pub use matcher::{End, Sighting, in_record, in_transaction, put};
pub use read::{Format, MAX_LINE, MAX_STRING, ReadError, Settings, instant, read};
pub use report::{EXCERPT, PassedOver, Remark, Report, SHOWN, Shown};
pub use store::{Added, Builder, Id, Indicators, MAX_LISTS, MAX_NOTE, MAX_NOTES};
pub use watch::Watch;
pub use words::{LISTS_RELOAD, PREVALENT, RULES, signature};
