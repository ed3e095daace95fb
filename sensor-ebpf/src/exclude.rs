//! Networks of which nothing is to be known: longest prefix wins, and either end is enough.
//!
//! Only whole packets of TCP and UDP outside of tunnels are judged here; the sensor judges the rest.

use aya_ebpf::bindings::BPF_F_NO_PREALLOC;
use aya_ebpf::macros::map;
use aya_ebpf::maps::LpmTrie;
use aya_ebpf::maps::lpm_trie::Key;

use crate::parse::Packet;

/// Networks of the policy at most; memory is taken for those that there are.
const NETWORKS: u32 = 65_536;

/// 1 for a network that is excluded, 0 for one that is not and may lie inside of one that is.
#[map]
static NETWORKS4: LpmTrie<[u8; 4], u32> = LpmTrie::with_max_entries(NETWORKS, BPF_F_NO_PREALLOC);
#[map]
static NETWORKS6: LpmTrie<[u8; 16], u32> = LpmTrie::with_max_entries(NETWORKS, BPF_F_NO_PREALLOC);

/// Whether one of the ends is excluded.
#[inline(always)]
pub fn is_excluded(packet: &Packet) -> bool {
    if packet.ip == 4 {
        v4(packet.source[0]) || v4(packet.destination[0])
    } else {
        v6(packet.source) || v6(packet.destination)
    }
}

#[inline(always)]
fn v4(address: u64) -> bool {
    let key = Key::new(32, (address as u32).to_ne_bytes());
    NETWORKS4.get(key).is_some_and(|value| *value != 0)
}

#[inline(always)]
fn v6([first, second]: [u64; 2]) -> bool {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&first.to_ne_bytes());
    octets[8..].copy_from_slice(&second.to_ne_bytes());
    NETWORKS6
        .get(Key::new(128, octets))
        .is_some_and(|value| *value != 0)
}
