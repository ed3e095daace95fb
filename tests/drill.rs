//! The drill through the binary: each condition of a path kept once and broken once.

mod support;

use std::path::Path;

use sekisho_kit::PcapWriter;
use sekisho_kit::drill::{Drill, Violation};
use serde_json::Value;

/// The drill under its policy: EVE events and the summary.
fn replay(folder: &Path, workers: &str) -> (Vec<Value>, Value) {
    let (capture, eve) = (folder.join("drill.pcap"), folder.join("eve.json"));
    std::fs::write(&capture, PcapWriter::default().write(&Drill::new().capture)).unwrap();
    let policy = support::repository().join("tests/drill");
    let paths = [&capture, &policy, &eve].map(|path| path.to_str().unwrap());
    let output = support::run(&[
        "replay",
        paths[0],
        "--policy",
        paths[1],
        // What the paths of the policy say, by itself.
        "--catalogue",
        "none",
        "--eve",
        paths[2],
        "--workers",
        workers,
        "--json",
        "--quiet",
    ]);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    (support::read_eve(&eve), support::summary(&output))
}

fn alerts(events: &[Value]) -> Vec<&Value> {
    events
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .collect()
}

#[test]
fn every_broken_condition_is_alerted_once_by_its_name_and_no_kept_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let (events, _) = replay(folder.path(), "2");

    let address = |value: &Value| value.as_str().unwrap().parse().unwrap();
    let mut raised: Vec<_> = alerts(&events)
        .into_iter()
        .map(|alert| {
            let rule = alert["sekisho"]["rule"].as_str().unwrap().to_owned();
            let port = alert["dest_port"].as_u64().unwrap();
            (rule, address(&alert["src_ip"]), address(&alert["dest_ip"]), port)
        })
        .collect();
    raised.sort();
    let mut expected: Vec<_> = Drill::new()
        .violations
        .into_iter()
        .map(
            |Violation {
                 rule,
                 orig,
                 resp,
                 port,
             }| (rule.to_owned(), orig, resp, u64::from(port)),
        )
        .collect();
    expected.sort();

    assert_eq!(raised, expected);
}

#[test]
fn every_alert_says_in_both_languages_what_was_asked_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (events, _) = replay(folder.path(), "1");

    for alert in alerts(&events) {
        let explanation = &alert["sekisho"]["explanation"];
        for part in ["observed", "expected", "nearest", "silenced_by", "first_step"] {
            for language in ["ja", "en"] {
                assert_ne!(explanation[part][language], "", "{part} {language} of {alert}");
            }
        }
    }
}

#[test]
fn an_expired_exception_is_at_least_high_and_one_that_nobody_uses_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (events, summary) = replay(folder.path(), "4");

    let expired = alerts(&events)
        .into_iter()
        .find(|alert| alert["sekisho"]["rule"] == "EXCEPTION-EXPIRED")
        .unwrap();
    assert!(expired["alert"]["severity"].as_u64().unwrap() <= 2, "{expired}");
    assert_eq!(
        summary["rules"]["unused_exceptions"],
        serde_json::json!(["DRILL-EX-ENDED", "DRILL-EX-UNUSED"])
    );
}
