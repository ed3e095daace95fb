//! `sekisho hunt` and `sekisho alerts` as their users run them, on the exercise.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A data directory of its own with the exercise in it.
struct Data {
    folder: tempfile::TempDir,
    capture: PathBuf,
    preset: PathBuf,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        sekisho_kit::exercise::Exercise::new()
            .write(folder.path())
            .unwrap();
        let labels: Value =
            serde_json::from_slice(&fs::read(folder.path().join("labels.json")).unwrap()).unwrap();
        let capture = folder
            .path()
            .join(labels["captures"][0]["file"].as_str().unwrap());
        let preset = support::repository().join("rules/three-zones");
        let data = Self {
            folder,
            capture,
            preset,
        };
        data.replay();
        data
    }

    /// Replays the exercise into the directory, and gives the summary.
    fn replay(&self) -> Value {
        let output = support::run(&[
            "replay",
            self.capture.to_str().unwrap(),
            "--policy",
            self.preset.to_str().unwrap(),
            "--out",
            &self.path(),
            "--json",
            "--quiet",
        ]);
        assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
        support::summary(&output)
    }

    fn path(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = support::run(arguments);
    (
        support::code(&output),
        support::stdout(&output),
        support::stderr(&output),
    )
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_hunt_finds_what_the_flows_have_and_raises_it_once() {
    let data = Data::new();
    let dir = data.path();
    // The name and the address that the flows themselves show most.
    let (_, days, _) = run(&[
        "hunt",
        "server_name contains .",
        "--data",
        &dir,
        "--format",
        "json",
    ]);
    assert!(!lines(&days).is_empty());
    let store = sekisho::store::Embedded::open(Path::new(&dir)).unwrap();
    let flows = |filter: &str| {
        use sekisho::store::Store as _;
        let query = sekisho::store::FlowQuery {
            filter: Some(filter.parse().unwrap()),
            limit: 1,
            ..sekisho::store::FlowQuery::default()
        };
        store.flows(&query).unwrap()
    };
    let page = flows("server_name contains .");
    let name = page.rows[0].0["server_name"].as_str().unwrap().to_owned();
    let expected = flows(&format!("server_name == \"{name}\"")).total.unwrap();
    let list = data.file(
        "list.csv",
        &format!("indicator,note\n={name},seen\nnever.example,\n"),
    );

    let (code, foreseen, _) = run(&["hunt", of(&list), "--data", &dir, "--preview", "--format", "json"]);
    assert_eq!(code, 1);
    let alerts: u64 = lines(&foreseen)
        .iter()
        .map(|day| day["alerts"].as_u64().unwrap())
        .sum();

    let (code, found, said) = run(&["hunt", of(&list), "--data", &dir, "--format", "json"]);
    let found = lines(&found);
    assert_eq!((code, found.len()), (1, 1), "{said}");
    assert_eq!(found[0]["flows"], expected);
    assert_eq!(found[0]["indicator"]["note"], "seen");
    let hosts = found[0]["who_count"].as_u64().unwrap();
    // Of many hosts the first 16 are kept by name, and only those can be alerted.
    let named = hosts.min(16);
    assert!(said.contains(&format!("Alerts: {named} new, 0 known")), "{said}");
    assert!(named <= alerts, "{named} {alerts}");

    let (_, csv, said) = run(&["hunt", of(&list), "--data", &dir, "--format", "csv"]);
    assert!(said.contains(&format!("Alerts: 0 new, {named} known")), "{said}");
    assert!(csv.lines().nth(1).unwrap().contains(&name), "{csv}");
    let (code, nothing, _) = run(&["hunt", "never.example", "--data", &dir]);
    assert_eq!((code, nothing.as_str()), (0, "Nothing of it was seen.\n"));
}

#[test]
fn what_cannot_be_hunted_for_is_refused_with_a_reason() {
    let data = Data::new();
    let dir = data.path();
    let empty = data.file("empty.txt", "# nothing\n\n");
    let broken = data.file("broken.json", "{\"type\": \"bundle\", \"objects\": [");
    for (what, word) in [
        ("lists/missing.csv", "no such file"),
        ("300.1.1.1", "no address"),
        ("resp.prot == 22", "did you mean `resp.port`"),
        (of(&empty), "not one indicator"),
        (of(&broken), "JSON"),
    ] {
        let (code, _, said) = run(&["hunt", what, "--data", &dir]);
        assert_eq!(code, 2, "{what}: {said}");
        assert!(said.contains(word), "{what}: {said}");
    }
    let (code, _, said) = run(&[
        "hunt",
        "a.example",
        "--data",
        &dir,
        "--since",
        "2030-01-01",
        "--until",
        "2029-01-01",
    ]);
    assert_eq!(code, 2);
    assert!(said.contains("must be earlier"), "{said}");
    let (code, _, said) = run(&["hunt", "a.example", "--data", of(data.folder.path())]);
    assert_eq!(code, 2);
    assert!(said.contains("not a data directory"), "{said}");
}

#[test]
fn an_exception_silences_the_like_of_an_alert_in_this_run_and_the_next_until_it_is_ended() {
    let data = Data::new();
    let dir = data.path();
    let count = |suppressed| {
        use sekisho::store::Store as _;
        let store = sekisho::store::Embedded::open(Path::new(&dir)).unwrap();
        let query = sekisho::store::AlertQuery {
            suppressed,
            limit: 1,
            ..sekisho::store::AlertQuery::default()
        };
        let page = store.alerts(&query).unwrap();
        (page.total.unwrap(), page.rows.first().map(|alert| alert.id))
    };
    let (all, Some(id)) = count(sekisho::store::Suppressed::Left) else {
        panic!("the exercise raises alerts")
    };
    let id = id.to_string();

    let (code, foreseen, said) = run(&["alerts", "suppress", &id, "--data", &dir, "--preview"]);
    assert_eq!(code, 0, "{said}");
    assert!(foreseen.contains("Alerts silenced"), "{foreseen}");
    assert_eq!(count(sekisho::store::Suppressed::Left).0, all);
    let (code, _, said) = run(&["alerts", "suppress", &id, "--data", &dir]);
    assert_eq!(code, 2);
    assert!(said.contains("--reason"), "{said}");

    let (code, made, said) = run(&[
        "alerts",
        "suppress",
        &id,
        "--data",
        &dir,
        "--reason",
        "=known",
        "--owner",
        "audit",
        "--until",
        "2099-12-31",
    ]);
    assert_eq!(code, 0, "{said}");
    assert!(made.contains("active"), "{made}");
    let (left, _) = count(sekisho::store::Suppressed::Left);
    let (silenced, _) = count(sekisho::store::Suppressed::Only);
    assert!(silenced > 0 && left + silenced == all, "{left} {silenced} {all}");

    let (_, listed, _) = run(&["alerts", "exceptions", "--data", &dir, "--format", "json"]);
    let listed = lines(&listed);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["silenced"]),
        (&"active".into(), &silenced.into())
    );
    let (_, csv, _) = run(&["alerts", "exceptions", "--data", &dir, "--format", "csv"]);
    assert!(csv.contains(",'=known,audit,"), "{csv}");

    let again = &data.replay()["alerts"];
    assert_eq!(
        (&again["suppressed"], &again["total"]),
        (&silenced.into(), &left.into()),
        "{again}"
    );
    let rules: u64 = again["by_rule"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(rules, left);

    let (code, ended, _) = run(&["alerts", "unsuppress", "1", "--data", &dir]);
    assert_eq!(code, 0);
    assert!(ended.contains("ended"), "{ended}");
    assert_eq!(count(sekisho::store::Suppressed::Left).0, all);
    let (code, _, said) = run(&["alerts", "unsuppress", "7", "--data", &dir]);
    assert_eq!(code, 2);
    assert!(said.contains("no exception 7"), "{said}");
}
