//! Frames that are not as they were on the wire: merged by the network card or the kernel (GRO, LRO), or cut
//! off by a snap length.
//!
//! Merged are TCP segments that carry more than the receiver allowed in its SYN; where the SYN was not
//! seen, those longer than any frame on Ethernet ([`LONGEST`]), or of several whole segments of the usual
//! size.

use std::net::IpAddr;

use foldhash::HashMap;
use sekisho_capture::Packet;
use sekisho_model::TcpFlags;
use sekisho_model::blind::MirrorFinding;
use sekisho_wire::IpPacket;

use super::{Context, is_share, percent, words};

/// Cut packets that are needed before anything is said.
const ENOUGH_CUT: u64 = 20;
/// Hundredths of all packets.
const SHARE_CUT: u64 = 5;
/// Merged segments that are needed before anything is said.
const ENOUGH_MERGED: u64 = 10;
/// Octets of the longest IP packet in a jumbo frame.
const LONGEST: u32 = 9_216;
/// Octets of the longest IP packet in an ordinary frame.
const ORDINARY: u32 = 1_500;
/// Payload of a full segment over IPv4 and IPv6, with and without time stamps.
const FULL: [u32; 4] = [1_460, 1_448, 1_440, 1_428];
/// Connections whose largest segment is remembered.
const MOST: usize = 16_384;

/// Counts of lengths.
#[derive(Debug, Clone, Default)]
pub(super) struct Lengths {
    packets: u64,
    cut: u64,
    /// The longest packet that was cut.
    kept: usize,
    /// The longest packet on the wire.
    longest: u32,
    segments: u64,
    merged: u64,
    longest_merged: u32,
    /// What a receiver allows in one segment, by receiver and its port.
    allowed: HashMap<(IpAddr, u16), u32>,
}

impl Lengths {
    pub(super) fn observe(&mut self, packet: &Packet<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.longest = self.longest.max(packet.len);
        if u32::try_from(packet.data.len()).is_ok_and(|captured| captured < packet.len) {
            self.cut = self.cut.saturating_add(1);
            self.kept = self.kept.max(packet.data.len());
        }
    }

    /// Takes a packet into account; `octets` are those from its IP header on, where it is in no tunnel.
    pub(super) fn observe_ip(&mut self, ip: &IpPacket<'_>, octets: &[u8]) {
        let Some(tcp) = ip.tcp else { return };
        if tcp.flags.has(TcpFlags::SYN)
            && let Some(most) = segment_of(octets)
        {
            let key = (ip.source, ip.source_port);
            if self.allowed.len() < MOST || self.allowed.contains_key(&key) {
                self.allowed.insert(key, u32::from(most));
            }
        }
        if ip.payload_octets == 0 {
            return;
        }
        self.segments = self.segments.saturating_add(1);
        let allowed = self.allowed.get(&(ip.destination, ip.destination_port));
        let is_merged = match allowed {
            Some(allowed) => ip.payload_octets > *allowed,
            None => {
                ip.octets > LONGEST
                    || (ip.octets > ORDINARY
                        && FULL
                            .iter()
                            .any(|full| ip.payload_octets.checked_rem(*full) == Some(0)))
            }
        };
        if is_merged {
            self.merged = self.merged.saturating_add(1);
            self.longest_merged = self.longest_merged.max(ip.octets);
        }
    }

    pub(super) fn judge_merged(&self, context: &Context) -> Option<MirrorFinding> {
        (self.merged >= ENOUGH_MERGED).then(|| {
            let share = percent(self.merged, self.segments);
            let figures = (self.merged, self.segments, share, self.longest_merged);
            words::merged(figures, &context.interface)
        })
    }

    pub(super) fn judge_cut(&self, context: &Context) -> Option<MirrorFinding> {
        if self.cut < ENOUGH_CUT || !is_share(self.cut, self.packets, SHARE_CUT) {
            return None;
        }
        let share = percent(self.cut, self.packets);
        let figures = (self.cut, self.packets, share, self.kept, self.longest);
        Some(words::cut(figures, &context.interface))
    }
}

/// The largest segment that the sender of a SYN takes: option 2 of TCP (RFC 9293 section 3.2).
fn segment_of(packet: &[u8]) -> Option<u16> {
    let header = match packet.first()? >> 4 {
        4 => usize::from(packet.first()? & 15).saturating_mul(4),
        _ => 40,
    };
    let segment = packet.get(header..)?;
    let length = usize::from(segment.get(12)? >> 4).saturating_mul(4);
    let mut options = segment.get(20..length)?;
    loop {
        options = match *options {
            [1, ref rest @ ..] => rest,
            [2, 4, high, low, ..] => return Some(u16::from_be_bytes([high, low])),
            [kind, length, ..] if kind >= 2 && length >= 2 => options.get(usize::from(length)..)?,
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_segment_is_found_among_other_options() {
        let mut packet = vec![0_u8; 20];
        packet[0] = 0x45;
        let mut segment = vec![0_u8; 20];
        segment[12] = 8 << 4;
        segment.extend([1, 3, 3, 7, 2, 4, 5, 0xb4, 0, 0, 0, 0]);
        packet.extend(&segment);

        assert_eq!(segment_of(&packet), Some(1460));
        assert_eq!(segment_of(&packet[..45]), None);
        packet[41] = 0;
        assert_eq!(segment_of(&packet), None);
    }
}
