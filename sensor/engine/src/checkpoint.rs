//! Checkpoints: what is known so far of a run that goes on, written down for those who watch it.
//!
//! The reader says when one is due, in packet time; with the batch that it ends travel the counts of
//! the reader and of every worker, so that a checkpoint is of one moment and the same for any number of
//! workers. Alerts whose fold is open are told as they stand and stay open: in the store the later
//! takes the place of the earlier, exporters get the first.

use std::sync::Arc;
use std::time::Instant;

use sekisho_model::summary::Summary;

use crate::collector::{Collector, OutputError};
use crate::health::Settings;
use crate::inventory::Makers;
use crate::summary;
use crate::work::{Read, WorkerTotals};

/// Every so many checkpoints flows and devices are written too: many small files cost their readers.
const FLOWS_EVERY: u32 = 6;

/// What the reader and the workers counted up to a checkpoint.
pub(crate) type Counted = (Arc<Read>, Box<WorkerTotals>);

/// What a checkpoint needs to know of the run.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) began: Instant,
    pub(crate) workers: usize,
    /// Limit on flows.
    pub(crate) flows: usize,
    /// When a lack of sight is an alert.
    pub(crate) health: Settings,
    /// Checkpoints so far.
    pub(crate) count: u32,
}

/// Adds what one more worker counted.
pub(crate) fn gather(all: &mut Option<Counted>, one: Option<Counted>) {
    match (all, one) {
        (Some((_, all)), Some((_, one))) => all.add(&one),
        (all @ None, one) => *all = one,
        (Some(_), None) => {}
    }
}

impl Collector<'_> {
    /// Writes down what is known so far, where that is due.
    pub(crate) fn check(&mut self, counted: Option<Counted>) -> Result<(), OutputError> {
        let Some(mut watched) = self.watched.take() else {
            return Ok(());
        };
        self.export(|exporter| exporter.flush())?;
        if let Some((read, totals)) = counted {
            self.checkpoint(&watched, &read, &totals)?;
            watched.count = watched.count.wrapping_add(1);
        }
        self.watched = Some(watched);
        Ok(())
    }

    fn checkpoint(
        &mut self,
        watched: &Watched,
        read: &Read,
        totals: &WorkerTotals,
    ) -> Result<(), OutputError> {
        let is_read = self.has_outputs();
        let mut news = self.folds.news(&mut self.findings, is_read);
        if let Some(watch) = &mut self.watch {
            watch.news(&mut news);
        }
        self.gateways.news(&mut news);
        news.iter().try_for_each(|told| self.tell_alert(told))?;
        self.say_limits(&read.totals, totals, watched.flows)?;
        self.say_health(&read.totals.health, &watched.health)?;
        let summary = Summary {
            ongoing: true,
            ..summary::of(read, totals, self, watched.workers, watched.began.elapsed())
        };
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let is_whole = watched.count.checked_rem(FLOWS_EVERY) == Some(0);
        if is_whole && let Some(inventory) = &self.inventory {
            store.hosts(&inventory.hosts(&Makers::installed()))?;
        }
        store.checkpoint(&summary, is_whole)?;
        Ok(())
    }
}
