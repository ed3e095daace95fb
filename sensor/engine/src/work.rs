//! What travels between the threads: batches forth, records back.

use std::collections::BTreeMap;
use std::sync::Arc;

use sekisho_capture::Batch;
use sekisho_detect::indicators::{Indicators, Sighting};
use sekisho_export::SaidLines;
use sekisho_flow::{Brief, Carried, Counters};
use sekisho_model::app::Said;
use sekisho_model::bucket::BucketCounts;
use sekisho_model::summary::InputFile;
use sekisho_model::{FlowRecord, FrameBucket, Linktype, Timestamp, Verdict, limits};
use sekisho_policy::{EntryId, Policy, ZoneId};

use crate::pieces::Pieces;
use crate::reader::ReaderTotals;
use crate::reload::Reload;
use crate::spans::Spans;

/// A batch with its packets dealt out to the workers.
pub(crate) struct Work {
    pub(crate) batch: Batch,
    /// Number in the input of the first packet of the batch.
    pub(crate) first: u64,
    /// Packets that were put together from fragments, or given back alone.
    pub(crate) standalone: Vec<Standalone>,
    /// By worker: the packets that are its own.
    pub(crate) dealt: Vec<Vec<Dealt>>,
    /// Packet time at the end of the batch.
    pub(crate) now: Timestamp,
    /// What the batch is judged by.
    pub(crate) policy: Arc<Policy>,
    /// What is looked for in the batch.
    pub(crate) indicators: Arc<Indicators>,
    /// What came of the folders of policy and lists since the batch before.
    pub(crate) news: Vec<Reload>,
    /// What the reader has counted, where everybody is to say so at the end of this batch.
    pub(crate) checkpoint: Option<Arc<Read>>,
}

/// What the reader has counted, and how its inputs stand.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) totals: ReaderTotals,
    pub(crate) inputs: Vec<InputFile>,
}

/// A packet that is not in the batch as it came.
pub(crate) struct Standalone {
    pub(crate) octets: Vec<u8>,
    pub(crate) linktype: Linktype,
    pub(crate) time: Timestamp,
    /// Frames on the wire that it stands for.
    pub(crate) frames: u32,
    /// Octets that they had on the wire.
    pub(crate) len: u64,
    /// Number of the packet in the batch that completed it.
    pub(crate) batch_index: u32,
    /// The tunnel that carries it, where it was taken out of one.
    pub(crate) carried: Option<Box<Carried>>,
}

/// One layer of a packet, and the partition that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dealt {
    pub(crate) at: Where,
    pub(crate) layer: u8,
    /// Whether this layer is the innermost, whose bucket the frame is counted in.
    pub(crate) is_last: bool,
    partition: u8,
}

/// Where a packet lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Where {
    /// In the batch.
    Batch(u32),
    /// Among the packets that are not in the batch.
    Standalone(u32),
}

impl Dealt {
    /// A layer that still needs its partition: [`Dealt::to`].
    pub(crate) const fn new(at: Where, layer: u8, is_last: bool) -> Self {
        Self {
            at,
            layer,
            is_last,
            partition: 0,
        }
    }

    /// The number in the batch of a packet that may be plain: it has one layer and came as it is.
    pub(crate) const fn alone(self) -> Option<u32> {
        match (self.at, self.layer, self.is_last) {
            (Where::Batch(index), 0, true) => Some(index),
            _ => None,
        }
    }

    /// The same for a partition.
    pub(crate) fn to(mut self, partition: usize) -> Self {
        self.partition = u8::try_from(partition).unwrap_or(0);
        self
    }

    pub(crate) fn partition(self) -> usize {
        usize::from(self.partition)
    }
}

/// What somebody reads of what the workers make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The records; if not, only the folds of denied flows need them.
    pub(crate) records: bool,
    /// Of what is said the lines alone.
    pub(crate) lines: bool,
}

