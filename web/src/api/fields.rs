//! `/api/v1/fields` and `/api/v1/complete`: what the search box knows.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_filter::{MAX_LEN, SuggestionKind};
use sekisho_model::fields::{FIELDS, FieldKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Label;
use crate::error::{ApiError, ErrorBody};
use crate::query::{self, NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/fields", get(list))
        .route("/api/v1/complete", get(complete))
}

/// A field of the flow record.
#[derive(Serialize, ToSchema)]
pub(super) struct Field {
    /// Name in filter expressions.
    #[schema(value_type = String)]
    name: &'static str,
    /// Key of a flow record.
    #[schema(value_type = String)]
    column: &'static str,
    /// `address`, `text`, `number`, `time` or `seconds`.
    #[schema(value_type = String)]
    kind: &'static str,
    label: Label,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CompleteQuery {
    /// The expression as far as it is written.
    #[serde(default)]
    #[param(max_length = 4096)]
    text: String,
    /// Where the cursor stands, in octets from the start; at the end where absent.
    cursor: Option<usize>,
}

/// Something that may stand at the cursor.
#[derive(Serialize, ToSchema)]
pub(super) struct Suggestion {
    /// What to write.
    text: String,
    label: Label,
    /// `field`, `operator` or `value`.
    #[schema(value_type = String)]
    kind: SuggestionKind,
}

/// Lists the fields of a flow record.
#[utoipa::path(
    get,
    path = "/api/v1/fields",
    operation_id = "list_fields",
    tag = "flows",
    responses((status = 200, description = "The answer", body = Vec<Field>))
)]
pub(super) async fn list(Params(NoQuery {}): Params<NoQuery>) -> Result<Json<Vec<Field>>, ApiError> {
    let fields = FIELDS.iter().map(|field| Field {
        name: field.name,
        column: field.column,
        kind: match field.kind {
            FieldKind::Text => "text",
            FieldKind::Number => "number",
            FieldKind::Address => "address",
            FieldKind::Time => "time",
            FieldKind::Seconds => "seconds",
        },
        label: (field.label_ja, field.label_en).into(),
    });
    Ok(Json(fields.collect()))
}

/// Suggests what may stand at the cursor of a filter expression.
#[utoipa::path(
    get,
    path = "/api/v1/complete",
    tag = "flows",
    params(CompleteQuery),
    responses(
        (status = 200, description = "The answer", body = Vec<Suggestion>),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn complete(
    State(app): State<App>,
    Params(query): Params<CompleteQuery>,
) -> Result<Json<Vec<Suggestion>>, ApiError> {
    query::within("text", &query.text, MAX_LEN)?;
    let cursor = query.cursor.unwrap_or(query.text.len());
    if !query.text.is_char_boundary(cursor) {
        return Err(ApiError::BadRequest(format!(
            "cursor must be 0 to {} octets, and not inside a letter, found {cursor}",
            query.text.len()
        )));
    }
    let policy = app.policy().await?;
    let suggestions = sekisho_filter::complete_with(&query.text, cursor, &policy.names().of_records());
    Ok(Json(suggestions.into_iter().map(Suggestion::from).collect()))
}

impl From<sekisho_filter::Suggestion> for Suggestion {
    fn from(suggestion: sekisho_filter::Suggestion) -> Self {
        Self {
            text: suggestion.text,
            label: Label {
                ja: suggestion.label_ja,
                en: suggestion.label_en,
            },
            kind: suggestion.kind,
        }
    }
}
