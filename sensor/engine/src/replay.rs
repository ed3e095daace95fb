//! Runs a source to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use sekisho_capture::Source;
use sekisho_detect::indicators::Indicators;
use sekisho_filter::Filter;
use sekisho_flow::Config as FlowConfig;
use sekisho_model::Timestamp;
use sekisho_model::summary::{Protection, Summary};
use sekisho_policy::Policy;
use sekisho_store::{PolicyText, StoreError, StoreWriter};
use sekisho_wire::partition::PARTITIONS;

use crate::checkpoint::Watched;
use crate::collector::{Collector, NamedExporter, OutputError, write_all};
use crate::health;
use crate::progress::Progress;
use crate::reader::{self, Reader, ReaderTotals};
use crate::reload::{Policies, Reload};
use crate::summary;
use crate::work::{Read, Wanted};
use crate::worker::{self, Worker};

/// Batches that may wait in front of each worker.
const QUEUE: usize = 4;

/// How to run.
pub struct Config {
    /// Worker threads, 1 to 16; the answer is the same for any number.
    pub workers: usize,
    /// Timeouts and limits of the flow table.
    pub flow: FlowConfig,
    /// The policy to judge by.
    pub policy: Arc<Policy>,
    /// The indicators to look for.
    pub indicators: Arc<Indicators>,
    /// Where newer policies and lists come from while the run goes on; none where all stays the same.
    pub reload: Option<Receiver<Reload>>,
    /// Keep only records that match.
    pub filter: Option<Filter>,
    /// How often, in packet time, what is known so far is written down for those who watch the run;
    /// none where only its end matters.
    pub checkpoint: Option<Duration>,
    /// When a lack of sight is noted, and when it is an alert.
    pub health: health::Settings,
}

/// Where the results go.
#[derive(Default)]
pub struct Outputs {
    /// The data directory.
    pub store: Option<Box<dyn StoreWriter>>,
    /// Everything else.
    pub exporters: Vec<NamedExporter>,
    /// What the process may still do, for the summary.
    pub protection: Option<Protection>,
}

/// Reads `source` to its end, writes every record and alert, and gives the counts.
///
/// [`Progress::stop`] ends it early as if the input had ended there.
///
/// # Errors
///
/// A store or exporter that could not be written; the run ends there.
pub fn replay(
    config: &Config,
    source: &mut dyn Source,
    mut outputs: Outputs,
    progress: &Progress,
) -> Result<Summary, OutputError> {
    let began = Instant::now();
    let workers = config.workers.clamp(1, PARTITIONS);
    if let Some(store) = &mut outputs.store {
        keep_policy(store.as_mut(), &config.policy, None)?;
    }
    let stopped = match &mut outputs.store {
        Some(store) => store.watched_until()?,
        None => None,
    };
    let store: Option<&mut dyn StoreWriter> = match &mut outputs.store {
        Some(store) => Some(store.as_mut()),
        None => None,
    };
    let mut collector = Collector::new(
        Arc::clone(&config.policy),
        &config.flow,
        store,
        &mut outputs.exporters,
    );
    collector.protection = outputs.protection.take();
    collector.watched = config.checkpoint.map(|_| Watched {
        began,
        workers,
        flows: config.flow.flows,
        count: 0,
        health: config.health.clone(),
    });
    // An output, or the filter; nobody else sees more of a record than its volume.
    let is_read = collector.has_outputs() || config.filter.is_some();
    // A source that can count flows by itself is told of those that may be.
    let settled = source.hears_of_settled();
    // The service of a flow may decide its verdict or meet a rule, now or when the policy has changed.
    let policy = &config.policy;
    let is_judged = policy.judges_late()
        || !policy.rules().is_empty()
        || config.reload.is_some()
        || config.indicators.needs_conversations();
    let flow = FlowConfig {
        community_ids: config.flow.community_ids && is_read,
        conversations: config.flow.conversations && (is_read || is_judged),
        lets_go: settled.is_some(),
        ..config.flow.clone()
    };
    let policies = Policies::new(
        Arc::clone(&config.policy),
        Arc::clone(&config.indicators),
        config.reload.clone(),
    );
    let watch = health::Watch::new(config.health.clone(), &source.inputs(), stopped);
    let reader = Reader::new(
        &mut *source,
        workers,
        progress,
        policies,
        watch,
        config.checkpoint,
    );
    let wanted = Wanted {
        records: is_read,
        lines: collector.wants_lines(),
    };
    let worker = |index| {
        let filter = config.filter.as_ref();
        let mut worker = Worker::new((index, workers), &config.policy, filter, wanted, &flow);
        worker.tell(settled.clone());
        worker
    };
    let read = match (workers, is_read) {
        (1, false) => run_in_one(&mut collector, reader, worker(0)),
        (1, true) => run_in_two(&mut collector, reader, worker(0), progress),
        _ => run_in_many(&mut collector, reader, (0..workers).map(worker), progress),
    }?;
    let totals = std::mem::take(&mut collector.totals);
    collector.say_limits(&read, &totals, flow.flows)?;
    collector.say_health(&read.health, &config.health)?;
    let read = Read {
        totals: read,
        inputs: source.inputs(),
    };
    let result = summary::of(&read, &totals, &collector, workers, began.elapsed());
    drop(collector);
    write_all(&mut outputs.exporters, |exporter| exporter.finish(&result))?;
    if let Some(store) = outputs.store {
        store.finish(&result)?;
    }
    Ok(result)
}

