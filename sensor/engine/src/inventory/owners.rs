//! Whose an address is, and who only forwards for it.
//!
//! A MAC address forwards where it is a virtual router's (RFC 9568 7.3, Cisco's HSRP and GLBP), or where
//! its frames carry addresses that cannot be its own: one that another device has, addresses of the
//! outside beside an own one, a second IPv4 address that nothing binds to it, or more IPv6 addresses
//! than a host makes for itself (RFC 8981). Link-local addresses are never forwarded (RFC 4291 2.5.6,
//! RFC 3927 2.7), so the sender of the frame has them; the same one can be had on every link.
//!
//! Where no device claims an address, it is the sender's if that does not forward; a router's, if it is
//! the only one of its frames that lies among the addresses of its neighbours; or the device's whose MAC
//! address stands in it (RFC 4291 appendix A).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use sekisho_model::{MacAddress, Timestamp};

use super::Inventory;
use super::scope::is_link_local;
use super::seat::Place;

/// IPv6 addresses that a host makes for itself, at most, and the networks that they are in.
const OWN_ADDRESSES: usize = 8;
const OWN_NETWORKS: usize = 2;

/// Whether a MAC address can be one device's: not a group's, and not nobody's (IEEE 802-2014 8.2).
pub(super) fn is_station(mac: MacAddress) -> bool {
    let [first, ..] = mac.0;
    first & 1 == 0 && mac.0 != [0; 6]
}

/// Whether a MAC address stands for a group of routers: VRRP and CARP, HSRP, GLBP.
pub(super) fn is_virtual_router(mac: MacAddress) -> bool {
    matches!(
        mac.0,
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
            | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
            | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
            | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
            | [0x00, 0x07, 0xb4, _, _, _]
    )
}

/// A device's claim of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// When it was heard last.
    last: Timestamp,
    mac: MacAddress,
    from: &'static str,
    /// When it was heard first.
    first: Timestamp,
}

/// Who has what.
#[derive(Debug, Default)]
pub(super) struct Owners {
    claims: HashMap<IpAddr, Vec<Claim>>,
    /// MAC addresses that forward for others.
    pub(super) forwarders: BTreeSet<MacAddress>,
    /// Who has an address that no device claims.
    silent: HashMap<IpAddr, MacAddress>,
    /// MAC addresses of devices.
    known: BTreeSet<MacAddress>,
}

