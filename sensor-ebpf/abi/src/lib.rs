//! What the program in the kernel and the sensor share: the records of its maps, and nothing else.
//!
//! The program sees every frame of its ports and puts it into exactly one of the buckets of [`Counters`]:
//!
//! ```text
//! absorbed   added to the slot of a flow that the sensor has let go: no copy of the frame is made
//! handed up  copied to the sensor through the ring, to be treated as a frame of any other source
//! excluded   of a network that is not to be looked at
//! lost       to be handed up, and the ring was full
//! ```
//!
//! # Letting a flow go
//!
//! The program decides nothing about flows. It hands every frame up until the sensor, which has learnt
//! what a flow's payload can say, writes the flow's addresses and ports into a [`Slot`] and
//! [arms](state::ARMED) it. From then on the program adds the *plain* packets of that flow to the slot.
//! A packet is plain when counting it is all that the sensor would do with it too:
//!
//! - it is whole: no fragment, of TCP or UDP with their headers undamaged, and its IP header says how
//!   long it is;
//! - it is in no tunnel and none itself: a datagram that has the port of a tunnel, or the first octets of
//!   an IPv6 packet that fills it, may be one;
//! - its kind ([`allow`]) has been met in its direction before;
//! - its [mark](Slot::marks), where it has one, is not that of one of the two packets before it in its
//!   direction: it may be a copy;
//! - TCP: its flags are ACK with or without PSH, its window is not zero, its sequence number goes on where
//!   the direction stands in this slot, its acknowledgement does not go back and is not beyond where the
//!   other direction stands in this slot. Where both stand the sensor writes when it arms the slot.
//!
//! The first packet of a direction after arming says where the direction stands from there on
//! ([`Slot::begun`], [`Sums::next`], [`Sums::acknowledged`], its mark), and is handed up without being
//! added and without releasing the slot; so runs begin where the sensor has seen the packet before, and
//! it does not matter what was on its way to the sensor when the slot was armed. It must be plain, but
//! its sequence number may be beyond where the sensor thought that the direction stands, and its
//! acknowledgement may be anything; else the slot is released as by any other. Where the
//! other direction has had packets added, a [snapshot](EventKind::SNAPSHOT) of the slot goes up before
//! it, since it may acknowledge them; if there is no room for that, the frame is counted lost and the
//! direction has not begun.
//!
//! Whatever else matches an armed slot makes the program [release](EventKind::RELEASED) the slot: its
//! counters go up through the ring, the frame follows, and later frames follow that one. So the order
//! of everything that is not mere counting stays the order of the wire, a run of plain packets is
//! exact in its sums, and a flood of new flows displaces nothing.
//!
//! All processors and all ports share the slots, since the two directions of a flow often come by
//! different queues of a card, or by the two ports of a tap. [`Slot::version`] is a lock: a processor
//! takes it by exchanging an even number for the next one, and gives it back by the one after that. One
//! that does not get it after some tries hands its frame up. The sensor reads at any time what lies
//! between two equal even versions.
#![no_std]

/// Slots side by side of which a flow may have any: its hash says which group.
pub const WAYS: u32 = 2;
/// Ports that one program serves. Frames of any other interface are passed on and not counted.
pub const PORTS: usize = 8;
/// [`Slot::vlan`] of a flow in no VLAN, or where VLANs do not tell flows apart.
pub const NO_VLAN: u16 = 0xffff;
/// Longest part of a frame that is handed up, in octets: more than any jumbo frame has.
pub const LONGEST: u32 = 16_384 - 64;

/// What a slot is good for, in the lowest eight bits of [`Slot::state`].
pub mod state {
    /// Nobody's.
    pub const FREE: u32 = 0;
    /// The program adds plain packets to it.
    pub const ARMED: u32 = 1;
    /// The program has handed its counters up; only the sensor touches it now.
    pub const RELEASED: u32 = 2;
    /// The sensor takes it back; the program adds nothing more.
    pub const CLOSING: u32 = 3;
    /// The bits of the state.
    pub const MASK: u32 = 0xff;
}

