//! A worker: the partitions it owns, from octets to judged records.
//!
//! Packets are taken in groups: every plain one of a group is decoded and has loaded what it will need of
//! the index, then the group before is counted, then this one has loaded what it will need of the flows.
//! So nothing waits for the cache misses of a group, and a million flows cost little more than a
//! thousand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crossbeam_channel::{Receiver, Sender};
use sekisho_capture::Batch;
use sekisho_filter::Filter;
use sekisho_flow::{Config as FlowConfig, Counters, Observation, Observed, Prepared, Table};
use sekisho_model::app::{Event, Said, Transaction};
use sekisho_model::{FrameBucket, Protocol, Run, Settled, Timestamp};
use sekisho_policy::Policy;
use sekisho_wire::app::local;
use sekisho_wire::partition::{self, PARTITIONS};
use sekisho_wire::{Frame, Layer, frame};

use crate::deal::partition_of;
use crate::judge::{Judge, Tag};
use crate::reader::{self, Reader, ReaderTotals};
use crate::work::{Dealt, Done, Gathered, Read, Standalone, Wanted, What, Where, Work, WorkerTotals};

/// Flows that are ended in one step when the input has ended.
const DRAIN: usize = 4096;
/// Packets whose cache misses overlap.
const GROUP: usize = 32;
const GROUP_LEN: u32 = 32;
const _: () = assert!(GROUP_LEN as usize == GROUP);

type Group<'w> = [Plain<'w>; GROUP];

/// The partitions of one worker.
pub(crate) struct Worker<'a> {
    index: usize,
    workers: usize,
    tables: Vec<Table<Tag>>,
    judge: Judge<'a>,
    totals: WorkerTotals,
    /// Packet time at the end of the batch before.
    begin: Timestamp,
    /// Whether messages below IP are read.
    hears: bool,
}

/// A plain packet between being decoded and being counted.
struct Plain<'w> {
    layer: Layer<'w>,
    /// Whether the packet is plain after all; the rest says nothing else.
    is_plain: bool,
    prepared: Prepared,
    partition: usize,
    bucket: FrameBucket,
    at: Timestamp,
    ordinal: u64,
}

impl Default for Plain<'_> {
    fn default() -> Self {
        Self {
            layer: Layer::default(),
            is_plain: false,
            prepared: Prepared::default(),
            partition: 0,
            bucket: FrameBucket::DecoderFault,
            at: Timestamp::MIN,
            ordinal: 0,
        }
    }
}

/// Where the packets of a batch lie.
#[derive(Clone, Copy)]
struct Packets<'w> {
    batch: &'w Batch,
    standalone: &'w [Standalone],
    /// Number in the input of the first one.
    first: u64,
}

impl<'w> Packets<'w> {
    fn of(work: &'w Work) -> Self {
        Self {
            batch: &work.batch,
            standalone: &work.standalone,
            first: work.first,
        }
    }
}

impl<'a> Worker<'a> {
    /// Worker `index` of `workers`.
    pub(crate) fn new(
        (index, workers): (usize, usize),
        policy: &Arc<Policy>,
        filter: Option<&'a Filter>,
        wanted: Wanted,
        config: &FlowConfig,
    ) -> Self {
        let config = FlowConfig {
            flows: config.flows.div_ceil(PARTITIONS).max(1),
            conversation_octets: config.conversation_octets.div_ceil(PARTITIONS),
            by_vlan: config.by_vlan || policy.uses_vlans(),
            ..config.clone()
        };
        Self {
            index,
            workers,
            tables: (0..PARTITIONS).map(|_| Table::new(config.clone())).collect(),
            judge: Judge::new(Arc::clone(policy), filter, wanted),
            totals: WorkerTotals::default(),
            begin: Timestamp::MIN,
            hears: config.conversations,
        }
    }

    /// Says of flows that are settled that they are, where the source can count by itself.
    pub(crate) fn tell(&mut self, settled: Option<SyncSender<Settled>>) {
        self.judge.settled = settled;
    }

    /// Judges by `policy` from here on.
    fn follow(&mut self, policy: &Arc<Policy>) {
        if self.judge.follow(policy) && policy.uses_vlans() {
            self.tables.iter_mut().for_each(Table::tell_vlans_apart);
        }
    }

