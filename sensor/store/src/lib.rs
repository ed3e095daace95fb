//! Keeps what the sensor found: flows in Parquet hours, alerts in SQLite.
//!
//! [`Store`] is what a reader asks, [`StoreWriter`] what a run writes to; [`Embedded`] is the
//! engine behind both that needs no server. It judges nothing: counting for a page or a chart is
//! all it works out. Everything here blocks, so an asynchronous caller gives it a thread.
//!
//! A data directory holds `sekisho.db` (alerts, devices and their register, run summaries, policy versions) and
//! `flows/date=YYYY-MM-DD/hour=HH/part-NNNN.parquet`, by the UTC hour in which a flow started, and
//! `daily/date=YYYY-MM-DD/part-LLLL-HHHH.parquet`, the addresses, names and fingerprints of each UTC day,
//! in which [`Store::look_back`] finds many of them at once.
//! The Parquet files have one column for each field of [`sekisho_model::fields::FIELDS`] and are
//! complete whenever they are visible, so DuckDB, Polars, pandas and ClickHouse read them as they
//! are, also while the sensor runs.
//!
//! ```
//! use sekisho_model::{FlowRecord, summary::Summary};
//! use sekisho_store::{Embedded, FlowQuery, Store, StoreWriter};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let dir = scratch.path().join("data");
//! let store = Embedded::create(&dir)?;
//! let mut writer = Box::new(store.writer()?);
//! writer.flow(&FlowRecord::example())?;
//! writer.finish(&Summary::default())?;
//!
//! let page = store.flows(&FlowQuery::default())?;
//! assert_eq!(page.rows[0].0["resp_port"], 443);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cursor;
mod embedded;
mod error;
pub mod exceptions;
mod hosts;
pub mod hunt;
mod query;
mod rows;
mod sanction;
mod store;
mod versions;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod conformance_exceptions;
#[cfg(test)]
mod conformance_hosts;
#[cfg(test)]
mod samples;

pub use embedded::{
    DailyKind, DailyRow, DailySum, Embedded, EmbeddedWriter, LookBack, MAX_DAILY_ROWS, NAMED_PEERS, Wanted,
};
pub use error::StoreError;
pub use exceptions::{Covers, Exception, NewException, SilencedDay};
pub use hosts::{HostQuery, HostRow, MAX_REGISTER, RegisterEntry, Standing};
pub use query::{AlertQuery, FlowQuery, MAX_BUCKETS, MAX_LIMIT, Page, Suppressed, TimeRange, TrafficQuery};
pub use rows::{AlertEnd, AlertRow, FlowRow, SeriesPoint, Traffic};
pub use sanction::preview_sanction;
pub use store::{Store, StoreWriter};
pub use versions::{PolicyText, PolicyVersion};
