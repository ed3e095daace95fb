//! What an alert about a denied flow says.

use std::fmt::Write as _;

use sekisho_model::{FlowRecord, MacAddress, Protocol, Severity, Verdict};
use sekisho_policy::{Policy, Question, Source, Violation};

const POLICY: &str = r#"
schema = 1

[policy]
name = "explaining"
version = "2026-11"

[zone.gyomu]
networks = ["10.10.0.0/16"]
intra = "deny"
label.ja = "業務系"
label.en = "Business"
classification = 3
clause = "6(3)ア"
department = "市民課"

[zone.joho]
networks = ["10.20.0.0/16"]
label.ja = "情報系"
label.en = "LGWAN"
classification = 2
clause = "6(3)イ"

[zone.kokai]
networks = ["10.30.0.0/16"]
label.ja = "公開系"
label.en = "Internet-facing"
classification = 2
clause = "6(3)ウ"

[zone.vendor]
networks = ["10.70.0.0/24"]

[[path]]
id = "PATH-0001"
from = "joho"
to = "kokai"
protocol = "tcp"
ports = [443]
title.ja = "無害化通信"
title.en = "Sanitised communication"

[[path]]
id = "PATH-0002"
from = "joho"
to = "kokai"
protocol = "udp"
ports = [53, 123]

[[path]]
id = "PATH-0003"
from = "vendor"
to = ["joho", "kokai"]
protocol = "tcp"
ports = [22]

[[path]]
id = "PATH-0004"
from = "joho"
to = "vendor"
protocol = ["icmp", "gre"]

[[boundary]]
id = "BOUND-01"
from = "gyomu"
to = "*"
clause = "6(3)ア"
severity = "high"
title.ja = "業務系から他領域への通信"
title.en = "Business zone talks to another zone"
first_step.ja = "情報セキュリティ統括課に電話で知らせてください。"
first_step.en = "Call the information security office."
attack = ["T1048"]

[[boundary]]
id = "BOUND-02"
from = "gyomu"
to = "kokai"
protocol = "tcp"
ports = [25]
clause = "2(16)"
severity = "low"
title.ja = "業務系からのメール送信"
"#;

fn policy(text: &str) -> Policy {
    Policy::compile(&[Source {
        name: "policy.toml".to_owned(),
        text: text.into(),
    }])
    .unwrap()
}

/// A judged record of one flow; for ICMP the ports are type and code.
fn record(policy: &Policy, protocol: Protocol, orig: (&str, u16), resp: (&str, u16)) -> FlowRecord {
    let mut record = FlowRecord {
        protocol,
        ..FlowRecord::example()
    };
    (record.orig.address, record.orig.port) = (orig.0.parse().unwrap(), orig.1);
    (record.resp.address, record.resp.port) = (resp.0.parse().unwrap(), resp.1);
    let judgement = policy.judge(&Question::of(&record));
    record.orig_zone = policy.zone_name(judgement.orig_zone).clone();
    record.resp_zone = policy.zone_name(judgement.resp_zone).clone();
    record.verdict = judgement.verdict;
    record.rule = judgement.rule;
    record
}

fn violation(protocol: Protocol, orig: (&str, u16), resp: (&str, u16)) -> Violation {
    let policy = policy(POLICY);
    policy.finding(&record(&policy, protocol, orig, resp)).unwrap()
}

/// The whole alert as a person would read it.
fn page(violation: &Violation) -> String {
    let Violation {
        rule,
        signature_id,
        title,
        severity,
        clause,
        attack,
        explanation,
    } = violation;
    let mut page = String::new();
    writeln!(
        page,
        "{rule} {signature_id} {} clause={clause} attack={attack:?}",
        severity.name()
    )
    .unwrap();
    writeln!(
        page,
        "nearest={} differs={:?}",
        explanation.nearest_path, explanation.differs
    )
    .unwrap();
    for (name, text) in [
        ("title", title),
        ("observed", &explanation.observed),
        ("expected", &explanation.expected),
        ("nearest", &explanation.nearest),
        ("silenced_by", &explanation.silenced_by),
        ("first_step", &explanation.first_step),
    ] {
        writeln!(page, "{name}\n  {}\n  {}", text.ja, text.en).unwrap();
    }
    page
}

