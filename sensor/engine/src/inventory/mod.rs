//! Who is there: the devices of the network, built from what they say and how they are spoken to.
//!
//! An address is inventoried where it is the network's own ([`Scope`]) and took part in an exchange:
//! it answered, was answered, or announced itself. What floods with made-up senders is not answered
//! and so makes no devices. Addresses become devices by their MAC address: bound by ARP, neighbour
//! discovery, DHCP or an announcement, or else the MAC address of their frames where that is not a
//! router's. What is seen of an address is kept by the MAC address of its frames, so that of two
//! devices that claim one address each keeps what it did itself.
//!
//! Bounded by [`limits::HOSTS`]: further addresses are not inventoried, and counted.

mod evidence;
mod fold;
mod makers;
mod names;
mod owners;
mod scope;
mod seat;
mod systems;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use sekisho_model::app::Said;
use sekisho_model::host::{Sighting, sight};
use sekisho_model::{FlowRecord, Host, MacAddress, Timestamp, limits};

use evidence::Evidence;
pub use makers::Makers;
pub use scope::Scope;
use seat::{Meet as _, Place, Role, Seat};

/// Addresses of the outside that are remembered of one MAC address.
const OUTSIDERS: usize = 8;

/// What is known of one MAC address.
#[derive(Debug, Default)]
struct Station {
    /// Addresses that it was bound to, and by what.
    bound: Vec<Sighting>,
    names: Vec<Sighting>,
    fingerprints: Vec<Sighting>,
}

/// The devices seen so far.
#[derive(Debug)]
pub struct Inventory {
    scope: Scope,
    limit: usize,
    seats: HashMap<Place, Seat>,
    stations: HashMap<MacAddress, Station>,
    /// Addresses of the outside by the MAC address that carries them.
    outside: HashMap<MacAddress, BTreeSet<IpAddr>>,
    /// Names that answers gave to addresses.
    named: HashMap<IpAddr, Vec<Sighting>>,
    /// Addresses that speak for others.
    proxies: BTreeSet<IpAddr>,
    /// Addresses and stations that the limit left out.
    unlisted: u64,
}

