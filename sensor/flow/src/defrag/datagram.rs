//! One datagram on its way to being whole.

use sekisho_model::{Linktype, Timestamp, limits};

use super::fragment::{Piece, range};
use super::head::Head;
use super::overlap::{Run, Runs};
use super::{Anomalies, Anomaly, Cause, FragmentIn, Origin, Rebuilt, Refusal, Released};
use crate::observation::Carried;

/// Frames that one datagram may have, duplicates among them.
///
/// Room for 65,535 octets over links of 576 octets (119 fragments), or over links of 1,280 octets with
/// each frame captured twice (108). FreeBSD takes 16 for IPv4 and 64 for IPv6; neither Linux nor
/// Suricata nor Zeek counts them.
pub const FRAGMENTS: usize = 128;
const _: () = assert!(FRAGMENTS as u64 == limits::FRAGMENTS_A_DATAGRAM.default);

/// What a held frame costs besides its octets: its entry and two runs, in lists that may have grown to
/// twice of what they hold.
const FRAME_COST: usize = 2 * size_of::<Held>() + 4 * size_of::<Run>();

/// When a datagram began, and its number among those that began in the same instant.
pub(super) type Age = (Timestamp, u64);

/// A datagram of which a part is there.
#[derive(Debug)]
pub(super) struct Datagram {
    /// When it began.
    pub(super) age: Age,
    /// Octets of memory that its frames take.
    pub(super) cost: usize,
    /// What was wrong so far.
    pub(super) anomalies: Anomalies,
    frames: Vec<Held>,
    runs: Runs,
    /// The first fragment: number of its frame, its header.
    first: Option<(usize, Head)>,
    /// Octets of data, once the last fragment was there.
    total: Option<u32>,
    /// The largest end of a fragment.
    reach: u32,
    is_abandoned: bool,
}

/// A frame that is held.
#[derive(Debug)]
struct Held {
    octets: Vec<u8>,
    payload_start: usize,
    start: u32,
    end: u32,
    is_last: bool,
    len: u32,
    linktype: Linktype,
    time: Timestamp,
    origin: Origin,
}

impl Held {
    /// The octets that it gives for a run of its own, in the positions of the datagram.
    fn data(&self, start: u32, end: u32) -> Option<&[u8]> {
        let payload = self.octets.get(self.payload_start..)?;
        let skip = usize::try_from(start.checked_sub(self.start)?).ok()?;
        range(payload, skip, end.checked_sub(start)?)
    }
}

impl Datagram {
    /// One of which nothing is there yet.
    pub(super) fn new(age: Age) -> Self {
        Self {
            age,
            cost: 0,
            anomalies: Anomalies::default(),
            frames: Vec::new(),
            runs: Runs::default(),
            first: None,
            total: None,
            reach: 0,
            is_abandoned: false,
        }
    }

    /// Octets of memory that it takes without frames; the shortest list that grows has room for four.
    pub(super) const COST: usize = size_of::<Self>() + 4 * size_of::<Held>() + 4 * size_of::<Run>();

    /// Octets of memory that one more frame takes.
    pub(super) const fn cost_of(frame: &[u8], origin: &Origin) -> usize {
        let cost = frame.len().saturating_add(FRAME_COST);
        if origin.carried.is_some() {
            return cost.saturating_add(size_of::<Carried>());
        }
        cost
    }

    /// Frames that are held for it.
    pub(super) const fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Whether one more fragment can be part of it, and what is wrong with the two together.
    pub(super) fn assess(&self, piece: &Piece<'_>, is_v6: bool) -> Result<Anomalies, Refusal> {
        if self.is_abandoned {
            return Err(Refusal::Abandoned);
        }
        if self.frames.len() >= FRAGMENTS {
            return Err(Refusal::Anomaly(Anomaly::TooMany));
        }
        let mut anomalies = piece.anomalies;
        for anomaly in [self.overlap(piece), self.ends(piece)].into_iter().flatten() {
            if is_v6 && anomaly != Anomaly::Duplicate {
                return Err(Refusal::Anomaly(anomaly));
            }
            anomalies.insert(anomaly);
        }
        Ok(anomalies)
    }