    /// Counts what of a batch was dealt to it, and gives the records that this completes.
    pub(crate) fn batch(&mut self, work: &Work) -> Gathered {
        self.follow(&work.policy);
        self.judge.look_for(&work.indicators);
        // One frame and one group for the whole batch: moving a decoded packet costs more than
        // decoding it.
        let mut frame = Frame::default();
        let (mut group, mut ahead): (Group<'_>, Group<'_>) = Default::default();
        let (mut group, mut ahead) = (&mut group, &mut ahead);
        let packets = Packets::of(work);
        let dealt = work.dealt.get(self.index).map_or(&[][..], Vec::as_slice);
        let mut chunk: &[Dealt] = &[];
        for next in dealt.chunks(GROUP).chain([&[][..]]) {
            self.decode(packets, next.iter().map(|dealt| dealt.alone()), ahead);
            for (dealt, plain) in chunk.iter().zip(&*group) {
                if plain.is_plain {
                    self.count_plain(plain);
                } else {
                    self.count(packets, *dealt, &mut frame);
                }
            }
            self.look_ahead(ahead);
            std::mem::swap(&mut group, &mut ahead);
            chunk = next;
        }
        self.end_batch(work.now)
    }

    /// The same for every packet of a batch that `reader` has read and not dealt: it belongs to this
    /// worker alone, so only what is not plain needs dealing.
    fn batch_undealt(&mut self, work: &mut Work, reader: &mut Reader<'_>, is_last: bool) -> Gathered {
        self.follow(&work.policy);
        self.judge.look_for(&work.indicators);
        let (mut group, mut ahead): (Group<'_>, Group<'_>) = Default::default();
        let (mut group, mut ahead) = (&mut group, &mut ahead);
        let (batch, first) = (&work.batch, work.first);
        let packets = Packets {
            batch,
            standalone: &[],
            first,
        };
        let end = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let mut chunk = 0..0;
        while chunk.start < end {
            let next = chunk.end..chunk.end.saturating_add(GROUP_LEN).min(end);
            self.decode(packets, next.clone().map(Some), ahead);
            for (index, plain) in chunk.zip(&*group) {
                if plain.is_plain {
                    self.count_plain(plain);
                } else if let Some(run) = batch.run(index as usize) {
                    self.count_run(run, first.saturating_add(u64::from(index)));
                } else if let Some(packet) = batch.get(index as usize) {
                    let (dealt, standalone) = (&mut work.dealt, &mut work.standalone);
                    reader.dealer().deal_packet(index, &packet, dealt, standalone);
                    let packets = Packets {
                        batch,
                        standalone,
                        first,
                    };
                    self.count_dealt(packets, dealt);
                }
            }
            self.look_ahead(ahead);
            std::mem::swap(&mut group, &mut ahead);
            chunk = next;
        }
        reader.release(work, is_last);
        let mut dealt = std::mem::take(&mut work.dealt);
        self.count_dealt(Packets::of(work), &mut dealt);
        work.dealt = dealt;
        self.end_batch(work.now)
    }

    /// Counts what was dealt, and takes it out.
    fn count_dealt(&mut self, packets: Packets<'_>, dealt: &mut [Vec<Dealt>]) {
        let mut frame = Frame::default();
        for dealt in dealt.iter_mut().flat_map(|dealt| dealt.drain(..)) {
            self.count(packets, dealt, &mut frame);
        }
    }

    /// Moves packet time on to the end of a batch.
    fn end_batch(&mut self, now: Timestamp) -> Gathered {
        for table in &mut self.tables {
            table.expire(now, &mut self.judge);
        }
        let mut counted = Counters::default();
        for table in &self.tables {
            counted.add(table.counters());
        }
        self.totals.indicators_cut = self.judge.indicators_cut;
        self.totals.note_limits(counted, self.begin, now);
        self.begin = now;
        self.judge.take()
    }

