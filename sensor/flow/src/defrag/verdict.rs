//! What becomes of a fragment.

use sekisho_model::{Linktype, Timestamp};

use super::{Anomalies, Anomaly, Origin};
use crate::observation::Carried;

/// What became of one fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its datagram waits for more. The frame comes back in a [`Rebuilt`] or as a [`Released`].
    Held,
    /// It completed its datagram.
    Complete(Rebuilt),
    /// The caller treats the fragment alone.
    NotHeld(Refusal),
}

/// Why a fragment is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It is a datagram of its own: offset zero and no more to come (RFC 6946).
    Whole,
    /// The snap length cut it.
    CutOff,
    /// Its headers contradict themselves, or what was said of them.
    Malformed,
    /// It is larger than all the room there is, or its own datagram had to make room.
    NoRoom,
    /// Its datagram was abandoned before.
    Abandoned,
    /// It cannot be part of its datagram.
    Anomaly(Anomaly),
}

/// A whole datagram in the shape of one frame.
///
/// What lies before the IP header, and that header, are those of the first fragment. An IPv4 header
/// has neither flags nor offset, its length and checksum are right; an IPv6 header has no fragment
/// header, its length and next header are right. Nothing else is changed: a length field in a link
/// header says what it said of the first fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The frame.
    pub octets: Vec<u8>,
    /// Time of the fragment that completed it.
    pub time: Timestamp,
    /// Frames on the wire that it stands for, duplicates among them.
    pub frames: u32,
    /// The sum of their lengths on the wire.
    pub len: u64,
    /// Link type of the first fragment.
    pub linktype: Linktype,
    /// The tunnel that carried the first fragment.
    pub carried: Option<Box<Carried>>,
    /// What was wrong with its fragments.
    pub anomalies: Anomalies,
}

/// A fragment given back: the frame as it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Captured octets.
    pub octets: Vec<u8>,
    /// Octets it had on the wire.
    pub len: u32,
    /// What its first octets are.
    pub linktype: Linktype,
    /// Where it came from.
    pub origin: Origin,
    /// When it was captured.
    pub time: Timestamp,
    /// Why its datagram did not complete.
    pub cause: Cause,
    /// What was wrong with the fragments of its datagram.
    pub anomalies: Anomalies,
}

/// Why a datagram did not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The rest did not come in time.
    TimedOut,
    /// It had to make room.
    Evicted,
    /// Its fragments cannot be one datagram.
    Abandoned,
    /// The input ended.
    EndOfInput,
}
