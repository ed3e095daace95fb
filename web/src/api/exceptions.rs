//! `/api/v1/exceptions`: exceptions from alerts, made, foreseen, listed for review, ended.

use std::time::SystemTime;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use sekisho_model::Timestamp;
use sekisho_store::{Covers, Exception, NewException};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;
use crate::error::{ApiError, ErrorBody};
use crate::query::{Body, NoQuery, Number, Params};
use crate::state::App;

/// Who the dashboard is while it has no accounts.
const USER: &str = "dashboard";

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/exceptions", get(list).post(add))
        .route("/api/v1/exceptions/preview", post(preview))
        .route("/api/v1/exceptions/{id}/end", post(end))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Exceptions {
    /// Every exception, the newest first.
    #[schema(value_type = Vec<schema::Exception>)]
    exceptions: Vec<Listed>,
}

/// An exception and whether it silences anything yet.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    exception: Exception,
    /// `active`, `expired` or `ended`.
    state: &'static str,
}

/// An exception that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionRequest {
    #[schema(value_type = schema::Covers)]
    covers: Covers,
    /// Why.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The first instant of packet time at which it holds no more.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The alert that it is made from.
    #[serde(default)]
    from_alert: Option<u64>,
}

/// Which alerts an exception would cover, and until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRequest {
    #[schema(value_type = schema::Covers)]
    covers: Covers,
    /// The first instant of packet time at which it holds no more; null for the whole past.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Silenced {
    /// Alerts that are kept and would be silenced.
    alerts: u64,
    /// Flows behind them.
    flows: u64,
    /// The same by day, the newest first.
    days: Vec<SilencedDay>,
}

impl Silenced {
    pub(super) fn of(days: &[sekisho_store::SilencedDay]) -> Self {
        Self {
            alerts: days.iter().map(|day| day.alerts).fold(0, u64::saturating_add),
            flows: days.iter().map(|day| day.flows).fold(0, u64::saturating_add),
            days: days
                .iter()
                .map(|day| SilencedDay {
                    day: date(day.day),
                    alerts: day.alerts,
                    flows: day.flows,
                })
                .collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct SilencedDay {
    /// UTC date.
    day: String,
    alerts: u64,
    flows: u64,
}

/// Lists the exceptions, for review.
#[utoipa::path(
    get,
    path = "/api/v1/exceptions",
    operation_id = "list_exceptions",
    tag = "exceptions",
    responses(
        (status = 200, description = "The answer", body = Exceptions),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<Exceptions>, ApiError> {
    let exceptions = app.ask(|store| store.exceptions()).await?;
    let now = now();
    Ok(Json(Exceptions {
        exceptions: exceptions
            .into_iter()
            .map(|exception| listed(exception, now))
            .collect(),
    }))
}

/// Makes an exception.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions",
    operation_id = "add_exception",
    tag = "exceptions",
    request_body = ExceptionRequest,
    responses(
        (status = 200, description = "It is kept", body = schema::Exception),
        (status = 400, description = "The request is wrong", body = ErrorBody)
    )
)]
pub(super) async fn add(
    State(app): State<App>,
    Body(request): Body<ExceptionRequest>,
) -> Result<Json<Listed>, ApiError> {
    let now = now();
    let new = NewException {
        covers: request.covers,
        reason: request.reason,
        owner: request.owner,
        until: request.until,
        from_alert: request.from_alert,
        created_by: USER.to_owned(),
        created: now,
    };
    let exception = app.ask(move |store| store.add_exception(&new)).await?;
    Ok(Json(listed(exception, now)))
}

/// Says which alerts that are kept an exception would silence.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions/preview",
    operation_id = "preview_exception",
    tag = "exceptions",
    request_body = PreviewRequest,
    responses(
        (status = 200, description = "The answer", body = Silenced),
        (status = 400, description = "The request is wrong", body = ErrorBody)
    )
)]
pub(super) async fn preview(
    State(app): State<App>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Silenced>, ApiError> {
    let until = request.until.unwrap_or(Timestamp::MAX);
    let days = app
        .ask(move |store| store.preview_exception(&request.covers, until))
        .await?;
    Ok(Json(Silenced::of(&days)))
}

/// Ends an exception; it stays in the list.
#[utoipa::path(
    post,
    path = "/api/v1/exceptions/{id}/end",
    operation_id = "end_exception",
    tag = "exceptions",
    params(("id" = u64, Path, description = "Number of the exception")),
    responses(
        (status = 200, description = "It has ended", body = schema::Exception),
        (status = 400, description = "The request is wrong", body = ErrorBody),
        (status = 404, description = "There is none", body = ErrorBody)
    )
)]
pub(super) async fn end(State(app): State<App>, Number(id): Number) -> Result<Json<Listed>, ApiError> {
    let now = now();
    let ended = app.ask(move |store| store.end_exception(id, USER, now)).await?;
    let ended = ended.ok_or(ApiError::NotFound("such exception"))?;
    Ok(Json(listed(ended, now)))
}

fn listed(exception: Exception, now: Timestamp) -> Listed {
    let state = match exception.ended {
        Some(_) => "ended",
        None if exception.is_over(now) => "expired",
        None => "active",
    };
    Listed { exception, state }
}

pub(super) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(0, 0).plus(now.unwrap_or_default())
}

/// The UTC date of a day since the epoch.
fn date(day: i64) -> String {
    let text = Timestamp::from_seconds(day.saturating_mul(DAY_S), 0).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}
