//! The same packet twice: what a mirror port shows that copies a packet where it enters and again
//! where it leaves.
//!
//! Two packets of a flow are one when they agree in IPv4 identification, sequence number, flags, window and
//! lengths, and, other than TCP with an identification, in what their payload begins and ends with; and when
//! the second follows within [`WITHIN_MICROS`]. Bare acknowledgements without an identification are never
//! copies. A host that sends a segment again gives it a new identification and waits longer than that.
//!
//! Datagrams of one flow begin alike as long as their keys and connection identifiers do (RFC 9000 section
//! 17.2), and hosts that hand over many at once give them one identification: the end tells them apart, where
//! ciphers have their tag and messages their sums. Of payload cut off by the snap length the end is not
//! compared, since a VLAN tag moves the cut.

use sekisho_model::Timestamp;
use sekisho_wire::IpPacket;

/// The longest time between the copies of a packet, in microseconds: a switch's delay, far below any
/// retransmission timeout (RFC 6298 section 2.4: one second, 200 ms in practice).
const WITHIN_MICROS: u32 = 10_000;
/// Octets of payload that are compared at its begin.
const AT_BEGIN: usize = 32;
/// Octets that are compared at its end.
const AT_END: usize = 64;

/// The last packets of a flow, by a sum over what copies share.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recent {
    sums: [u32; 2],
    /// Microseconds of their times, the low 32 bits: 71 minutes, far more than [`WITHIN_MICROS`].
    micros: [u32; 2],
}

impl Recent {
    /// Whether a packet is a copy of one just seen; remembers it.
    #[inline]
    pub(crate) fn is_copy(&mut self, packet: &IpPacket<'_>, from_lower: bool, at: Timestamp) -> bool {
        let Some(sum) = sum(packet, from_lower) else {
            return false;
        };
        let now = low_micros(at);
        let known = |(other, then): (&u32, &u32)| *other == sum && now.wrapping_sub(*then) <= WITHIN_MICROS;
        if self.sums.iter().zip(&self.micros).any(known) {
            return true;
        }
        let [newest, _] = self.sums;
        let [newest_at, _] = self.micros;
        self.sums = [sum, newest];
        self.micros = [now, newest_at];
        false
    }
}

fn low_micros(at: Timestamp) -> u32 {
    u32::try_from(at.micros().cast_unsigned() & u64::from(u32::MAX)).unwrap_or(0)
}

/// A sum over what the copies of a packet share; nothing where copies cannot be told from repeats.
#[inline]
fn sum(packet: &IpPacket<'_>, from_lower: bool) -> Option<u32> {
    let mut sum = Sum(if from_lower { 0x9e37_79b9 } else { 0x85eb_ca6b });
    let payload = packet.payload;
    if packet.identification == 0 && payload.is_empty() {
        return None;
    }
    if packet.identification == 0 || packet.tcp.is_none() {
        let (words, rest) = payload.get(..AT_BEGIN).unwrap_or(payload).as_chunks();
        for word in words {
            sum.add(u64::from_le_bytes(*word));
        }
        sum.add(rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet)));
    }
    if packet.tcp.is_none() {
        let is_whole = u32::try_from(payload.len()) == Ok(packet.payload_octets);
        if is_whole && payload.len() > AT_BEGIN {
            sum.add(sum_at_end(payload));
        }
        // Fragments share the identification of their datagram.
        if let Some(part) = packet.fragment {
            sum.add_both(part.identification, part.offset);
        }
    }
    sum.add_both(u32::from(packet.identification), packet.octets);
    // ICMP has its types in the ports.
    let ports = u32::from(packet.source_port) << 16 | u32::from(packet.destination_port);
    sum.add_both(ports, packet.payload_octets);
    if let Some(tcp) = packet.tcp {
        sum.add_both(tcp.sequence, tcp.acknowledgement);
        sum.add(u64::from(tcp.flags.0) << 16 | u64::from(tcp.window));
    }
    Some(sum.folded())
}

/// A sum over the last octets of a payload that is longer than [`AT_BEGIN`]. Each word has a factor of its own,
/// so that they are multiplied side by side.
#[inline]
fn sum_at_end(payload: &[u8]) -> u64 {
    let from = payload.len().saturating_sub(AT_END).max(AT_BEGIN);
    let (rest, words) = payload.get(from..).unwrap_or_default().as_rchunks();
    let rest = rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
    words.iter().fold(rest, |sum, word| {
        // Odd numbers alone: no change of a word is lost.
        factor = factor.wrapping_add(0xbf58_476d_1ce4_e5b8);
        sum.wrapping_add(u64::from_le_bytes(*word).wrapping_mul(factor))
    })
}

