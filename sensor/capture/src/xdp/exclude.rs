//! The networks that are not to be looked at, in two tries of the kernel: longest prefix wins, as it does
//! for the zones of a policy.
//!
//! A frame whose sender or receiver is in an excluded network is counted and goes no further. Zones that
//! are known by a MAC address or a VLAN alone are the sensor's to judge.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;

use aya::maps::lpm_trie::Key;
use aya::maps::{LpmTrie, Map, MapData, MapError};
use aya::{Ebpf, Pod};

use super::XdpError;
use super::load::missing;
use crate::Network;

/// Networks of a family that a try has room for, as the program says.
const MOST: usize = 65_536;

/// Replaces what is in the tries. What is in both the old and the new stays in force all the while, and at no
/// moment is a network excluded that is so neither before nor after. Where there are too many none is.
pub(super) fn replace(bpf: &mut Ebpf, networks: &[Network]) -> Result<(), XdpError> {
    let networks = if networks.len() > MOST { &[] } else { networks };
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for network in networks {
        let (prefix, value) = (u32::from(network.prefix), u32::from(network.excluded));
        match network.address {
            IpAddr::V4(address) => {
                let mask = !u32::MAX.checked_shr(prefix).unwrap_or(0);
                let address = (u32::from(address) & mask).to_be_bytes();
                v4.push((Key::new(prefix.min(32), address), value));
            }
            IpAddr::V6(address) => {
                let mask = !u128::MAX.checked_shr(prefix).unwrap_or(0);
                let address = (u128::from(address) & mask).to_be_bytes();
                v6.push((Key::new(prefix.min(128), address), value));
            }
        }
    }
    replace_in(trie(bpf, "NETWORKS4")?, &v4)?;
    replace_in(trie(bpf, "NETWORKS6")?, &v6)
}

fn trie<'a>(bpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Map, XdpError> {
    bpf.map_mut(name).ok_or_else(|| missing(name))
}

fn replace_in<K: Pod + Eq + Hash>(map: &mut Map, wanted: &[(Key<K>, u32)]) -> Result<(), XdpError> {
    let mut map: LpmTrie<&mut MapData, K, u32> = LpmTrie::try_from(map)?;
    let old: Vec<(Key<K>, u32)> = map.iter().collect::<Result<_, MapError>>()?;
    // Those that are not excluded come first and go last.
    let ordered = |excluded: u32| wanted.iter().filter(move |(_, value)| *value == excluded);
    for (key, value) in ordered(0).chain(ordered(1)) {
        map.insert(key, *value, 0)?;
    }
    let masked = |key: &Key<K>| (key.prefix_len(), key.data());
    let stays: HashSet<_> = wanted.iter().map(|(key, _)| masked(key)).collect();
    let gone = |excluded: u32| {
        let stays = &stays;
        old.iter()
            .filter(move |(key, value)| *value == excluded && !stays.contains(&masked(key)))
    };
    for (key, _) in gone(1).chain(gone(0)) {
        map.remove(key)?;
    }
    Ok(())
}
