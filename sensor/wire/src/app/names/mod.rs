//! Names and addresses: who is called what.

mod dhcp;
mod dhcpv6;
mod dns;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    dns::DNS,
    dns::MDNS,
    dns::LLMNR,
    dns::NBNS,
    dhcp::PROTOCOL,
    dhcpv6::PROTOCOL,
];
