//! Rules on flows, and wrong rules with their places and remedies.

use std::sync::Arc;

use sekisho_model::app::Essential;
use sekisho_model::{App, FlowRecord, Severity, Timestamp, Verdict};

use super::NUMBERS;
use crate::{Policy, Source};

const HEAD: &str = r#"
schema = 1
[policy]
name = "rules"
version = "1"
[zone.gyomu]
networks = ["192.0.2.0/24"]
label.ja = "業務系"
label.en = "Business"
classification = 3
department = "zeimu"
[zone.kokai]
networks = ["198.51.100.0/24"]
[group.inside]
zones = ["gyomu", "kokai"]
[list.terminals]
kind = "address"
values = ["192.0.2.1", { value = "192.0.2.9", expires = "2025-12-31" }]
"#;

fn compile(rules: &str) -> Result<Policy, crate::PolicyErrors> {
    Policy::compile(&[Source {
        name: "rules.toml".to_owned(),
        text: format!("{HEAD}{rules}").into(),
    }])
}

fn policy(rules: &str) -> Policy {
    compile(rules).unwrap_or_else(|errors| {
        let reports: Vec<_> = errors.reports().map(ToString::to_string).collect();
        panic!("{reports:?}")
    })
}

fn rule(id: &str, rest: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\n{rest}\n")
}

/// 192.0.2.1:50000 in the zone gyomu speaks SSH to 198.51.100.2:443 in kokai, on New Year's Day.
fn record() -> FlowRecord {
    let app = App {
        service: "ssh",
        ..App::default()
    };
    FlowRecord {
        orig_zone: Arc::from("gyomu"),
        resp_zone: Arc::from("kokai"),
        verdict: Verdict::Allowed,
        app: Some(Box::new(app)),
        ..FlowRecord::example()
    }
}

fn met(policy: &Policy, record: &FlowRecord) -> Vec<String> {
    policy
        .rules_matching(record)
        .map(|rule| rule.id().to_string())
        .collect()
}

#[test]
fn a_flow_meets_the_rules_whose_condition_holds_and_whose_exception_does_not() {
    let cases = [
        ("when = 'service == \"ssh\" and resp.port != 22'", true),
        ("when = 'service == \"ssh\" and resp.port == 22'", false),
        (
            "when = 'service == \"ssh\"'\nexcept = 'orig.address in @terminals'",
            false,
        ),
        (
            "when = 'service == \"ssh\"'\nexcept = 'orig.zone == \"kokai\"'",
            true,
        ),
        (
            "when = 'orig.zone.classification == 3 and resp.zone.group == \"inside\"'",
            true,
        ),
        (
            "when = 'orig.zone.department == \"zeimu\" and resp.zone.classification >= 1'",
            false,
        ),
        ("when = 'start in window(\"workday\")'", false),
        ("when = 'start not in window(\"workday\")'", true),
        ("when = 'verdict == allowed'\nenabled = false", false),
    ];

    for (text, expected) in cases {
        let policy = policy(&rule("SEG-0001", text));
        assert_eq!(!met(&policy, &record()).is_empty(), expected, "{text}");
    }
}

#[test]
fn a_value_of_a_list_expires_by_packet_time() {
    let policy = policy(&rule("SEG-0001", "when = 'orig.address in @terminals'"));
    let mut record = record();
    record.orig.address = [192, 0, 2, 9].into();
    assert!(met(&policy, &record).is_empty());

    // 2025-12-31T23:59:59 in Japan is the last second of the term.
    record.start = Timestamp::parse("2025-12-31T23:59:59+09:00").unwrap();
    assert_eq!(met(&policy, &record), ["SEG-0001"]);
}

#[test]
fn rules_are_met_in_the_order_of_the_files_and_numbered_by_their_ids() {
    let policy = policy(&format!(
        "{}{}{}",
        rule("SEG-0009", "when = 'resp.port == 443'"),
        rule("SEG-0001", "when = 'not resp.port == 1'\nnumber = 3_000_007"),
        rule(
            "SEG-0005",
            "when = 'service == ssh'\nseverity = \"high\"\ncategory = \"remote_access\""
        ),
    ));

    assert_eq!(met(&policy, &record()), ["SEG-0009", "SEG-0001", "SEG-0005"]);
    let [first, second, third] = policy.rules() else {
        panic!()
    };
    assert!(NUMBERS.contains(&first.number()));
    assert_eq!(second.number(), 3_000_007);
    assert_eq!(
        (first.severity(), third.severity()),
        (Severity::Medium, Severity::High)
    );
    assert_eq!(
        (first.category().name(), third.category().name()),
        ("policy_violation", "remote_access")
    );
    // A number never changes: it is what other systems know the rule by.
    assert_eq!(first.number(), 3_149_717);
}

