//! One bucket for every frame.

use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use sekisho_ebpf_abi::{Counters, PORTS};

/// What becomes of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    Absorbed,
    HandedUp,
    Excluded,
    Lost,
}

#[map]
static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(PORTS as u32, 0);

/// Counts a frame.
#[inline(always)]
pub fn count(port: u32, bucket: Bucket, len: u32) {
    let Some(counters) = COUNTERS.get_ptr_mut(port) else {
        return;
    };
    // SAFETY: of this processor alone, and no other frame comes in between.
    let counters = unsafe { &mut *counters };
    counters.received += 1;
    counters.received_octets += u64::from(len);
    match bucket {
        Bucket::Absorbed => counters.absorbed += 1,
        Bucket::HandedUp => counters.handed_up += 1,
        Bucket::Excluded => {
            counters.excluded += 1;
            counters.excluded_octets += u64::from(len);
        }
        Bucket::Lost => {
            counters.lost += 1;
            counters.lost_octets += u64::from(len);
        }
    }
}
