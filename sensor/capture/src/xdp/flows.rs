//! The flows that were let go: which slot each has, and what of its sums was given already.
//!
//! The sums of a slot only grow while it is armed, so what is new is a difference, whoever says it: the
//! program when it releases a slot or shows it, or a look from here. Differences that were taken earlier
//! and arrive later are nothing.

use std::collections::HashMap;

use sekisho_ebpf_abi::{self as abi, Slot, Sums, allow, state};
use sekisho_model::run::{Ends, Kinds, Run, Settled, Stretch};
use sekisho_model::{Endpoint, Protocol, TcpFlags, Timestamp};

/// Looks without a packet after which a flow may lose its slot to another.
const QUIET: u32 = 5;
/// Looks that a flow is left out of after one that met a packet: its end is so long away, whatever timeout
/// ends it, that nothing is late.
const LEFT_OUT: u32 = 4;
/// Looks without a packet after which it loses it in any case: by then the flow has ended.
const SILENT: u32 = 60;

/// The flows that were let go.
pub(super) struct Flows {
    setup: abi::Setup,
    held: HashMap<u32, Held>,
    generation: u32,
}

/// A flow that has a slot.
struct Held {
    ends: Ends,
    generation: u32,
    /// What of its sums was given.
    given: [Sums; 2],
    /// Time of the last packet that was given, or of the letting go.
    since: Timestamp,
    /// Looks since a packet was met.
    quiet: u32,
    /// Looks that it is left out of.
    left_out: u32,
    closing: Closing,
}

/// How far the taking back of a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    /// The program may be in the middle of a packet for it.
    Asked,
    /// A look ago it was asked for already.
    Seen,
}

/// The slots as the program and this side share them.
pub(super) trait Slots {
    /// A consistent copy.
    fn read(&self, slot: u32) -> Slot;
    /// Writes one that is nobody's, its state last.
    fn arm(&mut self, slot: u32, value: &Slot);
    /// Takes one back: the program adds nothing more once it has ended what it is at.
    fn close(&mut self, slot: u32);
    /// Makes one nobody's.
    fn free(&mut self, slot: u32);
}

impl Flows {
    pub(super) fn new(setup: abi::Setup) -> Self {
        Self {
            setup,
            held: HashMap::new(),
            generation: 0,
        }
    }

    /// Lets a flow go if a slot of its group is nobody's.
    pub(super) fn let_go(&mut self, slots: &mut impl Slots, settled: &Settled, now: Timestamp) {
        let Some(mut slot) = slot_of(settled) else { return };
        let addresses = [&slot.a_address, &slot.b_address].map(words);
        let place = abi::place(
            &self.setup,
            (&addresses[0], &addresses[1]),
            (slot.a_port, slot.b_port),
            slot.protocol,
        );
        let group = place..place.saturating_add(abi::WAYS);
        let mut room = None;
        for number in group {
            match self.held.get_mut(&number) {
                Some(held) if held.ends == settled.ends => return,
                Some(held) => {
                    if held.quiet >= QUIET && held.closing == Closing::No {
                        held.closing = Closing::Asked;
                        slots.close(number);
                    }
                }
                None => room = room.or(Some(number)),
            }
        }
        let Some(number) = room else { return };
        self.generation = self.generation.wrapping_add(1);
        slot.generation = self.generation;
        slots.arm(number, &slot);
        self.held.insert(
            number,
            Held {
                ends: settled.ends,
                generation: slot.generation,
                given: slot.sums,
                since: now,
                quiet: 0,
                // Flows that began together are not all looked at together.
                left_out: number % (LEFT_OUT + 1),
                closing: Closing::No,
            },
        );
    }

    /// What is new in a slot that the program shows, or has released.
    pub(super) fn shown(
        &mut self,
        slots: &mut impl Slots,
        number: u32,
        slot: &Slot,
        is_released: bool,
        time_of: impl Fn(u64) -> Timestamp,
    ) -> Option<Run> {
        let held = self.held.get_mut(&number);
        let held = held.filter(|held| held.generation == slot.generation)?;
        let run = held.difference(slot, time_of);
        if is_released {
            self.held.remove(&number);
            slots.free(number);
        }
        run
    }

    /// Copies of the slots that may have something new, or of `all`. To be given to [`taken`](Self::taken)
    /// once everything that came through the ring before is read.
    pub(super) fn look(&mut self, slots: &impl Slots, all: bool, out: &mut Vec<(u32, Slot)>) {
        for (number, held) in &mut self.held {
            if !all && held.left_out > 0 && held.closing == Closing::No {
                held.left_out = held.left_out.saturating_sub(1);
                continue;
            }
            out.push((*number, slots.read(*number)));
        }
    }

