//! The same packet twice: what a mirror port shows that copies a packet where it enters and again
//! where it leaves.
//!
//! Two packets of a flow are one when they carry the same IPv4 identification (not zero) and agree
//! in sequence number, flags and lengths, or, where there is no identification, agree in payload
//! too and are not bare acknowledgements; and when the second follows within [`WITHIN_MICROS`]. A host
//! that sends a segment again gives it a new identification and waits longer than that.

use sekisho_model::Timestamp;
use sekisho_wire::IpPacket;

/// The longest time between the copies of a packet, in microseconds: a switch's delay, far below any
/// retransmission timeout (RFC 6298 section 2.4: one second, 200 ms in practice).
const WITHIN_MICROS: u32 = 10_000;
/// Octets of payload that are compared where there is no identification.
const COMPARED: usize = 32;

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
    if packet.identification == 0 {
        if packet.payload.is_empty() {
            return None;
        }
        let start = packet.payload.get(..COMPARED).unwrap_or(packet.payload);
        let (words, rest) = start.as_chunks();
        for word in words {
            sum.add(u64::from_le_bytes(*word));
        }
        sum.add(rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet)));
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
