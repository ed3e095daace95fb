//! Alerts in SQLite: kept, filtered, paged, counted.

use std::path::Path;

use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params_from_iter};
use sekisho_model::summary::AlertTotals;
use sekisho_model::{Text, Timestamp};
use serde::de::DeserializeOwned;

use super::exceptions;
use super::silenced::Silenced;
use crate::cursor::AlertCursor;
use crate::query::check_limit;
use crate::{AlertEnd, AlertQuery, AlertRow, Page, StoreError, Suppressed, TimeRange};

const COLUMNS: &str = "id, rule, signature_id, title_ja, title_en, severity, category, first_seen, last_seen,
    count, packets, octets, orig_address, orig_port, orig_zone, orig_mac, resp_address, resp_port, resp_zone,
    resp_mac, protocol, flow_id, community_id, clause, attack, policy_version, explanation,
    lookback, flows_filter, suppressed_by";

/// Keeps alerts, all or none; an alert takes the place of one with the same id.
pub(super) fn put(
    connection: &mut Connection,
    path: &Path,
    alerts: &[AlertRow],
    silenced: &mut Silenced,
) -> Result<(), StoreError> {
    put_all(connection, alerts, silenced).map_err(StoreError::database(path))
}

fn put_all(
    connection: &mut Connection,
    alerts: &[AlertRow],
    silenced: &mut Silenced,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let exceptions = exceptions::active(&transaction)?;
    let mut statement = transaction.prepare(&format!(
        "INSERT OR REPLACE INTO alerts ({COLUMNS}, words) VALUES (
            :id, :rule, :signature_id, :title_ja, :title_en, :severity, :category, :first_seen, :last_seen,
            :count, :packets, :octets, :orig_address, :orig_port, :orig_zone, :orig_mac, :resp_address,
            :resp_port, :resp_zone, :resp_mac, :protocol, :flow_id, :community_id, :clause, :attack,
            :policy_version, :explanation, :lookback, :flows_filter, :suppressed_by, :words)"
    ))?;
    // Ids are as random as hashes: in their order each page of the table is looked up once.
    let mut alerts: Vec<&AlertRow> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.id.cast_signed());
    for alert in alerts {
        // An alert about the sensor itself has no ends: its addresses are empty.
        let (orig, resp) = (Columns::of(alert.orig.as_ref()), Columns::of(alert.resp.as_ref()));
        let silenced_by = exceptions.iter().find(|exception| exception.silences(alert));
        statement.execute(named_params! {
            ":id": alert.id.cast_signed(),
            ":rule": alert.rule,
            ":signature_id": alert.signature_id,
            ":title_ja": alert.title.ja,
            ":title_en": alert.title.en,
            ":severity": alert.severity,
            ":category": alert.category,
            ":first_seen": alert.first_seen.nanos(),
            ":last_seen": alert.last_seen.nanos(),
            ":count": alert.count.cast_signed(),
            ":packets": alert.packets.cast_signed(),
            ":octets": alert.octets.cast_signed(),
            ":orig_address": orig.address,
            ":orig_port": orig.port,
            ":orig_zone": orig.zone,
            ":orig_mac": orig.mac,
            ":resp_address": resp.address,
            ":resp_port": resp.port,
            ":resp_zone": resp.zone,
            ":resp_mac": resp.mac,
            ":protocol": alert.protocol,
            ":flow_id": alert.flow_id.unwrap_or(0).cast_signed(),
            ":community_id": alert.community_id,
            ":clause": alert.clause,
            ":attack": json(&alert.attack)?,
            ":policy_version": alert.policy_version,
            ":explanation": json(&alert.explanation)?,
            ":lookback": alert.lookback,
            ":flows_filter": alert.flows_filter,
            ":suppressed_by": silenced_by.map(|exception| exception.id.cast_signed()),
            ":words": words(alert),
        })?;
        silenced.see(alert, silenced_by.is_some());
    }
    drop(statement);
    transaction.commit()
}

/// One end as the columns hold it.
#[derive(Default)]
struct Columns<'a> {
    address: String,
    port: u16,
    zone: &'a str,
    mac: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(end: Option<&'a AlertEnd>) -> Self {
        end.map_or_else(Self::default, |end| Self {
            address: end.address.to_string(),
            port: end.port,
            zone: &end.zone,
            mac: end.mac.as_deref(),
        })
    }
}

