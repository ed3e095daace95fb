//! Remote access and tunnels: the set-up of tunnels of RFCs, and products that have a protocol of
//! their own. Products that speak another protocol are told by [`naming`](super::naming).

mod l2tp;
mod nomachine;
mod pptp;
mod radmin;
mod rustdesk;
mod softether;
mod tailscale;
mod zerotier;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    tailscale::PROTOCOL,
    zerotier::PROTOCOL,
    softether::PROTOCOL,
    l2tp::PROTOCOL,
    pptp::PROTOCOL,
    nomachine::PROTOCOL,
    radmin::PROTOCOL,
    rustdesk::PROTOCOL,
];
