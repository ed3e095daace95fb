//! From addresses and stations to devices.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::app::Essential;
use sekisho_model::host::{ServiceSeen, Sighting, serve, sight};
use sekisho_model::{
    ConnState, DirectionBy, Endpoint, FlowRecord, Host, MacAddress, Protocol, Text, Timestamp, stable_id,
};

use super::{Address, Inventory, MACS, ROUTED, Station};

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Orig,
    Resp,
}

impl Role {
    pub(super) const fn of(self, record: &FlowRecord) -> (Endpoint, Option<MacAddress>, &Arc<str>) {
        match self {
            Self::Orig => (record.orig, record.orig_mac, &record.orig_zone),
            Self::Resp => (record.resp, record.resp_mac, &record.resp_zone),
        }
    }
}

/// Whether both ends took part.
pub(super) const fn is_exchange(record: &FlowRecord) -> bool {
    record.to_resp.packets > 0 && record.to_orig.packets > 0
}

/// Whether a MAC address can be one device's: not a group's, and not nobody's (IEEE 802-2014 8.2).
pub(super) fn is_station(mac: MacAddress) -> bool {
    let [first, ..] = mac.0;
    first & 1 == 0 && mac.0 != [0; 6]
}

impl Address {
    pub(super) fn new(address: IpAddr) -> Self {
        Self {
            host: Host::new(number_of(&address.to_string())),
            macs: Vec::new(),
            systems: Vec::new(),
        }
    }

    /// Takes a flow into account in which the address had a role.
    pub(super) fn observe(
        &mut self,
        record: &FlowRecord,
        role: Role,
        mac: Option<MacAddress>,
        zone: &Arc<str>,
    ) {
        self.host.meet(record.start);
        self.host.meet(record.end);
        self.host.flows = self.host.flows.saturating_add(u64::from(record.part == 0));
        if **zone != *"unknown" {
            self.host.be_in(zone);
        }
        if let Some(mac) = mac.filter(|mac| is_station(*mac)) {
            self.carry(mac);
        }
        self.name(record, role);
        if let Some(service) = service_of(record) {
            let list = match role {
                Role::Orig => &mut self.host.uses,
                Role::Resp => &mut self.host.offers,
            };
            serve(list, &service);
        }
    }

    fn carry(&mut self, mac: MacAddress) {
        if let Some((_, frames)) = self.macs.iter_mut().find(|(known, _)| *known == mac) {
            *frames = frames.saturating_add(1);
        } else if self.macs.len() < MACS {
            self.macs.push((mac, 1));
        }
    }

    /// Names and fingerprints that a flow's application side gives of this end.
    fn name(&mut self, record: &FlowRecord, role: Role) {
        let Some(app) = &record.app else { return };
        for named in &app.essentials {
            let list = match (role, named.what) {
                (Role::Orig, Essential::ClientHost) | (Role::Resp, Essential::ServerName) => {
                    &mut self.host.names
                }
                (
                    Role::Orig,
                    Essential::ClientSoftware | Essential::Ja3 | Essential::Ja4 | Essential::Hassh,
                )
                | (
                    Role::Resp,
                    Essential::ServerSoftware
                    | Essential::Ja3s
                    | Essential::HasshServer
                    | Essential::CertificateSubject
                    | Essential::CertificateSha256,
                ) => &mut self.host.fingerprints,
                _ => continue,
            };
            if named.what == Essential::ServerName && is_address(&named.value) {
                continue; // Asked for by its address, which is no name.
            }
            let sighting = Sighting {
                value: named.value.to_string(),
                from: named.from.to_owned(),
                first: record.start,
                last: record.end,
                count: 1,
            };
            sight(list, &sighting);
            if role == Role::Orig && named.what == Essential::ClientSoftware {
                self.run(&named.value);
            }
        }
    }

