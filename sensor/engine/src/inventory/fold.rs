//! From addresses and stations to devices.

use sekisho_model::host::{ServiceSeen, Sighting, sight};
use sekisho_model::{Host, MacAddress, stable_id};

use super::owners::Owners;
use super::seat::{Meet as _, Place, Seat};
use super::{Inventory, Station, systems};

impl Inventory {
    /// Devices piece by piece: the pieces of one come under the same number.
    pub(super) fn devices(&self) -> Vec<Host> {
        let owners = Owners::of(self);
        let mut stations: Vec<_> = self
            .stations
            .iter()
            .filter(|(_, station)| !station.names.is_empty() || !station.bound.is_empty())
            .collect();
        stations.sort_by_key(|(mac, _)| **mac);
        let mut seats: Vec<_> = self.seats.iter().collect();
        seats.sort_by_key(|(place, _)| **place);
        stations
            .into_iter()
            .map(|(mac, station)| of_station(*mac, station))
            .chain(
                seats
                    .into_iter()
                    .map(|(place, seat)| self.of_seat(*place, seat, &owners)),
            )
            .map(|mut host| {
                let mac = host.mac.as_deref().and_then(MacAddress::parse);
                host.forwards = mac.is_some_and(|mac| owners.forwarders.contains(&mac));
                host
            })
            .filter(|host| host.first_seen <= host.last_seen)
            .collect()
    }

    fn of_seat(&self, place: Place, seat: &Seat, owners: &Owners) -> Host {
        let (address, _) = place;
        let owner = owners.owner(place);
        let mut host = match owner {
            Some((mac, _)) => named_by(mac),
            None => Host::new(seat.host.id),
        };
        host.merge(&seat.host);
        if self.proxies.contains(&address) {
            // The names that a proxy is asked for are those of other servers.
            let is_asked_for = |name: &Sighting| ["http.hostname", "tls.sni"].contains(&name.from.as_str());
            host.names.retain(|name| !is_asked_for(name));
        }
        for name in self.named.get(&address).into_iter().flatten() {
            sight(&mut host.names, name);
        }
        let sighting = Sighting {
            value: address.to_string(),
            from: owner.map_or("flow", |(_, from)| from).to_owned(),
            first: seat.host.first_seen,
            last: seat.host.last_seen,
            count: seat.host.flows.max(1),
        };
        host.addresses = vec![sighting];
        host.several = systems::several(&seat.systems);
        host
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
pub(super) fn number_of(name: &str) -> u64 {
    name.bytes()
        .fold(0x5e_4b15, |sum, octet| stable_id(sum, u64::from(octet)))
}

/// Takes flows of unknown content for what others say of the same port.
pub(super) fn tidy(host: &mut Host) {
    for list in [&mut host.offers, &mut host.uses] {
        let (known, unknown): (Vec<_>, Vec<_>) = std::mem::take(list)
            .into_iter()
            .partition(|service: &ServiceSeen| !service.service.is_empty());
        *list = known;
        for service in unknown {
            let same = |known: &&mut ServiceSeen| {
                (known.port, &known.protocol) == (service.port, &service.protocol)
                    && !known.service.is_empty()
            };
            match list.iter_mut().find(same) {
                Some(known) => {
                    known.first = known.first.min(service.first);
                    known.last = known.last.max(service.last);
                    known.count = known.count.saturating_add(service.count);
                }
                None => list.push(service),
            }
        }
    }
}
