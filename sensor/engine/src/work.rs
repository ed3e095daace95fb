//! What travels between the threads: batches forth, records back.

use std::sync::Arc;

use sekisho_capture::Batch;
use sekisho_flow::Counters;
use sekisho_model::bucket::BucketCounts;
use sekisho_model::{FlowRecord, Timestamp};

/// A batch with its packets dealt out to the workers.
pub(crate) struct Work {
    pub(crate) batch: Batch,
    /// By worker: the packets of the batch that are its own, with their partition.
    pub(crate) dealt: Vec<Vec<Dealt>>,
    /// The newest packet time of the input so far.
    pub(crate) watermark: Timestamp,
}

/// One packet of a batch and the partition that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dealt {
    pub(crate) packet: u32,
    pub(crate) partition: u8,
}

/// What one worker made of one batch.
pub(crate) struct Done {
    pub(crate) records: Vec<FlowRecord>,
    /// Given back so that its memory is used again; nothing after the last batch.
    pub(crate) work: Option<Arc<Work>>,
    /// With the last batch: what the worker counted.
    pub(crate) totals: Option<WorkerTotals>,
}

/// What a worker counted over the whole run.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerTotals {
    pub(crate) frames: BucketCounts,
    pub(crate) flows: Counters,
    /// Records that the operator's filter left out.
    pub(crate) filtered: u64,
}

impl WorkerTotals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.frames.add(&other.frames);
        self.flows.add(other.flows);
        self.filtered = self.filtered.saturating_add(other.filtered);
    }
}
