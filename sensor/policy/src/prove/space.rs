//! Every place that a host can be in, as one sample address for each set of addresses that no
//! policy in question tells apart.
//!
//! The networks of all zones and all hosts that a policy names are sorted into a tree. What is left
//! of a network without those inside it is of one zone and in the same lists of hosts throughout,
//! so one address of it stands for all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use sekisho_model::MacAddress;

use crate::zones::ZoneId;

/// A host that stands for all that are judged as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    /// One of the addresses.
    pub(crate) address: IpAddr,
    /// The VLAN that places it in its zone, where no network does.
    pub(crate) vlan: Option<u16>,
    /// The MAC that places it in its zone, where no network does.
    pub(crate) mac: Option<MacAddress>,
    /// The network that the address was taken from, less the networks inside it.
    pub(crate) network: IpNet,
    /// Whether more networks are judged as this one is.
    pub(crate) more: bool,
}

/// What the places of one or two policies are made of.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// Networks of zones.
    pub(crate) networks: Vec<IpNet>,
    /// Networks and addresses of hosts that entries name.
    pub(crate) hosts: Vec<IpNet>,
    /// VLANs of zones.
    pub(crate) vlans: Vec<u16>,
    /// MAC addresses of zones.
    pub(crate) macs: Vec<MacAddress>,
}

/// One range of addresses of a family, both ends meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    v6: bool,
    first: u128,
    /// Descending, so that a network stands before those inside it.
    last: std::cmp::Reverse<u128>,
    host: bool,
}

impl Stretch {
    fn of(network: &IpNet, host: bool) -> Self {
        let (first, last) = match network.trunc() {
            IpNet::V4(net) => (
                u128::from(u32::from(net.network())),
                u128::from(u32::from(net.broadcast())),
            ),
            IpNet::V6(net) => (u128::from(net.network()), u128::from(net.broadcast())),
        };
        Self {
            v6: matches!(network, IpNet::V6(_)),
            first,
            last: std::cmp::Reverse(last),
            host,
        }
    }

    fn address(&self, number: u128) -> IpAddr {
        if self.v6 {
            return IpAddr::V6(Ipv6Addr::from(number));
        }
        IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)))
    }

    fn network(&self) -> IpNet {
        let length = (self.last.0 ^ self.first).count_ones();
        let bits = if self.v6 { 128_u32 } else { 32 };
        let prefix = u8::try_from(bits.saturating_sub(length)).unwrap_or(0);
        IpNet::new(self.address(self.first), prefix).unwrap_or_else(|_| IpNet::from(self.address(self.first)))
    }

    fn holds(&self, other: &Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last.0 <= self.last.0
    }
}

impl Cuts {
    /// The spots, where `zones` says in which zones an address lies by its networks alone:
    /// [`ZoneId::UNKNOWN`] where in none.
    pub(crate) fn spots<const N: usize>(&self, zones: impl Fn(&Spot) -> [ZoneId; N]) -> Vec<Spot> {
        let mut spots: Vec<Spot> = Vec::new();
        let mut seen = HashMap::new();
        let mut add = |spot: Spot, zones: [ZoneId; N], host: Option<usize>| {
            let known = seen
                .get(&(zones, host))
                .and_then(|place: &usize| spots.get_mut(*place));
            if let Some(known) = known {
                known.more = true;
            } else {
                seen.insert((zones, host), spots.len());
                spots.push(spot);
            }
        };
        for (address, network, host) in self.samples() {
            let plain = Spot {
                address,
                vlan: None,
                mac: None,
                network,
                more: false,
            };
            let by_network = zones(&plain);
            add(plain, by_network, host);
            if !by_network.contains(&ZoneId::UNKNOWN) {
                continue;
            }
            let tagged = self.vlans.iter().map(|vlan| Spot {
                vlan: Some(*vlan),
                ..plain
            });
            let pinned = self.macs.iter().map(|mac| Spot {
                mac: Some(*mac),
                ..plain
            });
            for spot in tagged.chain(pinned) {
                add(spot, zones(&spot), host);
            }
        }
        spots
    }

    /// One address of each piece, with its network and the innermost host network around it.
    fn samples(&self) -> Vec<(IpAddr, IpNet, Option<usize>)> {
        let whole = ["0.0.0.0/0", "::/0"].iter().filter_map(|text| text.parse().ok());
        let mut pieces: Vec<Stretch> = whole
            .chain(self.networks.iter().copied())
            .map(|network: IpNet| Stretch::of(&network, false))
            .chain(self.hosts.iter().map(|network| Stretch::of(network, true)))
            .collect();
        pieces.sort_unstable();
        pieces.dedup();
        let mut samples = Vec::with_capacity(pieces.len());
        let mut close = |top: Open, pieces: &[Stretch]| {
            let Some(piece) = pieces.get(top.piece) else {
                return;
            };
            if let Some(address) = top.sample(piece, pieces) {
                samples.push((address, piece.network(), top.host));
            }
        };
        let mut open: Vec<Open> = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            while let Some(top) = open.last().copied() {
                if pieces.get(top.piece).is_some_and(|around| around.holds(piece)) {
                    break;
                }
                open.pop();
                close(top, &pieces);
            }
            let mut around = None;
            if let Some(top) = open.last_mut() {
                around = top.host;
                top.meet(piece);
            }
            open.push(Open {
                piece: index,
                host: if piece.host { Some(index) } else { around },
                free: Some(piece.first),
                end: piece.last.0,
                found: false,
            });
        }
        while let Some(top) = open.pop() {
            close(top, &pieces);
        }
        samples.sort_unstable();
        samples
    }
}

