//! Which partition of the flow table a packet belongs to.
//!
//! The number depends on the two network addresses alone, in either order, so that both directions
//! of two hosts meet in one partition, and an ICMP error meets the flow that it quotes. It does not
//! depend on how many threads work, so limits and evictions are the same for any number of them.
//!
//! [`quick`] finds it for the plain packets that make up nearly all traffic without decoding them;
//! for the others (fragments, tunnels, ICMP errors) the frame is decoded and asked layer by layer.

use std::net::IpAddr;

use sekisho_model::{Linktype, Protocol};

use crate::frame::Layer;
use crate::link::ethertype::IPV4;
use crate::link::{self, Network};
use crate::{icmp, ip, tunnel};

/// Partitions of the flow table.
pub const PARTITIONS: usize = 16;

/// The partition of a frame that is a plain packet, 0 to [`PARTITIONS`] - 1; frames without IP go
/// to 0. Nothing where the frame has to be decoded to tell.
#[must_use]
#[inline]
pub fn quick(frame: &[u8], linktype: Linktype) -> Option<usize> {
    if linktype == Linktype::ETHERNET
        && let Some(partition) = quickest(frame)
    {
        return Some(partition);
    }
    quick_any(frame, linktype)
}

/// The same for untagged IPv4 without options that carries TCP, or UDP and no tunnel; nothing for
/// anything else.
#[inline]
fn quickest(frame: &[u8]) -> Option<usize> {
    let (header, payload) = frame.split_first_chunk::<34>()?;
    let &[k0, k1, first, _, _, _, _, _, f0, f1, _, protocol, ..] = header.last_chunk::<22>()?;
    let is_whole = u16::from_be_bytes([f0, f1]) & 0x3fff == 0;
    if u16::from_be_bytes([k0, k1]) != IPV4 || first != 0x45 || !is_whole {
        return None;
    }
    match Protocol(protocol) {
        Protocol::TCP => {}
        Protocol::UDP if !tunnel::may_carry(payload) => {}
        _ => return None,
    }
    Some(of_octets(header.last_chunk::<8>()?))
}

fn quick_any(frame: &[u8], linktype: Linktype) -> Option<usize> {
    let Network::Ip(packet) = link::decode(frame, linktype).1 else {
        return Some(0);
    };
    match packet.first().map(|octet| octet >> 4) {
        Some(4) => {
            let (&[flags, offset], addresses) = (packet.get(6..8)?.first_chunk()?, packet.get(12..20)?);
            // More fragments, or an offset.
            let is_fragment = u16::from_be_bytes([flags, offset]) & 0x3fff != 0;
            let header = usize::from(packet.first()? & 0x0f).saturating_mul(4);
            let protocol = Protocol(*packet.get(9)?);
            (!is_fragment && is_plain(protocol, packet.get(header..)?)).then(|| of_octets(addresses))
        }
        Some(6) => {
            let addresses = packet.get(8..40)?;
            is_plain(Protocol(*packet.get(6)?), packet.get(40..)?).then(|| of_octets(addresses))
        }
        _ => Some(0),
    }
}

/// Whether a packet is neither a tunnel nor an ICMP error, by the first octets of its payload.
fn is_plain(protocol: Protocol, payload: &[u8]) -> bool {
    match protocol {
        Protocol::TCP => true,
        Protocol::UDP => !tunnel::may_carry(payload),
        Protocol::ICMP | Protocol::ICMPV6 => payload
            .first()
            .is_some_and(|kind| !icmp::is_error(protocol, *kind)),
        _ => false,
    }
}

/// The partition of a layer that [`decode_plain`](crate::frame::decode_plain) has read.
#[must_use]
#[inline]
pub fn of_plain(layer: &Layer<'_>) -> usize {
    of_addresses(layer.ip.source, layer.ip.destination)
}

/// The partition of the flows between two hosts.
#[must_use]
pub fn of_hosts(a: IpAddr, b: IpAddr) -> usize {
    of_addresses(a, b)
}

