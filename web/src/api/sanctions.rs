//! `/api/v1/sanctions`: the service of an alert becomes a value of a list in the policy folder.
//!
//! Where the server knows no folder, the answer says what would have been written, for a person to put
//! there.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use sekisho_model::{Sanctionable, Timestamp};
use sekisho_policy::edit::{self, EditError};
use sekisho_policy::{NewSanction, Policy, Sanction};
use sekisho_store::preview_sanction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exceptions::{Silenced, now};
use crate::error::{ApiError, ErrorBody};
use crate::query::{Body, NoQuery, Params};
use crate::state::App;

/// Letters of a reason, an owner or a value at most.
const MAX_WORDS: usize = 1_000;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/sanctions", get(list).post(add))
        .route("/api/v1/sanctions/preview", post(preview))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Sanctions {
    /// Every sanctioned entry, in the order of the files.
    sanctions: Vec<Listed>,
}

/// A value that the policy sanctions.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    list: String,
    value: String,
    /// Why.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The first instant of packet time at which it holds no more.
    #[schema(value_type = String, format = DateTime, required = true)]
    until: Option<Timestamp>,
    /// The alert that it was made from.
    #[schema(required = true)]
    from_alert: Option<u64>,
    /// File and line.
    place: String,
    /// `active` or `expired`.
    state: &'static str,
}

/// A sanction that is to be made from an alert.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SanctionRequest {
    /// The alert.
    alert: u64,
    /// Another value than the alert says; null for that one.
    #[serde(default)]
    value: Option<String>,
    /// Why.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The last date on which it holds.
    #[schema(format = Date)]
    expires: String,
}

/// Which alert, and which value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SanctionPreview {
    /// The alert.
    alert: u64,
    /// Another value than the alert says; null for that one.
    #[serde(default)]
    value: Option<String>,
}

/// What a sanction would have silenced, and where it would stand.
#[derive(Serialize, ToSchema)]
pub(super) struct Foreseen {
    list: String,
    value: String,
    #[serde(flatten)]
    silenced: Silenced,
    /// Whether the server knows a policy folder to write to.
    writable: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Sanctioned {
    /// The lines of the policy.
    text: String,
    /// The file that they stand in; null where the server knows no policy folder.
    #[schema(required = true)]
    file: Option<String>,
}

/// Lists what the policy of the last run sanctions, for review.
#[utoipa::path(
    get,
    path = "/api/v1/sanctions",
    operation_id = "list_sanctions",
    tag = "exceptions",
    responses(
        (status = 200, description = "The answer", body = Sanctions),
        (status = 400, description = "The query is wrong", body = ErrorBody)
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<Sanctions>, ApiError> {
    let policy = app.policy().await?;
    let now = now();
    let listed = |sanction: &Sanction| Listed {
        list: sanction.list.clone(),
        value: sanction.value.clone(),
        reason: sanction.reason.clone(),
        owner: sanction.owner.clone(),
        until: sanction.until,
        from_alert: sanction.alert,
        place: format!("{}:{}", sanction.place.0, sanction.place.1),
        state: match sanction.until.is_some_and(|until| until <= now) {
            true => "expired",
            false => "active",
        },
    };
    Ok(Json(Sanctions {
        sanctions: policy.sanctions().iter().map(listed).collect(),
    }))
}

/// Says which alerts that are kept a sanction would have silenced.
#[utoipa::path(
    post,
    path = "/api/v1/sanctions/preview",
    operation_id = "preview_sanction",
    tag = "exceptions",
    request_body = SanctionPreview,
    responses(
        (status = 200, description = "The answer", body = Foreseen),
        (status = 400, description = "The request is wrong", body = ErrorBody),
        (status = 404, description = "There is no such alert", body = ErrorBody)
    )
)]
pub(super) async fn preview(
    State(app): State<App>,
    Body(request): Body<SanctionPreview>,
) -> Result<Json<Foreseen>, ApiError> {
    let Sanctionable { list, value } = of_alert(&app, request.alert, request.value).await?;
    let policy = app.policy().await?;
    let wanted = (list.clone(), value.clone());
    let days = app
        .ask(move |store| {
            let (list, value) = &wanted;
            let stands =
                |other: &Sanctionable| other.list == *list && policy.stands_for(list, value, &other.value);
            preview_sanction(store, &policy.rules_excepting(list), &stands)
        })
        .await?;
    Ok(Json(Foreseen {
        list,
        value,
        silenced: Silenced::of(&days),
        writable: app.policy_folder().is_some(),
    }))
}

