//! `rules whatif` says of past traffic what two runs by the two policies say of it.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use sekisho_kit::exercise::Exercise;
use serde_json::Value;
use support::{code, read_eve, repository, run, stderr, stdout, summary};

/// The three-zone preset with one path moved to another port and one added.
fn other_policy(folder: &Path) -> String {
    let site = folder.join("site");
    std::fs::create_dir(&site).unwrap();
    for entry in std::fs::read_dir(repository().join("rules/three-zones")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, site.join(path.file_name().unwrap())).unwrap();
    }
    let paths = site.join("paths.toml");
    let text = std::fs::read_to_string(&paths).unwrap();
    let moved = text.replacen(
        "to = \"lgwan-asp\"\nprotocol = \"tcp\"\nports = [443]",
        "to = \"lgwan-asp\"\nprotocol = \"tcp\"\nports = [8443]",
        1,
    );
    assert_ne!(text, moved);
    let added = "\n[[path]]\nid = \"PATH-NEW\"\nfrom = \"joho\"\nto = \"internet\"\nowner = \"情シス\"\n";
    std::fs::write(&paths, moved + added).unwrap();
    site.to_str().unwrap().to_owned()
}

/// The verdict on each record of a run: by flow and part.
fn verdicts(capture: &str, policy: &str, eve: &Path) -> BTreeMap<(u64, u64), (String, u64)> {
    let output = run(&[
        "replay",
        capture,
        "--policy",
        policy,
        "--eve",
        eve.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let number = |line: &Value, key: &str| line["sekisho"][key].as_u64().unwrap();
    read_eve(eve)
        .into_iter()
        .filter(|line| line["event_type"] == "flow")
        .map(|line| {
            (
                (line["flow_id"].as_u64().unwrap(), number(&line, "part")),
                (
                    line["sekisho"]["verdict"].as_str().unwrap().to_owned(),
                    number(&line, "orig_octets") + number(&line, "resp_octets"),
                ),
            )
        })
        .collect()
}

/// Records and octets by verdict before and after, of two runs.
type Matrix = BTreeMap<(String, String), (u64, u64)>;

fn two_runs(capture: &str, before: &str, after: &str, folder: &Path) -> Matrix {
    let before = verdicts(capture, before, &folder.join("before.json"));
    let after = verdicts(capture, after, &folder.join("after.json"));
    assert_eq!(before.len(), after.len());
    let mut matrix = Matrix::new();
    for (flow, (was, octets)) in before {
        let (is, _) = &after[&flow];
        let cell = matrix.entry((was, is.clone())).or_default();
        *cell = (cell.0 + 1, cell.1 + octets);
    }
    matrix
}

fn said(output: &Value) -> Matrix {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let volume = |row: &Value| {
        let count = |key: &str| row["volume"][key].as_u64().unwrap();
        (count("records"), count("octets"))
    };
    let same = output["same"].as_array().unwrap().iter().map(|row| {
        let verdict = word(&row["verdict"]);
        ((verdict.clone(), verdict), volume(row))
    });
    let changed = output["changed"].as_array().unwrap().iter();
    let changed = changed.map(|row| ((word(&row["was"]), word(&row["is"])), volume(row)));
    same.chain(changed)
        .filter(|((was, _), _)| was != "excluded")
        .collect()
}

#[test]
fn what_would_change_is_what_two_runs_say_of_a_capture_and_of_the_data_kept_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let name = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    std::fs::write(name("office.pcapng"), Exercise::new().pcapng()).unwrap();
    let capture = name("office.pcapng");
    let preset = repository().join("rules/three-zones");
    let before = preset.to_str().unwrap();
    let after = other_policy(folder.path());
    let kept = run(&[
        "replay",
        &capture,
        "--policy",
        before,
        "--out",
        &name("data"),
        "--quiet",
    ]);
    assert_eq!(code(&kept), 0, "{}", stderr(&kept));
    let whatif = |arguments: &[&str]| {
        let output = run(&[&["rules", "whatif", before, &after, "--json"], arguments].concat());
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        summary(&output)
    };

    let captured = whatif(&["--capture", &capture]);
    let stored = whatif(&["--data", &name("data")]);

    let expected = two_runs(&capture, before, &after, folder.path());
    assert!(expected.contains_key(&("allowed".to_owned(), "denied".to_owned())));
    assert!(expected.contains_key(&("denied".to_owned(), "allowed".to_owned())));
    assert_eq!(said(&captured), expected);
    assert_eq!(said(&stored), expected);
    assert_eq!(captured["changes"], stored["changes"]);
    let opened = &captured["changes"][1];
    assert_eq!(
        (&opened["after"]["rule"], &opened["after"]["owner"]),
        (&Value::from("PATH-NEW"), &Value::from("情シス"))
    );
}

#[test]
fn wrong_use_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let preset = repository().join("rules/three-zones");
    let preset = preset.to_str().unwrap();
    let data = folder.path().join("data");
    let capture = folder.path().join("office.pcapng");
    std::fs::write(&capture, Exercise::new().pcapng()).unwrap();
    let (data, capture) = (data.to_str().unwrap(), capture.to_str().unwrap());
    assert_eq!(code(&run(&["replay", capture, "--out", data, "--quiet"])), 0);

    for (arguments, cause) in [
        (&[][..], "--data <DIR>"),
        (&["--capture", capture, "--data", data], "cannot be used with"),
        (&["--capture", "/nowhere.pcap"], "/nowhere.pcap"),
        (&["--data", "/nowhere"], "/nowhere"),
        (&["--data", data, "--since", "10m"], "30d or 12h"),
        (&["--capture", capture, "--since", "1d"], "--since"),
    ] {
        let output = run(&[&["rules", "whatif", preset, preset], arguments].concat());

        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(cause),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }

    let output = run(&["rules", "whatif", preset, preset, "--data", data, "--since", "1h"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).ends_with("say the same.\n"),
        "{}",
        stdout(&output)
    );
}
