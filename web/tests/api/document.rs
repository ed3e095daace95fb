//! The OpenAPI document: its snapshot, and whether the answers are as it says.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

use crate::lookback;
use crate::site::{Site, encoded};

/// A change of the API is a change of the snapshot: `SEKISHO_BLESS=1 cargo test -p sekisho-web`.
#[tokio::test]
async fn the_document_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = sekisho_web::openapi();
    if env::var_os("SEKISHO_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, &document).unwrap();
    }

    let committed = fs::read_to_string(&path).unwrap_or_default();
    let served = Site::empty().get("/api/v1/openapi.json").await;

    assert!(
        committed == document,
        "the API is not as web/openapi.json says; look at the change, then SEKISHO_BLESS=1 writes it"
    );
    assert_eq!(served.text, document);
    assert_eq!(served.headers["content-type"], "application/json");
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let document: Value = serde_json::from_str(&sekisho_web::openapi()).unwrap();
    let (full, empty) = (Site::new(), Site::empty());
    let mut covered = BTreeSet::new();
    for (path, uri) in [
        ("/api/v1/overview", "/api/v1/overview?buckets=5".to_owned()),
        ("/api/v1/alerts", "/api/v1/alerts".to_owned()),
        ("/api/v1/alerts/{id}", "/api/v1/alerts/104".to_owned()),
        ("/api/v1/flows", "/api/v1/flows".to_owned()),
        ("/api/v1/flows/{flow_id}", "/api/v1/flows/1007".to_owned()),
        ("/api/v1/fields", "/api/v1/fields".to_owned()),
        (
            "/api/v1/complete",
            format!("/api/v1/complete?text={}", encoded("verdict == ")),
        ),
        ("/api/v1/hosts", "/api/v1/hosts".to_owned()),
        ("/api/v1/hosts/{id}", "/api/v1/hosts/1".to_owned()),
        ("/api/v1/policy", "/api/v1/policy".to_owned()),
        ("/api/v1/exceptions", "/api/v1/exceptions".to_owned()),
        ("/api/v1/sanctions", "/api/v1/sanctions".to_owned()),
        ("/api/v1/sensor", "/api/v1/sensor".to_owned()),
        ("/api/v1/capture-health", "/api/v1/capture-health".to_owned()),
        ("/healthz", "/healthz".to_owned()),
    ] {
        covered.insert(path);
        let sites = if path.contains('{') {
            vec![&full]
        } else {
            vec![&full, &empty]
        };
        for site in sites {
            let answer = site.json(&uri).await;
            let schema = response_schema(&document, path, "200");
            if let Err(cause) = conforms(&document, schema, &answer) {
                panic!("{path}: {cause}");
            }
        }
    }
    // Text, not JSON.
    covered.insert("/metrics");
    // Asked for with a body: `lookback.rs` holds their answers against the document.
    covered.extend(lookback::POSTED);
    let documented: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(covered, documented);
}

#[tokio::test]
async fn every_refusal_is_as_the_document_says() {
    let document: Value = serde_json::from_str(&sekisho_web::openapi()).unwrap();
    let site = Site::new();
    for (path, status, uri) in [
        ("/api/v1/flows", "400", "/api/v1/flows?filter=office"),
        ("/api/v1/flows", "400", "/api/v1/flows?limit=0"),
        ("/api/v1/flows/{flow_id}", "404", "/api/v1/flows/1"),
        ("/api/v1/hosts", "400", "/api/v1/hosts?key=printer"),
        ("/api/v1/hosts/{id}", "404", "/api/v1/hosts/99"),
    ] {
        let answer: Value = serde_json::from_str(&site.get(uri).await.text).unwrap();

        let schema = response_schema(&document, path, status);
        if let Err(cause) = conforms(&document, schema, &answer) {
            panic!("{uri}: {cause}");
        }
    }
}

#[test]
fn every_operation_has_its_own_name() {
    let document: Value = serde_json::from_str(&sekisho_web::openapi()).unwrap();

    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<_> = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let names: BTreeSet<_> = operations.iter().collect();

    assert_eq!(names.len(), operations.len());
}

#[test]
fn the_check_against_the_document_notices_what_is_wrong() {
    let document = json!({});
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": { "id": { "type": "integer" }, "mac": { "type": ["string", "null"] } }
    });

    assert!(conforms(&document, &schema, &json!({ "id": 1, "mac": null })).is_ok());
    assert!(conforms(&document, &schema, &json!({ "id": "1" })).is_err());
    assert!(conforms(&document, &schema, &json!({ "mac": null })).is_err());
    assert!(conforms(&document, &schema, &json!({ "id": 1, "more": 2 })).is_err());
}

fn response_schema<'a>(document: &'a Value, path: &str, status: &str) -> &'a Value {
    schema_of(document, path, "get", status)
}

pub(crate) fn schema_of<'a>(document: &'a Value, path: &str, method: &str, status: &str) -> &'a Value {
    let schema =
        &document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} {status}");
    schema
}

/// The part of JSON Schema that the document uses; keys that it does not mention are wrong too.
pub(crate) fn conforms(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(document, schema);
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let fits = choices
                .iter()
                .any(|choice| conforms(document, choice, value).is_ok());
            return fits
                .then_some(())
                .ok_or_else(|| format!("{value} fits none of {choices:?}"));
        }
    }
    if schema.get("allOf").is_none() && !types(schema).iter().any(|name| is_of(value, name)) {
        return Err(format!("{value} is not {}", schema["type"]));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| conforms(document, &schema["items"], item)),
        Value::Object(object) => {
            let mut properties = Vec::new();
            let mut required = Vec::new();
            flatten(document, schema, &mut properties, &mut required);
            if let Some(missing) = required.iter().find(|key| !object.contains_key(**key)) {
                return Err(format!("{missing} is missing"));
            }
            object.iter().try_for_each(|(key, value)| {
                let property = properties
                    .iter()
                    .find(|(name, _)| *name == key)
                    .map(|(_, schema)| *schema);
                let schema = property
                    .or_else(|| schema.get("additionalProperties"))
                    .ok_or_else(|| format!("{key} is not in the document"))?;
                conforms(document, schema, value).map_err(|cause| format!("{key}: {cause}"))
            })
        }
        _ => Ok(()),
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let target = document.pointer(reference.trim_start_matches('#'));
            target.unwrap_or_else(|| panic!("{reference} points nowhere"))
        }
        None => schema,
    }
}

fn flatten<'a>(
    document: &'a Value,
    schema: &'a Value,
    properties: &mut Vec<(&'a String, &'a Value)>,
    required: &mut Vec<&'a str>,
) {
    let schema = resolved(document, schema);
    properties.extend(schema["properties"].as_object().into_iter().flatten());
    required.extend(
        schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    );
    for part in schema["allOf"].as_array().into_iter().flatten() {
        flatten(document, part, properties, required);
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{schema} has no type"),
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}
