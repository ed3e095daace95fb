//! Names and addresses: who is called what.

mod dns;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[dns::DNS, dns::MDNS, dns::LLMNR, dns::NBNS];
