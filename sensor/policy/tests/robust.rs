//! Nothing that stands in a file makes the compiler or its messages panic.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use sekisho_model::{FlowRecord, Protocol, Verdict};
use sekisho_policy::{Policy, Question, Source};

const SOUND: &str = r#"schema = 1
[policy]
name = "三層"
version = "2026-11"
mode = "enforce"
label.ja = "三層分離"
[zone.gyomu]
networks = ["10.10.0.0/16", "2001:db8:10::/48", "10.1.1.1"]
vlans = [110]
intra = "deny"
label.ja = "業務系"
classification = 3
clause = "6(3)ア"
review = 2027-03-31
[zone.joho]
networks = ["10.20.0.0/16"]
excluded = false
[[path]]
id = "PATH-0001"
from = ["gyomu", "unknown"]
to = "*"
protocol = ["tcp", 17]
ports = [80, "8000-8080"]
title.ja = "特定通信"
[[boundary]]
id = "BOUND-01"
from = "gyomu"
to = "*"
severity = "high"
attack = ["T1021.002"]
first_step.ja = "連絡"
[list.dhcp-servers]
role = "dhcp-server"
kind = "address"
values = ["10.30.0.2"]
"#;

/// Compiles, shows every message, and judges and explains a flow where the files compile.
fn exercise(texts: &[Vec<u8>]) {
    let sources: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Source {
            name: format!("{index}.toml"),
            text: text.clone(),
        })
        .collect();
    match Policy::compile(&sources) {
        Err(errors) => {
            assert!(errors.count() > 0);
            show(errors.reports());
        }
        Ok(policy) => {
            show(policy.warnings().iter().map(|report| report as &dyn Diagnostic));
            judge(&policy);
        }
    }
}

fn show<'a>(reports: impl Iterator<Item = &'a dyn Diagnostic>) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    for report in reports {
        let mut text = String::new();
        handler.render_report(&mut text, report).unwrap();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

fn judge(policy: &Policy) {
    let mut record = FlowRecord::example();
    record.orig.address = [10, 10, 0, 1].into();
    record.resp.address = [10, 20, 0, 1].into();
    for protocol in [Protocol::TCP, Protocol::ICMP, Protocol(253)] {
        record.protocol = protocol;
        let judgement = policy.judge(&Question {
            vlan: Some(110),
            ..Question::of(&record)
        });
        record.orig_zone = policy.zone_name(judgement.orig_zone).clone();
        record.resp_zone = policy.zone_name(judgement.resp_zone).clone();
        record.verdict = Verdict::Denied;
        assert!(
            policy
                .finding(&record)
                .is_none_or(|violation| !violation.title.ja.is_empty())
        );
    }
    assert!(policy.describe().is_object());
}

#[test]
fn the_sound_policy_compiles() {
    let source = Source {
        name: "a.toml".to_owned(),
        text: SOUND.into(),
    };

    assert!(Policy::compile(&[source]).is_ok());
    exercise(&[SOUND.into()]);
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_compiles() {
    for end in 0..SOUND.len() {
        exercise(&[SOUND.as_bytes()[..end].to_vec()]);
    }
}

#[test]
fn no_files_at_all_are_an_error() {
    let errors = Policy::compile(&[]).unwrap_err();

    assert_eq!(errors.count(), 1);
}

#[test]
fn deep_nesting_and_long_values_are_refused_in_few_words() {
    let deep = format!("schema = 1\nx = {}", "[".repeat(100_000));
    let long = format!(
        "schema = 1\n[zone.{0}]\nnetworks = [\"{0}\"]\nintra = \"{0}\"\n",
        "x".repeat(100_000)
    );

    for text in [deep, long] {
        let errors = Policy::compile(&[Source {
            name: "a.toml".to_owned(),
            text: text.into_bytes(),
        }])
        .unwrap_err();
        assert!(errors.reports().all(|report| report.to_string().len() < 400));
    }
}

proptest! {
    #[test]
    fn any_octets_are_refused_or_compile(texts in prop::collection::vec(any::<Vec<u8>>(), 0..3)) {
        exercise(&texts);
    }

    #[test]
    fn a_sound_file_with_a_few_octets_changed_is_refused_or_compiles(
        changes in prop::collection::vec((0..SOUND.len(), any::<u8>()), 1..4),
    ) {
        let mut text = SOUND.as_bytes().to_vec();
        for (place, octet) in changes {
            text[place] = octet;
        }
        exercise(&[text]);
    }

    #[test]
    fn lines_in_any_order_are_refused_or_compile(
        order in prop::collection::vec(0..SOUND.lines().count(), 0..60),
    ) {
        let lines: Vec<_> = SOUND.lines().collect();
        let text: Vec<_> = order.iter().map(|line| lines[*line]).collect();
        exercise(&[SOUND.into(), text.join("\n").into_bytes()]);
    }

    #[test]
    fn values_of_any_type_are_refused_or_compile(
        line in 0..SOUND.lines().count(),
        value in prop::sample::select(vec![
            "1", "-1", "99999999999999999999", "1.5", "nan", "true", "\"\"", "\"*\"", "[]", "[[]]", "[1, \"a\"]",
            "{}", "{ ja = 1 }", "2027-03-31", "\"\\u001b[31m\"", "0x10", "[\"*\", \"gyomu\"]", "[\"gyomu\", \"gyomu\"]",
        ]),
    ) {
        let lines = SOUND.lines().enumerate().map(|(index, text)| match text.split_once(" = ") {
            Some((key, _)) if index == line => format!("{key} = {value}"),
            _ => text.to_owned(),
        });
        exercise(&[lines.collect::<Vec<_>>().join("\n").into_bytes()]);
    }
}
