//! Application protocols: what the payload of a flow says.
//!
//! A [`Conversation`] is fed the payload octets of one flow, in order for TCP and datagram by
//! datagram for UDP. It finds the protocol by its content first and by its port second, lets that
//! protocol's [`Parser`] read, and hands out [`Event`]s: transactions, and what contradicts itself.
//!
//! A protocol is one file in the folder of its group with a row of that group's list; the rows are
//! the table of what is read from each protocol, for the manual too. Parsers borrow what they read,
//! keep bounded state, cost time linear in the octets they are given, and know no clock. One that
//! fails costs its flow its metadata and nothing else.

mod access;
mod conversation;
pub mod encrypted;
mod held;
mod infrastructure;
pub mod local;
mod names;
pub mod naming;
mod octets;
mod parser;
mod plant;
mod protocol;
mod remote;
pub mod risk;
mod sheet;
#[cfg(test)]
mod test;
pub mod text;
mod web;
mod windows;

pub use conversation::{Conversation, MAX_BUFFER, PROBED_CHUNKS};
pub use parser::{Chunk, End, Gap, Parser, Read};
pub use protocol::{Hint, Probe, Protocol, Start, Transport, by_name, protocols};
pub use sheet::{Event, Sheet};
