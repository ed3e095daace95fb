//! The collector: puts what the workers made in order and writes it out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sekisho_detect::indicators::{Indicators, Watch};
use sekisho_export::{Exporter, SaidLines};
use sekisho_flow::Config as FlowConfig;
use sekisho_model::app::Said;
use sekisho_model::summary::{PolicyChanges, Protection, RuleUse};
use sekisho_model::{Alert, FlowRecord, Timestamp, Told, limits};
use sekisho_policy::{Findings, Mode, Policy};
use sekisho_store::{StoreError, StoreWriter};
use sekisho_wire::partition::PARTITIONS;

use crate::checkpoint;
use crate::fold::{Fold, Folds};
use crate::gateway::Gateways;
use crate::health::{self, Report, Settings};
use crate::inventory::{Inventory, Makers, Scope};
use crate::limit_alerts;
use crate::reader::{ReaderTotals, worker_of};
use crate::reload::{self, Reload};
use crate::replay;
use crate::spans::Spans;
use crate::tally::Tally;
use crate::work::{Done, Gathered, Judged, What, Work, WorkerTotals};

/// Records that are put in order together when the input has ended: a bound on memory. Captures
/// with fewer flows alive at their end come out in the order of time.
const SORTED_AT_ONCE: usize = 65_536;

