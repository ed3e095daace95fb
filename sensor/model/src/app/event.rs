//! What a conversation says, and of which flow.

use std::sync::Arc;

use super::Facts;
use crate::{Endpoint, MacAddress, Protocol, Timestamp};

/// One exchange of messages of an application protocol, or one message where it stands alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// The protocol: EVE's `event_type` and the key under which the facts stand.
    pub protocol: &'static str,
    /// Time of the packet that began it.
    pub at: Timestamp,
    /// What it says.
    pub facts: Facts,
    /// The same message in the terms of a protocol that this one is made of, under that one's name:
    /// SSDP is made of HTTP.
    pub also: Option<Box<(&'static str, Facts)>>,
}

/// What a conversation hands out.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An exchange of messages.
    Transaction(Transaction),
    /// Something that contradicts the protocol or itself.
    Anomaly {
        /// When.
        at: Timestamp,
        /// The protocol.
        protocol: &'static str,
        /// What: words joined with `_`, from a fixed set.
        event: &'static str,
    },
}

impl Event {
    /// Packet time.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Transaction(transaction) => transaction.at,
            Self::Anomaly { at, .. } => *at,
        }
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> &'static str {
        match self {
            Self::Transaction(transaction) => transaction.protocol,
            Self::Anomaly { protocol, .. } => protocol,
        }
    }
}

/// The flow that an event belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowRef {
    /// Number of the flow.
    pub flow_id: u64,
    /// Who began.
    pub orig: Endpoint,
    /// Who was spoken to.
    pub resp: Endpoint,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Outer VLAN id, where tagged.
    pub vlan: Option<u16>,
    /// Inner VLAN id, where tagged twice.
    pub inner_vlan: Option<u16>,
    /// MAC address of the originator's side.
    pub orig_mac: Option<MacAddress>,
    /// MAC address of the responder's side.
    pub resp_mac: Option<MacAddress>,
    /// Community ID version 1; empty where the specification defines none.
    pub community_id: String,
    /// Zone of the originator.
    pub orig_zone: Arc<str>,
    /// Zone of the responder.
    pub resp_zone: Arc<str>,
}

/// An event with its place: what exporters and the inventory are given.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The flow; none for what is said below IP.
    pub flow: Option<FlowRef>,
    /// MAC address that sent the frame, where there is no flow.
    pub mac: Option<MacAddress>,
    /// Number in the flow, from 0; with time and flow it orders events.
    pub ordinal: u64,
    /// What.
    pub event: Event,
}
