//! A catalogue beneath a policy: what the site changes of it, what it leaves, and what it is alone.

use sekisho_model::{App, FlowRecord, Severity, Verdict};

use super::{is_beneath, with_catalogue};
use crate::{Mode, Policy, Source};

const HEADER: &str = "schema = 1\n[policy]\nname = \"shipped\"\nversion = \"2026-11-23\"\ncatalogue = true\n";
const RULES: &str = r#"schema = 1
[list.sanctioned-tools]
kind = "text"
values = []
[list.sanctioned-hosts]
kind = "address"
file = "lists/hosts.txt"
[[rule]]
id = "U-1"
severity = "informational"
severity_by = [{ when = 'orig.zone.classification == 3', severity = "high" }]
when = 'service == "ssh"'
except = 'service in @sanctioned-tools or orig.address in @sanctioned-hosts'
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "10.2.0.1:22", service = "ssh" }
expect = "alert"
[[rule]]
id = "U-2"
when = 'resp.port == 443'
[[test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "10.2.0.1:443" }
expect = "U-2"
"#;
const SITE: &str = r#"schema = 1
[policy]
name = "site"
version = "1"
[zone.gyomu]
networks = ["192.0.2.0/24"]
classification = 3
[zone.kokai]
networks = ["198.51.100.0/24"]
"#;

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        text: text.into(),
    }
}

fn catalogue() -> Vec<Source> {
    vec![
        source("policy.toml", HEADER),
        source("remote.toml", RULES),
        source("lists/hosts.txt", "192.0.2.77\n"),
    ]
}

fn over(site: &str) -> Policy {
    compile(&with_catalogue(
        vec![source("site/site.toml", site)],
        &catalogue(),
    ))
}

fn compile(sources: &[Source]) -> Policy {
    Policy::compile(sources).unwrap_or_else(|errors| {
        let reports: Vec<_> = errors.reports().map(ToString::to_string).collect();
        panic!("{reports:?}")
    })
}

/// 192.0.2.1:50000 speaks SSH to 198.51.100.2:443.
fn record(zones: [&str; 2]) -> FlowRecord {
    FlowRecord {
        orig_zone: zones[0].into(),
        resp_zone: zones[1].into(),
        app: Some(Box::new(App {
            service: "ssh",
            ..App::default()
        })),
        ..FlowRecord::example()
    }
}

fn met(policy: &Policy, record: &FlowRecord) -> Vec<(String, Severity)> {
    policy
        .rules_matching(record)
        .map(|rule| (rule.id().to_string(), rule.severity_of(record)))
        .collect()
}

#[test]
fn the_catalogue_counts_beneath_a_policy_that_does_not_name_it() {
    let policy = over(SITE);

    assert_eq!((policy.name(), &**policy.version()), ("site", "1"));
    assert_eq!(&*policy.catalogues()[0].version, "2026-11-23");
    assert_eq!(
        met(&policy, &record(["gyomu", "kokai"])),
        [
            ("U-1".to_owned(), Severity::High),
            ("U-2".to_owned(), Severity::Medium)
        ]
    );
    assert!(policy.warnings().is_empty());
    assert!(policy.rules().iter().all(crate::rules::Rule::is_of_catalogue));
}

#[test]
fn what_the_site_says_of_the_same_name_wins_and_remove_takes_out() {
    let silenced = over(&format!("{SITE}[list.sanctioned-tools]\nvalues = [\"ssh\"]\n"));
    let lowered = over(&format!("{SITE}[[rule]]\nid = \"U-2\"\nseverity = \"low\"\n"));
    let removed = over(&SITE.replace("version = \"1\"", "version = \"1\"\nremove = [\"U-1\"]"));
    let flow = record(["gyomu", "kokai"]);

    assert_eq!(met(&silenced, &flow), [("U-2".to_owned(), Severity::Medium)]);
    assert_eq!(met(&lowered, &flow)[1], ("U-2".to_owned(), Severity::Low));
    assert_eq!(met(&removed, &flow), [("U-2".to_owned(), Severity::Medium)]);
}

#[test]
fn the_files_of_values_of_the_catalogue_are_found_in_its_folder() {
    let mut flow = record(["gyomu", "kokai"]);
    flow.orig.address = [192, 0, 2, 77].into();

    assert_eq!(met(&over(SITE), &flow), [("U-2".to_owned(), Severity::Medium)]);
}

#[test]
fn a_policy_that_includes_a_catalogue_or_is_one_gets_no_other() {
    let includes = SITE.replace("version = \"1\"", "version = \"1\"\ninclude = [\"../own\"]");
    let own = [
        source("rules/site/site.toml", &includes),
        source("rules/own/policy.toml", HEADER),
        source(
            "rules/own/rules.toml",
            "schema = 1\n[[rule]]\nid = \"OWN-1\"\nwhen = 'resp.port == 443'\n",
        ),
    ];
    let alone = catalogue();

    let sources = with_catalogue(own.to_vec(), &alone);
    assert_eq!(sources, own);
    let policy = compile(&sources);
    assert_eq!(policy.catalogues().len(), 1);
    assert_eq!(policy.rules().len(), 1);
    assert!(policy.rules()[0].is_of_catalogue());
    assert_eq!(with_catalogue(alone.clone(), &alone), alone);
}

#[test]
fn the_tests_of_the_catalogue_are_for_it_alone() {
    assert!(over(SITE).run_tests().results.is_empty());
    assert_eq!(over(SITE).run_tests().declarations, 0);

    let alone = compile(&catalogue()).run_tests();

    assert_eq!(
        (alone.results.len(), alone.failed(), alone.declarations),
        (2, 0, 2)
    );
}

#[test]
fn alone_it_judges_no_zones_and_its_rules_are_met() {
    let policy = compile(&with_catalogue(Vec::new(), &catalogue()));
    let flow = record(["unknown", "unknown"]);
    let question = crate::Question::of(&flow);

    assert!(policy.is_none());
    assert_eq!(
        (policy.name(), &**policy.version(), policy.files().hash()),
        ("", "", "")
    );
    assert_eq!(policy.judge(&question), Policy::none().judge(&question));
    assert_eq!(policy.judge(&question).verdict, Verdict::Unknown);
    assert_eq!(
        met(&policy, &flow),
        [
            ("U-1".to_owned(), Severity::Informational),
            ("U-2".to_owned(), Severity::Medium)
        ]
    );
}

#[test]
fn a_policy_that_learns_raises_the_alerts_of_the_catalogue_only() {
    let policy = over(&format!(
        "{}[[rule]]\nid = \"SITE-1\"\nwhen = 'resp.port == 443'\n",
        SITE.replace("version = \"1\"", "version = \"1\"\nmode = \"learn\"")
    ));
    let raises = |id: &str| policy.raises(policy.rule(id).unwrap());

    assert_eq!(policy.mode(), Mode::Learn);
    assert_eq!((raises("U-1"), raises("SITE-1")), (true, false));
}

#[test]
fn what_was_kept_of_a_policy_compiles_to_the_same() {
    let sources = with_catalogue(
        vec![source(
            "/etc/site/site.toml",
            &format!("{SITE}[list.sanctioned-tools]\nvalues = [\"ssh\"]\n"),
        )],
        &catalogue(),
    );
    let policy = compile(&sources);
    let kept: Vec<Source> = policy
        .files()
        .files()
        .iter()
        .map(|(name, text)| source(name, text))
        .collect();

    let again = compile(&kept);

    assert_eq!(again.files().hash(), policy.files().hash());
    assert_eq!(again.describe(), policy.describe());
    assert_eq!(kept.iter().filter(|source| is_beneath(source)).count(), 3);
}
