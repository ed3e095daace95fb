//! Zones for traffic of which no policy says what belongs together: private networks, and the rest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::MAX_ZONES;

/// Zones left for what is not private.
const OTHERS: usize = 8;

/// The zones as a policy file declares them. Hosts of none of them may talk to each other unless a
/// path says so.
pub(super) fn zones(addresses: impl Iterator<Item = IpAddr>) -> String {
    let mut networks: BTreeMap<IpNet, u64> = BTreeMap::new();
    let (mut multicast, mut world) = (false, false);
    for address in addresses {
        match network(address) {
            Some(network) => {
                let count = networks.entry(network).or_default();
                *count = count.saturating_add(1);
            }
            None if address.is_multicast() => multicast = true,
            None => world = true,
        }
    }
    let mut out = String::new();
    let mut busiest: Vec<_> = networks.into_iter().collect();
    busiest.sort_by_key(|(network, count)| (std::cmp::Reverse(*count), *network));
    busiest.truncate(MAX_ZONES.saturating_sub(OTHERS));
    busiest.sort_by_key(|(network, _)| *network);
    for (network, _) in busiest {
        declare(&mut out, &name(network), &[&network.to_string()]);
    }
    if multicast {
        declare(&mut out, "multicast", &["224.0.0.0/4", "ff00::/8"]);
    }
    if world {
        declare(&mut out, "internet", &["0.0.0.0/0", "::/0"]);
    }
    out
}

fn declare(out: &mut String, name: &str, networks: &[&str]) {
    let _ = writeln!(out, "[zone.{name}]\nnetworks = {networks:?}\nintra = \"deny\"\n");
}

/// The /24 or /64 of a private address.
fn network(address: IpAddr) -> Option<IpNet> {
    match address {
        IpAddr::V4(address) => (address.is_private() || is_shared(address))
            .then(|| Ipv4Net::new(address, 24).ok())
            .flatten()
            .map(|network| network.trunc().into()),
        IpAddr::V6(address) => is_unique_local(address)
            .then(|| Ipv6Net::new(address, 64).ok())
            .flatten()
            .map(|network| network.trunc().into()),
    }
}

/// RFC 6598: between a carrier and its customers.
const fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && second & 0xc0 == 64
}

/// RFC 4193.
const fn is_unique_local(address: Ipv6Addr) -> bool {
    address.octets()[0] & 0xfe == 0xfc
}

/// `10.20.1.0/24` is `net-10-20-1`.
fn name(network: IpNet) -> String {
    let words: Vec<_> = match network {
        IpNet::V4(network) => network
            .addr()
            .octets()
            .iter()
            .take(3)
            .map(u8::to_string)
            .collect(),
        IpNet::V6(network) => network
            .addr()
            .segments()
            .iter()
            .take(4)
            .map(|segment| format!("{segment:x}"))
            .collect(),
    };
    format!("net-{}", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_zones_and_the_rest_is_one() {
        let addresses = [
            "10.20.1.7",
            "10.20.1.9",
            "fd00:1:2:3::5",
            "203.0.113.9",
            "100.64.3.1",
        ];
        let text = zones(addresses.iter().map(|address| address.parse().unwrap()));

        let named: Vec<_> = text.lines().filter(|line| line.starts_with('[')).collect();
        assert_eq!(
            named,
            [
                "[zone.net-10-20-1]",
                "[zone.net-100-64-3]",
                "[zone.net-fd00-1-2-3]",
                "[zone.internet]"
            ]
        );
        assert!(text.contains("networks = [\"10.20.1.0/24\"]"));
    }
}
