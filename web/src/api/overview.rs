//! `/api/v1/overview`: traffic over time by verdict, the zone matrix, who moved most, alerts.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_model::Timestamp;
use sekisho_model::summary::{AlertTotals, MatrixCell, Talker, Volume};
use sekisho_store::{MAX_BUCKETS, TrafficQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/overview", get(overview))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OverviewQuery {
    /// Flows that start at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Flows that start before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Filter expression over the flows; it does not change the alert totals.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Steps of the series; 120 where absent.
    #[param(minimum = 1, maximum = 500)]
    buckets: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Overview {
    /// First start and last end of the flows kept; null where there are none.
    #[schema(required = true)]
    span: Option<Span>,
    /// Begin of the series.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// End of the series.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Seconds of one step.
    step_s: f64,
    #[schema(value_type = schema::Volume)]
    totals: Volume,
    /// Every step, the ones without traffic too.
    series: Vec<SeriesPoint>,
    /// Zones that spoke with each other.
    #[schema(value_type = Vec<schema::MatrixCell>)]
    zones: Vec<MatrixCell>,
    /// Addresses that moved most octets, most first.
    #[schema(value_type = Vec<schema::Talker>)]
    talkers: Vec<Talker>,
    /// Flow ends whose address was not counted because there were too many addresses; where it is
    /// not 0, `talkers` may be too low.
    talkers_missed: u64,
    #[schema(value_type = schema::AlertTotals)]
    alerts: AlertTotals,
    /// Whether a sensor is watching, so that there will be more soon.
    ongoing: bool,
}

#[derive(Serialize, ToSchema)]
struct Span {
    #[schema(value_type = String, format = DateTime)]
    first: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct SeriesPoint {
    /// Begin of the step.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = schema::Volume)]
    allowed: Volume,
    #[schema(value_type = schema::Volume)]
    denied: Volume,
    #[schema(value_type = schema::Volume)]
    unknown: Volume,
}

/// Summarises the traffic of a time range.
#[utoipa::path(
    get,
    path = "/api/v1/overview",
    tag = "overview",
    params(OverviewQuery),
    responses(
        (status = 200, description = "The answer", body = Overview),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn overview(
    State(app): State<App>,
    Params(query): Params<OverviewQuery>,
) -> Result<Json<Overview>, ApiError> {
    let traffic = TrafficQuery {
        range: query::range(query.since.as_deref(), query.until.as_deref())?,
        filter: query::filter(&app, query.filter.as_deref()).await?,
        buckets: query::count("buckets", query.buckets.unwrap_or(120), MAX_BUCKETS)?,
    };
    let (span, traffic, alerts, ongoing) = app
        .ask(move |store| {
            let alerts = store.alert_totals(&traffic.range)?;
            let ongoing = store.summary()?.is_some_and(|summary| summary.ongoing);
            Ok((store.span()?, store.traffic(&traffic)?, alerts, ongoing))
        })
        .await?;
    Ok(Json(Overview {
        span: span.map(|(first, last)| Span { first, last }),
        since: traffic.since,
        until: traffic.until,
        step_s: traffic.step_s,
        totals: traffic.totals,
        series: traffic
            .series
            .into_iter()
            .map(|point| SeriesPoint {
                at: point.at,
                allowed: point.allowed,
                denied: point.denied,
                unknown: point.unknown,
            })
            .collect(),
        zones: traffic.zones,
        talkers: traffic.talkers,
        talkers_missed: traffic.talkers_missed,
        alerts,
        ongoing,
    }))
}
