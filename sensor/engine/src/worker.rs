//! A worker: the partitions it owns, from octets to judged records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_capture::Packet;
use sekisho_filter::Filter;
use sekisho_flow::{Config as FlowConfig, Sink, Start, Table};
use sekisho_model::{FlowRecord, FrameBucket};
use sekisho_policy::{Judgement, Policy, Question};
use sekisho_wire::frame;
use sekisho_wire::partition::PARTITIONS;

use crate::work::{Done, Work, WorkerTotals};

/// Runs until the reader has no more work, then ends every flow and says what was counted.
pub(crate) fn work(
    index: usize,
    policy: &Policy,
    filter: Option<&Filter>,
    config: &FlowConfig,
    inbox: &Receiver<Arc<Work>>,
    outbox: &Sender<Done>,
) {
    let per_partition = config.flows.div_ceil(PARTITIONS).max(1);
    let config = FlowConfig {
        flows: per_partition,
        ..config.clone()
    };
    let mut tables: Vec<Table<Judgement>> = (0..PARTITIONS).map(|_| Table::new(config.clone())).collect();
    let mut judge = Judge {
        policy,
        filter,
        records: Vec::new(),
        filtered: 0,
    };
    let mut totals = WorkerTotals::default();
    for work in inbox {
        for dealt in work.dealt.get(index).into_iter().flatten() {
            let packet = usize::try_from(dealt.packet)
                .ok()
                .and_then(|packet| work.batch.get(packet));
            let table = tables.get_mut(usize::from(dealt.partition));
            if let (Some(packet), Some(table)) = (packet, table) {
                totals.frames.count(observe(packet, table, &mut judge));
            }
        }
        for table in &mut tables {
            table.expire(work.watermark, &mut judge);
        }
        let records = std::mem::take(&mut judge.records);
        if outbox
            .send(Done {
                records,
                work: Some(work),
                totals: None,
            })
            .is_err()
        {
            return; // The collector gave up and says why.
        }
    }
    for table in &mut tables {
        table.drain(&mut judge);
        totals.flows.add(table.counters());
    }
    totals.filtered = judge.filtered;
    // The collector may be gone for a reason of its own.
    let _ = outbox.send(Done {
        records: judge.records,
        work: None,
        totals: Some(totals),
    });
}

/// Decodes and counts one packet; gives the bucket that it ends in.
fn observe(packet: Packet<'_>, table: &mut Table<Judgement>, judge: &mut Judge<'_>) -> FrameBucket {
    // Decoding keeps no state, so a fault in it costs this frame and nothing else.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        frame::decode(packet.data, packet.linktype, packet.len)
    }));
    let Ok(frame) = decoded else {
        return FrameBucket::DecoderFault;
    };
    match table.observe(&frame, packet.time, packet.len, judge) {
        Some(judgement) if judgement.excluded => FrameBucket::Excluded,
        _ => frame.bucket,
    }
}

/// Labels zones and judges: once when a flow begins, so that every record of it agrees.
struct Judge<'a> {
    policy: &'a Policy,
    filter: Option<&'a Filter>,
    records: Vec<FlowRecord>,
    filtered: u64,
}

impl Sink for Judge<'_> {
    type Tag = Judgement;

    fn start(&mut self, start: &Start) -> Judgement {
        self.policy.judge(&Question {
            orig: start.orig.address,
            resp: start.resp.address,
            vlan: start.vlan,
            protocol: start.protocol,
            resp_port: start.resp.port,
            related: start.related,
        })
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
        if self.filter.is_some_and(|filter| !filter.matches(&record)) {
            self.filtered = self.filtered.saturating_add(1);
            return;
        }
        self.records.push(record);
    }
}
