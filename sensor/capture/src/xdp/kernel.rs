//! The program in the kernel and its maps, as one value: what it has seen, what it hands up, and the slots
//! of the flows that it only counts.
//!
//! Nothing of it stays when this value is dropped or its process ends, however it ends: the program hangs
//! at an interface by a link that the process holds.

use std::time::Duration;

use aya::Ebpf;
use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::xdp::XdpLinkId;
#[cfg(test)]
use aya::programs::{TestRun as _, TestRunOptions, Xdp};
use sekisho_ebpf_abi as abi;

use super::events::Event;
use super::exclude;
use super::load::{self, Loaded, missing, program};
use super::memory::Slots;
use super::{Mode, XdpError, attach};
use crate::Network;

/// Naps of [`Kernel::wait`]: the first after something came, and the longest. The smallest ring has room for
/// what a busy port brings in the first.
const NAP: Duration = Duration::from_millis(5);
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// The program in the kernel.
pub(crate) struct Kernel {
    bpf: Ebpf,
    slots: Slots,
    ring: RingBuf<MapData>,
    setup: abi::Setup,
    links: Vec<XdpLinkId>,
    nap: Duration,
}

/// What a run outside of any interface gave.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestRun {
    /// The verdict: `XDP_DROP` is 1, `XDP_PASS` is 2.
    pub(crate) verdict: u32,
    /// The mean of the runs.
    pub(crate) each: Duration,
}

impl Kernel {
    /// Loads the program, which sees nothing until it is attached. The ring is cut to a power of two.
    pub(crate) fn load(setup: &abi::Setup, ring_octets: u32) -> Result<Self, XdpError> {
        let Loaded { bpf, slots, ring } = load::load(setup, ring_octets)?;
        Ok(Self {
            bpf,
            slots,
            ring,
            setup: *setup,
            links: Vec::new(),
            nap: NAP,
        })
    }

    /// Hangs the program at an interface, whose number is at `port` in [`abi::Setup::ports`].
    ///
    /// # Errors
    ///
    /// A program that is there already, of whomever; an interface that is not there, or has another number
    /// by now; a driver that cannot.
    pub(crate) fn attach(&mut self, port: usize, interface: &str, mode: Mode) -> Result<(), XdpError> {
        let index = attach::index_of(interface)?;
        if self.setup.ports.get(port) != Some(&index) {
            return Err(XdpError::Missing(interface.to_owned()));
        }
        let link = attach::attach(program(&mut self.bpf)?, interface, index, mode)?;
        self.links.push(link);
        Ok(())
    }

    /// Takes the program from all of its interfaces; what is in the ring and the slots stays.
    pub(crate) fn detach(&mut self) -> Result<(), XdpError> {
        let program = program(&mut self.bpf)?;
        for link in self.links.drain(..) {
            program.detach(link)?;
        }
        Ok(())
    }

    /// A copy of a slot that no processor changed meanwhile. Where its version is odd it was changed all the
    /// while.
    pub(crate) fn read(&self, slot: u32) -> abi::Slot {
        self.slots.read(slot)
    }

    /// Writes a slot that is not armed: its generation first, which must be another than before, and its
    /// state last. Its version stays what it is.
    pub(crate) fn arm(&mut self, slot: u32, value: &abi::Slot) {
        self.slots.arm(slot, value);
    }

    /// Takes an armed slot back. What [`Self::read`] gives afterwards is final: where it is closing the sums
    /// are in it, and where it is released they are in the ring.
    pub(crate) fn close(&mut self, slot: u32) {
        self.slots.close(slot);
    }

    /// Makes a slot nobody's that was released or closed.
    pub(crate) fn free(&mut self, slot: u32) {
        self.slots.free(slot);
    }

    /// The next event of the ring; nothing where there is none yet.
    pub(crate) fn next(&mut self) -> Option<Event<'_>> {
        let event = Event::read(self.ring.next()?)?;
        self.nap = NAP;
        Some(event)
    }

    /// Waits for some milliseconds, fewer where something came just before. The program wakes nobody: a
    /// wake-up would cost the port more than the packet.
    pub(crate) fn wait(&mut self, at_most: Duration) {
        std::thread::sleep(self.nap.min(at_most));
        self.nap = self.nap.saturating_mul(2).min(LONGEST_NAP);
    }

    /// What all processors have seen so far of the port at this place in [`abi::Setup::ports`].
    pub(crate) fn counters(&self, port: u32) -> Result<abi::Counters, XdpError> {
        let map = self.bpf.map("COUNTERS").ok_or_else(|| missing("COUNTERS"))?;
        let map: PerCpuArray<_, [u64; 8]> = PerCpuArray::try_from(map)?;
        let mut sums = [0_u64; 8];
        for of_one in map.get(&port, 0)?.iter() {
            for (sum, one) in sums.iter_mut().zip(of_one) {
                *sum = sum.wrapping_add(*one);
            }
        }
        let [
            received,
            absorbed,
            handed_up,
            excluded,
            lost,
            received_octets,
            excluded_octets,
            lost_octets,
        ] = sums;
        Ok(abi::Counters {
            received,
            absorbed,
            handed_up,
            excluded,
            lost,
            received_octets,
            excluded_octets,
            lost_octets,
        })
    }

    /// Replaces the networks that decide what is excluded; looked into with [`abi::setup::EXCLUDES`] only.
    pub(crate) fn exclude(&mut self, networks: &[Network]) -> Result<(), XdpError> {
        exclude::replace(&mut self.bpf, networks)
    }

    /// Runs the program with a frame as if it came from the loopback, whose number is 1. The kernel refuses
    /// frames of less than 14 octets.
    #[cfg(test)]
    pub(crate) fn test_run(&self, frame: &[u8], repeat: u32) -> Result<TestRun, XdpError> {
        let result = self.program()?.test_run(TestRunOptions {
            data_in: Some(frame),
            repeat,
            ..TestRunOptions::new()
        })?;
        Ok(TestRun {
            verdict: result.return_value,
            each: result.duration,
        })
    }

    /// The program and the slots, for several threads.
    #[cfg(test)]
    pub(super) fn parts(&mut self) -> (&Xdp, &mut Slots) {
        let program = self.bpf.program(load::PROGRAM).unwrap();
        (program.try_into().unwrap(), &mut self.slots)
    }

    /// Loads the program that does nothing.
    #[cfg(test)]
    pub(super) fn load_nothing(&mut self) {
        let program: &mut Xdp = self.bpf.program_mut("nothing").unwrap().try_into().unwrap();
        program.load().unwrap();
    }

    /// What [`Self::load_nothing`] has loaded.
    #[cfg(test)]
    pub(super) fn nothing(&self) -> &Xdp {
        self.bpf.program("nothing").unwrap().try_into().unwrap()
    }

    /// The program itself.
    #[cfg(test)]
    pub(super) fn program(&self) -> Result<&Xdp, XdpError> {
        let program = self.bpf.program(load::PROGRAM);
        Ok(program.ok_or_else(|| missing(load::PROGRAM))?.try_into()?)
    }
}
