//! The catalogue of unauthorised communication in `rules/unauthorised`: every entry says what it must,
//! its tests hold, and what a site permits silences it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_model::{App, Essential, FlowRecord, Severity};
use sekisho_policy::{Policy, load_dir};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/unauthorised")
}

fn policy_of(folder: &Path) -> Policy {
    let compiled = load_dir(folder).and_then(|sources| Policy::compile(&sources));
    compiled.unwrap_or_else(|errors| {
        let reports: Vec<_> = errors.reports().map(ToString::to_string).collect();
        panic!("{reports:?}")
    })
}

/// The catalogue under a site's own file.
fn site(text: &str) -> Policy {
    let folder = folder().canonicalize().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&folder, scratch.path().join("unauthorised")).unwrap();
    std::fs::create_dir(scratch.path().join("site")).unwrap();
    let head = "schema = 1\n[policy]\nname = \"site\"\nversion = \"1\"\ninclude = [\"../unauthorised\"]\n";
    std::fs::write(scratch.path().join("site/site.toml"), format!("{head}{text}")).unwrap();
    policy_of(&scratch.path().join("site"))
}

/// A flow of 10.20.16.7 to a port of 203.0.113.9.
fn flow(port: u16, service: &'static str, essentials: &[(Essential, &str)]) -> FlowRecord {
    let mut app = Box::new(App {
        service,
        ..App::default()
    });
    for (what, value) in essentials {
        app.set(*what, *value, "test");
    }
    let mut record = FlowRecord {
        app: Some(app),
        ..FlowRecord::example()
    };
    record.orig.address = [10, 20, 16, 7].into();
    record.resp.address = [203, 0, 113, 9].into();
    record.resp.port = port;
    record
}

fn met(policy: &Policy, record: &FlowRecord) -> Vec<String> {
    policy
        .rules_matching(record)
        .map(|rule| rule.id().to_string())
        .collect()
}

#[test]
fn every_entry_fires_and_has_a_near_miss() {
    let policy = policy_of(&folder());

    let run = policy.run_tests();

    let failed: Vec<_> = run.results.iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:?}");
    for rule in policy.rules() {
        let of = |outcome: &str| {
            run.results.iter().any(|result| {
                result.of.as_ref().is_some_and(|of| *of.id == **rule.id())
                    && result.expected.starts_with(outcome)
            })
        };
        assert!(of("alert") && of("none"), "{}", rule.id());
    }
    assert_eq!(policy.warnings().len(), 0);
}

#[test]
fn every_entry_says_why_what_is_right_and_what_to_do_in_both_languages() {
    let policy = policy_of(&folder());

    assert!(policy.rules().len() >= 130);
    for rule in policy.rules() {
        let id = rule.id();
        assert!(id.starts_with("UNAUTH-"), "{id}");
        let violation = rule.violation(&policy, &FlowRecord::example());
        for text in [rule.title(), rule.legitimate(), &violation.explanation.first_step] {
            assert!(!text.ja.is_empty() && !text.en.is_empty(), "{id}");
            assert!(!text.ja.is_ascii(), "{id}: {}", text.ja);
            assert!(text.en.is_ascii(), "{id}: {}", text.en);
        }
        assert!(!rule.clause().is_empty(), "{id}");
        assert!(!violation.attack.is_empty(), "{id}");
        assert!(!rule.source().is_empty() && !rule.version().is_empty(), "{id}");
    }
}

#[test]
fn nothing_is_sanctioned_and_names_are_those_of_domains() {
    let policy = policy_of(&folder());

    for list in policy.lists() {
        if list.name.starts_with("sanctioned-") {
            assert!(list.values.is_empty(), "{}", list.name);
            continue;
        }
        if !list.name.ends_with("-names") || list.name.starts_with("proxy-discovery") {
            continue;
        }
        let mut seen = HashSet::new();
        for value in &list.values {
            let sekisho_policy::ListValue::Text(name) = &value.value else {
                panic!("{}", list.name);
            };
            assert!(seen.insert(Arc::clone(name)), "{} twice in {}", name, list.name);
            let is_domain = name.contains('.')
                && name.bytes().all(|octet| {
                    octet.is_ascii_lowercase() || octet.is_ascii_digit() || b".-".contains(&octet)
                });
            assert!(is_domain || &**name == "i2p", "{name} in {}", list.name);
        }
    }
}

#[test]
fn without_zones_only_what_is_wrong_everywhere_is_more_than_informational() {
    let policy = policy_of(&folder());

    let loud: Vec<String> = policy
        .rules()
        .iter()
        .filter(|rule| rule.is_enabled() && rule.severity() != Severity::Informational)
        .map(|rule| format!("{} {}", rule.severity().name(), rule.id()))
        .collect();

    insta::assert_snapshot!(loud.join("\n"));
}