/// What was judged and what was said.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) records: Pieces<Judged>,
    /// What was said, where somebody wants more of it than lines.
    pub(crate) said: Vec<Said>,
    /// The lines of what was said, where nobody does.
    pub(crate) lines: Vec<SaidLines>,
}

impl Gathered {
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.records.append(&mut other.records);
        self.said.append(&mut other.said);
        self.lines.append(&mut other.lines);
    }

    /// How much it is.
    pub(crate) fn len(&self) -> usize {
        let lines: usize = self.lines.iter().map(SaidLines::len).sum();
        self.records.len().max(self.said.len()).max(lines)
    }
}

/// What one worker made of one batch.
pub(crate) struct Done {
    pub(crate) gathered: Gathered,
    pub(crate) what: What,
}

/// Where a worker stands.
pub(crate) enum What {
    /// It has done a batch that ends at this packet time. One that came from another thread is given
    /// back, so that its memory is used again.
    Batch {
        now: Timestamp,
        policy: Arc<Policy>,
        indicators: Arc<Indicators>,
        news: Vec<Reload>,
        work: Option<Arc<Work>>,
        /// What the reader and this worker have counted so far, at a checkpoint.
        checkpoint: Option<(Arc<Read>, Box<WorkerTotals>)>,
    },
    /// The input has ended, and it ends the flows of a partition: more of this one will come.
    Draining,
    /// Every flow of a partition is ended.
    Drained,
    /// It has nothing left; what it counted.
    Totals(Box<WorkerTotals>),
}

/// A judged record.
pub(crate) struct Judged {
    /// What every record is counted and put in order by.
    pub(crate) brief: Brief,
    /// Zones of originator and responder.
    pub(crate) zones: (ZoneId, ZoneId),
    pub(crate) verdict: Verdict,
    /// The leg over a gateway that allowed it, or nearly did.
    pub(crate) leg: Option<EntryId>,
    /// The rules that it meets.
    pub(crate) rules: Vec<Arc<str>>,
    /// The indicators that it meets.
    pub(crate) sightings: Vec<Sighting>,
    /// Whether the operator's filter keeps it.
    pub(crate) is_kept: bool,
    /// The whole record where somebody reads it. Boxed: it is moved before it is read.
    pub(crate) record: Option<Box<FlowRecord>>,
}

/// What a worker counted over the whole run.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerTotals {
    pub(crate) frames: BucketCounts,
    pub(crate) flows: Counters,
    /// Frames with a tunnel that was not opened, being too deep.
    pub(crate) depth_met: u64,
    /// Indicators that raise no alert because a flow met too many.
    pub(crate) indicators_cut: u64,
    /// Records by the rule that they carry.
    pub(crate) uses: BTreeMap<Arc<str>, u64>,
    /// When limits were met.
    pub(crate) spans: Spans,
}

impl WorkerTotals {
    /// Notes which limits were met in a batch, given what the tables have counted since the begin.
    pub(crate) fn note_limits(&mut self, flows: Counters, begin: Timestamp, end: Timestamp) {
        for (limit, value) in [
            (limits::FLOWS, flows.evicted),
            (limits::CONVERSATION_OCTETS, flows.conversations_cut),
            (limits::HISTORY, flows.history_cut),
            (limits::LINK_HEADERS, self.frames.get(FrameBucket::LinkDepth)),
            (limits::TUNNEL_DEPTH, self.depth_met),
            (limits::INDICATORS_A_FLOW, self.indicators_cut),
        ] {
            self.spans.note(limit.counter, value, begin, end);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.frames.add(&other.frames);
        self.flows.add(other.flows);
        self.depth_met = self.depth_met.saturating_add(other.depth_met);
        self.indicators_cut = self.indicators_cut.saturating_add(other.indicators_cut);
        for (rule, records) in &other.uses {
            let sum = self.uses.entry(Arc::clone(rule)).or_default();
            *sum = sum.saturating_add(*records);
        }
        self.spans.add(&other.spans);
    }
}
