//! The program in the kernel (XDP): counts the packets of flows that the sensor has let go, hands up every
//! other frame. What it keeps to is written in the crate `sekisho-ebpf-abi`.
//!
//! ```text
//! setup   what the sensor said when it loaded the program   parse     one frame: which flow, is it plain
//! slot    the flows that were let go, and adding to them    ring      what goes up
//! exclude networks that are not looked at                   counters  one bucket for every frame
//! octets  reading a frame within its end                    clock     when a slot was last added to
//! ```
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod clock;
mod counters;
mod exclude;
mod octets;
mod parse;
mod ring;
mod setup;
mod slot;

use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS};
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use sekisho_ebpf_abi::setup::{EXCLUDES, PASS};

use counters::Bucket;
use slot::Verdict;

/// Sees a frame. Frames of interfaces that are no port of the sensor's are not its business.
#[xdp(frags)]
pub fn sekisho(context: XdpContext) -> u32 {
    let Some(port) = setup::port(context.ingress_ifindex() as u32) else {
        return XDP_PASS;
    };
    let (bucket, len) = look(&context, port);
    counters::count(port, bucket, len);
    if setup::has(PASS) { XDP_PASS } else { XDP_DROP }
}

/// Does nothing: what measurements compare with.
#[xdp(frags)]
pub fn nothing(_: XdpContext) -> u32 {
    XDP_DROP
}

#[inline(always)]
fn look(context: &XdpContext, port: u32) -> (Bucket, u32) {
    let packet = parse::parse(context.data(), context.data_end());
    let len = ring::length(context, packet.as_ref().is_some_and(|packet| packet.fills_frame));
    if let Some(packet) = &packet {
        match slot::add(packet, len) {
            Verdict::Added => return (Bucket::Absorbed, len),
            Verdict::NoRoom => return (Bucket::Lost, len),
            Verdict::HandUp => {}
        }
        if setup::has(EXCLUDES) && packet.is_whole && exclude::is_excluded(packet) {
            return (Bucket::Excluded, len);
        }
    }
    (ring::hand_up(context, len, port), len)
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
