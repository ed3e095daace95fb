//! What the traffic is: facts that a protocol's messages state, and what of them a flow carries.
//!
//! A message or an exchange of messages is one [`Transaction`]: the protocol's name and a tree of
//! [`Facts`] whose keys are those of Suricata's EVE, so that an exporter writes it without knowing
//! the protocol. What names a flow (server, software, fingerprint) is an [`Essential`] of its
//! [`App`], each with the place it was read from.

mod essential;
mod event;
mod fact;
mod facts;

pub use essential::{App, Essential, Essentials, Named, ServiceBy};
pub use event::{Event, FlowRef, Said, Transaction};
pub use fact::{Fact, FactKind, FactRow, Group, List};
pub use facts::{Below, Facts, Put};