/// Keeps the policy that judges from `at` on; from the first packet where that is not said.
pub(crate) fn keep_policy(
    store: &mut dyn StoreWriter,
    policy: &Policy,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    store.policy(&policy.describe())?;
    if policy.is_none() {
        return Ok(());
    }
    let text = PolicyText {
        hash: policy.files().hash().to_owned(),
        name: policy.name().to_owned(),
        version: policy.version().to_string(),
        mode: policy.mode().name().to_owned(),
        files: policy.files().files().to_vec(),
    };
    match at {
        None => store.policy_text(&text),
        Some(at) => store.newer_policy_text(&text, at),
    }
}

/// Everything in this thread: there is nothing to write.
fn run_in_one(
    collector: &mut Collector<'_>,
    reader: Reader<'_>,
    worker: Worker<'_>,
) -> Result<ReaderTotals, OutputError> {
    let mut taken = Ok(());
    // A fault in here ends the run, as one in a thread would.
    let read = catch_unwind(AssertUnwindSafe(|| {
        worker::read_and_work(reader, worker, |done| {
            taken = collector.take(done);
            taken.is_ok()
        })
    }));
    let read = read.map_err(|_| OutputError::Thread("worker"))?;
    taken?;
    collector.finish()?;
    Ok(read)
}

/// One thread that reads and works; this one writes.
fn run_in_two(
    collector: &mut Collector<'_>,
    reader: Reader<'_>,
    worker: Worker<'_>,
    progress: &Progress,
) -> Result<ReaderTotals, OutputError> {
    let (outbox, from_worker) = bounded(QUEUE);
    std::thread::scope(|scope| {
        let thread =
            scope.spawn(move || worker::read_and_work(reader, worker, |done| outbox.send(done).is_ok()));
        let collected = from_worker.iter().try_for_each(|done| collector.take(done));
        if collected.is_err() {
            // A reader that waits for its input must not wait for more than this.
            progress.stop().ask();
        }
        // Whatever a failed collector left in the queue must not keep the other waiting.
        drop(from_worker);
        let read = thread.join().map_err(|_| OutputError::Thread("worker"))?;
        collected?;
        collector.finish()?;
        Ok(read)
    })
}

/// One thread that reads, several that work; this one writes.
fn run_in_many<'a>(
    collector: &mut Collector<'_>,
    reader: Reader<'_>,
    workers: impl Iterator<Item = Worker<'a>>,
    progress: &Progress,
) -> Result<ReaderTotals, OutputError> {
    let (give_back, returned) = bounded(QUEUE);
    let (mut inboxes, mut outboxes) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in workers {
            let (to_worker, inbox) = bounded::<Arc<_>>(QUEUE);
            let (outbox, from_worker) = bounded(QUEUE);
            inboxes.push(to_worker);
            outboxes.push(from_worker);
            threads.push(scope.spawn(move || worker::work(worker, &inbox, &outbox)));
        }
        // The reader owns the workers' inboxes: when it ends, they do.
        let reader = scope.spawn(move || reader::read(reader, &inboxes, &returned));
        let collected = collector.collect(&outboxes, &give_back);
        if collected.is_err() {
            // A reader that waits for its input must not wait for more than this.
            progress.stop().ask();
        }
        // Whatever a failed collector left in the queues must not keep the others waiting.
        drop(outboxes);
        let read = reader.join().map_err(|_| OutputError::Thread("reader"));
        for thread in threads {
            thread.join().map_err(|_| OutputError::Thread("worker"))?;
        }
        collected.and(read)
    })
}
