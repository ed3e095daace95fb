//! What the traffic is: facts that a protocol's messages state, and what of them a flow carries.
//!
//! A message or an exchange of messages is one [`Transaction`]: the protocol's name and a tree of
//! [`Facts`] whose keys are those of Suricata's EVE, so that an exporter writes it without knowing
//! the protocol. What names a flow (server, software, fingerprint) is an [`Essential`] of its
//! [`App`], each with the place it was read from.

mod essential;
mod facts;

pub use essential::{App, Essential, Named, ServiceBy};
pub use facts::{Fact, FactKind, FactRow, Facts};

use crate::Timestamp;

/// One exchange of messages of an application protocol, or one message where it stands alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// The protocol: EVE's `event_type` and the key under which the facts stand.
    pub protocol: &'static str,
    /// Time of the packet that began it.
    pub at: Timestamp,
    /// What it says.
    pub facts: Facts,
}
