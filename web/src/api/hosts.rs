//! `/api/v1/hosts`: the devices that traffic shows, and what the register says of each.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_store::{HostQuery, HostRow, RegisterEntry, Standing};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Page, schema};
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, NoQuery, Number, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/hosts", get(list))
        .route("/api/v1/hosts/{id}", get(show))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HostsQuery {
    /// `known`, `unknown` or `retired`, by the register.
    #[param(example = "unknown")]
    standing: Option<String>,
    /// Zone that the device was seen in.
    zone: Option<String>,
    /// One of its addresses, IP or MAC, whole.
    #[param(example = "10.20.16.21")]
    key: Option<String>,
    /// Part of an address, a name, a maker, a fingerprint, a service or its line of the register.
    text: Option<String>,
    /// Rows of the page; 100 where absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists devices, last seen first.
#[utoipa::path(
    get,
    path = "/api/v1/hosts",
    operation_id = "list_hosts",
    tag = "hosts",
    params(HostsQuery),
    responses(
        (status = 200, description = "The answer", body = Page<schema::Host>),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Params(query): Params<HostsQuery>,
) -> Result<Json<Page<HostRow>>, ApiError> {
    let query = HostQuery {
        standing: standing(query.standing.as_deref())?,
        zone: query::words("zone", query.zone)?,
        key: key(query.key)?,
        text: query::words("text", query.text)?,
        limit: query::limit(query.limit)?,
        cursor: query::words("cursor", query.cursor)?,
    };
    let page = app.ask(move |store| store.hosts(&query)).await?;
    Ok(Json(Page {
        rows: page.rows,
        next: page.next,
        total: page.total,
    }))
}

/// Shows one device.
#[utoipa::path(
    get,
    path = "/api/v1/hosts/{id}",
    operation_id = "show_host",
    tag = "hosts",
    params(("id" = u64, Path, description = "Number of the device")),
    responses(
        (status = 200, description = "The answer", body = schema::Host),
        (status = 400, description = "The query is wrong", body = ErrorBody),
        (status = 404, description = "There is none", body = ErrorBody)
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Number(id): Number,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<HostRow>, ApiError> {
    let host = app.ask(move |store| store.host(id)).await?;
    host.map(Json).ok_or(ApiError::NotFound("such device"))
}

fn standing(word: Option<&str>) -> Result<Option<Standing>, ApiError> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    Standing::parse(word).map(Some).ok_or_else(|| {
        ApiError::BadRequest(format!(
            "standing must be known, unknown or retired, found {word:?}"
        ))
    })
}

/// An IP or MAC address in any of its forms, as the store writes it.
fn key(text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = query::words("key", text)? else {
        return Ok(None);
    };
    RegisterEntry::key_of(&text).map(Some).ok_or_else(|| {
        ApiError::BadRequest(format!(
            "key must be one IP address or MAC address, found {text:?}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_in_any_form_of_an_address() {
        let read = |text: &str| key(Some(text.to_owned())).unwrap();

        assert_eq!(read("52-54-00-38-02-4A").as_deref(), Some("52:54:00:38:02:4a"));
        assert_eq!(read(" 2001:DB8:0::1 ").as_deref(), Some("2001:db8::1"));
        assert_eq!(read(""), None);
        assert!(key(Some("printer".to_owned())).is_err());
    }
}
