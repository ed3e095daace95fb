//! The engine that needs no server: SQLite for alerts, Parquet hours for flows.
//!
//! Readers and the one writer share nothing but files, so a dashboard may serve a directory while
//! a run adds to it: SQLite's write-ahead log keeps the two apart, and a flow file is visible only
//! when it is complete.

mod alerts;
mod blind;
mod catalog;
mod daily;
mod exceptions;
mod hosts;
mod layout;
mod migrate;
mod prune;
mod read;
mod runs;
mod scan;
mod schema;
mod silenced;
mod traffic;
mod versions;
mod visit;
mod write;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use sekisho_filter::{Filter, Row};
use sekisho_model::fields::Field;
use sekisho_model::summary::{AlertTotals, Summary};
use sekisho_model::{BlindInterval, Timestamp};
use serde_json::Value;

use crate::{
    AlertQuery, AlertRow, Covers, Exception, FlowQuery, FlowRow, HostQuery, HostRow, MAX_REGISTER,
    NewException, Page, PolicyVersion, RegisterEntry, SilencedDay, Store, StoreError, TimeRange, Traffic,
    TrafficQuery,
};
use catalog::{Catalog, Group};
use layout::Layout;
use silenced::Silenced;

pub use daily::{
    DailyKind, DailyRow, DailySum, LookBack, MAX_ROWS as MAX_DAILY_ROWS, NAMED as NAMED_PEERS, Wanted,
};
pub use write::EmbeddedWriter;

/// A data directory that is open for reading; [`Embedded::writer`] adds to it.
pub struct Embedded {
    layout: Layout,
    catalog: Catalog,
    database: Mutex<Connection>,
}

impl Embedded {
    /// Makes a data directory, or opens the one that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Occupied`] for a folder that holds something else; else what failed.
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        let layout = Layout::new(dir);
        if !layout.database().is_file() {
            if !is_free(dir)? {
                return Err(StoreError::Occupied { path: dir.to_owned() });
            }
            make_private(dir).map_err(StoreError::io("make", dir))?;
        }
        // The database comes first: it is what makes the folder a data directory.
        let store = Self::start(layout)?;
        let flows = store.layout.flows();
        make_private(&flows).map_err(StoreError::io("make", &flows))?;
        Ok(store)
    }

    /// Opens a data directory.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotDataDirectory`] for any other folder; else what failed.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let layout = Layout::new(dir);
        match fs::metadata(layout.database()) {
            Ok(found) if found.is_file() => Self::start(layout),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(StoreError::io("open", &layout.database())(error))
            }
            _ => Err(StoreError::NotDataDirectory { path: dir.to_owned() }),
        }
    }

    fn start(layout: Layout) -> Result<Self, StoreError> {
        let database = migrate::open(&layout.database())?;
        Ok(Self {
            layout,
            catalog: Catalog::default(),
            database: Mutex::new(database),
        })
    }

    /// Begins a run that adds to the directory.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] while another run writes; else what failed.
    pub fn writer(&self) -> Result<EmbeddedWriter, StoreError> {
        EmbeddedWriter::new(&self.layout)
    }

    fn groups(&self, range: &TimeRange) -> Result<Vec<Group>, StoreError> {
        self.catalog.groups(&self.layout, range)
    }

    fn database(&self) -> (MutexGuard<'_, Connection>, PathBuf) {
        // SQLite's own state is whole whatever a panicking thread was doing.
        let connection = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        (connection, self.layout.database())
    }
}

impl Store for Embedded {
    fn flows(&self, query: &FlowQuery) -> Result<Page<FlowRow>, StoreError> {
        scan::page(self, query)
    }

    fn flow(&self, flow_id: u64) -> Result<Vec<FlowRow>, StoreError> {
        scan::flow(self, flow_id)
    }

    fn traffic(&self, query: &TrafficQuery) -> Result<Traffic, StoreError> {
        traffic::traffic(self, query)
    }

    fn alerts(&self, query: &AlertQuery) -> Result<Page<AlertRow>, StoreError> {
        let (connection, path) = self.database();
        alerts::page(&connection, &path, query)
    }

    fn alert(&self, id: u64) -> Result<Option<AlertRow>, StoreError> {
        let (connection, path) = self.database();
        alerts::one(&connection, &path, id)
    }

    fn alert_totals(&self, range: &TimeRange) -> Result<AlertTotals, StoreError> {
        let (connection, path) = self.database();
        alerts::totals(&connection, &path, range)
    }

