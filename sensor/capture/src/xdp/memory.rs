//! The slots: memory that is shared with the program in the kernel, and what may be done to it.
//!
//! The map is an array with `BPF_F_MMAPABLE`. A slot's `state` says who may write the rest: the sensor
//! while it is free, released or closed, the program while it is armed. `version` is odd while a processor
//! writes, so that a reader who finds the same even number before and after has a consistent copy.
//!
//! Closing is exact. A processor takes the lock and looks at the state after that; the sensor changes the
//! state and looks at the lock after that. So either it sees the lock taken and waits, or the processor
//! sees the slot closing and adds nothing. And a processor that found the flow in a slot long ago finds
//! another generation once it has the lock. All of this holds on x86; a processor that stores out of
//! order would need barriers in the program.
#![expect(
    unsafe_code,
    reason = "mmap and memory that the kernel writes have no safe form"
)]

use std::io;
use std::mem::offset_of;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use aya::maps::MapData;
use sekisho_ebpf_abi::{Event, Slot, state};

/// Looks at a slot that keeps changing, before the last one is given as it is.
const LOOKS: u32 = 1 << 16;

/// The slots of all processors.
pub(super) struct Slots {
    memory: NonNull<Slot>,
    count: u32,
    /// Keeps the map alive.
    _map: MapData,
}

// SAFETY: the memory is the mapping of this value alone and is reached through it only; nothing in it
// belongs to the thread that made it.
unsafe impl Send for Slots {}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: exactly what mmap gave, and nothing borrows from it.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), length(self.count)) };
    }
}

impl Slots {
    /// Maps an array of `count` slots.
    pub(super) fn map(map: MapData, count: u32) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice; the kernel refuses a longer one than
        // the map.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length(count),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.fd().as_fd().as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or_else(|| io::Error::other("mmap gave no memory"))?;
        Ok(Self {
            memory,
            count,
            _map: map,
        })
    }

    /// A copy of a slot that no processor changed meanwhile; a free one where there is none.
    pub(super) fn read(&self, slot: u32) -> Slot {
        let Some(at) = self.at(slot) else {
            return Slot::default();
        };
        let version = word(at, offset_of!(Slot, version));
        for look in 1..=LOOKS {
            let before = version.load(Ordering::Acquire);
            // SAFETY: inside the mapping and aligned. The program may write meanwhile, which the version
            // tells; every pattern of bits is a value of it.
            let copy = unsafe { at.as_ptr().read_volatile() };
            fence(Ordering::Acquire);
            if before & 1 == 0 && before == version.load(Ordering::Relaxed) {
                return copy;
            }
            pause(look);
        }
        // SAFETY: as above.
        unsafe { at.as_ptr().read_volatile() }
    }

    /// Writes everything but the version, the state last.
    pub(super) fn arm(&mut self, slot: u32, value: &Slot) {
        let Some(at) = self.at(slot) else {
            return;
        };
        word(at, 0).store(state::FREE, Ordering::SeqCst);
        // A processor may still hold the lock, where nobody has read the slot since it was closed.
        for look in 1..=LOOKS {
            if word(at, offset_of!(Slot, version)).load(Ordering::Acquire) & 1 == 0 {
                break;
            }
            pause(look);
        }
        let generation = offset_of!(Slot, generation);
        word(at, generation).store(value.generation, Ordering::Release);
        fence(Ordering::Release);
        let rest = size_of::<Slot>().saturating_sub(generation);
        // SAFETY: both are whole slots and do not overlap; the program writes nothing to one that is not
        // armed, and what it reads of it meanwhile it forgets when it finds the other generation.
        unsafe {
            let from = std::ptr::from_ref(value).byte_add(generation).cast::<u8>();
            let to = at.as_ptr().byte_add(generation).cast::<u8>();
            std::ptr::copy_nonoverlapping(from, to, rest);
        }
        word(at, 0).store(value.state, Ordering::Release);
    }

    /// Armed becomes closing; nothing happens where it is not armed any more.
    pub(super) fn close(&mut self, slot: u32) {
        if let Some(at) = self.at(slot) {
            let state = word(at, 0);
            let now = state.load(Ordering::Acquire);
            if now & state::MASK == state::ARMED {
                let closing = (now & !state::MASK) | state::CLOSING;
                // Fails where the program has released it just now; its counters are in the ring then.
                let _ = state.compare_exchange(now, closing, Ordering::SeqCst, Ordering::SeqCst);
            }
        }
    }

    /// Anything becomes free.
    pub(super) fn free(&mut self, slot: u32) {
        if let Some(at) = self.at(slot) {
            word(at, 0).store(state::FREE, Ordering::Release);
        }
    }

    fn at(&self, slot: u32) -> Option<NonNull<Slot>> {
        // SAFETY: inside the mapping.
        (slot < self.count).then(|| unsafe { self.memory.add(slot as usize) })
    }
}

/// Waits a little for a processor, which may be taken away from the program where it is a virtual one.
fn pause(look: u32) {
    if look.is_multiple_of(256) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// A word of a slot that both sides use as a whole.
fn word<'a>(slot: NonNull<Slot>, offset: usize) -> &'a AtomicU32 {
    // SAFETY: `offset` is that of a field of four octets in a slot of the mapping; the reference is used
    // and gone before the mapping is.
    unsafe { AtomicU32::from_ptr(slot.as_ptr().byte_add(offset).cast()) }
}

fn length(count: u32) -> usize {
    (count as usize).saturating_mul(size_of::<Slot>())
}

/// The head of what came through the ring, and what follows it.
pub(super) fn head(octets: &[u8]) -> Option<(Event, &[u8])> {
    let (head, rest) = octets.split_at_checked(size_of::<Event>())?;
    // SAFETY: as many octets as it has; every pattern of bits is a value of it.
    Some((unsafe { head.as_ptr().cast::<Event>().read_unaligned() }, rest))
}

/// A slot that came through the ring.
pub(super) fn slot(octets: &[u8]) -> Option<Slot> {
    let octets = octets.get(..size_of::<Slot>())?;
    // SAFETY: as many octets as it has; every pattern of bits is a value of it.
    Some(unsafe { octets.as_ptr().cast::<Slot>().read_unaligned() })
}
