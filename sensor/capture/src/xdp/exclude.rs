//! The networks that are not to be looked at, in two tries of the kernel: longest prefix wins, as it does
//! for the zones of a policy.
//!
//! A frame whose sender or receiver is in an excluded network is counted and goes no further. Zones that
//! are known by a MAC address or a VLAN alone are the sensor's to judge.

use std::net::IpAddr;

use aya::maps::lpm_trie::Key;
use aya::maps::{LpmTrie, Map, MapData, MapError};
use aya::{Ebpf, Pod};

use super::XdpError;
use super::load::missing;

/// A network of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// Any address in it.
    pub(crate) address: IpAddr,
    /// Bits that its addresses share.
    pub(crate) prefix: u8,
    /// Whether it is excluded; one that is not may lie inside of one that is.
    pub(crate) excluded: bool,
}

/// Replaces what is in the tries. What is in both the old and the new stays in force all the while.
pub(super) fn replace(bpf: &mut Ebpf, networks: &[Network]) -> Result<(), XdpError> {
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

fn replace_in<K: Pod + PartialEq>(map: &mut Map, wanted: &[(Key<K>, u32)]) -> Result<(), XdpError> {
    let mut map: LpmTrie<&mut MapData, K, u32> = LpmTrie::try_from(map)?;
    let old: Vec<Key<K>> = map.keys().collect::<Result<_, MapError>>()?;
    for (key, value) in wanted {
        map.insert(key, *value, 0)?;
    }
    let masked = |key: &Key<K>| (key.prefix_len(), key.data());
    for key in old {
        if !wanted.iter().any(|(one, _)| masked(one) == masked(&key)) {
            map.remove(&key)?;
        }
    }
    Ok(())
}
