//! `rules check`, `rules explain` and their kin on the three-zone preset and on policies of a few lines.

mod support;

use std::path::PathBuf;

use support::{code, repository, run, sekisho, stderr, stdout, summary};

fn preset() -> String {
    repository()
        .join("rules/three-zones")
        .to_str()
        .unwrap()
        .to_owned()
}

struct Folder(tempfile::TempDir);

impl Folder {
    /// A policy of one file.
    fn policy(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.file("policy.toml", text);
        folder
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn name(&self) -> String {
        self.0.path().to_str().unwrap().to_owned()
    }
}

const TWO_ZONES: &str = "schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\n\
    [zone.a]\nnetworks = [\"10.1.0.0/16\"]\nclause = \"2(1)\"\n[zone.b]\nnetworks = [\"10.2.0.0/16\"]\n";

#[test]
fn what_is_over_by_a_date_is_said_for_that_date() {
    let folder = Folder::policy(&format!(
        "{TWO_ZONES}[[path]]\nid = \"OLD\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"icmp\"\nowner = \"x\"\nexpires = \"2026-10-31\"\n\
         [[path]]\nid = \"DUE\"\nfrom = \"b\"\nto = \"a\"\nprotocol = \"icmp\"\nreview = \"2027-03-31\"\n"
    ));
    let check = |at: &str| {
        let output = run(&["rules", "check", &folder.name(), "--at", at]);
        (code(&output), stderr(&output))
    };

    let (before, later, latest) = (check("2026-10-31"), check("2026-11-01"), check("2027-04-01"));

    assert_eq!((before.0, later.0, latest.0), (0, 1, 1));
    assert!(!before.1.contains("warning"), "{}", before.1);
    assert!(
        before.1.contains("note: 1 path has no owner: DUE ("),
        "{}",
        before.1
    );
    assert!(later.1.contains("policy.toml:16: `OLD` is over; "), "{}", later.1);
    assert!(!later.1.contains("looked at again"), "{}", later.1);
    assert!(
        latest.1.contains("`DUE` was to be looked at again"),
        "{}",
        latest.1
    );
    let wrong = run(&["rules", "check", &folder.name(), "--at", "2027-02-29"]);
    assert_eq!(code(&wrong), 2, "{}", stderr(&wrong));
}

#[test]
fn the_check_speaks_japanese_where_the_locale_does() {
    let folder = Folder::policy(&format!(
        "{TWO_ZONES}[[path]]\nid = \"OLD\"\nfrom = \"a\"\nto = \"b\"\nexpires = \"2026-10-31\"\n"
    ));
    let check = |arguments: &[&str]| {
        let arguments = [&["rules", "check"], arguments].concat();
        let output = sekisho(&arguments).env("LC_ALL", "ja_JP.UTF-8").output().unwrap();
        stderr(&output)
    };

    let said = check(&[&folder.name(), "--at", "2026-11-01"]);

    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].ends_with(
            "policy.toml:10: `OLD` はすべてのプロトコルとポートに開いています。\
             ゾーン、`protocol`、`ports` を、必要な範囲まで絞ってください"
        ) && lines[0].starts_with("注意: "),
        "{said}"
    );
    assert!(
        lines[1].contains("`OLD` は期限が過ぎています。消すか、"),
        "{said}"
    );
    assert!(
        lines[2].starts_with("参考: 責任者のない経路が 1 件あります: OLD ("),
        "{said}"
    );
    assert!(
        lines[3].contains("ファイル 1、ゾーン 2、経路 1、境界 0。誤りはありません。カタログ "),
        "{said}"
    );

    folder.file("wrong.toml", "schema = 1\n[zone.c]\nnetwork = 1\n");
    let wrong = check(&[&folder.name()]);
    assert!(wrong.ends_with("ポリシーに誤りが 1 件あります。\n"), "{wrong}");
}

#[test]
fn the_check_as_json_names_code_file_and_line() {
    let folder = Folder::policy(&format!(
        "{TWO_ZONES}[[path]]\nid = \"P\"\nfrom = \"a\"\nto = \"c\"\n"
    ));

    let wrong = run(&["rules", "check", &folder.name(), "--json"]);
    let right = run(&["rules", "check", &preset(), "--at", "2027-04-01", "--json"]);

    assert_eq!((code(&wrong), code(&right)), (1, 1));
    let mistake = &summary(&wrong)["mistakes"][0];
    assert_eq!(
        (&mistake["code"], &mistake["line"]),
        (&"policy::no-such-zone".into(), &13.into())
    );
    let warnings = summary(&right)["warnings"].clone();
    let due = warnings.as_array().unwrap().iter();
    let due = due.filter(|warning| warning["code"] == "policy::review-past");
    assert_eq!(due.count(), 5);
}

