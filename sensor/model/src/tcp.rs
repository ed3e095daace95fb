//! How a TCP connection went: flags seen and Zeek's connection states.

use std::fmt;

use serde::{Serialize, Serializer};

/// The control bits of RFC 9293 section 3.1, octet 13 of the header (CWR to FIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement field is significant.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer is significant.
    pub const URG: u8 = 0x20;

    /// Whether every bit of `mask` is set.
    #[must_use]
    pub const fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }
}

impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// Zeek's `conn_state`, as its `conn.log` documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnState {
    /// Connection attempt seen, no reply.
    S0,
    /// Established, not terminated.
    S1,
    /// Established, and a close attempt by the originator seen, no reply from the responder.
    S2,
    /// Established, and a close attempt by the responder seen, no reply from the originator.
    S3,
    /// Normal establishment and termination.
    SF,
    /// Connection attempt rejected.
    Rej,
    /// Established, the originator aborted (sent a RST).
    Rsto,
    /// The responder sent a RST.
    Rstr,
    /// The originator sent a SYN followed by a RST; no SYN-ACK from the responder was seen.
    Rstos0,
    /// The responder sent a SYN-ACK followed by a RST; no SYN from the originator was seen.
    Rstrh,
    /// The originator sent a SYN followed by a FIN; no SYN-ACK from the responder was seen.
    Sh,
    /// The responder sent a SYN-ACK followed by a FIN; no SYN from the originator was seen.
    Shr,
    /// No SYN seen, just midstream traffic.
    Oth,
}

impl ConnState {
    /// The word that Zeek writes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::SF => "SF",
            Self::Rej => "REJ",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}

impl Serialize for ConnState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