    /// Decodes the packets of these numbers, as many as a group takes, where they are plain, and has loaded
    /// what they will need of the index.
    #[inline]
    fn decode<'w>(
        &self,
        packets: Packets<'w>,
        indices: impl Iterator<Item = Option<u32>>,
        group: &mut Group<'w>,
    ) {
        // Decoding keeps no state, so a fault in it costs nothing: the packets are taken one by one
        // then, and the one at fault is left out there.
        let is_decoded = catch_unwind(AssertUnwindSafe(|| {
            group.iter_mut().for_each(|plain| plain.is_plain = false);
            for (index, plain) in indices.zip(&mut *group) {
                if let Some(index) = index {
                    self.decode_plain(packets, index, plain);
                }
            }
        }));
        if is_decoded.is_err() {
            group.iter_mut().for_each(|plain| plain.is_plain = false);
        }
    }

    #[inline]
    fn decode_plain<'w>(&self, packets: Packets<'w>, index: u32, plain: &mut Plain<'w>) {
        let Some(packet) = packets.batch.get(index as usize) else {
            return;
        };
        let layer = &mut plain.layer;
        if let Some(bucket) = frame::decode_plain(layer, packet.data, packet.linktype, packet.len) {
            plain.bucket = bucket;
            plain.at = packet.time;
            plain.ordinal = packets.first.saturating_add(u64::from(index));
            plain.partition = partition::of_plain(layer);
            if let Some(table) = self.tables.get(plain.partition) {
                table.prepare_into(&mut plain.prepared, layer);
                table.ahead_index::<Judge<'_>>(&plain.prepared);
                plain.is_plain = true;
            }
        }
    }

    /// Has loaded what the plain packets of a group will need of their flows.
    #[inline]
    fn look_ahead(&self, group: &mut Group<'_>) {
        for plain in group.iter_mut().filter(|plain| plain.is_plain) {
            if let Some(table) = self.tables.get(plain.partition) {
                table.ahead_flow::<Judge<'_>>(&mut plain.prepared);
            }
        }
    }

    /// Counts a plain packet.
    #[inline]
    fn count_plain(&mut self, plain: &Plain<'_>) {
        let Some(table) = self.tables.get_mut(plain.partition) else {
            return;
        };
        let packet = Observation::alone(&plain.layer, plain.at, plain.ordinal);
        let bucket = match table.observe_prepared(&packet, &plain.prepared, &mut self.judge) {
            Observed::Counted(_) => plain.bucket,
            Observed::SetAside(_) => FrameBucket::Excluded,
            Observed::LeftOut => FrameBucket::Duplicate,
        };
        self.totals.frames.count_many(bucket, 1);
    }

    /// Counts one layer of a packet of any kind.
    fn count<'w>(&mut self, packets: Packets<'w>, dealt: Dealt, frame: &mut Frame<'w>) {
        if let Where::Batch(index) = dealt.at
            && let Some(run) = packets.batch.run(index as usize)
        {
            self.count_run(run, packets.first.saturating_add(u64::from(index)));
            return;
        }
        let Some(table) = self.tables.get_mut(dealt.partition()) else {
            return;
        };
        observe(packets, dealt, frame, table, &mut self.judge, &mut self.totals);
        if self.hears && dealt.is_last {
            hear(packets, dealt, frame, &mut self.judge);
        }
    }

    /// Counts packets that the source has counted; the next packet has the number `ordinal`.
    #[inline(never)]
    fn count_run(&mut self, run: &Run, ordinal: u64) {
        let Some(table) = self.tables.get_mut(partition_of(run)) else {
            return;
        };
        let bucket = match table.merge(run, ordinal, &mut self.judge) {
            Observed::SetAside(_) => FrameBucket::Excluded,
            _ if run.ends.protocol == Protocol::TCP => FrameBucket::Tcp,
            _ => FrameBucket::Udp,
        };
        self.totals.frames.count_many(bucket, run.packets());
    }

    /// What it has counted so far, where that is asked for at the end of a batch.
    fn so_far(&self, checkpoint: Option<&Arc<Read>>) -> Option<(Arc<Read>, Box<WorkerTotals>)> {
        let read = Arc::clone(checkpoint?);
        let mut totals = self.totals.clone();
        for table in &self.tables {
            totals.flows.add(table.counters());
        }
        totals.uses = self.judge.uses_so_far();
        Some((read, Box::new(totals)))
    }

    /// Ends every flow and hands out the records; false where nobody takes them any more.
    ///
    /// In steps and partition by partition, so that a million flows are not a million records at once
    /// and come in the same order from any number of workers.
    pub(crate) fn drain(mut self, mut give: impl FnMut(Done) -> bool) -> bool {
        for (partition, table) in self.tables.iter_mut().enumerate() {
            if reader::worker_of(partition, self.workers) != self.index {
                continue;
            }
            let mut drained = false;
            while !drained {
                drained = table.drain_some(DRAIN, &mut self.judge);
                let gathered = self.judge.take();
                let what = if drained { What::Drained } else { What::Draining };
                if !give(Done { gathered, what }) {
                    return false;
                }
            }
            self.totals.flows.add(table.counters());
        }
        self.totals.indicators_cut = self.judge.indicators_cut;
        self.totals.uses = self.judge.uses();
        give(Done {
            gathered: Gathered::default(),
            what: What::Totals(Box::new(self.totals)),
        })
    }
}

