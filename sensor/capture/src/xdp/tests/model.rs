//! What the crate `sekisho-ebpf-abi` says that the program does, in user space: frames are read by the
//! sensor's own decoder.

use std::net::IpAddr;

use sekisho_ebpf_abi::{NO_VLAN, Setup, Slot, Sums, allow, place, setup, state};
use sekisho_model::{FrameBucket, Linktype, Protocol, TcpFlags};
use sekisho_wire::Layer;
use sekisho_wire::frame::{self, Frame};

/// Ports behind which the decoder looks for tunnels.
const TUNNELS: [u16; 8] = [1701, 2152, 3544, 4789, 4790, 6081, 6635, 8472];

/// A packet of a flow that the program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) source: [u8; 16],
    pub(super) destination: [u8; 16],
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) protocol: u8,
    pub(super) ip: u8,
    pub(super) vlan: u16,
    pub(super) is_whole: bool,
    pub(super) mark: u16,
    pub(super) ip_octets: u32,
    pub(super) payload_octets: u32,
    pub(super) frame_octets: u32,
    /// Sequence, acknowledgement, flags, window.
    pub(super) tcp: Option<(u32, u32, u8, u16)>,
}

/// What is to become of a frame.
#[derive(Debug, PartialEq)]
pub(super) enum Fate {
    Absorbed,
    HandedUp,
    AfterRelease(Slot),
    AfterSnapshot(Slot),
}

/// The flow of a frame, where it is one that the program reads: Ethernet with at most four tags, then IP.
pub(super) fn seen(octets: &[u8], flags: u32) -> Option<Seen> {
    let len = u32::try_from(octets.len()).unwrap();
    let frame = frame::decode(octets, Linktype::ETHERNET, len);
    let start = start_of_ip(octets)?;
    let layer = frame.layers.first()?;
    let ip = &layer.ip;
    assert_eq!(layer.link.header_octets, start);
    if !ip.has_ports || ![Protocol::TCP, Protocol::UDP].contains(&ip.protocol) {
        return None;
    }
    let by_vlan = flags & setup::BY_VLAN != 0;
    let is_udp = ip.protocol == Protocol::UDP;
    Some(Seen {
        source: octets_of(ip.source),
        destination: octets_of(ip.destination),
        from: ip.source_port,
        to: ip.destination_port,
        protocol: ip.protocol.0,
        ip: if ip.source.is_ipv4() { 4 } else { 6 },
        vlan: layer.link.vlan.filter(|_| by_vlan).unwrap_or(NO_VLAN),
        is_whole: is_whole(&frame, layer, &octets[start..]),
        mark: match ip.identification {
            0 if is_udp && frame.bucket == FrameBucket::Udp => {
                let payload = ip.payload.as_ptr().addr() - octets.as_ptr().addr();
                u16::from_be_bytes([octets[payload - 2], octets[payload - 1]])
            }
            identification => identification,
        },
        ip_octets: ip.octets,
        payload_octets: ip.payload_octets,
        frame_octets: len,
        tcp: ip
            .tcp
            .map(|tcp| (tcp.sequence, tcp.acknowledgement, tcp.flags.0, tcp.window)),
    })
}

fn start_of_ip(octets: &[u8]) -> Option<usize> {
    for tags in 0..=4 {
        let kind = octets.get(12 + 4 * tags..14 + 4 * tags)?;
        match u16::from_be_bytes([kind[0], kind[1]]) {
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {}
            0x0800 | 0x86dd => return Some(14 + 4 * tags),
            _ => return None,
        }
    }
    None
}

/// Whether it is no fragment, no tunnel, not damaged, and its IP header says how long it is.
fn is_whole(frame: &Frame<'_>, layer: &Layer<'_>, packet: &[u8]) -> bool {
    let ip = &layer.ip;
    let is_declared = if ip.source.is_ipv4() {
        u16::from_be_bytes([packet[2], packet[3]]) >= u16::from(packet[0] & 0xf) * 4
    } else {
        packet[4..6] != [0, 0]
    };
    let is_read = [FrameBucket::Tcp, FrameBucket::Udp].contains(&frame.bucket);
    let is_tunnel_port = [ip.source_port, ip.destination_port]
        .iter()
        .any(|port| TUNNELS.contains(port));
    let may_be_teredo = ip.payload.len() >= 6
        && ip.payload[0] >> 4 == 6
        && u32::from(u16::from_be_bytes([ip.payload[4], ip.payload[5]])) + 40 == ip.payload_octets;
    let may_be_tunnel = ip.protocol == Protocol::UDP && (is_tunnel_port || may_be_teredo);
    assert!(
        frame.layers.len() == 1 || may_be_tunnel,
        "no tunnel is taken for a plain packet"
    );
    is_declared && is_read && ip.fragment.is_none() && !may_be_tunnel
}

