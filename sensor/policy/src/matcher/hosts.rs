//! The networks and lists of hosts that an address is in.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;
use sekisho_model::Timestamp;

use super::KeyId;

/// Keys that one address may have.
pub(super) const MAX_KEYS: usize = 32;

/// A key that an address in a network has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) key: KeyId,
    /// The first instant at which it has it no more.
    pub(super) until: Option<Timestamp>,
}

/// Keys by network, both families.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    v4: PrefixMap<Ipv4Net, Vec<Member>>,
    v6: PrefixMap<Ipv6Net, Vec<Member>>,
}

/// The keys of one address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    keys: [KeyId; MAX_KEYS],
    len: usize,
}

impl Keys {
    pub(super) fn iter(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().take(self.len).copied()
    }

    fn push(&mut self, key: KeyId) {
        if let Some(place) = self.keys.get_mut(self.len) {
            *place = key;
            self.len = self.len.saturating_add(1);
        }
    }
}

impl Hosts {
    pub(super) fn insert(&mut self, network: IpNet, member: Member) {
        let members = match network {
            IpNet::V4(network) => self.v4.entry(network).or_default(),
            IpNet::V6(network) => self.v6.entry(network).or_default(),
        };
        // A value that a list has twice holds as long as the longer of the two.
        match members.iter_mut().find(|known| known.key == member.key) {
            Some(known) => {
                known.until = known
                    .until
                    .and_then(|until| member.until.map(|other| until.max(other)));
            }
            None => members.push(member),
        }
    }

    /// How many keys the addresses of a network have.
    pub(super) fn depth(&self, network: IpNet) -> usize {
        let count = |members: &Vec<Member>| members.len();
        match network {
            IpNet::V4(network) => self.v4.cover_values(&network).map(count).sum(),
            IpNet::V6(network) => self.v6.cover_values(&network).map(count).sum(),
        }
    }

    /// The keys of an address at an instant.
    pub(super) fn keys(&self, address: IpAddr, at: Timestamp) -> Keys {
        let mut keys = Keys {
            keys: [0; MAX_KEYS],
            len: 0,
        };
        let mut add = |members: &Vec<Member>| {
            for member in members {
                if member.until.is_none_or(|until| at < until) {
                    keys.push(member.key);
                }
            }
        };
        match address {
            IpAddr::V4(address) => self.v4.cover_values(&Ipv4Net::from(address)).for_each(&mut add),
            IpAddr::V6(address) => self.v6.cover_values(&Ipv6Net::from(address)).for_each(&mut add),
        }
        keys
    }
}
