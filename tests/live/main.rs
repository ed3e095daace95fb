//! The sensor on a wire: real frames between two network namespaces, the binary at one end.
//!
//! ```text
//! sensor   a sensor that runs at the far end     traffic  what is sent to it, and what is compared of it
//! same     the wire against the file, each back end, filters, snap lengths
//! faults   ports that come and go                sandbox  what a sensor that watches may still do
//! refusals what cannot be watched, and what is said of it
//! ```
//!
//! Each test skips with the reason where this user or machine has no namespaces, or no libpcap.

mod faults;
mod health;
mod news;
mod refusals;
mod same;
mod sandbox;
mod sensor;
#[path = "../support/mod.rs"]
mod support;
mod traffic;
