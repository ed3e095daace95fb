//! The collector: puts what the workers made in order and writes it out.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_export::Exporter;
use sekisho_model::{Alert, FlowRecord};
use sekisho_policy::Policy;
use sekisho_store::{StoreError, StoreWriter};

use crate::fold::Folds;
use crate::tally::Tally;
use crate::work::{Done, Work, WorkerTotals};

/// Why a run could not write its results.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The data directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An exporter.
    #[error("cannot write the export: {0}")]
    Export(#[from] std::io::Error),
    /// A thread of the run ended in a fault of ours.
    #[error("a {0} thread failed; this is a fault of Sekisho, what was written so far is incomplete")]
    Thread(&'static str),
}

/// Where records and alerts go.
pub(crate) struct Collector<'a> {
    policy: &'a Policy,
    store: Option<&'a mut dyn StoreWriter>,
    exporters: &'a mut [Box<dyn Exporter>],
    folds: Folds,
    closed: Vec<Alert>,
    pub(crate) tally: Tally,
    pub(crate) totals: WorkerTotals,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        policy: &'a Policy,
        store: Option<&'a mut dyn StoreWriter>,
        exporters: &'a mut [Box<dyn Exporter>],
    ) -> Self {
        Self {
            policy,
            store,
            exporters,
            folds: Folds::new(),
            closed: Vec::new(),
            tally: Tally::default(),
            totals: WorkerTotals::default(),
        }
    }

    /// Folds closed because there were too many.
    pub(crate) const fn closed_early(&self) -> u64 {
        self.folds.closed_early()
    }

    /// Collects until every worker has said what it counted.
    pub(crate) fn collect(
        &mut self,
        workers: &[Receiver<Done>],
        returned: &Sender<Work>,
    ) -> Result<(), OutputError> {
        let mut records = Vec::new();
        let mut running = true;
        while running {
            let mut work: Option<Arc<Work>> = None;
            for worker in workers {
                let mut done = worker.recv().map_err(|_| OutputError::Thread("worker"))?;
                records.append(&mut done.records);
                // The last of the handles that the workers give back is the only one left.
                work = done.work;
                if let Some(totals) = done.totals {
                    self.totals.add(&totals);
                    running = false;
                }
            }
            if let Some(work) = work.and_then(Arc::into_inner) {
                // A reader that has ended needs no more batches.
                let _ = returned.try_send(work);
            }
            records.sort_unstable_by_key(|record: &FlowRecord| {
                (record.end, record.start, record.flow_id, record.part)
            });
            for record in records.drain(..) {
                self.record(&record)?;
            }
        }
        self.folds.drain(&mut self.closed);
        self.write_alerts()
    }

    fn record(&mut self, record: &FlowRecord) -> Result<(), OutputError> {
        self.tally.record(record);
        if let Some(store) = &mut self.store {
            store.flow(record)?;
        }
        for exporter in self.exporters.iter_mut() {
            exporter.flow(record)?;
        }
        self.folds.observe(self.policy, record, &mut self.closed);
        self.write_alerts()
    }

    fn write_alerts(&mut self) -> Result<(), OutputError> {
        for alert in self.closed.drain(..) {
            self.tally.alert(&alert);
            if let Some(store) = &mut self.store {
                store.alert(&alert)?;
            }
            for exporter in self.exporters.iter_mut() {
                exporter.alert(&alert)?;
            }
        }
        Ok(())
    }
}
