//! Live capture: the packets that arrive at network interfaces.
//!
//! ```text
//! interface  what the system says of a port     port     one port: its coming and going, its counters
//! program    what the kernel keeps of a frame   socket   system calls of packet sockets and their ring
//! block      the layout of what is in the ring  ring     the frames of a ring
//! time       whose clock stamps the frames
//! ```
//!
//! A port is read through one of two back ends. `ring` is Linux's `TPACKET_V3`: the kernel writes frames
//! into blocks of memory that it shares with this process and hands a block over when it is full or some
//! milliseconds old, so that no system call is made for a packet. `pcap` is libpcap, for what the ring
//! cannot do. With both, frames that find no room are counted by the kernel and told as [`Source::lost`],
//! and a port is in promiscuous mode for as long as it is read and sends nothing.
//!
//! Several ports are one source; the frames of a batch are in the order of their time.

mod block;
mod error;
pub(crate) mod interface;
pub mod machine;
pub(crate) mod port;
pub(crate) mod program;
mod ring;
pub(crate) mod socket;
mod time;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

pub use error::LiveError;
pub use time::Clock;

use crate::stop::LOOK_AGAIN;
use crate::{Batch, Fill, Source, Stop};
use port::Port;

/// Octets of a block; larger than any frame that offloading makes.
const BLOCK: u32 = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 20;
/// Milliseconds after which a block that is not full is handed over.
pub(crate) const HAND_OVER: u32 = 50;
/// A frame may be this old when it is handed over: later than that, silence is silence.
const LATE: Duration = Duration::from_millis(250);

/// The back end that ports are read through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Rings of Linux's packet sockets.
    Ring,
    /// libpcap.
    Pcap,
}

impl Through {
    /// Its name in outputs and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Pcap => "pcap",
        }
    }
}

/// How ports are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Octets of memory for each port's ring, cut to whole blocks of 1 MiB and at least two of them.
    pub ring_octets: u64,
    /// Octets that are kept of a frame; all where absent. Its length on the wire is told all the same.
    pub snap: Option<u32>,
    /// Only frames that this expression of pcap-filter(7) matches.
    pub filter: Option<String>,
    /// Whose clock stamps the frames.
    pub clock: Clock,
    /// Every packet is wanted, and not only what flows take from it.
    pub every_packet: bool,
    /// A port that is not there is waited for.
    pub wait: bool,
    /// VLANs tell flows apart, which a source has to know that counts packets of flows by itself.
    pub by_vlan: bool,
    /// Networks may be [excluded](Source::exclude).
    pub excludes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_octets: 128 << 20,
            snap: None,
            filter: None,
            clock: Clock::Auto,
            every_packet: false,
            wait: false,
            by_vlan: false,
            excludes: false,
        }
    }
}

/// Packets from one or more ports.
pub struct Live {
    ports: Vec<Port>,
    stop: Stop,
    /// Until when the wall clock has been silent.
    silent_until: Option<Timestamp>,
    is_shut: bool,
}

impl Live {
    /// Opens the ports with these names; `stop` ends the source once what has arrived is read.
    ///
    /// # Errors
    ///
    /// A port that is not there, is of a kind that is not read, or that this process may not read; a
    /// filter that is none.
    pub fn open(
        names: &[String],
        through: Through,
        options: &Options,
        stop: &Stop,
    ) -> Result<Self, LiveError> {
        if names.is_empty() {
            return Err(LiveError::NoName);
        }
        #[cfg(feature = "pcap")]
        if let Some(expression) = &options.filter {
            // Said before any port is touched, and where no port is there yet.
            crate::pcap::check(expression)?;
        }
        #[cfg(feature = "pcap")]
        if through == Through::Pcap {
            crate::pcap::ready()?;
        }
        let ports = names.iter().map(|name| Port::open(name, through, options));
        Ok(Self {
            ports: ports.collect::<Result<_, _>>()?,
            stop: stop.clone(),
            silent_until: None,
            is_shut: false,
        })
    }

    /// What is worth saying of the ports: whose clock stamps their frames.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.ports
            .iter()
            .filter_map(|port| port.note().map(str::to_owned))
            .collect()
    }

    fn take(&mut self, batch: &mut Batch) {
        self.ports.iter_mut().for_each(|port| port.take(batch));
    }

    /// Waits until a port has something, an interface changes or some time has passed.
    fn wait(&self) {
        let sockets = self.ports.iter().filter_map(Port::descriptor);
        let mut sockets: Vec<_> = sockets
            .map(|socket| PollFd::from_borrowed_fd(socket, PollFlags::IN | PollFlags::ERR))
            .collect();
        let limit = Timespec::try_from(LOOK_AGAIN).ok();
        // An interruption is looked into by the caller as the end of a wait is.
        let found = poll(&mut sockets, limit.as_ref());
        let is_error = sockets.iter().any(|one| one.revents().contains(PollFlags::ERR));
        if found.is_err() || is_error {
            // The error of an interface that is gone stays until it is taken: no busy loop meanwhile.
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Source for Live {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        self.ports.iter_mut().for_each(Port::look);
        self.silent_until = None;
        if self.stop.is_asked() && !self.is_shut {
            self.is_shut = true;
            self.ports.iter_mut().for_each(Port::shut);
            // What has arrived is handed over in this time.
            std::thread::sleep(LATE);
        }
        self.take(batch);
        if batch.is_empty() {
            if self.is_shut {
                self.ports.iter_mut().for_each(Port::look_now);
                return Fill::End;
            }
            let before = SystemTime::now();
            self.wait();
            self.take(batch);
            if batch.is_empty() {
                self.silent_until = at(before.checked_sub(LATE));
            }
        }
        if self.ports.len() > 1 {
            batch.sort_by_time();
        }
        Fill::More
    }

    fn now(&self) -> Option<Timestamp> {
        self.silent_until
    }

    fn lost(&self) -> u64 {
        self.ports.iter().map(Port::lost).sum()
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

fn at(time: Option<SystemTime>) -> Option<Timestamp> {
    let since = time?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_nanos(i64::try_from(since.as_nanos()).ok()?))
}
