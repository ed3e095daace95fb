//! The reader: fills batches and deals their packets out to the workers.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_capture::{Batch, Fill, Source};
use sekisho_model::Timestamp;
use sekisho_wire::partition::{self, PARTITIONS};

use crate::progress::Progress;
use crate::work::{Dealt, Work};

/// Packets of a batch. Part of what makes the answer the same on every run: do not derive it from
/// the machine.
const BATCH_PACKETS: usize = 4096;
/// Captured octets of a batch.
const BATCH_OCTETS: usize = 4 << 20;

/// What the reader counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReaderTotals {
    pub(crate) packets: u64,
    pub(crate) frame_octets: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
}

/// Reads `source` to its end, or until it is asked to stop or nobody listens any more.
pub(crate) fn read(
    source: &mut dyn Source,
    workers: &[Sender<Arc<Work>>],
    returned: &Receiver<Work>,
    progress: &Progress,
) -> ReaderTotals {
    let mut totals = ReaderTotals::default();
    let mut watermark = Timestamp::MIN;
    loop {
        let mut work = returned.try_recv().unwrap_or_else(|_| Work {
            batch: Batch::with_capacity(BATCH_PACKETS, BATCH_OCTETS),
            dealt: vec![Vec::with_capacity(BATCH_PACKETS); workers.len()],
            watermark,
        });
        work.batch.clear();
        work.dealt.iter_mut().for_each(Vec::clear);
        let fill = source.fill(&mut work.batch);
        for (index, packet) in work.batch.iter().enumerate() {
            totals.frame_octets = totals.frame_octets.saturating_add(u64::from(packet.len));
            watermark = watermark.max(packet.time);
            totals.first = Some(totals.first.map_or(packet.time, |first| first.min(packet.time)));
            totals.last = Some(watermark);
            let partition = partition::of_frame(packet.data, packet.linktype);
            if let Some(dealt) = work.dealt.get_mut(worker_of(partition, workers.len())) {
                let packet = u32::try_from(index).unwrap_or(u32::MAX);
                dealt.push(Dealt {
                    packet,
                    partition: u8::try_from(partition).unwrap_or(0),
                });
            }
        }
        work.watermark = watermark;
        totals.packets = totals
            .packets
            .saturating_add(u64::try_from(work.batch.len()).unwrap_or(u64::MAX));
        progress.publish(totals.packets, source.octets_read());
        let work = Arc::new(work);
        let heard = workers
            .iter()
            .all(|worker| worker.send(Arc::clone(&work)).is_ok());
        if fill == Fill::End || !heard || progress.is_stopped() {
            return totals;
        }
    }
}

/// Which worker owns a partition.
pub(crate) fn worker_of(partition: usize, workers: usize) -> usize {
    partition.checked_rem(workers.min(PARTITIONS)).unwrap_or(0)
}
