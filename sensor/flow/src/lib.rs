//! Packets to bidirectional flow records.
//!
//! A [`Table`] owns the flows of one partition and nothing else: no clock, no thread, no channel.
//! [`Table::observe`] takes one decoded packet with its time, [`Table::expire`] moves packet time
//! on, [`Table::drain`] ends every flow at the end of input. Records leave through a [`Sink`],
//! which also hangs a tag of its own on each flow when it begins (the sensor hangs the verdict
//! there) and gets it back with every record.
//!
//! Flows are keyed by addresses, ports and protocol. VLAN ids are noted and, unless
//! [`Config::by_vlan`] asks for it, not part of the key: mirror ports often tag one direction only,
//! and half a flow is worse than two networks with the same addresses seen as one.
//!
//! What a sender can grow: flows ([`sekisho_model::limits::FLOWS`]; those never answered go first,
//! so that a flood of attempts evicts itself) and the history string
//! ([`sekisho_model::limits::HISTORY`]). Timers are an entry or two a flow whatever the time span.
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

mod attach;
mod brief;
pub mod community_id;
mod config;
pub mod defrag;
mod direction;
mod duplicate;
mod entry;
mod history;
mod index;
mod key;
mod observation;
mod quality;
mod recency;
mod table;
mod tcp;
mod timers;
mod volume;

pub use brief::Brief;
pub use config::{Config, Counters};
pub use key::{FlowKey, Side};
pub use observation::{Carried, Observation};
pub use table::{Observed, Prepared, Sink, Start, Table};
