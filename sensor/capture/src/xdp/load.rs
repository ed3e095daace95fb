//! The object into the kernel: its maps in the sizes that are asked for, its constant, its program.

use aya::maps::{Map, MapData, RingBuf};
use aya::programs::Xdp;
use aya::{Ebpf, EbpfLoader, VerifierLogLevel};
use sekisho_ebpf_abi::{Setup, WAYS};

use super::XdpError;
use super::memory::Slots;

/// The object that `cargo xtask ebpf` made; empty where it has not run.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sekisho.o"));
/// Name of the program.
pub(super) const PROGRAM: &str = "sekisho";
/// Octets of a ring at least; a ring has a power of two.
const SMALLEST_RING: u32 = 1 << 17;

/// What was made of the object.
pub(super) struct Loaded {
    pub(super) bpf: Ebpf,
    pub(super) slots: Slots,
    pub(super) ring: RingBuf<MapData>,
}

/// Loads the program; it sees nothing until it is attached.
pub(super) fn load(setup: &Setup, ring_octets: u32) -> Result<Loaded, XdpError> {
    if OBJECT.is_empty() {
        return Err(XdpError::NoObject);
    }
    if !setup.slots.is_power_of_two() || setup.slots < WAYS {
        return Err(XdpError::Refused(format!(
            "{} slots are not a power of two",
            setup.slots
        )));
    }
    let ring = ring_octets.clamp(SMALLEST_RING, 1 << 31);
    let ring = if ring.is_power_of_two() {
        ring
    } else {
        ring.next_power_of_two() >> 1
    };
    let constant = octets(setup);
    let mut bpf = EbpfLoader::new()
        .verifier_log_level(VerifierLogLevel::STATS)
        .override_global("SETUP", &constant, true)
        .map_max_entries("SLOTS", setup.slots)
        .map_max_entries("RING", ring)
        .load(OBJECT)?;
    let slots = match bpf.take_map("SLOTS") {
        Some(Map::Array(map)) => Slots::map(map, setup.slots).map_err(XdpError::of_system)?,
        _ => return Err(missing("SLOTS")),
    };
    let ring = RingBuf::try_from(bpf.take_map("RING").ok_or_else(|| missing("RING"))?)?;
    program(&mut bpf)?.load()?;
    Ok(Loaded { bpf, slots, ring })
}

/// The program of what was loaded.
pub(super) fn program(bpf: &mut Ebpf) -> Result<&mut Xdp, XdpError> {
    let program = bpf.program_mut(PROGRAM).ok_or_else(|| missing(PROGRAM))?;
    Ok(program.try_into()?)
}

/// What the object should have had.
pub(super) fn missing(name: &str) -> XdpError {
    XdpError::Refused(format!(
        "the object has no {name}; `cargo xtask ebpf` makes a new one"
    ))
}

/// The constant as it lies in memory.
fn octets(setup: &Setup) -> [u8; size_of::<Setup>()] {
    let rest = [setup.slots, setup.snap, setup.flags, setup.reserved];
    let keys = setup.key.map(u64::to_ne_bytes);
    let words = setup.ports.iter().chain(&rest).map(|word| word.to_ne_bytes());
    let all = keys.into_iter().flatten().chain(words.flatten());
    let mut out = [0; size_of::<Setup>()];
    for (into, octet) in out.iter_mut().zip(all) {
        *into = octet;
    }
    out
}
