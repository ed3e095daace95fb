//! The writing side: rows wait by hour, and leave as whole files.
//!
//! Memory: at most [`MAX_WAITING`] flow records, [`daily::MAX_WAITING`] values of daily sets and
//! [`MAX_ALERTS`] alerts; past that the hour with most records, or the day with most values, becomes a
//! file. A file is written under another name, synced and then renamed, so that a crash leaves either
//! the whole file or none. Daily sets are written with each hour of packet time, so that they are not
//! far behind the flows.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use rusqlite::Connection;
use sekisho_filter::Row;
use sekisho_model::app::Said;
use sekisho_model::fields::{FIELDS, Value};
use sekisho_model::summary::Summary;
use sekisho_model::{Alert, BlindInterval, FlowRecord, Host, Timestamp, limits};

use super::layout::{self, Layout};
use super::silenced::Silenced;
use super::{alerts, blind, daily, hosts, migrate, runs, schema, versions};
use crate::{AlertRow, PolicyText, StoreError, StoreWriter};

/// Most flow records that wait in memory, about 100 MB of them.
const MAX_WAITING: usize = 262_144;

/// Most alerts that wait in memory.
const MAX_ALERTS: usize = 1_024;

/// Memory for pages of the database, in KiB: those of [`MAX_ALERTS`] alerts and of their indexes, so that
/// none is written twice for one transaction.
const PAGES_KIB: i64 = 32 * 1_024;
/// Pages of the log that are copied into the database in one go: many alerts share a page there.
const LOG_PAGES: i64 = 8_192;

/// Adds one run to a data directory. Only one at a time exists for a directory.
pub struct EmbeddedWriter {
    layout: Layout,
    database: Connection,
    waiting: BTreeMap<i64, Vec<FlowRecord>>,
    count: usize,
    most: usize,
    next_part: HashMap<i64, u32>,
    daily: daily::Gathered,
    daily_files: daily::Files,
    /// The last hour of packet time in which daily sets were written.
    daily_hour: i64,
    alerts: Vec<AlertRow>,
    silenced: Silenced,
    keep_daily: Option<KeepDaily>,
    /// Days whose sets were removed for their age.
    forgotten: u64,
    policy: Option<i64>,
    /// The row of this run, where it has one before its end.
    run: Option<i64>,
    /// Hash of the policy version that this run judges by.
    version: Option<String>,
    /// Since when, where that is not the first packet.
    version_since: Option<Timestamp>,
    /// Hash of the version that judged the first packet.
    first_version: Option<String>,
    /// Held for as long as the writer lives.
    _lock: File,
}

/// How long daily sets are kept.
struct KeepDaily {
    days: u32,
    now: fn() -> Timestamp,
}

impl KeepDaily {
    /// The first day that is kept when a day begins.
    fn before(&self, day: i64) -> i64 {
        let newest = day.min(daily::day_of((self.now)()));
        newest.saturating_sub(i64::from(self.days)).saturating_add(1)
    }
}

impl EmbeddedWriter {
    pub(super) fn new(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.lock();
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy {
                    path: layout.root().to_owned(),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(StoreError::io("lock", &path)(cause)),
        }
        layout.remove_unfinished()?;
        let daily_files = daily::Files::of(layout.root());
        daily_files.tidy()?;
        let database = migrate::open(&layout.database())?;
        let roomy = database
            .pragma_update(None, "cache_size", PAGES_KIB.saturating_neg())
            .and_then(|()| database.pragma_update(None, "wal_autocheckpoint", LOG_PAGES));
        roomy.map_err(StoreError::database(&layout.database()))?;
        blind::shut(&database, &layout.database())?;
        Ok(Self {
            layout: layout.clone(),
            database,
            waiting: BTreeMap::new(),
            count: 0,
            most: MAX_WAITING,
            next_part: HashMap::new(),
            daily: daily::Gathered::new(limits::DAILY_VALUES.default),
            daily_files,
            daily_hour: i64::MIN,
            alerts: Vec::new(),
            silenced: Silenced::default(),
            keep_daily: None,
            forgotten: 0,
            policy: None,
            run: None,
            version: None,
            version_since: None,
            first_version: None,
            _lock: lock,
        })
    }

    /// The same, keeping the daily sets of so many days alone. What is older goes when a day begins: by
    /// packet time, but never by one that is later than `now`, so that a packet with a wrong time
    /// cannot empty the directory.
    #[must_use]
    pub fn keeping_daily(mut self, days: u32, now: fn() -> Timestamp) -> Self {
        self.keep_daily = Some(KeepDaily { days, now });
        self
    }

    /// The summary of the run, with what is known here alone.
    fn counted(&self, summary: &Summary) -> Summary {
        let mut summary = self.silenced.apart(summary);
        summary.forgotten_days = self.forgotten;
        summary
    }

