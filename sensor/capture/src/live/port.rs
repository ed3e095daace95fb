//! One interface that is read, through whatever back end.
//!
//! A [`Tap`] gives frames and says how many it lost. What is the same for every back end is here: the
//! interface that is looked at once a second, its own counters, which are the independent check of ours,
//! and its coming and going. One that goes down is waited for. One that is deleted, and made anew under
//! the same name, is opened again. One that is renamed is the same cable and is read on, and that is said,
//! until another one takes its name: a port is what is called so.
//!
//! Frames that a filter leaves out never reach this process. A second socket, which keeps nothing, has the
//! kernel run the inverse of the filter and count them, so that what came is what was read, lost or
//! filtered, each counted by itself.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use sekisho_model::summary::{InputFile, PortCounters};

use super::interface::{self, Counted, Interface};
use super::program::Program;
use super::ring::Ring;
use super::socket::Counter;
use super::time::{self, Decision};
use super::{LiveError, Options, Through, socket};
use crate::Batch;

/// Between two looks at the interface and its counters.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Where the frames of an interface come from.
pub(crate) trait Tap: Send {
    /// Appends frames to `batch` until it is full or none is ready; how many.
    fn take(&mut self, batch: &mut Batch) -> u64;
    /// What to wait for; none where the tap has failed and must be opened again.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
    /// Frames that were lost since this was last asked.
    fn lost(&mut self) -> u64;
    /// Takes the error that the interface left behind, such as that it went down.
    fn take_error(&mut self);
    /// Lets nothing further in; what has arrived stays to be taken.
    fn shut(&mut self);
}

/// An interface and its tap.
pub(super) struct Port {
    name: String,
    through: Through,
    options: Options,
    /// The interface that is read; none before it is there.
    interface: Option<Interface>,
    tap: Option<Box<dyn Tap>>,
    /// Counts what the filter leaves out.
    sieve: Option<Counter>,
    /// Frames handed out.
    packets: u64,
    lost: u64,
    filtered: u64,
    /// The interface's own counters when it was opened, and of openings before.
    first: Counted,
    earlier: Counted,
    last: Counted,
    trouble: Option<String>,
    /// Whose clock stamps its frames.
    time: Option<Decision>,
    looked: Instant,
}

