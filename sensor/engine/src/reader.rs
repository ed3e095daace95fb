//! The reader: fills batches and deals their packets out to the workers.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use sekisho_capture::{Batch, Excluded, Fill, Network, Source};
use sekisho_flow::defrag;
use sekisho_model::{Timestamp, limits};
use sekisho_policy::Policy;
use sekisho_wire::partition::PARTITIONS;

use crate::clock::Clock;
use crate::deal::Dealer;
use crate::health::{Report, Watch};
use crate::progress::Progress;
use crate::reload::{Policies, Reload};
use crate::spans::Spans;
use crate::work::{Read, Work};

/// Packets of a batch. Part of what makes the answer the same on every run: do not derive it from
/// the machine.
const BATCH_PACKETS: usize = 4096;
/// Captured octets of a batch: they are in the processor's caches still when they are counted.
const BATCH_OCTETS: usize = 512 << 10;

/// What the reader counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReaderTotals {
    pub(crate) packets: u64,
    pub(crate) frame_octets: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// Large steps of packet time backwards.
    pub(crate) backwards: u64,
    /// Frames that came and were lost before they could be read.
    pub(crate) lost: u64,
    /// Frames of excluded networks that the source kept back; no part of the other counts.
    pub(crate) excluded: Excluded,
    pub(crate) fragments: defrag::Counters,
    /// When limits were met.
    pub(crate) spans: Spans,
    /// When the sensor was blind.
    pub(crate) health: Report,
}

/// Where reading stands.
pub(crate) struct Reader<'a> {
    source: &'a mut dyn Source,
    workers: usize,
    progress: &'a Progress,
    policies: Policies,
    clock: Clock,
    watch: Watch,
    dealer: Dealer,
    totals: ReaderTotals,
    /// Packet time at the end of the batch before.
    begin: Timestamp,
    /// Packet time between two checkpoints, where there are any.
    checkpoint: Option<Duration>,
    /// When the last was.
    checked: Timestamp,
}

impl<'a> Reader<'a> {
    /// At the start of `source`, for so many workers.
    pub(crate) fn new(
        source: &'a mut dyn Source,
        workers: usize,
        progress: &'a Progress,
        policies: Policies,
        watch: Watch,
        checkpoint: Option<Duration>,
    ) -> Self {
        source.exclude(&networks(policies.current()));
        Self {
            watch,
            checkpoint,
            checked: Timestamp::MIN,
            source,
            workers,
            progress,
            policies,
            clock: Clock::default(),
            dealer: Dealer::new(workers),
            totals: ReaderTotals::default(),
            begin: Timestamp::MIN,
        }
    }

    /// Room for a batch.
    pub(crate) fn room(&mut self) -> Work {
        Work {
            batch: Batch::with_capacity(BATCH_PACKETS, BATCH_OCTETS),
            first: 0,
            standalone: Vec::new(),
            dealt: vec![Vec::with_capacity(BATCH_PACKETS); self.workers],
            now: Timestamp::MIN,
            policy: Arc::clone(self.policies.current()),
            indicators: Arc::clone(self.policies.indicators()),
            news: Vec::new(),
            checkpoint: None,
        }
    }

    /// Fills `work` with the next batch and deals it out. True for the last: the source has ended, or
    /// was asked to.
    pub(crate) fn fill(&mut self, work: &mut Work) -> bool {
        let is_last = self.read(work);
        self.dealer.deal(work);
        self.release(work, is_last);
        is_last
    }