    /// The same with less room, so that a test meets the limit.
    #[cfg(test)]
    pub(super) fn with_room(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    fn write_hour(&mut self, hour: i64) -> Result<(), StoreError> {
        let Some(mut records) = self.waiting.remove(&hour) else {
            return Ok(());
        };
        self.count = self.count.saturating_sub(records.len());
        records.sort_by_key(|record| (record.start, record.flow_id, record.part));
        let folder = self.layout.hour(hour);
        make_folders(&folder, self.layout.root())?;
        let number = match self.next_part.get(&hour) {
            Some(number) => *number,
            None => layout::last_part(&folder)?.map_or(0, |last| last.saturating_add(1)),
        };
        self.next_part.insert(hour, number.saturating_add(1));
        write_part(&folder.join(layout::part_name(number)), &records)?;
        sync_folder(&folder)
    }

    fn write_hours(&mut self) -> Result<(), StoreError> {
        while let Some(hour) = self.waiting.keys().next().copied() {
            self.write_hour(hour)?;
        }
        Ok(())
    }

    /// Says what is written of a day before the run adds to it, so that its limit counts for all runs.
    fn begin_day(&mut self, at: Timestamp) -> Result<(), StoreError> {
        let day = daily::day_of(at);
        if !self.daily.knows(day) {
            if let Some(keep) = &self.keep_daily {
                let before = keep.before(day);
                let forgotten = self.daily_files.forget(before)?;
                self.forgotten = self.forgotten.saturating_add(forgotten);
            }
            let values = daily::values(&self.daily_files, day)?;
            self.daily.note_written(day, values);
        }
        Ok(())
    }

    fn write_day(&mut self, day: i64, last: bool) -> Result<(), StoreError> {
        let rows = self.daily.take(day);
        daily::keep(&self.daily_files, self.layout.root(), day, rows, last)
    }

    /// Writes the day with most values while there are too many, and all of them when an hour of packet
    /// time has passed.
    fn write_due_days(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if now.hour() > self.daily_hour {
            let days = match self.daily_hour {
                i64::MIN => Vec::new(),
                _ => self.daily.days(),
            };
            self.daily_hour = now.hour();
            return days.into_iter().try_for_each(|day| self.write_day(day, false));
        }
        while self.daily.waiting() >= daily::MAX_WAITING {
            let Some(day) = self.daily.fullest() else {
                return Ok(());
            };
            self.write_day(day, false)?;
        }
        Ok(())
    }

    fn write_alerts(&mut self) -> Result<(), StoreError> {
        alerts::put(
            &mut self.database,
            &self.layout.database(),
            &self.alerts,
            &mut self.silenced,
        )?;
        self.alerts.clear();
        Ok(())
    }
}

impl StoreWriter for EmbeddedWriter {
    fn flow(&mut self, record: &FlowRecord) -> Result<(), StoreError> {
        self.begin_day(record.start)?;
        self.daily.flow(record);
        self.write_due_days(record.end)?;
        self.waiting
            .entry(record.start.hour())
            .or_default()
            .push(record.clone());
        self.count = self.count.saturating_add(1);
        if self.count < self.most {
            return Ok(());
        }
        let fullest = self.waiting.iter().max_by_key(|(_, records)| records.len());
        match fullest.map(|(hour, _)| *hour) {
            Some(hour) => self.write_hour(hour),
            None => Ok(()),
        }
    }

    fn said(&mut self, said: &Said) -> Result<(), StoreError> {
        self.begin_day(said.event.at())?;
        self.daily.said(said);
        Ok(())
    }

    fn daily_values_missed(&self) -> u64 {
        self.daily.missed()
    }

    fn alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        self.alerts.push(AlertRow::from(alert));
        if self.alerts.len() < MAX_ALERTS {
            return Ok(());
        }
        self.write_alerts()
    }

    fn blind(&mut self, intervals: &[BlindInterval]) -> Result<(), StoreError> {
        blind::put(&mut self.database, &self.layout.database(), intervals)
    }

    fn watched_until(&self) -> Result<Option<Timestamp>, StoreError> {
        blind::watched_until(&self.database, &self.layout.database())
    }

    fn hosts(&mut self, hosts: &[Host]) -> Result<(), StoreError> {
        hosts::put(&mut self.database, &self.layout.database(), hosts)
    }

    fn policy(&mut self, description: &serde_json::Value) -> Result<(), StoreError> {
        let id = runs::put_policy(&self.database, &self.layout.database(), description)?;
        self.policy = Some(id);
        Ok(())
    }

    fn policy_text(&mut self, text: &PolicyText) -> Result<(), StoreError> {
        versions::put(&self.database, &self.layout.database(), text)?;
        self.version = Some(text.hash.clone());
        self.first_version = self.version.clone();
        Ok(())
    }

    fn newer_policy_text(&mut self, text: &PolicyText, at: Timestamp) -> Result<(), StoreError> {
        let path = self.layout.database();
        if let Some(hash) = &self.version {
            versions::judged(&self.database, &path, hash, (self.version_since, Some(at)))?;
        }
        versions::put(&self.database, &path, text)?;
        self.version = Some(text.hash.clone());
        self.version_since = Some(at);
        Ok(())
    }

