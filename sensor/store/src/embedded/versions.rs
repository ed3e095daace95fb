//! Policy versions in the database: one row a hash, its files as one compressed JSON text.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use sekisho_model::Timestamp;

use crate::{PolicyText, PolicyVersion, StoreError};

/// Most versions that are listed.
const MAX_LISTED: i64 = 200;

/// Octets of the files of one policy, at most; more is damage and not a policy.
const MAX_TEXT: usize = 1 << 30;

/// Keeps a version; one that is kept already becomes the one used last.
pub(super) fn put(connection: &Connection, path: &Path, text: &PolicyText) -> Result<(), StoreError> {
    let damaged = |cause: String| StoreError::Content {
        path: path.to_owned(),
        what: "the policy's text",
        cause,
    };
    let json = serde_json::to_vec(&text.files).map_err(|error| damaged(error.to_string()))?;
    let files = zstd::bulk::compress(&json, 0).map_err(|error| damaged(error.to_string()))?;
    connection
        .execute(
            "INSERT INTO policy_versions (hash, name, version, mode, runs, used, files)
             VALUES (?1, ?2, ?3, ?4, 0, (SELECT coalesce(max(used), 0) + 1 FROM policy_versions), ?5)
             ON CONFLICT (hash) DO UPDATE SET used = excluded.used",
            (&text.hash, &text.name, &text.version, &text.mode, files),
        )
        .map_err(StoreError::database(path))?;
    Ok(())
}

/// Notes that a version judged packets from one time to another, as far as they are known.
pub(super) fn judged(
    connection: &Connection,
    path: &Path,
    hash: &str,
    (first, last): (Option<Timestamp>, Option<Timestamp>),
) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE policy_versions SET
                 first_packet = min(coalesce(first_packet, ?2), coalesce(?2, first_packet)),
                 last_packet = max(coalesce(last_packet, ?3), coalesce(?3, last_packet))
             WHERE hash = ?1",
            (hash, first.map(Timestamp::nanos), last.map(Timestamp::nanos)),
        )
        .map_err(StoreError::database(path))?;
    Ok(())
}

/// Notes that a run ended under a version.
pub(super) fn ended(connection: &Connection, path: &Path, hash: &str) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE policy_versions SET runs = runs + 1 WHERE hash = ?1",
            [hash],
        )
        .map_err(StoreError::database(path))?;
    Ok(())
}

/// The versions, the one used last first.
pub(super) fn list(connection: &Connection, path: &Path) -> Result<Vec<PolicyVersion>, StoreError> {
    let read = || {
        let mut statement = connection.prepare(
            "SELECT hash, name, version, mode, first_packet, last_packet, runs
             FROM policy_versions ORDER BY used DESC LIMIT ?1",
        )?;
        let instant = |nanos: Option<i64>| nanos.map(Timestamp::from_nanos);
        let rows = statement.query_map([MAX_LISTED], |row| {
            Ok(PolicyVersion {
                hash: row.get(0)?,
                name: row.get(1)?,
                version: row.get(2)?,
                mode: row.get(3)?,
                since: instant(row.get(4)?),
                until: instant(row.get(5)?),
                runs: row.get::<_, i64>(6)?.cast_unsigned(),
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(StoreError::database(path))
}

/// The files of one version.
pub(super) fn text(
    connection: &Connection,
    path: &Path,
    hash: &str,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let damaged = |cause: String| StoreError::Content {
        path: path.to_owned(),
        what: "the policy's text",
        cause,
    };
    let files: Option<Vec<u8>> = connection
        .query_row(
            "SELECT files FROM policy_versions WHERE hash = ?1",
            [hash],
            |row| row.get(0),
        )
        .optional()
        .map_err(StoreError::database(path))?;
    files
        .map(|files| {
            let json =
                zstd::bulk::decompress(&files, MAX_TEXT).map_err(|error| damaged(error.to_string()))?;
            serde_json::from_slice(&json).map_err(|error| damaged(error.to_string()))
        })
        .transpose()
}
