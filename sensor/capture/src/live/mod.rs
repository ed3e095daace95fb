//! Live capture: the packets that arrive at network interfaces.
//!
//! ```text
//! interface  what the system says of a port     socket  system calls of a packet socket and its ring
//! block      the layout of what is in the ring  ring    one port: frames, counts, coming and going
//! ```
//!
//! The back end `ring` is Linux's `TPACKET_V3`: the kernel writes frames into blocks of memory that it
//! shares with this process and hands a block over when it is full or some milliseconds old, so that no
//! system call is made for a packet. Frames that find no room are counted by the kernel and told as
//! [`Source::lost`]. A port is put into promiscuous mode for as long as it is read and sends nothing.
//!
//! Several ports are one source; the frames of a batch are in the order of their time.

mod block;
mod error;
mod interface;
pub mod machine;
mod ring;
mod socket;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

pub use error::LiveError;

use crate::stop::LOOK_AGAIN;
use crate::{Batch, Fill, Source, Stop};
use ring::Ring;
use socket::Shape;

/// Octets of a block; larger than any frame that offloading makes.
const BLOCK: u32 = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 20;
/// Milliseconds after which a block that is not full is handed over.
const HAND_OVER: u32 = 50;
/// A frame may be this old when it is handed over: later than that, silence is silence.
const LATE: Duration = Duration::from_millis(250);

/// How ports are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Octets of memory for each port's ring, cut to whole blocks of 1 MiB and at least two of them.
    pub ring_octets: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_octets: 128 << 20,
        }
    }
}

/// Packets from one or more ports, through rings.
pub struct Live {
    rings: Vec<Ring>,
    stop: Stop,
    /// Until when the wall clock has been silent.
    silent_until: Option<Timestamp>,
    is_shut: bool,
}

impl Live {
    /// Opens the ports with these names; `stop` ends the source once what is in the rings is read.
    ///
    /// # Errors
    ///
    /// A port that is not there, is of a kind that is not read, or that this process may not read.
    pub fn open(names: &[String], options: Options, stop: &Stop) -> Result<Self, LiveError> {
        let blocks = u32::try_from(options.ring_octets >> BLOCK_BITS).unwrap_or(u32::MAX);
        let shape = Shape {
            block: BLOCK,
            blocks: blocks.clamp(2, 4096),
            timeout: HAND_OVER,
        };
        if names.is_empty() {
            return Err(LiveError::NoName);
        }
        let rings = names.iter().map(|name| Ring::open(name, shape));
        Ok(Self {
            rings: rings.collect::<Result<_, _>>()?,
            stop: stop.clone(),
            silent_until: None,
            is_shut: false,
        })
    }

    fn take(&mut self, batch: &mut Batch) {
        self.rings.iter_mut().for_each(|ring| ring.take(batch));
    }

    /// Waits until a ring has something, an interface changes or some time has passed.
    fn wait(&self) {
        let sockets = self.rings.iter().filter_map(Ring::shared);
        let mut sockets: Vec<_> = sockets
            .map(|socket| PollFd::new(socket, PollFlags::IN | PollFlags::ERR))
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
        self.rings.iter_mut().for_each(Ring::look);
        self.silent_until = None;
        if self.stop.is_asked() && !self.is_shut {
            self.is_shut = true;
            self.rings.iter().for_each(Ring::shut);
            // What has arrived is handed over in this time.
            std::thread::sleep(LATE);
        }
        self.take(batch);
        if batch.is_empty() {
            if self.is_shut {
                self.rings.iter_mut().for_each(Ring::look_now);
                return Fill::End;
            }
            let before = SystemTime::now();
            self.wait();
            self.take(batch);
            if batch.is_empty() {
                self.silent_until = at(before.checked_sub(LATE));
            }
        }
        if self.rings.len() > 1 {
            batch.sort_by_time();
        }
        Fill::More
    }

    fn now(&self) -> Option<Timestamp> {
        self.silent_until
    }

    fn lost(&self) -> u64 {
        self.rings.iter().map(Ring::dropped).sum()
    }

    fn ends_when_asked(&self) -> bool {
        true
    }

    fn inputs(&self) -> Vec<InputFile> {
        self.rings.iter().map(Ring::input).collect()
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
