//! Any octets as a policy folder: compiled, or refused with a reason; a compiled one judges any flow.
#![no_main]

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sekisho_model::{FlowRecord, Protocol, Timestamp, Verdict};
use sekisho_policy::{Mode, Policy, Question, Source};

fuzz_target!(|input: &[u8]| {
    // A NUL, which no policy file holds, stands between files.
    let sources: Vec<Source> = input
        .split(|octet| *octet == 0)
        .enumerate()
        .map(|(index, text)| Source {
            name: format!("{index}.toml"),
            text: text.to_vec(),
        })
        .collect();
    match Policy::compile(&sources) {
        Ok(policy) => judge(&policy, input),
        Err(errors) => {
            assert!(errors.count() > 0);
            assert_eq!(errors.reports().count(), errors.count());
            for report in errors.reports() {
                assert!(!report.to_string().is_empty());
                // The caret stands on text that is there.
                if let (Some(source), Some(labels)) = (report.source_code(), report.labels()) {
                    for label in labels {
                        let shown = source.read_span(label.inner(), 1, 1);
                        assert!(shown.is_ok(), "{report}: {label:?}");
                    }
                }
            }
        }
    }
});

/// Judges flows between addresses that the policy names, and elsewhere.
fn judge(policy: &Policy, input: &[u8]) {
    let addresses = addresses(input);
    for (index, orig) in addresses.iter().enumerate() {
        for resp in &addresses {
            let seed = input.get(index).copied().unwrap_or(6);
            let question = Question {
                vlan: (seed & 1 != 0).then_some(u16::from(seed)),
                related: seed & 2 != 0,
                ..Question::new(
                    *orig,
                    *resp,
                    Protocol([6, 17, 1, 58, 47, seed][usize::from(seed) % 6]),
                    [443, 53, 0, 65_535, 22, u16::from(seed)][usize::from(seed / 6) % 6],
                    Timestamp::from_seconds(1_795_398_805, 0),
                )
            };
            check(policy, &question);
        }
    }
}

fn check(policy: &Policy, question: &Question<'_>) {
    let judgement = policy.judge(question);
    assert_eq!(judgement, policy.judge(question));
    assert_eq!(
        judgement.rule.is_empty(),
        judgement.verdict == Verdict::Unknown,
        "{judgement:?}"
    );
    assert!(!judgement.excluded || judgement.verdict == Verdict::Unknown);
    let without_ports = policy.judge(&Question {
        has_ports: false,
        ..*question
    });
    assert!(without_ports == judgement || without_ports.verdict == Verdict::Unknown);
    let mut record = FlowRecord::example();
    (record.orig.address, record.resp.address) = (question.orig, question.resp);
    record.resp.port = question.resp_port;
    (record.vlan, record.protocol) = (question.vlan, question.protocol);
    record.orig_zone = Arc::clone(policy.zone_name(judgement.orig_zone));
    record.resp_zone = Arc::clone(policy.zone_name(judgement.resp_zone));
    (record.verdict, record.rule) = (judgement.verdict, Arc::clone(&judgement.rule));
    let finding = policy.finding(&record);
    let is_due = judgement.verdict == Verdict::Denied && policy.mode() == Mode::Enforce;
    assert_eq!(finding.is_some(), is_due, "{record:?}");
    if let Some(finding) = finding {
        assert_eq!(finding.rule, judgement.rule);
        let said = &finding.explanation;
        for text in [
            &finding.title,
            &said.observed,
            &said.expected,
            &said.silenced_by,
            &said.first_step,
        ] {
            assert!(!text.ja.is_empty() && !text.en.is_empty(), "{said:?}");
        }
    }
}

/// The addresses that stand in the text, and a few others.
fn addresses(input: &[u8]) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = vec![
        [192, 0, 2, 1].into(),
        [169, 254, 0, 1].into(),
        [224, 0, 0, 1].into(),
        [255; 4].into(),
        Ipv6Addr::LOCALHOST.into(),
        Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into(),
    ];
    let text = String::from_utf8_lossy(input);
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':')));
    found.extend(words.filter_map(|word| word.parse::<IpAddr>().ok()).take(8));
    found
}
