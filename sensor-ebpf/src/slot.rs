//! The flows that were let go: finding the slot of a packet, and adding the packet to it.

use core::arch::asm;
use core::sync::atomic::{Ordering, compiler_fence};

use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use sekisho_ebpf_abi::{EventKind, Slot, Sums, WAYS, allow, place, state};

use crate::parse::{Packet, TCP};
use crate::{clock, ring, setup};

/// Attempts to take a slot that another processor holds, for some hundred nanoseconds at most.
const TRIES: u32 = 64;
const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

/// The loader sets how many there are.
#[map]
static SLOTS: Array<Slot> = Array::with_max_entries(WAYS, BPF_F_MMAPABLE);

/// What becomes of a packet.
pub enum Verdict {
    /// It was added.
    Added,
    /// It is the sensor's.
    HandUp,
    /// It is the sensor's, and what has to go up before it found no room.
    NoRoom,
}

/// Adds a packet to the slot of its flow, if there is one.
#[inline(always)]
pub fn add(packet: &Packet, len: u32) -> Verdict {
    let Some(found) = find(packet) else {
        return Verdict::HandUp;
    };
    let Some(state) = take(found.slot, found.generation) else {
        return Verdict::HandUp;
    };
    // SAFETY: held, and a slot of the map.
    let verdict = unsafe { judge(&mut *found.slot, state, found.number, found.by, packet, len) };
    give_back(found.slot);
    verdict
}

/// The slot of a packet's flow.
struct Found {
    slot: *mut Slot,
    number: u32,
    generation: u32,
    /// From which end the packet is.
    by: usize,
}

#[inline(always)]
fn find(packet: &Packet) -> Option<Found> {
    let ends = (&packet.source, &packet.destination);
    let first = place(
        &setup::of_places(),
        ends,
        (packet.from, packet.to),
        packet.protocol,
    );
    let mut way = 0;
    while way < WAYS {
        let number = first + way;
        if let Some(slot) = SLOTS.get_ptr_mut(number)
            && let Some((by, generation)) = side(slot, packet)
        {
            return Some(Found {
                slot,
                number,
                generation,
                by,
            });
        }
        way += 1;
    }
    None
}

/// From which end of the slot's flow a packet is, and the slot's generation.
#[inline(always)]
fn side(slot: *const Slot, packet: &Packet) -> Option<(usize, u32)> {
    // SAFETY: a slot of the map. The sensor may write meanwhile, which the generation tells.
    unsafe {
        if (&raw const (*slot).state).read_volatile() & state::MASK != state::ARMED {
            return None;
        }
        let generation = (&raw const (*slot).generation).read_volatile();
        let (here, there) = ((*slot).a_port, (*slot).b_port);
        let [a0, a1] = words(&raw const (*slot).a_address);
        let [b0, b1] = words(&raw const (*slot).b_address);
        let [s0, s1] = packet.source;
        let [d0, d1] = packet.destination;
        let by = if (here, there) == (packet.from, packet.to) && (a0, a1, b0, b1) == (s0, s1, d0, d1) {
            0
        } else if (here, there) == (packet.to, packet.from) && (a0, a1, b0, b1) == (d0, d1, s0, s1) {
            1
        } else {
            return None;
        };
        let is_same =
            (*slot).protocol == packet.protocol && (*slot).ip == packet.ip && (*slot).vlan == packet.vlan;
        is_same.then_some((by, generation))
    }
}

/// # Safety
///
/// An address of a slot of the map.
#[inline(always)]
unsafe fn words(address: *const [u8; 16]) -> [u64; 2] {
    let words = address.cast::<u64>();
    // SAFETY: a slot is aligned, and so are the addresses in it.
    unsafe { [words.read_volatile(), words.add(1).read_volatile()] }
}

/// Takes an armed slot for this processor and gives its state. State and version are exchanged in one, so
/// that a slot that is no longer armed is not taken.
#[inline(always)]
fn take(slot: *mut Slot, generation: u32) -> Option<u32> {
    let both = slot.cast::<u64>();
    let mut tries = 0;
    while tries < TRIES {
        // SAFETY: a slot of the map, which begins with the two.
        let now = unsafe { both.read_volatile() };
        if now as u32 & state::MASK != state::ARMED {
            return None;
        }
        if now >> 32 & 1 == 0 && exchange(both, now, now + (1 << 32)) {
            // SAFETY: as above.
            if unsafe { (&raw const (*slot).generation).read_volatile() } != generation {
                give_back(slot);
                return None;
            }
            return Some(now as u32);
        }
        tries += 1;
    }
    None
}