    /// Notes the system that a user agent names.
    fn run(&mut self, user_agent: &str) {
        const SYSTEMS: [(&str, &str); 7] = [
            ("Windows NT", "Windows"),
            ("iPhone", "iOS"),
            ("iPad", "iPadOS"),
            ("Android", "Android"),
            ("Macintosh", "macOS"),
            ("CrOS", "ChromeOS"),
            ("X11; ", "Linux"),
        ];
        let system = SYSTEMS
            .iter()
            .find(|(word, _)| user_agent.contains(word))
            .map(|(_, system)| *system);
        if let Some(system) = system.filter(|system| !self.systems.contains(system)) {
            self.systems.push(system);
        }
    }
}

/// Whether a server name is an address, as URLs write it.
fn is_address(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    bare.parse::<IpAddr>().is_ok()
}

/// Extends the times of a host.
pub(super) trait Meet {
    fn meet(&mut self, at: Timestamp);
}

impl Meet for Host {
    fn meet(&mut self, at: Timestamp) {
        self.first_seen = self.first_seen.min(at);
        self.last_seen = self.last_seen.max(at);
    }
}

impl Inventory {
    /// Devices one by one; one with several addresses comes several times, under the same number.
    pub(super) fn devices(&self) -> impl Iterator<Item = Host> + '_ {
        let routers = self.routers();
        let owners = self.owners(&routers);
        let stations = self
            .stations
            .iter()
            .filter(|(_, station)| !station.names.is_empty() || !station.bound.is_empty())
            .map(|(mac, station)| of_station(*mac, station));
        let forwarding: Vec<Host> = routers
            .iter()
            .map(|mac| Host {
                forwards: true,
                ..named_by(*mac)
            })
            .filter(|router| {
                // A router whose own address is known is that device; one that only forwards is not listed.
                owners
                    .values()
                    .any(|(mac, _)| number_of(&mac.to_string()) == router.id)
            })
            .collect();
        let addresses = self.addresses.iter().map(move |(address, known)| {
            let owner = owners.get(address);
            let mut host = match owner {
                Some((mac, _)) => named_by(*mac),
                None => Host::new(known.host.id),
            };
            host.merge(&known.host);
            let from = owner.map_or("flow", |(_, from)| *from);
            let sighting = Sighting {
                value: address.to_string(),
                from: from.to_owned(),
                first: known.host.first_seen,
                last: known.host.last_seen,
                count: known.host.flows.max(1),
            };
            host.addresses = vec![sighting];
            host.several = several(&known.systems);
            host
        });
        stations
            .chain(forwarding)
            .chain(addresses)
            .filter(|host| host.first_seen <= host.last_seen || host.forwards)
    }

    /// MAC addresses that carry frames of more addresses than one device has.
    fn routers(&self) -> BTreeSet<MacAddress> {
        let mut carried: HashMap<(MacAddress, bool), usize> = HashMap::new();
        for (address, known) in &self.addresses {
            for (mac, _) in &known.macs {
                let count = carried.entry((*mac, address.is_ipv4())).or_default();
                *count = count.saturating_add(1);
            }
        }
        carried
            .into_iter()
            .filter(|(_, addresses)| *addresses > ROUTED)
            .map(|((mac, _), _)| mac)
            .collect()
    }

    /// The MAC address of each address that has one of its own, and how that is known.
    fn owners(&self, routers: &BTreeSet<MacAddress>) -> HashMap<IpAddr, (MacAddress, &'static str)> {
        let mut owners: HashMap<IpAddr, (MacAddress, &'static str)> = HashMap::new();
        let mut times: HashMap<IpAddr, Timestamp> = HashMap::new();
        for (mac, station) in &self.stations {
            for bound in &station.bound {
                let Ok(address) = bound.value.parse::<IpAddr>() else {
                    continue;
                };
                // Two that claim an address: the one seen last, by number where at the same time.
                let newer = times.get(&address).is_none_or(|last| {
                    (*last, owners.get(&address).map(|(mac, _)| *mac)) < (bound.last, Some(*mac))
                });
                if newer {
                    times.insert(address, bound.last);
                    owners.insert(address, (*mac, from_word(&bound.from)));
                }
            }
        }
        for (address, known) in &self.addresses {
            if owners.contains_key(address) {
                continue;
            }
            let own = known
                .macs
                .iter()
                .filter(|(mac, _)| !routers.contains(mac))
                .max_by_key(|(mac, frames)| (*frames, *mac));
            if let Some((mac, _)) = own {
                owners.insert(*address, (*mac, "flow"));
            }
        }
        owners
    }
}