#[test]
fn another_port_than_the_path_allows() {
    insta::assert_snapshot!(page(&violation(
        Protocol::TCP,
        ("10.20.0.5", 50123),
        ("10.30.0.9", 3306)
    )));
}

#[test]
fn the_named_boundary_speaks_where_there_is_one() {
    insta::assert_snapshot!(page(&violation(
        Protocol::TCP,
        ("10.10.0.5", 50123),
        ("10.20.0.9", 445)
    )));
}

#[test]
fn the_inside_of_a_zone_that_denies_it() {
    insta::assert_snapshot!(page(&violation(
        Protocol::TCP,
        ("10.10.0.5", 50123),
        ("10.10.0.6", 3389)
    )));
}

#[test]
fn an_address_in_no_zone_is_to_be_found_by_its_mac() {
    let policy = policy(POLICY);
    let mut record = record(&policy, Protocol::UDP, ("192.168.99.5", 40000), ("10.30.0.9", 53));
    record.orig_mac = Some(MacAddress([0x52, 0x54, 0, 0, 0, 1]));
    record.to_orig.packets = 1;

    insta::assert_snapshot!(page(&policy.finding(&record).unwrap()));
}

#[test]
fn an_address_of_somebody_else_is_looked_for_at_the_border() {
    let explanation = violation(Protocol::TCP, ("203.0.113.9", 50000), ("10.30.0.9", 22)).explanation;

    insta::assert_snapshot!(format!(
        "{}\n{}",
        explanation.first_step.ja, explanation.first_step.en
    ));
}

#[test]
fn icmp_is_told_by_type_and_code() {
    insta::assert_snapshot!(page(&violation(
        Protocol::ICMP,
        ("10.30.0.9", 8),
        ("10.20.0.5", 0)
    )));
}

#[test]
fn a_protocol_without_ports_is_told_by_its_name() {
    insta::assert_snapshot!(page(&violation(Protocol(50), ("10.20.0.5", 0), ("10.70.0.9", 0))));
}

#[test]
fn the_nearest_path_is_the_one_with_fewest_differences() {
    type Row = (
        Protocol,
        &'static str,
        u16,
        &'static str,
        u16,
        &'static str,
        &'static [&'static str],
    );
    let table: &[Row] = &[
        (
            Protocol::TCP,
            "10.20.0.5",
            50000,
            "10.30.0.9",
            3306,
            "PATH-0001",
            &["ports"],
        ),
        (
            Protocol::UDP,
            "10.20.0.5",
            50000,
            "10.30.0.9",
            443,
            "PATH-0001",
            &["protocol"],
        ),
        (
            Protocol::UDP,
            "10.20.0.5",
            50000,
            "10.30.0.9",
            161,
            "PATH-0002",
            &["ports"],
        ),
        (
            Protocol::TCP,
            "10.30.0.9",
            50000,
            "10.20.0.5",
            443,
            "PATH-0001",
            &["direction"],
        ),
        // The port of the path may be the originator's where the direction is the other.
        (
            Protocol::TCP,
            "10.30.0.9",
            443,
            "10.20.0.5",
            50000,
            "PATH-0001",
            &["direction"],
        ),
        (
            Protocol::TCP,
            "10.30.0.9",
            50000,
            "10.20.0.5",
            22,
            "PATH-0003",
            &["from"],
        ),
        (
            Protocol::TCP,
            "10.70.0.9",
            50000,
            "10.30.0.9",
            443,
            "PATH-0001",
            &["from"],
        ),
        (
            Protocol::TCP,
            "10.20.0.5",
            50000,
            "192.0.2.9",
            443,
            "PATH-0001",
            &["to"],
        ),
        (
            Protocol::ICMP,
            "10.20.0.5",
            8,
            "10.30.0.9",
            0,
            "PATH-0001",
            &["protocol"],
        ),
        // Nothing begins in the one zone or ends in the other.
        (Protocol::TCP, "10.10.0.5", 50000, "192.0.2.9", 443, "", &[]),
    ];
    for (protocol, orig, orig_port, resp, resp_port, path, differs) in table {
        let explanation = violation(*protocol, (orig, *orig_port), (resp, *resp_port)).explanation;

        assert_eq!(explanation.nearest_path, *path, "{orig} {resp} {resp_port}");
        assert_eq!(explanation.differs, *differs, "{orig} {resp} {resp_port}");
    }
}

