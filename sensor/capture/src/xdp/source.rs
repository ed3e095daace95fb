//! The program in the kernel as a packet source.
//!
//! What comes through the ring is given in its order. The sums of flows that were let go are looked at
//! once a second, those of a busy flow every fifth: copies are taken, and given as runs once everything is
//! read that came through the ring before, so that a run never overtakes a frame of its flow.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use sekisho_ebpf_abi::{self as abi, EventKind, Slot};
use sekisho_model::summary::InputFile;
use sekisho_model::{Linktype, Settled, Timestamp};

use super::flows::{self, Flows};
use super::kernel::Kernel;
use super::port::Port;
use super::{Mode, XdpError};
use crate::live::{LiveError, Options};
use crate::stop::LOOK_AGAIN;
use crate::{Batch, Excluded, Fill, Network, Packet, Source, Stop};

/// Between two looks at the flows that were let go.
const LOOK: Duration = Duration::from_secs(1);
/// Events of two processors may come in the other order of their times by no more than this.
const SLACK: u64 = 1_000_000;
/// A frame may be this old when it is read.
const LATE: Duration = Duration::from_millis(100);
/// For a program that runs while it is taken from its port.
const GRACE: Duration = Duration::from_millis(20);
/// Flows that may wait to be let go.
const WAITING: usize = 8192;

/// Slots for flows that are only counted; 192 octets each.
const SLOTS: u32 = 1 << 18;
/// Octets of the ring at least and at most.
const RING: (u64, u64) = (1 << 20, 1 << 30);

/// Packets and runs from one or more ports, through the kernel.
pub struct Xdp {
    ports: Vec<Port>,
    options: Options,
    /// Networks of zones, as far as it takes to tell what is excluded.
    networks: Vec<Network>,
    /// None before any port is there.
    loaded: Option<Loaded>,
    hears: SyncSender<Settled>,
    settled: Receiver<Settled>,
    stop: Stop,
    clock: Clock,
    looked: Instant,
    silent_until: Option<Timestamp>,
    end: End,
}

/// The program, and the flows that were let go to it.
struct Loaded {
    kernel: Kernel,
    flows: Flows,
    /// Copies that wait to be given, and until when the ring has to be read before.
    copies: Vec<(u32, Slot)>,
    copied: u64,
}

/// Why the program was taken from its ports, so that what is left is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It was not.
    Not,
    /// A port has come or gone: another one is to be hung there.
    Renew,
    /// The source ends.
    Stop,
}

impl Xdp {
    /// Hangs the program at the ports with these names; `stop` ends the source once what has come is read.
    ///
    /// # Errors
    ///
    /// A port that is not there, whose driver cannot, or at which a program hangs already; a kernel that
    /// does not take the program, or not from this process; a build without it.
    pub fn open(names: &[String], options: &Options, stop: &Stop) -> Result<Self, LiveError> {
        if names.is_empty() {
            return Err(LiveError::NoName);
        }
        if options.filter.is_some() {
            return Err(LiveError::XdpFilter);
        }
        if names.len() > abi::PORTS {
            return Err(LiveError::Xdp(XdpError::Ports(names.len())));
        }
        let ports = names.iter().map(|name| Port::find(name, options.wait));
        let (hears, settled) = sync_channel(WAITING);
        let mut source = Self {
            ports: ports.collect::<Result<_, _>>()?,
            options: options.clone(),
            networks: Vec::new(),
            loaded: None,
            hears,
            settled,
            stop: stop.clone(),
            clock: Clock::now(),
            looked: Instant::now(),
            silent_until: None,
            end: End::Not,
        };
        source.load()?;
        Ok(source)
    }

