//! Which partition of the flow table a frame belongs to, without decoding it.
//!
//! The number depends on the two network addresses alone, in either order, so that both
//! directions, every fragment and the ICMP errors of two hosts meet in one partition. It does not
//! depend on how many threads work, so limits and evictions are the same for any number of them.

use sekisho_model::Linktype;

use crate::link::{self, Network};

/// Partitions of the flow table.
pub const PARTITIONS: usize = 16;

/// The partition of a frame, 0 to [`PARTITIONS`] - 1; frames without IP go to 0.
#[must_use]
pub fn of_frame(frame: &[u8], linktype: Linktype) -> usize {
    let Network::Ip(packet) = link::decode(frame, linktype).1 else {
        return 0;
    };
    let sum = match packet.first().map(|octet| octet >> 4) {
        Some(4) => fold(packet.get(12..20)),
        Some(6) => fold(packet.get(8..40)),
        _ => 0,
    };
    // The top bits of a product depend on every bit of the sum.
    usize::try_from(sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60).unwrap_or(0)
}

/// Adds up two addresses of equal length word by word, which is the same in either order.
fn fold(addresses: Option<&[u8]>) -> u64 {
    let words = addresses.unwrap_or_default().chunks_exact(4);
    words.fold(0, |sum, word| {
        let word = word.try_into().map_or(0, u32::from_be_bytes);
        sum.wrapping_add(u64::from(word))
    })
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    fn frame(a: [u8; 4], b: [u8; 4]) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(a, b, 64)
            .udp(1, 2)
            .write(&mut out, &[])
            .unwrap();
        out
    }

    #[test]
    fn both_directions_meet_and_hosts_spread() {
        let mut used = [false; PARTITIONS];
        for host in 1..=250 {
            let there = of_frame(&frame([10, 0, 0, host], [10, 0, 1, 1]), Linktype::ETHERNET);
            let back = of_frame(&frame([10, 0, 1, 1], [10, 0, 0, host]), Linktype::ETHERNET);

            assert_eq!(there, back);
            used[there] = true;
        }

        assert!(used.iter().all(|used| *used));
    }
}
