//! The steps of a judgement end in the judgement and name what was asked.

use sekisho_model::{MacAddress, Protocol, Timestamp};
use sekisho_policy::{PlacedBy, Policy, Question, Source, Trace};

const POLICY: &str = r#"
schema = 1
[policy]
name = "trace"
version = "1"
[zone.office]
networks = ["10.40.0.0/16", "10.40.1.0/24"]
label.ja = "事務"
label.en = "Office"
[zone.server]
networks = ["10.50.2.0/24"]
[zone.dmz]
networks = ["10.99.0.0/24"]
[zone.clocks]
macs = ["52:54:00:aa:00:01"]
[zone.guest]
vlans = [90]
[zone.school]
networks = ["10.80.0.0/16"]
excluded = true
[gateway.mugai]
near = ["10.99.0.1"]
far = ["10.99.0.2"]
[[path]]
id = "HOST"
from = "office"
to = "server"
from_hosts = ["10.40.1.5=52:54:00:00:00:05", "10.40.1.5=52:54:00:00:00:06"]
protocol = "tcp"
ports = [443]
services = ["ssh"]
[[path]]
id = "OVER"
from = "office"
to = "server"
protocol = "tcp"
ports = [443]
expires = "2026-10-31"
title.ja = "帳票"
[[path]]
id = "WIDE"
from = "office"
to = "*"
protocol = "tcp"
[[path]]
id = "NEVER-ASKED"
from = "*"
to = "*"
protocol = "tcp"
[[path]]
id = "VIA"
from = "guest"
to = "server"
protocol = "udp"
ports = [53]
via = "mugai"
window = "sat"
"#;

fn policy() -> Policy {
    Policy::compile(&[Source {
        name: "a.toml".to_owned(),
        text: POLICY.into(),
    }])
    .unwrap()
}

fn question(protocol: Protocol, orig: &str, resp: &str, port: u16) -> Question<'static> {
    let at = Timestamp::parse("2026-11-04T01:00:00Z").unwrap();
    Question::new(orig.parse().unwrap(), resp.parse().unwrap(), protocol, port, at)
}

fn text(trace: &Trace) -> String {
    let mut lines = vec![&trace.orig.words, &trace.resp.words];
    lines.extend(trace.candidates.iter().map(|candidate| &candidate.words));
    lines.push(&trace.verdict);
    let lines = lines.iter().map(|words| format!("{}\n{}\n", words.ja, words.en));
    lines.collect()
}

#[test]
fn candidates_are_named_in_their_order_up_to_the_one_that_allows() {
    let (policy, mut question) = (policy(), question(Protocol::TCP, "10.40.1.5", "10.50.2.9", 443));
    question.service = Some("tls");

    let trace = policy.trace(&question);

    let rules: Vec<_> = trace
        .candidates
        .iter()
        .map(|candidate| (policy.entry_name(candidate.entry).to_string(), candidate.failed))
        .collect();
    assert_eq!(
        rules,
        [
            ("HOST".to_owned(), Some("PATH-SERVICE")),
            ("OVER".to_owned(), Some("PATH-EXPIRED")),
            ("WIDE".to_owned(), None),
        ]
    );
    assert_eq!(trace.orig.by, PlacedBy::Network("10.40.1.0/24".parse().unwrap()));
    insta::assert_snapshot!(text(&trace));
}

#[test]
fn an_end_is_placed_by_network_mac_address_vlan_or_nothing() {
    let policy = policy();
    let mut question = question(Protocol::UDP, "192.168.7.7", "10.99.0.1", 53);
    question.vlan = Some(90);
    assert_eq!(policy.trace(&question).orig.by, PlacedBy::Vlan(90));
    insta::assert_snapshot!("a_leg_outside_its_window", text(&policy.trace(&question)));

    let clock = MacAddress([0x52, 0x54, 0, 0xaa, 0, 1]);
    question.orig_mac = Some(clock);
    assert_eq!(policy.trace(&question).orig.by, PlacedBy::Mac(clock));

    (question.orig_mac, question.vlan) = (None, None);
    assert_eq!(policy.trace(&question).orig.by, PlacedBy::Nothing);
}

#[test]
fn a_trace_ends_in_the_judgement() {
    let policy = policy();
    let ends = [
        "10.40.1.5",
        "10.40.1.6",
        "10.50.2.9",
        "10.80.1.1",
        "203.0.113.9",
        "224.0.0.1",
        "10.99.0.1",
    ];
    let mut words = std::collections::BTreeSet::new();
    for orig in ends {
        for resp in ends {
            for protocol in [Protocol::TCP, Protocol::UDP, Protocol::ICMP] {
                let question = question(protocol, orig, resp, 443);

                let trace = policy.trace(&question);

                assert_eq!(trace.judgement, policy.judge(&question), "{orig} {resp}");
                if let Some(entry) = trace.judgement.entry {
                    let asked = trace.candidates.iter().find(|candidate| candidate.entry == entry);
                    assert!(asked.is_some(), "{orig} {resp}");
                }
                words.insert(trace.verdict.en);
            }
        }
    }
    assert!(words.len() >= 7, "{words:?}");
}