    fn checkpoint(&mut self, summary: &Summary, flows: bool) -> Result<(), StoreError> {
        if flows {
            self.write_hours()?;
        }
        self.write_alerts()?;
        let run = runs::put(
            &self.database,
            &self.layout.database(),
            &self.counted(summary),
            self.policy,
            self.run,
        )?;
        self.run = Some(run);
        Ok(())
    }

    fn finish(mut self: Box<Self>, summary: &Summary) -> Result<(), StoreError> {
        self.write_hours()?;
        for day in self.daily.touched() {
            self.write_day(day, true)?;
        }
        self.write_alerts()?;
        let path = self.layout.database();
        if let Some(hash) = &self.first_version {
            versions::judged(&self.database, &path, hash, (summary.first_packet, None))?;
        }
        if let Some(hash) = &self.version {
            let span = (self.version_since, summary.last_packet);
            versions::judged(&self.database, &path, hash, span)?;
            versions::ended(&self.database, &path, hash)?;
        }
        let summary = self.counted(summary);
        runs::put(&self.database, &path, &summary, self.policy, self.run).map(|_| ())
    }
}

/// Makes the folders of an hour; each new one is synced into its parent.
pub(super) fn make_folders(folder: &Path, root: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(StoreError::io("make", folder))?;
    let parents = folder
        .ancestors()
        .skip(1)
        .take_while(|parent| parent.starts_with(root));
    for parent in parents {
        sync_folder(parent)?;
    }
    Ok(())
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io("sync", folder))
}

fn write_part(path: &Path, records: &[FlowRecord]) -> Result<(), StoreError> {
    let unfinished = layout::unfinished(path);
    let written = write_file(&unfinished, records)
        .and_then(|()| fs::rename(&unfinished, path).map_err(StoreError::io("rename to", path)));
    if written.is_err() {
        // What is left of it is of no use, and the room may be needed; the first error counts.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_file(path: &Path, records: &[FlowRecord]) -> Result<(), StoreError> {
    let file = File::create(path).map_err(StoreError::io("create", path))?;
    let written = || -> Result<File, ParquetError> {
        let mut writer = SerializedFileWriter::new(file, schema::schema()?, Arc::new(schema::properties()))?;
        for group in records.chunks(schema::GROUP_ROWS) {
            write_group(writer.next_row_group()?, group)?;
        }
        writer.into_inner()
    };
    let file = written().map_err(StoreError::writing(path))?;
    file.sync_all().map_err(StoreError::io("sync", path))
}

fn write_group(
    mut group: SerializedRowGroupWriter<'_, File>,
    records: &[FlowRecord],
) -> Result<(), ParquetError> {
    let mut values: Vec<_> = FIELDS.iter().map(|_| Values::default()).collect();
    for record in records {
        for (field, values) in FIELDS.iter().zip(&mut values) {
            values.push(record.value(field));
        }
    }
    for values in values {
        let Some(mut column) = group.next_column()? else {
            return Err(ParquetError::General("the schema has too few columns".to_owned()));
        };
        values.write(column.untyped())?;
        column.close()?;
    }
    group.close()?;
    Ok(())
}

/// The values of one column, of whichever type they are.
#[derive(Default)]
struct Values {
    /// 1 for each row that has a value, 0 for each that has none.
    present: Vec<i16>,
    integers: Vec<i64>,
    seconds: Vec<f64>,
    /// Every word, one after the other.
    octets: Vec<u8>,
    /// Where each word ends.
    ends: Vec<usize>,
}

impl Values {
    fn push(&mut self, value: Value<'_>) {
        self.present.push(i16::from(value != Value::Absent));
        match value {
            Value::Number(number) => self.integers.push(number.cast_signed()),
            Value::Time(time) => self.integers.push(time.nanos()),
            Value::Seconds(seconds) => self.seconds.push(seconds),
            Value::Text(text) => self.push_word(text.as_bytes()),
            Value::Address(address) => self.push_word(address.to_string().as_bytes()),
            Value::Absent => {}
        }
    }

    fn push_word(&mut self, word: &[u8]) {
        self.octets.extend_from_slice(word);
        self.ends.push(self.octets.len());
    }

    fn write(self, column: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = Some(self.present.as_slice());
        match column {
            ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&self.integers, present, None),
            ColumnWriter::DoubleColumnWriter(writer) => writer.write_batch(&self.seconds, present, None),
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                // All words share one allocation.
                let octets = ByteArray::from(self.octets);
                let begins = std::iter::once(0).chain(self.ends.iter().copied());
                let words: Vec<_> = begins
                    .zip(&self.ends)
                    .map(|(begin, end)| octets.slice(begin, end - begin))
                    .collect();
                writer.write_batch(&words, present, None)
            }
            _ => Err(ParquetError::General(
                "the schema has a column of a wrong type".to_owned(),
            )),
        }?;
        Ok(())
    }
}
