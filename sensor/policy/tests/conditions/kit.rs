//! The zones that the tests have in common, and flows written in one line.

use sekisho_model::app::App;
use sekisho_model::{Carrier, FlowRecord, MacAddress, Protocol, Timestamp, Verdict};
use sekisho_policy::{Policy, Question, Source};

const HEADER: &str = r#"
schema = 1
[policy]
name = "conditions"
version = "2026-11"
[zone.office]
networks = ["10.40.1.0/24"]
label.ja = "事務"
label.en = "Office"
[zone.server]
networks = ["10.40.2.0/24"]
label.ja = "サーバー"
label.en = "Servers"
[zone.dmz]
networks = ["10.40.9.0/24"]
[group.inside]
zones = ["office", "server"]
[calendar]
timezone = "Asia/Tokyo"
holidays = ["jp"]
[gateway.mugai]
near = ["10.40.9.1"]
far = ["10.40.9.2"]
label.ja = "無害化ゲートウェイ"
label.en = "the sanitising gateway"
[list.printers]
kind = "address"
values = ["10.40.2.50", { value = "10.40.2.51", expires = "2026-10-31" }]
"#;

/// The policy of these paths between the zones above.
pub(crate) fn policy(paths: &str) -> Policy {
    let source = Source {
        name: "policy.toml".to_owned(),
        text: format!("{HEADER}{paths}").into_bytes(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Wednesday, 2026-11-04 at ten in the morning in Japan.
const MORNING: &str = "2026-11-04T01:00:00Z";

/// `tcp 10.40.1.5 10.40.2.9 443`, and what else is known: `at=`, `service=`, `tunnel=`, `from=`, `to=`
/// (MAC addresses).
fn record(flow: &str) -> FlowRecord {
    let words: Vec<_> = flow.split_whitespace().collect();
    let word = |name: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(name));
        found.map(|value| value.to_owned().leak() as &'static str)
    };
    let mut record = FlowRecord::example();
    record.orig.address = words[1].parse().unwrap();
    record.resp.address = words[2].parse().unwrap();
    record.resp.port = words[3].parse().unwrap();
    record.protocol = Protocol::parse(words[0]).unwrap();
    record.has_ports = record.protocol.has_ports();
    record.start = Timestamp::parse(word("at=").unwrap_or(MORNING)).unwrap();
    record.app = word("service=").map(|service| {
        Box::new(App {
            service,
            ..App::default()
        })
    });
    record.carrier = word("tunnel=").map(|kind| Carrier {
        kind,
        community_id: String::new(),
    });
    record.orig_mac = word("from=").map(|mac| MacAddress::parse(mac).unwrap());
    record.resp_mac = word("to=").map(|mac| MacAddress::parse(mac).unwrap());
    record
}

/// The record of a flow with its verdict.
pub(crate) fn judged(policy: &Policy, flow: &str) -> FlowRecord {
    let mut record = record(flow);
    let judgement = policy.judge(&Question::of(&record));
    record.orig_zone = policy.zone_name(judgement.orig_zone).clone();
    record.resp_zone = policy.zone_name(judgement.resp_zone).clone();
    record.verdict = judgement.verdict;
    record.rule = judgement.rule;
    record
}

/// Verdict and rule, and the path that nearly allowed where it was denied.
pub(crate) fn verdict(policy: &Policy, flow: &str) -> String {
    let record = record(flow);
    let judgement = policy.judge(&Question::of(&record));
    let entry = judgement.entry.map_or("", |entry| policy.entry_name(entry));
    match judgement.verdict {
        Verdict::Denied if !entry.is_empty() => format!("{} of {entry}", judgement.rule),
        _ => judgement.rule.to_string(),
    }
}

/// Each flow, and what is expected of it as [`verdict`] says it.
pub(crate) fn check(paths: &str, table: &[(&str, &str)]) {
    let policy = policy(paths);
    for (flow, expected) in table {
        assert_eq!(verdict(&policy, flow), *expected, "{flow}");
    }
}

const OFFICE_TO_SERVER: &str = "from = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [443]\n";

/// A path from the office to the servers.
pub(crate) fn path(id: &str, more: &str) -> String {
    format!("[[path]]\nid = \"{id}\"\n{OFFICE_TO_SERVER}{more}\n")
}

/// An exception for November, from the office to the servers.
pub(crate) fn exception(id: &str, more: &str) -> String {
    format!(
        "[[exception]]\nid = \"{id}\"\n{OFFICE_TO_SERVER}application = \"情シス第12号\"\napplicant = \"税務課\"\n\
         approver = \"CISO\"\npurpose = \"申告期の臨時接続\"\nstarts = \"2026-11-01\"\nexpires = \"2026-11-30\"\n{more}\n"
    )
}