/// How many of these alerts are kept already.
pub(super) fn known(connection: &Connection, path: &Path, alerts: &[AlertRow]) -> Result<u64, StoreError> {
    let count = || {
        let mut statement = connection.prepare("SELECT count(*) FROM alerts WHERE id = ?1")?;
        let mut known = 0_u64;
        for alert in alerts {
            let found: i64 = statement.query_row([alert.id.cast_signed()], |row| row.get(0))?;
            known = known.saturating_add(found.cast_unsigned());
        }
        Ok(known)
    };
    count().map_err(StoreError::database(path))
}

/// Shows every alert of a rule.
pub(super) fn of_rule(
    connection: &Connection,
    rule: &str,
    see: &mut dyn FnMut(&AlertRow),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM alerts WHERE rule = ?1"))?;
    let mut rows = statement.query([rule])?;
    while let Some(row) = rows.next()? {
        see(&read(row)?);
    }
    Ok(())
}

/// A page of alerts, newest first.
pub(super) fn page(
    connection: &Connection,
    path: &Path,
    query: &AlertQuery,
) -> Result<Page<AlertRow>, StoreError> {
    check_limit(query.limit)?;
    let after = query.cursor.as_deref().map(AlertCursor::parse).transpose()?;
    let mut conditions = Conditions::of(query);
    let total = conditions.count(connection).map_err(StoreError::database(path))?;
    if let Some(after) = after {
        conditions.add(
            "(last_seen, id) < (?, ?)",
            [Value::Integer(after.last_seen), Value::Integer(after.id)],
        );
    }
    let mut rows = conditions
        .newest(connection, query.limit.saturating_add(1))
        .map_err(StoreError::database(path))?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next = rows.last().filter(|_| more).map(|last| AlertCursor {
        last_seen: last.last_seen.nanos(),
        id: last.id.cast_signed(),
    });
    Ok(Page {
        rows,
        next: next.map(AlertCursor::write),
        total: Some(total),
    })
}

/// One alert.
pub(super) fn one(connection: &Connection, path: &Path, id: u64) -> Result<Option<AlertRow>, StoreError> {
    connection
        .query_row(
            &format!("SELECT {COLUMNS} FROM alerts WHERE id = ?"),
            [id.cast_signed()],
            read,
        )
        .optional()
        .map_err(StoreError::database(path))
}

/// Alerts by severity and by rule.
pub(super) fn totals(
    connection: &Connection,
    path: &Path,
    range: &TimeRange,
) -> Result<AlertTotals, StoreError> {
    let mut conditions = Conditions::default();
    conditions.range(range);
    conditions.totals(connection).map_err(StoreError::database(path))
}

/// What must be true of an alert, as SQL and the values for its question marks.
#[derive(Default)]
struct Conditions {
    sql: Vec<&'static str>,
    values: Vec<Value>,
}

impl Conditions {
    fn of(query: &AlertQuery) -> Self {
        let mut conditions = Self::default();
        conditions.range(&query.range);
        match query.suppressed {
            Suppressed::Left => conditions.add("suppressed_by IS NULL", []),
            Suppressed::Only => conditions.add("suppressed_by IS NOT NULL", []),
            Suppressed::Shown => {}
        }
        if let Some(id) = query.exception {
            conditions.add("suppressed_by = ?", [Value::Integer(id.cast_signed())]);
        }
        if let Some(lookback) = query.lookback {
            conditions.add("lookback = ?", [Value::Integer(lookback.into())]);
        }
        if !query.severity.is_empty() {
            let severities = serde_json::Value::from(query.severity.clone()).to_string();
            conditions.add(
                "severity IN (SELECT value FROM json_each(?))",
                [severities.into()],
            );
        }
        let equal = [
            ("rule = ?", &query.rule),
            ("orig_zone = ?", &query.orig_zone),
            ("resp_zone = ?", &query.resp_zone),
        ];
        for (sql, value) in equal {
            if let Some(value) = value {
                conditions.add(sql, [value.clone().into()]);
            }
        }
        if let Some(address) = query.address {
            let address = Value::from(address.to_string());
            conditions.add("? IN (orig_address, resp_address)", [address]);
        }
        if let Some(text) = &query.text {
            conditions.add("instr(words, ?) > 0", [text.to_lowercase().into()]);
        }
        conditions
    }

    fn range(&mut self, range: &TimeRange) {
        if let Some(since) = range.since {
            self.add("last_seen >= ?", [since.nanos().into()]);
        }
        if let Some(until) = range.until {
            self.add("last_seen < ?", [until.nanos().into()]);
        }
    }

    fn add<const N: usize>(&mut self, sql: &'static str, values: [Value; N]) {
        self.sql.push(sql);
        self.values.extend(values);
    }

    fn sql(&self) -> String {
        if self.sql.is_empty() {
            return "true".to_owned();
        }
        self.sql.join(" AND ")
    }

