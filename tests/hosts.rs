//! `sekisho hosts` as its users run it: lists, details, registers, and what is wrong with those.

mod support;

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

/// A data directory with the exercise in it, made once for all tests here.
fn data() -> &'static str {
    static DATA: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, data) = DATA.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        sekisho_kit::exercise::Exercise::new()
            .write(folder.path())
            .unwrap();
        let labels: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("labels.json")).unwrap()).unwrap();
        let capture = folder
            .path()
            .join(labels["captures"][0]["file"].as_str().unwrap());
        let preset = support::repository().join("rules/three-zones");
        let data = folder.path().join("data");
        let output = support::run(&[
            "replay",
            capture.to_str().unwrap(),
            "--policy",
            preset.to_str().unwrap(),
            "--out",
            data.to_str().unwrap(),
            "--quiet",
        ]);
        assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
        (folder, data)
    });
    data.to_str().unwrap()
}

fn hosts(arguments: &[&str]) -> (i32, String, String) {
    let output = support::run(&[&["hosts"], arguments].concat());
    (
        support::code(&output),
        support::stdout(&output),
        support::stderr(&output),
    )
}

fn json(arguments: &[&str]) -> Vec<Value> {
    let (code, out, err) = hosts(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_format_lists_the_same_devices() {
    let rows = json(&["--data", data()]);
    let (_, table, _) = hosts(&["--data", data()]);
    let (_, csv, _) = hosts(&["--data", data(), "--format", "csv"]);

    assert!(rows.len() > 100, "{}", rows.len());
    assert_eq!(csv.lines().count(), rows.len() + 1);
    for row in &rows {
        let mac = row["mac"].as_str().unwrap_or_default();
        assert!(table.contains(mac) && csv.contains(mac), "{mac}");
    }
}

#[test]
fn one_device_is_shown_by_any_of_its_addresses() {
    let rows = json(&["--data", data()]);
    let row = rows
        .iter()
        .find(|row| row["mac"].is_string() && !row["addresses"].as_array().unwrap().is_empty())
        .unwrap();
    let (mac, address) = (
        row["mac"].as_str().unwrap(),
        row["addresses"][0]["value"].as_str().unwrap(),
    );

    let by_mac = hosts(&["show", &mac.to_uppercase().replace(':', "-"), "--data", data()]);
    let by_address = hosts(&["show", address, "--data", data()]);

    assert_eq!(by_mac.0, 0, "{}", by_mac.2);
    assert!(by_address.1.contains(mac) && by_mac.1.contains(address));
    assert_eq!(hosts(&["show", "203.0.113.250", "--data", data()]).0, 2);
    assert!(
        hosts(&["show", "pc-1", "--data", data()])
            .2
            .contains("neither an IP address nor a MAC")
    );
}

#[test]
fn a_register_with_a_mistake_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("register.csv");
    let path = file.to_str().unwrap();
    let copy = folder.path().join("data");
    copy_data(&copy);
    let copy = copy.to_str().unwrap();
    let address = json(&["--data", copy])[0]["addresses"][0]["value"]
        .as_str()
        .unwrap()
        .to_owned();

    std::fs::write(&file, format!("key,name,status\n{address},reception,\n")).unwrap();
    assert_eq!(hosts(&["import", path, "--data", copy]).0, 0);
    std::fs::write(&file, "key,name\nnobody,x\n").unwrap();
    let (code, _, err) = hosts(&["import", path, "--data", copy]);

    assert_eq!(code, 2);
    assert!(err.contains("line 2") && err.contains("nobody"), "{err}");
    let known = json(&["--data", copy, "--standing", "known"]);
    assert_eq!(known.len(), 1);
    assert_eq!(known[0]["register"]["name"], "reception");
    std::fs::write(&file, format!("key,status\n{address},retired\n")).unwrap();
    assert_eq!(hosts(&["import", path, "--data", copy]).0, 0);
    assert_eq!(json(&["--data", copy, "--standing", "retired"]).len(), 1);
}

#[test]
fn usage_is_told_with_an_example() {
    assert_eq!(hosts(&[]).0, 2);
    assert_eq!(hosts(&["--data", "/nonexistent"]).0, 2);
    assert!(
        hosts(&["--data", data(), "--standing", "lost"])
            .2
            .contains("known, unknown or retired")
    );
    assert!(hosts(&["--help"]).1.contains("sekisho hosts import"));
    assert!(hosts(&["import", "--help"]).1.contains("department"));
}

/// A data directory of one's own, with the devices of the shared one.
fn copy_data(to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(data()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
