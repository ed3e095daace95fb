//! Which addresses are the network's own.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_policy::Policy;

/// Tells the network's own addresses from the rest of the world's.
#[derive(Debug, Clone)]
pub struct Scope {
    policy: Arc<Policy>,
    /// Zones that stand for the outside: those whose networks take in a large part of all addresses.
    open: Vec<Arc<str>>,
}

impl Scope {
    /// A scope as a policy sees it.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            open: policy.open_zones(),
            policy,
        }
    }

    /// Whether an address that the policy puts in `zone` is the network's own: in a zone that is not
    /// open, or private.
    pub(super) fn is_ours(&self, address: IpAddr, zone: &Arc<str>) -> bool {
        if !is_unicast(address) {
            return false;
        }
        let is_open = **zone == *"unknown" || self.open.contains(zone);
        !is_open || is_private(address)
    }

    /// Whether ARP, neighbour discovery or DHCP can bind a device to an address: any but those that
    /// stand for several or for none, and those of zones of which nothing is kept.
    pub(super) fn can_be_bound(&self, address: IpAddr) -> bool {
        is_unicast(address) && !self.policy.is_excluded(self.policy.zone_of(address, None))
    }

    /// The zone of an address that announces itself; none where the policy names none, and for
    /// addresses of the link, which are in every zone.
    pub(super) fn zone(&self, address: IpAddr) -> Option<&Arc<str>> {
        let zone = self.policy.zone_name(self.policy.zone_of(address, None));
        let is_named = !is_link_local(address) && **zone != *"unknown" && !self.open.contains(zone);
        is_named.then_some(zone)
    }

    /// Whether an address is the network's own in any zone: private.
    #[expect(
        clippy::unused_self,
        reason = "asked of the same thing as the other questions"
    )]
    pub(super) fn is_surely_ours(&self, address: IpAddr) -> bool {
        is_private(address)
    }
}

/// Addresses that no router passes on: RFC 3927, RFC 4291.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Addresses that are never routed on the Internet: RFC 1918, RFC 3927, RFC 4193, RFC 4291.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn is_unicast(address: IpAddr) -> bool {
    !address.is_multicast()
        && !address.is_unspecified()
        && !address.is_loopback()
        && match address {
            IpAddr::V4(v4) => !v4.is_broadcast(),
            IpAddr::V6(_) => true,
        }
}
