//! `rules suggest`: the proposal is a policy that `rules check` accepts, and a replay by it allows
//! what it says to cover.

mod support;

use std::path::Path;

use sekisho_kit::exercise::Exercise;
use serde_json::Value;
use support::{code, repository, run, stderr, stdout, summary};

struct Folder(tempfile::TempDir);

impl Folder {
    fn with_exercise() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.name("office.pcapng"), Exercise::new().pcapng()).unwrap();
        folder
    }

    fn name(&self, file: &str) -> String {
        self.0.path().join(file).to_str().unwrap().to_owned()
    }

    /// Writes a policy folder of one file, and checks it.
    fn policy(&self, name: &str, text: &str) -> String {
        let folder = self.name(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join("suggested.toml"), text).unwrap();
        let checked = run(&["rules", "check", &folder]);
        assert_eq!(code(&checked), 0, "{}", stderr(&checked));
        folder
    }
}

fn suggest(arguments: &[&str]) -> Value {
    let output = run(&[&["rules", "suggest", "--json"], arguments].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    summary(&output)
}

/// Flow records by verdict, of a replay by a policy.
fn replayed(capture: &str, policy: &str) -> [u64; 3] {
    let output = run(&["replay", capture, "--policy", policy, "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary = summary(&output);
    let sum = |verdict: &str| {
        let zones = summary["zones"].as_array().unwrap().iter();
        zones.map(|cell| cell[verdict]["flows"].as_u64().unwrap()).sum()
    };
    ["allowed", "denied", "unknown"].map(sum)
}

fn flows(volume: &Value) -> u64 {
    volume["flows"].as_u64().unwrap()
}

#[test]
fn a_replay_by_the_proposal_allows_what_it_covers_and_denies_what_is_left() {
    let folder = Folder::with_exercise();
    let capture = folder.name("office.pcapng");
    let preset = repository().join("rules/three-zones");
    let preset = preset.to_str().unwrap();

    for arguments in [&["--policy", preset][..], &[], &["--world", "--flows", "1"]] {
        let said = suggest(&[&["--capture", &capture], arguments].concat());

        let policy = folder.policy("draft", said["text"].as_str().unwrap());
        let [allowed, denied, unknown] = replayed(&capture, &policy);
        let left: u64 = said["left"]
            .as_array()
            .unwrap()
            .iter()
            .map(|left| flows(&left["volume"]))
            .sum();
        assert_eq!(
            allowed,
            flows(&said["covered"]) + flows(&said["without_a_path"]),
            "{arguments:?}"
        );
        assert_eq!(denied + unknown, left, "{arguments:?}");
        assert!(allowed > 3000 && left > 100, "{arguments:?}: {allowed} {left}");
        assert_eq!(flows(&said["total"]), allowed + left + flows(&said["excluded"]));
    }
}

#[test]
fn planted_violations_are_not_proposed_beside_a_policy_that_denies_them() {
    let folder = Folder::with_exercise();
    let capture = folder.name("office.pcapng");
    let preset = repository().join("rules/three-zones");
    let preset = preset.to_str().unwrap();

    let said = suggest(&["--capture", &capture, "--policy", preset]);

    let paths = said["paths"].as_array().unwrap();
    assert!(paths.len() > 40);
    assert!(paths.iter().all(|path| path["denied_now"] == 0));
    let left = said["left"].as_array().unwrap();
    let denied = left.iter().find(|left| left["reason"] == "denied").unwrap();
    let policy = folder.policy("draft", said["text"].as_str().unwrap());
    let output = run(&[
        "rules",
        "whatif",
        preset,
        &policy,
        "--capture",
        &capture,
        "--json",
    ]);
    let whatif = summary(&output);
    let same = whatif["same"].as_array().unwrap().iter();
    let mut still = same.filter(|row| row["verdict"] == "denied");
    assert_eq!(still.next().unwrap()["volume"], denied["volume"]);
    let mut opened = whatif["changed"].as_array().unwrap().iter();
    assert!(opened.all(|row| row["was"] == "allowed" && row["is"] == "denied"));
}

#[test]
fn what_is_missing_goes_into_the_folder_of_the_policy() {
    let folder = Folder::with_exercise();
    let (capture, site) = (folder.name("office.pcapng"), folder.name("site"));
    let preset = repository().join("rules/three-zones");
    std::fs::create_dir(&site).unwrap();
    for entry in std::fs::read_dir(&preset).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, Path::new(&site).join(path.file_name().unwrap())).unwrap();
    }
    let out = folder.name("site/suggested.toml");

    let arguments = ["rules", "suggest", "--capture", &capture, "--policy", &site];
    let arguments = [&arguments[..], &["--missing", "--out", &out]].concat();
    let (output, again) = (run(&arguments), run(&arguments));

    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert!(
        stderr(&output).contains("None of it is approved"),
        "{}",
        stderr(&output)
    );
    assert_eq!(code(&run(&["rules", "check", &site])), 0);
    let (before, after) = (
        replayed(&capture, preset.to_str().unwrap()),
        replayed(&capture, &site),
    );
    assert!(
        after[0] > before[0] && after[1] < before[1],
        "{before:?} {after:?}"
    );
    assert_eq!(code(&again), 2);
    assert!(
        stderr(&again).contains("there is such a file"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn wrong_use_is_refused() {
    for (arguments, cause) in [
        (&["rules", "suggest"][..], "--data <DIR>"),
        (&["rules", "suggest", "--data", "x", "--missing"], "--policy"),
        (&["rules", "suggest", "--data", "/nowhere"], "/nowhere"),
        (
            &["rules", "suggest", "--data", "x", "--policy", "/nowhere"],
            "/nowhere",
        ),
    ] {
        let output = run(arguments);

        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(cause),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}