/// Does the batches of `inbox` until there are no more, then ends every flow.
pub(crate) fn work(mut worker: Worker<'_>, inbox: &Receiver<Arc<Work>>, outbox: &Sender<Done>) {
    for work in inbox {
        let gathered = worker.batch(&work);
        let done = Done {
            gathered,
            what: What::Batch {
                now: work.now,
                policy: Arc::clone(&work.policy),
                indicators: Arc::clone(&work.indicators),
                news: work.news.clone(),
                checkpoint: worker.so_far(work.checkpoint.as_ref()),
                work: Some(work),
            },
        };
        if outbox.send(done).is_err() {
            return; // The collector gave up and says why.
        }
    }
    // The collector may be gone for a reason of its own.
    worker.drain(|done| outbox.send(done).is_ok());
}

/// Reads and works in one thread: what one worker does. Packets are still in the nearest caches
/// when they are counted, and nothing is handed over but records.
pub(crate) fn read_and_work(
    mut reader: Reader<'_>,
    mut worker: Worker<'_>,
    mut give: impl FnMut(Done) -> bool,
) -> ReaderTotals {
    let mut work = reader.room();
    loop {
        let is_last = reader.read(&mut work);
        let gathered = worker.batch_undealt(&mut work, &mut reader, is_last);
        let done = Done {
            gathered,
            what: What::Batch {
                checkpoint: worker.so_far(work.checkpoint.as_ref()),
                now: work.now,
                policy: Arc::clone(&work.policy),
                indicators: Arc::clone(&work.indicators),
                news: std::mem::take(&mut work.news),
                work: None,
            },
        };
        if !give(done) {
            break;
        }
        if is_last {
            worker.drain(give);
            break;
        }
    }
    reader.finish()
}

/// Reads what a frame says below IP or of addresses: it was decoded just before.
fn hear(packets: Packets<'_>, dealt: Dealt, frame: &Frame<'_>, judge: &mut Judge<'_>) {
    let (Some((protocol, facts)), Where::Batch(index)) = (local::observe(frame), dealt.at) else {
        return;
    };
    let Some(packet) = packets.batch.get(index as usize) else {
        return;
    };
    if judge.sets_aside_what_is_said(&facts, frame.link.vlan) {
        return;
    }
    judge.hear(Said {
        flow: None,
        mac: frame.link.source,
        ordinal: packets.first.saturating_add(u64::from(index)),
        event: Event::Transaction(Transaction {
            protocol,
            at: packet.time,
            facts,
            also: None,
        }),
    });
}

/// Decodes a packet of any kind and counts one of its layers.
fn observe<'w>(
    packets: Packets<'w>,
    dealt: Dealt,
    frame: &mut Frame<'w>,
    table: &mut Table<Tag>,
    judge: &mut Judge<'_>,
    totals: &mut WorkerTotals,
) -> Option<()> {
    let (packet, index, standalone) = match dealt.at {
        Where::Batch(index) => (packets.batch.get(usize::try_from(index).ok()?)?, index, None),
        Where::Standalone(index) => {
            let whole = packets.standalone.get(usize::try_from(index).ok()?)?;
            (whole.as_packet(), whole.batch_index, Some(whole))
        }
    };
    let frames = standalone.map_or(1, |whole| whole.frames);
    let carried = standalone.and_then(|whole| whole.carried.as_deref());
    // Decoding keeps no state, so a fault in it costs this frame and nothing else.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        frame::decode_into(frame, packet.data, packet.linktype, packet.len);
    }));
    if decoded.is_err() {
        // Each layer of the frame comes by; the frame is counted once.
        if dealt.is_last {
            totals
                .frames
                .count_many(FrameBucket::DecoderFault, u64::from(frames));
        }
        return None;
    }
    if let Some(carried) = carried {
        carried.note_on(frame);
    }
    let ordinal = packets.first.saturating_add(u64::from(index));
    let mut bucket = frame.bucket;
    if let Some(mut layer) = Observation::of(frame, usize::from(dealt.layer), packet.time, ordinal) {
        layer.frames = frames;
        if let (0, Some(whole)) = (dealt.layer, standalone) {
            layer.wire_octets = whole.len;
            if let Some(carried) = carried {
                layer = layer.carried(carried);
            }
        }
        match table.observe(&layer, judge) {
            Observed::Counted(_) => {}
            Observed::SetAside(_) => bucket = FrameBucket::Excluded,
            Observed::LeftOut => bucket = FrameBucket::Duplicate,
        }
    }
    if dealt.is_last {
        totals.frames.count_many(bucket, u64::from(frames));
        totals.depth_met = totals.depth_met.saturating_add(u64::from(frame.depth_met));
    }
    Some(())
}
