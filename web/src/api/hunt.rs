//! `/api/v1/hunt`: holds indicators, or an expression, against what is kept.
//!
//! A list may have [`MAX_BODY`] octets, a hunt takes at most [`MAX_TIME`]; one that takes longer answers
//! with what was found until then and says so. One hunt works at a time, beside the other questions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use sekisho_detect::indicators::{Added, Defaults, Format, Report, Settings, read};
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Indicator, Value};
use sekisho_store::hunt::{Hit, Hunt, PreviewDay, Raised, Unchecked, preview};
use sekisho_store::{DailySum, Store, StoreError, TimeRange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::query::{self, Body};
use crate::state::App;

/// Octets of a request.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// How long a hunt looks.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Hits that are shown; all of them are counted.
const MAX_HITS: usize = 200;

/// Values and addresses of a hit that are shown.
const MAX_SHOWN: usize = 20;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/hunt", post(hunt).layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// What to look for: a list or an expression.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HuntRequest {
    /// Indicators: plain text, CSV, Zeek intelligence, STIX 2.1 or MISP JSON.
    #[serde(default)]
    list: Option<String>,
    /// Name of the list, which alerts show; its ending tells the format.
    #[serde(default)]
    name: Option<String>,
    /// Filter expression over flows.
    #[serde(default)]
    expression: Option<String>,
    /// What was seen at this time or later.
    #[serde(default)]
    since: Option<String>,
    /// What was seen before this time.
    #[serde(default)]
    until: Option<String>,
    /// Whether hits become alerts; what an expression finds never does.
    #[serde(default)]
    raise: bool,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct HuntAnswer {
    /// Indicators of the list; 0 for an expression.
    indicators: u64,
    /// The same by kind.
    kinds: BTreeMap<String, u64>,
    /// Lines that are no indicator.
    bad: u64,
    /// The first of them.
    first_bad: Vec<BadLine>,
    /// What gave no indicator and is no mistake.
    passed_over: u64,
    /// Whether the time was over before everything was looked through.
    is_partial: bool,
    /// UTC dates of which flows are kept and no daily set, so that no indicator was looked for.
    without_set: Vec<String>,
    /// Rows that were found beyond what is answered.
    left_out: u64,
    /// How often it would have been told on each day, the newest first.
    preview: Vec<Told>,
    /// What was found, seen last first.
    hits: Vec<HuntHit>,
    /// How many there are, those that are not shown among them.
    hits_total: usize,
    /// Alerts that were raised; null where none were asked for.
    #[schema(required = true)]
    raised: Option<RaisedAlerts>,
}

/// A line that is no indicator.
#[derive(Serialize, ToSchema)]
pub(super) struct BadLine {
    line: u64,
    what: String,
    text: String,
}

/// How often something would have been told on a day.
#[derive(Serialize, ToSchema)]
pub(super) struct Told {
    /// UTC date.
    day: String,
    /// Pairs of an indicator and an address that talked to it.
    alerts: u64,
    indicators: u64,
    flows: u64,
}

/// Alerts that a hunt raised.
#[derive(Serialize, ToSchema)]
pub(super) struct RaisedAlerts {
    /// New ones.
    new: u64,
    /// Those that an earlier hunt had raised.
    known: u64,
    /// Those that there was no room for.
    left_out: u64,
}

/// An indicator that was found; or what an expression is true of.
#[derive(Serialize, ToSchema)]
pub(super) struct HuntHit {
    /// Null for an expression.
    #[schema(required = true)]
    indicator: Option<HuntIndicator>,
    /// What of the indicator was not compared: `port` or `path`.
    #[schema(required = true, value_type = Option<String>)]
    unchecked: Option<&'static str>,
    /// Values that were seen, the first of them.
    values: Vec<String>,
    values_total: usize,
    #[schema(value_type = String, format = DateTime)]
    first: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last: Timestamp,
    flows: u64,
    /// Those that the responder answered.
    answered: u64,
    /// Questions of DNS, requests of HTTP and hellos of TLS that name it.
    mentions: u64,
    /// IP octets from those who talked to it.
    octets_to: u64,
    /// IP octets back to them.
    octets_from: u64,
    /// Who talked to it, the first of them.
    who: Vec<String>,
    who_count: u64,
    who_is_estimate: bool,
    /// The days, the newest first.
    days: Vec<HitDay>,
    /// Filter expression for its flows; null where flows do not tell.
    #[schema(required = true)]
    flows_filter: Option<String>,
}

/// An indicator as its list has it.
#[derive(Serialize, ToSchema)]
pub(super) struct HuntIndicator {
    value: String,
    #[schema(value_type = String)]
    kind: &'static str,
    /// Rule of its alerts.
    #[schema(value_type = String)]
    rule: &'static str,
    source: String,
    line: u64,
    confidence: u8,
    note: String,
}

/// A day on which something was seen.
#[derive(Serialize, ToSchema)]
pub(super) struct HitDay {
    /// UTC date.
    day: String,
    flows: u64,
    answered: u64,
    mentions: u64,
    who_count: u64,
}

/// What a request asks for.
enum Target {
    Indicators(Vec<Indicator>, Report),
    Expression(Box<sekisho_filter::Filter>),
}

/// Looks back for indicators or by an expression.
#[utoipa::path(
    post,
    path = "/api/v1/hunt",
    operation_id = "hunt",
    tag = "hunt",
    request_body = HuntRequest,
    responses(
        (status = 200, description = "The answer", body = HuntAnswer),
        (status = 400, description = "The request is wrong", body = ErrorBody),
        (status = 429, description = "Another hunt is going on", body = ErrorBody)
    )
)]
pub(super) async fn hunt(
    State(app): State<App>,
    Body(request): Body<HuntRequest>,
) -> Result<Json<HuntAnswer>, ApiError> {
    let range = query::range(request.since.as_deref(), request.until.as_deref())?;
    let target = target(&app, &request).await?;
    let raise = request.raise;
    let answer = app.hunt(move |store| look(store, &range, target, raise)).await?;
    Ok(Json(answer))
}

