//! Sigma rules, written for these tests after the specification: what `sekisho rules sigma` makes of
//! them raises alerts in a replay, and what does not map is said.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{code, run, stderr, stdout};

/// Rules over what is in public captures of Zeek's tests: each with the capture, and how many flows
/// of it are meant.
const RULES: &[(&str, &str, &str)] = &[
    (
        "app/zeek-dns53.pcap",
        "dns",
        "logsource: {category: dns}\ndetection: {s: {query|endswith: .distributed.net}, condition: s}",
    ),
    (
        "app/zeek-http-bro.org.pcap",
        "agent",
        "logsource: {product: zeek, service: http}\ndetection:\n  s:\n    user_agent|contains|all: [linux i686, FIREFOX/24]\n    host: [bro.org, nothing.example]\n  condition: s",
    ),
    (
        "app/zeek-quic-firefox-102.13.0esr-blog-cloudflare-com.pcap",
        "sni",
        "logsource: {category: proxy}\ndetection: {s: {cs-host: 'blog.cloud?lare.*'}, condition: s}",
    ),
    (
        "app/zeek-tls-ecdhe.pcap",
        "certificate",
        "logsource: {product: zeek, service: x509}\ndetection: {s: {certificate.subject|contains: 'CN=*.google.com', certificate.issuer|contains: 'O=Google Inc'}, condition: s}",
    ),
    (
        "app/zeek-ssh-ssh-on-port-80.pcap",
        "connection",
        "logsource: {product: zeek, service: conn}\ndetection:\n  s: {id.resp_p: [80, 8080], service: ssh, proto: tcp}\n  f: {id.resp_h|cidr: 192.0.2.0/24}\n  condition: s and not f",
    ),
];

fn sigma(arguments: &[&str]) -> std::process::Output {
    run(&[&["rules", "sigma"], arguments].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
    fs::write(&path, content).expect("a file");
    path
}

/// The rules of alerts of a replay, each once.
fn alerts(capture: &Path, policy: &Path) -> Vec<String> {
    let eve = tempfile::NamedTempFile::new().expect("a file");
    let output = run(&[
        "replay",
        text(capture),
        "--policy",
        text(policy),
        "--eve",
        text(eve.path()),
        "--quiet",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut rules: Vec<_> = support::read_eve(eve.path())
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .map(|event| event["sekisho"]["rule"].as_str().unwrap_or_default().to_owned())
        .collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn a_rule_of_each_kind_finds_its_flow_in_a_capture_and_nothing_else_does() {
    let Some(captures) = support::captures() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (_, id, rule) in RULES {
        let rule = format!("title: Rule {id}\nid: {id}\n{rule}\n");
        write(folder.path(), &format!("rules/{id}.yml"), &rule);
    }
    let out = folder.path().join("policy/sigma.toml");
    fs::create_dir(out.parent().unwrap()).unwrap();

    let output = sigma(&[text(&folder.path().join("rules")), "--alone", "--out", text(&out)]);

    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("5 of 5 rules imported, 0 do not map."));
    for (capture, id, _) in RULES {
        let found = alerts(&captures.join(capture), out.parent().unwrap());
        assert_eq!(found, [format!("SIGMA-{id}")], "{capture}");
    }
}

#[test]
fn a_file_joins_a_policy_that_it_suits_and_takes_the_place_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let rule = |id: &str| {
        format!(
            "title: t\nid: {id}\nlogsource: {{category: firewall}}\ndetection: {{s: {{dst_port: 4444}}, condition: s}}\n"
        )
    };
    let rules = write(folder.path(), "rules/a.yml", &rule("a"));
    let header =
        "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n";
    let policy = write(folder.path(), "site/policy.toml", header);
    let out = folder.path().join("site/sigma.toml");

    assert_eq!(code(&sigma(&[text(&rules), "--out", text(&policy)])), 2);
    assert_eq!(code(&sigma(&[text(&rules), "--out", text(&out)])), 0);
    fs::write(&rules, rule("b")).unwrap();
    assert_eq!(code(&sigma(&[text(&rules), "--out", text(&out)])), 0);
    assert!(fs::read_to_string(&out).unwrap().contains("id = \"SIGMA-b\""));
    let check = run(&["rules", "check", text(&folder.path().join("site"))]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
    // A policy that has the rule already does not take it again, and what is there stays.
    let before = fs::read_to_string(&out).unwrap();
    write(
        folder.path(),
        "site/own.toml",
        "schema = 1\n[[rule]]\nid = \"SIGMA-c\"\nwhen = 'resp.port == 1'\n",
    );
    fs::write(&rules, rule("c")).unwrap();
    assert_eq!(code(&sigma(&[text(&rules), "--out", text(&out)])), 2);
    assert_eq!(fs::read_to_string(&out).unwrap(), before);
    // Alone it is a catalogue too.
    let alone = folder.path().join("alone/sigma.toml");
    fs::create_dir(alone.parent().unwrap()).unwrap();
    assert_eq!(code(&sigma(&[text(&rules), "--alone", "--out", text(&alone)])), 0);
    let alone = text(alone.parent().unwrap());
    let check = run(&[
        "rules",
        "check",
        text(&folder.path().join("site")),
        "--catalogue",
        alone,
    ]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
}

#[test]
fn what_does_not_map_and_what_is_damaged_is_said_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let good =
        "title: Good\nlogsource: {category: dns}\ndetection:\n  s: {query: evil.example}\n  condition: s\n";
    let url = "title: Url\nlogsource: {category: proxy}\ndetection:\n  s:\n    c-uri: /x\n  condition: s\n";
    write(folder.path(), "a/good.yml", &format!("{good}---\n{url}"));
    write(folder.path(), "a/b/damaged.yaml", "title: [\n");
    write(folder.path(), "a/readme.txt", "no rule");
    let rules = folder.path().join("a");

    let output = sigma(&[text(&rules), "--json"]);

    assert_eq!(code(&output), 3);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sum"]["imported"], 1);
    assert_eq!(report["sum"]["by_reason"]["field"], 1);
    assert_eq!(report["rules"][1]["reasons"][0]["line"], 11);
    assert_eq!(report["rules"][1]["reasons"][0]["what"], "c-uri");
    assert!(
        report["damaged"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("damaged.yaml")
    );
    assert!(report["text"].as_str().unwrap().contains("id = \"SIGMA-good\""));
    let output = sigma(&[text(&rules)]);
    assert!(stdout(&output).starts_with("# Imported from Sigma rules"));
    let said = stderr(&output);
    assert!(
        said.contains("good.yml:11: field `c-uri`: flow records hold no URL"),
        "{said}"
    );
    assert!(said.contains("1 of 2 rules imported, 1 do not map."), "{said}");
    assert_eq!(code(&sigma(&[text(&folder.path().join("nothing"))])), 2);
    assert_eq!(code(&sigma(&[text(&folder.path().join("a/readme.txt"))])), 0);
}
