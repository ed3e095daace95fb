//! Live capture through a program in the kernel (XDP): frames of flows that were let go are only counted
//! there.
//!
//! ```text
//! kernel  the program and its maps, as one value    load    the object into the kernel
//! attach  the program at an interface               memory  the slots, shared with the kernel
//! events  what comes through the ring               exclude networks that are not looked at
//! error   why it cannot be
//! ```
#![cfg_attr(not(test), expect(dead_code, reason = "the source is built on it"))]

mod attach;
mod error;
mod events;
mod exclude;
mod kernel;
mod load;
mod memory;
#[cfg(test)]
mod tests;

pub use attach::Mode;
pub use error::XdpError;