#[test]
fn the_clause_is_that_of_the_boundary_or_of_the_higher_classification() {
    let clause = |orig, resp| {
        violation(Protocol::TCP, (orig, 50000), (resp, 9))
            .clause
            .to_string()
    };

    assert_eq!(clause("10.10.0.5", "10.30.0.9"), "6(3)ア");
    assert_eq!(clause("10.20.0.5", "10.10.0.9"), "6(3)ア", "3 is above 2");
    assert_eq!(
        clause("10.20.0.5", "10.30.0.9"),
        "6(3)イ",
        "a tie goes to the originator"
    );
    assert_eq!(clause("10.70.0.5", "10.30.0.9"), "6(3)ウ", "one end has none");
    assert_eq!(clause("10.70.0.5", "192.0.2.9"), "", "neither end has one");
}

#[test]
fn severity_is_that_of_the_boundary_or_of_the_classification() {
    let severity = |orig, resp, port| violation(Protocol::TCP, (orig, 50000), (resp, port)).severity;

    assert_eq!(severity("10.10.0.5", "10.30.0.9", 25), Severity::Low);
    assert_eq!(severity("10.20.0.5", "10.10.0.9", 9), Severity::High);
    assert_eq!(severity("10.20.0.5", "10.30.0.9", 9), Severity::Medium);
    assert_eq!(severity("10.70.0.5", "192.0.2.9", 9), Severity::Medium);
}

#[test]
fn the_most_specific_boundary_speaks_and_a_missing_language_is_filled() {
    let violation = violation(Protocol::TCP, ("10.10.0.5", 50000), ("10.30.0.9", 25));

    assert_eq!(
        (&*violation.title.ja, &*violation.title.en),
        ("業務系からのメール送信", "業務系からのメール送信")
    );
    assert_eq!(&*violation.clause, "2(16)");
    assert!(violation.attack.is_empty());
}

#[test]
fn only_denied_flows_of_an_enforced_policy_are_findings() {
    let enforced = policy(POLICY);
    let learning = policy(&POLICY.replace("version =", "mode = \"learn\"\nversion ="));
    let denied = record(
        &enforced,
        Protocol::TCP,
        ("10.20.0.5", 50000),
        ("10.30.0.9", 3306),
    );
    let allowed = FlowRecord {
        verdict: Verdict::Allowed,
        ..denied.clone()
    };

    assert!(enforced.finding(&denied).is_some());
    assert!(enforced.finding(&allowed).is_none());
    assert!(learning.finding(&denied).is_none());
}

#[test]
fn many_paths_between_two_zones_are_not_all_named() {
    let mut text = POLICY.to_owned();
    for port in 1000..1020 {
        write!(text, "[[path]]\nid = \"P{port}\"\nfrom = \"joho\"\nto = \"gyomu\"\nprotocol = \"tcp\"\nports = [{port}]\n")
            .unwrap();
    }
    let policy = policy(&text);
    let record = record(&policy, Protocol::TCP, ("10.20.0.5", 50000), ("10.10.0.9", 9));

    let expected = policy.finding(&record).unwrap().explanation.expected;

    insta::assert_snapshot!(format!("{}\n{}", expected.ja, expected.en));
}
