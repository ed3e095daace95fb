//! Lists: addresses, networks, MAC addresses, names, ports, fingerprints that belong together.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{MacAddress, Timestamp};

/// Values that all lists of a policy may hold together.
pub const MAX_LIST_VALUES: usize = 262_144;

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Single addresses.
    Address,
    /// Networks.
    Network,
    /// MAC addresses.
    Mac,
    /// Names of hosts.
    Name,
    /// Domains with all names below them.
    Suffix,
    /// Ports and ranges of ports.
    Port,
    /// Fingerprints: JA3, JA4, HASSH, of certificates.
    Fingerprint,
    /// Any words.
    Text,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Address,
        Self::Network,
        Self::Mac,
        Self::Name,
        Self::Suffix,
        Self::Port,
        Self::Fingerprint,
        Self::Text,
    ];

    /// The word in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Mac => "mac",
            Self::Name => "name",
            Self::Suffix => "suffix",
            Self::Port => "port",
            Self::Fingerprint => "fingerprint",
            Self::Text => "text",
        }
    }
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListValue {
    /// A network; an address is a network of one.
    Network(IpNet),
    /// A MAC address.
    Mac(MacAddress),
    /// From one port to another, both meant.
    Ports(u16, u16),
    /// A name or suffix in small letters without a dot at its ends, or any other words.
    Text(Arc<str>),
}

/// A value of a list with how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The value.
    pub value: ListValue,
    /// The first instant at which it is not in the list any more.
    pub until: Option<Timestamp>,
    /// Words about it.
    pub note: String,
}

/// One list of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its name, the part after `list.`.
    pub name: Arc<str>,
    /// The role of its members, such as `dhcp-server`; empty where none is given.
    pub role: Arc<str>,
    /// What it holds.
    pub kind: ListKind,
    /// Its members.
    pub values: Vec<Listed>,
    /// Where it comes from.
    pub source: String,
    /// Who keeps it.
    pub owner: String,
    /// When to look at it again.
    pub review: String,
}

impl List {
    /// The networks of a list of addresses or networks, with the ends of their terms.
    pub fn networks(&self) -> impl Iterator<Item = (IpNet, Option<Timestamp>)> {
        self.values.iter().filter_map(|listed| match &listed.value {
            ListValue::Network(network) => Some((*network, listed.until)),
            _ => None,
        })
    }

    /// The addresses of a list of MAC addresses, with the ends of their terms.
    pub fn macs(&self) -> impl Iterator<Item = (MacAddress, Option<Timestamp>)> {
        self.values.iter().filter_map(|listed| match &listed.value {
            ListValue::Mac(mac) => Some((*mac, listed.until)),
            _ => None,
        })
    }

    /// Whether `address` is in the list at an instant, by a walk over the list.
    #[must_use]
    pub fn has(&self, address: IpAddr, at: Timestamp) -> bool {
        self.networks()
            .any(|(network, until)| network.contains(&address) && until.is_none_or(|until| at < until))
    }

    /// Whether some value expires.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.values.iter().any(|listed| listed.until.is_some())
    }
}