/// Writes a sanction to the policy folder, or says what would stand there.
#[utoipa::path(
    post,
    path = "/api/v1/sanctions",
    operation_id = "add_sanction",
    tag = "exceptions",
    request_body = SanctionRequest,
    responses(
        (status = 200, description = "The sanction", body = Sanctioned),
        (status = 400, description = "The request is wrong, or the policy would not take it", body = ErrorBody),
        (status = 404, description = "There is no such alert", body = ErrorBody)
    )
)]
pub(super) async fn add(
    State(app): State<App>,
    Body(request): Body<SanctionRequest>,
) -> Result<Json<Sanctioned>, ApiError> {
    let Sanctionable { list, value } = of_alert(&app, request.alert, request.value).await?;
    for (name, words) in [
        ("reason", &request.reason),
        ("owner", &request.owner),
        ("value", &value),
    ] {
        if words.trim().is_empty() || words.chars().count() > MAX_WORDS {
            return Err(ApiError::BadRequest(format!(
                "{name} is needed, of {MAX_WORDS} letters at most"
            )));
        }
    }
    let policy = app.policy().await?;
    let is_open = is_open(&policy, &request.expires)?;
    if !is_open {
        return Err(ApiError::BadRequest("`expires` is over already".to_owned()));
    }
    let folder = app.policy_folder();
    let written = app.ask(move |_| {
        let new = NewSanction {
            list: &list,
            value: &value,
            reason: &request.reason,
            owner: &request.owner,
            expires: &request.expires,
            alert: request.alert,
        };
        let file = folder.map(|folder| edit::add_sanction(&folder.path, &folder.catalogue, &new));
        Ok((new.text(), file))
    });
    let (text, file) = written.await?;
    let file = match file {
        None => None,
        Some(Ok(path)) => Some(path.display().to_string()),
        Some(Err(EditError::Policy(errors))) => {
            let first = errors
                .reports()
                .next()
                .map(ToString::to_string)
                .unwrap_or_default();
            return Err(ApiError::BadRequest(format!(
                "the policy does not take it: {first}"
            )));
        }
        Some(Err(EditError::Io(error))) => {
            tracing::error!(%error, "The policy folder could not be written");
            return Err(ApiError::BadRequest(format!(
                "the policy folder cannot be written: {error}"
            )));
        }
    };
    Ok(Json(Sanctioned { text, file }))
}

/// Whether a date is not over yet.
fn is_open(policy: &Policy, expires: &str) -> Result<bool, ApiError> {
    let end = policy.calendar().date_end(expires);
    let end = end.map_err(|fault| ApiError::BadRequest(format!("`expires`: {}", fault.message)))?;
    Ok(end > now())
}

/// What would have silenced an alert, with another value where one is asked for.
async fn of_alert(app: &App, id: u64, value: Option<String>) -> Result<Sanctionable, ApiError> {
    let alert = app.ask(move |store| store.alert(id)).await?;
    let alert = alert.ok_or(ApiError::NotFound("such alert"))?;
    let sanction = alert.explanation.sanction.ok_or_else(|| {
        ApiError::BadRequest("no list of the policy speaks of this alert; make an exception of it".to_owned())
    })?;
    Ok(Sanctionable {
        value: value.unwrap_or(sanction.value),
        ..sanction
    })
}