    fn count(&self, connection: &Connection) -> rusqlite::Result<u64> {
        connection.query_row(
            &format!("SELECT count(*) FROM alerts WHERE {}", self.sql()),
            params_from_iter(&self.values),
            |row| row.get(0).map(i64::cast_unsigned),
        )
    }

    fn newest(&self, connection: &Connection, limit: usize) -> rusqlite::Result<Vec<AlertRow>> {
        let mut statement = connection.prepare(&format!(
            "SELECT {COLUMNS} FROM alerts WHERE {} ORDER BY last_seen DESC, id DESC LIMIT {limit}",
            self.sql()
        ))?;
        statement
            .query_map(params_from_iter(&self.values), read)?
            .collect()
    }

    fn totals(&self, connection: &Connection) -> rusqlite::Result<AlertTotals> {
        let mut totals = AlertTotals::default();
        let mut statement = connection.prepare(&format!(
            "SELECT severity, rule, count(*) FROM alerts WHERE {} AND suppressed_by IS NULL
             GROUP BY severity, rule",
            self.sql()
        ))?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        while let Some(row) = rows.next()? {
            let severity: u8 = row.get(0)?;
            let count = row.get(2).map(i64::cast_unsigned)?;
            totals.total += count;
            *totals.by_severity.entry(severity.to_string()).or_default() += count;
            *totals.by_rule.entry(row.get(1)?).or_default() += count;
        }
        totals.suppressed = connection.query_row(
            &format!(
                "SELECT count(*) FROM alerts WHERE {} AND suppressed_by IS NOT NULL",
                self.sql()
            ),
            params_from_iter(&self.values),
            |row| row.get(0).map(i64::cast_unsigned),
        )?;
        Ok(totals)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    let number = |column: &str| row.get(column).map(i64::cast_unsigned);
    let time = |column: &str| row.get(column).map(Timestamp::from_nanos);
    let orig = end(row, ["orig_address", "orig_port", "orig_zone", "orig_mac"])?;
    Ok(AlertRow {
        id: number("id")?,
        rule: row.get("rule")?,
        signature_id: row.get("signature_id")?,
        title: Text {
            ja: row.get("title_ja")?,
            en: row.get("title_en")?,
        },
        severity: row.get("severity")?,
        category: row.get("category")?,
        first_seen: time("first_seen")?,
        last_seen: time("last_seen")?,
        count: number("count")?,
        packets: number("packets")?,
        octets: number("octets")?,
        flow_id: orig
            .is_some()
            .then(|| number("flow_id"))
            .transpose()?
            .filter(|id| *id != 0),
        orig,
        resp: end(row, ["resp_address", "resp_port", "resp_zone", "resp_mac"])?,
        protocol: row.get("protocol")?,
        community_id: row.get("community_id")?,
        clause: row.get("clause")?,
        attack: parsed(row, "attack", from_json)?,
        policy_version: row.get("policy_version")?,
        explanation: parsed(row, "explanation", from_json)?,
        lookback: row.get("lookback")?,
        flows_filter: row.get("flows_filter")?,
        suppressed_by: row
            .get::<_, Option<i64>>("suppressed_by")?
            .map(i64::cast_unsigned),
    })
}

/// One end, where the alert has ends.
fn end(row: &Row<'_>, [address, port, zone, mac]: [&str; 4]) -> rusqlite::Result<Option<AlertEnd>> {
    if row.get_ref(address)?.as_str()?.is_empty() {
        return Ok(None);
    }
    Ok(Some(AlertEnd {
        address: parsed(row, address, |text| text.parse().ok())?,
        port: row.get(port)?,
        zone: row.get(zone)?,
        mac: row.get(mac)?,
    }))
}

pub(super) fn parsed<T>(
    row: &Row<'_>,
    column: &str,
    read: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| {
        let index = row.as_ref().column_index(column).unwrap_or_default();
        let cause = format!("column {column} holds {text:?}");
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, cause.into())
    })
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

pub(super) fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// What a search for text looks through, in lower case.
fn words(alert: &AlertRow) -> String {
    let explanation = &alert.explanation;
    let texts = [
        &alert.title,
        &explanation.observed,
        &explanation.expected,
        &explanation.nearest,
        &explanation.legitimate,
        &explanation.silenced_by,
        &explanation.first_step,
    ];
    let mut words: Vec<_> = texts
        .iter()
        .flat_map(|text| [text.ja.as_str(), text.en.as_str()])
        .collect();
    words.push(&alert.clause);
    // A line end, which no search for a sentence's part contains, keeps neighbours apart.
    words.join("\n").to_lowercase()
}
