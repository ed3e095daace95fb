//! What a refused request is told: a status, a stable code, a sentence.
//!
//! ```json
//! {"error":{"code":"bad_request","message":"…","at":3,"len":4,"help":"…"}}
//! ```

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_filter::FilterError;
use sekisho_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request has no answer. The client gets the sentence, the log gets the cause.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    BadRequest(String),
    #[error("{}", .0.message)]
    BadFilter(FilterError),
    #[error("there is no {0}")]
    NotFound(&'static str),
    #[error(
        "the request is for another host: open the dashboard as \
         http://localhost, http://127.0.0.1 or http://[::1]"
    )]
    ForbiddenHost,
    #[error("the request comes from the page of another site")]
    ForbiddenOrigin,
    #[error("the body must be JSON, with the content type application/json")]
    NotJson,
    #[error("another hunt is going on; try again when it has ended")]
    Busy,
    #[error("this is not served with that method")]
    MethodNotAllowed,
    #[error("the address of the request is longer than {limit} octets")]
    UriTooLong { limit: usize },
    #[error("{0}")]
    Store(String),
    #[error("the request could not be answered; the log of the server says why")]
    Internal,
}

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) | Self::BadFilter(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::ForbiddenHost => (StatusCode::FORBIDDEN, "forbidden_host"),
            Self::ForbiddenOrigin => (StatusCode::FORBIDDEN, "forbidden_origin"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::UriTooLong { .. } => (StatusCode::URI_TOO_LONG, "uri_too_long"),
            Self::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Query(cause) => Self::BadRequest(cause),
            error => {
                tracing::error!(%error, "Store failed");
                Self::Store(error.to_string())
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let mut error = ErrorDetail {
            code,
            message: self.to_string(),
            at: None,
            len: None,
            help: None,
        };
        if let Self::BadFilter(filter) = self {
            error.at = Some(filter.at);
            error.len = Some(filter.len);
            error.help = filter.help;
        }
        (status, Json(ErrorBody { error })).into_response()
    }
}

/// The body of every refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorDetail {
    /// Stable: `bad_request`, `not_found`, `forbidden_host`, `forbidden_origin`, `not_json`,
    /// `method_not_allowed`, `uri_too_long`, `busy`, `store`, `internal`.
    #[schema(value_type = String)]
    code: &'static str,
    /// A sentence for a person.
    message: String,
    /// Where in the filter expression, in octets from its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at: Option<usize>,
    /// How many octets of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    len: Option<usize>,
    /// What to write in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    help: Option<String>,
}
