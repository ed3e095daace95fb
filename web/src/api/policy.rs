//! `/api/v1/policy`: the zones, paths and boundaries that the last run was judged by.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::schema;
use crate::error::ApiError;
use crate::query::{NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/policy", get(policy))
}

/// Shows the policy of the last run; its name is empty where there was none.
#[utoipa::path(
    get,
    path = "/api/v1/policy",
    tag = "policy",
    responses((status = 200, description = "The answer", body = schema::Policy))
)]
pub(super) async fn policy(
    State(app): State<App>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Json<Value>, ApiError> {
    let (policy, versions) = app
        .ask(|store| Ok((store.policy()?, store.policy_versions()?)))
        .await?;
    let mut whole = complete(policy);
    // The version used last is that of the last run, where that had a policy.
    if whole["name"] != ""
        && let Some(version) = versions.first()
    {
        whole["hash"] = json!(version.hash);
        whole["since"] = json!(version.since);
    }
    whole["versions"] = json!(versions);
    Ok(Json(whole))
}

/// Every key of the top is there, whatever the description says.
fn complete(policy: Option<Value>) -> Value {
    let mut whole = json!({
        "name": "",
        "version": "",
        "mode": "",
        "hash": "",
        "since": null,
        "versions": [],
        "source": "",
        "label": { "ja": "", "en": "" },
        "catalogues": [],
        "zones": [],
        "groups": [],
        "gateways": [],
        "lists": [],
        "calendar": { "timezone": "", "windows": [] },
        "paths": [],
        "rules": [],
        "tests": [],
        "boundaries": [],
    });
    if let (Value::Object(whole), Some(Value::Object(policy))) = (&mut whole, policy) {
        whole.extend(policy.into_iter().filter(|(_, value)| !value.is_null()));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_without_paths_has_an_empty_list_of_them() {
        let whole = complete(Some(json!({ "name": "three zones", "paths": null })));

        assert_eq!(whole["name"], "three zones");
        assert_eq!(whole["paths"], json!([]));
        assert_eq!(whole["label"], json!({ "ja": "", "en": "" }));
    }
}
