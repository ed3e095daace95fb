//! `/api/v1/flows`: flow records by time and filter expression, and all records of one flow.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_model::fields::{FIELDS, FieldKind};
use sekisho_store::FlowQuery;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::Page;
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, NoQuery, Number, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/flows", get(list))
        .route("/api/v1/flows/{flow_id}", get(show))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FlowsQuery {
    /// Records that start at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Records that start before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Filter expression.
    #[param(max_length = 4096, example = "orig.zone == office and resp.port == 22")]
    filter: Option<String>,
    /// Rows of the page; 100 where absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A flow record: one key a column of the field table, null where the record has none.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Flow(serde_json::Map<String, serde_json::Value>);

#[derive(Serialize, ToSchema)]
pub(super) struct FlowRecords {
    /// Every record of the flow, oldest first.
    records: Vec<Flow>,
}

/// Lists flow records, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/flows",
    operation_id = "list_flows",
    tag = "flows",
    params(FlowsQuery),
    responses(
        (status = 200, description = "The answer", body = Page<Flow>),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Params(query): Params<FlowsQuery>,
) -> Result<Json<Page<Flow>>, ApiError> {
    let query = FlowQuery {
        range: query::range(query.since.as_deref(), query.until.as_deref())?,
        filter: query::filter(&app, query.filter.as_deref()).await?,
        limit: query::limit(query.limit)?,
        cursor: query::words("cursor", query.cursor)?,
    };
    let page = app.ask(move |store| store.flows(&query)).await?;
    Ok(Json(Page {
        rows: page.rows.into_iter().map(|row| Flow(row.0)).collect(),
        next: page.next,
        total: page.total,
    }))
}

/// Shows all records of one flow.
#[utoipa::path(
    get,
    path = "/api/v1/flows/{flow_id}",
    operation_id = "show_flow",
    tag = "flows",
    params(("flow_id" = u64, Path, description = "Number of the flow")),
    responses(
        (status = 200, description = "The answer", body = FlowRecords),
        (status = 400, description = "The query is wrong", body = ErrorBody),
        (status = 404, description = "There is none", body = ErrorBody)
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Number(flow_id): Number,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<FlowRecords>, ApiError> {
    let rows = app.ask(move |store| store.flow(flow_id)).await?;
    if rows.is_empty() {
        return Err(ApiError::NotFound("such flow"));
    }
    let records = rows.into_iter().map(|row| Flow(row.0)).collect();
    Ok(Json(FlowRecords { records }))
}

impl ToSchema for Flow {}

impl PartialSchema for Flow {
    fn schema() -> RefOr<Schema> {
        FIELDS
            .iter()
            .fold(ObjectBuilder::new(), |object, field| {
                let (kind, format) = match field.kind {
                    FieldKind::Text | FieldKind::Address => (Type::String, None),
                    FieldKind::Time => (Type::String, Some(KnownFormat::DateTime)),
                    FieldKind::Number => (Type::Integer, Some(KnownFormat::Int64)),
                    FieldKind::Seconds => (Type::Number, Some(KnownFormat::Double)),
                };
                let property = ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::SchemaType::from_iter([kind, Type::Null]))
                    .format(format.map(SchemaFormat::KnownFormat))
                    .description(Some(field.label_en));
                object.property(field.column, property).required(field.column)
            })
            .description(Some("A flow record; null where the record has no such value."))
            .into()
    }
}
