//! A window on a stream that always holds a whole record.
//!
//! Reads fill the whole free space at once; what is left of the last record moves to the front
//! first, to where its end is the end of a page: a read that begins anywhere else is several times
//! slower on some processors. The window grows only as far as octets really arrive, so a length that
//! lies costs nothing.
//!
//! Between [`Buffer::lend`] and [`Buffer::take_back`] the window lies in somebody else's memory, reads
//! are small, and what was [kept](Buffer::keep) stays where it is: so packets need not be copied.

use super::decompress::{Compression, Stream};
use super::error::{Cause, Damage, ReadFailure};

/// What a read begins at the start of, where there is room.
const PAGE: usize = 4096;
/// Octets read at once into memory that is lent: what is read too much of them is copied twice.
const PIECE: usize = 64 << 10;

/// How a stream came to its end.
enum Ending {
    /// It was read to its last octet.
    Whole,
    /// It failed.
    Failed(ReadFailure),
}

/// The window.
pub(super) struct Buffer {
    stream: Stream,
    octets: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ending: Option<Ending>,
    /// Where what is to be kept ends, while the window is lent.
    kept: Option<usize>,
}

impl Buffer {
    /// An empty window of `capacity` octets.
    pub(super) fn new(stream: Stream, capacity: usize) -> Self {
        let room = if stream.compression().is_some() { 0 } else { PAGE };
        Self {
            octets: vec![0; capacity.saturating_add(room)],
            stream,
            start: 0,
            end: 0,
            offset: 0,
            ending: None,
            kept: None,
        }
    }

    /// What can be seen of the stream.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    /// Octets of the stream before the first that is [`available`](Self::available).
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Makes at least `count` octets available; false where the stream ends before.
    #[inline]
    pub(super) fn want(&mut self, count: usize) -> bool {
        self.end.saturating_sub(self.start) >= count || self.refill(count)
    }

