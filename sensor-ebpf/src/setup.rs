//! What the sensor said when it loaded the program: a constant, so that the verifier takes the branches away
//! that it does not ask for.

use core::ptr::read_volatile;

use sekisho_ebpf_abi::{PORTS, Setup};

/// Written over by the loader.
#[unsafe(no_mangle)]
static SETUP: Setup = Setup {
    key: [0; 2],
    ports: [0; PORTS],
    slots: 0,
    snap: 0,
    flags: 0,
    reserved: 0,
};

/// What places flows.
#[inline(always)]
pub fn of_places() -> Setup {
    // SAFETY: a constant of this program. Volatile: the compiler must not take the zeros above for it.
    let (key, slots) = unsafe {
        let key = &raw const SETUP.key;
        let words = [
            read_volatile(key.cast::<u64>()),
            read_volatile(key.cast::<u64>().add(1)),
        ];
        (words, read_volatile(&raw const SETUP.slots))
    };
    Setup {
        key,
        slots,
        ..Setup {
            key: [0; 2],
            ports: [0; PORTS],
            slots: 0,
            snap: 0,
            flags: 0,
            reserved: 0,
        }
    }
}

/// Whether a flag is set.
#[inline(always)]
pub fn has(flag: u32) -> bool {
    // SAFETY: as above.
    unsafe { read_volatile(&raw const SETUP.flags) & flag != 0 }
}

/// Octets of a frame that are handed up at most.
#[inline(always)]
pub fn snap() -> u32 {
    // SAFETY: as above.
    unsafe { read_volatile(&raw const SETUP.snap) }
}

/// The place of an interface among the ports.
#[inline(always)]
pub fn port(interface: u32) -> Option<u32> {
    let ports = (&raw const SETUP.ports).cast::<u32>();
    let mut port = 0;
    while port < PORTS {
        // SAFETY: as above, inside of the array.
        if unsafe { read_volatile(ports.add(port)) } == interface {
            return Some(port as u32);
        }
        port += 1;
    }
    None
}
