//! The two sides of a store: who reads and who writes.

use sekisho_filter::{Filter, Row};
use sekisho_model::app::Said;
use sekisho_model::fields::Field;
use sekisho_model::summary::{AlertTotals, Summary};
use sekisho_model::{Alert, BlindInterval, FlowRecord, Host, Timestamp};
use serde_json::Value;

use crate::{
    AlertQuery, AlertRow, Covers, DailySum, Exception, FlowQuery, FlowRow, HostQuery, HostRow, LookBack,
    NewException, Page, PolicyText, PolicyVersion, RegisterEntry, SilencedDay, StoreError, TimeRange,
    Traffic, TrafficQuery, Wanted,
};

/// What can be asked of a store. Every engine gives the same answers.
pub trait Store: Send + Sync {
    /// A page of flow records, newest first by (start, flow id, part).
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] for a limit or a cursor that is none; else what failed to be read.
    fn flows(&self, query: &FlowQuery) -> Result<Page<FlowRow>, StoreError>;

    /// Every record of one flow, oldest first; empty if there is none.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn flow(&self, flow_id: u64) -> Result<Vec<FlowRow>, StoreError>;

    /// Traffic over time, between zones, and by address.
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] for a number of buckets or a range that is none; else what failed to
    /// be read.
    fn traffic(&self, query: &TrafficQuery) -> Result<Traffic, StoreError>;

    /// A page of alerts, newest first by (last seen, id).
    ///
    /// # Errors
    ///
    /// As [`Store::flows`].
    fn alerts(&self, query: &AlertQuery) -> Result<Page<AlertRow>, StoreError>;

    /// One alert.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn alert(&self, id: u64) -> Result<Option<AlertRow>, StoreError>;

    /// Alerts last seen in a range, by severity and by rule.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn alert_totals(&self, range: &TimeRange) -> Result<AlertTotals, StoreError>;

    /// Adds alerts that looking back raised, or puts them in the place of those with the same id; gives
    /// how many are new.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn raise(&self, alerts: &[AlertRow]) -> Result<u64, StoreError>;

    /// Every exception from alerts, the newest first.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn exceptions(&self) -> Result<Vec<Exception>, StoreError>;

    /// Which alerts that are kept an exception would silence, by the UTC day on which they were last seen,
    /// the newest first.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn preview_exception(&self, covers: &Covers, until: Timestamp) -> Result<Vec<SilencedDay>, StoreError>;

    /// Keeps an exception, which silences what it covers from now on and in what is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] for one that nobody could answer for; else what failed to be written.
    fn add_exception(&self, new: &NewException) -> Result<Exception, StoreError>;

    /// Ends an exception; nothing where there is none of that number. One that was ended stays as it is.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn end_exception(&self, id: u64, by: &str, at: Timestamp) -> Result<Option<Exception>, StoreError>;

    /// A page of devices, the one seen last first.
    ///
    /// # Errors
    ///
    /// As [`Store::flows`].
    fn hosts(&self, query: &HostQuery) -> Result<Page<HostRow>, StoreError>;

    /// One device.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn host(&self, id: u64) -> Result<Option<HostRow>, StoreError>;

    /// The register of devices, by MAC address or IP address.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn register(&self) -> Result<Vec<RegisterEntry>, StoreError>;

    /// Puts a register in the place of the one before, all or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] for more than [`crate::MAX_REGISTER`] entries; else what failed to be written.
    fn put_register(&self, entries: &[RegisterEntry]) -> Result<(), StoreError>;

    /// The summary of the last run that finished.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn summary(&self) -> Result<Option<Summary>, StoreError>;

    /// The intervals in which the sensor did not see and that meet a range, the newest first, `most` of them
    /// at most.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn blind(&self, range: &TimeRange, most: usize) -> Result<Vec<BlindInterval>, StoreError>;

    /// The policy that the last run judged by, as the run described it.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn policy(&self) -> Result<Option<Value>, StoreError>;

    /// The policy versions that are kept, the one that a run used last first.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn policy_versions(&self) -> Result<Vec<PolicyVersion>, StoreError>;

    /// The files of the policy version with this hash, each with its text.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn policy_text(&self, hash: &str) -> Result<Option<Vec<(String, String)>>, StoreError>;

    /// Shows every flow record that started in a range, with the values of `fields` alone.
    ///
    /// # Errors
    ///
    /// What failed to be read; what was shown until then was shown.
    fn visit(
        &self,
        range: &TimeRange,
        fields: &[&'static Field],
        see: &mut dyn FnMut(&dyn Row),
    ) -> Result<(), StoreError>;

    /// Looks in the daily sets for many values at once. `go_on` is told after each day how many of how
    /// many are done, and says whether to go on.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn look_back(
        &self,
        range: &TimeRange,
        wanted: &Wanted,
        go_on: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<LookBack, StoreError>;

    /// Adds up the flows of each day that an expression is true of, the newest day first: days since the
    /// epoch by UTC, and who began flows. `go_on` is told how much of how much is done, and says whether
    /// to go on.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn days_of(
        &self,
        range: &TimeRange,
        filter: &Filter,
        go_on: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Vec<(i64, DailySum)>, StoreError>;

    /// First start and last end of the flows that are kept.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError>;
}

/// One run that adds to a store.
///
/// What a writer was given may be invisible to readers until [`StoreWriter::finish`].
pub trait StoreWriter: Send {
    /// Adds a flow record.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn flow(&mut self, record: &FlowRecord) -> Result<(), StoreError>;

    /// Takes what was said into account where a daily set is made of it.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn said(&mut self, said: &Said) -> Result<(), StoreError>;

    /// How often a value found no place in the daily set, which was full.
    fn daily_values_missed(&self) -> u64;

    /// Adds an alert, or puts it in the place of the one with the same id.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn alert(&mut self, alert: &Alert) -> Result<(), StoreError>;

    /// Adds intervals in which the sensor did not see, each in the place of the one with the same number.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn blind(&mut self, intervals: &[BlindInterval]) -> Result<(), StoreError>;

    /// Until when the run before this one watched; nothing where there was none.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    fn watched_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Adds devices, each to what is known of it.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn hosts(&mut self, hosts: &[Host]) -> Result<(), StoreError>;

    /// Notes the policy that this run judges by.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn policy(&mut self, description: &Value) -> Result<(), StoreError>;

    /// Keeps the text of that policy, and notes at the end of the run from when to when it judged.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn policy_text(&mut self, text: &PolicyText) -> Result<(), StoreError>;

    /// The same for a policy that takes the place of that one at `at`.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn newer_policy_text(&mut self, text: &PolicyText, at: Timestamp) -> Result<(), StoreError>;

    /// Writes down how a run that goes on stands: alerts and the summary so far, and where `flows` says
    /// so the flows that are held back.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn checkpoint(&mut self, summary: &Summary, flows: bool) -> Result<(), StoreError>;

    /// Writes whatever is still held back, and the summary of the run.
    ///
    /// # Errors
    ///
    /// What failed to be written.
    fn finish(self: Box<Self>, summary: &Summary) -> Result<(), StoreError>;
}
