//! The policy language as a JSON Schema, for editors.
//!
//! Which keys a table has comes from the tables that the parser checks against, and so does the
//! example beside each; only how a value looks is said here. JSON Schema draft 7, which editors'
//! TOML tools (Taplo, Even Better TOML) read.
//!
//! A schema sees one file by itself, so what holds between declarations is for the compiler: names,
//! overlaps, what an included file already says.

use sekisho_model::Severity;
use serde_json::{Map, Value, json};

use super::table::Key;
use super::{boundary, calendar, gateway, group, header, list, path, rule, sanction, statement, test, zone};
use crate::lists::ListKind;
use crate::rules::FoldBy;
use crate::words::{TUNNELS, service_words};

/// A table of the language: its name here, its keys, and those that must be there.
type Table = (&'static str, &'static [Key], &'static [&'static str]);

/// An entry of an including policy gives only the keys that it replaces.
const TABLES: &[Table] = &[
    ("file", super::KEYS, &["schema"]),
    ("policy", header::KEYS, &["name", "version"]),
    ("zone", zone::KEYS, &[]),
    ("group", group::KEYS, &[]),
    ("gateway", gateway::KEYS, &[]),
    ("path", path::KEYS, &["id"]),
    ("exception", path::EXCEPTION_KEYS, &["id"]),
    ("onward", path::ONWARD_KEYS, &[]),
    ("boundary", boundary::KEYS, &["id"]),
    ("list", list::KEYS, &[]),
    ("value", list::VALUE_KEYS, &["value"]),
    ("rule", rule::KEYS, &["id"]),
    ("severity", rule::SEVERITY_KEYS, &["when", "severity"]),
    (
        "sanction",
        sanction::KEYS,
        &["list", "value", "reason", "owner", "expires"],
    ),
    ("statement", statement::KEYS, &["id"]),
    ("test", test::KEYS, &["flow", "expect"]),
    ("rule-test", test::RULE_KEYS, &["flow", "expect"]),
    ("calendar", calendar::KEYS, &[]),
    ("window", calendar::WINDOW_KEYS, &[]),
    ("event", calendar::EVENT_KEYS, &["name"]),
];

/// The schema.
#[must_use]
pub fn json_schema() -> Value {
    let tables = TABLES.iter().map(|table| (table.0.to_owned(), object(table)));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Sekisho policy",
        "allOf": [{ "$ref": "#/definitions/file" }],
        "definitions": tables.collect::<Map<_, _>>(),
    })
}

fn object((name, keys, required): &Table) -> Value {
    let properties = keys.iter().map(|key| {
        let mut value = shape(name, key.name).unwrap_or_else(|| json!({}));
        if let Some(value) = value.as_object_mut() {
            value.insert("description".to_owned(), key.words.into());
        }
        (key.name.to_owned(), value)
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties.collect::<Map<_, _>>(),
    })
}

