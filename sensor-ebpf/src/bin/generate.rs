//! Sends frames as fast as this machine can make them, or at a rate, to measure the sensor with.
//!
//! `BPF_PROG_TEST_RUN` with live frames runs this program over and over on frames of its own; each goes to an
//! interface, as one of so many flows, or back where it came from while it is too early for the next one.
#![no_std]
#![no_main]

use core::ptr::read_volatile;

use aya_ebpf::bindings::xdp_action::{XDP_ABORTED, XDP_DROP};
use aya_ebpf::helpers::{bpf_ktime_get_ns, bpf_redirect};
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::XdpContext;

/// The interface, how many flows there are (a power of two), frames a second (0 for as many as can be), and
/// frames in all.
#[unsafe(no_mangle)]
static PLAN: [u64; 4] = [0; 4];

/// Frames sent, and when the first one was.
#[map]
static SENT: Array<[u64; 2]> = Array::with_max_entries(1, 0);

/// Octets of the headers of Ethernet, IPv4 and UDP.
const HEADERS: usize = 14 + 20 + 8;

#[xdp]
pub fn generate(context: XdpContext) -> u32 {
    let plan = (&raw const PLAN).cast::<u64>();
    // SAFETY: a constant of this program, which the loader writes over.
    let [interface, flows, rate, limit] = [0, 1, 2, 3].map(|word| unsafe { read_volatile(plan.add(word)) });
    let Some(sent) = SENT.get_ptr_mut(0) else {
        return XDP_ABORTED;
    };
    // SAFETY: one thread runs this program.
    let [number, began] = unsafe { &mut *sent };
    if *number >= limit {
        return XDP_DROP;
    }
    if rate != 0 {
        // SAFETY: no memory is passed.
        let now = unsafe { bpf_ktime_get_ns() };
        if *began == 0 {
            *began = now;
        }
        // In microseconds, so that the product does not overflow in a day.
        if *number >= (now - *began) / 1_000 * rate / 1_000_000 + 1 {
            return XDP_DROP;
        }
    }
    let (data, end) = (context.data(), context.data_end());
    if data + HEADERS > end || flows == 0 {
        return XDP_ABORTED;
    }
    let flow = *number & (flows - 1);
    // The identification is another one for each packet of a flow, and not 0.
    let identification = (*number / flows) as u16 | 0x8000;
    // SAFETY: inside of the frame, or the verifier refuses the program.
    unsafe {
        ((data + 18) as *mut u16).write_volatile(identification.to_be());
        // The source: 10.x.y.z and a port.
        ((data + 28) as *mut u16).write_volatile((flow as u16).to_be());
        ((data + 34) as *mut u16).write_volatile((1024 + (flow >> 16) as u16).to_be());
    }
    *number += 1;
    // SAFETY: no memory is passed.
    unsafe { bpf_redirect(interface as u32, 0) as u32 }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing here panics; the verifier would refuse this loop.
    loop {}
}

/// What the kernel asks of a program: the terms under which its helpers may be called.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 4] = *b"MIT\0";
