//! Devices and the register in SQLite.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params_from_iter};
use sekisho_model::Host;

use crate::hosts::{HostQuery, HostRow, RegisterEntry, Standing, offset};
use crate::query::check_limit;
use crate::{Page, StoreError};

/// The rows that pages are made of: a device, and the line of the register that fits it best.
const JOINED: &str = "hosts AS h LEFT JOIN register AS r ON r.key = (
    SELECT k.key FROM host_keys AS k JOIN register AS known ON known.key = k.key
    WHERE k.host = h.id ORDER BY k.rank, k.key LIMIT 1)";

const COLUMNS: &str = "h.host, r.key, r.name, r.owner, r.department, r.retired, r.note";

/// Adds devices, each to what is known of it.
pub(super) fn put(connection: &mut Connection, path: &Path, hosts: &[Host]) -> Result<(), StoreError> {
    put_all(connection, hosts).map_err(StoreError::database(path))
}

fn put_all(connection: &mut Connection, hosts: &[Host]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for new in hosts {
        let id = new.id.cast_signed();
        let known: Option<Host> = transaction
            .query_row("SELECT host FROM hosts WHERE id = ?1", [id], |row| {
                read_host(row, 0)
            })
            .optional()?;
        let mut host = known.unwrap_or_else(|| Host::new(new.id));
        host.merge(new);
        transaction.execute(
            "INSERT OR REPLACE INTO hosts (id, last_seen, words, zones, host)
             VALUES (:id, :last_seen, :words, :zones, :host)",
            named_params! {
                ":id": id,
                ":last_seen": host.last_seen.nanos(),
                ":words": words(&host),
                ":zones": json(&host.zones)?,
                ":host": json(&host)?,
            },
        )?;
        transaction.execute("DELETE FROM host_keys WHERE host = ?1", [id])?;
        let mut statement = transaction
            .prepare_cached("INSERT OR IGNORE INTO host_keys (host, rank, key) VALUES (?1, ?2, ?3)")?;
        if let Some(mac) = &host.mac {
            statement.execute((id, 0, mac))?;
        }
        for address in &host.addresses {
            statement.execute((id, 1, &address.value))?;
        }
    }
    transaction.commit()
}

/// Puts a register in the place of the one before.
pub(super) fn put_register(
    connection: &mut Connection,
    path: &Path,
    entries: &[RegisterEntry],
) -> Result<(), StoreError> {
    let mut put = || {
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM register", [])?;
        for entry in entries {
            transaction.execute(
                "INSERT OR REPLACE INTO register (key, name, owner, department, retired, note, words)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    &entry.key,
                    &entry.name,
                    &entry.owner,
                    &entry.department,
                    entry.retired,
                    &entry.note,
                    register_words(entry),
                ),
            )?;
        }
        transaction.commit()
    };
    put().map_err(StoreError::database(path))
}

/// Fills in the words of a register that was taken in before they were kept.
pub(super) fn fill_register_words(connection: &Connection) -> rusqlite::Result<()> {
    let mut put = connection.prepare("UPDATE register SET words = ?2 WHERE key = ?1")?;
    for entry in read_register(connection)? {
        put.execute((&entry.key, register_words(&entry)))?;
    }
    Ok(())
}

/// The register, by key.
pub(super) fn register(connection: &Connection, path: &Path) -> Result<Vec<RegisterEntry>, StoreError> {
    read_register(connection).map_err(StoreError::database(path))
}

fn read_register(connection: &Connection) -> rusqlite::Result<Vec<RegisterEntry>> {
    connection
        .prepare("SELECT key, name, owner, department, retired, note FROM register ORDER BY key")?
        .query_map([], |row| read_entry(row, 0))?
        .filter_map(Result::transpose)
        .collect()
}

/// A page of devices, the one seen last first.
pub(super) fn page(
    connection: &Connection,
    path: &Path,
    query: &HostQuery,
) -> Result<Page<HostRow>, StoreError> {
    check_limit(query.limit)?;
    let offset = offset(query.cursor.as_deref())?;
    let (condition, values) = condition(query);
    let read = || {
        let total: i64 = connection.query_row(
            &format!("SELECT count(*) FROM {JOINED} WHERE {condition}"),
            params_from_iter(&values),
            |row| row.get(0),
        )?;
        let rows = connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM {JOINED} WHERE {condition}
                 ORDER BY h.last_seen DESC, h.id LIMIT {} OFFSET {offset}",
                query.limit.saturating_add(1)
            ))?
            .query_map(params_from_iter(&values), read_row)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((total, rows))
    };
    let (total, mut rows) = read().map_err(StoreError::database(path))?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    Ok(Page {
        rows,
        next: more.then(|| offset.saturating_add(query.limit).to_string()),
        total: Some(total.cast_unsigned()),
    })
}

/// One device.
pub(super) fn one(connection: &Connection, path: &Path, id: u64) -> Result<Option<HostRow>, StoreError> {
    connection
        .query_row(
            &format!("SELECT {COLUMNS} FROM {JOINED} WHERE h.id = ?1"),
            [id.cast_signed()],
            read_row,
        )
        .optional()
        .map_err(StoreError::database(path))
}

fn condition(query: &HostQuery) -> (String, Vec<Value>) {
    let mut sql = vec!["true"];
    let mut values = Vec::new();
    match query.standing {
        Some(Standing::Known) => sql.push("r.retired = 0"),
        Some(Standing::Unknown) => sql.push("r.key IS NULL"),
        Some(Standing::Retired) => sql.push("r.retired = 1"),
        None => {}
    }
    if let Some(zone) = &query.zone {
        sql.push("? IN (SELECT value FROM json_each(h.zones))");
        values.push(zone.clone().into());
    }
    if let Some(key) = &query.key {
        sql.push("h.id IN (SELECT host FROM host_keys WHERE key = ?)");
        values.push(key.clone().into());
    }
    if let Some(text) = &query.text {
        sql.push("instr(h.words || ' ' || coalesce(r.words, ''), ?) > 0");
        values.push(text.to_lowercase().into());
    }
    (sql.join(" AND "), values)
}

/// What a search for text looks through.
fn words(host: &Host) -> String {
    let sightings = [&host.addresses, &host.names, &host.fingerprints]
        .into_iter()
        .flatten()
        .map(|sighting| sighting.value.as_str());
    let services = host.offers.iter().map(|service| service.service.as_str());
    let words: Vec<&str> = sightings
        .chain(services)
        .chain(host.mac.as_deref())
        .chain(host.maker.as_deref())
        .collect();
    words.join(" ").to_lowercase()
}

/// The same of a line of the register. Lowered here, because SQLite lowers ASCII alone.
fn register_words(entry: &RegisterEntry) -> String {
    [&*entry.name, &entry.owner, &entry.department]
        .join(" ")
        .to_lowercase()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<HostRow> {
    let register = read_entry(row, 1)?;
    Ok(HostRow {
        host: read_host(row, 0)?,
        standing: match &register {
            None => Standing::Unknown,
            Some(entry) if entry.retired => Standing::Retired,
            Some(_) => Standing::Known,
        },
        register,
    })
}

fn read_host(row: &Row<'_>, column: usize) -> rusqlite::Result<Host> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn read_entry(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<RegisterEntry>> {
    let at = |column: usize| first.saturating_add(column);
    let Some(key) = row.get(at(0))? else {
        return Ok(None);
    };
    Ok(Some(RegisterEntry {
        key,
        name: row.get(at(1))?,
        owner: row.get(at(2))?,
        department: row.get(at(3))?,
        retired: row.get(at(4))?,
        note: row.get(at(5))?,
    }))
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
