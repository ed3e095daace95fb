//! Every capture of the labelled set through the binary, against what independent tools say of it.
//!
//! Skips with a sentence where the set is absent.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

#[test]
fn counts_and_community_ids_agree_with_the_oracles() {
    let Some(folder) = support::captures() else { return };
    let labels: Value = read(&folder.join("labels.json"));
    let eve = tempfile::NamedTempFile::new().unwrap();
    let mut wrong = Vec::new();
    for capture in labels["captures"].as_array().unwrap() {
        let file = capture["file"].as_str().unwrap();
        let oracle: Value = read(&folder.join(format!("oracle/{file}.json")));
        let path = folder.join(file);
        let arguments = [
            "replay",
            path.to_str().unwrap(),
            "--eve",
            eve.path().to_str().unwrap(),
            "--json",
            "--quiet",
        ];
        let output = support::run(&arguments);
        if ![0, 3].contains(&support::code(&output)) {
            wrong.push(format!("{file}: {}", support::stderr(&output)));
            continue;
        }
        let summary = support::summary(&output);
        check_counts(file, &summary, &oracle, &mut wrong);
        check_flows(file, &support::read_eve(eve.path()), &oracle, &mut wrong);
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// received = processed + dropped + filtered, and both agree with capinfos.
fn check_counts(file: &str, summary: &Value, oracle: &Value, wrong: &mut Vec<String>) {
    let buckets: u64 = summary["frames"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    for (what, got, want) in [
        ("packets", &summary["packets"], &oracle["packets"]),
        ("octets", &summary["frame_octets"], &oracle["bytes_on_wire"]),
        ("sum of the buckets", &Value::from(buckets), &oracle["packets"]),
    ] {
        if got != want {
            wrong.push(format!("{file}: {what}: {got}, expected {want}"));
        }
    }
}

/// Every flow that tshark and pycommunityid find is there, with its packets; those inside tunnels
/// too.
fn check_flows(file: &str, eve: &[Value], oracle: &Value, wrong: &mut Vec<String>) {
    let mut got: BTreeMap<&str, u64> = BTreeMap::new();
    for flow in eve.iter().filter(|event| event["event_type"] == "flow") {
        let packets = &flow["flow"];
        *got.entry(flow["community_id"].as_str().unwrap_or_default())
            .or_default() +=
            packets["pkts_toserver"].as_u64().unwrap() + packets["pkts_toclient"].as_u64().unwrap();
    }
    // The oracle leaves later fragments out of the packets of a flow.
    let whole = oracle["fragments"] == 0;
    let outermost = oracle["flow_list_complete"] == true && oracle["flows_innermost"].is_null();
    let list = if outermost {
        &oracle["flow_list"]
    } else {
        &oracle["flow_list_innermost"]
    };
    for flow in list.as_array().into_iter().flatten() {
        let (Some(id), Some(packets)) = (flow[6].as_str(), flow[5].as_u64()) else {
            continue;
        };
        match got.get(id) {
            None => wrong.push(format!("{file}: no flow {id}")),
            Some(number) if whole && outermost && *number != packets => {
                wrong.push(format!("{file}: flow {id}: {number} packets, expected {packets}"));
            }
            Some(_) => {}
        }
    }
}

#[test]
fn the_number_of_workers_changes_nothing_on_any_capture() {
    let Some(folder) = support::captures() else { return };
    let labels: Value = read(&folder.join("labels.json"));
    let eve = tempfile::NamedTempFile::new().unwrap();
    let mut differ = Vec::new();
    for capture in labels["captures"].as_array().unwrap() {
        let file = capture["file"].as_str().unwrap();
        let path = folder.join(file);
        let mut outputs = ["1", "3", "16"].map(|workers| {
            let (path, eve) = (path.to_str().unwrap(), eve.path().to_str().unwrap());
            support::run(&["replay", path, "--eve", eve, "--quiet", "--workers", workers]);
            std::fs::read(eve).unwrap()
        });
        outputs.sort();
        if outputs[0] != outputs[2] {
            differ.push(file);
        }
    }

    assert!(differ.is_empty(), "{differ:?}");
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
