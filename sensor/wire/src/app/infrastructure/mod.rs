//! Infrastructure: time, management, telephony, logs.
//!
//! [`ends`] and [`exchanges`] serve the groups of plants and of remote access too.

pub(super) mod ends;
pub(super) mod exchanges;
#[cfg(test)]
pub(super) mod hostile;
mod ntp;
mod radius;
mod rtp;
mod sip;
mod snmp;
mod syslog;
mod tftp;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked. RTP is known by its shape
/// alone and comes last.
pub(super) const PROTOCOLS: &[Protocol] = &[
    snmp::PROTOCOL,
    sip::PROTOCOL,
    syslog::PROTOCOL,
    radius::PROTOCOL,
    tftp::PROTOCOL,
    ntp::PROTOCOL,
    rtp::PROTOCOL,
];

#[cfg(test)]
mod tests;
