//! What traffic gives away.
//!
//! [`indicators`] holds what others warn of, addresses, names and fingerprints, and finds it in flows.
//! Nothing here owns a clock, a thread or a socket: time is that of the packets, and what is found
//! leaves as [`Alert`](sekisho_model::Alert)s.
//!
//! ```
//! use sekisho_detect::indicators::{Builder, List};
//! use sekisho_model::{Indicator, Timestamp, indicator::Value};
//!
//! let list = List::named("example list");
//! let value = Value::guess("evil.example").unwrap();
//! let mut builder = Builder::default();
//! builder.begin(list.clone());
//! builder.add(&Indicator::new(value, &list.source, 1));
//! let indicators = builder.finish(String::new());
//!
//! let found = indicators.name("www.evil.example", Timestamp::MIN).unwrap();
//! assert_eq!(indicators.indicator(found).unwrap().value.to_string(), "evil.example");
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

pub mod indicators;