fn from_word(from: &str) -> &'static str {
    match from {
        "arp" => "arp",
        "ndp" => "ndp",
        "dhcp" => "dhcp",
        "dhcpv6" => "dhcpv6",
        _ => "flow",
    }
}

fn of_station(mac: MacAddress, station: &Station) -> Host {
    let mut host = named_by(mac);
    host.names.clone_from(&station.names);
    host.fingerprints.clone_from(&station.fingerprints);
    for bound in &station.bound {
        sight(&mut host.addresses, bound);
    }
    for sighting in station
        .bound
        .iter()
        .chain(&station.names)
        .chain(&station.fingerprints)
    {
        host.meet(sighting.first);
        host.meet(sighting.last);
    }
    host
}

fn named_by(mac: MacAddress) -> Host {
    let [first, ..] = mac.0;
    let text = mac.to_string();
    Host {
        // The second bit of the first octet: administered locally (IEEE 802-2014 8.4.2).
        mac_is_random: first & 2 != 0,
        mac: Some(text.clone()),
        ..Host::new(number_of(&text))
    }
}

/// The number of a device that goes by this name.
fn number_of(name: &str) -> u64 {
    name.bytes()
        .fold(0x5e_4b15, |sum, octet| stable_id(sum, u64::from(octet)))
}

/// The service of a flow that really was one.
fn service_of(record: &FlowRecord) -> Option<ServiceSeen> {
    let service = record.app.as_ref().map_or("", |app| app.service);
    let is_open = match record.protocol {
        Protocol::TCP => !matches!(
            record.conn_state,
            None | Some(ConnState::S0 | ConnState::Rej | ConnState::Shr | ConnState::Sh | ConnState::Rstos0)
        ),
        _ => record.protocol.has_ports(),
    };
    let is_told = record.direction_by != DirectionBy::First || !service.is_empty();
    (is_open && is_told && record.resp.port > 0).then(|| ServiceSeen {
        service: service.to_owned(),
        protocol: record.protocol.to_string(),
        port: record.resp.port,
        first: record.start,
        last: record.end,
        count: u64::from(record.part == 0),
    })
}

/// Why several devices are believed to share an address.
fn several(systems: &[&'static str]) -> Vec<Text> {
    if systems.len() < 2 {
        return Vec::new();
    }
    let mut systems = systems.to_vec();
    systems.sort_unstable();
    let list = systems.join(", ");
    vec![Text::new(
        format!("ブラウザーが複数のOSを名乗っている: {list}"),
        format!("browsers name several systems: {list}"),
    )]
}

#[cfg(test)]
mod tests {
    use sekisho_model::App;

    use super::*;

    #[test]
    fn a_server_asked_for_by_its_address_has_no_name_of_it() {
        let mut record = FlowRecord::example();
        let mut server = Address::new(record.resp.address);
        for name in ["192.0.2.1", "[2001:db8::1]", "www.example.jp"] {
            let mut app = Box::new(App::default());
            app.set(Essential::ServerName, name, "http.hostname");
            record.app = Some(app);
            server.name(&record, Role::Resp);
        }

        let names: Vec<_> = server.host.names.iter().map(|seen| seen.value.as_str()).collect();
        assert_eq!(names, ["www.example.jp"]);
    }
}
