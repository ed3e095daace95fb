//! The plain data of the sensor: what every other crate speaks of.
//!
//! Nothing here reads a file, a clock or a socket, and nothing here decides anything. A flow is
//! one [`FlowRecord`], a decision about it one [`Verdict`], what a person is shown one [`Alert`].
//! [`fields::FIELDS`] is THE field table: the filter language, the store's columns, the EVE keys
//! and the labels of the dashboard all come from its rows.
//!
//! ```
//! use sekisho_model::{Timestamp, fields};
//!
//! assert_eq!(Timestamp::from_nanos(1_700_000_000_000_000_000).to_string(), "2023-11-14T22:13:20.000000+00:00");
//! assert_eq!(fields::find("resp.port").unwrap().column, "resp_port");
//! ```
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

pub mod alert;
pub mod app;
pub mod blind;
pub mod bucket;
pub mod fields;
pub mod flow;
pub mod host;
pub mod id;
pub mod indicator;
pub mod limits;
pub mod linktype;
pub mod mac;
pub mod protocol;
pub mod run;
pub mod summary;
pub mod tcp;
pub mod text;
pub mod time;
pub mod verdict;

pub use alert::{Alert, Category, Explanation, Sanctionable, Severity, Told};
pub use app::{App, Essential, Fact, Facts, Transaction};
pub use blind::{BlindInterval, BlindKind};
pub use bucket::FrameBucket;
pub use flow::{Carrier, Counts, DirectionBy, EndReason, Endpoint, FlowRecord};
pub use host::Host;
pub use id::stable_id;
pub use indicator::Indicator;
pub use linktype::Linktype;
pub use mac::MacAddress;
pub use protocol::Protocol;
pub use run::{Run, Settled};
pub use tcp::{ConnState, TcpFlags};
pub use text::Text;
pub use time::Timestamp;
pub use verdict::Verdict;
