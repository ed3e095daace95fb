//! What goes up: frames, and slots as they stand.
//!
//! The kernel gives room in the ring by a size that is known when the program is verified, so frames go
//! up in one of some sizes, and the head says how much of it is the frame. Nobody is woken: the sensor
//! looks by itself, and a wake-up costs more than all the rest.

use core::mem::size_of;

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::{bpf_ktime_get_ns, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::macros::map;
use aya_ebpf::maps::RingBuf;
use aya_ebpf::programs::XdpContext;
use sekisho_ebpf_abi::{Event, EventKind, LONGEST, Slot};

use crate::counters::Bucket;
use crate::setup;

/// The loader sets its size.
#[map]
static RING: RingBuf = RingBuf::with_byte_size(1 << 17, 0);

/// Octets of the shortest frame of Ethernet, with a tag.
const SHORTEST: u32 = 64;

const SLOT_WORDS: usize = size_of::<Slot>() / 8;

/// A frame of at most so many octets.
#[repr(C)]
struct Frame<const OCTETS: usize> {
    head: Event,
    octets: [u8; OCTETS],
}

#[repr(C)]
struct Standing {
    head: Event,
    words: [u64; SLOT_WORDS],
}

/// Octets of a frame, all of its parts. Asking costs as much as counting, so it is left out where there
/// are no other parts: a card fills the first one before it takes another, so it is not as short as the
/// shortest frame, and a packet does not end with it.
#[inline(always)]
pub fn length(context: &XdpContext, fills_frame: bool) -> u32 {
    let first = (context.data_end() - context.data()) as u32;
    if fills_frame || first <= SHORTEST {
        return first;
    }
    // SAFETY: the context of this run.
    unsafe { bpf_xdp_get_buff_len(context.ctx) as u32 }
}

/// Copies a frame into the ring.
#[inline(always)]
pub fn hand_up(context: &XdpContext, len: u32, port: u32) -> Bucket {
    let captured = len.min(setup::snap()).min(LONGEST);
    // SAFETY: no memory is passed.
    let time = unsafe { bpf_ktime_get_ns() };
    let head = Event {
        time,
        len,
        captured,
        kind: EventKind::FRAME,
        slot: 0,
        port,
        reserved: 0,
    };
    let is_up = match captured {
        0..=64 => put::<64>(context, head),
        65..=128 => put::<128>(context, head),
        129..=256 => put::<256>(context, head),
        257..=512 => put::<512>(context, head),
        513..=1024 => put::<1024>(context, head),
        1025..=1536 => put::<1536>(context, head),
        1537..=4096 => put::<4096>(context, head),
        _ => put::<{ LONGEST as usize }>(context, head),
    };
    if is_up { Bucket::HandedUp } else { Bucket::Lost }
}

#[inline(always)]
fn put<const OCTETS: usize>(context: &XdpContext, head: Event) -> bool {
    let Some(mut room) = RING.reserve::<Frame<OCTETS>>(0) else {
        return false;
    };
    let frame = room.as_mut_ptr();
    let captured = head.captured;
    // SAFETY: room for as much; the helper checks the frame's end.
    let is_copied = unsafe {
        (&raw mut (*frame).head).write(head);
        captured >= 1
            && captured <= OCTETS as u32
            && bpf_xdp_load_bytes(context.ctx, 0, (&raw mut (*frame).octets).cast(), captured) == 0
    };
    if is_copied {
        room.submit(u64::from(BPF_RB_NO_WAKEUP));
    } else {
        room.discard(u64::from(BPF_RB_NO_WAKEUP));
    }
    is_copied
}

/// Copies a slot into the ring.
#[inline(always)]
pub fn tell(kind: EventKind, number: u32, slot: *const Slot) -> bool {
    let Some(mut room) = RING.reserve::<Standing>(0) else {
        return false;
    };
    let standing = room.as_mut_ptr();
    let octets = size_of::<Slot>() as u32;
    // SAFETY: room for as much; the slot is held.
    unsafe {
        (&raw mut (*standing).head).write(Event {
            time: bpf_ktime_get_ns(),
            len: octets,
            captured: octets,
            kind,
            slot: number,
            port: 0,
            reserved: 0,
        });
        let (from, to) = (slot.cast::<u64>(), (&raw mut (*standing).words).cast::<u64>());
        let mut word = 0;
        while word < SLOT_WORDS {
            to.add(word).write_volatile(from.add(word).read_volatile());
            word += 1;
        }
    }
    room.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}
