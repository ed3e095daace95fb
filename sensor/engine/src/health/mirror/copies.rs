//! Packets twice: a mirror that copies both directions of both ports, or the same packet in two VLANs or on
//! both sides of a router.
//!
//! Two unicast packets are one when they agree in IP identification, addresses, ports, sequence numbers,
//! lengths and in what their payload begins and ends with, and lie within [`WITHIN`]; a time to live that
//! differs tells a router between them. Packets with neither identification nor payload say nothing. Segments
//! that a host sends again come later. Of payload cut off by the snap length the end is not compared, since a
//! VLAN tag moves the cut.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::time::Duration;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use sekisho_model::Timestamp;
use sekisho_model::blind::MirrorFinding;
use sekisho_wire::IpPacket;
use sekisho_wire::link::Link;

use super::{Context, is_share, percent, words};

/// The longest time between the copies of a packet; retransmissions wait for 200 ms and longer (RFC 6298).
const WITHIN: Duration = Duration::from_millis(10);
/// Copies that are needed before anything is said.
const ENOUGH: u64 = 20;
/// Hundredths of the packets that could be compared.
const SHARE: u64 = 5;
/// Octets of payload that are compared at its begin.
const AT_BEGIN: usize = 32;
/// Octets that are compared at its end.
const AT_END: usize = 64;

/// How the copies of a packet differ.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    /// In nothing.
    pub(super) same: u64,
    /// In their VLAN.
    pub(super) vlans: u64,
    /// In their time to live.
    pub(super) routed: u64,
}

/// What was seen in the last moments.
#[derive(Debug, Clone, Default)]
pub(super) struct Copies {
    newer: HashMap<u64, Seen>,
    older: HashMap<u64, Seen>,
    /// When the newer began.
    begun: Timestamp,
    copies: Kinds,
    compared: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Timestamp,
    ttl: u8,
    vlan: Option<u16>,
}

impl Copies {
    /// Takes a packet into account; true where it is a copy.
    pub(super) fn observe(&mut self, ip: &IpPacket<'_>, link: &Link, at: Timestamp) -> bool {
        let Some(sum) = sum(ip) else { return false };
        self.compared = self.compared.saturating_add(1);
        // Time that runs backwards is a time like any other.
        let apart = |from: Timestamp| at.since(from).max(from.since(at));
        if apart(self.begun) > WITHIN {
            let newer = std::mem::take(&mut self.newer);
            self.older = if apart(self.begun) > WITHIN.saturating_mul(2) {
                HashMap::default()
            } else {
                newer
            };
            self.begun = at;
        }
        let known = self.newer.get(&sum).or_else(|| self.older.get(&sum));
        if let Some(first) = known.filter(|first| apart(first.at) <= WITHIN) {
            let kinds = &mut self.copies;
            let kind = if first.ttl != ip.ttl {
                &mut kinds.routed
            } else if first.vlan != link.vlan {
                &mut kinds.vlans
            } else {
                &mut kinds.same
            };
            *kind = kind.saturating_add(1);
            return true;
        }
        let seen = Seen {
            at,
            ttl: ip.ttl,
            vlan: link.vlan,
        };
        self.newer.insert(sum, seen);
        false
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        let Kinds { same, vlans, routed } = self.copies;
        let copies = same.saturating_add(vlans).saturating_add(routed);
        if copies < ENOUGH || !is_share(copies, self.compared, SHARE) {
            return None;
        }
        let share = percent(copies, self.compared);
        Some(words::duplicates(
            (copies, self.compared, share),
            self.copies,
            &context.interface,
        ))
    }
}

/// A sum over what the copies of a packet share; nothing where copies cannot be told from repeats.
fn sum(ip: &IpPacket<'_>) -> Option<u64> {
    let fragment = ip.fragment.map(|part| (part.identification, part.offset));
    let mut sum = FixedState::with_seed(0).build_hasher();
    if ip.identification == 0 && fragment.is_none() && ip.payload.is_empty() {
        return None;
    }
    // Hosts that hand over many datagrams at once number each lot anew.
    ip.payload.get(..AT_BEGIN).unwrap_or(ip.payload).hash(&mut sum);
    if u32::try_from(ip.payload.len()) == Ok(ip.payload_octets) {
        let end = ip.payload.len().saturating_sub(AT_END);
        ip.payload.get(end..).unwrap_or_default().hash(&mut sum);
    }
    (ip.source, ip.destination, ip.source_port, ip.destination_port).hash(&mut sum);
    (ip.protocol.0, ip.identification, fragment, ip.octets).hash(&mut sum);
    if let Some(tcp) = ip.tcp {
        (tcp.sequence, tcp.acknowledgement, tcp.flags.0, tcp.window).hash(&mut sum);
    }
    Some(sum.finish())
}
