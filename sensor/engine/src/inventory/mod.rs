//! Who is there: the devices of the network, built from what they say and how they are spoken to.
//!
//! An address is inventoried where it is the network's own ([`Scope`]) and took part in an exchange:
//! it answered, was answered, or announced itself. What floods with made-up senders is not answered
//! and so makes no devices. Addresses become devices by their MAC address: bound by ARP, neighbour
//! discovery or DHCP, or else the MAC address of their frames where that is not a router's. A MAC
//! address that carries frames of more than four addresses of one family is a router's.
//!
//! Bounded by [`limits::HOSTS`]: further addresses are not inventoried, and counted.

mod evidence;
mod fold;
mod makers;
mod scope;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use sekisho_model::app::{Event, Said};
use sekisho_model::host::{Sighting, sight};
use sekisho_model::{FlowRecord, Host, MacAddress, Timestamp, limits};

use fold::Meet as _;
pub use makers::Makers;
pub use scope::Scope;

/// Addresses of one family whose frames a device sends before it counts as a router.
const ROUTED: usize = 4;
/// MAC addresses that are told apart for one address.
const MACS: usize = 4;

/// What is known of one address.
#[derive(Debug)]
struct Address {
    host: Host,
    /// MAC addresses of its frames, with their number.
    macs: Vec<(MacAddress, u64)>,
    /// Systems that its user agents name, for telling several devices behind it.
    systems: Vec<&'static str>,
}

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
    addresses: HashMap<IpAddr, Address>,
    stations: HashMap<MacAddress, Station>,
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
            addresses: HashMap::new(),
            stations: HashMap::new(),
            unlisted: 0,
        }
    }

    /// Addresses left out because there were too many.
    #[must_use]
    pub const fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// Takes a flow record into account.
    pub fn observe(&mut self, record: &FlowRecord) {
        if !fold::is_exchange(record) {
            return;
        }
        for end in [fold::Role::Orig, fold::Role::Resp] {
            let (endpoint, mac, zone) = end.of(record);
            if !self.scope.is_ours(endpoint.address, zone) {
                continue;
            }
            if let Some(address) = self.address(endpoint.address) {
                address.observe(record, end, mac, zone);
            }
        }
    }

    /// Takes what was said into account: bindings of addresses, names, options of DHCP.
    pub fn hear(&mut self, said: &Said) {
        let Event::Transaction(transaction) = &said.event else {
            return;
        };
        for evidence in evidence::of(transaction) {
            match evidence {
                evidence::Evidence::Binding(mac, address, from) => {
                    if self.scope.can_be_bound(address)
                        && let Some(station) = self.station(mac)
                    {
                        let value = address.to_string();
                        sight(&mut station.bound, &seen(value, from, transaction.at));
                        if let Some(known) = self.address(address) {
                            known.host.meet(transaction.at);
                        }
                    }
                }
                evidence::Evidence::NameOfMac(mac, name, from) => {
                    if let Some(station) = self.station(mac) {
                        sight(&mut station.names, &seen(name, from, transaction.at));
                    }
                }
                evidence::Evidence::FingerprintOfMac(mac, value, from) => {
                    if let Some(station) = self.station(mac) {
                        sight(&mut station.fingerprints, &seen(value, from, transaction.at));
                    }
                }
                evidence::Evidence::NameOfAddress(address, name, from) => {
                    // A name alone makes no device.
                    if let Some(known) = self.addresses.get_mut(&address) {
                        sight(&mut known.host.names, &seen(name, from, transaction.at));
                    }
                }
            }
        }
    }

    /// The devices, by their number.
    #[must_use]
    pub fn hosts(&self, makers: &Makers) -> Vec<Host> {
        let mut hosts = BTreeMap::new();
        for host in self.devices() {
            let id = host.id;
            hosts
                .entry(id)
                .and_modify(|known: &mut Host| known.merge(&host))
                .or_insert(host);
        }
        let mut hosts: Vec<Host> = hosts.into_values().collect();
        for host in &mut hosts {
            host.maker = host
                .mac
                .as_deref()
                .and_then(MacAddress::parse)
                .and_then(|mac| makers.of(mac))
                .map(str::to_owned);
        }
        hosts
    }

    fn address(&mut self, address: IpAddr) -> Option<&mut Address> {
        if !self.addresses.contains_key(&address) && self.addresses.len() >= self.limit {
            self.unlisted = self.unlisted.saturating_add(1);
            return None;
        }
        Some(
            self.addresses
                .entry(address)
                .or_insert_with(|| Address::new(address)),
        )
    }

    fn station(&mut self, mac: MacAddress) -> Option<&mut Station> {
        if !fold::is_station(mac) {
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
