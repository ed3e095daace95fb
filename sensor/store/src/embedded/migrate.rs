//! The database file: opened, recognised, and brought to the schema of this version.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::hosts;
use crate::StoreError;

/// Marks the file as ours in SQLite's header: "SEKI".
const APPLICATION: i64 = 0x5345_4b49;

/// Steps from an empty database to the schema of this version. A step that was released never
/// changes; a new need is a new step at the end.
const STEPS: &[&str] = &[
    "
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    signature_id INTEGER NOT NULL,
    title_ja TEXT NOT NULL,
    title_en TEXT NOT NULL,
    severity INTEGER NOT NULL,
    category TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    count INTEGER NOT NULL,
    packets INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    orig_address TEXT NOT NULL,
    orig_port INTEGER NOT NULL,
    orig_zone TEXT NOT NULL,
    orig_mac TEXT,
    resp_address TEXT NOT NULL,
    resp_port INTEGER NOT NULL,
    resp_zone TEXT NOT NULL,
    resp_mac TEXT,
    protocol TEXT NOT NULL,
    flow_id INTEGER NOT NULL,
    community_id TEXT NOT NULL,
    clause TEXT NOT NULL,
    attack TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    explanation TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_by_time ON alerts (last_seen DESC, id DESC);
CREATE TABLE policies (
    id INTEGER PRIMARY KEY,
    description TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    summary TEXT NOT NULL,
    policy INTEGER REFERENCES policies (id)
) STRICT;
",
    "
CREATE TABLE hosts (
    id INTEGER PRIMARY KEY,
    last_seen INTEGER NOT NULL,
    words TEXT NOT NULL,
    zones TEXT NOT NULL,
    host TEXT NOT NULL
) STRICT;
CREATE INDEX hosts_by_time ON hosts (last_seen DESC, id);
CREATE TABLE host_keys (
    host INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (host, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_keys_by_key ON host_keys (key);
CREATE TABLE register (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    department TEXT NOT NULL,
    retired INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE register ADD COLUMN words TEXT NOT NULL DEFAULT '';
",
    "
CREATE TABLE policy_versions (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    mode TEXT NOT NULL,
    first_packet INTEGER,
    last_packet INTEGER,
    runs INTEGER NOT NULL,
    used INTEGER NOT NULL,
    files BLOB NOT NULL
) STRICT;
",
    "
ALTER TABLE alerts ADD COLUMN lookback INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN flows_filter TEXT;
ALTER TABLE alerts ADD COLUMN suppressed_by INTEGER;
CREATE INDEX alerts_by_rule ON alerts (rule);
CREATE INDEX alerts_by_exception ON alerts (suppressed_by) WHERE suppressed_by IS NOT NULL;
CREATE TABLE exceptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    covers TEXT NOT NULL,
    reason TEXT NOT NULL,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL,
    from_alert INTEGER,
    created_by TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    ended_by TEXT
) STRICT;
CREATE TRIGGER exceptions_stay BEFORE DELETE ON exceptions
BEGIN SELECT RAISE(ABORT, 'an exception is ended, never removed'); END;
",
    "
CREATE TABLE blind (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    input TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    open INTEGER NOT NULL,
    figures TEXT NOT NULL
) STRICT;
CREATE INDEX blind_by_time ON blind (last DESC);
",
];

/// Opens a database, making or migrating it.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path).map_err(StoreError::database(path))?;
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(StoreError::database(path))?;
    let (application, tables) = about(&connection).map_err(StoreError::database(path))?;
    let ours = application == APPLICATION || (application == 0 && tables == 0);
    if !ours {
        return Err(StoreError::NotDataDirectory {
            path: path.parent().unwrap_or(path).to_owned(),
        });
    }
    let known = version_after(STEPS.len());
    let found = migrate(&mut connection).map_err(StoreError::database(path))?;
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(connection)
}

fn about(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((application, tables))
}

/// Takes the steps that are missing; gives the version that was found.
fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let version = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    let newest = version_after(STEPS.len());
    if version(connection)? >= newest {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        return version(connection);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again inside the transaction: another program may have been quicker.
    let found = version(&transaction)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if found < newest {
        hosts::fill_register_words(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", newest)?;
    }
    transaction.commit()?;
    Ok(found)
}

fn version_after(steps: usize) -> i64 {
    i64::try_from(steps).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_becomes_the_newest_and_stays_so() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("sekisho.db");

        for _ in 0..2 {
            let connection = open(&path).unwrap();
            let version: i64 = connection
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .unwrap();
            assert_eq!(version, version_after(STEPS.len()));
            assert_eq!(about(&connection).unwrap().0, APPLICATION);
        }
    }

    #[test]
    fn a_newer_schema_is_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("sekisho.db");
        open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 999)
            .unwrap();

        assert!(matches!(open(&path), Err(StoreError::Newer { found: 999, .. })));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("sekisho.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (id INTEGER)")
            .unwrap();

        assert!(matches!(open(&path), Err(StoreError::NotDataDirectory { .. })));
    }

    #[test]
    fn a_register_of_the_version_before_is_found_by_its_words() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("sekisho.db");
        let before = Connection::open(&path).unwrap();
        for step in &STEPS[..2] {
            before.execute_batch(step).unwrap();
        }
        before.pragma_update(None, "application_id", APPLICATION).unwrap();
        before.pragma_update(None, "user_version", 2).unwrap();
        before
            .execute_batch("INSERT INTO register VALUES ('192.0.2.1', 'ＰＣ－１', 'Soumu', '', 0, '')")
            .unwrap();
        drop(before);

        let words: String = open(&path)
            .unwrap()
            .query_row("SELECT words FROM register", [], |row| row.get(0))
            .unwrap();

        assert_eq!(words, "ｐｃ－１ soumu ");
    }
}
