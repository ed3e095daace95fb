//! `/api/v1/openapi.json`: the description of this API, made from the types that answer.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;

use super::{
    alerts, capture_health, exceptions, fields, flows, health, hosts, hunt, metrics, overview, policy,
    sanctions, sensor,
};
use crate::error::{ApiError, ErrorBody};
use crate::query::{NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/openapi.json", get(openapi))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sekisho",
        description = "What the dashboard asks. Everything is read with GET; lists come newest first, in pages \
                       that `next` and `cursor` chain. Looking back and exceptions are asked for with POST and \
                       a JSON body. Unknown query keys are refused. Times are RFC 3339.",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        overview::overview,
        alerts::list,
        alerts::show,
        exceptions::list,
        exceptions::add,
        exceptions::preview,
        exceptions::end,
        sanctions::list,
        sanctions::add,
        sanctions::preview,
        hunt::hunt,
        flows::list,
        flows::show,
        fields::list,
        fields::complete,
        hosts::list,
        hosts::show,
        policy::policy,
        sensor::sensor,
        capture_health::capture_health,
        health::health,
        metrics::metrics,
    ),
    components(schemas(ErrorBody))
)]
struct Document;

/// The document as JSON text, the same on every call.
pub(crate) fn document() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

async fn openapi(Params(NoQuery {}): Params<NoQuery>) -> Result<impl IntoResponse, ApiError> {
    static DOCUMENT: LazyLock<String> = LazyLock::new(document);
    Ok(([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()))
}
