//! Flows of which not all is known: fragments without ports, of either direction, and errors that were
//! found to be about another flow.

use sekisho_model::{FlowRecord, Protocol, Timestamp, Verdict};
use sekisho_policy::{Policy, Question, Source};

fn policy() -> Policy {
    let text = r#"
        schema = 1
        [policy]
        name = "fragments"
        version = "2026-11"
        [zone.office]
        networks = ["10.40.1.0/24"]
        [zone.server]
        networks = ["10.40.2.0/24"]
        [[path]]
        id = "PATH-1"
        from = "office"
        to = "server"
        from_hosts = ["10.40.1.5"]
        to_hosts = ["10.40.2.9"]
        protocol = "udp"
        ports = [514]
    "#;
    let source = Source {
        name: "policy.toml".to_owned(),
        text: text.into(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The verdict on fragments without a port between two addresses.
fn of_fragments(orig: &str, resp: &str, protocol: Protocol) -> Verdict {
    let at = Timestamp::parse("2026-11-04T01:00:00Z").unwrap();
    let (orig, resp) = (orig.parse().unwrap(), resp.parse().unwrap());
    let mut question = Question::new(orig, resp, protocol, 0, at);
    question.has_ports = false;
    policy().judge(&question).verdict
}

#[test]
fn fragments_that_a_path_may_allow_in_either_direction_are_not_judged() {
    let udp = Protocol::UDP;

    assert_eq!(of_fragments("10.40.1.5", "10.40.2.9", udp), Verdict::Unknown);
    assert_eq!(of_fragments("10.40.2.9", "10.40.1.5", udp), Verdict::Unknown);
}

#[test]
fn fragments_that_no_path_can_allow_are_denied() {
    let (udp, tcp) = (Protocol::UDP, Protocol::TCP);

    assert_eq!(of_fragments("10.40.1.5", "10.40.2.9", tcp), Verdict::Denied);
    assert_eq!(of_fragments("10.40.1.6", "10.40.2.9", udp), Verdict::Denied);
    assert_eq!(of_fragments("10.40.2.9", "10.40.1.6", udp), Verdict::Denied);
}

#[test]
fn an_error_that_was_found_to_be_about_another_flow_stays_one() {
    let mut record = FlowRecord::example();
    assert!(!Question::of(&record).related);

    record.rule = "ICMP-RELATED".into();

    assert!(Question::of(&record).related);
}
