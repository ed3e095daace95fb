//! `/api/v1/alerts`: the alerts, and one with the way to the flows behind it.

use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_policy::rules::NUMBERS;
use sekisho_store::{AlertQuery, AlertRow, Suppressed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Page, schema};
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, NoQuery, Number, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/alerts", get(list))
        .route("/api/v1/alerts/{id}", get(show))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AlertsQuery {
    /// Alerts last seen at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Alerts last seen before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Numbers from 1 to 4 with commas between them.
    #[param(example = "1,2")]
    severity: Option<String>,
    /// Id of the rule.
    rule: Option<String>,
    /// Zone of the originator.
    orig_zone: Option<String>,
    /// Zone of the responder.
    resp_zone: Option<String>,
    /// Address of either end.
    address: Option<String>,
    /// Part of title, explanation or clause, in either language.
    text: Option<String>,
    /// Alerts that an exception silences: `left` out where absent, `only` them, or `shown` too.
    #[param(example = "only")]
    suppressed: Option<String>,
    /// Number of an exception: only the alerts that it silences.
    exception: Option<u64>,
    /// Whether the alert was found looking back.
    lookback: Option<bool>,
    /// Rows of the page; 100 where absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists alerts, last seen first.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    operation_id = "list_alerts",
    tag = "alerts",
    params(AlertsQuery),
    responses(
        (status = 200, description = "The answer", body = Page<schema::Alert>),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Params(query): Params<AlertsQuery>,
) -> Result<Json<Page<AlertRow>>, ApiError> {
    let query = AlertQuery {
        range: query::range(query.since.as_deref(), query.until.as_deref())?,
        severity: query::severities(query.severity.as_deref())?,
        rule: query::words("rule", query.rule)?,
        orig_zone: query::words("orig_zone", query.orig_zone)?,
        resp_zone: query::words("resp_zone", query.resp_zone)?,
        address: query::address(query.address.as_deref())?,
        text: query::words("text", query.text)?,
        suppressed: suppressed(query.suppressed.as_deref(), query.exception)?,
        exception: query.exception,
        lookback: query.lookback,
        limit: query::limit(query.limit)?,
        cursor: query::words("cursor", query.cursor)?,
    };
    let page = app.ask(move |store| store.alerts(&query)).await?;
    Ok(Json(Page {
        rows: page.rows.into_iter().map(with_filter).collect(),
        next: page.next,
        total: page.total,
    }))
}

/// The alerts of an exception are silenced ones.
fn suppressed(word: Option<&str>, exception: Option<u64>) -> Result<Suppressed, ApiError> {
    match word {
        None | Some("") if exception.is_some() => Ok(Suppressed::Shown),
        None | Some("" | "left") => Ok(Suppressed::Left),
        Some("only") => Ok(Suppressed::Only),
        Some("shown") => Ok(Suppressed::Shown),
        Some(other) => Err(ApiError::BadRequest(format!(
            "suppressed must be left, only or shown, found {other:?}"
        ))),
    }
}

/// Shows one alert.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{id}",
    operation_id = "show_alert",
    tag = "alerts",
    params(("id" = u64, Path, description = "Number of the alert")),
    responses(
        (status = 200, description = "The answer", body = schema::Alert),
        (status = 400, description = "The query is wrong", body = ErrorBody),
        (status = 404, description = "There is none", body = ErrorBody)
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Number(id): Number,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<AlertRow>, ApiError> {
    let alert = app.ask(move |store| store.alert(id)).await?;
    let alert = alert.ok_or(ApiError::NotFound("such alert"))?;
    Ok(Json(with_filter(alert)))
}

/// The alert with the way to its flows.
fn with_filter(alert: AlertRow) -> AlertRow {
    AlertRow {
        flows_filter: flows_filter(&alert),
        ..alert
    }
}

/// Alerts fold by rule, ends, protocol and responder port, from the first flow's start on. A `[[rule]]`
/// gives no verdict, so that its flows do not carry its id; where it folds more than one pair of ends,
/// these are the flows of the first.
fn flows_filter(alert: &AlertRow) -> Option<String> {
    if alert.lookback {
        return alert.flows_filter.clone();
    }
    let (orig, resp) = (alert.orig.as_ref()?, alert.resp.as_ref()?);
    // Times are written in microseconds, rounded down; the last one is rounded up here.
    let until = alert.last_seen.plus(Duration::from_micros(1));
    // A flow carries the rule of its verdict, and indicators are no verdict.
    let is_no_verdict = NUMBERS.contains(&alert.signature_id) || alert.rule.starts_with("TI-");
    let verdict = if is_no_verdict {
        String::new()
    } else {
        format!("rule == {} and ", quoted(&alert.rule))
    };
    Some(format!(
        "{verdict}orig.address == {} and resp.address == {} and resp.port == {} and protocol == {} \
         and start >= \"{}\" and start <= \"{until}\"",
        orig.address,
        resp.address,
        resp.port,
        quoted(&alert.protocol),
        alert.first_seen,
    ))
}

/// A text as a filter expression writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sekisho_filter::Filter;
    use sekisho_model::{Alert, Category, Explanation, FlowRecord, Severity, Text, Timestamp};

    use super::*;

    /// An alert behind which only this record stands.
    fn alert(record: &FlowRecord) -> AlertRow {
        AlertRow::from(&Alert {
            id: 1,
            rule: Arc::clone(&record.rule),
            signature_id: 1,
            title: Text::default(),
            severity: Severity::High,
            category: Category::PolicyViolation,
            first_seen: record.start,
            last_seen: record.end,
            count: 1,
            packets: 1,
            octets: 60,
            subject: Some(record.orig.address),
            flow: Some(record.clone()),
            clause: Arc::from(""),
            attack: Vec::new(),
            explanation: Explanation::default(),
            indicator: None,
        })
    }

    #[test]
    fn the_filter_finds_the_flow_whatever_its_rule_is_called() {
        for rule in ["PATH-DENY", "", "a \"quoted\" \\ rule", "規則 or flow_id == 1"] {
            let record = FlowRecord {
                rule: Arc::from(rule),
                ..FlowRecord::example()
            };
            let mut other = record.clone();
            other.rule = Arc::from("OTHER");

            let filter = Filter::parse(&flows_filter(&alert(&record)).unwrap()).unwrap();

            assert!(filter.matches(&record), "{filter}");
            assert!(!filter.matches(&other), "{filter}");
        }
    }

    #[test]
    fn the_flows_of_a_rule_are_found_by_their_ends_whatever_judged_them() {
        let record = FlowRecord {
            rule: Arc::from("PATH-0001"),
            ..FlowRecord::example()
        };
        let mut other = record.clone();
        other.resp.port = 444;
        let mut of_rule = alert(&record);
        (of_rule.rule, of_rule.signature_id) = ("UNAUTH-TOR".into(), *NUMBERS.start());

        let filter = Filter::parse(&flows_filter(&of_rule).unwrap()).unwrap();

        assert!(filter.matches(&record), "{filter}");
        assert!(!filter.matches(&other), "{filter}");
    }

    #[test]
    fn an_alert_about_the_sensor_itself_has_no_flows() {
        let mut about_us = alert(&FlowRecord::example());
        (about_us.orig, about_us.resp) = (None, None);

        assert_eq!(flows_filter(&about_us), None);
    }

    #[test]
    fn the_filter_ends_where_the_alert_ends() {
        let mut record = FlowRecord::example();
        record.start = Timestamp::from_nanos(1_767_225_600_123_456_789);
        record.end = record.start;
        let mut later = record.clone();
        later.start = later.start.plus(Duration::from_secs(24 * 3600));

        let filter = Filter::parse(&flows_filter(&alert(&record)).unwrap()).unwrap();

        assert!(filter.matches(&record), "{filter}");
        assert!(!filter.matches(&later), "{filter}");
    }
}
