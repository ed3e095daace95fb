//! The shipped presets: each compiles without a remark, proves what it states, and judges the flows
//! of its own tests as they say; everything in it names the clause that it stands for.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho::model::{FlowRecord, MacAddress, Protocol, Timestamp, Verdict};
use sekisho::policy::prove::{Outcome, RemarkKind};
use sekisho::policy::{Judgement, Policy, Question};
use serde_json::Value;

/// Folders of `rules/` that are policies of their own.
const PRESETS: &[&str] = &[
    "three-zones",
    "alpha",
    "alpha-dash",
    "beta",
    "beta-dash",
    "generic",
];

/// A site's own policy, made from a preset as the manual shows it.
const SITE: &str = "example-site";

/// What the flows of tests without a time are judged at, and what proofs begin with.
const AT: &str = "2026-11-04T10:00";

struct Preset {
    name: &'static str,
    policy: Policy,
    described: Value,
}

impl Preset {
    fn load(name: &'static str) -> Self {
        let folder = support::repository().join("rules").join(name);
        let sources = sekisho::policy::load_dir(&folder).unwrap();
        let policy = Policy::compile(&sources).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        let described = policy.describe();
        Self {
            name,
            policy,
            described,
        }
    }

    fn all(&self, kind: &str) -> &[Value] {
        self.described[kind].as_array().unwrap()
    }

    fn at(&self, text: &str) -> Timestamp {
        self.policy.calendar().date_start(text).unwrap()
    }

    fn judge(&self, flow: &Value) -> (FlowRecord, Judgement) {
        let text = |name: &str| flow[name].as_str();
        let mac = |name: &str| text(name).map(|mac| MacAddress::parse(mac).unwrap());
        let protocol = Protocol::parse(text("protocol").unwrap()).unwrap();
        let (orig, orig_port) = end(text("orig").unwrap());
        let (resp, resp_port) = end(text("resp").unwrap());
        let at = self.at(text("time").unwrap_or(AT));
        let question = Question {
            orig_mac: mac("orig_mac"),
            resp_mac: mac("resp_mac"),
            service: text("service"),
            tunnel: text("tunnel"),
            ..Question::new(orig, resp, protocol, resp_port, at)
        };
        let judgement = self.policy.judge(&question);
        let mut record = FlowRecord::example();
        record.protocol = protocol;
        (record.orig.address, record.orig.port) = (orig, orig_port);
        (record.resp.address, record.resp.port) = (resp, resp_port);
        (record.orig_mac, record.resp_mac) = (question.orig_mac, question.resp_mac);
        (record.start, record.end) = (at, at);
        (record.vlan, record.app, record.carrier) = (None, None, None);
        record.verdict = judgement.verdict;
        record.rule = judgement.rule.clone();
        record.orig_zone = self.policy.zone_name(judgement.orig_zone).clone();
        record.resp_zone = self.policy.zone_name(judgement.resp_zone).clone();
        (record, judgement)
    }

    /// What is wrong with the outcome of a test.
    fn fault(&self, test: &Value) -> Option<String> {
        let (record, judgement) = self.judge(&test["flow"]);
        let (of, expected) = (test["of"].as_str().unwrap(), test["expect"].as_str().unwrap());
        if self.all("rules").iter().any(|rule| rule["id"] == *of) {
            return None;
        }
        let boundary = self.all("boundaries").iter().find(|one| one["id"] == *expected);
        let is_met = match (expected, boundary) {
            ("allowed", _) => {
                judgement.verdict == Verdict::Allowed && (of.is_empty() || *judgement.rule == *of)
            }
            ("denied", _) => judgement.verdict == Verdict::Denied,
            ("unknown", _) => judgement.verdict == Verdict::Unknown,
            (_, Some(boundary)) => self.policy.finding(&record).is_some_and(|violation| {
                boundary["title"]["ja"] == *violation.title.ja && boundary["clause"] == *violation.clause
            }),
            (id, None) => *judgement.rule == *id,
        };
        let title = || self.policy.finding(&record).map(|violation| violation.title.ja);
        (!is_met).then(|| {
            format!(
                "{}: {of} expects {expected} of {}, found {} by {} {:?}",
                self.name,
                test["flow"],
                judgement.verdict.name(),
                judgement.rule,
                title()
            )
        })
    }
}

/// An address, and the port behind it where one stands there.
fn end(text: &str) -> (IpAddr, u16) {
    match text.parse() {
        Ok(address) => (address, 0),
        Err(_) => {
            let end: std::net::SocketAddr = text.parse().unwrap();
            (end.ip(), end.port())
        }
    }
}

fn presets() -> impl Iterator<Item = Preset> {
    PRESETS.iter().map(|name| Preset::load(name))
}

/// The presets, and the site.
fn policies() -> impl Iterator<Item = Preset> {
    presets().chain([Preset::load(SITE)])
}

#[test]
fn a_preset_compiles_without_a_remark() {
    for preset in policies() {
        let of_the_day = preset.policy.lint(preset.at(AT));
        let remarks = preset.policy.warnings().iter().chain(&of_the_day);
        let remarks: Vec<_> = remarks.map(ToString::to_string).collect();

        assert!(remarks.is_empty(), "{}: {remarks:#?}", preset.name);
    }
}

#[test]
fn a_preset_proves_its_statements_and_has_no_idle_path() {
    for preset in policies() {
        let proof = preset.policy.prove(preset.at(AT));

        assert!(proof.complete && !proof.answers.is_empty(), "{}", preset.name);
        for answer in &proof.answers {
            assert_eq!(
                answer.outcome,
                Outcome::Proved,
                "{}: {} {}",
                preset.name,
                answer.id,
                answer.text
            );
        }
        for remark in &proof.remarks {
            // That the more specific path wins is what precedence is for.
            assert_eq!(
                remark.kind,
                RemarkKind::PartlyShadowed,
                "{}: {} {}",
                preset.name,
                remark.entry,
                remark.text.en
            );
        }
    }
}

