//! `/api/v1/sensor`: what the last run read, where every frame ended, which limits were met.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_model::FrameBucket;
use sekisho_model::bucket::BucketClass;
use sekisho_model::limits::LIMITS;
use sekisho_model::summary::Summary;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Label, schema};
use crate::error::ApiError;
use crate::query::{NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/sensor", get(sensor))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Sensor {
    /// Version of the program that answers.
    #[schema(value_type = String)]
    version: &'static str,
    /// The last run; null where there was none.
    #[schema(value_type = Option<schema::Summary>, required = true)]
    summary: Option<Summary>,
    /// Every bucket that a frame can end in.
    buckets: Vec<Bucket>,
    /// Every limit on state.
    limits: Vec<LimitState>,
}

#[derive(Serialize, ToSchema)]
struct Bucket {
    #[schema(value_type = String)]
    id: &'static str,
    /// `processed`, `dropped` or `filtered`; the three together are all frames received.
    #[schema(value_type = String)]
    class: &'static str,
    label: Label,
    /// Frames of the last run that ended here.
    frames: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
struct LimitState {
    #[schema(value_type = String)]
    id: &'static str,
    /// The default value.
    value: u64,
    #[schema(value_type = String)]
    unit: &'static str,
    /// The cause of loss that is counted when the limit is met.
    #[schema(value_type = String)]
    counter: &'static str,
    /// How often it was met in the last run.
    met: u64,
    /// What happens then.
    effect: Label,
}

/// Shows the sensor's own state.
#[utoipa::path(
    get,
    path = "/api/v1/sensor",
    tag = "sensor",
    responses((status = 200, description = "The answer", body = Sensor))
)]
pub(super) async fn sensor(
    State(app): State<App>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<Sensor>, ApiError> {
    let summary = app.ask(|store| store.summary()).await?;
    Ok(Json(Sensor {
        version: env!("CARGO_PKG_VERSION"),
        buckets: buckets(summary.as_ref()),
        limits: limits(summary.as_ref()),
        summary,
    }))
}

fn buckets(summary: Option<&Summary>) -> Vec<Bucket> {
    let frames = |id| summary.and_then(|summary| summary.frames.get(id)).copied();
    FrameBucket::ALL
        .iter()
        .map(|bucket| Bucket {
            id: bucket.id(),
            class: class_word(bucket.class()),
            label: bucket.label().into(),
            frames: frames(bucket.id()).unwrap_or(0),
        })
        .collect()
}

fn limits(summary: Option<&Summary>) -> Vec<LimitState> {
    let losses = |counter| summary.and_then(|summary| summary.losses.get(counter)).copied();
    LIMITS
        .iter()
        .map(|limit| LimitState {
            id: limit.id,
            value: limit.default,
            unit: limit.unit,
            counter: limit.counter,
            met: losses(limit.counter).unwrap_or(0),
            effect: (limit.effect_ja, limit.effect_en).into(),
        })
        .collect()
}

/// The word of the sum that a class of buckets stands for.
pub(super) const fn class_word(class: BucketClass) -> &'static str {
    match class {
        BucketClass::Processed => "processed",
        BucketClass::Dropped => "dropped",
        BucketClass::Filtered => "filtered",
    }
}
