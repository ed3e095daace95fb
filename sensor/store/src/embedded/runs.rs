//! Runs: the summary of each, and the policy that it judged by.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use sekisho_model::summary::Summary;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::StoreError;

/// Keeps a policy; one that is kept already is not kept twice.
pub(super) fn put_policy(
    connection: &Connection,
    path: &Path,
    description: &Value,
) -> Result<i64, StoreError> {
    let put = || {
        let text = description.to_string();
        connection.execute(
            "INSERT OR IGNORE INTO policies (description) VALUES (?1)",
            [&text],
        )?;
        connection.query_row("SELECT id FROM policies WHERE description = ?1", [&text], |row| {
            row.get(0)
        })
    };
    put().map_err(StoreError::database(path))
}

/// Keeps the summary of a run, in the place of what was kept of it before in `row`; gives its row.
pub(super) fn put(
    connection: &Connection,
    path: &Path,
    summary: &Summary,
    policy: Option<i64>,
    row: Option<i64>,
) -> Result<i64, StoreError> {
    let text = serde_json::to_string(summary).map_err(content(path, "the summary"))?;
    let put = || {
        let statement = "INSERT OR REPLACE INTO runs (id, summary, policy) VALUES (?1, ?2, ?3)";
        connection.execute(statement, (row, text, policy))?;
        Ok(connection.last_insert_rowid())
    };
    put().map_err(StoreError::database(path))
}

/// The summary of the last run.
pub(super) fn summary(connection: &Connection, path: &Path) -> Result<Option<Summary>, StoreError> {
    const LAST: &str = "SELECT summary FROM runs ORDER BY id DESC LIMIT 1";
    last(connection, path, LAST, "the summary")
}

/// The policy of the last run; nothing where it had none.
pub(super) fn policy(connection: &Connection, path: &Path) -> Result<Option<Value>, StoreError> {
    const LAST: &str = "SELECT description FROM policies
        WHERE id = (SELECT policy FROM runs ORDER BY id DESC LIMIT 1)";
    last(connection, path, LAST, "the policy")
}

fn last<T: DeserializeOwned>(
    connection: &Connection,
    path: &Path,
    statement: &str,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    connection
        .query_row(statement, [], |row| row.get::<_, String>(0))
        .optional()
        .map_err(StoreError::database(path))?
        .map(|text| serde_json::from_str(&text).map_err(content(path, what)))
        .transpose()
}

/// For `map_err`: names the value that is no longer what was written.
fn content(path: &Path, what: &'static str) -> impl FnOnce(serde_json::Error) -> StoreError {
    move |cause| StoreError::Content {
        path: path.to_owned(),
        what,
        cause: cause.to_string(),
    }
}