    /// Fills `work` with the next batch and deals nothing out. True for the last.
    pub(crate) fn read(&mut self, work: &mut Work) -> bool {
        let totals = &mut self.totals;
        work.batch.clear();
        work.standalone.clear();
        work.dealt.iter_mut().for_each(Vec::clear);
        work.first = totals.packets;
        work.news = self.policies.take_up();
        if work.news.iter().any(|news| matches!(news, Reload::Policy(_))) {
            self.source.exclude(&networks(self.policies.current()));
        }
        work.policy = Arc::clone(self.policies.current());
        work.indicators = Arc::clone(self.policies.indicators());
        let fill = self.source.fill(&mut work.batch);
        let (mut first, mut last) = (Timestamp::MAX, Timestamp::MIN);
        // What stands for a run in a batch is no packet and has no octets.
        let (mut counted, mut runs) = (0_u64, 0_u64);
        for run in work.batch.runs() {
            counted = counted.saturating_add(run.packets());
            runs = runs.saturating_add(1);
            totals.frame_octets = totals.frame_octets.saturating_add(run.frame_octets());
        }
        for packet in work.batch.iter() {
            totals.frame_octets = totals.frame_octets.saturating_add(u64::from(packet.len));
            (first, last) = (first.min(packet.time), last.max(packet.time));
            self.clock.observe(packet.time);
        }
        if !work.batch.is_empty() {
            totals.first = Some(totals.first.map_or(first, |before| before.min(first)));
            totals.last = Some(totals.last.map_or(last, |before| before.max(last)));
        }
        if let Some(now) = self.source.now() {
            self.clock.observe(now);
        }
        work.now = self.clock.now();
        totals.packets = totals
            .packets
            .saturating_add(u64::try_from(work.batch.len()).unwrap_or(u64::MAX))
            .saturating_sub(runs)
            .saturating_add(counted);
        totals.lost = self.source.lost();
        totals.excluded = self.source.excluded();
        let all = totals.packets.saturating_add(totals.excluded.frames);
        self.progress.publish(all, self.source.octets_read());
        totals
            .spans
            .note(limits::RING_OCTETS.counter, totals.lost, self.begin, work.now);
        let expects_vlans = work.policy.uses_vlans();
        if self
            .watch
            .batch(&work.batch, (first, last), work.now, expects_vlans)
        {
            self.watch.look(&self.source.inputs());
        }
        work.checkpoint = self.check(work.now);
        let is_cut = self.progress.stop().is_asked() && !self.source.ends_when_asked();
        fill == Fill::End || is_cut
    }

    /// What was counted so far, where it is time to say so at `now`.
    fn check(&mut self, now: Timestamp) -> Option<Arc<Read>> {
        let often = self.checkpoint?;
        // Packet time that runs backwards is a time like any other.
        let passed = now.since(self.checked).max(self.checked.since(now));
        if passed < often || now == Timestamp::MIN {
            return None;
        }
        self.checked = now;
        let read = Read {
            totals: self.counted(),
            inputs: self.source.inputs(),
        };
        self.watch.hand_over();
        Some(Arc::new(read))
    }

    fn counted(&self) -> ReaderTotals {
        ReaderTotals {
            backwards: self.clock.backwards(),
            fragments: self.dealer.fragments(),
            health: self.watch.report(),
            ..self.totals.clone()
        }
    }

    /// Who deals the packets of a batch that was [read](Self::read).
    pub(crate) const fn dealer(&mut self) -> &mut Dealer {
        &mut self.dealer
    }

    /// Deals the fragments that need not wait any longer once a batch is dealt out.
    pub(crate) fn release(&mut self, work: &mut Work, is_last: bool) {
        let now = (!is_last).then_some(work.now);
        self.dealer.release(work, now);
        let totals = &mut self.totals;
        let fragments = self.dealer.fragments();
        for (limit, value) in [
            (limits::FRAGMENTED_DATAGRAMS, fragments.evicted),
            (
                limits::FRAGMENTS_A_DATAGRAM,
                fragments.anomalies.get(defrag::Anomaly::TooMany),
            ),
        ] {
            totals.spans.note(limit.counter, value, self.begin, work.now);
        }
        self.begin = work.now;
    }

    /// What was counted.
    pub(crate) fn finish(mut self) -> ReaderTotals {
        let expects_vlans = self.policies.current().uses_vlans();
        self.watch.finish(&self.source.inputs(), expects_vlans);
        ReaderTotals {
            lost: self.source.lost(),
            excluded: self.source.excluded(),
            ..self.counted()
        }
    }
}

/// Reads to the end, or until nobody listens any more, and gives each batch to every worker.
pub(crate) fn read(
    mut reader: Reader<'_>,
    workers: &[Sender<Arc<Work>>],
    returned: &Receiver<Work>,
) -> ReaderTotals {
    loop {
        let mut work = returned.try_recv().unwrap_or_else(|_| reader.room());
        let is_last = reader.fill(&mut work);
        let work = Arc::new(work);
        let heard = workers
            .iter()
            .all(|worker| worker.send(Arc::clone(&work)).is_ok());
        if is_last || !heard {
            return reader.finish();
        }
    }
}

/// What tells a source which networks are excluded.
fn networks(policy: &Policy) -> Vec<Network> {
    let networks = policy.excluded_networks().into_iter();
    let network = networks.map(|(network, excluded)| Network {
        address: network.addr(),
        prefix: network.prefix_len(),
        excluded,
    });
    network.collect()
}

/// Which worker owns a partition.
pub(crate) fn worker_of(partition: usize, workers: usize) -> usize {
    partition.checked_rem(workers.min(PARTITIONS)).unwrap_or(0)
}