    /// Passes over `count` available octets.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end.saturating_sub(self.start));
        self.start = self.start.saturating_add(count);
        self.offset = self.offset.saturating_add(count as u64);
    }

    /// Passes over `count` octets without holding them; false where the stream ends before.
    pub(super) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        while left > 0 {
            if !self.want(1) {
                return false;
            }
            let step = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.available().len());
            self.consume(step);
            left = left.saturating_sub(step as u64);
        }
        true
    }

    /// Where the first available octet lies in the window.
    #[inline]
    pub(super) const fn position(&self) -> usize {
        self.start
    }

    /// Goes on in `room` and leaves the window there.
    pub(super) fn lend(&mut self, room: &mut Vec<u8>) {
        self.exchange(room);
        self.kept = Some(0);
    }

    /// Passes over `count` available octets, which stay where they are.
    #[inline]
    pub(super) fn keep(&mut self, count: usize) {
        self.consume(count);
        self.kept = Some(self.start);
    }

    /// Goes on in its own window again, which `room` holds, and leaves there what was kept.
    pub(super) fn take_back(&mut self, room: &mut Vec<u8>) {
        self.exchange(room);
        self.kept = None;
    }

    /// Changes windows, and takes what is available along.
    fn exchange(&mut self, room: &mut Vec<u8>) {
        std::mem::swap(&mut self.octets, room);
        let held = room.get(self.start..self.end).unwrap_or_default();
        let to = self.before_page(held.len());
        let end = to.saturating_add(held.len());
        if end > self.octets.len() {
            self.octets.resize(end, 0);
        }
        if let Some(place) = self.octets.get_mut(to..end) {
            place.copy_from_slice(held);
        }
        (self.start, self.end) = (to, end);
    }

    /// How the file is compressed.
    pub(super) const fn compression(&self) -> Option<Compression> {
        self.stream.compression()
    }

    /// Octets of the file that were used up so far.
    pub(super) fn octets_read(&self) -> u64 {
        self.stream.octets_read()
    }

    /// Says why the record at `offset` cannot be had: the stream failed, or it was cut off.
    pub(super) fn short(&self, offset: u64, what: &'static str, need: u64) -> Damage {
        let cause = match &self.ending {
            Some(Ending::Failed(failure)) => Cause::Stream(failure.clone()),
            _ => {
                let seen = self.offset.saturating_add(self.available().len() as u64);
                Cause::Cut {
                    what,
                    need,
                    have: seen.saturating_sub(offset),
                }
            }
        };
        Damage { offset, cause }
    }

    /// At a place where a stream may end: whether it really ends there, unhurt.
    pub(super) fn ended_well(&self) -> bool {
        self.available().is_empty() && !matches!(self.ending, Some(Ending::Failed(_)))
    }

    #[inline(never)]
    fn refill(&mut self, count: usize) -> bool {
        let held = self.end.saturating_sub(self.start);
        let to = match self.kept {
            None => self.before_page(held),
            // What was passed over and not kept gives its room back where it is worth it.
            Some(kept) if self.start.saturating_sub(kept) > PIECE => kept,
            Some(_) => self.start,
        };
        if to != self.start {
            self.octets.copy_within(self.start..self.end, to);
            self.start = to;
            self.end = to.saturating_add(held);
        }
        let count = count.saturating_add(to);
        while self.end < count && self.ending.is_none() {
            let least = if self.kept.is_some() { PIECE } else { 1 };
            if self.octets.len().saturating_sub(self.end) < least {
                let more = self.octets.len().max(least).max(PAGE);
                self.octets.resize(self.octets.len().saturating_add(more), 0);
            }
            let mut space = self.octets.get_mut(self.end..).unwrap_or_default();
            if self.kept.is_some() {
                space = space.get_mut(..PIECE).unwrap_or_default();
            }
            match self.stream.read(space) {
                Ok(0) => self.ending = Some(Ending::Whole),
                Ok(read) => self.end = self.end.saturating_add(read).min(self.octets.len()),
                Err(failure) => self.ending = Some(Ending::Failed(failure)),
            }
        }
        self.end >= count
    }

    /// Where `held` octets end with a page, or else the front. What is decompressed is not read by the
    /// system, and gains nothing.
    fn before_page(&self, held: usize) -> usize {
        if self.stream.compression().is_some() {
            return 0;
        }
        let first = self.octets.as_ptr().align_offset(PAGE);
        let to = held
            .next_multiple_of(PAGE)
            .saturating_sub(held)
            .saturating_add(first)
            .checked_rem(PAGE)
            .unwrap_or(0);
        let end = to.saturating_add(held).saturating_add(PAGE);
        if end <= self.octets.len() { to } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::super::decompress::Bounds;
    use super::*;

    /// Gives one octet a read, as a slow pipe does.
    struct Dripping(Vec<u8>);

    impl Read for Dripping {
        fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() || space.is_empty() {
                return Ok(0);
            }
            space[0] = self.0.remove(0);
            Ok(1)
        }
    }

    fn dripping(count: u8, capacity: usize) -> Buffer {
        let stream = Stream::new(Box::new(Dripping((0..count).collect())), None, Bounds::default()).unwrap();
        Buffer::new(stream, capacity)
    }

    #[test]
    fn a_window_grows_to_the_record_and_moves_along() {
        let mut buffer = dripping(100, 4);

        assert!(buffer.want(10));
        assert_eq!(&buffer.available()[..10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        buffer.consume(9);
        assert!(buffer.want(90));
        assert_eq!((buffer.available()[0], buffer.offset()), (9, 9));
        assert!(buffer.skip(90) && buffer.want(1));
        assert_eq!((buffer.available()[0], buffer.offset()), (99, 99));
        assert!(!buffer.want(2));
        assert!(!buffer.ended_well());
        buffer.consume(1);
        assert!(!buffer.want(1) && buffer.ended_well());
    }

    #[test]
    fn what_is_kept_stays_in_the_memory_that_was_lent_and_what_is_passed_over_does_not() {
        const RECORD: usize = 1_000;
        let octets: Vec<u8> = (0..=250_u8).cycle().take(40 * PIECE).collect();
        let stream = Stream::new(Box::new(io::Cursor::new(octets.clone())), None, Bounds::default());
        let mut buffer = Buffer::new(stream.unwrap(), PIECE);
        let (mut room, mut at) = (Vec::new(), 0);
        for _ in 0..2 {
            let mut kept = Vec::new();

            buffer.lend(&mut room);
            for _ in 0..100 {
                assert!(buffer.want(RECORD));
                kept.push((buffer.position(), at));
                buffer.keep(RECORD);
                at += RECORD;
            }
            assert!(buffer.skip(10 * PIECE as u64) && buffer.want(RECORD));
            at += 10 * PIECE;
            kept.push((buffer.position(), at));
            buffer.keep(RECORD);
            at += RECORD;
            buffer.take_back(&mut room);

            for (place, at) in kept {
                assert_eq!(room[place..place + RECORD], octets[at..at + RECORD]);
            }
            assert!(room.len() <= 8 * PIECE, "{} octets", room.len());
            assert_eq!(buffer.offset(), at as u64);
        }
        assert!(buffer.want(RECORD));
        assert_eq!(buffer.available()[..RECORD], octets[at..at + RECORD]);
    }

    #[test]
    fn a_length_that_lies_costs_no_memory() {
        let mut buffer = dripping(5, 4);

        assert!(!buffer.want(16 << 20));

        assert!(buffer.octets.len() <= 8192);
        let cause = Cause::Cut {
            what: "packet record",
            need: 60,
            have: 5,
        };
        assert_eq!(buffer.short(0, "packet record", 60), Damage { offset: 0, cause });
    }

    #[test]
    fn skipping_says_where_the_stream_ended() {
        let mut buffer = dripping(50, 8);
        buffer.want(10);
        buffer.consume(10);

        assert!(!buffer.skip(1 << 32));

        let cause = Cause::Cut {
            what: "block",
            need: 99,
            have: 40,
        };
        assert_eq!(buffer.short(10, "block", 99), Damage { offset: 10, cause });
    }
}