fn octets_of(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&address.octets());
            octets
        }
        IpAddr::V6(address) => address.octets(),
    }
}

impl Seen {
    /// The first slot of its group.
    pub(super) fn place(&self, setup: &Setup) -> u32 {
        let words = |octets: &[u8; 16]| {
            let (first, second) = octets.split_at(8);
            [first, second].map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
        };
        let ends = (&words(&self.source), &words(&self.destination));
        place(setup, ends, (self.from, self.to), self.protocol)
    }

    /// An armed slot of its flow, in which it is from `a`, or from `b`; both directions have been met and
    /// stand where it goes on.
    pub(super) fn slot(&self, is_from_a: bool) -> Slot {
        let mut slot = Slot {
            state: state::ARMED | allow::A_PAYLOAD | allow::A_EMPTY | allow::B_PAYLOAD | allow::B_EMPTY,
            vlan: self.vlan,
            protocol: self.protocol,
            ip: self.ip,
            begun: [1; 2],
            ..Slot::default()
        };
        let ends = [(self.source, self.from), (self.destination, self.to)];
        let [a, b] = if is_from_a { ends } else { [ends[1], ends[0]] };
        (slot.a_address, slot.a_port) = a;
        (slot.b_address, slot.b_port) = b;
        let by = self.by(&slot);
        if let Some((sequence, acknowledgement, ..)) = self.tcp {
            slot.sums[by].next = sequence;
            slot.sums[by].acknowledged = acknowledgement;
            slot.sums[1 - by].next = acknowledgement;
        }
        slot
    }

    /// Whether a slot is of its flow.
    pub(super) fn is_of(&self, slot: &Slot) -> bool {
        let here = (slot.a_address, slot.a_port);
        let there = (slot.b_address, slot.b_port);
        let ends = ((self.source, self.from), (self.destination, self.to));
        (slot.vlan, slot.protocol, slot.ip) == (self.vlan, self.protocol, self.ip)
            && (ends == (here, there) || ends == (there, here))
    }

    fn by(&self, slot: &Slot) -> usize {
        usize::from((slot.a_address, slot.a_port) != (self.source, self.from))
    }

    /// What becomes of it, and what the slot is afterwards; `slot` is armed and of its flow.
    pub(super) fn meet(&self, slot: &mut Slot) -> Fate {
        let before = *slot;
        let by = self.by(slot);
        if !self.is_plain(slot, by) {
            slot.state = (slot.state & !state::MASK) | state::RELEASED;
            return Fate::AfterRelease(before);
        }
        if self.mark != 0 {
            slot.marks[by] = [self.mark, slot.marks[by][0]];
        }
        let sums = &mut slot.sums[by];
        if let Some((sequence, acknowledgement, ..)) = self.tcp {
            sums.next = sequence.wrapping_add(self.payload_octets);
            sums.acknowledged = acknowledgement;
        }
        if slot.begun[by] == 0 {
            slot.begun[by] = 1;
            return if slot.sums[1 - by].packets > 0 {
                Fate::AfterSnapshot(before)
            } else {
                Fate::HandedUp
            };
        }
        *sums = Sums {
            frame_octets: sums.frame_octets + u64::from(self.frame_octets),
            ip_octets: sums.ip_octets + u64::from(self.ip_octets),
            packets: sums.packets + 1,
            payload_octets: sums.payload_octets.wrapping_add(self.payload_octets),
            ..*sums
        };
        if let Some((.., flags, window)) = self.tcp {
            slot.flags[by] |= flags;
            slot.windows[by] = window;
        }
        Fate::Absorbed
    }

    fn is_plain(&self, slot: &Slot, by: usize) -> bool {
        let kind = match (by, self.payload_octets > 0) {
            (0, true) => allow::A_PAYLOAD,
            (0, false) => allow::A_EMPTY,
            (_, true) => allow::B_PAYLOAD,
            (_, false) => allow::B_EMPTY,
        };
        let is_copy = self.mark != 0 && slot.marks[by].contains(&self.mark);
        if !self.is_whole || slot.state & kind == 0 || is_copy {
            return false;
        }
        let Some((sequence, acknowledgement, flags, window)) = self.tcp else {
            return true;
        };
        let (mine, other) = (&slot.sums[by], &slot.sums[1 - by]);
        let is_beyond = |from: u32, to: u32| to.wrapping_sub(from) < 1 << 31;
        let follows = if slot.begun[by] == 0 {
            is_beyond(mine.next, sequence)
        } else {
            sequence == mine.next
                && is_beyond(mine.acknowledged, acknowledgement)
                && is_beyond(acknowledgement, other.next)
        };
        let is_ack = flags == TcpFlags::ACK || flags == TcpFlags::ACK | TcpFlags::PSH;
        is_ack && window > 0 && follows
    }
}