async fn target(app: &App, request: &HuntRequest) -> Result<Target, ApiError> {
    match (request.list.as_deref(), request.expression.as_deref()) {
        (Some(list), None) => list_of(list, request.name.as_deref()),
        (None, Some(text)) => match query::filter(app, Some(text)).await? {
            Some(filter) => Ok(Target::Expression(Box::new(filter))),
            None => Err(ApiError::BadRequest("the expression is empty".to_owned())),
        },
        _ => Err(ApiError::BadRequest(
            "either list or expression is needed, and not both".to_owned(),
        )),
    }
}

fn list_of(text: &str, name: Option<&str>) -> Result<Target, ApiError> {
    let name = name
        .filter(|name| !name.trim().is_empty())
        .unwrap_or("pasted list");
    query::within("name", name, 255)?;
    let settings = Settings {
        source: name.into(),
        kind: None,
        defaults: Defaults::default(),
        now: None,
    };
    let mut indicators = Vec::new();
    let mut input = text.as_bytes();
    let report = read(
        Format::guess(name, input),
        &mut input,
        &settings,
        &mut |indicator| {
            indicators.push(indicator);
            Added::New
        },
    )
    .map_err(|error| ApiError::BadRequest(format!("the list cannot be read: {error}")))?;
    if indicators.is_empty() {
        let first = report.first_bad.first();
        let why = first.map(|bad| format!("; line {}: {}", bad.line, bad.what));
        return Err(ApiError::BadRequest(format!(
            "there is not one indicator in the list{}",
            why.unwrap_or_default()
        )));
    }
    Ok(Target::Indicators(indicators, report))
}

fn look(store: &dyn Store, range: &TimeRange, target: Target, raise: bool) -> Result<HuntAnswer, StoreError> {
    let end = Instant::now().checked_add(MAX_TIME);
    let go_on = |_: usize, _: usize| end.is_none_or(|end| Instant::now() < end);
    match target {
        Target::Expression(filter) => {
            let days = store.days_of(range, &filter, &go_on)?;
            let answer = HuntAnswer {
                is_partial: !go_on(0, 0),
                ..HuntAnswer::nothing()
            };
            Ok(of_expression(answer, &days, filter.text()))
        }
        Target::Indicators(indicators, report) => {
            let hunt = Hunt::new(indicators);
            let looked = store.look_back(range, hunt.wanted(), &go_on)?;
            let hits = hunt.check_ports(store, hunt.hits(&looked.rows))?;
            let is_partial = looked.looked < looked.days;
            let raised = match raise && !is_partial {
                true => Some(hunt.raise(store, &hits)?),
                false => None,
            };
            let shown = hits.iter().take(MAX_HITS);
            Ok(HuntAnswer {
                is_partial,
                without_set: looked.without_set.iter().map(|day| date(*day)).collect(),
                left_out: looked.left_out,
                preview: preview(&hits).iter().map(Told::from).collect(),
                hits: shown.filter_map(|hit| of_hit(&hunt, hit)).collect(),
                hits_total: hits.len(),
                raised: raised.map(RaisedAlerts::from),
                ..HuntAnswer::of(&report)
            })
        }
    }
}