#[test]
fn clauses_that_nothing_speaks_to_are_named() {
    let folder = Folder::policy(TWO_ZONES);
    folder.file(
        "clauses.csv",
        "clause,ja,en,network\n2(1),一,One,yes\n2(2),二,Two,yes\n2(3),三,Three,no\n",
    );

    let output = run(&["rules", "check", &folder.name(), "--clauses"]);
    let japanese = sekisho(&["rules", "check", &folder.name(), "--clauses"])
        .env("LC_ALL", "ja_JP.UTF-8")
        .output()
        .unwrap();

    assert_eq!(
        stdout(&output),
        "2(1)  One\n    zone: a\n\
         Clauses that nothing speaks to, though traffic could show them:\n    2(2)  Two\n\
         Clauses that traffic cannot show, and nothing speaks to:\n    2(3)  Three\n\
         Declarations that cite no clause:\n    zone: b\n"
    );
    assert!(
        stdout(&japanese).starts_with("2(1)  一\n"),
        "{}",
        stdout(&japanese)
    );

    folder.file("clauses.csv", "clause,ja,en,network\n2(9),九,Nine,maybe\n");
    let wrong = run(&["rules", "check", &folder.name(), "--clauses"]);
    assert_eq!(code(&wrong), 2);
    assert!(
        stderr(&wrong).contains("clauses.csv: line 2: network is yes or no"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn every_clause_that_the_preset_cites_is_in_its_list() {
    let output = run(&["rules", "check", &preset(), "--clauses", "--json"]);

    let clauses = summary(&output)["clauses"].clone();
    let clauses = clauses["clauses"].as_array().unwrap();
    assert!(
        clauses.iter().all(|clause| clause["listed"] == true),
        "{clauses:?}"
    );
    let core = ["6(3)ア", "6(3)イ", "6(3)ウ", "6(6)", "6(8)"];
    for name in core {
        let clause = clauses.iter().find(|clause| clause["clause"] == name).unwrap();
        assert!(clause["cited_by"].as_array().unwrap().len() > 2, "{name}");
    }
}

#[test]
fn an_explanation_goes_from_the_zones_over_the_paths_to_the_verdict_and_the_neighbours() {
    let explain = |arguments: &[&str]| {
        let output = run(&[&["rules", "explain", "--policy", &preset()], arguments].concat());
        (code(&output), stdout(&output) + &stderr(&output))
    };

    let (allowed, text) = explain(&[
        "10.20.16.21",
        "10.20.1.53",
        "53",
        "--proto",
        "udp",
        "--service",
        "dns",
    ]);
    assert_eq!(allowed, 0, "{text}");
    assert!(
        text.contains("is in LGWAN-side terminals (joho) by the network 10.20.16.0/20"),
        "{text}"
    );
    assert!(text.contains("PATH-0201"), "{text}");
    assert!(!text.contains("Nearest"), "{text}");

    let (denied, text) = explain(&["10.20.16.21", "10.30.16.21", "445", "--time", "2026-11-04T10:00"]);
    assert_eq!(denied, 1, "{text}");
    assert!(
        text.starts_with("tcp 10.20.16.21 -> 10.30.16.21:445, 2026-11-04 10:00 (Wed) +09:00\n"),
        "{text}"
    );
    assert!(text.contains("Denied: no path allows it (PATH-DENY)."), "{text}");
    assert!(
        text.contains("another responder's zone (path: joho-server; flow: kokai)"),
        "{text}"
    );

    let (excluded, text) = explain(&["10.80.1.1", "203.0.113.9", "53"]);
    assert_eq!(excluded, 1, "{text}");
    assert!(text.ends_with("Not judged: an end is excluded.\n"), "{text}");

    let (_, text) = explain(&["10.20.16.21", "10.30.16.21", "445", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&json["verdict"], &json["rule"]),
        (&"denied".into(), &"PATH-DENY".into())
    );
    assert_eq!(json["near"][0]["differs"], serde_json::json!(["to"]));
}

#[test]
fn a_flow_that_is_none_is_refused_with_what_to_write() {
    for (arguments, cause) in [
        (&["10.20.16.21", "10.20.1.1"][..], "PORT is needed: tcp has ports"),
        (
            &["10.20.16.21", "10.20.1.1", "4", "--proto", "icmp"],
            "leave PORT out",
        ),
        (&["10.20.16", "10.20.1.1", "4"], "invalid IP address"),
        (&["10.20.16.21", "10.20.1.1", "443", "--service", "https"], "tls"),
        (&["10.20.16.21", "10.20.1.1", "443", "--tunnel", "vpn"], "gre"),
        (
            &["10.20.16.21", "10.20.1.1", "443", "--time", "noon"],
            "--time noon",
        ),
        (
            &["10.20.16.21", "10.20.1.1", "443", "--orig-mac", "x"],
            "52:54:00:12:34:56",
        ),
        (&["10.20.16.21", "10.20.1.1", "443", "--vlan", "4095"], "4094"),
    ] {
        let output = run(&[&["rules", "explain", "--policy", &preset()], arguments].concat());

        assert_eq!(code(&output), 2, "{arguments:?}: {}", stdout(&output));
        assert!(
            stderr(&output).contains(cause),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

const TESTED: &str = "[[path]]\nid = \"WEB\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nports = [443]\nowner = \"x\"\n\
    [[path.test]]\nflow = { protocol = \"tcp\", orig = \"10.1.0.7:50211\", resp = \"10.2.0.1:443\" }\n\
    expect = \"allowed\"\n";

#[test]
fn tests_of_a_policy_are_reported_with_place_expectation_and_what_nothing_touches() {
    let other = "[[path]]\nid = \"MAIL\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nports = [25]\n";
    let wrong = "[[test]]\nflow = { protocol = \"tcp\", orig = \"10.2.0.1:50211\", resp = \"10.1.0.7:443\" }\n\
        expect = \"allowed\"\n";
    let right = Folder::policy(&format!("{TWO_ZONES}{TESTED}{other}"));
    let failing = Folder::policy(&format!("{TWO_ZONES}{TESTED}{wrong}"));

    let passed = run(&["rules", "test", &right.name()]);
    let untouched = run(&["rules", "test", &right.name(), "--all-touched"]);
    let both = run(&["rules", "test", &right.name(), &failing.name(), "--failed"]);
    let json = summary(&run(&["rules", "test", &failing.name(), "--json"]));

    let said = stdout(&passed);
    assert_eq!(code(&passed), 0, "{said}{}", stderr(&passed));
    assert!(
        said.contains("  ok   WEB: tcp 10.1.0.7:50211 -> 10.2.0.1:443 ("),
        "{said}"
    );
    assert!(said.contains("path MAIL ("), "{said}");
    assert!(
        said.ends_with("  1 passed, 0 failed; tests touch 1 of 2 paths, exceptions and rules.\n"),
        "{said}"
    );
    assert_eq!((code(&untouched), code(&both)), (1, 1));
    let said = stdout(&both);
    assert!(!said.contains("ok   WEB"), "{said}");
    assert!(
        said.contains("  FAIL policy: tcp 10.2.0.1:50211 -> 10.1.0.7:443 ("),
        "{said}"
    );
    assert!(
        said.contains("policy.toml:20)\n       expected: allowed\n       got:      denied"),
        "{said}"
    );
    let test = &json["policies"][0]["tests"][0];
    assert_eq!(
        (&test["got"], &test["line"], &test["passed"]),
        (&"denied".into(), &20.into(), &false.into())
    );
    let nowhere = run(&["rules", "test", &right.name(), "/nowhere"]);
    assert_eq!((code(&nowhere), stdout(&nowhere).as_str()), (2, ""));
}

#[test]
fn the_schema_is_one_json_document() {
    let output = run(&["rules", "schema"]);

    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let schema = summary(&output);
    assert!(schema["definitions"]["path"]["properties"]["services"].is_object());
}

#[test]
fn the_help_of_every_command_has_an_example() {
    for command in [
        "check", "prove", "diff", "whatif", "suggest", "explain", "schema", "test",
    ] {
        let output = run(&["rules", command, "--help"]);

        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("Example"), "{command}");
        assert!(stdout(&output).contains("Exit codes"), "{command}");
    }
}
