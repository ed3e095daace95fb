//! Live capture through a program in the kernel (XDP): frames of flows that were let go are only counted
//! there.
//!
//! ```text
//! source  packets and runs for the engine           flows  the flows that were let go
//! port    an interface and its counters
//! kernel  the program and its maps, as one value    load    the object into the kernel
//! attach  the program at an interface               memory  the slots, shared with the kernel
//! events  what comes through the ring               exclude networks that are not looked at
//! error   why it cannot be
//! ```

mod attach;
mod error;
mod events;
mod exclude;
mod flows;
mod kernel;
mod load;
mod memory;
mod port;
mod source;
#[cfg(test)]
mod tests;

pub use attach::Mode;
pub use error::XdpError;
pub use source::Xdp;
