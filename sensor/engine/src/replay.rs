//! Runs a source to its end.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::bounded;
use sekisho_capture::Source;
use sekisho_filter::Filter;
use sekisho_flow::Config as FlowConfig;
use sekisho_model::summary::Summary;
use sekisho_policy::Policy;
use sekisho_store::StoreWriter;
use sekisho_wire::partition::PARTITIONS;

use crate::collector::{Collector, NamedExporter, OutputError, write_all};
use crate::progress::Progress;
use crate::{reader, summary, worker};

/// Batches that may wait in front of each worker.
const QUEUE: usize = 4;

/// How to run.
pub struct Config {
    /// Worker threads, 1 to 16; the answer is the same for any number.
    pub workers: usize,
    /// Timeouts and limits of the flow table.
    pub flow: FlowConfig,
    /// The policy to judge by.
    pub policy: Policy,
    /// Keep only records that match.
    pub filter: Option<Filter>,
}

/// Where the results go.
#[derive(Default)]
pub struct Outputs {
    /// The data directory.
    pub store: Option<Box<dyn StoreWriter>>,
    /// Everything else.
    pub exporters: Vec<NamedExporter>,
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
        store.policy(&config.policy.describe())?;
    }
    let store: Option<&mut dyn StoreWriter> = match &mut outputs.store {
        Some(store) => Some(store.as_mut()),
        None => None,
    };
    let mut collector = Collector::new(&config.policy, store, &mut outputs.exporters);
    let is_read = outputs_are_read(config, collector.has_outputs());
    let flow = &FlowConfig {
        community_ids: config.flow.community_ids && is_read,
        conversations: config.flow.conversations && is_read,
        ..config.flow.clone()
    };
    let (give_back, returned) = bounded(QUEUE);
    let (mut inboxes, mut outboxes) = (Vec::new(), Vec::new());
    let read = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for index in 0..workers {
            let (to_worker, inbox) = bounded::<Arc<_>>(QUEUE);
            let (outbox, from_worker) = bounded(QUEUE);
            inboxes.push(to_worker);
            outboxes.push(from_worker);
            threads.push(scope.spawn(move || {
                worker::work(
                    (index, workers),
                    &config.policy,
                    config.filter.as_ref(),
                    flow,
                    &inbox,
                    &outbox,
                );
            }));
        }
        let source = &mut *source;
        // The reader owns the workers' inboxes: when it ends, they do.
        let reader = scope.spawn(move || reader::read(source, &inboxes, &returned, progress));
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
    })?;
    collector.say_limits(&read, flow.flows)?;
    let result = summary::of(
        &read,
        &collector,
        source,
        &config.policy,
        workers,
        began.elapsed(),
    );
    drop(collector);
    write_all(&mut outputs.exporters, |exporter| exporter.finish(&result))?;
    if let Some(store) = outputs.store {
        store.finish(&result)?;
    }
    Ok(result)
}

/// Whether anyone sees a Community ID or what was said: an output or the filter.
fn outputs_are_read(config: &Config, has_outputs: bool) -> bool {
    has_outputs || config.filter.is_some()
}
