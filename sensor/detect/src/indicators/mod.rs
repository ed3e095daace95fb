//! Indicators: read from lists, kept exactly, found in flows, told as alerts.
//!
//! [`load`] reads files and folders into [`Indicators`], which are made once and then only looked up.

mod list;
mod load;
mod manifest;
mod read;
mod report;
mod store;
mod suffix;

pub use list::{Defaults, List};
pub use load::{Listed, LoadError, Loaded, load, read_manifest, sources};
pub use manifest::{Entry, MANIFEST, Manifest};
pub use read::{Format, MAX_LINE, MAX_STRING, ReadError, Settings, instant, read};
pub use report::{EXCERPT, PassedOver, Remark, Report, SHOWN, Shown};
pub use store::{Added, Builder, Id, Indicators, MAX_LISTS, MAX_NOTE, MAX_NOTES};