impl Port {
    /// Opens the interface with this name; one that is not there is waited for where the options say so.
    pub(super) fn open(name: &str, through: Through, options: &Options) -> Result<Self, LiveError> {
        let mut port = Self {
            name: name.to_owned(),
            through,
            options: options.clone(),
            interface: None,
            tap: None,
            sieve: None,
            packets: 0,
            lost: 0,
            filtered: 0,
            first: Counted::default(),
            earlier: Counted::default(),
            last: Counted::default(),
            trouble: None,
            time: None,
            looked: Instant::now(),
        };
        match interface::find(name).and_then(|found| port.attach(found)) {
            Err(error @ LiveError::Missing(_)) if options.wait => {
                port.trouble = Some(port.without_name(&error));
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        Ok(port)
    }

    /// What to wait for.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.tap.as_ref()?.descriptor()
    }

    /// Appends frames to `batch` until it is full or none is ready.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        if let Some(tap) = &mut self.tap {
            self.packets = self.packets.saturating_add(tap.take(batch));
        }
    }

    /// Looks at the interface and its counters from time to time.
    pub(super) fn look(&mut self) {
        if self.looked.elapsed() >= LOOK_AGAIN {
            self.looked = Instant::now();
            self.look_now();
        }
    }

    /// Looks at the interface and its counters.
    pub(super) fn look_now(&mut self) {
        self.count();
        let works = self.tap.as_ref().is_some_and(|tap| tap.descriptor().is_some());
        let reading = self.interface.filter(|_| works);
        match (interface::find(&self.name), reading) {
            (Ok(found), Some(reading)) if found.index == reading.index => {
                self.stands(&self.name.clone(), found);
            }
            (Ok(found), _) => {
                if let Err(error) = self.attach(found) {
                    self.trouble = Some(self.without_name(&error));
                }
            }
            (Err(error), reading) => {
                let renamed = reading.and_then(|reading| interface::name_of(reading.index));
                match renamed.map(|name| (interface::find(&name), name)) {
                    Some((Ok(found), name)) => {
                        self.stands(&name, found);
                        self.trouble = Some(format!(
                            "the interface is now called {name} and is read on; name it in the configuration"
                        ));
                    }
                    _ => self.trouble = Some(self.without_name(&error)),
                }
            }
        }
    }

    /// Takes what the kernel has counted since the last time.
    fn count(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.take_error();
            self.lost = self.lost.saturating_add(tap.lost());
        }
        if let Some(filtered) = self.sieve.as_ref().and_then(|sieve| sieve.count().ok()) {
            self.filtered = self.filtered.saturating_add(filtered);
        }
    }

    /// The interface that is read, as it is now.
    fn stands(&mut self, name: &str, found: Interface) {
        self.trouble = trouble_of(found);
        self.interface = Some(found);
        if let Ok(Some(counted)) = interface::counted(name) {
            self.last = counted;
        }
    }

    /// Opens the interface that has the port's name.
    fn attach(&mut self, found: Interface) -> Result<(), LiveError> {
        let time = match time::decide(&self.name, self.options.clock) {
            // One that was read before is rather read with the host's time than not at all.
            Err(error) if self.interface.is_some() => Decision {
                by_nic: false,
                note: Some(error.to_string()),
            },
            decided => decided?,
        };
        let (tap, program) = self.open_tap(found)?;
        if time.by_nic
            && let Some(socket) = tap.descriptor()
        {
            socket::stamp_by_nic(socket).map_err(|cause| LiveError::of_system(&self.name, cause))?;
        }
        self.time = Some(time);
        let sieve = program.map(|program| Counter::open(found.index, found.is_loopback, &program.inverse()));
        let sieve = sieve.transpose();
        self.sieve = sieve.map_err(|cause| LiveError::of_system(&self.name, cause))?;
        self.tap = Some(tap);
        if self.interface.is_none_or(|before| before.index != found.index) {
            let (received, dropped) = self.interface_counts();
            self.earlier = Counted { received, dropped };
            self.first = interface::counted(&self.name).ok().flatten().unwrap_or_default();
            self.last = self.first;
        }
        self.interface = Some(found);
        self.trouble = trouble_of(found);
        Ok(())
    }

    /// A tap on the interface, and the program of its filter.
    fn open_tap(&self, found: Interface) -> Result<(Box<dyn Tap>, Option<Program>), LiveError> {
        match self.through {
            Through::Ring => {
                let program = self.compile(found)?;
                let cut = self.options.snap.map(Program::keep);
                let kept = program.as_ref().or(cut.as_ref());
                let ring = Ring::open(&self.name, found, &self.options, kept)?;
                Ok((Box::new(ring), program))
            }
            #[cfg(feature = "pcap")]
            Through::Pcap => crate::pcap::open(&self.name, found, &self.options),
            #[cfg(not(feature = "pcap"))]
            Through::Pcap => Err(LiveError::NotBuilt),
        }
    }

    #[cfg(feature = "pcap")]
    fn compile(&self, found: Interface) -> Result<Option<Program>, LiveError> {
        let expression = self.options.filter.as_deref();
        let compile = |expression| crate::pcap::compile_for(&self.name, found, self.options.snap, expression);
        expression.map(compile).transpose()
    }

    #[cfg(not(feature = "pcap"))]
    fn compile(&self, _: Interface) -> Result<Option<Program>, LiveError> {
        match &self.options.filter {
            Some(_) => Err(LiveError::NotBuilt),
            None => Ok(None),
        }
    }

    /// What is wrong, where the port is named beside it.
    fn without_name(&self, error: &LiveError) -> String {
        let said = error.to_string();
        let rest = said
            .strip_prefix(&self.name)
            .and_then(|rest| rest.strip_prefix(": "));
        rest.map(str::to_owned).unwrap_or(said)
    }

    /// Lets nothing further in.
    pub(super) fn shut(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.shut();
        }
        if let Some(sieve) = &self.sieve {
            // One that goes on counts what comes after the end, no more.
            let _ = sieve.shut();
        }
    }

    /// What is worth saying of its clock.
    pub(super) fn note(&self) -> Option<&str> {
        self.time.as_ref()?.note.as_deref()
    }

    /// Frames lost so far.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    fn interface_counts(&self) -> (u64, u64) {
        let since = |now: u64, first: u64, earlier: u64| now.saturating_sub(first).saturating_add(earlier);
        (
            since(self.last.received, self.first.received, self.earlier.received),
            since(self.last.dropped, self.first.dropped, self.earlier.dropped),
        )
    }

    /// What was read of it, and how it stands.
    pub(super) fn input(&self) -> InputFile {
        let (received, dropped) = self.interface_counts();
        InputFile {
            path: self.name.clone(),
            format: if self.time.as_ref().is_some_and(|time| time.by_nic) {
                format!("{}+nic", self.through.name())
            } else {
                self.through.name().to_owned()
            },
            packets: self.packets,
            damage: self.trouble.clone(),
            port: Some(PortCounters {
                ring_dropped: self.lost,
                filtered: self.filtered,
                received,
                dropped,
            }),
        }
    }
}

fn trouble_of(interface: Interface) -> Option<String> {
    (!interface.is_running).then(|| "the interface is down or has no carrier".to_owned())
}