/// The partition of one layer of a decoded frame.
#[must_use]
pub fn of_layer(layer: &Layer<'_>) -> usize {
    let packet = &layer.ip;
    let is_error = packet.has_ports
        && u8::try_from(packet.source_port).is_ok_and(|kind| icmp::is_error(packet.protocol, kind));
    if is_error && let Ok((_, quoted)) = ip::decode(packet.payload, 0) {
        return of_addresses(quoted.source, quoted.destination);
    }
    of_addresses(packet.source, packet.destination)
}

#[inline]
fn of_addresses(source: IpAddr, destination: IpAddr) -> usize {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => of_words([source.octets(), destination.octets()]),
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let (source, destination) = (source.octets(), destination.octets());
            of_words(
                source
                    .as_chunks()
                    .0
                    .iter()
                    .chain(destination.as_chunks().0)
                    .copied(),
            )
        }
        _ => 0,
    }
}

#[inline]
fn of_octets(addresses: &[u8]) -> usize {
    of_words(addresses.as_chunks().0.iter().copied())
}

/// Adds two addresses up word by word, which is the same in either order, and spreads the sum.
#[inline]
fn of_words(words: impl IntoIterator<Item = [u8; 4]>) -> usize {
    let sum = words.into_iter().fold(0_u64, |sum, word| {
        sum.wrapping_add(u64::from(u32::from_be_bytes(word)))
    });
    // The top bits of a product depend on every bit of the sum.
    usize::try_from(sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;
    use crate::frame;

    fn udp(a: [u8; 4], b: [u8; 4], port: u16) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(a, b, 64)
            .udp(40_000, port)
            .write(&mut out, &[1; 40])
            .unwrap();
        out
    }

    #[test]
    fn both_directions_meet_and_hosts_spread() {
        let mut used = [false; PARTITIONS];
        for host in 1..=250 {
            let there = quick(&udp([10, 0, 0, host], [10, 0, 1, 1], 53), Linktype::ETHERNET).unwrap();
            let back = quick(&udp([10, 0, 1, 1], [10, 0, 0, host], 53), Linktype::ETHERNET).unwrap();

            assert_eq!(there, back);
            used[there] = true;
        }

        assert!(used.iter().all(|used| *used));
    }

    #[test]
    fn decoding_gives_the_same_partition_and_tunnels_ask_for_it() {
        let plain = udp([10, 0, 0, 1], [10, 0, 1, 1], 53);
        let decoded = frame::decode(&plain, Linktype::ETHERNET, 82);
        assert_eq!(
            quick(&plain, Linktype::ETHERNET),
            Some(of_layer(&decoded.layers[0]))
        );

        assert_eq!(
            quick(&udp([10, 0, 0, 1], [10, 0, 1, 1], 4789), Linktype::ETHERNET),
            None
        );
        let mut fragment = plain.clone();
        fragment[14 + 6] = 0x20;
        assert_eq!(quick(&fragment, Linktype::ETHERNET), None);
    }

    #[test]
    fn the_quickest_way_says_the_same_as_the_others() {
        let plain = udp([10, 0, 0, 1], [10, 0, 1, 1], 53);
        assert!(quickest(&plain).is_some());
        for at in 12..plain.len() {
            for value in 0..=255 {
                let mut changed = plain.clone();
                changed[at] = value;
                if let Some(partition) = quickest(&changed) {
                    assert_eq!(
                        Some(partition),
                        quick_any(&changed, Linktype::ETHERNET),
                        "{at} {value}"
                    );
                }
            }
        }
        for length in 0..plain.len() {
            if let Some(partition) = quickest(&plain[..length]) {
                assert_eq!(Some(partition), quick_any(&plain[..length], Linktype::ETHERNET));
            }
        }
    }

    #[test]
    fn an_icmp_error_meets_the_flow_that_it_quotes() {
        let quoted = udp([10, 0, 0, 1], [10, 0, 1, 1], 53);
        let mut error = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([192, 0, 2, 254], [10, 0, 0, 1], 64)
            .icmpv4_raw(11, 0, [0; 4])
            .write(&mut error, &quoted[14..])
            .unwrap();

        assert_eq!(quick(&error, Linktype::ETHERNET), None);
        let decoded = frame::decode(&error, Linktype::ETHERNET, 100);
        assert_eq!(
            Some(of_layer(&decoded.layers[0])),
            quick(&quoted, Linktype::ETHERNET)
        );
    }
}