impl HuntAnswer {
    const fn nothing() -> Self {
        Self {
            indicators: 0,
            kinds: BTreeMap::new(),
            bad: 0,
            first_bad: Vec::new(),
            passed_over: 0,
            is_partial: false,
            without_set: Vec::new(),
            left_out: 0,
            preview: Vec::new(),
            hits: Vec::new(),
            hits_total: 0,
            raised: None,
        }
    }

    fn of(report: &Report) -> Self {
        let kinds = report.taken.iter();
        Self {
            indicators: report.total(),
            kinds: kinds
                .map(|(kind, count)| (kind.name().to_owned(), *count))
                .collect(),
            bad: report.bad,
            first_bad: report
                .first_bad
                .iter()
                .map(|bad| BadLine {
                    line: bad.line,
                    what: bad.what.to_string(),
                    text: bad.text.clone(),
                })
                .collect(),
            passed_over: report.passed_over.values().sum(),
            ..Self::nothing()
        }
    }
}

impl From<&PreviewDay> for Told {
    fn from(day: &PreviewDay) -> Self {
        Self {
            day: date(day.day),
            alerts: day.alerts,
            indicators: day.indicators,
            flows: day.flows,
        }
    }
}

impl From<Raised> for RaisedAlerts {
    fn from(raised: Raised) -> Self {
        let Raised { new, known, left_out } = raised;
        Self { new, known, left_out }
    }
}

fn of_expression(answer: HuntAnswer, days: &[(i64, DailySum)], filter: &str) -> HuntAnswer {
    let sum = days.iter().map(|(_, sum)| sum);
    let hit = DailySum::together(sum).map(|sum| HuntHit {
        flows_filter: Some(filter.to_owned()),
        days: days.iter().map(hit_day).collect(),
        ..shown(&sum)
    });
    HuntAnswer {
        preview: days
            .iter()
            .map(|(day, sum)| Told {
                day: date(*day),
                alerts: 0,
                indicators: 0,
                flows: sum.flows,
            })
            .collect(),
        hits_total: usize::from(hit.is_some()),
        hits: hit.into_iter().collect(),
        ..answer
    }
}

fn of_hit(hunt: &Hunt, hit: &Hit) -> Option<HuntHit> {
    let indicator = hunt.indicators().get(hit.indicator)?;
    let values = hit.values();
    Some(HuntHit {
        indicator: Some(of_indicator(indicator)),
        unchecked: hit.unchecked.map(Unchecked::name),
        values_total: values.len(),
        values: values
            .into_iter()
            .take(MAX_SHOWN)
            .map(ToOwned::to_owned)
            .collect(),
        days: hit.days().iter().map(hit_day).collect(),
        flows_filter: hit.flows_filter(),
        ..shown(&hit.sum()?)
    })
}

fn of_indicator(indicator: &Indicator) -> HuntIndicator {
    let kind = Value::kind(&indicator.value);
    HuntIndicator {
        value: indicator.value.to_string(),
        kind: kind.name(),
        rule: kind.rule(),
        source: indicator.source.to_string(),
        line: indicator.line,
        confidence: indicator.confidence,
        note: indicator.note.to_string(),
    }
}

fn hit_day((day, sum): &(i64, DailySum)) -> HitDay {
    HitDay {
        day: date(*day),
        flows: sum.flows,
        answered: sum.answered,
        mentions: sum.mentions,
        who_count: sum.who_count,
    }
}

fn shown(sum: &DailySum) -> HuntHit {
    HuntHit {
        indicator: None,
        unchecked: None,
        values: Vec::new(),
        values_total: 0,
        first: sum.first,
        last: sum.last,
        flows: sum.flows,
        answered: sum.answered,
        mentions: sum.mentions,
        octets_to: sum.octets_to,
        octets_from: sum.octets_from,
        who: sum.who.iter().take(MAX_SHOWN).map(ToString::to_string).collect(),
        who_count: sum.who_count,
        who_is_estimate: sum.who_is_estimate,
        days: Vec::new(),
        flows_filter: None,
    }
}

/// The UTC date of a day since the epoch.
fn date(day: i64) -> String {
    let text = Timestamp::from_seconds(day.saturating_mul(DAY_S), 0).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}