    fn raise(&self, rows: &[AlertRow]) -> Result<u64, StoreError> {
        let (mut connection, path) = self.database();
        let known = alerts::known(&connection, &path, rows)?;
        alerts::put(&mut connection, &path, rows, &mut Silenced::default())?;
        Ok(u64::try_from(rows.len())
            .unwrap_or(u64::MAX)
            .saturating_sub(known))
    }

    fn exceptions(&self) -> Result<Vec<Exception>, StoreError> {
        let (connection, path) = self.database();
        exceptions::list(&connection, &path)
    }

    fn preview_exception(&self, covers: &Covers, until: Timestamp) -> Result<Vec<SilencedDay>, StoreError> {
        let (connection, path) = self.database();
        exceptions::preview(&connection, &path, covers, until)
    }

    fn add_exception(&self, new: &NewException) -> Result<Exception, StoreError> {
        let (mut connection, path) = self.database();
        exceptions::add(&mut connection, &path, new)
    }

    fn end_exception(&self, id: u64, by: &str, at: Timestamp) -> Result<Option<Exception>, StoreError> {
        let (mut connection, path) = self.database();
        exceptions::end(&mut connection, &path, id, (by, at))
    }

    fn hosts(&self, query: &HostQuery) -> Result<Page<HostRow>, StoreError> {
        let (connection, path) = self.database();
        hosts::page(&connection, &path, query)
    }

    fn host(&self, id: u64) -> Result<Option<HostRow>, StoreError> {
        let (connection, path) = self.database();
        hosts::one(&connection, &path, id)
    }

    fn register(&self) -> Result<Vec<RegisterEntry>, StoreError> {
        let (connection, path) = self.database();
        hosts::register(&connection, &path)
    }

    fn put_register(&self, entries: &[RegisterEntry]) -> Result<(), StoreError> {
        if entries.len() > MAX_REGISTER {
            return Err(StoreError::Query(format!(
                "the register has {} entries, at most {MAX_REGISTER} are kept",
                entries.len()
            )));
        }
        let (mut connection, path) = self.database();
        hosts::put_register(&mut connection, &path, entries)
    }

    fn summary(&self) -> Result<Option<Summary>, StoreError> {
        let (connection, path) = self.database();
        runs::summary(&connection, &path)
    }

    fn blind(&self, range: &TimeRange, most: usize) -> Result<Vec<BlindInterval>, StoreError> {
        let (connection, path) = self.database();
        blind::list(&connection, &path, range, most)
    }

    fn policy(&self) -> Result<Option<Value>, StoreError> {
        let (connection, path) = self.database();
        runs::policy(&connection, &path)
    }

    fn policy_versions(&self) -> Result<Vec<PolicyVersion>, StoreError> {
        let (connection, path) = self.database();
        versions::list(&connection, &path)
    }

    fn policy_text(&self, hash: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        let (connection, path) = self.database();
        versions::text(&connection, &path, hash)
    }

    fn visit(
        &self,
        range: &TimeRange,
        fields: &[&'static Field],
        see: &mut dyn FnMut(&dyn Row),
    ) -> Result<(), StoreError> {
        visit::visit(self, range, fields, see)
    }

    fn look_back(
        &self,
        range: &TimeRange,
        wanted: &Wanted,
        go_on: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<LookBack, StoreError> {
        let files = daily::Files::of(self.layout.root());
        let mut found = daily::look(&files, range, wanted, go_on)?;
        let with_set = files.days(range)?;
        let hours = self.layout.parts(range)?.into_iter().map(|part| part.hour);
        let mut days: Vec<_> = hours.map(|hour| hour.div_euclid(24)).collect();
        days.dedup();
        days.retain(|day| !with_set.contains(day));
        found.without_set = days;
        Ok(found)
    }

    fn days_of(
        &self,
        range: &TimeRange,
        filter: &Filter,
        go_on: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Vec<(i64, DailySum)>, StoreError> {
        daily::days_of(self, range, filter, go_on)
    }

    fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let groups = self.groups(&TimeRange::default())?;
        let first = groups.iter().map(Group::earliest).min();
        let last = groups
            .iter()
            .map(|group| group.ended().unwrap_or(group.latest()))
            .max();
        Ok(first.zip(last))
    }
}

/// Whether nothing is lost by making a data directory here.
fn is_free(dir: &Path) -> Result<bool, StoreError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory && dir.is_file() => Ok(false),
        Err(error) => Err(StoreError::io("open", dir)(error)),
    }
}

/// Makes a folder that only its owner can read: it will say who talks to whom.
fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
