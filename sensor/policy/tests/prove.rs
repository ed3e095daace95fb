//! Proofs and differences as a policy's writer sees them.

use std::fmt::Write;

use sekisho_model::{Timestamp, Verdict};
use sekisho_policy::prove::{Difference, Outcome, Proof, RemarkKind, diff};
use sekisho_policy::{Policy, Source};

const HEADER: &str = "schema = 1\n[policy]\nname = \"city\"\nversion = \"1\"\n";

const ZONES: &str = r#"
[zone.gyomu]
networks = ["10.10.0.0/16"]
intra = "deny"

[zone.joho]
networks = ["10.20.0.0/16"]

[zone.internet]
networks = ["0.0.0.0/0"]

[zone.camera]
networks = ["10.70.0.0/16"]
excluded = true

[zone.future]
"#;

fn compile(text: &str) -> Policy {
    let source = Source {
        name: "city.toml".to_owned(),
        text: format!("{HEADER}{text}").into(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn city(entries: &str) -> Policy {
    compile(&format!("{ZONES}\n{entries}"))
}

fn at() -> Timestamp {
    Timestamp::parse("2026-11-01T00:00:00+09:00").unwrap()
}

/// Kind, entry and others of each remark.
fn remarks(proof: &Proof) -> Vec<(RemarkKind, &str, Vec<&str>)> {
    let remarks = proof.remarks.iter();
    remarks
        .map(|remark| {
            let others = remark.others.iter().map(|other| &**other).collect();
            (remark.kind, &*remark.entry, others)
        })
        .collect()
}

#[test]
fn two_paths_together_hide_a_third_that_neither_hides_alone() {
    let policy = city(
        r#"
        [[path]]
        id = "LOW"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = ["1-500"]
        [[path]]
        id = "HIGH"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = ["501-1000"]
        [[path]]
        id = "MID"
        from = "joho"
        to = "gyomu"
        protocol = ["tcp"]
        ports = ["1-1000"]
        "#,
    );

    let proof = policy.prove(at());

    assert_eq!(
        remarks(&proof),
        [
            (RemarkKind::Redundant, "LOW", vec!["MID"]),
            (RemarkKind::Redundant, "HIGH", vec!["MID"]),
            (RemarkKind::Shadowed, "MID", vec!["LOW", "HIGH"]),
        ]
    );
    assert!(proof.complete);
    assert_eq!(proof.entries, 3);
    assert_eq!(
        proof.remarks[2].text.en,
        "is never chosen: LOW, HIGH, asked first, allows all of it"
    );
}

#[test]
fn a_narrow_path_inside_a_wide_one_is_redundant_and_the_wide_one_partly_hidden() {
    let policy = city(
        r#"
        [[path]]
        id = "WIDE"
        from = "joho"
        to = "gyomu"
        [[path]]
        id = "NARROW"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = [443]
        "#,
    );

    let proof = policy.prove(at());

    assert_eq!(
        remarks(&proof),
        [
            (RemarkKind::Redundant, "NARROW", vec!["WIDE"]),
            (RemarkKind::PartlyShadowed, "WIDE", vec!["NARROW"]),
        ]
    );
    let example = proof.remarks[1].example.as_ref().unwrap();
    assert_eq!(&*policy.judge(&example.question()).rule, "WIDE");
}

#[test]
fn what_no_flow_can_use_is_named_with_its_reason() {
    let policy = city(
        r#"
        [[path]]
        id = "EMPTY"
        from = "future"
        to = "gyomu"
        [[path]]
        id = "EXCLUDED"
        from = "joho"
        to = "camera"
        [[path]]
        id = "INSIDE"
        from = "joho"
        to = "joho"
        "#,
    );

    let proof = policy.prove(at());

    let texts: Vec<_> = proof
        .remarks
        .iter()
        .map(|remark| (remark.kind, &*remark.entry, remark.text.en.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (
                RemarkKind::Unreachable,
                "EMPTY",
                "no address can be in the zone `future` of `from`"
            ),
            (
                RemarkKind::Unreachable,
                "EXCLUDED",
                "the zone `camera` of `to` is excluded"
            ),
            (
                RemarkKind::Redundant,
                "INSIDE",
                "allows only what is allowed without a path"
            ),
        ]
    );
}

#[test]
fn two_owners_of_the_same_flows_are_in_conflict() {
    let policy = city(
        r#"
        [[path]]
        id = "A"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = ["400-500"]
        owner = "soumu"
        [[path]]
        id = "B"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = ["450-650"]
        owner = "zeimu"
        [[path]]
        id = "C"
        from = "joho"
        to = "gyomu"
        protocol = "tcp"
        ports = [443]
        "#,
    );

    let proof = policy.prove(at());

    assert_eq!(
        remarks(&proof),
        [
            (RemarkKind::Redundant, "C", vec!["A"]),
            (RemarkKind::Conflicting, "A", vec!["B"]),
            (RemarkKind::PartlyShadowed, "A", vec!["C"]),
            (RemarkKind::PartlyShadowed, "B", vec!["A"]),
        ]
    );
}

#[test]
fn statements_are_proved_or_refuted_by_a_flow() {
    let policy = city(
        r#"
        [[path]]
        id = "MAIL"
        from = "joho"
        to = "internet"
        protocol = "tcp"
        ports = [25]
        [[path]]
        id = "ANY-DNS"
        from = "*"
        to = "internet"
        protocol = "udp"
        ports = [53]
        [[statement]]
        id = "S-1"
        never = "gyomu -> internet tcp"
        [[statement]]
        id = "S-2"
        never = "gyomu, joho -> internet"
        [[statement]]
        id = "S-3"
        only = ["MAIL", "ANY-DNS"]
        from = "joho"
        to = "internet"
        [[statement]]
        id = "S-4"
        only = "MAIL"
        from = "joho"
        to = "internet"
        [[statement]]
        id = "S-5"
        never = "camera -> internet"
        [[statement]]
        id = "S-6"
        never = "internet -> * tcp/1-65535 workday 08:30-17:15"
        [[statement]]
        id = "S-7"
        never = "joho -> joho"
        "#,
    );

    let proof = policy.prove(at());

    let refuted = |number: usize| match &proof.answers[number].outcome {
        Outcome::Refuted { by, example } => {
            assert_eq!(policy.judge(&example.question()).verdict, Verdict::Allowed);
            by.to_string()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(proof.answers[0].outcome, Outcome::Proved);
    assert!(["MAIL", "ANY-DNS"].contains(&refuted(1).as_str()));
    assert_eq!(proof.answers[2].outcome, Outcome::Proved);
    assert_eq!(refuted(3), "ANY-DNS");
    let Outcome::NotJudged {
        example: Some(example),
    } = &proof.answers[4].outcome
    else {
        panic!("{:?}", proof.answers[4]);
    };
    assert_eq!(policy.judge(&example.question()).verdict, Verdict::Unknown);
    // An address of the Internet reaches another one, and those that cannot cross a router.
    assert!(["INTRA-ALLOW", "LINK-LOCAL"].contains(&refuted(5).as_str()));
    assert_eq!(refuted(6), "INTRA-ALLOW");
    assert_eq!(proof.answers[0].text, "never gyomu -> internet tcp");
    assert_eq!(proof.answers[3].text, "only MAIL");
}

#[test]
fn a_statement_that_cannot_be_read_is_an_error_at_its_word() {
    let cases = [
        (
            r#"never = "gyomu internet""#,
            "gyomu internet",
            "`office -> internet`",
        ),
        (r#"never = "gyom -> internet""#, "gyom", "declared zone"),
        (r#"never = "gyomu -> internet tcq/22""#, "tcq/22", "`tcp/22`"),
        (
            r#"never = "gyomu -> internet tcp/70000""#,
            "tcp/70000",
            "`tcp/22`",
        ),
        (r#"never = "gyomu -> internet icmp/8""#, "icmp/8", "`tcp/22`"),
        (
            r#"never = "gyomu -> internet tcp/22 workdy 08:30-17:15""#,
            "workdy",
            "did you mean `workday`?",
        ),
        (r#"never = "gyomu -> internet, ""#, "", "declared zone"),
        (
            "only = \"NO\"\nfrom = \"gyomu\"\nto = \"joho\"",
            "\"NO\"",
            "name the id of a path",
        ),
        (
            "only = \"P\"\nnever = \"gyomu -> joho\"",
            "[[statement]]",
            "write `never",
        ),
        ("from = \"gyomu\"\nto = \"joho\"", "[[statement]]", "write `never"),
        (
            "never = \"gyomu -> joho\"\nports = [22]",
            "[[statement]]",
            "the whole crossing",
        ),
    ];

    for (statement, word, help) in cases {
        let text = format!("{HEADER}{ZONES}\n[[statement]]\nid = \"S\"\n{statement}\n");
        let source = Source {
            name: "city.toml".to_owned(),
            text: text.clone().into(),
        };
        let errors = Policy::compile(&[source]).unwrap_err();
        let report = errors.reports().next().unwrap();
        let label = report.labels().unwrap().next().unwrap();
        let found = &text[label.offset()..label.offset() + label.len()];
        assert_eq!(found, word, "{statement}: {report}");
        assert!(report.help().unwrap().to_string().contains(help), "{statement}");
    }
}

fn lines(difference: &Difference) -> Vec<String> {
    let lines = difference.lines.iter();
    lines
        .map(|line| format!("{}: {}", line.change().en, line.flows.text().en))
        .collect()
}

#[test]
fn a_difference_names_what_opens_and_what_closes_in_few_lines() {
    let first = city(
        r#"
        [[path]]
        id = "WEB"
        from = "joho"
        to = "internet"
        protocol = "tcp"
        ports = [80, 443]
        "#,
    );
    let second = city(
        r#"
        [[path]]
        id = "WEB"
        from = ["joho", "gyomu"]
        to = "internet"
        protocol = "tcp"
        ports = [443]
        [[path]]
        id = "WEB-QUIC"
        from = ["joho", "gyomu"]
        to = "internet"
        protocol = "udp"
        ports = [443]
        "#,
    );

    let difference = diff(&first, &second, at());

    assert!(difference.complete);
    assert_eq!(
        lines(&difference),
        [
            "newly allowed: gyomu -> internet tcp/443",
            "newly allowed: gyomu,joho -> internet udp/443",
            "newly denied: joho -> internet tcp/80",
        ]
    );
    let line = &difference.lines[2];
    assert_eq!((&*line.rule_was, &*line.rule_is), ("WEB", "PATH-DENY"));
    let example = line.example.as_ref().unwrap();
    assert_eq!(first.judge(&example.question()).verdict, Verdict::Allowed);
    assert_eq!(second.judge(&example.question()).verdict, Verdict::Denied);
}

#[test]
fn a_network_that_moves_to_another_zone_changes_what_its_hosts_may_do() {
    let text = |joho: &str, gyomu: &str| {
        format!(
            r#"
            [zone.joho]
            networks = {joho}
            [zone.gyomu]
            networks = {gyomu}
            [zone.server]
            networks = ["10.30.0.0/24"]
            [[path]]
            id = "P"
            from = "joho"
            to = "server"
            protocol = "tcp"
            ports = [443]
            "#
        )
    };
    let first = compile(&text(r#"["10.20.0.0/16"]"#, r#"["10.10.0.0/16"]"#));
    let second = compile(&text(
        r#"["10.20.0.0/16"]"#,
        r#"["10.10.0.0/16", "10.20.5.0/24"]"#,
    ));

    let difference = diff(&first, &second, at());

    assert!(difference.complete);
    assert_eq!(
        lines(&difference),
        [
            "newly allowed: gyomu(10.10.0.0/16) -> gyomu(10.20.5.0/24) any",
            "newly allowed: gyomu(10.20.5.0/24) -> gyomu(10.10.0.0/16) any",
            "newly denied: gyomu(10.20.5.0/24) -> server tcp/443",
            "newly denied: gyomu(10.20.5.0/24) -> joho any",
            "newly denied: joho -> gyomu(10.20.5.0/24) any",
        ]
    );
}

#[test]
fn a_policy_does_not_differ_from_itself_and_none_differs_from_nothing_judged() {
    let policy = city("[[path]]\nid = \"P\"\nfrom = \"joho\"\nto = \"*\"");

    assert_eq!(diff(&policy, &policy, at()).lines, []);
    let from_none = diff(&Policy::none(), &policy, at());
    assert!(from_none.complete);
    assert!(from_none.lines.iter().all(|line| line.was == Verdict::Unknown));
    assert!(from_none.lines.iter().all(|line| line.example.is_some()));
    assert_eq!(Policy::none().prove(at()).remarks, []);
}

#[test]
fn hostile_policies_are_answered_within_bounds() {
    let mut text = String::new();
    for zone in 0..100 {
        writeln!(
            text,
            "[zone.z{zone}]\nnetworks = [\"10.{}.{}.0/24\"]",
            zone / 256,
            zone % 256
        )
        .unwrap();
    }
    for path in 0..300_u32 {
        let low = 1 + path * 91 % 60_000;
        writeln!(
            text,
            "[[path]]\nid = \"P{path}\"\nfrom = \"*\"\nto = \"*\"\nprotocol = \"tcp\"\nports = [\"{low}-{}\"]",
            low + 997
        )
        .unwrap();
    }
    let policy = compile(&text);
    let start = std::time::Instant::now();

    let proof = policy.prove(at());

    assert_eq!(proof.entries, 300);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn zones_that_only_a_vlan_tells_apart_are_not_claimed_to_talk() {
    let policy = compile(
        r#"
        [zone.guest]
        vlans = [20]
        [zone.staff]
        vlans = [10]
        [zone.server]
        networks = ["10.30.0.0/24"]
        [[path]]
        id = "P"
        from = "guest"
        to = ["staff", "server"]
        [[statement]]
        id = "S-1"
        never = "guest -> staff"
        [[statement]]
        id = "S-2"
        never = "guest -> server"
        "#,
    );

    let proof = policy.prove(at());

    // One frame has one tag: no flow shows that a host of the one talks to a host of the other.
    assert_eq!(proof.answers[0].outcome, Outcome::Undecided);
    assert!(!proof.complete);
    let Outcome::Refuted { by, example } = &proof.answers[1].outcome else {
        panic!("{:?}", proof.answers[1]);
    };
    assert_eq!((&**by, example.vlan), ("P", Some(20)));
}