#[test]
fn what_an_alert_says_shows_the_values_that_the_rule_looked_at() {
    let policy = policy(&rule(
        "SEG-0007",
        "title = { ja = \"SSHの持ち込み\", en = \"SSH on another port\" }\n\
         when = 'service == \"ssh\" and resp.port != 22'\nexcept = 'orig.mac == 02:00:00:00:00:01'\n\
         why = { ja = \"SSHは22番ポートだけで使う。\", en = \"SSH is used on port 22 alone.\" }\n\
         clause = \"6(6)\"\nattack = [\"T1571\"]",
    ));
    let record = record();

    let violation = policy.rule("SEG-0007").unwrap().violation(&policy, &record);

    assert_eq!(
        (&*violation.rule, &*violation.clause, violation.title.en.as_str()),
        ("SEG-0007", "6(6)", "SSH on another port")
    );
    let explanation = violation.explanation;
    insta::assert_snapshot!(
        "alert_of_a_rule",
        [
            &explanation.observed,
            &explanation.expected,
            &explanation.silenced_by,
            &explanation.first_step
        ]
        .map(|text| format!("{}\n{}", text.ja, text.en))
        .join("\n\n")
    );
}

#[test]
fn each_wrong_rule_is_refused_with_its_place_and_its_remedy() {
    let wrong = [
        ("unknown_field", rule("SEG-0001", "when = 'resp.prot == 443'")),
        (
            "unknown_zone",
            rule("SEG-0001", "when = 'orig.zone == \"gyoumu\"'"),
        ),
        (
            "unknown_list",
            rule(
                "SEG-0001",
                "when = 'resp.port == 1'\nexcept = 'orig.address in @terminal'",
            ),
        ),
        (
            "wrong_window",
            rule("SEG-0001", "when = 'start in window(\"workdya 08:30-17:15\")'"),
        ),
        (
            "over_several_lines",
            rule(
                "SEG-0001",
                "when = '''\nservice == \"ssh\"\nand resp.prot == 22\n'''",
            ),
        ),
        (
            "category",
            rule("SEG-0001", "when = 'port == 1'\ncategory = \"remote_acess\""),
        ),
        (
            "same_number",
            format!(
                "{}{}",
                rule("SEG-0001", "when = 'port == 1'\nnumber = 3_149_717"),
                rule("SEG-0009", "when = 'port == 1'"),
            ),
        ),
    ];

    for (name, text) in wrong {
        let errors = compile(&text).unwrap_err();
        let mut out = String::new();
        for report in errors.reports() {
            miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
                .with_width(100)
                .render_report(&mut out, report)
                .unwrap();
        }
        insta::assert_snapshot!(name, out);
    }
}

#[test]
fn a_thousand_rules_are_asked_as_one_by_one_would_be() {
    let rules: String = (0..1000)
        .map(|n| {
            let when = match n % 4 {
                0 => format!("resp.port == {}", n % 600),
                1 => format!("service == ssh and octets > {n}"),
                2 => "orig.zone == gyomu and resp.zone == kokai and packets > 0".to_owned(),
                _ => format!("not vlan == {n}"),
            };
            rule(
                &format!("R-{n}"),
                &format!("when = '{when}'\nnumber = {}", 3_000_000 + n),
            )
        })
        .collect();
    let policy = policy(&rules);
    let record = record();

    let one_by_one: Vec<String> = policy
        .rules()
        .iter()
        .filter(|rule| rule.is_met_by(&record))
        .map(|rule| rule.id().to_string())
        .collect();

    assert!(one_by_one.len() > 500);
    assert_eq!(met(&policy, &record), one_by_one);
}

#[test]
fn the_first_severity_that_holds_counts_else_that_of_the_rule() {
    let severity = |by: &str| {
        let policy = policy(&rule(
            "SEG-0001",
            &format!("severity = \"low\"\nwhen = 'service == \"ssh\"'\nseverity_by = [{by}]"),
        ));
        policy
            .rule("SEG-0001")
            .unwrap()
            .violation(&policy, &record())
            .severity
    };
    let business = "{ when = 'orig.zone.classification == 3', severity = \"high\" }";
    let port = "{ when = 'resp.port == 443', severity = \"informational\" }";
    let other = "{ when = 'resp.zone.classification == 3', severity = \"medium\" }";

    assert_eq!(severity(&format!("{business}, {port}")), Severity::High);
    assert_eq!(severity(&format!("{port}, {business}")), Severity::Informational);
    assert_eq!(severity(other), Severity::Low);
}

