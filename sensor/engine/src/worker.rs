//! A worker: the partitions it owns, from octets to judged records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_filter::Filter;
use sekisho_flow::{Config as FlowConfig, Counters, Observation, Observed, Sink, Start, Table};
use sekisho_model::app::{Event, FlowRef, Said};
use sekisho_model::{FlowRecord, FrameBucket, Timestamp};
use sekisho_policy::{Judgement, Policy, Question};
use sekisho_wire::partition::PARTITIONS;
use sekisho_wire::{Frame, frame};

use crate::reader;
use crate::work::{Dealt, Done, Judged, What, Where, Work, WorkerTotals};

/// Flows that are ended in one step when the input has ended.
const DRAIN: usize = 4096;

/// Runs until the reader has no more work, then ends every flow and says what was counted.
pub(crate) fn work(
    (index, workers): (usize, usize),
    policy: &Policy,
    filter: Option<&Filter>,
    config: &FlowConfig,
    inbox: &Receiver<Arc<Work>>,
    outbox: &Sender<Done>,
) {
    let config = FlowConfig {
        flows: config.flows.div_ceil(PARTITIONS).max(1),
        conversation_octets: config.conversation_octets.div_ceil(PARTITIONS),
        by_vlan: config.by_vlan || policy.uses_vlans(),
        ..config.clone()
    };
    let mut tables: Vec<Table<Judgement>> = (0..PARTITIONS).map(|_| Table::new(config.clone())).collect();
    let mut judge = Judge {
        policy,
        filter,
        records: Vec::new(),
        said: Vec::new(),
    };
    let mut totals = WorkerTotals::default();
    let mut begin = Timestamp::MIN;
    for work in inbox {
        // One frame for the whole batch: moving a decoded frame costs more than decoding it.
        let mut frame = Frame::default();
        for dealt in work.dealt.get(index).into_iter().flatten() {
            if let Some(table) = tables.get_mut(dealt.partition()) {
                observe(&work, *dealt, &mut frame, table, &mut judge, &mut totals);
            }
        }
        drop(frame);
        for table in &mut tables {
            table.expire(work.now, &mut judge);
        }
        let mut counted = Counters::default();
        for table in &tables {
            counted.add(table.counters());
        }
        totals.note_limits(counted, begin, work.now);
        begin = work.now;
        let (records, said) = judge.take();
        if outbox
            .send(Done {
                records,
                said,
                what: What::Batch(work),
            })
            .is_err()
        {
            return; // The collector gave up and says why.
        }
    }
    // In steps and partition by partition, so that a million flows are not a million records at once
    // and come in the same order from any number of workers.
    for (partition, table) in tables.iter_mut().enumerate() {
        if reader::worker_of(partition, workers) != index {
            continue;
        }
        let mut drained = false;
        while !drained {
            drained = table.drain_some(DRAIN, &mut judge);
            let (records, said) = judge.take();
            let what = if drained { What::Drained } else { What::Draining };
            if outbox.send(Done { records, said, what }).is_err() {
                return;
            }
        }
        totals.flows.add(table.counters());
    }
    // The collector may be gone for a reason of its own.
    let _ = outbox.send(Done {
        records: Vec::new(),
        said: Vec::new(),
        what: What::Totals(Box::new(totals)),
    });
}

/// Decodes a packet and counts one of its layers.
fn observe<'w>(
    work: &'w Work,
    dealt: Dealt,
    frame: &mut Frame<'w>,
    table: &mut Table<Judgement>,
    judge: &mut Judge<'_>,
    totals: &mut WorkerTotals,
) -> Option<()> {
    let (packet, index, frames, wire_octets) = match dealt.at {
        Where::Batch(index) => (work.batch.get(usize::try_from(index).ok()?)?, index, 1, None),
        Where::Standalone(index) => {
            let whole = work.standalone.get(usize::try_from(index).ok()?)?;
            (
                whole.as_packet(),
                whole.batch_index,
                whole.frames,
                Some(whole.len),
            )
        }
    };
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
    let ordinal = work.first.saturating_add(u64::from(index));
    let mut bucket = frame.bucket;
    if let Some(mut layer) = Observation::of(frame, usize::from(dealt.layer), packet.time, ordinal) {
        layer.frames = frames;
        if let (0, Some(octets)) = (dealt.layer, wire_octets) {
            layer.wire_octets = octets;
        }
        match table.observe(&layer, judge) {
            Observed::Counted(judgement) if judgement.excluded => bucket = FrameBucket::Excluded,
            Observed::Counted(_) => {}
            Observed::LeftOut => bucket = FrameBucket::Duplicate,
        }
    }
    if dealt.is_last {
        totals.frames.count_many(bucket, u64::from(frames));
        totals.depth_met = totals.depth_met.saturating_add(u64::from(frame.depth_met));
    }
    Some(())
}

/// Labels zones and judges: once when a flow begins, so that every record of it agrees.
struct Judge<'a> {
    policy: &'a Policy,
    filter: Option<&'a Filter>,
    records: Vec<Judged>,
    said: Vec<Said>,
}

impl Judge<'_> {
    /// What has gathered.
    fn take(&mut self) -> (Vec<Judged>, Vec<Said>) {
        (std::mem::take(&mut self.records), std::mem::take(&mut self.said))
    }
}

impl Sink for Judge<'_> {
    type Tag = Judgement;

    fn start(&mut self, start: &Start) -> Judgement {
        let question = Question {
            orig: start.orig.address,
            resp: start.resp.address,
            vlan: start.vlan,
            protocol: start.protocol,
            resp_port: start.resp.port,
            related: start.related,
        };
        if start.protocol.has_ports() && !start.has_ports {
            self.policy.judge_without_ports(&question)
        } else {
            self.policy.judge(&question)
        }
    }

    fn record(&mut self, mut record: FlowRecord, judgement: &Judgement) {
        if judgement.excluded {
            return;
        }
        record.orig_zone = Arc::clone(self.policy.zone_name(judgement.orig_zone));
        record.resp_zone = Arc::clone(self.policy.zone_name(judgement.resp_zone));
        record.verdict = judgement.verdict;
        record.rule = Arc::clone(&judgement.rule);
        record.policy_version = Arc::clone(self.policy.version());
        let is_kept = self.filter.is_none_or(|filter| filter.matches(&record));
        self.records.push(Judged {
            record: Box::new(record),
            is_kept,
        });
    }

    fn said(&mut self, flow: FlowRef, ordinal: u64, event: Event, judgement: &Judgement) {
        if judgement.excluded {
            return;
        }
        let mut flow = flow;
        flow.orig_zone = Arc::clone(self.policy.zone_name(judgement.orig_zone));
        flow.resp_zone = Arc::clone(self.policy.zone_name(judgement.resp_zone));
        self.said.push(Said {
            flow: Some(flow),
            mac: None,
            ordinal,
            event,
        });
    }
}
