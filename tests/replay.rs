//! The exercise capture through the binary: every planted violation, nothing else, and the same
//! octets for any number of workers.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// The exercise capture and its ground truth, made once for all tests here.
fn exercise() -> &'static (tempfile::TempDir, PathBuf, Value) {
    static EXERCISE: OnceLock<(tempfile::TempDir, PathBuf, Value)> = OnceLock::new();
    EXERCISE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        sekisho_kit::exercise::Exercise::new()
            .write(folder.path())
            .unwrap();
        let labels: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("labels.json")).unwrap()).unwrap();
        let capture = folder
            .path()
            .join(labels["captures"][0]["file"].as_str().unwrap());
        (folder, capture, labels)
    })
}

fn preset() -> PathBuf {
    support::repository().join("rules/three-zones")
}

/// Replays the exercise under the preset; gives the EVE octets and the summary.
fn replay(eve: &Path, workers: &str, more: &[&str]) -> (Vec<u8>, Value) {
    let (_, capture, _) = exercise();
    let preset = preset();
    let arguments = [
        &[
            "replay",
            capture.to_str().unwrap(),
            "--policy",
            preset.to_str().unwrap(),
        ],
        // What is planted are crossings; the catalogue has tests of its own.
        &[
            "--catalogue",
            "none",
            "--eve",
            eve.to_str().unwrap(),
            "--workers",
            workers,
            "--json",
            "--quiet",
        ][..],
        more,
    ]
    .concat();
    let output = support::run(&arguments);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    (std::fs::read(eve).unwrap(), support::summary(&output))
}

#[test]
fn every_planted_violation_is_alerted_once_with_its_clause_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    replay(&eve, "2", &[]);
    let (_, _, labels) = exercise();
    let mut expected: BTreeMap<(String, String, u64, String), u64> = BTreeMap::new();
    for event in labels["captures"][0]["events"].as_array().unwrap() {
        if event["type"] == "policy_violation" {
            let text = |key: &str| event[key][0].as_str().unwrap().to_owned();
            let port = event["dport"][0].as_u64().unwrap_or(0);
            let clause = event["clause"].as_str().unwrap().to_owned();
            *expected
                .entry((text("src"), text("dst"), port, clause))
                .or_default() += 1;
        }
    }

    let mut got: BTreeMap<(String, String, u64, String), u64> = BTreeMap::new();
    for alert in support::read_eve(&eve)
        .iter()
        .filter(|event| event["event_type"] == "alert")
    {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let port = alert["dest_port"].as_u64().unwrap_or(0);
        let key = (
            text(&alert["src_ip"]),
            text(&alert["dest_ip"]),
            port,
            text(&alert["sekisho"]["clause"]),
        );
        *got.entry(key).or_default() += 1;
        let explanation = &alert["sekisho"]["explanation"];
        for part in ["observed", "expected", "nearest", "silenced_by", "first_step"] {
            for language in ["ja", "en"] {
                assert_ne!(explanation[part][language], "", "{part} {language} of {alert}");
            }
        }
    }

    assert!(expected.len() >= 10);
    assert_eq!(got, expected);
}

#[test]
fn eve_is_the_same_to_the_octet_for_any_number_of_workers_and_on_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, workers| replay(&folder.path().join(name), workers, &[]).0;

    let one = run("one", "1");

    assert!(one.len() > 100_000);
    for (name, workers) in [("again", "1"), ("two", "2"), ("four", "4"), ("sixteen", "16")] {
        assert!(run(name, workers) == one, "{workers} workers differ from one");
    }
}

#[test]
fn excluded_zones_are_counted_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let (written, summary) = replay(&eve, "2", &[]);

    assert!(summary["losses"]["excluded"].as_u64().unwrap() > 0);
    let written = String::from_utf8(written).unwrap();
    for network in ["\"10.80.", "\"2001:db8:80:"] {
        assert!(!written.contains(network), "{network}");
    }
    let zones = summary["zones"].as_array().unwrap();
    assert!(
        !zones
            .iter()
            .any(|cell| cell["orig_zone"] == "kyoiku" || cell["resp_zone"] == "kyoiku")
    );
    let policy = std::fs::read_to_string(preset().join("zones.toml")).unwrap();
    assert!(policy.contains("[zone.kyoiku]") && policy.contains("excluded = true"));
}

#[test]
fn a_filter_keeps_what_matches_and_counts_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let (_, all) = replay(&eve, "2", &[]);
    let (_, none) = replay(&eve, "2", &["--filter", "orig.address == 192.0.2.250"]);
    assert_eq!(
        (&none["alerts"], &none["flow_records"]),
        (&all["alerts"], &0.into())
    );
    let (_, denied) = replay(&eve, "2", &["--filter", "verdict == denied"]);

    let flows: Vec<_> = support::read_eve(&eve)
        .into_iter()
        .filter(|event| event["event_type"] == "flow")
        .collect();
    assert!(!flows.is_empty() && flows.iter().all(|flow| flow["sekisho"]["verdict"] == "denied"));
    // What is kept and exported is filtered; alerts and totals are of everything.
    assert_eq!(
        (&denied["alerts"], &denied["zones"]),
        (&all["alerts"], &all["zones"])
    );
    assert_eq!(
        denied["losses"]["records_filtered"].as_u64().unwrap() + flows.len() as u64,
        all["flow_records"].as_u64().unwrap()
    );
}

#[test]
fn learning_judges_and_raises_nothing() {
    let (_, capture, _) = exercise();
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(preset()).unwrap().map(Result::unwrap) {
        if file
            .path()
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let text = text.replace("mode = \"enforce\"", "mode = \"learn\"");
            std::fs::write(folder.path().join(file.file_name()), text).unwrap();
        }
    }

    let policy = folder.path().to_str().unwrap();
    let capture = capture.to_str().unwrap();
    let output = support::run(&[
        "replay",
        capture,
        "--policy",
        policy,
        "--catalogue",
        "none",
        "--json",
    ]);

    let summary = support::summary(&output);
    assert_eq!(summary["alerts"]["total"], 0);
    let denied = |cell: &Value| cell["denied"]["flows"].as_u64().unwrap();
    assert!(
        summary["zones"]
            .as_array()
            .unwrap()
            .iter()
            .map(denied)
            .sum::<u64>()
            > 0
    );
}