/// A small multiplicative hash; a collision within ten milliseconds of one flow miscounts one packet.
struct Sum(u64);

impl Sum {
    #[inline]
    const fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    #[inline]
    fn add_both(&mut self, high: u32, low: u32) {
        self.add(u64::from(high) << 32 | u64::from(low));
    }

    #[inline]
    fn folded(&self) -> u32 {
        u32::try_from((self.0 ^ self.0 >> 32) & u64::from(u32::MAX)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use sekisho_model::{Protocol, TcpFlags};
    use sekisho_wire::ip::{Fragment, TcpSegment};

    use super::*;

    fn datagram(identification: u16, payload: &[u8]) -> IpPacket<'_> {
        let payload_octets = u32::try_from(payload.len()).unwrap();
        IpPacket {
            source: IpAddr::from([192, 0, 2, 1]),
            destination: IpAddr::from([198, 51, 100, 2]),
            protocol: Protocol::UDP,
            source_port: 443,
            destination_port: 50_000,
            has_ports: true,
            fragment: None,
            identification,
            ttl: 64,
            octets: payload_octets + 28,
            payload_octets,
            tcp: None,
            quotes_receiver: false,
            payload,
        }
    }

    /// Whether the second is a copy of the first, a millisecond later.
    fn is_copy(first: &IpPacket<'_>, second: &IpPacket<'_>) -> bool {
        let mut recent = Recent::default();
        let at = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        assert!(!recent.is_copy(first, true, at(0)));
        recent.is_copy(second, true, at(1))
    }

    #[test]
    fn any_octet_that_differs_at_either_end_makes_two_datagrams() {
        for identification in [0, 7] {
            for length in [1, 8, 31, 32, 33, 39, 40, 64, 95, 96, 97, 100, 1_200] {
                let first = vec![0x5a; length];
                let first = datagram(identification, &first);
                assert!(is_copy(&first, &first.clone()));
                for at in (0..length).filter(|at| *at < 32 || at + 64 >= length) {
                    for bit in [1, 0x80] {
                        let mut other = first.payload.to_vec();
                        other[at] ^= bit;
                        let other = datagram(identification, &other);
                        assert!(!is_copy(&first, &other), "{identification} {length} {at} {bit}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_copy_behind_a_router_is_one_and_so_is_one_that_was_cut_elsewhere() {
        let payload = vec![0x5a; 1_200];
        for identification in [0, 7] {
            let first = datagram(identification, &payload);
            let routed = IpPacket { ttl: 63, ..first };
            let cut = |octets| IpPacket {
                payload: &payload[..octets],
                ..first
            };

            assert!(is_copy(&first, &routed));
            // The same snap length, before and behind a VLAN tag.
            assert!(is_copy(&cut(86), &cut(82)));
        }
    }

    #[test]
    fn fragments_of_one_datagram_are_not_copies_of_each_other() {
        let payload = [0; 1_480];
        let part = |offset| IpPacket {
            fragment: Some(Fragment {
                identification: 7,
                offset,
                more: true,
            }),
            ..datagram(7, &payload)
        };

        assert!(!is_copy(&part(1_480), &part(2_960)));
        assert!(is_copy(&part(1_480), &part(1_480)));
    }

    #[test]
    fn a_segment_with_an_identification_is_known_by_its_numbers() {
        let segment = |identification, sequence, payload| IpPacket {
            protocol: Protocol::TCP,
            tcp: Some(TcpSegment {
                sequence,
                acknowledgement: 1,
                flags: TcpFlags(TcpFlags::ACK),
                window: 512,
            }),
            ..datagram(identification, payload)
        };

        assert!(is_copy(&segment(7, 100, b"a"), &segment(7, 100, b"a")));
        assert!(!is_copy(&segment(7, 100, b"a"), &segment(8, 100, b"a")));
        assert!(!is_copy(&segment(7, 100, b"a"), &segment(7, 101, b"a")));
        assert!(is_copy(&segment(0, 100, b"a"), &segment(0, 100, b"a")));
        assert!(!is_copy(&segment(0, 100, b"a"), &segment(0, 100, b"b")));
        assert!(!is_copy(&segment(0, 100, b""), &segment(0, 100, b"")));
    }
}