/// A piece whose inner pieces are being met, in the order of their addresses.
#[derive(Debug, Clone, Copy)]
struct Open {
    piece: usize,
    /// The innermost host network around it, itself counted.
    host: Option<usize>,
    /// The first number that no inner piece has taken; `None` where they reach to its end.
    free: Option<u128>,
    /// The last number of the gap that begins there.
    end: u128,
    /// Whether the gap is settled.
    found: bool,
}

impl Open {
    /// Meets the next inner piece.
    fn meet(&mut self, inner: &Stretch) {
        if self.found {
            return;
        }
        if self.free.is_some_and(|free| free < inner.first) {
            self.found = true;
            self.end = inner.first.saturating_sub(1);
        } else {
            let after = inner.last.0.checked_add(1);
            self.free = after.filter(|after| *after <= self.end);
        }
    }

    /// An address of the gap: one that looks like a host's, where there is one.
    fn sample(&self, piece: &Stretch, pieces: &[Stretch]) -> Option<IpAddr> {
        let free = self.free.filter(|free| *free <= self.end)?;
        if piece.first == 0 {
            // Addresses that documents use, RFC 5737 and RFC 3849.
            let usual: [IpAddr; 4] = [
                Ipv4Addr::new(203, 0, 113, 9).into(),
                Ipv4Addr::new(198, 51, 100, 9).into(),
                Ipv4Addr::new(192, 0, 2, 9).into(),
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9).into(),
            ];
            let is_here = |address: &IpAddr| {
                let host = Stretch::of(&IpNet::from(*address), false);
                let inner = |other: &&Stretch| piece.holds(other) && *other != piece && other.holds(&host);
                piece.holds(&host) && !pieces.iter().any(|other| inner(&other))
            };
            if let Some(address) = usual.into_iter().find(is_here) {
                return Some(address);
            }
        }
        let second = free.checked_add(1).filter(|second| *second <= self.end);
        let first_of_network = free == piece.first;
        Some(piece.address(second.filter(|_| first_of_network).unwrap_or(free)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn samples(zones: &[&str], hosts: &[&str]) -> Vec<String> {
        let cuts = Cuts {
            networks: networks(zones),
            hosts: networks(hosts),
            ..Cuts::default()
        };
        cuts.samples()
            .iter()
            .map(|(address, _, _)| address.to_string())
            .collect()
    }

    #[test]
    fn each_piece_gives_an_address_that_no_inner_network_holds() {
        assert_eq!(
            samples(
                &["10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24"],
                &["10.0.1.0/25", "10.0.1.7/32"]
            ),
            [
                "10.0.0.1",
                "10.0.1.1",
                "10.0.1.7",
                "10.0.1.128",
                "10.0.2.0",
                "203.0.113.9",
                "2001:db8::9"
            ]
        );
    }

    #[test]
    fn a_network_that_is_used_up_by_those_inside_gives_none() {
        assert_eq!(
            samples(
                &[
                    "10.0.0.0/24",
                    "10.0.0.0/25",
                    "10.0.0.128/25",
                    "0.0.0.0/1",
                    "128.0.0.0/1",
                    "::/1"
                ],
                &[]
            ),
            [
                "0.0.0.1",
                "10.0.0.1",
                "10.0.0.129",
                "128.0.0.1",
                "2001:db8::9",
                "8000::"
            ]
        );
    }

    #[test]
    fn the_first_gap_is_taken_and_later_networks_do_not_move_it() {
        assert_eq!(
            samples(&["10.0.0.0/24"], &["10.0.0.0/26", "10.0.0.128/26"]),
            [
                "10.0.0.1",
                "10.0.0.64",
                "10.0.0.129",
                "203.0.113.9",
                "2001:db8::9"
            ]
        );
    }

    #[test]
    fn where_no_network_is_a_vlan_or_a_mac_makes_a_place_of_its_own() {
        let mac = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        let cuts = Cuts {
            networks: networks(&["10.0.0.0/24", "10.0.1.0/24"]),
            vlans: vec![10, 20],
            macs: vec![mac],
            ..Cuts::default()
        };
        let zone = |spot: &Spot| {
            let by_network = spot.address.to_string().starts_with("10.0.");
            [ZoneId(match (by_network, spot.vlan, spot.mac) {
                (true, ..) => 2,
                (_, Some(10), _) => 3,
                (_, _, Some(_)) => 4,
                _ => 0,
            })]
        };

        let spots = cuts.spots(zone);

        let found: Vec<_> = spots
            .iter()
            .map(|spot| (zone(spot)[0].0, spot.vlan, spot.mac, spot.more))
            .collect();
        assert_eq!(
            found,
            [
                (2, None, None, true),
                (0, None, None, true),
                (3, Some(10), None, true),
                (4, None, Some(mac), true),
            ]
        );
        assert_eq!(spots[0].network.to_string(), "10.0.0.0/24");
    }
}
