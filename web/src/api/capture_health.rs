//! `/api/v1/capture-health`: the ledger of when the sensor did not see. Whoever says of a time that there was
//! no communication looks here first.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_model::blind::BlindTotals;
use sekisho_model::{BlindInterval, BlindKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Label, schema};
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, Params};
use crate::state::App;

/// Intervals of one answer.
const MOST: usize = 2_000;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/capture-health", get(capture_health))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CaptureHealthQuery {
    /// Intervals that end at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Intervals that begin before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CaptureHealth {
    /// The intervals, the newest first.
    #[schema(value_type = Vec<schema::BlindInterval>)]
    intervals: Vec<BlindInterval>,
    /// Whether there are more, older ones than fit an answer.
    more: bool,
    /// How long the intervals shown are within the range that was asked for, by kind.
    #[schema(value_type = BTreeMap<String, schema::BlindTotals>)]
    totals: BTreeMap<&'static str, BlindTotals>,
    /// Every kind, and its label.
    kinds: Vec<Kind>,
    /// Until when the last run watched; null where none did.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    watched_until: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BlindKind)]
struct Kind {
    #[schema(value_type = String)]
    kind: &'static str,
    label: Label,
}

/// Shows when the sensor did not see.
#[utoipa::path(
    get,
    path = "/api/v1/capture-health",
    tag = "sensor",
    params(CaptureHealthQuery),
    responses(
        (status = 200, description = "The answer", body = CaptureHealth),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn capture_health(
    State(app): State<App>,
    Params(query): Params<CaptureHealthQuery>,
) -> Result<Json<CaptureHealth>, ApiError> {
    let range = query::range(query.since.as_deref(), query.until.as_deref())?;
    let asked = range;
    let (mut intervals, summary) = app
        .ask(move |store| Ok((store.blind(&asked, MOST.saturating_add(1))?, store.summary()?)))
        .await?;
    let more = intervals.len() > MOST;
    intervals.truncate(MOST);
    let mut totals: BTreeMap<_, BlindTotals> = BTreeMap::new();
    for interval in &intervals {
        let from = range
            .since
            .map_or(interval.from, |since| interval.from.max(since));
        let to = range.until.map_or(interval.to, |until| interval.to.min(until));
        let total = totals.entry(interval.kind.name()).or_default();
        total.intervals = total.intervals.saturating_add(1);
        total.seconds += to.since(from).as_secs_f64();
    }
    Ok(Json(CaptureHealth {
        intervals,
        more,
        totals,
        kinds: BlindKind::ALL.map(Kind::from).into(),
        watched_until: summary.and_then(|summary| summary.watched_until.or(summary.last_packet)),
    }))
}

impl From<BlindKind> for Kind {
    fn from(kind: BlindKind) -> Self {
        Self {
            kind: kind.name(),
            label: kind.label().into(),
        }
    }
}