/// How the value of a key looks.
fn shape(table: &str, key: &str) -> Option<Value> {
    Some(match (table, key) {
        ("file", "schema") => json!({ "const": 1 }),
        ("file", "policy" | "calendar") => reference(key),
        ("file", "zone" | "group" | "gateway") => by_name(key, "^[a-z0-9_-]+$"),
        ("file", "list") | ("calendar", "window" | "shift") => {
            by_name(if key == "shift" { "window" } else { key }, "^.+$")
        }
        ("file", "path" | "exception" | "boundary" | "rule" | "sanction" | "statement" | "test")
        | ("path" | "exception", "test")
        | ("calendar", "event") => json!({ "type": "array", "items": reference(key) }),
        ("rule", "test") => json!({ "type": "array", "items": reference("rule-test") }),
        ("path", "onward") => reference(key),
        (_, "label")
        | ("path" | "exception" | "boundary" | "test" | "rule-test", "title")
        | ("boundary", "first_step") => bilingual(),
        ("rule", "severity_by") => json!({ "type": "array", "items": reference("severity") }),
        ("rule", "fold") => json!({ "enum": FoldBy::ALL.map(FoldBy::name) }),
        ("rule", "needs") => one_or_more(&text(), 1),
        ("rule", "title" | "why" | "legitimate" | "first_step") => json!({ "anyOf": [text(), bilingual()] }),
        ("path" | "exception" | "boundary" | "rule" | "statement", "id") => {
            json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" })
        }
        ("policy", "mode") => json!({ "enum": ["enforce", "learn"] }),
        ("zone", "intra") => json!({ "enum": ["allow", "deny"] }),
        ("zone", "vlans") => one_or_more(&json!({ "type": "integer", "minimum": 1, "maximum": 4094 }), 0),
        ("zone", "classification") => json!({ "type": "integer", "minimum": 1, "maximum": 3 }),
        ("zone", "excluded") | ("rule", "enabled") | ("policy", "catalogue") => json!({ "type": "boolean" }),
        ("zone", "networks" | "macs" | "lists") | ("calendar", "workdays" | "holidays") => {
            one_or_more(&text(), 0)
        }
        ("policy", "include" | "remove" | "indicators")
        | ("group", "zones")
        | ("gateway", "near" | "far")
        | ("window", "days" | "times")
        | (_, "from_hosts" | "to_hosts" | "next_hops" | "from" | "to")
        | ("path" | "exception" | "statement", "window")
        | ("statement", "only") => one_or_more(&text(), 1),
        (_, "protocol") => one_or_more(
            &json!({ "anyOf": [text(), { "type": "integer", "minimum": 0, "maximum": 255 }] }),
            1,
        ),
        (_, "ports") => one_or_more(
            &json!({ "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": "^\\s*[0-9]+\\s*(-\\s*[0-9]+\\s*)?$" },
            ] }),
            1,
        ),
        (_, "services") => one_or_more(&json!({ "enum": service_words().collect::<Vec<_>>() }), 1),
        (_, "tunnel") => {
            let words: Vec<_> = ["none", "any"]
                .into_iter()
                .chain(TUNNELS.iter().copied())
                .collect();
            one_or_more(&json!({ "enum": words }), 1)
        }
        ("boundary", "severity") => json!({ "enum": ["high", "medium", "low"] }),
        ("rule" | "severity" | "rule-test", "severity") => {
            json!({ "enum": Severity::ALL.map(Severity::name) })
        }
        ("boundary" | "rule", "attack") => one_or_more(&text(), 0),
        ("rule", "number") => {
            json!({ "type": "integer", "minimum": rule::NUMBERS.start(), "maximum": rule::NUMBERS.end() })
        }
        ("list", "kind") => json!({ "enum": ListKind::ALL.map(ListKind::name) }),
        ("list", "values") => json!({ "type": "array", "items": {
            "anyOf": [text(), { "type": "integer" }, reference("value")],
        } }),
        ("sanction", "alert") => json!({ "type": "integer", "minimum": 0 }),
        ("value", "value") => json!({ "type": ["string", "integer"] }),
        ("test" | "rule-test", "flow") => json!({ "type": "object" }),
        ("policy", "name" | "version" | "source")
        | ("zone" | "gateway" | "list" | "path" | "exception", "owner")
        | ("zone", "department" | "review")
        | ("gateway", "pair_within")
        | ("path" | "exception", "approver" | "contract" | "review" | "starts" | "expires" | "via")
        | ("exception", "application" | "applicant" | "purpose")
        | ("list", "role" | "file" | "expires" | "source" | "review")
        | ("value", "expires" | "note")
        | ("sanction", "list" | "value" | "reason" | "owner" | "expires")
        | ("rule", "when" | "except" | "category" | "source" | "version")
        | ("severity", "when")
        | ("statement", "never")
        | ("test" | "rule-test", "expect")
        | ("calendar", "timezone")
        | ("event", "name")
        | (_, "clause") => text(),
        _ => return None,
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn bilingual() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "ja": text(), "en": text() },
    })
}

fn reference(table: &str) -> Value {
    json!({ "allOf": [{ "$ref": format!("#/definitions/{table}") }] })
}

/// Tables of one kind, by name.
fn by_name(table: &str, names: &str) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": names },
        "additionalProperties": reference(table),
    })
}

/// One item, or a list of at least so many.
fn one_or_more(item: &Value, least: usize) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": least }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_the_parser_knows_has_a_shape() {
        for (name, keys, required) in TABLES {
            for key in *keys {
                assert!(shape(name, key.name).is_some(), "{name}.{}", key.name);
            }
            for name in *required {
                assert!(keys.iter().any(|key| key.name == *name), "{name}");
            }
        }
    }
}
