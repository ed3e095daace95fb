//! Lists of addresses that play a role: the DHCP servers, the proxies, the scanners.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Single addresses.
    Address,
    /// Networks.
    Network,
}

/// One list of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its name, the part after `list.`.
    pub name: Arc<str>,
    /// The role of its members, such as `dhcp-server`.
    pub role: Arc<str>,
    /// What it holds.
    pub kind: ListKind,
    /// Its members; an address is a network of one.
    pub values: Vec<IpNet>,
}

impl List {
    /// Whether `address` is in the list.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.values.iter().any(|network| network.contains(&address))
    }
}