#[test]
fn a_preset_passes_its_own_tests() {
    for preset in policies() {
        let faults: Vec<_> = preset
            .all("tests")
            .iter()
            .filter_map(|test| preset.fault(test))
            .collect();

        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn each_path_has_a_flow_that_passes_and_a_near_miss_and_each_boundary_a_flow_that_breaks_it() {
    for preset in presets() {
        let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for test in preset.all("tests") {
            let (of, expected) = (test["of"].as_str().unwrap(), test["expect"].as_str().unwrap());
            seen.entry(of).or_default().insert(expected);
            seen.entry(expected).or_default();
        }

        for path in preset.all("paths") {
            let id = path["id"].as_str().unwrap();
            let both = BTreeSet::from(["allowed", "denied"]);
            assert_eq!(seen.get(id), Some(&both), "{}: {id}", preset.name);
        }
        for boundary in preset.all("boundaries") {
            let id = boundary["id"].as_str().unwrap();
            assert!(seen.contains_key(id), "{}: {id}", preset.name);
        }
    }
}

#[test]
fn everything_in_a_preset_names_its_clause_and_speaks_both_languages() {
    for preset in policies() {
        for stated in preset.policy.statements() {
            assert_ne!(stated.clause, "", "{}: {}", preset.name, stated.id);
        }
        for kind in ["paths", "boundaries", "rules"] {
            for one in preset.all(kind) {
                let id = one["id"].as_str().unwrap();
                assert_ne!(one["clause"], "", "{}: {id}", preset.name);
                for words in ["title", "first_step", "why"] {
                    if let Some(words) = one.get(words) {
                        assert!(
                            words["ja"] != "" && words["en"] != "" && words["ja"] != words["en"],
                            "{}: {id}",
                            preset.name
                        );
                    }
                }
            }
        }
        for kind in ["zones", "groups", "gateways"] {
            for one in preset.all(kind) {
                let label = &one["label"];
                assert!(label["ja"] != "" && label["en"] != "", "{}: {one}", preset.name);
            }
        }
    }
}

#[test]
fn the_site_takes_over_what_it_does_not_change() {
    let (preset, site) = (Preset::load("alpha"), Preset::load(SITE));
    let ids = |policy: &Preset, kind: &str| -> BTreeSet<String> {
        let ids = policy.all(kind).iter();
        ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };

    let (theirs, ours) = (ids(&preset, "paths"), ids(&site, "paths"));
    let removed: Vec<_> = theirs.difference(&ours).map(String::as_str).collect();
    let added: Vec<_> = ours.difference(&theirs).map(String::as_str).collect();
    assert_eq!(removed, ["PATH-0108", "PATH-0901"]);
    assert_eq!(added, ["EXC-2026-012", "PATH-S001"]);
    assert_eq!(ids(&preset, "boundaries"), ids(&site, "boundaries"));
    // The preset's tests are of the preset's addresses.
    assert!(site.all("tests").iter().all(|test| test["of"] != "PATH-0101"));
    // Of the preset's networks none is left but those that are meant to stay.
    let networks = |policy: &Preset| -> BTreeSet<String> {
        let zones = policy.all("zones").iter();
        zones
            .flat_map(|zone| zone["networks"].as_array().unwrap())
            .map(|network| network.as_str().unwrap().to_owned())
            .collect()
    };
    let kept: Vec<_> = networks(&preset)
        .intersection(&networks(&site))
        .cloned()
        .collect();
    assert_eq!(
        kept,
        [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "172.24.0.0/16",
            "192.168.0.0/16",
            "239.0.0.0/8",
            "::/0",
            "fc00::/7",
            "ff05::/16"
        ]
    );
}

#[test]
fn the_manual_counts_what_the_presets_hold() {
    for page in ["presets.ja.md", "presets.en.md"] {
        let page = std::fs::read_to_string(support::repository().join("web/docs").join(page)).unwrap();
        for preset in presets() {
            let count = |kind: &str| preset.all(kind).len();
            let row = format!(
                "| `{}` | {} | {} | {} | {} |",
                preset.name,
                count("zones"),
                count("paths"),
                count("boundaries"),
                preset.policy.statements().count()
            );
            assert!(page.contains(&row), "{row}");
        }
    }
}

#[test]
fn the_manual_names_only_what_there_is() {
    let ids: BTreeSet<String> = policies()
        .flat_map(|policy| {
            let kinds = ["paths", "boundaries", "rules"].map(|kind| policy.all(kind).to_vec());
            let kinds = kinds.concat();
            let ids = kinds.iter().map(|one| one["id"].as_str().unwrap().to_owned());
            let stated = policy.policy.statements().map(|stated| stated.id.to_owned());
            ids.chain(stated).collect::<Vec<_>>()
        })
        .collect();
    // Of an example, and words of the product.
    let others = ["PATH-0401", "PATH-06xx", "PATH-NEXT-HOP"];

    for page in ["presets.ja.md", "presets.en.md"] {
        let page = std::fs::read_to_string(support::repository().join("web/docs").join(page)).unwrap();
        for word in page.split(['`', '"']) {
            let is_id = ["PATH-", "BOUND-", "STATE-", "EXC-", "LBO-"]
                .iter()
                .any(|kind| word.starts_with(kind));
            assert!(!is_id || ids.contains(word) || others.contains(&word), "{word}");
        }
    }
}
