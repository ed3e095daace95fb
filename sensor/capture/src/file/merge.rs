//! Several files as one source: merged by packet time, or one after the other.
//!
//! The merge takes the file whose next packet is earliest, the file named first where two are equal.
//! Within a file its own order is kept, also where its time runs backwards. Files that cannot be
//! needed yet are closed again after their first packet was looked at, so that a week of rotated
//! captures needs neither a descriptor nor a window each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

use super::error::OpenError;
use super::open::{self, Kind, STANDARD_INPUT};
use super::reader::Reader;
use crate::{Batch, Fill, Source, Stop};

/// Files that stay open from the start; further ones are opened again when their time comes.
const OPEN_FROM_THE_START: usize = 16;
/// Octets read at once from one of few files.
const WINDOW: usize = 1 << 20;
/// Octets of all windows together where there are many files.
const WINDOWS: usize = 64 << 20;
/// Octets read at once, however many files there are.
const WINDOW_LEAST: usize = 64 << 10;

/// In which order several files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The packets of all files by their time.
    ByTime,
    /// One file after the other, as they were named.
    AsGiven,
}

/// Capture files and standard input (`-`) as a packet source.
pub struct FileSource {
    inputs: Vec<Input>,
    /// The next packet of every input that has one, earliest first.
    turns: BinaryHeap<Reverse<Turn>>,
    order: Order,
    window: usize,
    stop: Stop,
}

/// The time of an input's next packet, then the input's place in the list.
type Turn = (Timestamp, usize);

struct Input {
    path: PathBuf,
    kind: Kind,
    format: String,
    packets: u64,
    damage: Option<String>,
    /// Octets used up by a reader that is gone.
    octets_read: u64,
    place: Place,
}

enum Place {
    Open(Box<Reader>),
    Parked,
    Done,
}

impl FileSource {
    /// Opens every input and goes to its first packet.
    ///
    /// # Errors
    ///
    /// The first input that gives nothing at all: it is missing, not permitted, empty, or no capture.
    /// An input that is damaged further in is opened; [`Source::inputs`] tells of the damage.
    pub fn open(paths: &[PathBuf], order: Order) -> Result<Self, OpenError> {
        Self::open_until(paths, order, &Stop::default())
    }

    /// The same, for a source that ends when `stop` asks, even while it waits for a pipe.
    ///
    /// # Errors
    ///
    /// As [`FileSource::open`].
    pub fn open_until(paths: &[PathBuf], order: Order, stop: &Stop) -> Result<Self, OpenError> {
        if paths
            .iter()
            .filter(|path| path.as_path() == Path::new(STANDARD_INPUT))
            .count()
            > 1
        {
            return Err(OpenError::StandardInputTwice);
        }
        let window = WINDOWS
            .checked_div(paths.len())
            .unwrap_or(WINDOW)
            .clamp(WINDOW_LEAST, WINDOW);
        let mut source = Self {
            inputs: Vec::new(),
            turns: BinaryHeap::new(),
            order,
            window,
            stop: stop.clone(),
        };
        for (index, path) in paths.iter().enumerate() {
            let kind = open::kind(path)?;
            let reader = Box::new(open::open(path, window, stop)?);
            let mut input = Input {
                path: path.clone(),
                kind,
                format: reader.format(),
                packets: 0,
                damage: None,
                octets_read: 0,
                place: Place::Done,
            };
            if let Some(turn) = source.turn(&reader, index) {
                source.turns.push(Reverse(turn));
                let parked = index >= OPEN_FROM_THE_START && matches!(kind, Kind::File(_));
                input.place = if parked {
                    Place::Parked
                } else {
                    Place::Open(reader)
                };
            } else {
                input.finish(&reader);
            }
            source.inputs.push(input);
        }
        Ok(source)
    }

    /// Gives packets of the input whose turn it is, until another's turn comes or `batch` is full.
    fn take(&mut self, (_, index): Turn, batch: &mut Batch) {
        let next = self.turns.peek().map(|Reverse(turn)| *turn);
        let Some(mut reader) = self.reader(index) else {
            return;
        };
        let mut packets: u64 = 0;
        let turn = match next {
            // No other input waits for its turn.
            None => {
                packets = reader.pour(batch);
                self.turn(&reader, index)
            }
            Some(next) => loop {
                if let Some(packet) = reader.packet() {
                    batch.push(packet);
                    packets = packets.saturating_add(1);
                }
                reader.advance();
                let turn = self.turn(&reader, index);
                if batch.is_full() || turn.is_none_or(|turn| turn > next) {
                    break turn;
                }
            },
        };
        let Some(input) = self.inputs.get_mut(index) else {
            return;
        };
        input.packets = input.packets.saturating_add(packets);
        match turn {
            Some(turn) => {
                input.place = Place::Open(reader);
                self.turns.push(Reverse(turn));
            }
            None => input.finish(&reader),
        }
    }

    /// Takes the reader of an input, which is opened again where it was parked.
    fn reader(&mut self, index: usize) -> Option<Box<Reader>> {
        let input = self.inputs.get_mut(index)?;
        match std::mem::replace(&mut input.place, Place::Done) {
            Place::Open(reader) => Some(reader),
            Place::Done => None,
            Place::Parked => match open::open(&input.path, self.window, &self.stop) {
                Ok(reader) => Some(Box::new(reader)),
                Err(error) => {
                    input.damage = Some(format!("could not be opened a second time: {error}"));
                    None
                }
            },
        }
    }

    #[inline]
    fn turn(&self, reader: &Reader, index: usize) -> Option<Turn> {
        let time = reader.packet()?.time;
        Some(match self.order {
            Order::ByTime => (time, index),
            Order::AsGiven => (Timestamp::MIN, index),
        })
    }
}

impl Input {
    fn finish(&mut self, reader: &Reader) {
        self.damage = reader.damage();
        self.octets_read = reader.octets_read();
        self.place = Place::Done;
    }
}

impl Source for FileSource {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        while !batch.is_full() {
            let Some(Reverse(turn)) = self.turns.pop() else {
                break;
            };
            self.take(turn, batch);
        }
        if self.turns.is_empty() {
            Fill::End
        } else {
            Fill::More
        }
    }

    fn inputs(&self) -> Vec<InputFile> {
        let files = self.inputs.iter().map(|input| InputFile {
            path: input.path.to_string_lossy().into_owned(),
            format: input.format.clone(),
            packets: input.packets,
            port: None,
            damage: input.damage.clone(),
        });
        files.collect()
    }

    fn octets_read(&self) -> u64 {
        let octets = self.inputs.iter().map(|input| match &input.place {
            Place::Open(reader) => reader.octets_read(),
            Place::Parked | Place::Done => input.octets_read,
        });
        octets.fold(0, u64::saturating_add)
    }

    fn octets_total(&self) -> Option<u64> {
        self.inputs.iter().try_fold(0_u64, |sum, input| match input.kind {
            Kind::File(octets) => Some(sum.saturating_add(octets)),
            Kind::Pipe => None,
        })
    }
}
