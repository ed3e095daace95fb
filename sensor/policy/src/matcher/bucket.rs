//! The entries of one pair of keys: by protocol, then by intervals of ports.

use std::collections::{BTreeSet, HashMap};

use sekisho_model::Protocol;

use crate::conditions::Protocols;
use crate::entry::Entry;

/// Candidates that one protocol and port between two ends may have.
pub(super) const MAX_CANDIDATES: usize = 256;

/// Candidates and intervals that all buckets may have together.
const MAX_ROOM: usize = 4_000_000;

/// An entry that speaks of a flow, as far as its bucket tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Candidate {
    /// Position of the entry.
    pub(super) rank: u32,
    /// Which pair of MAC addresses it asks for; 0 is none.
    pub(super) macs: u32,
}

/// A candidate of a bucket that is made, and whether nothing further is asked of it.
pub(super) type Seed = (Candidate, bool);

/// Why a bucket cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// More entries than [`MAX_CANDIDATES`] speak of one port; one of them.
    Crowded(u32),
    /// All buckets together are too large.
    Room,
}

/// All buckets.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets {
    /// By bucket, its protocols and the table of each, sorted; the last stands for all others.
    protocols: Vec<Box<[(u16, u32)]>>,
    tables: Vec<Table>,
    candidates: Vec<Candidate>,
}

/// Intervals of ports.
#[derive(Debug, Clone)]
struct Table {
    /// The first port of each interval, ascending; the first is 0.
    starts: Box<[u16]>,
    /// By interval, where its candidates begin; for the last, where those before it end.
    spans: Box<[u32]>,
}

/// Stands behind all numbers of protocols.
const OTHERS: u16 = 256;

impl Buckets {
    /// The candidates of a port, the most specific first.
    pub(super) fn candidates(&self, bucket: u32, protocol: Protocol, port: u16) -> &[Candidate] {
        self.table(bucket, protocol)
            .and_then(|table| {
                let interval = table
                    .starts
                    .partition_point(|start| *start <= port)
                    .checked_sub(1)?;
                let begin = usize::try_from(*table.spans.get(interval)?).ok()?;
                let end = usize::try_from(*table.spans.get(interval.checked_add(1)?)?).ok()?;
                self.candidates.get(begin..end)
            })
            .unwrap_or_default()
    }

    /// Whether some entry of the bucket speaks of the protocol.
    pub(super) fn has(&self, bucket: u32, protocol: Protocol) -> bool {
        self.table(bucket, protocol).is_some()
    }

    /// The positions of all entries that are asked about some flow, many of them often.
    pub(super) fn ranks(&self) -> impl Iterator<Item = usize> {
        self.candidates
            .iter()
            .filter_map(|candidate| usize::try_from(candidate.rank).ok())
    }

    fn table(&self, bucket: u32, protocol: Protocol) -> Option<&Table> {
        let protocols = self.protocols.get(usize::try_from(bucket).ok()?)?;
        let number = u16::from(protocol.0);
        // Most buckets name one to three protocols.
        let (_, table) = protocols
            .iter()
            .find(|(known, _)| *known == number || *known == OTHERS)?;
        self.tables.get(usize::try_from(*table).ok()?)
    }

    /// Makes a bucket of candidates that are sorted, the most specific first.
    pub(super) fn add(&mut self, seeds: &[Seed], entries: &[Entry]) -> Result<u32, Full> {
        let protocols_of = |seed: &Seed| {
            let entry = usize::try_from(seed.0.rank)
                .ok()
                .and_then(|rank| entries.get(rank));
            entry.map_or_else(Protocols::default, |entry| entry.conditions.service.protocols)
        };
        let mut named = Protocols::default();
        for protocols in seeds
            .iter()
            .map(protocols_of)
            .filter(|all| *all != Protocols::ALL)
        {
            protocols.iter().for_each(|protocol| named.insert(protocol));
        }
        let mut made: HashMap<Vec<Seed>, u32> = HashMap::new();
        let mut protocols = Vec::new();
        let keys = named
            .iter()
            .map(|protocol| (u16::from(protocol.0), Some(protocol)));
        for (key, protocol) in keys.chain([(OTHERS, None)]) {
            let own: Vec<Seed> = seeds
                .iter()
                .filter(|seed| {
                    let all = protocols_of(seed);
                    protocol.map_or(all == Protocols::ALL, |protocol| all.has(protocol))
                })
                .copied()
                .collect();
            if own.is_empty() {
                continue;
            }
            let table = match made.get(&own) {
                Some(table) => *table,
                None => {
                    let table = self.add_table(&own, entries)?;
                    made.insert(own, table);
                    table
                }
            };
            protocols.push((key, table));
        }
        let number = u32::try_from(self.protocols.len()).map_err(|_| Full::Room)?;
        self.protocols.push(protocols.into());
        Ok(number)
    }

    /// Cuts the ports where ranges begin and end. After the last one none is open, and the interval from
    /// there on has no candidates.
    fn add_table(&mut self, seeds: &[Seed], entries: &[Entry]) -> Result<u32, Full> {
        // Where ranges begin and end; what has no ports is open from the first to the last.
        let mut edges: Vec<(u32, bool, Seed)> = Vec::with_capacity(seeds.len().saturating_mul(2));
        for seed in seeds {
            let entry = usize::try_from(seed.0.rank)
                .ok()
                .and_then(|rank| entries.get(rank));
            let ports = entry.and_then(|entry| entry.conditions.service.ports.as_ref());
            let ranges = ports.map_or(&[(0, u16::MAX)][..], |ports| ports.ranges());
            for (low, high) in ranges {
                edges.push((u32::from(*low), true, *seed));
                edges.push((u32::from(*high).saturating_add(1), false, *seed));
            }
        }
        // At one port, what ends is taken out before what begins is put in.
        edges.sort_unstable();
        let mut open: BTreeSet<Seed> = BTreeSet::new();
        let (mut starts, mut spans) = (vec![0_u16], vec![self.end()?]);
        for group in edges.chunk_by(|a, b| a.0 == b.0) {
            let Some((port, ..)) = group.first().copied() else {
                continue;
            };
            if port > 0 {
                // The candidates up to here.
                self.push(&open)?;
                spans.push(self.end()?);
                let Ok(port) = u16::try_from(port) else { break };
                starts.push(port);
            }
            for (_, begins, seed) in group {
                if *begins {
                    open.insert(*seed);
                } else {
                    open.remove(seed);
                }
            }
        }
        self.tables.push(Table {
            starts: starts.into(),
            spans: spans.into(),
        });
        u32::try_from(self.tables.len().saturating_sub(1)).map_err(|_| Full::Room)
    }

    fn end(&self) -> Result<u32, Full> {
        u32::try_from(self.candidates.len()).map_err(|_| Full::Room)
    }

    /// Adds the candidates of an interval, up to one of which nothing further is asked.
    fn push(&mut self, open: &BTreeSet<Seed>) -> Result<(), Full> {
        for (count, (candidate, plain)) in open.iter().enumerate() {
            if count >= MAX_CANDIDATES {
                return Err(Full::Crowded(candidate.rank));
            }
            self.candidates.push(*candidate);
            if *plain {
                break;
            }
        }
        let room = self
            .candidates
            .len()
            .saturating_add(self.tables.len().saturating_mul(4));
        if room > MAX_ROOM { Err(Full::Room) } else { Ok(()) }
    }
}
