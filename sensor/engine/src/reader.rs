//! The reader: fills batches and deals their packets out to the workers.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_capture::{Batch, Fill, Source};
use sekisho_flow::defrag;
use sekisho_model::{Timestamp, limits};
use sekisho_wire::partition::PARTITIONS;

use crate::clock::Clock;
use crate::deal::Dealer;
use crate::progress::Progress;
use crate::spans::Spans;
use crate::work::Work;

/// Packets of a batch. Part of what makes the answer the same on every run: do not derive it from
/// the machine.
const BATCH_PACKETS: usize = 4096;
/// Captured octets of a batch.
const BATCH_OCTETS: usize = 4 << 20;

/// What the reader counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReaderTotals {
    pub(crate) packets: u64,
    pub(crate) frame_octets: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// Large steps of packet time backwards.
    pub(crate) backwards: u64,
    pub(crate) fragments: defrag::Counters,
    /// When limits were met.
    pub(crate) spans: Spans,
}

/// Reads `source` to its end, or until it is asked to stop or nobody listens any more.
pub(crate) fn read(
    source: &mut dyn Source,
    workers: &[Sender<Arc<Work>>],
    returned: &Receiver<Work>,
    progress: &Progress,
) -> ReaderTotals {
    let mut totals = ReaderTotals::default();
    let mut clock = Clock::default();
    let mut dealer = Dealer::new(workers.len());
    let mut begin = Timestamp::MIN;
    loop {
        let mut work = returned.try_recv().unwrap_or_else(|_| Work {
            batch: Batch::with_capacity(BATCH_PACKETS, BATCH_OCTETS),
            first: 0,
            standalone: Vec::new(),
            dealt: vec![Vec::with_capacity(BATCH_PACKETS); workers.len()],
            now: Timestamp::MIN,
        });
        work.batch.clear();
        work.standalone.clear();
        work.dealt.iter_mut().for_each(Vec::clear);
        work.first = totals.packets;
        let fill = source.fill(&mut work.batch);
        for packet in work.batch.iter() {
            totals.frame_octets = totals.frame_octets.saturating_add(u64::from(packet.len));
            totals.first = Some(totals.first.map_or(packet.time, |first| first.min(packet.time)));
            totals.last = Some(totals.last.map_or(packet.time, |last| last.max(packet.time)));
            clock.observe(packet.time);
        }
        work.now = clock.now();
        dealer.deal(&mut work);
        let is_last = fill == Fill::End || progress.stop().is_asked();
        let now = (!is_last).then_some(work.now);
        dealer.release(&mut work, now);
        let fragments = dealer.fragments();
        for (limit, value) in [
            (limits::FRAGMENTED_DATAGRAMS, fragments.evicted),
            (
                limits::FRAGMENTS_A_DATAGRAM,
                fragments.anomalies.get(defrag::Anomaly::TooMany),
            ),
        ] {
            totals.spans.note(limit.counter, value, begin, work.now);
        }
        begin = work.now;
        totals.packets = totals
            .packets
            .saturating_add(u64::try_from(work.batch.len()).unwrap_or(u64::MAX));
        progress.publish(totals.packets, source.octets_read());
        let work = Arc::new(work);
        let heard = workers
            .iter()
            .all(|worker| worker.send(Arc::clone(&work)).is_ok());
        if is_last || !heard {
            totals.backwards = clock.backwards();
            totals.fragments = fragments;
            return totals;
        }
    }
}

/// Which worker owns a partition.
pub(crate) fn worker_of(partition: usize, workers: usize) -> usize {
    partition.checked_rem(workers.min(PARTITIONS)).unwrap_or(0)
}