#[test]
fn what_a_site_sanctions_once_is_silent_by_name_by_question_and_by_content() {
    use Essential::{Application, QueryName, Risk, ServerName};
    let cases: &[(&str, &str, FlowRecord)] = &[
        (
            "sanctioned-storage",
            "\"box.com\"",
            flow(443, "tls", &[(ServerName, "api.box.com")]),
        ),
        ("sanctioned-storage", "\"box.com\"", {
            let mut record = flow(53, "dns", &[(QueryName, "api.box.com")]);
            record.resp.address = [10, 30, 0, 2].into();
            record
        }),
        (
            "sanctioned-remote-access",
            "\"teamviewer.com\", \"teamviewer\"",
            flow(443, "tls", &[(ServerName, "router1.teamviewer.com")]),
        ),
        (
            "sanctioned-remote-access",
            "\"teamviewer.com\", \"teamviewer\"",
            flow(5938, "teamviewer", &[(Application, "teamviewer")]),
        ),
        ("sanctioned-vpn", "\"wireguard\"", flow(51820, "wireguard", &[])),
        (
            "sanctioned-vpn-gateways",
            "\"203.0.113.9\"",
            flow(500, "ike", &[]),
        ),
        (
            "sanctioned-conference",
            "\"zoom.us\"",
            flow(443, "tls", &[(ServerName, "zoom.us")]),
        ),
        (
            "sanctioned-messenger",
            "\"line.me\"",
            flow(443, "tls", &[(ServerName, "obs.line.me")]),
        ),
        (
            "sanctioned-ai",
            "\"chatgpt.com\"",
            flow(443, "tls", &[(ServerName, "chatgpt.com")]),
        ),
        (
            "sanctioned-social-media",
            "\"x.com\"",
            flow(443, "tls", &[(ServerName, "api.x.com")]),
        ),
        (
            "sanctioned-mail",
            "\"mail.google.com\"",
            flow(443, "tls", &[(ServerName, "mail.google.com")]),
        ),
        ("sanctioned-ntp", "\"203.0.113.9\"", flow(123, "ntp", &[])),
        (
            "sanctioned-resolvers",
            "\"203.0.113.9\"",
            flow(53, "dns", &[(QueryName, "www.example.jp")]),
        ),
        (
            "sanctioned-doh",
            "\"dns.google\"",
            flow(443, "tls", &[(ServerName, "dns.google")]),
        ),
        ("sanctioned-p2p", "\"10.20.16.7\"", flow(6881, "bittorrent", &[])),
        ("own-networks", "\"203.0.113.0/24\"", flow(21, "ftp", &[])),
        ("internal-issuers", "\"CN=City CA\"", {
            let mut record = flow(443, "tls", &[(Risk, "certificate-self-signed")]);
            record
                .app
                .as_mut()
                .unwrap()
                .set(Essential::CertificateIssuer, "CN=City CA", "test");
            record
        }),
    ];
    let catalogue = policy_of(&folder());

    for (list, values, record) in cases {
        let before = met(&catalogue, record);
        assert!(!before.is_empty(), "{list}");

        let after = met(&site(&format!("[list.{list}]\nvalues = [{values}]\n")), record);

        // FTP is outdated wherever it goes.
        let after: Vec<_> = after.iter().filter(|id| *id != "UNAUTH-WEAK-FTP").collect();
        assert!(after.is_empty(), "{list}: {before:?} became {after:?}");
    }
}

#[test]
fn rules_that_need_a_list_speak_once_the_site_has_filled_it() {
    let record = flow(443, "tls", &[(Essential::ServerName, "www.example.jp")]);
    let rule = "UNAUTH-PROXY-BYPASS";

    assert!(!met(&policy_of(&folder()), &record).contains(&rule.to_owned()));
    let named = site("[list.sanctioned-proxies]\nvalues = [\"10.30.0.8\"]\n");
    assert!(met(&named, &record).contains(&rule.to_owned()));
}

#[test]
fn severity_follows_the_zone() {
    let zones = "[zone.gyomu]\nnetworks = [\"10.20.16.0/24\"]\nclassification = 3\n\
                 [zone.kokai]\nnetworks = [\"10.20.17.0/24\"]\nclassification = 1\n";
    let policy = site(zones);
    let mut record = flow(443, "tls", &[(Essential::ServerName, "chatgpt.com")]);
    let rule = policy.rule("UNAUTH-AI").unwrap();

    for (zone, severity) in [
        ("gyomu", Severity::High),
        ("kokai", Severity::Low),
        ("unknown", Severity::Informational),
    ] {
        record.orig_zone = Arc::from(zone);
        assert_eq!(rule.severity_of(&record), severity, "{zone}");
    }
}
