//! Recording: a source whose packets are also written to files, as they were captured.
//!
//! pcapng with times in nanoseconds, in one file or a folder of files that give way to one another, so
//! that the disk it takes is bounded. It is written by the thread that captures: a disk that cannot keep
//! up loses frames in front of the capture, where they are counted. A file that cannot be written stops
//! nothing but the recording; packets that are not in it are counted, and it is tried again later.

mod files;
mod pcapng;

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

pub use files::Place;

use crate::{Batch, Excluded, Fill, Network, Source};
use files::Files;
use pcapng::Writer;

/// Octets that wait to be written together.
const BUFFER: usize = 1 << 18;
/// After a failure, until it is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What a recording holds so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Packets written.
    pub packets: u64,
    /// Files begun.
    pub files: u64,
    /// Packets that came and are not in it.
    pub missed: u64,
    /// Why packets are not in it; absent where nothing is wrong.
    pub trouble: Option<String>,
}

/// What is known of a recording, for whoever asks meanwhile.
#[derive(Debug, Clone, Default)]
pub struct State(Arc<Mutex<Kept>>);

impl State {
    /// What it holds now.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, kept: &Kept) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(kept);
    }
}

/// A source that is recorded.
pub struct Recorded {
    inner: Box<dyn Source>,
    files: Files,
    writer: Option<Writer<BufWriter<File>>>,
    kept: Kept,
    state: State,
    /// When writing failed.
    failed: Option<Instant>,
    /// There may be no further file.
    is_full: bool,
}

impl Recorded {
    /// Records the packets of `inner`.
    ///
    /// # Errors
    ///
    /// A folder that cannot be written, a file that exists or cannot be made.
    pub fn new(inner: Box<dyn Source>, place: Place) -> io::Result<Self> {
        Ok(Self {
            inner,
            files: Files::open(place)?,
            writer: None,
            kept: Kept::default(),
            state: State::default(),
            failed: None,
            is_full: false,
        })
    }

    /// What is known of the recording, also while it goes on.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.clone()
    }

    fn record(&mut self, batch: &Batch, first: usize) {
        if self.failed.is_some_and(|failed| failed.elapsed() >= TRY_AGAIN) {
            self.failed = None;
        }
        for packet in batch.iter().skip(first) {
            if self.failed.is_some() || self.is_full {
                self.kept.missed = self.kept.missed.saturating_add(1);
                continue;
            }
            match self.write(&packet) {
                Ok(true) => self.kept.packets = self.kept.packets.saturating_add(1),
                Ok(false) => {
                    self.is_full = true;
                    self.kept.missed = self.kept.missed.saturating_add(1);
                    self.kept.trouble = Some("the file is as large as it may be".to_owned());
                }
                Err(error) => self.fails(&error, 1),
            }
        }
    }

    /// Writes a packet, into the next file where the last one is full; false where there is none.
    fn write(&mut self, packet: &crate::Packet<'_>) -> io::Result<bool> {
        let room = Writer::<File>::room(packet.data.len());
        let limit = self.files.limit();
        let is_full = |writer: &Writer<_>| writer.octets().saturating_add(room) > limit;
        if self.writer.as_ref().is_some_and(is_full)
            && let Some(mut full) = self.writer.take()
        {
            full.flush()?;
        }
        if self.writer.is_none() {
            let Some(file) = self.files.next()? else {
                return Ok(false);
            };
            self.writer = Some(Writer::begin(BufWriter::with_capacity(BUFFER, file))?);
            self.kept.files = self.kept.files.saturating_add(1);
            self.kept.trouble = None;
        }
        if let Some(writer) = &mut self.writer {
            writer.packet(packet)?;
        }
        Ok(true)
    }

    fn flush(&mut self) {
        if let Some(Err(error)) = self.writer.as_mut().map(Writer::flush) {
            self.fails(&error, 0);
        }
    }

    fn fails(&mut self, error: &io::Error, missed: u64) {
        self.kept.missed = self.kept.missed.saturating_add(missed);
        self.kept.trouble = Some(error.to_string());
        self.failed = Some(Instant::now());
        // What it still holds is not worth another attempt at a disk that is full.
        self.writer = None;
    }
}

impl Source for Recorded {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        let first = batch.len();
        let fill = self.inner.fill(batch);
        self.record(batch, first);
        if batch.len() == first || fill == Fill::End {
            self.flush();
        }
        self.state.set(&self.kept);
        fill
    }

    fn inputs(&self) -> Vec<InputFile> {
        self.inner.inputs()
    }

    fn now(&self) -> Option<Timestamp> {
        self.inner.now()
    }

    fn lost(&self) -> u64 {
        self.inner.lost()
    }

    fn exclude(&mut self, networks: &[Network]) {
        self.inner.exclude(networks);
    }

    fn excluded(&self) -> Excluded {
        self.inner.excluded()
    }

    fn ends_when_asked(&self) -> bool {
        self.inner.ends_when_asked()
    }

    fn octets_read(&self) -> u64 {
        self.inner.octets_read()
    }

    fn octets_total(&self) -> Option<u64> {
        self.inner.octets_total()
    }
}