    /// Loads the program for the ports that are there and hangs it at each.
    fn load(&mut self) -> Result<(), LiveError> {
        self.loaded = None;
        let mut setup = abi::Setup {
            key: random_key(),
            slots: SLOTS,
            snap: self.options.snap.unwrap_or(abi::LONGEST).clamp(64, abi::LONGEST),
            ..abi::Setup::default()
        };
        for (place, port) in setup.ports.iter_mut().zip(&self.ports) {
            *place = port.index().unwrap_or(0);
        }
        if self.ports.iter().any(Port::is_shared) {
            setup.flags |= abi::setup::PASS;
        }
        if self.options.by_vlan {
            setup.flags |= abi::setup::BY_VLAN;
        }
        if self.options.excludes {
            setup.flags |= abi::setup::EXCLUDES;
        }
        if self.ports.iter().all(|port| port.index().is_none()) {
            return Ok(());
        }
        let (least, most) = RING;
        let ring = u32::try_from(self.options.ring_octets.clamp(least, most)).unwrap_or(1 << 30);
        let mut kernel = Kernel::load(&setup, ring).map_err(LiveError::Xdp)?;
        kernel.exclude(&self.networks).map_err(LiveError::Xdp)?;
        for (number, port) in self.ports.iter_mut().enumerate() {
            if port.index().is_some() {
                port.begin()?;
                kernel
                    .attach(number, port.name(), Mode::Native)
                    .map_err(LiveError::Xdp)?;
                port.attached();
            }
        }
        self.loaded = Some(Loaded {
            kernel,
            flows: Flows::new(setup),
            copies: Vec::new(),
            copied: 0,
        });
        Ok(())
    }

    /// Looks at the ports, the clock and the flows that were let go.
    fn look(&mut self) {
        self.looked = Instant::now();
        self.clock = Clock::now();
        let mut is_other = false;
        for (number, port) in (0..).zip(&mut self.ports) {
            let counted = self.loaded.as_ref().map(|loaded| loaded.kernel.counters(number));
            if let Some(Ok(counted)) = counted {
                port.counted(counted);
            }
            is_other |= port.look();
        }
        if is_other && self.end == End::Not {
            self.end(End::Renew);
        } else if self.loaded.is_none() && self.end == End::Not {
            self.try_to_load();
        }
        if let Some(loaded) = &mut self.loaded {
            loaded.look(self.end != End::Not);
        }
    }

    /// Takes the program from its ports; what has come is still read.
    fn end(&mut self, why: End) {
        self.end = why;
        if let Some(loaded) = &mut self.loaded {
            // A port that is gone has no program to take.
            let _ = loaded.kernel.detach();
            std::thread::sleep(GRACE);
        }
    }

    /// Everything that came before the program was taken from its ports is read.
    fn ended(&mut self) -> Fill {
        let counters: Vec<_> = match &self.loaded {
            Some(loaded) => (0..)
                .zip(&self.ports)
                .map(|(number, _)| loaded.kernel.counters(number))
                .collect(),
            None => Vec::new(),
        };
        for (port, counted) in self.ports.iter_mut().zip(counters) {
            if let Ok(counted) = counted {
                port.counted(counted);
            }
            port.ended();
        }
        if self.end == End::Stop {
            return Fill::End;
        }
        self.end = End::Not;
        self.try_to_load();
        Fill::More
    }

    /// Loads the program again; where that fails the ports say so, and it is tried at the next look.
    fn try_to_load(&mut self) {
        if let Err(error) = self.load() {
            let said = error.to_string();
            self.ports.iter_mut().for_each(|port| port.fail(&said));
        }
    }

    /// Appends what has come until the batch is full. True where nothing more has.
    fn take(&mut self, batch: &mut Batch) -> bool {
        let clock = self.clock;
        match &mut self.loaded {
            Some(loaded) => {
                let now = clock.time_of(monotonic());
                for settled in self.settled.try_iter().take(WAITING) {
                    if self.end == End::Not {
                        loaded.flows.let_go(&mut loaded.kernel, &settled, now);
                    }
                }
                loaded.take(batch, clock)
            }
            None => true,
        }
    }

    /// Waits a moment.
    fn wait(&mut self) {
        match &mut self.loaded {
            Some(loaded) => loaded.kernel.wait(LOOK_AGAIN),
            None => std::thread::sleep(LOOK_AGAIN),
        }
    }
}

impl Loaded {
    /// Takes copies of what was counted; those that still wait are older than these.
    fn look(&mut self, all: bool) {
        self.copies.clear();
        self.flows.look(&self.kernel, all, &mut self.copies);
        self.copied = monotonic();
    }

    /// Appends what has come until the batch is full. True where nothing more has.
    fn take(&mut self, batch: &mut Batch, clock: Clock) -> bool {
        while !batch.is_full() {
            let Some(event) = self.kernel.next() else {
                self.give(batch, clock);
                return self.copies.is_empty();
            };
            let head = event.head;
            if let Some(frame) = event.frame() {
                batch.push(Packet {
                    time: clock.time_of(head.time),
                    len: head.len,
                    linktype: Linktype::ETHERNET,
                    data: frame,
                });
            }
            let shown = event.slot();
            drop(event);
            if let Some(slot) = shown {
                let is_released = head.kind == EventKind::RELEASED;
                let time_of = |time| clock.time_of(time);
                let run = self
                    .flows
                    .shown(&mut self.kernel, head.slot, &slot, is_released, time_of);
                if let Some(run) = run {
                    batch.push_run(&run);
                }
            }
            if !self.copies.is_empty() && head.time > self.copied.saturating_add(SLACK) {
                self.give(batch, clock);
            }
        }
        false
    }

