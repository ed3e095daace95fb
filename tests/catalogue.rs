//! The catalogue through the binary: it counts without being asked for, a site's word silences it, its
//! alerts explain themselves and are folded, and the manual's page is made from its files.
//!
//! The packets are made here: HTTP as RFC 9112, to hosts named in a catalogue of three rules.
//! `SEKISHO_BLESS=1 cargo test --test catalogue` writes the manual's pages anew.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sekisho_kit::conversation::Conversation;
use sekisho_kit::{Capture, Endpoint, Packet, PcapWriter, Random};
use sekisho_policy::{Policy, load_dir};
use serde_json::Value;
use support::{code, read_eve, repository, run, stderr, stdout, summary};

/// 2026-11-04T10:00:00+09:00, a working day.
const BEGIN_NS: u64 = 1_793_754_000_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

const CATALOGUE: &str = r#"schema = 1
[policy]
name = "three"
version = "2026-11-23"
catalogue = true
[list.storage]
kind = "suffix"
values = ["storage.example", "drive.example"]
[list.sanctioned-storage]
kind = "suffix"
values = []
[[rule]]
id = "T-STORAGE"
title = { ja = "届出のない保管", en = "Unsanctioned storage" }
severity = "informational"
severity_by = [{ when = 'orig.zone.classification == 3', severity = "high" }]
when = 'server_name in @storage'
except = 'server_name in @sanctioned-storage'
legitimate = { ja = "契約がある。", en = "There is a contract." }
source = "The vendors"
version = "2026-11"
[[rule]]
id = "T-ORIG"
fold = "originator"
severity = "low"
when = 'service == "http" and resp.port == 8080'
[[rule]]
id = "T-WAITS"
needs = "sanctioned-storage"
when = 'service == "http" and server_name not in @sanctioned-storage'
"#;

const SITE: &str = r#"schema = 1
[policy]
name = "site"
version = "7"
mode = "MODE"
[zone.gyomu]
networks = ["10.1.0.0/16"]
classification = 3
[zone.world]
networks = ["0.0.0.0/0"]
[[rule]]
id = "SITE-1"
when = 'service == "http"'
"#;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("catalogue/c.toml", CATALOGUE.as_bytes());
        write("enforce/s.toml", SITE.replace("MODE", "enforce").as_bytes());
        write("learn/s.toml", SITE.replace("MODE", "learn").as_bytes());
        let sanctions = "\n[list.sanctioned-storage]\nvalues = [\"storage.example\"]\n";
        write(
            "sanctions/s.toml",
            format!("{}{sanctions}", SITE.replace("MODE", "learn")).as_bytes(),
        );
        let mut capture = Capture { packets: packets() };
        capture.sort();
        write("c.pcap", &PcapWriter::default().write(&capture));
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Replays with a policy folder, or none, over the catalogue: the alerts and the summary.
    fn replay(&self, policy: Option<&str>) -> (Vec<Value>, Value) {
        let (capture, eve, catalogue) = (self.path("c.pcap"), self.path("eve.json"), self.path("catalogue"));
        let policy = policy.map(|name| self.path(name));
        let mut arguments = vec![
            "replay",
            &capture,
            "--eve",
            &eve,
            "--json",
            "--catalogue",
            &catalogue,
        ];
        if let Some(policy) = &policy {
            arguments.extend(["--policy", policy]);
        }
        let output = run(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut alerts = read_eve(Path::new(&eve));
        alerts.retain(|line| line["event_type"] == "alert");
        (alerts, summary(&output))
    }
}