#[test]
fn a_rule_that_needs_a_list_is_asked_from_its_first_value_on() {
    let with = |values: &str| {
        policy(&format!(
            "[list.resolvers]\nkind = \"address\"\nvalues = [{values}]\n{}",
            rule(
                "DNS-0001",
                "when = 'resp.port == 443 and resp.address not in @resolvers'\nneeds = \"resolvers\""
            )
        ))
    };

    let empty = with("");
    assert!(met(&empty, &record()).is_empty());
    assert!(!empty.rule("DNS-0001").unwrap().is_enabled());
    assert_eq!(
        *empty.rule("DNS-0001").unwrap().empty_lists(),
        [Arc::from("resolvers")]
    );
    assert_eq!(met(&with("\"192.0.2.53\""), &record()), ["DNS-0001"]);
    assert!(met(&with("\"198.51.100.2\""), &record()).is_empty());
}

#[test]
fn what_a_site_adds_to_an_included_list_silences_the_rules_that_ask_it() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.into(),
    };
    let catalogue = source(
        "rules/unauthorised/storage.toml",
        "schema = 1\n[policy]\nname = \"c\"\nversion = \"1\"\ncatalogue = true\n\
         [list.sanctioned-storage]\nkind = \"suffix\"\nvalues = []\n\
         [list.storage]\nkind = \"suffix\"\nvalues = [\"storage.example\", \"drive.example\"]\n\
         [[rule]]\nid = \"U-1\"\nwhen = 'server_name in @storage'\nexcept = 'server_name in @sanctioned-storage'\n\
         [[rule]]\nid = \"U-2\"\nwhen = 'server_name in @storage and orig.zone.classification == 3'\n\
         except = 'server_name in @sanctioned-storage'\n",
    );
    let site = format!("{HEAD}[list.sanctioned-storage]\nvalues = [\"storage.example\"]\n").replace(
        "version = \"1\"",
        "version = \"1\"\ninclude = [\"../unauthorised\"]",
    );
    let policy = Policy::compile(&[source("rules/site/site.toml", &site), catalogue.clone()]).unwrap();
    let asks = |name: &str| {
        let mut app = App::default();
        app.set(Essential::ServerName, name, "tls.sni");
        FlowRecord {
            app: Some(Box::new(app)),
            ..record()
        }
    };

    assert_eq!(met(&policy, &asks("www.drive.example")), ["U-1", "U-2"]);
    assert!(met(&policy, &asks("www.storage.example")).is_empty());
    assert_eq!(
        met(
            &Policy::compile(&[catalogue]).unwrap(),
            &asks("www.storage.example")
        ),
        ["U-1"]
    );
}

#[test]
fn an_alert_names_the_list_that_would_have_silenced_it_with_the_value_to_write() {
    let policy = policy(&format!(
        "[list.storage]\nkind = \"suffix\"\nvalues = [\"storage.example\"]\n\
         [list.sanctioned-storage]\nkind = \"suffix\"\nvalues = []\n\
         [list.sanctioned-hosts]\nkind = \"address\"\nvalues = []\n{}{}",
        rule(
            "U-1",
            "when = 'server_name in @storage'\nexcept = 'server_name in @sanctioned-storage'\n\
             legitimate.en = \"A contract.\"\nlegitimate.ja = \"契約がある。\"\nsource = \"The vendor\"\nversion = \"2026-11-23\""
        ),
        rule(
            "U-2",
            "when = 'resp.port == 443'\nexcept = 'server_name in @sanctioned-storage or resp.address in @sanctioned-hosts'"
        ),
    ));
    let mut app = App::default();
    app.set(Essential::ServerName, "eu.www.storage.example", "tls.sni");
    let named = FlowRecord {
        app: Some(Box::new(app)),
        ..record()
    };
    let said =
        |id: &str, record: &FlowRecord| policy.rule(id).unwrap().violation(&policy, record).explanation;

    let first = said("U-1", &named);
    assert!(
        first
            .silenced_by
            .en
            .starts_with("With [list.sanctioned-storage] values = [\"storage.example\"]")
    );
    assert!(
        first
            .silenced_by
            .ja
            .contains("[list.sanctioned-storage] values = [\"storage.example\"]")
    );
    assert_eq!(
        (&*first.legitimate.en, &*first.source),
        ("A contract.", "The vendor (2026-11-23)")
    );
    assert!(
        said("U-2", &named)
            .silenced_by
            .en
            .contains("values = [\"eu.www.storage.example\"]")
    );
    assert!(
        said("U-2", &record())
            .silenced_by
            .en
            .contains("[list.sanctioned-hosts] values = [\"198.51.100.2\"]")
    );
}
