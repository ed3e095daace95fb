//! `/healthz`: whether the process answers.

use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::query::{NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(health))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    #[schema(value_type = String)]
    status: &'static str,
}

/// Says that the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "sensor",
    responses((status = 200, description = "The answer", body = Health))
)]
pub(super) async fn health(Params(NoQuery {}): Params<NoQuery>) -> Result<Json<Health>, ApiError> {
    Ok(Json(Health { status: "ok" }))
}