/// Kinds of plain packets that may be added, from bit [`allow::SHIFT`] of [`Slot::state`] on.
pub mod allow {
    /// Where the bits begin.
    pub const SHIFT: u32 = 8;
    /// Packets with payload from end `a`.
    pub const A_PAYLOAD: u32 = 1 << 8;
    /// Bare acknowledgements from end `a`.
    pub const A_EMPTY: u32 = 1 << 9;
    /// Packets with payload from end `b`.
    pub const B_PAYLOAD: u32 = 1 << 10;
    /// Bare acknowledgements from end `b`.
    pub const B_EMPTY: u32 = 1 << 11;
}

/// What was added of one direction since the slot was armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Sums {
    /// Octets of the frames on the wire, without the checksum of the link.
    pub frame_octets: u64,
    /// Octets of the IP packets as their headers declare them.
    pub ip_octets: u64,
    /// Packets, modulo 2³².
    pub packets: u32,
    /// Octets of transport payload, modulo 2³².
    pub payload_octets: u32,
    /// TCP: the sequence number after the last packet.
    pub next: u32,
    /// TCP: the last acknowledgement.
    pub acknowledged: u32,
}

/// One flow that the sensor has let go. Three cache lines.
///
/// The sensor writes `a_*`, `b_*`, `vlan`, `protocol`, `ip`, [`Sums::next`] and zeroes the rest, then sets `state`. The
/// program writes the rest, and `state` when it releases the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(64))]
pub struct Slot {
    /// One of [`state`], and the bits of [`allow`].
    pub state: u32,
    /// Odd while a processor changes what follows.
    pub version: u32,
    /// Counts the flows that the slot has had; the sensor's.
    pub generation: u32,
    /// Outer VLAN id in host order, or [`NO_VLAN`].
    pub vlan: u16,
    /// IP protocol: 6 or 17.
    pub protocol: u8,
    /// IP version: 4 or 6.
    pub ip: u8,
    /// Address of end `a` as on the wire; an IPv4 address is in the first four octets, the rest zero.
    pub a_address: [u8; 16],
    /// Address of end `b`.
    pub b_address: [u8; 16],
    /// Port of end `a` in host order.
    pub a_port: u16,
    /// Port of end `b` in host order.
    pub b_port: u16,
    /// TCP flags met, of `a` and of `b`.
    pub flags: [u8; 2],
    /// Whether a packet of `a`, and of `b`, was met since the slot was armed: not 0.
    pub begun: [u8; 2],
    /// Marks of the last two packets of `a` and of `b`, the last one first. The mark of a packet is its
    /// IPv4 identification; where that is 0 or there is none, the checksum of UDP; else 0, which is no
    /// mark.
    pub marks: [[u16; 2]; 2],
    /// What was added from `a` and from `b`.
    pub sums: [Sums; 2],
    /// Last TCP window announced by `a` and by `b`.
    pub windows: [u16; 2],
    /// Keeps the next field where it is.
    pub reserved_too: u32,
    /// When the last packet was added: nanoseconds of `CLOCK_MONOTONIC`, at most two ticks of the kernel
    /// too early.
    pub last: u64,
}

/// What an [`Event`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct EventKind(pub u32);

impl EventKind {
    /// A frame; its octets follow.
    pub const FRAME: Self = Self(1);
    /// A slot was released; the [`Slot`] follows as it was, with its state still armed.
    pub const RELEASED: Self = Self(2);
    /// A slot as it stands; it stays armed. The [`Slot`] follows.
    pub const SNAPSHOT: Self = Self(3);
}

/// The head of what goes through the ring. The octets of a frame or a slot follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    pub time: u64,
    /// Octets of the frame on the wire, or of the slot.
    pub len: u32,
    /// Octets that follow: fewer where the snap length cut the frame.
    pub captured: u32,
    /// One of [`EventKind`].
    pub kind: EventKind,
    /// Number of the slot.
    pub slot: u32,
    /// The port of the frame: its place in [`Setup::ports`].
    pub port: u32,
    /// Keeps the size a multiple of eight.
    pub reserved: u32,
}

