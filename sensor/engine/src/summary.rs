//! The summary of a run, put together from what each thread counted.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_model::bucket::{BucketClass, FrameBucket};
use sekisho_model::indicator::Kind;
use sekisho_model::limits;
use sekisho_model::summary::{Input, ListTotals, Summary};

use crate::collector::Collector;
use crate::work::{Read, WorkerTotals};

/// Puts the summary together.
pub(crate) fn of(
    read: &Read,
    totals: &WorkerTotals,
    collector: &Collector<'_>,
    workers: usize,
    took: Duration,
) -> Summary {
    let policy = collector.policy();
    let seconds = took.as_secs_f64();
    let (files, read) = (read.inputs.clone(), &read.totals);
    let damaged = count(files.iter().filter(|file| file.damage.is_some()).count());
    // What the source kept back of excluded networks is frames like the others.
    let kept_back = |bucket| match bucket {
        FrameBucket::Excluded => read.excluded.frames,
        _ => 0,
    };
    let all = totals.frames.iter();
    let frames: Vec<_> = all
        .map(|(bucket, number)| (bucket, number.saturating_add(kept_back(bucket))))
        .collect();
    let mut losses: BTreeMap<String, u64> = frames
        .iter()
        .filter(|(bucket, _)| bucket.class() != BucketClass::Processed)
        .map(|(bucket, number)| (bucket.id().to_owned(), *number))
        .collect();
    for (cause, number) in [
        (limits::FLOWS.counter, totals.flows.evicted),
        (
            limits::CONVERSATION_OCTETS.counter,
            totals.flows.conversations_cut,
        ),
        (limits::HISTORY.counter, totals.flows.history_cut),
        (limits::ALERT_FOLDS.counter, collector.closed_early()),
        (
            limits::INDICATOR_ALERTS.counter,
            collector.indicator_alerts_closed_early(),
        ),
        (limits::INDICATORS_A_FLOW.counter, totals.indicators_cut),
        (limits::GATEWAY_LEGS.counter, collector.gateway_legs_undecided()),
        (limits::HOSTS.counter, collector.hosts_unlisted()),
        (limits::DAILY_VALUES.counter, collector.daily_values_missed()),
        (limits::TALKERS.counter, collector.tally.unranked()),
        (limits::FRAGMENTED_DATAGRAMS.counter, read.fragments.evicted),
        ("fragments_timed_out", read.fragments.timed_out),
        ("fragments_abandoned", read.fragments.abandoned),
        (limits::TUNNEL_DEPTH.counter, totals.depth_met),
        (limits::RING_OCTETS.counter, read.lost),
        ("parser_faults", totals.flows.parser_faults),
        ("duplicates", totals.flows.duplicates),
        ("capture_gaps", totals.flows.gaps),
        ("time_backwards", read.backwards),
        ("records_filtered", collector.filtered),
        ("input_damage", damaged),
    ] {
        losses.insert(cause.to_owned(), number);
    }
    // Rare, and many kinds: only those that were met.
    for (anomaly, number) in read.fragments.anomalies.iter().filter(|(_, number)| *number > 0) {
        losses.insert(anomaly.name().to_owned(), number);
    }
    let packets = read.packets.saturating_add(read.excluded.frames);
    Summary {
        packets,
        frame_octets: read.frame_octets.saturating_add(read.excluded.octets),
        flows: totals.flows.flows,
        flow_records: collector.records,
        alerts: collector.tally.alerts(),
        zones: collector.tally.matrix(policy),
        talkers: collector.tally.top_talkers(policy),
        first_packet: read.first,
        last_packet: read.last,
        seconds,
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate for people; 53 bits of packets are enough"
        )]
        packets_per_second: if seconds > 0.0 {
            packets as f64 / seconds
        } else {
            0.0
        },
        frames: frames
            .iter()
            .map(|(bucket, number)| (bucket.id().to_owned(), *number))
            .collect(),
        losses,
        input: Input { files, damaged },
        policy_name: policy.name().to_owned(),
        policy_version: policy.version().to_string(),
        policy_mode: if policy.is_none() {
            String::new()
        } else {
            policy.mode().name().to_owned()
        },
        policy_hash: policy.files().hash().to_owned(),
        catalogue_version: catalogue_version(policy),
        policy_changes: collector.changes.clone(),
        lists: lists(collector),
        forgotten_days: 0,
        rules: collector.rules(totals),
        health: read.health.health(),
        watched_until: read.health.until.or(read.last),
        workers: count(workers),
        protection: collector.protection.clone(),
        ongoing: false,
    }
}

fn catalogue_version(policy: &sekisho_policy::Policy) -> String {
    let versions: Vec<_> = policy
        .catalogues()
        .iter()
        .map(|catalogue| &*catalogue.version)
        .collect();
    versions.join(", ")
}

fn lists(collector: &Collector<'_>) -> ListTotals {
    let indicators = collector.indicators();
    let kinds = Kind::ALL.map(|kind| (kind.name().to_owned(), count(indicators.count(kind))));
    ListTotals {
        lists: count(indicators.lists().len()),
        indicators: count(indicators.len()),
        by_kind: kinds.into_iter().filter(|(_, number)| *number > 0).collect(),
        version: indicators.version().to_owned(),
        changes: collector.list_changes.clone(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