/// Exchanges a word for another one if it is the one expected; a full barrier. The compiler has no such
/// operation for this machine.
#[inline(always)]
fn exchange(word: *mut u64, expected: u64, new: u64) -> bool {
    let found: u64;
    // SAFETY: a word of a slot of the map.
    unsafe {
        asm!(
            "r0 = cmpxchg_64({word} + 0, r0, {new})",
            word = in(reg) word,
            new = in(reg) new,
            inout("r0") expected => found,
        );
    }
    found == expected
}

#[inline(always)]
fn give_back(slot: *mut Slot) {
    compiler_fence(Ordering::SeqCst);
    // SAFETY: a slot of the map that is held.
    unsafe {
        let version = &raw mut (*slot).version;
        version.write_volatile(version.read_volatile().wrapping_add(1));
    }
}

/// Adds a plain packet to the slot that is held, lets a first one by, and releases the slot for any other.
#[inline(always)]
fn judge(slot: &mut Slot, state: u32, number: u32, by: usize, packet: &Packet, len: u32) -> Verdict {
    // `by` is 0 or 1, which the verifier does not see everywhere.
    let by = by & 1;
    let is_plain = is_plain(slot, state, by, packet);
    if !is_plain || slot.begun[by] == 0 {
        let kind = if is_plain {
            EventKind::SNAPSHOT
        } else {
            EventKind::RELEASED
        };
        // A direction that begins may acknowledge what was added of the other one.
        let is_told = !is_plain || slot.sums[by ^ 1].packets != 0;
        if is_told && !ring::tell(kind, number, slot) {
            return Verdict::NoRoom;
        }
        if is_plain {
            slot.begun[by] = 1;
            stand(slot, by, packet);
        } else {
            let released = (state & !state::MASK) | state::RELEASED;
            // SAFETY: the slot that is held.
            unsafe { (&raw mut slot.state).write_volatile(released) };
        }
        return Verdict::HandUp;
    }
    stand(slot, by, packet);
    let sums = &mut slot.sums[by];
    sums.packets = sums.packets.wrapping_add(1);
    sums.frame_octets += u64::from(len);
    sums.ip_octets += u64::from(packet.ip_octets);
    sums.payload_octets = sums.payload_octets.wrapping_add(packet.payload_octets);
    slot.flags[by] |= packet.flags;
    slot.windows[by] = packet.window;
    slot.last = clock::now();
    Verdict::Added
}

/// Says where a direction stands after a packet.
#[inline(always)]
fn stand(slot: &mut Slot, by: usize, packet: &Packet) {
    if packet.mark != 0 {
        let [last, _] = slot.marks[by];
        slot.marks[by] = [packet.mark, last];
    }
    let sums = &mut slot.sums[by];
    if packet.protocol == TCP {
        sums.next = packet.sequence.wrapping_add(packet.payload_octets);
        sums.acknowledged = packet.acknowledgement;
    }
}

/// Whether counting a packet is all that the sensor would do with it.
#[inline(always)]
fn is_plain(slot: &Slot, state: u32, by: usize, packet: &Packet) -> bool {
    let kind = if packet.payload_octets != 0 {
        allow::A_PAYLOAD
    } else {
        allow::A_EMPTY
    };
    let [last, before] = slot.marks[by];
    let is_copy = packet.mark != 0 && (packet.mark == last || packet.mark == before);
    if !packet.is_whole || state & (kind << (2 * by)) == 0 || is_copy {
        return false;
    }
    packet.protocol != TCP || goes_on(&slot.sums[by], &slot.sums[by ^ 1], slot.begun[by] != 0, packet)
}

/// Whether a segment goes on where its direction stands.
#[inline(always)]
fn goes_on(mine: &Sums, other: &Sums, has_begun: bool, packet: &Packet) -> bool {
    if packet.flags & !PSH != ACK || packet.window == 0 {
        return false;
    }
    if !has_begun {
        return ahead(mine.next, packet.sequence) >= 0;
    }
    packet.sequence == mine.next
        && ahead(mine.acknowledged, packet.acknowledgement) >= 0
        && ahead(packet.acknowledgement, other.next) >= 0
}

/// How far one number of a sequence is beyond another.
#[inline(always)]
fn ahead(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

const _: () = assert!(allow::A_PAYLOAD << 2 == allow::B_PAYLOAD && allow::A_EMPTY << 2 == allow::B_EMPTY);