    /// Appends what is new in the copies that wait.
    fn give(&mut self, batch: &mut Batch, clock: Clock) {
        while !batch.is_full()
            && let Some(copy) = self.copies.pop()
        {
            if let Some(run) = self
                .flows
                .taken(&mut self.kernel, &copy, |time| clock.time_of(time))
            {
                batch.push_run(&run);
            }
        }
    }
}

impl Source for Xdp {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        self.silent_until = None;
        if self.stop.is_asked() && self.end != End::Stop {
            self.end(End::Stop);
            self.look();
        } else if self.looked.elapsed() >= LOOK && self.end == End::Not {
            self.look();
        }
        let mut is_all = self.take(batch);
        if batch.is_empty() && is_all && self.end != End::Not {
            return self.ended();
        }
        // A batch of a few packets costs those who work on it more than it is worth.
        if is_all && self.end == End::Not {
            let before = SystemTime::now();
            self.wait();
            is_all = self.take(batch);
            if batch.is_empty() && is_all {
                self.silent_until = at(before.checked_sub(LATE));
            }
        }
        if self.ports.len() > 1 {
            batch.sort_by_time();
        }
        Fill::More
    }

    fn hears_of_settled(&self) -> Option<SyncSender<Settled>> {
        Some(self.hears.clone())
    }

    fn now(&self) -> Option<Timestamp> {
        self.silent_until
    }

    fn lost(&self) -> u64 {
        self.ports.iter().map(Port::lost).sum()
    }

    fn exclude(&mut self, networks: &[Network]) {
        self.networks = networks.to_vec();
        if let Some(loaded) = &mut self.loaded
            && loaded.kernel.exclude(networks).is_err()
        {
            // No harm beyond the time it takes: whoever reads the frames judges them too.
            self.networks.clear();
            let _ = loaded.kernel.exclude(&[]);
        }
    }

    fn excluded(&self) -> Excluded {
        self.ports
            .iter()
            .map(Port::excluded)
            .fold(Excluded::default(), |sum, one| Excluded {
                frames: sum.frames.saturating_add(one.frames),
                octets: sum.octets.saturating_add(one.octets),
            })
    }

    fn ends_when_asked(&self) -> bool {
        true
    }

    fn inputs(&self) -> Vec<InputFile> {
        self.ports.iter().map(Port::input).collect()
    }

    fn octets_read(&self) -> u64 {
        0
    }

    fn octets_total(&self) -> Option<u64> {
        None
    }
}

impl flows::Slots for Kernel {
    fn read(&self, slot: u32) -> Slot {
        Self::read(self, slot)
    }

    fn arm(&mut self, slot: u32, value: &Slot) {
        Self::arm(self, slot, value);
    }

    fn close(&mut self, slot: u32) {
        Self::close(self, slot);
    }

    fn free(&mut self, slot: u32) {
        Self::free(self, slot);
    }
}

/// The wall clock beside the one that the kernel's program reads.
#[derive(Debug, Clone, Copy)]
struct Clock {
    ahead: i64,
}

impl Clock {
    fn now() -> Self {
        let wall = at(Some(SystemTime::now())).map_or(0, Timestamp::nanos);
        Self {
            ahead: wall.saturating_sub(i64::try_from(monotonic()).unwrap_or(i64::MAX)),
        }
    }

    fn time_of(self, monotonic: u64) -> Timestamp {
        let monotonic = i64::try_from(monotonic).unwrap_or(i64::MAX);
        Timestamp::from_nanos(monotonic.saturating_add(self.ahead))
    }
}

/// Nanoseconds of the clock that the program reads.
fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

fn at(time: Option<SystemTime>) -> Option<Timestamp> {
    let since = time?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_nanos(i64::try_from(since.as_nanos()).ok()?))
}

/// A key that nobody can know.
fn random_key() -> [u64; 2] {
    use std::hash::{BuildHasher, RandomState};
    [RandomState::new().hash_one(0), RandomState::new().hash_one(1)]
}
