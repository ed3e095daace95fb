//! The shipped presets: each compiles without a remark, proves what it states, and judges the flows
//! of its own tests as they say; everything in it names the clause that it stands for.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use sekisho::model::Timestamp;
use sekisho::policy::prove::{Outcome, RemarkKind};
use sekisho::policy::run_tests::DEFAULT_TIME;
use sekisho::policy::{CitedBy, Policy};
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

    fn at(&self) -> Timestamp {
        self.policy.calendar().date_start(DEFAULT_TIME).unwrap()
    }

    /// What cites a clause, by kind and id, with the clauses that it cites.
    fn citations(&self) -> BTreeMap<(CitedBy, String), Vec<String>> {
        let mut by_id: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for citation in self.policy.citations() {
            let clauses = by_id.entry((citation.by, citation.id.to_string())).or_default();
            clauses.push(citation.clause);
        }
        by_id
    }

    fn statements(&self) -> Vec<String> {
        let citing = self.citations().into_keys();
        citing
            .filter(|(by, _)| *by == CitedBy::Statement)
            .map(|(_, id)| id)
            .collect()
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
        let of_the_day = preset.policy.lint(preset.at());
        let remarks = preset.policy.warnings().iter().chain(&of_the_day);
        let remarks: Vec<_> = remarks.map(ToString::to_string).collect();

        assert!(remarks.is_empty(), "{}: {remarks:#?}", preset.name);
    }
}

#[test]
fn a_preset_proves_its_statements_and_has_no_idle_path() {
    for preset in policies() {
        let proof = preset.policy.prove(preset.at());

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
        let run = preset.policy.run_tests();
        let failed = run.results.iter().filter(|result| !result.passed);
        let faults: Vec<_> = failed
            .map(|result| format!("{}: {result:?}", preset.name))
            .collect();

        assert!(!run.results.is_empty(), "{}", preset.name);
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
        for ((by, id), clauses) in preset.citations() {
            let is_cited = clauses.iter().all(|clause| !clause.is_empty());
            assert!(is_cited, "{}: {} {id}", preset.name, by.name());
        }
        for kind in ["paths", "boundaries", "rules"] {
            for one in preset.all(kind) {
                let id = one["id"].as_str().unwrap();
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
                preset.statements().len()
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
            ids.chain(policy.statements()).collect::<Vec<_>>()
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
