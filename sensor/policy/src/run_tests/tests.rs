//! Tests of the runner: each outcome, right and wrong, and what no test touches.

use super::{DeclarationKind, TestRun};
use crate::{Policy, Source};

const POLICY: &str = r#"schema = 1
[policy]
name = "t"
version = "1"
[zone.office]
networks = ["10.40.1.0/24", "2001:db8:1::/64"]
[zone.server]
networks = ["10.40.2.0/24"]

[[path]]
id = "PATH-0001"
from = "office"
to = "server"
protocol = "tcp"
ports = [443]
services = ["https"]
window = "workday 08:30-17:15"

[[path.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:443", service = "tls" }
expect = "allowed"

[[path.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:443", service = "ssh" }
expect = "allowed"

[[path.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:443", time = "2026-11-03T10:00" }
expect = "denied"

[[path]]
id = "PATH-0002"
from = "office"
to = "server"
protocol = "tcp"
ports = [8443]

[[path]]
id = "PATH-0003"
from = "office"
to = "server"
protocol = "udp"
ports = [53]

[[path.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:8443" }
expect = "allowed"

[[rule]]
id = "SEG-0007"
when = 'service == "ssh" and resp.port != 22'
except = 'orig.mac == 02:00:00:00:00:01'

[[rule.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:2222", service = "ssh" }
expect = "alert"

[[rule.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:50211", resp = "10.40.2.10:22", service = "ssh" }
expect = "none"

[[rule.test]]
flow = { protocol = "tcp", orig = "10.40.1.7:1", resp = "10.40.2.10:2222", service = "ssh", orig_mac = "02:00:00:00:00:01" }
expect = "alert"

[[rule]]
id = "SEG-0008"
when = 'duration > 100s and server_name == "www.example.jp"'

[[rule]]
id = "SEG-0009"
when = 'octets > 1 or handshake_rtt >= 0s'

[[test]]
flow = { protocol = "tcp", orig = "[2001:db8:1::7]:50211", resp = "10.40.2.10:3306" }
expect = "PATH-DENY"

[[test]]
flow = { protocol = "tcp", orig = "10.40.1.7:1", resp = "10.40.1.8:2", duration = 120, server_name = "www.example.jp" }
expect = "SEG-0008"

[[test]]
flow = { protocol = "icmp", orig = "203.0.113.1", resp = "203.0.113.2" }
expect = "unknown"

[[test]]
flow = { protocol = "tcp", orig = "10.40.1.7:1", resp = "10.40.1.8:2", vlan = "ten" }
expect = "none"
"#;

fn run() -> TestRun {
    let compiled = Policy::compile(&[Source {
        name: "zones.toml".to_owned(),
        text: POLICY.into(),
    }]);
    compiled
        .unwrap_or_else(|errors| {
            let reports: Vec<_> = errors.reports().map(ToString::to_string).collect();
            panic!("{reports:?}")
        })
        .run_tests()
}

#[test]
fn each_test_says_what_was_expected_and_what_came_out() {
    let run = run();
    let mut results: Vec<_> = run
        .results
        .iter()
        .map(|result| {
            let of = result.of.as_ref().map_or("", |of| of.id.as_str());
            (
                of,
                result.expected.as_str(),
                result.got.as_str(),
                result.detail.as_str(),
                result.passed,
            )
        })
        .collect();
    results.sort_unstable();

    assert_eq!(
        results,
        [
            ("", "PATH-DENY", "PATH-DENY", "denied by PATH-DENY", true),
            (
                "",
                "SEG-0008",
                "SEG-0008",
                "allowed by INTRA-ALLOW; SEG-0008",
                true
            ),
            ("", "none", "`vlan` takes a whole number", "", false),
            ("", "unknown", "unknown", "unknown", true),
            ("PATH-0001", "allowed", "allowed", "allowed by PATH-0001", true),
            (
                "PATH-0001",
                "allowed",
                "denied",
                "denied by PATH-SERVICE; SEG-0007",
                false
            ),
            // The 3rd of November is a holiday.
            ("PATH-0001", "denied", "denied", "denied by PATH-WINDOW", true),
            (
                "PATH-0003",
                "allowed",
                "allowed by PATH-0002",
                "allowed by PATH-0002",
                false
            ),
            (
                "SEG-0007",
                "alert",
                "alert",
                "denied by PATH-DENY; SEG-0007",
                true
            ),
            ("SEG-0007", "alert", "none", "denied by PATH-DENY", false),
            ("SEG-0007", "none", "none", "denied by PATH-DENY", true),
        ]
    );
    assert_eq!((run.passed(), run.failed()), (7, 4));
}

#[test]
fn a_result_names_the_flow_and_the_line() {
    let run = run();
    let of_ssh = run
        .results
        .iter()
        .find(|result| result.detail.contains("PATH-SERVICE"))
        .unwrap();

    assert_eq!(of_ssh.flow, "tcp 10.40.1.7:50211 -> 10.40.2.10:443 ssh");
    let line = POLICY
        .lines()
        .position(|line| line.contains("service = \"ssh\" }"))
        .unwrap();
    assert_eq!(
        (of_ssh.place.file.as_str(), of_ssh.place.line),
        ("zones.toml", line)
    );
}

#[test]
fn coverage_names_what_no_test_touches() {
    let run = run();

    let untouched: Vec<_> = run
        .untouched
        .iter()
        .map(|found| (found.kind, found.id.as_str()))
        .collect();
    assert_eq!(untouched, [(DeclarationKind::Rule, "SEG-0009")]);
    assert_eq!((run.declarations, run.touched()), (6, 5));
}

#[test]
fn a_test_may_expect_the_boundary_that_names_the_violation() {
    let policy = |orig: &str| {
        let boundary = "[[boundary]]\nid = \"BOUND-01\"\nfrom = \"server\"\nto = \"office\"\n";
        let test = format!(
            "[[test]]\nflow = {{ protocol = \"tcp\", orig = \"{orig}:50211\", resp = \"10.40.1.7:445\" }}\n\
             expect = \"BOUND-01\"\n"
        );
        let zones = "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n\
            [zone.office]\nnetworks = [\"10.40.1.0/24\"]\n[zone.server]\nnetworks = [\"10.40.2.0/24\"]\n";
        let source = Source {
            name: "t.toml".to_owned(),
            text: format!("{zones}{boundary}{test}").into_bytes(),
        };
        Policy::compile(&[source]).unwrap().run_tests()
    };

    let crossed = policy("10.40.2.10");
    assert!(crossed.results[0].passed, "{:?}", crossed.results);
    assert_eq!(crossed.results[0].got, "BOUND-01");
    // Inside the office nothing is denied, and there is no boundary.
    let inside = policy("10.40.1.9");
    assert_eq!(
        (inside.results[0].passed, &*inside.results[0].got),
        (false, "INTRA-ALLOW")
    );
}

#[test]
fn a_catalogue_without_zones_tests_its_severities_by_classification() {
    let text = r#"schema = 1
[policy]
name = "catalogue"
version = "1"
catalogue = true
[[rule]]
id = "U-1"
severity = "informational"
severity_by = [{ when = 'orig.zone.classification == 3', severity = "high" }]
when = 'service == "tor" and not resp.zone.classification >= 1'
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "203.0.113.9:9001", service = "tor" }
expect = "alert"
severity = "informational"
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "203.0.113.9:9001", service = "tor", orig_classification = 3 }
expect = "alert"
severity = "high"
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "203.0.113.9:9001", service = "tor", orig_classification = 2 }
expect = "alert"
severity = "high"
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "10.2.0.1:9001", service = "tor", resp_classification = 1 }
expect = "none"
[[rule.test]]
flow = { protocol = "tcp", orig = "10.1.0.1:50000", resp = "10.2.0.1:9001", service = "tor", resp_classification = 4 }
expect = "none"
"#;
    let policy = Policy::compile(&[Source {
        name: "t.toml".to_owned(),
        text: text.into(),
    }])
    .unwrap();

    let run = policy.run_tests();

    assert_eq!(policy.warnings().len(), 0);
    let passed: Vec<_> = run.results.iter().map(|result| result.passed).collect();
    assert_eq!(passed, [true, true, false, true, false]);
    assert_eq!(
        (&*run.results[2].expected, &*run.results[2].got),
        ("alert high", "alert informational")
    );
    assert!(run.results[4].got.contains("from 1 to 3"));
}