impl Inventory {
    /// Of nothing.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            limit: usize::try_from(limits::HOSTS.default).unwrap_or(usize::MAX),
            seats: HashMap::new(),
            stations: HashMap::new(),
            outside: HashMap::new(),
            named: HashMap::new(),
            proxies: BTreeSet::new(),
            unlisted: 0,
        }
    }

    /// Addresses left out because there were too many.
    #[must_use]
    pub const fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// From now on another policy says which addresses are the network's own.
    pub fn rescope(&mut self, scope: Scope) {
        self.scope = scope;
    }

    /// Takes a flow record into account.
    pub fn observe(&mut self, record: &FlowRecord) {
        if !seat::is_exchange(record) {
            return;
        }
        for end in [Role::Orig, Role::Resp] {
            let (endpoint, mac, zone) = end.of(record);
            let mac = mac.filter(|mac| owners::is_station(*mac));
            let place = (endpoint.address, mac);
            if self.scope.is_ours(endpoint.address, zone) || self.is_bound(place) {
                if let Some(seat) = self.seat(place) {
                    // Addresses of the link are in every zone.
                    let zone = Some(zone).filter(|_| !scope::is_link_local(endpoint.address));
                    seat.observe(record, end, zone);
                }
            } else if let Some(mac) = mac
                && self.scope.can_be_bound(endpoint.address)
            {
                self.carry(mac, endpoint.address);
            }
        }
    }

    /// Takes what was said into account: bindings of addresses, names, options of DHCP.
    pub fn hear(&mut self, said: &Said) {
        let at = said.event.at();
        for evidence in evidence::of(said) {
            match evidence {
                Evidence::Binding(mac, address, from) => self.bind(mac, address, from, at),
                Evidence::NameOfMac(mac, name, from) => {
                    if let Some(station) = self.station(mac) {
                        sight(&mut station.names, &seen(name, from, at));
                    }
                }
                Evidence::FingerprintOfMac(mac, value, from) => {
                    if let Some(station) = self.station(mac) {
                        sight(&mut station.fingerprints, &seen(value, from, at));
                    }
                }
                Evidence::NameOfAddress(address, name, from) => {
                    if self.is_worth_naming(address) {
                        let names = self.named.entry(address).or_default();
                        sight(names, &seen(name, from, at));
                    }
                }
                Evidence::Leases(address, mac) => {
                    let place = (address, Some(mac).filter(|mac| owners::is_station(*mac)));
                    if self.scope.can_be_bound(address)
                        && let Some(seat) = self.seat(place)
                    {
                        seat.lease(at);
                    }
                }
                Evidence::Proxy(address) => {
                    if self.proxies.len() < self.limit {
                        self.proxies.insert(address);
                    }
                }
            }
        }
    }

    /// The devices, by their number.
    #[must_use]
    pub fn hosts(&self, makers: &Makers) -> Vec<Host> {
        let mut hosts: BTreeMap<u64, Host> = BTreeMap::new();
        for host in self.devices() {
            hosts
                .entry(host.id)
                .and_modify(|known| known.merge(&host))
                .or_insert(host);
        }
        let mut hosts: Vec<Host> = hosts.into_values().collect();
        for host in &mut hosts {
            fold::tidy(host);
            host.maker = host
                .mac
                .as_deref()
                .and_then(MacAddress::parse)
                .and_then(|mac| makers.of(mac))
                .map(str::to_owned);
        }
        hosts
    }

    fn bind(&mut self, mac: MacAddress, address: IpAddr, from: &'static str, at: Timestamp) {
        if self.scope.can_be_bound(address)
            && let Some(station) = self.station(mac)
        {
            sight(&mut station.bound, &seen(address.to_string(), from, at));
            let zone = self.scope.zone(address).cloned();
            if let Some(seat) = self.seat((address, Some(mac))) {
                seat.host.meet(at);
                if let Some(zone) = &zone {
                    seat.host.be_in(zone);
                }
            }
        }
    }

    /// Whether a device said that it has the address.
    fn is_bound(&self, place: Place) -> bool {
        self.seats.contains_key(&place)
    }

    /// Whether names of an address are kept. Half of the room is for private addresses alone, so that
    /// names of the whole Internet do not take it.
    fn is_worth_naming(&self, address: IpAddr) -> bool {
        let room = if self.scope.is_surely_ours(address) {
            self.limit
        } else {
            self.limit / 2
        };
        self.scope.can_be_bound(address) && (self.named.len() < room || self.named.contains_key(&address))
    }

    /// Notes that frames of a MAC address carry an address of the outside.
    fn carry(&mut self, mac: MacAddress, address: IpAddr) {
        if !self.outside.contains_key(&mac) && self.outside.len() >= self.limit {
            return;
        }
        let carried = self.outside.entry(mac).or_default();
        if carried.len() < OUTSIDERS {
            carried.insert(address);
        }
    }

    fn seat(&mut self, place: Place) -> Option<&mut Seat> {
        if !self.seats.contains_key(&place) && self.seats.len() >= self.limit {
            self.unlisted = self.unlisted.saturating_add(1);
            return None;
        }
        let seat = self.seats.entry(place);
        Some(seat.or_insert_with(|| Seat::new(fold::number_of(&place.0.to_string()))))
    }

    fn station(&mut self, mac: MacAddress) -> Option<&mut Station> {
        if !owners::is_station(mac) {
            return None;
        }
        if !self.stations.contains_key(&mac) && self.stations.len() >= self.limit {
            self.unlisted = self.unlisted.saturating_add(1);
            return None;
        }
        Some(self.stations.entry(mac).or_default())
    }
}

/// One sighting at one time.
fn seen(value: String, from: &str, at: Timestamp) -> Sighting {
    Sighting {
        value,
        from: from.to_owned(),
        first: at,
        last: at,
        count: 1,
    }
}
