//! A device of the network, as traffic shows it.

use serde::{Deserialize, Serialize};

use crate::{Text, Timestamp};

/// Values of one kind that are kept of a host, at most; the ones seen last stay.
pub const SIGHTINGS: usize = 32;

/// Something that was seen of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// What.
    pub value: String,
    /// Where it was read: protocol and field, as `dhcp.hostname`.
    pub from: String,
    /// First time.
    pub first: Timestamp,
    /// Last time.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

/// A service that a host offers, or uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// The application protocol; empty where it is not known.
    pub service: String,
    /// Transport protocol.
    pub protocol: String,
    /// Port of the responder.
    pub port: u16,
    /// First time.
    pub first: Timestamp,
    /// Last time.
    pub last: Timestamp,
    /// Flows.
    pub count: u64,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Number of the device: of its MAC address, or of its address where no MAC is known.
    pub id: u64,
    /// Its MAC address, where one is its own and not a router's.
    pub mac: Option<String>,
    /// Whether the MAC address is made up by the device (locally administered), so that it names the
    /// device for a while only.
    pub mac_is_random: bool,
    /// Who made its network card, by the register of the IEEE; absent where that is not at hand.
    pub maker: Option<String>,
    /// Its addresses.
    pub addresses: Vec<Sighting>,
    /// Its names.
    pub names: Vec<Sighting>,
    /// What its software shows of itself: user agents, banners, JA4, HASSH, DHCP options.
    pub fingerprints: Vec<Sighting>,
    /// What it offers to others.
    pub offers: Vec<ServiceSeen>,
    /// What it uses of others.
    pub uses: Vec<ServiceSeen>,
    /// Zones that it was seen in.
    pub zones: Vec<String>,
    /// Whether it forwards for others: a router, a gateway.
    pub forwards: bool,
    /// Why several devices are believed to stand behind it; empty where nothing says so.
    pub several: Vec<Text>,
    /// First packet.
    pub first_seen: Timestamp,
    /// Last packet.
    pub last_seen: Timestamp,
    /// Flows that it took part in.
    pub flows: u64,
}

impl Host {
    /// A device of which nothing was seen but its number.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self {
            id,
            mac: None,
            mac_is_random: false,
            maker: None,
            addresses: Vec::new(),
            names: Vec::new(),
            fingerprints: Vec::new(),
            offers: Vec::new(),
            uses: Vec::new(),
            zones: Vec::new(),
            forwards: false,
            several: Vec::new(),
            first_seen: Timestamp::MAX,
            last_seen: Timestamp::MIN,
            flows: 0,
        }
    }

    /// Adds what was seen of the same device at another time.
    pub fn merge(&mut self, other: &Self) {
        self.mac = self.mac.take().or_else(|| other.mac.clone());
        self.mac_is_random |= other.mac_is_random;
        self.maker = self.maker.take().or_else(|| other.maker.clone());
        for (mine, theirs) in [
            (&mut self.addresses, &other.addresses),
            (&mut self.names, &other.names),
            (&mut self.fingerprints, &other.fingerprints),
        ] {
            for sighting in theirs {
                sight(mine, sighting);
            }
        }
        for (mine, theirs) in [(&mut self.offers, &other.offers), (&mut self.uses, &other.uses)] {
            for service in theirs {
                serve(mine, service);
            }
        }
        for zone in &other.zones {
            self.be_in(zone);
        }
        self.forwards |= other.forwards;
        for reason in &other.several {
            if !self.several.contains(reason) {
                self.several.push(reason.clone());
            }
        }
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.flows = self.flows.saturating_add(other.flows);
    }

    /// Notes a zone.
    pub fn be_in(&mut self, zone: &str) {
        if !self.zones.iter().any(|known| known == zone) && self.zones.len() < SIGHTINGS {
            self.zones.push(zone.to_owned());
        }
    }
}

/// Adds a sighting to a list: to the same value from the same place, or as a new one in the place
/// of the one not seen for longest.
pub fn sight(list: &mut Vec<Sighting>, new: &Sighting) {
    let same = |known: &&mut Sighting| known.value == new.value && known.from == new.from;
    if let Some(known) = list.iter_mut().find(same) {
        known.first = known.first.min(new.first);
        known.last = known.last.max(new.last);
        known.count = known.count.saturating_add(new.count);
        return;
    }
    make_room(list, |known| known.last);
    list.push(new.clone());
}

/// The same for a service.
pub fn serve(list: &mut Vec<ServiceSeen>, new: &ServiceSeen) {
    let same = |known: &&mut ServiceSeen| {
        known.port == new.port && known.protocol == new.protocol && known.service == new.service
    };
    if let Some(known) = list.iter_mut().find(same) {
        known.first = known.first.min(new.first);
        known.last = known.last.max(new.last);
        known.count = known.count.saturating_add(new.count);
        return;
    }
    make_room(list, |known| known.last);
    list.push(new.clone());
}

fn make_room<T>(list: &mut Vec<T>, last: impl Fn(&T) -> Timestamp) {
    if list.len() < SIGHTINGS {
        return;
    }
    let oldest = list.iter().enumerate().min_by_key(|(_, known)| last(known));
    if let Some((oldest, _)) = oldest {
        list.remove(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(value: &str, at: i64) -> Sighting {
        Sighting {
            value: value.to_owned(),
            from: "dhcp.hostname".to_owned(),
            first: Timestamp::from_seconds(at, 0),
            last: Timestamp::from_seconds(at, 0),
            count: 1,
        }
    }

    #[test]
    fn two_stretches_of_one_device_are_one_with_the_first_and_the_last_time() {
        let mut host = Host {
            names: vec![sighting("pc-1", 10)],
            ..Host::new(1)
        };
        let later = Host {
            names: vec![sighting("pc-1", 20), sighting("pc-2", 30)],
            flows: 3,
            first_seen: Timestamp::from_seconds(20, 0),
            last_seen: Timestamp::from_seconds(30, 0),
            ..Host::new(1)
        };

        host.merge(&later);

        assert_eq!(host.names.len(), 2);
        assert_eq!(
            (host.names[0].count, host.names[0].last),
            (2, Timestamp::from_seconds(20, 0))
        );
        assert_eq!((host.flows, host.last_seen), (3, Timestamp::from_seconds(30, 0)));
    }

    #[test]
    fn a_list_keeps_what_was_seen_last() {
        let mut list = Vec::new();
        for n in 0..40 {
            sight(&mut list, &sighting(&n.to_string(), n));
        }

        assert_eq!((list.len(), list[0].value.as_str()), (SIGHTINGS, "8"));
    }
}