    fn overlap(&self, piece: &Piece<'_>) -> Option<Anomaly> {
        let mut overlaps = false;
        for run in self.runs.within(piece.start, piece.end) {
            overlaps = true;
            let there = self
                .frames
                .get(run.frame)
                .and_then(|held| held.data(run.start, run.end));
            let skip = usize::try_from(run.start.saturating_sub(piece.start)).unwrap_or(usize::MAX);
            let given = range(piece.data, skip, run.end.saturating_sub(run.start));
            if there != given {
                return Some(Anomaly::Conflict);
            }
        }
        let is_again =
            |held: &Held| (held.start, held.end, held.is_last) == (piece.start, piece.end, piece.is_last);
        if !overlaps {
            None
        } else if self.frames.iter().any(is_again) {
            Some(Anomaly::Duplicate)
        } else {
            Some(Anomaly::Overlap)
        }
    }

    fn ends(&self, piece: &Piece<'_>) -> Option<Anomaly> {
        let differ = match self.total {
            Some(total) => piece.end > total || (piece.is_last && piece.end != total),
            None => piece.is_last && piece.end < self.reach,
        };
        differ.then_some(Anomaly::EndsDiffer)
    }

    /// Takes a fragment that was assessed.
    pub(super) fn insert(
        &mut self,
        (fragment, origin): (&FragmentIn<'_>, Origin),
        piece: &Piece<'_>,
        anomalies: Anomalies,
    ) {
        let number = self.frames.len();
        if piece.start == 0 && self.first.is_none() {
            self.first = Some((number, piece.head));
        }
        if piece.is_last && self.total.is_none() {
            self.total = Some(piece.end);
            self.runs.cut(piece.end);
        }
        let end = self.total.map_or(piece.end, |total| piece.end.min(total));
        self.runs.fill(piece.start, end, number);
        self.reach = self.reach.max(piece.end);
        self.anomalies.extend(anomalies);
        self.cost = self.cost.saturating_add(Self::cost_of(fragment.frame, &origin));
        self.frames.push(Held {
            octets: fragment.frame.to_vec(),
            payload_start: fragment.payload_start,
            start: piece.start,
            end: piece.end,
            is_last: piece.is_last,
            len: fragment.len,
            linktype: fragment.linktype,
            time: fragment.time,
            origin,
        });
    }

    /// Whether every octet is there.
    pub(super) fn is_complete(&self) -> bool {
        self.total.is_some_and(|total| self.runs.covered() == total)
    }

    /// The whole datagram; nothing where an IP header cannot express it.
    pub(super) fn rebuild(&self, time: Timestamp) -> Option<Rebuilt> {
        let (number, head) = self.first?;
        let first = self.frames.get(number)?;
        let mut octets = head.unfragmented(&first.octets, self.total?)?;
        for run in self.runs.iter() {
            octets.extend_from_slice(self.frames.get(run.frame)?.data(run.start, run.end)?);
        }
        let frames = self.frames.iter().map(|held| held.origin.frames);
        let len = self.frames.iter().map(|held| u64::from(held.len));
        Some(Rebuilt {
            octets,
            time,
            frames: frames.fold(0, u32::saturating_add),
            len: len.fold(0, u64::saturating_add),
            linktype: first.linktype,
            carried: first.origin.carried.clone(),
            anomalies: self.anomalies,
        })
    }

    /// Whether first and last fragment are there and what lies between them is not.
    pub(super) fn has_gap(&self) -> bool {
        self.first.is_some() && self.total.is_some() && !self.is_complete()
    }

    /// Gives its frames back in the order in which they came.
    pub(super) fn release(&mut self, cause: Cause, released: &mut Vec<Released>) {
        for held in std::mem::take(&mut self.frames) {
            released.push(Released {
                octets: held.octets,
                len: held.len,
                linktype: held.linktype,
                time: held.time,
                origin: held.origin,
                cause,
                anomalies: self.anomalies,
            });
        }
        self.runs = Runs::default();
        self.first = None;
        self.cost = 0;
    }

    /// Marks it as one that can never be whole; whether this is news.
    pub(super) const fn abandon(&mut self) -> bool {
        !std::mem::replace(&mut self.is_abandoned, true)
    }
}