fn asks(client: &str, server: &str, port: u16, host: &str, number: u16) -> Vec<Packet> {
    let from = 50_000 + number;
    Conversation::new(Endpoint::new(client, from), Endpoint::new(server, port))
        .request(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
        .response(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .play(
            BEGIN_NS + u64::from(number) * SECOND_NS,
            &mut Random::new(u64::from(from)),
        )
}

/// Thirty flows of one host to many hosts of a storage, ten to another, ten to a port.
fn packets() -> Vec<Packet> {
    let mut packets = Vec::new();
    for number in 0..30_u16 {
        let server = format!("203.0.113.{}", number % 7 + 1);
        let host = format!("node{number}.storage.example");
        packets.extend(asks("10.1.0.7", &server, 80, &host, number));
    }
    for number in 30..40_u16 {
        packets.extend(asks("10.1.0.8", "198.51.100.9", 80, "www.drive.example", number));
    }
    for number in 40..50_u16 {
        let server = format!("192.0.2.{number}");
        packets.extend(asks("10.1.0.9", &server, 8080, "peer.example", number));
    }
    packets
}

/// Rule, originator, severity and flows of each alert.
fn short(alerts: &[Value]) -> Vec<(String, String, u64, u64)> {
    let mut short: Vec<_> = alerts
        .iter()
        .map(|alert| {
            (
                alert["sekisho"]["rule"].as_str().unwrap().to_owned(),
                alert["src_ip"].as_str().unwrap().to_owned(),
                alert["alert"]["severity"].as_u64().unwrap(),
                alert["sekisho"]["count"].as_u64().unwrap(),
            )
        })
        .collect();
    short.sort();
    short
}

fn expected(rows: &[(&str, &str, u64, u64)]) -> Vec<(String, String, u64, u64)> {
    rows.iter()
        .map(|(rule, orig, severity, flows)| ((*rule).to_owned(), (*orig).to_owned(), *severity, *flows))
        .collect()
}

#[test]
fn without_a_policy_the_catalogue_counts_and_many_flows_are_one_alert_each() {
    let (alerts, summary) = Place::new().replay(None);

    assert_eq!(
        short(&alerts),
        expected(&[
            ("T-ORIG", "10.1.0.9", 3, 10),
            ("T-STORAGE", "10.1.0.7", 4, 30),
            ("T-STORAGE", "10.1.0.8", 4, 10),
        ])
    );
    assert_eq!(
        (&summary["policy_name"], &summary["catalogue_version"]),
        (&"".into(), &"2026-11-23".into())
    );
    assert_eq!(summary["zones"].as_array().unwrap().len(), 1);
}

#[test]
fn beneath_a_policy_severity_rises_with_the_zone_and_the_alert_explains_itself() {
    let (alerts, summary) = Place::new().replay(Some("learn"));

    assert_eq!(
        short(&alerts),
        expected(&[
            ("T-ORIG", "10.1.0.9", 3, 10),
            ("T-STORAGE", "10.1.0.7", 1, 30),
            ("T-STORAGE", "10.1.0.8", 1, 10),
        ])
    );
    assert_eq!(summary["policy_version"], "7");
    let explanation =
        &alerts.iter().find(|alert| alert["src_ip"] == "10.1.0.7").unwrap()["sekisho"]["explanation"];
    assert_eq!(explanation["legitimate"]["ja"], "契約がある。");
    assert_eq!(explanation["source"], "The vendors (2026-11)");
    for language in ["ja", "en"] {
        let silenced = explanation["silenced_by"][language].as_str().unwrap();
        let words = "[list.sanctioned-storage] values = [\"storage.example\"]";
        assert!(silenced.contains(words), "{silenced}");
        for part in ["observed", "expected", "first_step"] {
            assert_ne!(explanation[part][language], "");
        }
    }
}

#[test]
fn a_service_that_the_site_names_is_silent_everywhere_and_fills_what_waited() {
    let (alerts, _) = Place::new().replay(Some("sanctions"));

    let rules: BTreeMap<String, usize> =
        short(&alerts)
            .into_iter()
            .fold(BTreeMap::new(), |mut rules, row| {
                *rules.entry(format!("{} {}", row.0, row.1)).or_default() += 1;
                rules
            });
    let rules: Vec<_> = rules
        .iter()
        .map(|(rule, count)| (rule.as_str(), *count))
        .collect();
    assert_eq!(
        rules,
        [
            ("T-ORIG 10.1.0.9", 1),
            ("T-STORAGE 10.1.0.8", 1),
            ("T-WAITS 10.1.0.8", 1),
            ("T-WAITS 10.1.0.9", 10),
        ]
    );
}

#[test]
fn a_policy_that_enforces_raises_its_own_alerts_beside() {
    let (alerts, _) = Place::new().replay(Some("enforce"));
    let of = |prefix: &str| {
        let of = |alert: &&Value| alert["sekisho"]["rule"].as_str().unwrap().starts_with(prefix);
        alerts.iter().filter(of).count()
    };

    assert_eq!(of("T-"), 3);
    assert!(of("SITE-1") > 0 && of("PATH-DENY") > 0);
}

#[test]
fn another_catalogue_that_is_not_there_or_has_mistakes_is_refused() {
    let place = Place::new();
    let (capture, nowhere, wrong) = (place.path("c.pcap"), place.path("nowhere"), place.path("wrong"));
    std::fs::create_dir(&wrong).unwrap();
    std::fs::write(
        format!("{wrong}/c.toml"),
        CATALOGUE.replace("server_name in @storage", "server_nam in @storage"),
    )
    .unwrap();

    for (folder, reason) in [(&nowhere, "there is no policy folder"), (&wrong, "server_nam")] {
        let output = run(&["replay", &capture, "--catalogue", folder]);

        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
    let none = run(&["replay", &capture, "--catalogue", "none", "--json"]);
    let none = summary(&none);
    assert_eq!(
        (&none["alerts"]["total"], &none["catalogue_version"]),
        (&0.into(), &"".into())
    );
}

#[test]
fn the_shipped_catalogue_passes_its_tests_and_lies_beneath_every_preset() {
    let shipped = repository().join("rules/unauthorised");
    let tested = run(&[
        "rules",
        "test",
        shipped.to_str().unwrap(),
        "--failed",
        "--all-touched",
    ]);
    assert_eq!(code(&tested), 0, "{}", stdout(&tested));

    for preset in std::fs::read_dir(repository().join("rules")).unwrap() {
        let preset = preset.unwrap().path();
        let [over, alone] = ["rules/unauthorised", "none"].map(|catalogue| {
            let catalogue = repository().join(catalogue).display().to_string();
            let catalogue = if catalogue.ends_with("none") {
                "none"
            } else {
                &catalogue
            };
            run(&[
                "rules",
                "check",
                preset.to_str().unwrap(),
                "--json",
                "--catalogue",
                catalogue,
            ])
        });

        assert_eq!(code(&over), 0, "{}: {}", preset.display(), stdout(&over));
        let warnings = |output| summary(output)["warnings"].clone();
        assert_eq!(warnings(&over), warnings(&alone), "{}", preset.display());
    }
}

#[test]
fn the_page_of_the_catalogue_is_what_its_files_say() {
    for language in ["ja", "en"] {
        let path = PathBuf::from(repository()).join(format!("web/docs/catalogue.{language}.md"));
        let page = page(language);
        if std::env::var_os("SEKISHO_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == page,
            "{} is out of date: SEKISHO_BLESS=1 cargo test --test catalogue",
            path.display()
        );
    }
}

/// The entries of a file, with the words at its head.
struct Family<'a> {
    title: String,
    rules: Vec<&'a Value>,
}

fn page(language: &str) -> String {
    let folder = repository().join("rules/unauthorised");
    let policy = Policy::compile(&load_dir(&folder).unwrap()).unwrap();
    let whole = policy.describe();
    let say = |ja: &'static str, en: &'static str| if language == "ja" { ja } else { en };
    let rules = whole["rules"].as_array().unwrap();
    let families = families(&folder, rules, language);
    let mut page = format!(
        "{}\n\n{} {} {}\n\n{}\n",
        say(
            "# 不正通信のカタログ",
            "# The catalogue of unauthorised communication"
        ),
        say(
            "どの組織でも使える規則の一覧です。sekisho に組み込まれていて、何も書かなくても働きます。このページは `rules/unauthorised` のファイルから作られています。版:",
            "Rules for any organisation. They are built into sekisho and count without a word in the policy. \
             This page is made from the files in `rules/unauthorised`. Version:"
        ),
        policy.version(),
        match language {
            "ja" => format!("(規則{}件)", rules.len()),
            _ => format!("with {} rules.", rules.len()),
        },
        include_str!("support/catalogue.md")
            .split("\n----\n")
            .nth(usize::from(language == "en"))
            .unwrap()
            .trim()
    );
    let _ = write!(
        page,
        "\n## {}\n\n| {} | {} | {} |\n| --- | --- | --- |\n",
        say("組織が埋めるリスト", "Lists for the site to fill"),
        say("リスト", "List"),
        say("種類", "Kind"),
        say("見る規則", "Rules that ask it")
    );
    for list in whole["lists"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|list| list["count"] == 0)
    {
        let name = list["name"].as_str().unwrap();
        let asks = |rule: &&Value| {
            let texts = [&rule["when"], &rule["except"]];
            texts.iter().any(|text| names_list(text.as_str().unwrap(), name))
        };
        let _ = writeln!(
            page,
            "| `{name}` | `{}` | {} |",
            list["kind"].as_str().unwrap(),
            rules.iter().filter(asks).count()
        );
    }
    for family in families {
        let _ = write!(
            page,
            "\n## {}\n\n| {} | {} | {} | {} |\n| --- | --- | --- | --- |\n",
            family.title,
            say("規則", "Rule"),
            say("重大度", "Severity"),
            say("条項、ATT&CK", "Clause, ATT&CK"),
            say("条件", "Condition")
        );
        for rule in &family.rules {
            let text = |key: &str| rule[key].as_str().unwrap_or_default().replace('|', "\\|");
            let attack: Vec<_> = rule["attack"]
                .as_array()
                .unwrap()
                .iter()
                .map(|id| id.as_str().unwrap())
                .collect();
            let except = match text("except") {
                none if none.is_empty() => none,
                except => format!("<br>{} `{except}`", say("例外:", "Except:")),
            };
            let _ = writeln!(
                page,
                "| **{}**<br>{} | {} | {}<br>{} | `{}`{except} |",
                text("id"),
                rule["title"][language].as_str().unwrap().replace('|', "\\|"),
                severities(rule, language),
                text("clause"),
                attack.join(", "),
                text("when"),
            );
        }
        page.push('\n');
        for rule in family.rules {
            let said = |key: &str| escaped(rule[key][language].as_str().unwrap_or_default());
            let _ = writeln!(
                page,
                "- **{}** {} {} {} {} {} {} {}",
                rule["id"].as_str().unwrap(),
                said("why"),
                say("正当な場合:", "Where it is right:"),
                said("legitimate"),
                say("最初にすること:", "What to do first:"),
                said("first_step"),
                say("出典:", "Source:"),
                escaped(rule["source"].as_str().unwrap()),
            );
        }
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('*', "\\*")
}

/// Whether an expression asks a list, and not one whose name only begins alike.
fn names_list(text: &str, list: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split('@')
        .skip(1)
        .any(|rest| rest.split(|c| !is_name(c)).next() == Some(list))
}

/// The severity, and under which conditions another.
fn severities(rule: &Value, language: &str) -> String {
    let word = |word: &str| {
        let words = [
            ("high", "高"),
            ("medium", "中"),
            ("low", "低"),
            ("informational", "情報"),
        ];
        match words
            .iter()
            .find(|(en, _)| *en == word)
            .filter(|_| language == "ja")
        {
            Some((_, ja)) => (*ja).to_owned(),
            None => word.to_owned(),
        }
    };
    let mut text = word(rule["severity"].as_str().unwrap());
    for by in rule["severity_by"].as_array().unwrap() {
        let _ = write!(
            text,
            "<br>{}: `{}`",
            word(by["severity"].as_str().unwrap()),
            by["when"].as_str().unwrap()
        );
    }
    text
}

/// The families in the order of their files' names; a file's first comment lines are its title.
fn families<'a>(folder: &Path, rules: &'a [Value], language: &str) -> Vec<Family<'a>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
        .iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut heads = text.lines().map(|line| line.trim_start_matches('#').trim());
            let (ja, en) = (heads.next()?.to_owned(), heads.next()?.to_owned());
            let ids = text.split("[[rule]]\n").skip(1).map(|rule| {
                let line = rule
                    .lines()
                    .find_map(|line| line.strip_prefix("id = \""))
                    .unwrap();
                line.trim_end_matches('"').to_owned()
            });
            let of = |id: String| rules.iter().find(|rule| rule["id"] == id.as_str()).unwrap();
            let rules: Vec<_> = ids.map(of).collect();
            (!rules.is_empty()).then(|| Family {
                title: if language == "ja" { ja } else { en },
                rules,
            })
        })
        .collect()
}