impl Owners {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut owners = Self::default();
        for (mac, station) in &inventory.stations {
            for bound in &station.bound {
                if let Ok(address) = bound.value.parse() {
                    let claim = Claim {
                        last: bound.last,
                        mac: *mac,
                        from: word(&bound.from),
                        first: bound.first,
                    };
                    owners.claims.entry(address).or_default().push(claim);
                }
            }
        }
        owners.find_forwarders(inventory);
        owners.known.extend(inventory.stations.keys());
        owners.find_silent(inventory);
        owners
    }

    /// The MAC address of the device that has an address, and how that is known.
    pub(super) fn owner(&self, (address, mac): Place) -> Option<(MacAddress, &'static str)> {
        let claims = self.claims.get(&address).map(Vec::as_slice).unwrap_or_default();
        let mine = claims.iter().filter(|claim| Some(claim.mac) == mac).max();
        if is_link_local(address) && mac.is_some() {
            return mac.map(|mac| (mac, mine.map_or("flow", |claim| claim.from)));
        }
        let is_free = |claim: &&Claim| !self.forwarders.contains(&claim.mac);
        let free = claims.iter().filter(is_free).max();
        // A router that answers for hosts leaves an address to the one that said before that it has it;
        // who says so later may be lying.
        let is_mine = |mine: &&Claim| is_free(mine) || free.is_none_or(|free| mine.first < free.first);
        let best = mine
            .filter(is_mine)
            .or(free)
            .or(mine)
            .or_else(|| claims.iter().max());
        best.map(|claim| (claim.mac, claim.from)).or_else(|| {
            let inside = eui_64(address).filter(|mac| self.known.contains(mac));
            let silent = self.silent.get(&address).copied().or(inside);
            silent.map(|mac| (mac, "flow"))
        })
    }

    fn find_silent(&mut self, inventory: &Inventory) {
        let unclaimed = || {
            inventory.seats.iter().filter_map(|((address, mac), seat)| {
                let mac = mac.filter(|_| !is_link_local(*address) && !self.claims.contains_key(address))?;
                Some((*address, mac, seat.host.flows))
            })
        };
        let mut senders: BTreeMap<IpAddr, (u64, MacAddress)> = BTreeMap::new();
        for (address, mac, flows) in unclaimed().filter(|(_, mac, _)| !self.forwarders.contains(mac)) {
            let best = senders.entry(address).or_insert((flows, mac));
            *best = (*best).max((flows, mac));
        }
        let free = |mac: &MacAddress| !self.forwarders.contains(mac);
        let claimed = self.claims.iter();
        let claimed = claimed.filter(|(_, claims)| claims.iter().any(|claim| free(&claim.mac)));
        let neighbours: BTreeSet<_> = claimed
            .map(|(address, _)| address)
            .chain(senders.keys())
            .filter_map(|address| neighbourhood(*address))
            .collect();
        let mut routed: BTreeMap<MacAddress, BTreeSet<IpAddr>> = BTreeMap::new();
        for (address, mac, _) in unclaimed() {
            let is_near = neighbourhood(address).is_some_and(|near| neighbours.contains(&near));
            if is_near && self.forwarders.contains(&mac) && !senders.contains_key(&address) {
                routed.entry(mac).or_default().insert(address);
            }
        }
        // A router that says where it lives needs no guess.
        for claim in self.claims.iter().filter(|(address, _)| address.is_ipv4()) {
            for claim in claim.1 {
                routed.remove(&claim.mac);
            }
        }
        let only = |(mac, addresses): (MacAddress, BTreeSet<IpAddr>)| match addresses.first() {
            Some(address) if addresses.len() == 1 => Some((*address, mac)),
            _ => None,
        };
        let gateways: Vec<_> = routed.into_iter().filter_map(only).collect();
        self.known.extend(senders.values().map(|(_, mac)| *mac));
        self.silent
            .extend(senders.into_iter().map(|(address, (_, mac))| (address, mac)));
        self.silent.extend(gateways);
    }

    fn find_forwarders(&mut self, inventory: &Inventory) {
        let mut carried: BTreeMap<MacAddress, Carried> = BTreeMap::new();
        for (address, mac) in inventory.seats.keys() {
            if let Some(mac) = mac {
                let claims = self.claims.get(address).map(Vec::as_slice).unwrap_or_default();
                carried.entry(*mac).or_default().add(*address, *mac, claims);
            }
        }
        for (mac, outside) in &inventory.outside {
            let carried = carried.entry(*mac).or_default();
            let is_bound = |address: &&IpAddr| {
                let claims = self.claims.get(*address).map(Vec::as_slice).unwrap_or_default();
                claims.iter().any(|claim| claim.mac == *mac)
            };
            carried.outside = outside.iter().filter(|address| !is_bound(address)).count();
        }
        self.forwarders = carried
            .into_iter()
            .filter(|(mac, carried)| is_virtual_router(*mac) || carried.is_forwarded())
            .map(|(mac, _)| mac)
            .collect();
    }
}

/// Addresses that frames of one MAC address carry.
#[derive(Debug, Default)]
struct Carried {
    /// Claimed for it.
    own: usize,
    /// Claimed for other devices alone.
    foreign: usize,
    /// Claimed by nobody: IPv4.
    v4: usize,
    /// The same: IPv6.
    v6: usize,
    networks: BTreeSet<u128>,
    /// Of the outside.
    outside: usize,
}

impl Carried {
    fn add(&mut self, address: IpAddr, mac: MacAddress, claims: &[Claim]) {
        let count = match address {
            _ if is_link_local(address) => return,
            _ if claims.iter().any(|claim| claim.mac == mac) => &mut self.own,
            _ if !claims.is_empty() => &mut self.foreign,
            IpAddr::V4(_) => &mut self.v4,
            IpAddr::V6(v6) => {
                self.networks.insert(v6.to_bits() >> 64);
                &mut self.v6
            }
        };
        *count = count.saturating_add(1);
    }

    fn is_forwarded(&self) -> bool {
        let inside = [self.own, self.foreign, self.v4, self.v6]
            .into_iter()
            .fold(0_usize, usize::saturating_add);
        (self.foreign > 0 && inside > 1)
            || self.v4.saturating_add(self.own.min(1)) > 1 && self.v4 > 0
            || self.v6 > OWN_ADDRESSES
            || self.networks.len() > OWN_NETWORKS
            || self.outside > 1
            || self.outside > 0 && inside > 0
    }
}

/// The first three octets of an IPv4 address: networks of offices and homes are mostly of this size.
fn neighbourhood(address: IpAddr) -> Option<[u8; 3]> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Some([a, b, c])
        }
        IpAddr::V6(_) => None,
    }
}

/// The MAC address that stands in an IPv6 address.
fn eui_64(address: IpAddr) -> Option<MacAddress> {
    match address {
        IpAddr::V6(v6) => match v6.octets() {
            [.., a, b, c, 0xff, 0xfe, d, e, f] => Some(MacAddress([a ^ 2, b, c, d, e, f])),
            _ => None,
        },
        IpAddr::V4(_) => None,
    }
}

fn word(from: &str) -> &'static str {
    ["arp", "ndp", "dhcp", "dhcpv6", "mdns"]
        .into_iter()
        .find(|word| *word == from)
        .unwrap_or("flow")
}