    /// What is new in a copy.
    pub(super) fn taken(
        &mut self,
        slots: &mut impl Slots,
        (number, slot): &(u32, Slot),
        time_of: impl Fn(u64) -> Timestamp,
    ) -> Option<Run> {
        let held = self.held.get_mut(number);
        let held = held.filter(|held| held.generation == slot.generation)?;
        if slot.state & state::MASK == state::RELEASED {
            // Its sums are on their way through the ring.
            return None;
        }
        let run = held.difference(slot, time_of);
        (held.quiet, held.left_out) = match run {
            Some(_) => (0, LEFT_OUT),
            None => (held.quiet.saturating_add(1), 0),
        };
        match held.closing {
            Closing::No if held.quiet >= SILENT => {
                held.closing = Closing::Asked;
                slots.close(*number);
            }
            Closing::Asked if slot.state & state::MASK == state::CLOSING => held.closing = Closing::Seen,
            Closing::Seen => {
                self.held.remove(number);
                slots.free(*number);
            }
            Closing::No | Closing::Asked => {}
        }
        run
    }
}

impl Held {
    fn difference(&mut self, slot: &Slot, time_of: impl Fn(u64) -> Timestamp) -> Option<Run> {
        let last = time_of(slot.last);
        let mut run = Run {
            ends: self.ends,
            since: self.since.min(last),
            last,
            sent: [Stretch::default(); 2],
        };
        let [a, b] = &mut run.sent;
        let each = [a, b].into_iter().zip(&mut self.given).zip(&slot.sums);
        let more = each.zip(slot.windows.iter().zip(slot.flags));
        let mut packets = 0_u64;
        for (((stretch, given), sums), (window, flags)) in more {
            let new = sums.packets.wrapping_sub(given.packets);
            // A copy that is older than what was given since.
            if new == 0 || new.cast_signed() < 0 {
                continue;
            }
            packets = packets.saturating_add(u64::from(new));
            *stretch = Stretch {
                packets: u64::from(new),
                octets: sums.ip_octets.wrapping_sub(given.ip_octets),
                payload_octets: u64::from(sums.payload_octets.wrapping_sub(given.payload_octets)),
                frame_octets: sums.frame_octets.wrapping_sub(given.frame_octets),
                flags: TcpFlags(flags),
                next: sums.next,
                acknowledged: sums.acknowledged,
                window: *window,
            };
            *given = *sums;
        }
        if packets == 0 {
            return None;
        }
        self.since = last;
        Some(run)
    }
}

/// A slot for a flow, not yet armed anywhere but by its state.
fn slot_of(settled: &Settled) -> Option<Slot> {
    let Ends { a, b, protocol, vlan } = settled.ends;
    let ((a_address, ip), (b_address, other)) = (address_of(&a), address_of(&b));
    if ip != other {
        return None;
    }
    let [of_a, of_b] = settled.kinds;
    let [next_a, next_b] = settled.next;
    let sums = |next| Sums {
        next,
        ..Sums::default()
    };
    Some(Slot {
        state: state::ARMED
            | bits(of_a, allow::A_PAYLOAD, allow::A_EMPTY)
            | bits(of_b, allow::B_PAYLOAD, allow::B_EMPTY),
        vlan: vlan.unwrap_or(abi::NO_VLAN),
        protocol: match protocol {
            Protocol::TCP | Protocol::UDP => protocol.0,
            _ => return None,
        },
        ip,
        a_address,
        b_address,
        a_port: a.port,
        b_port: b.port,
        sums: [sums(next_a), sums(next_b)],
        ..Slot::default()
    })
}

const fn bits(kinds: Kinds, payload: u32, empty: u32) -> u32 {
    (if kinds.payload { payload } else { 0 }) | (if kinds.empty { empty } else { 0 })
}

/// An address as it is in a slot, and its version.
fn address_of(end: &Endpoint) -> ([u8; 16], u8) {
    match end.address {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            ([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 4)
        }
        std::net::IpAddr::V6(address) => (address.octets(), 6),
    }
}

/// The two words of an address, in the machine's order.
fn words(address: &[u8; 16]) -> [u64; 2] {
    let (halves, _) = address.as_chunks();
    let mut words = [0; 2];
    for (word, half) in words.iter_mut().zip(halves) {
        *word = u64::from_ne_bytes(*half);
    }
    words
}
