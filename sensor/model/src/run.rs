//! Packets that were counted where they arrived and never copied: what a source that counts in the
//! kernel gives beside frames.
//!
//! The engine says of a flow that it is [`Settled`]: nothing of its payload is of interest any more, and
//! packets of these kinds change nothing but its sums. A source that can lets the flow go then and gives,
//! from time to time and before any other packet of the flow, a [`Run`].

use crate::{Endpoint, Protocol, TcpFlags, Timestamp};

/// The two ends of a flow, in no particular order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ends {
    /// One end.
    pub a: Endpoint,
    /// The other.
    pub b: Endpoint,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The outer VLAN id, where VLANs tell flows apart.
    pub vlan: Option<u16>,
}

/// Kinds of packets from one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kinds {
    /// With payload.
    pub payload: bool,
    /// Without.
    pub empty: bool,
}

/// A flow that may be counted without being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settled {
    /// The flow.
    pub ends: Ends,
    /// The kinds of packets that it has had, from `a` and from `b`: others are to be looked at.
    pub kinds: [Kinds; 2],
    /// TCP: the sequence numbers that `a` and `b` go on with.
    pub next: [u32; 2],
}

/// Packets of a settled flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The flow.
    pub ends: Ends,
    /// None of the packets came before.
    pub since: Timestamp,
    /// When the last of them came.
    pub last: Timestamp,
    /// What `a` sent, and what `b` sent.
    pub sent: [Stretch; 2],
}

/// What one end sent, without a gap and nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// Packets.
    pub packets: u64,
    /// Octets of the IP packets.
    pub octets: u64,
    /// Octets of transport payload.
    pub payload_octets: u64,
    /// Octets of the frames on the wire.
    pub frame_octets: u64,
    /// TCP: the flags met.
    pub flags: TcpFlags,
    /// TCP: the sequence number after the last packet.
    pub next: u32,
    /// TCP: the last acknowledgement.
    pub acknowledged: u32,
    /// TCP: the last window; never zero.
    pub window: u16,
}

impl Run {
    /// Packets from both ends.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.sent
            .iter()
            .fold(0, |sum, sent| sum.saturating_add(sent.packets))
    }

    /// Octets that their frames had on the wire.
    #[must_use]
    pub fn frame_octets(&self) -> u64 {
        self.sent
            .iter()
            .fold(0, |sum, sent| sum.saturating_add(sent.frame_octets))
    }
}
