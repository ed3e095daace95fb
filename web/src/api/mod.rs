//! The API, one file a resource: routes, query and body types, handlers.
//!
//! Handlers check, ask the store, answer.

mod alerts;
mod capture_health;
mod exceptions;
mod fields;
mod flows;
mod health;
mod hosts;
mod hunt;
mod metrics;
pub(crate) mod openapi;
mod overview;
mod policy;
mod sanctions;
mod schema;
mod sensor;

use std::borrow::Cow;

use axum::Router;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::App;

/// Every resource.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(overview::routes())
        .merge(alerts::routes())
        .merge(exceptions::routes())
        .merge(sanctions::routes())
        .merge(hunt::routes())
        .merge(flows::routes())
        .merge(fields::routes())
        .merge(hosts::routes())
        .merge(policy::routes())
        .merge(sensor::routes())
        .merge(capture_health::routes())
        .merge(openapi::routes())
        .merge(health::routes())
        .merge(metrics::routes())
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
struct Page<T> {
    /// The rows, newest first.
    rows: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(required = true)]
    next: Option<String>,
    /// Rows on all pages together.
    #[schema(required = true)]
    total: Option<u64>,
}

/// The same text in both languages.
#[derive(Serialize, ToSchema)]
struct Label {
    #[schema(value_type = String)]
    ja: Cow<'static, str>,
    #[schema(value_type = String)]
    en: Cow<'static, str>,
}

impl From<(&'static str, &'static str)> for Label {
    fn from((ja, en): (&'static str, &'static str)) -> Self {
        Self {
            ja: Cow::Borrowed(ja),
            en: Cow::Borrowed(en),
        }
    }
}
