//! The ledger of capture health: when the sensor did not see.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};
use sekisho_model::summary::Summary;
use sekisho_model::{BlindInterval, BlindKind, Timestamp};

use crate::{StoreError, TimeRange};

/// Adds intervals, each in the place of the one with the same number.
pub(super) fn put(
    connection: &mut Connection,
    path: &Path,
    intervals: &[BlindInterval],
) -> Result<(), StoreError> {
    if intervals.is_empty() {
        return Ok(());
    }
    let mut put = || {
        let transaction = connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(
                "INSERT OR REPLACE INTO blind (id, kind, input, first, last, open, figures)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for interval in intervals {
                // A map of names to numbers is always written.
                let figures = serde_json::to_string(&interval.figures).unwrap_or_default();
                statement.execute((
                    interval.id.cast_signed(),
                    interval.kind.name(),
                    &interval.input,
                    interval.from.nanos(),
                    interval.to.nanos(),
                    interval.open,
                    figures,
                ))?;
            }
        }
        transaction.commit()
    };
    put().map_err(StoreError::database(path))
}

/// What went on when a run ended without a word goes on no longer.
pub(super) fn shut(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection
        .execute("UPDATE blind SET open = 0 WHERE open = 1", [])
        .map(|_| ())
        .map_err(StoreError::database(path))
}

/// The intervals that meet a range, the newest first, `most` of them at most.
pub(super) fn list(
    connection: &Connection,
    path: &Path,
    range: &TimeRange,
    most: usize,
) -> Result<Vec<BlindInterval>, StoreError> {
    let bound = |time: Option<Timestamp>, none| time.map_or(none, Timestamp::nanos);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let list = || {
        let mut statement = connection.prepare_cached(
            "SELECT id, kind, input, first, last, open, figures FROM blind
             WHERE last >= ?1 AND first < ?2 ORDER BY last DESC, id LIMIT ?3",
        )?;
        let bounds = (bound(range.since, i64::MIN), bound(range.until, i64::MAX), most);
        let rows = statement.query_map(bounds, interval)?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = list().map_err(StoreError::database(path))?;
    rows.into_iter()
        .map(|row| row.ok_or_else(|| StoreError::damaged(path, "the ledger has a word that is none of ours")))
        .collect()
}

fn interval(row: &Row<'_>) -> rusqlite::Result<Option<BlindInterval>> {
    let (kind, figures): (String, String) = (row.get(1)?, row.get(6)?);
    let (Some(kind), Ok(figures)) = (BlindKind::parse(&kind), serde_json::from_str(&figures)) else {
        return Ok(None);
    };
    Ok(Some(BlindInterval {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        kind,
        input: row.get(2)?,
        from: Timestamp::from_nanos(row.get(3)?),
        to: Timestamp::from_nanos(row.get(4)?),
        open: row.get(5)?,
        figures,
    }))
}

/// Until when the last run watched.
pub(super) fn watched_until(connection: &Connection, path: &Path) -> Result<Option<Timestamp>, StoreError> {
    const LAST: &str = "SELECT summary FROM runs ORDER BY id DESC LIMIT 1";
    let text = connection
        .query_row(LAST, [], |row| row.get::<_, String>(0))
        .optional()
        .map_err(StoreError::database(path))?;
    // A summary that this version cannot read says nothing of it, and ends no run.
    let summary = text.and_then(|text| serde_json::from_str::<Summary>(&text).ok());
    Ok(summary.and_then(|summary| summary.watched_until.or(summary.last_packet)))
}

#[cfg(test)]
mod tests {
    use super::super::migrate;
    use super::*;

    #[test]
    fn an_interval_that_grew_takes_its_own_place_and_one_that_goes_on_is_shut() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("sekisho.db");
        let mut connection = migrate::open(&path).unwrap();
        let at = |second| Timestamp::from_seconds(second, 0);
        let loss = |to| BlindInterval::new(BlindKind::Loss, "eth1", at(10), at(to)).with("lost", to);
        let down = BlindInterval {
            open: true,
            ..BlindInterval::new(BlindKind::PortDown, "eth2", at(40), at(50))
        };

        put(&mut connection, &path, &[loss(11), down.clone()]).unwrap();
        put(&mut connection, &path, &[loss(19)]).unwrap();

        let all = list(&connection, &path, &TimeRange::default(), 9).unwrap();
        assert_eq!(all, [down, loss(19)]);
        let range = TimeRange {
            since: Some(at(15)),
            until: Some(at(40)),
        };
        assert_eq!(list(&connection, &path, &range, 9).unwrap(), [loss(19)]);
        assert_eq!(
            list(&connection, &path, &TimeRange::default(), 1).unwrap().len(),
            1
        );
        shut(&connection, &path).unwrap();
        assert!(!list(&connection, &path, &TimeRange::default(), 9).unwrap()[0].open);
    }
}
