//! Exceptions in SQLite, and the marks that they leave on alerts.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, named_params};
use sekisho_model::Timestamp;

use super::alerts;
use crate::exceptions::{Covers, Exception, NewException, SilencedDay};
use crate::{AlertRow, StoreError};

const COLUMNS: &str = "id, covers, reason, owner, until, from_alert, created_by, created, ended, ended_by,
    (SELECT count(*) FROM alerts WHERE suppressed_by = exceptions.id)";

/// Nanoseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000_000_000;

/// Keeps an exception, and marks the alerts that it silences.
pub(super) fn add(
    connection: &mut Connection,
    path: &Path,
    new: &NewException,
) -> Result<Exception, StoreError> {
    new.check()?;
    let mut add = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO exceptions (covers, reason, owner, until, from_alert, created_by, created)
             VALUES (:covers, :reason, :owner, :until, :from_alert, :created_by, :created)",
            named_params! {
                ":covers": alerts::json(&new.covers)?,
                ":reason": new.reason.trim(),
                ":owner": new.owner.trim(),
                ":until": new.until.nanos(),
                ":from_alert": new.from_alert.map(u64::cast_signed),
                ":created_by": new.created_by,
                ":created": new.created.nanos(),
            },
        )?;
        let id = transaction.last_insert_rowid();
        if let Some(exception) = one(&transaction, id)? {
            mark(&transaction, &exception)?;
        }
        let kept = one(&transaction, id)?;
        transaction.commit()?;
        Ok(kept)
    };
    add()
        .map_err(StoreError::database(path))?
        .ok_or_else(|| StoreError::Query("the exception could not be kept".to_owned()))
}

/// Ends an exception; what it silenced is seen again, unless another one silences it. Nothing where there
/// is none of that number; one that was ended stays as it is.
pub(super) fn end(
    connection: &mut Connection,
    path: &Path,
    id: u64,
    (by, at): (&str, Timestamp),
) -> Result<Option<Exception>, StoreError> {
    let mut end = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = id.cast_signed();
        let ended = transaction.execute(
            "UPDATE exceptions SET ended = ?2, ended_by = ?3 WHERE id = ?1 AND ended IS NULL",
            (id, at.nanos(), by),
        )?;
        if ended > 0 {
            transaction.execute(
                "UPDATE alerts SET suppressed_by = NULL WHERE suppressed_by = ?1",
                [id],
            )?;
            for other in active(&transaction)? {
                mark(&transaction, &other)?;
            }
        }
        let exception = one(&transaction, id)?;
        transaction.commit()?;
        Ok(exception)
    };
    end().map_err(StoreError::database(path))
}

/// Every exception, the newest first.
pub(super) fn list(connection: &Connection, path: &Path) -> Result<Vec<Exception>, StoreError> {
    select(connection, "true ORDER BY id DESC").map_err(StoreError::database(path))
}

/// What an exception that is not kept would silence, the newest day first.
pub(super) fn preview(
    connection: &Connection,
    path: &Path,
    covers: &Covers,
    until: Timestamp,
) -> Result<Vec<SilencedDay>, StoreError> {
    let mut days: BTreeMap<i64, SilencedDay> = BTreeMap::new();
    let mut see = |alert: &AlertRow| {
        if alert.suppressed_by.is_none() && alert.last_seen < until && covers.covers(alert) {
            let day = alert.last_seen.nanos().div_euclid(DAY);
            let known = days.entry(day).or_insert(SilencedDay {
                day,
                alerts: 0,
                flows: 0,
            });
            known.alerts = known.alerts.saturating_add(1);
            known.flows = known.flows.saturating_add(alert.count);
        }
    };
    alerts::of_rule(connection, &covers.rule, &mut see).map_err(StoreError::database(path))?;
    Ok(days.into_values().rev().collect())
}

/// The exceptions that silence alerts.
pub(super) fn active(connection: &Connection) -> rusqlite::Result<Vec<Exception>> {
    select(connection, "ended IS NULL ORDER BY id")
}

/// Marks the alerts that an exception silences and no other does yet.
fn mark(transaction: &Transaction<'_>, exception: &Exception) -> rusqlite::Result<()> {
    let mut silenced = Vec::new();
    alerts::of_rule(transaction, &exception.covers.rule, &mut |alert| {
        if alert.suppressed_by.is_none() && exception.silences(alert) {
            silenced.push(alert.id.cast_signed());
        }
    })?;
    let mut statement = transaction.prepare("UPDATE alerts SET suppressed_by = ?1 WHERE id = ?2")?;
    for id in silenced {
        statement.execute((exception.id.cast_signed(), id))?;
    }
    Ok(())
}

fn one(connection: &Connection, id: i64) -> rusqlite::Result<Option<Exception>> {
    connection
        .query_row(
            &format!("SELECT {COLUMNS} FROM exceptions WHERE id = ?1"),
            [id],
            read,
        )
        .optional()
}

fn select(connection: &Connection, condition: &str) -> rusqlite::Result<Vec<Exception>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM exceptions WHERE {condition}"))?
        .query_map([], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Exception> {
    let number = |index: usize| row.get(index).map(i64::cast_unsigned);
    let time = |index: usize| row.get(index).map(Timestamp::from_nanos);
    Ok(Exception {
        id: number(0)?,
        covers: alerts::parsed(row, "covers", alerts::from_json)?,
        reason: row.get(2)?,
        owner: row.get(3)?,
        until: time(4)?,
        from_alert: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        created_by: row.get(6)?,
        created: time(7)?,
        ended: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_nanos),
        ended_by: row.get(9)?,
        silenced: number(10)?,
    })
}
