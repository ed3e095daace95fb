//! When a slot was last added to: the kernel's coarse clock, which goes on with every tick.
//!
//! Asking for it costs more than all the rest of adding a packet. How many ticks there were is one load, so
//! each processor asks once in a tick and remembers the answer.

use aya_ebpf::helpers::{bpf_jiffies64, bpf_ktime_get_coarse_ns};
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;

/// What a processor remembers.
struct Clock {
    tick: u64,
    time: u64,
}

#[map]
static CLOCK: PerCpuArray<Clock> = PerCpuArray::with_max_entries(1, 0);

/// Nanoseconds of `CLOCK_MONOTONIC`, at most two ticks ago.
#[inline(always)]
pub fn now() -> u64 {
    let Some(clock) = CLOCK.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: no memory is passed; the value is of this processor alone, and no other frame comes in between.
    unsafe {
        let (tick, clock) = (bpf_jiffies64(), &mut *clock);
        if clock.tick != tick {
            clock.tick = tick;
            clock.time = bpf_ktime_get_coarse_ns();
        }
        clock.time
    }
}
