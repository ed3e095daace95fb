//! What is said below IP, or about addresses: ARP, neighbour discovery, LLDP and CDP.
//!
//! These are single packets without a conversation; each is read where it is seen.

pub mod arp;
pub mod cdp;
pub mod lldp;
pub mod ndp;

use std::net::IpAddr;

use sekisho_model::app::{FactRow, Facts};

use crate::frame::Frame;
use crate::link::LocalKind;

/// One protocol of single packets.
#[derive(Debug)]
pub struct Local {
    /// EVE's name: `arp`.
    pub name: &'static str,
    /// The name a person reads.
    pub title: &'static str,
    /// What is read: every path that its facts may hold.
    pub facts: &'static [FactRow],
}

/// Every such protocol.
pub const LOCALS: &[Local] = &[arp::LOCAL, ndp::LOCAL, lldp::LOCAL, cdp::LOCAL];

/// Reads the message of a frame that ends in one of these protocols, and names it. Every other
/// frame is answered at once.
#[must_use]
pub fn observe(frame: &Frame<'_>) -> Option<(&'static str, Facts)> {
    let local = frame.local?;
    match local.kind {
        LocalKind::Arp => Some((arp::LOCAL.name, arp::read(local.octets)?)),
        LocalKind::Lldp => Some((lldp::LOCAL.name, lldp::read(local.octets)?)),
        LocalKind::Cdp => Some((cdp::LOCAL.name, cdp::read(local.octets)?)),
        LocalKind::Ndp => {
            let mut facts = ndp::read(local.octets)?;
            if let Some(layer) = frame.innermost() {
                facts
                    .put("hop_limit", layer.ip.ttl)
                    .put("src_ip", layer.ip.source.to_string())
                    .put("dest_ip", layer.ip.destination.to_string());
                // A host that has no address yet asks whether the one it wants is taken.
                if facts.text("type") == Some(ndp::SOLICITATION)
                    && matches!(layer.ip.source, IpAddr::V6(source) if source.is_unspecified())
                {
                    facts.put("probe", true);
                }
            }
            Some((ndp::LOCAL.name, facts))
        }
    }
}

#[cfg(test)]
mod tests;