/// Why a run could not write its results.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The data directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An exporter.
    #[error("cannot write {name}: {cause}")]
    Export {
        /// What was written to.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Whoever read the only output closed it.
    #[error("nobody reads the output any more")]
    Closed,
    /// A thread of the run ended in a fault of ours.
    #[error("a {0} thread failed; this is a fault of Sekisho, what was written so far is incomplete")]
    Thread(&'static str),
}

/// An exporter and the name of what it writes to.
pub struct NamedExporter {
    /// What it writes to, as the operator named it.
    pub name: String,
    /// The exporter.
    pub exporter: Box<dyn Exporter>,
}

/// What puts records in order, and where the record is.
type Order = (Timestamp, Timestamp, u64, u32, (u32, u32));

/// Where records and alerts go.
pub(crate) struct Collector<'a> {
    /// What the records at hand were judged by.
    policy: Arc<Policy>,
    pub(crate) store: Option<&'a mut dyn StoreWriter>,
    exporters: &'a mut Vec<NamedExporter>,
    pub(crate) folds: Folds,
    /// Flows over gateways.
    pub(crate) gateways: Gateways,
    pub(crate) flow: &'a FlowConfig,
    /// Devices; only where they are kept.
    pub(crate) inventory: Option<Inventory>,
    /// Folds that are closed and still to be written.
    closed: Vec<Fold>,
    pub(crate) findings: Findings,
    /// What the sightings at hand are of.
    indicators: Arc<Indicators>,
    /// What meets indicators; only where there were any.
    pub(crate) watch: Option<Watch>,
    /// Alerts of it that are still to be written.
    met: Vec<Told>,
    /// Packet time at the end of the batch before.
    begin: Timestamp,
    /// The same, of the last batch that was read.
    last: Timestamp,
    /// When limits were met.
    spans: Spans,
    /// Room for the order of the records at hand.
    order: Vec<Order>,
    /// Flows that lived when the input ended, on their way into order.
    drained: Gathered,
    /// The limits whose alert was told already, by its id.
    told_limits: BTreeSet<u64>,
    /// Until when alerts about capture health were told, by their ids.
    told_health: BTreeMap<u64, Timestamp>,
    /// Whether the run is watched while it goes on.
    pub(crate) watched: Option<checkpoint::Watched>,
    /// What the process may still do, for the summary.
    pub(crate) protection: Option<Protection>,
    /// Records written.
    pub(crate) records: u64,
    /// Records that the operator's filter left out.
    pub(crate) filtered: u64,
    pub(crate) tally: Tally,
    pub(crate) totals: WorkerTotals,
    /// What came of the policy folder.
    pub(crate) changes: PolicyChanges,
    /// What came of the lists of indicators.
    pub(crate) list_changes: PolicyChanges,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        policy: Arc<Policy>,
        flow: &'a FlowConfig,
        store: Option<&'a mut dyn StoreWriter>,
        exporters: &'a mut Vec<NamedExporter>,
    ) -> Self {
        let inventory = store
            .is_some()
            .then(|| Inventory::new(Scope::new(Arc::clone(&policy))));
        Self {
            inventory,
            gateways: Gateways::new(&policy, flow),
            flow,
            policy,
            store,
            exporters,
            folds: Folds::new(),
            closed: Vec::new(),
            findings: Findings::default(),
            indicators: Indicators::none(),
            watch: None,
            met: Vec::new(),
            begin: Timestamp::MIN,
            last: Timestamp::MIN,
            spans: Spans::default(),
            order: Vec::new(),
            drained: Gathered::default(),
            told_limits: BTreeSet::new(),
            told_health: BTreeMap::new(),
            watched: None,
            protection: None,
            records: 0,
            filtered: 0,
            tally: Tally::default(),
            totals: WorkerTotals::default(),
            changes: PolicyChanges::default(),
            list_changes: PolicyChanges::default(),
        }
    }

    /// The policy in force.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The indicators in force.
    pub(crate) fn indicators(&self) -> &Indicators {
        &self.indicators
    }

    /// From now on sightings are of `indicators`.
    fn look_for(&mut self, indicators: &Arc<Indicators>) {
        if Arc::ptr_eq(&self.indicators, indicators) {
            return;
        }
        self.indicators = Arc::clone(indicators);
        if self.watch.is_some() || !indicators.is_empty() {
            self.watch.get_or_insert_default().follow(indicators);
        }
    }

    /// What comes next, from `now` on, is judged by `policy`; `news` is what came of the folders.
    fn follow(&mut self, policy: &Arc<Policy>, news: &[Reload], now: Timestamp) -> Result<(), OutputError> {
        // Before the first packet there is no packet time.
        let now = now.max(Timestamp::from_nanos(0));
        for reload in news {
            reload::count(&mut self.changes, &mut self.list_changes, reload, &self.policy);
            match reload {
                Reload::Refused(reason) => self.write_alert(&reload::refusal(reason, policy, now))?,
                Reload::ListsRefused(reason) => {
                    let alert = reload::lists_refusal(reason, &self.indicators, now);
                    self.write_alert(&alert)?;
                }
                Reload::Policy(_) | Reload::Lists(_) => {}
            }
        }
        if Arc::ptr_eq(policy, &self.policy) {
            return Ok(());
        }
        self.tally.renumber(&self.policy, policy);
        self.gateways.follow(policy, self.flow, now);
        if let Some(inventory) = &mut self.inventory {
            inventory.rescope(Scope::new(Arc::clone(policy)));
        }
        if let Some(store) = &mut self.store {
            replay::keep_policy(&mut **store, policy, Some(now))?;
        }
        for named in &mut *self.exporters {
            named.exporter.raises_alerts(policy.mode() == Mode::Enforce);
        }
        self.policy = Arc::clone(policy);
        Ok(())
    }

    /// What of the policy was met by traffic.
    pub(crate) fn rules(&self, totals: &WorkerTotals) -> RuleUse {
        let uses = &totals.uses;
        let used = uses.iter().filter(|(id, _)| !id.is_empty());
        let mut unused: Vec<_> = self
            .policy
            .entries()
            .filter(|entry| !uses.contains_key(&**entry.id()))
            .map(|entry| (entry.is_exception(), entry.id().to_string()))
            .collect();
        // One over a gateway comes twice.
        unused.dedup();
        let unused_of = |exceptions: bool| {
            let of_kind = unused
                .iter()
                .filter(|(is_exception, _)| *is_exception == exceptions);
            of_kind.map(|(_, id)| id.clone()).collect()
        };
        RuleUse {
            used: used.map(|(id, records)| (id.to_string(), *records)).collect(),
            unused_paths: unused_of(false),
            unused_exceptions: unused_of(true),
        }
    }

    /// Folds closed because there were too many.
    pub(crate) const fn closed_early(&self) -> u64 {
        self.folds.closed_early()
    }

    /// Groups of flows over gateways that were not decided because there were too many.
    pub(crate) const fn gateway_legs_undecided(&self) -> u64 {
        self.gateways.undecided()
    }

    /// Alerts about indicators that were closed because there were too many.
    pub(crate) fn indicator_alerts_closed_early(&self) -> u64 {
        self.watch.as_ref().map_or(0, Watch::closed_early)
    }

    /// Addresses that were not inventoried because there were too many.
    pub(crate) fn hosts_unlisted(&self) -> u64 {
        self.inventory.as_ref().map_or(0, Inventory::unlisted)
    }

    /// Values that found no place in the daily set of their day.
    pub(crate) fn daily_values_missed(&self) -> u64 {
        self.store.as_ref().map_or(0, |store| store.daily_values_missed())
    }

    /// Writes the alerts for the limits that were met. `flows` is the limit on flows of this run.
    pub(crate) fn say_limits(
        &mut self,
        read: &ReaderTotals,
        totals: &WorkerTotals,
        flows: usize,
    ) -> Result<(), OutputError> {
        let mut spans = self.spans.clone();
        spans.add(&read.spans);
        spans.add(&totals.spans);
        let input = (read.first.unwrap_or_default(), read.last.unwrap_or_default());
        let flows = u64::try_from(flows).unwrap_or(u64::MAX);
        for alert in limit_alerts::of(&spans, input, flows) {
            let is_told = !self.told_limits.insert(alert.id);
            self.tell_alert(&Told {
                alert,
                is_told,
                is_news: true,
            })?;
        }
        Ok(())
    }

    /// Keeps what the ledger of capture health has, and writes its alerts.
    pub(crate) fn say_health(&mut self, report: &Report, settings: &Settings) -> Result<(), OutputError> {
        if let Some(store) = &mut self.store {
            store.blind(&report.intervals)?;
        }
        for episode in &report.episodes {
            let alert = health::alert(episode, settings);
            let told = self.told_health.insert(alert.id, alert.last_seen);
            let is_news = told != Some(alert.last_seen);
            self.tell_alert(&Told {
                alert,
                is_told: told.is_some(),
                is_news,
            })?;
        }
        Ok(())
    }

    /// Collects until every worker has said what it counted.
    pub(crate) fn collect(
        &mut self,
        workers: &[Receiver<Done>],
        returned: &Sender<Work>,
    ) -> Result<(), OutputError> {
        let mut gathered = Gathered::default();
        let mut checkpoint = None;
        // Every worker does every batch; the first to say that it drains has no batch left, and then
        // no other has.
        loop {
            let mut ended = None;
            for worker in workers {
                let mut done = receive(worker)?;
                match done.what {
                    What::Batch {
                        now,
                        policy,
                        indicators,
                        news,
                        work,
                        checkpoint: counted,
                    } => {
                        checkpoint::gather(&mut checkpoint, counted);
                        if ended.is_none() {
                            self.follow(&policy, &news, now)?;
                            self.look_for(&indicators);
                        }
                        gathered.append(&mut done.gathered);
                        // The last of the handles that the workers give back is the only one left.
                        if let Some(work) = work.and_then(Arc::into_inner) {
                            // A reader that has ended needs no more batches.
                            let _ = returned.try_send(work);
                        }
                        ended = Some(now);
                    }
                    _ => return self.drain(workers, done),
                }
            }
            self.write(&mut gathered, ended)?;
            self.check(checkpoint.take())?;
        }
    }

    /// Takes the flows that lived when the input ended, partition by partition, and what each worker
    /// counted. `first` is what the first worker has already said.
    fn drain(&mut self, workers: &[Receiver<Done>], first: Done) -> Result<(), OutputError> {
        let mut first = Some(first);
        for partition in 0..PARTITIONS {
            let Some(worker) = workers.get(worker_of(partition, workers.len())) else {
                continue;
            };
            loop {
                let done = first.take().map_or_else(|| receive(worker), Ok)?;
                let is_drained = !matches!(done.what, What::Draining);
                self.take(done)?;
                if is_drained {
                    break;
                }
            }
        }
        for worker in workers {
            self.take(receive(worker)?)?;
        }
        self.finish()
    }

    /// Takes what the only worker has done.
    pub(crate) fn take(&mut self, mut done: Done) -> Result<(), OutputError> {
        match done.what {
            What::Batch {
                now,
                policy,
                indicators,
                news,
                checkpoint,
                ..
            } => {
                self.follow(&policy, &news, now)?;
                self.look_for(&indicators);
                self.write(&mut done.gathered, Some(now))?;
                self.check(checkpoint)
            }
            What::Draining | What::Drained => {
                let mut drained = std::mem::take(&mut self.drained);
                drained.append(&mut done.gathered);
                if drained.len() >= SORTED_AT_ONCE {
                    self.write(&mut drained, None)?;
                }
                self.drained = drained;
                Ok(())
            }
            What::Totals(totals) => {
                self.totals.add(&totals);
                Ok(())
            }
        }
    }

    /// Writes what is left when every worker has said what it counted.
    pub(crate) fn finish(&mut self) -> Result<(), OutputError> {
        let mut drained = std::mem::take(&mut self.drained);
        self.write(&mut drained, None)?;
        self.folds.drain(&mut self.closed);
        if let Some(watch) = &mut self.watch {
            watch.drain(&mut self.met);
        }
        self.write_alerts()?;
        let mut gaps = Vec::new();
        self.gateways.drain(self.last, &mut gaps);
        gaps.iter().try_for_each(|gap| self.tell_alert(gap))?;
        if let (Some(inventory), Some(store)) = (&self.inventory, &mut self.store) {
            store.hosts(&inventory.hosts(&Makers::installed()))?;
        }
        Ok(())
    }

    /// Whether of what is said only the lines are wanted.
    pub(crate) fn wants_lines(&self) -> bool {
        self.inventory.is_none()
            && self
                .exporters
                .iter()
                .all(|named| named.exporter.takes_said_lines())
    }

    /// Whether records go anywhere.
    pub(crate) fn has_outputs(&self) -> bool {
        self.store.is_some() || !self.exporters.is_empty()
    }

    /// Writes what one batch brought, in an order that does not depend on the workers: equal keys
    /// come from one flow, so from one worker, and stay as they are.
    fn write(&mut self, gathered: &mut Gathered, now: Option<Timestamp>) -> Result<(), OutputError> {
        let Gathered { records, said, lines } = gathered;
        self.tell(said)?;
        SaidLines::in_order(lines, |line| self.export(|exporter| exporter.said_line(line)))?;
        lines.clear();
        // Numbers beside the keys are put in order: the records themselves are large to move.
        let mut order = std::mem::take(&mut self.order);
        order.extend(
            records.iter().map(|(place, Judged { brief, .. })| {
                (brief.end, brief.start, brief.flow_id, brief.part, place)
            }),
        );
        order.sort_unstable();
        for (.., place) in order.drain(..) {
            let Some(judged) = records.get_mut(place) else {
                continue;
            };
            self.tally.record(judged);
            self.gateways.note(&judged.brief);
            if judged.is_kept {
                self.records = self.records.saturating_add(1);
            } else {
                self.filtered = self.filtered.saturating_add(1);
            }
            if let Some(record) = judged.record.take() {
                if let Some(leg) = judged.leg {
                    self.gateways.observe(leg, &record);
                }
                if let Some(inventory) = &mut self.inventory {
                    inventory.observe(&record);
                }
                if judged.is_kept {
                    self.write_record(&record)?;
                }
                if let Some(watch) = &mut self.watch {
                    watch.see(&record);
                    watch.observe(&record, std::mem::take(&mut judged.sightings), &mut self.met);
                }
                for rule in std::mem::take(&mut judged.rules) {
                    self.folds.meet(&self.policy, rule, &record, &mut self.closed);
                }
                self.folds.observe(&self.policy, record, &mut self.closed);
            }
        }
        self.order = order;
        records.clear();
        let mut gaps = Vec::new();
        if let Some(now) = now {
            self.folds.expire(now, &mut self.closed);
            if let Some(watch) = &mut self.watch {
                watch.expire(now, &mut self.met);
            }
            self.gateways.expire(now, &mut gaps);
            self.last = self.last.max(now);
        }
        // What is written after the input has ended belongs to its last moment.
        let end = now.unwrap_or(Timestamp::MAX);
        for (limit, value) in [
            (limits::ALERT_FOLDS, self.folds.closed_early()),
            (limits::INDICATOR_ALERTS, self.indicator_alerts_closed_early()),
            (limits::GATEWAY_LEGS, self.gateways.undecided()),
            (limits::HOSTS, self.hosts_unlisted()),
            (limits::DAILY_VALUES, self.daily_values_missed()),
            (limits::TALKERS, self.tally.unranked()),
        ] {
            self.spans.note(limit.counter, value, self.begin, end);
        }
        self.begin = end;
        self.write_alerts()?;
        gaps.iter().try_for_each(|gap| self.tell_alert(gap))
    }

    /// Hands on what was said, in the order of time.
    fn tell(&mut self, said: &mut Vec<Said>) -> Result<(), OutputError> {
        said.sort_by_key(|said| {
            let flow = said.flow.as_ref().map_or(0, |flow| flow.flow_id);
            (said.event.at(), flow, said.ordinal)
        });
        for said in said.drain(..) {
            if let Some(inventory) = &mut self.inventory {
                inventory.hear(&said);
            }
            if let Some(store) = &mut self.store {
                store.said(&said)?;
            }
            self.export(|exporter| exporter.said(&said))?;
        }
        Ok(())
    }

    fn write_record(&mut self, record: &FlowRecord) -> Result<(), OutputError> {
        if let Some(store) = &mut self.store {
            store.flow(record)?;
        }
        self.export(|exporter| exporter.flow(record))
    }

    /// Writes the alerts of the folds that are closed, one after the other: their words take more room
    /// than the folds.
    fn write_alerts(&mut self) -> Result<(), OutputError> {
        let is_read = self.has_outputs();
        let mut closed = std::mem::take(&mut self.closed);
        for fold in closed.drain(..) {
            if let Some(told) = fold.into_alert(&mut self.findings, is_read) {
                self.tell_alert(&told)?;
            }
        }
        self.closed = closed;
        let mut met = std::mem::take(&mut self.met);
        met.drain(..).try_for_each(|told| self.tell_alert(&told))?;
        self.met = met;
        Ok(())
    }

    /// Writes an alert: in the place of what was told of it before, and again to those who
    /// only ever get more.
    pub(crate) fn tell_alert(&mut self, told: &Told) -> Result<(), OutputError> {
        if !told.is_told {
            return self.write_alert(&told.alert);
        }
        if let Some(store) = &mut self.store
            && told.is_news
        {
            store.alert(&told.alert)?;
        }
        Ok(())
    }

    pub(crate) fn write_alert(&mut self, alert: &Alert) -> Result<(), OutputError> {
        self.tally.alert(alert);
        if let Some(store) = &mut self.store {
            store.alert(alert)?;
        }
        self.export(|exporter| exporter.alert(alert))
    }

    pub(crate) fn export(
        &mut self,
        write: impl FnMut(&mut dyn Exporter) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let had_some = !self.exporters.is_empty();
        write_all(self.exporters, write)?;
        // The only reader of the run has had enough, as `head` does.
        if had_some && self.exporters.is_empty() && self.store.is_none() {
            return Err(OutputError::Closed);
        }
        Ok(())
    }
}

fn receive(worker: &Receiver<Done>) -> Result<Done, OutputError> {
    worker.recv().map_err(|_| OutputError::Thread("worker"))
}

/// Writes to every exporter. One whose reader has closed it is left out from then on.
pub(crate) fn write_all(
    exporters: &mut Vec<NamedExporter>,
    mut write: impl FnMut(&mut dyn Exporter) -> io::Result<()>,
) -> Result<(), OutputError> {
    let mut failed = None;
    exporters.retain_mut(|named| match write(named.exporter.as_mut()) {
        Ok(()) => true,
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => false,
        Err(cause) => {
            failed.get_or_insert(OutputError::Export {
                name: named.name.clone(),
                cause,
            });
            true
        }
    });
    failed.map_or(Ok(()), Err)
}
