//! The engine: capture, decode, flows, policy, store and exporters wired together.
//!
//! ```text
//! reader thread        fills batches, puts fragments together, deals packets to partitions
//!   == bounded queue ==>
//! worker threads       each owns some partitions: decode, flow table, zones and verdict
//!   == bounded queue ==>
//! collector            puts records in order, folds alerts, counts, writes store and exports
//! ```
//!
//! The answer does not depend on the number of workers: partitions are many and fixed, batches are
//! cut by the reader, every worker moves its packet time on to that of the whole
//! batch, and the collector sorts what a batch brought before anything looks at it.
//!
//! [`replay::replay`] runs a source to its end and gives the [`Summary`](sekisho_model::summary::Summary).
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

mod checkpoint;
mod clock;
mod collector;
mod deal;
mod excluded;
mod fold;
mod gateway;
pub mod health;
pub mod inventory;
mod judge;
mod limit_alerts;
mod pieces;
mod progress;
mod reader;
mod reload;
pub mod replay;
mod spans;
mod summary;
mod tally;
mod work;
mod worker;

pub use collector::{NamedExporter, OutputError};
pub use progress::Progress;
pub use reload::Reload;
pub use replay::{Config, Outputs, replay};