/// What one processor has seen of one port. `received` is the sum of the four after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Counters {
    /// Frames that came.
    pub received: u64,
    /// Frames added to slots.
    pub absorbed: u64,
    /// Frames put into the ring.
    pub handed_up: u64,
    /// Frames of excluded networks.
    pub excluded: u64,
    /// Frames that found the ring full.
    pub lost: u64,
    /// Octets of all frames that came.
    pub received_octets: u64,
    /// Octets of the excluded ones.
    pub excluded_octets: u64,
    /// Octets of the lost ones.
    pub lost_octets: u64,
}

/// What the sensor tells the program before it is loaded: the constant `SETUP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Setup {
    /// Key of the hash that places flows, new each time.
    pub key: [u64; 2],
    /// Interface numbers of the ports, in order; 0 where there are no more.
    pub ports: [u32; PORTS],
    /// Slots: a power of two, a multiple of [`WAYS`].
    pub slots: u32,
    /// Octets of a frame that are handed up at most, at most [`LONGEST`].
    pub snap: u32,
    /// Bits of [`setup`].
    pub flags: u32,
    /// Keeps the size a multiple of eight.
    pub reserved: u32,
}

/// Bits of [`Setup::flags`].
pub mod setup {
    /// Pass frames on to the system: the port is shared and not only a mirror port.
    pub const PASS: u32 = 1;
    /// VLANs tell flows apart.
    pub const BY_VLAN: u32 = 2;
    /// Networks are excluded: look into the maps of them.
    pub const EXCLUDES: u32 = 4;
}

/// The group of slots of a flow: the number of the first slot of it.
///
/// The same for both directions. The addresses are the two words, in the machine's order, of what
/// [`Slot::a_address`] and `b_address` hold; the ports are as there, in the order of the addresses.
#[must_use]
#[inline(always)]
pub const fn place(
    setup: &Setup,
    (source, destination): (&[u64; 2], &[u64; 2]),
    (from, to): (u16, u16),
    protocol: u8,
) -> u32 {
    let [first, second] = setup.key;
    // The sum of both ends does not tell which was which.
    let both = end(source, from, first).wrapping_add(end(destination, to, first));
    let hash = mix(both ^ second ^ (protocol as u64));
    ((hash >> 32) as u32) & setup.slots.wrapping_sub(1) & !(WAYS - 1)
}

/// A keyed hash of one end.
#[inline(always)]
const fn end(address: &[u64; 2], port: u16, key: u64) -> u64 {
    let [first, second] = *address;
    mix(first ^ key)
        .wrapping_add(second)
        .wrapping_mul(0xa076_1d64_78bd_642f)
        ^ mix(key ^ (port as u64))
}

/// Spreads every bit over the whole word (the finaliser of SplitMix64; Steele, Lea and Flood, 2014).
#[inline(always)]
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const _: () = assert!(size_of::<Slot>() == 192 && size_of::<Sums>() == 32);
const _: () = assert!(size_of::<Event>() == 32 && size_of::<Setup>() == 64 && size_of::<Counters>() == 64);

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup = Setup {
        key: [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210],
        ports: [0; PORTS],
        slots: 1 << 16,
        snap: 0,
        flags: 0,
        reserved: 0,
    };

    #[test]
    fn both_directions_of_a_flow_have_one_place() {
        let (a, b) = ([0x0501_280a, 0], [0x0200_1e0a, 0]);

        let there = place(&SETUP, (&a, &b), (50_000, 443), 6);
        let back = place(&SETUP, (&b, &a), (443, 50_000), 6);

        assert_eq!(there, back);
        assert_eq!(there % WAYS, 0);
        assert!(there < SETUP.slots);
    }

    #[test]
    fn neighbouring_flows_spread_over_the_slots_as_chance_would() {
        let mut taken = [0_u8; 1 << 15];
        let flows = 1 << 15;
        for flow in 0_u32..flows {
            let source = [u64::from((0x0a00_0000 | flow >> 8).to_be()), 0];
            let port = 1024 + u16::try_from(flow % 256).unwrap();
            let place = place(&SETUP, (&source, &[0x0200_1e0a, 0]), (port, 53), 17);
            taken[(place / WAYS) as usize] += 1;
        }

        // n balls in n bins: a share of e^-1 of the bins stays empty (12,055 of 32,768).
        let empty = taken.iter().filter(|count| **count == 0).count();
        assert!((11_700..12_400).contains(&empty), "{empty} empty");
    }
}
