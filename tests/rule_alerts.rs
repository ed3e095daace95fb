//! `[[rule]]` on packets: a flow that meets a rule raises one alert beside its verdict, and near misses
//! raise none.
//!
//! The packets are made here: SSH as RFC 4253 section 4.2 begins it, HTTP as RFC 9112, between hosts
//! whose zones a path joins on ports 22, 80 and 443.

mod support;

use std::path::Path;

use sekisho_kit::conversation::Conversation;
use sekisho_kit::payload::ssh;
use sekisho_kit::{Capture, Endpoint, Packet, PcapWriter, Random};
use serde_json::Value;
use support::{code, read_eve, run, stderr, summary};

/// 2026-11-04T10:00:00+09:00, a working day.
const BEGIN_NS: u64 = 1_793_754_000_000_000_000;

const MINUTE_NS: u64 = 60_000_000_000;

const POLICY: &str = r#"schema = 1
[policy]
name = "rules"
version = "1"
mode = "MODE"
[zone.a]
networks = ["10.1.0.0/16"]
[zone.b]
networks = ["10.2.0.0/16"]
[[path]]
id = "PATH-0001"
from = "a"
to = "b"
protocol = "tcp"
ports = [22, 80, 443]
[list.operators]
kind = "address"
values = ["10.1.0.9"]
[[rule]]
id = "SEG-0007"
title = { ja = "SSHの持ち込み", en = "SSH on another port" }
severity = "high"
category = "protocol_mismatch"
when = 'service == "ssh" and resp.port != 22'
except = 'orig.address in @operators'
clause = "6(6)"
attack = ["T1571"]
[[rule]]
id = "SEG-0008"
when = 'start not in window("workday 08:30-17:15") and resp.zone == "b"'
"#;

struct Place(tempfile::TempDir);

/// Rule, originator, responder's port, flows.
type Short = (String, String, u64, u64);

impl Place {
    fn new(packets: Vec<Packet>, mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        let policy = POLICY.replace("MODE", mode);
        std::fs::write(folder.path().join("policy/p.toml"), policy).unwrap();
        let mut capture = Capture { packets };
        capture.sort();
        std::fs::write(
            folder.path().join("c.pcap"),
            PcapWriter::default().write(&capture),
        )
        .unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// The alerts of a run in short, in order, and whole.
    fn alerts(&self, workers: &str) -> (Vec<Short>, Vec<Value>) {
        let eve = self.path("eve.json");
        let output = run(&[
            "replay",
            &self.path("c.pcap"),
            "--policy",
            &self.path("policy"),
            "--catalogue",
            "none",
            "--eve",
            &eve,
            "--workers",
            workers,
            "--quiet",
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let alerts: Vec<Value> = read_eve(Path::new(&eve))
            .into_iter()
            .filter(|line| line["event_type"] == "alert")
            .collect();
        let mut short: Vec<_> = alerts
            .iter()
            .map(|alert| {
                (
                    alert["sekisho"]["rule"].as_str().unwrap().to_owned(),
                    alert["src_ip"].as_str().unwrap().to_owned(),
                    alert["dest_port"].as_u64().unwrap(),
                    alert["sekisho"]["count"].as_u64().unwrap(),
                )
            })
            .collect();
        short.sort();
        (short, alerts)
    }
}

fn talk(client: &str, from: u16, port: u16, minute: u64, request: &[u8], response: &[u8]) -> Vec<Packet> {
    Conversation::new(Endpoint::new(client, from), Endpoint::new("10.2.0.5", port))
        .request(request)
        .response(response)
        .play(BEGIN_NS + minute * MINUTE_NS, &mut Random::new(u64::from(from)))
}

fn speaks_ssh(client: &str, from: u16, port: u16, minute: u64) -> Vec<Packet> {
    talk(
        client,
        from,
        port,
        minute,
        &ssh::banner("OpenSSH_9.8"),
        &ssh::banner("OpenSSH_9.6"),
    )
}

fn packets() -> Vec<Packet> {
    let http = talk(
        "10.1.0.8",
        50_005,
        443,
        5,
        b"GET / HTTP/1.1\r\nHost: www.example.jp\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    [
        // Twice the same: one alert of two flows.
        speaks_ssh("10.1.0.7", 50_001, 443, 0),
        speaks_ssh("10.1.0.7", 50_002, 443, 1),
        // Near misses: the port of SSH, an operator, another protocol on the same port.
        speaks_ssh("10.1.0.7", 50_003, 22, 2),
        speaks_ssh("10.1.0.9", 50_004, 443, 3),
        http,
        // No path allows it, and it meets the rule.
        speaks_ssh("10.1.0.7", 50_006, 2222, 6),
        // After hours, 17:15 itself being after.
        speaks_ssh("10.1.0.7", 50_007, 22, 434),
        speaks_ssh("10.1.0.7", 50_008, 22, 435),
    ]
    .concat()
}

#[test]
fn a_flow_that_meets_a_rule_is_one_alert_and_near_misses_are_none() {
    let place = Place::new(packets(), "enforce");

    let (alerts, whole) = place.alerts("1");

    let expected = [
        ("PATH-DENY", "10.1.0.7", 2222, 1),
        ("SEG-0007", "10.1.0.7", 443, 2),
        ("SEG-0007", "10.1.0.7", 2222, 1),
        ("SEG-0008", "10.1.0.7", 22, 1),
    ];
    let expected = expected.map(|(rule, orig, port, flows)| (rule.to_owned(), orig.to_owned(), port, flows));
    assert_eq!(alerts, expected);
    let of_ssh = whole
        .iter()
        .find(|alert| alert["sekisho"]["rule"] == "SEG-0007" && alert["dest_port"] == 443)
        .unwrap();
    assert_eq!(of_ssh["alert"]["signature"], "SSH on another port");
    assert_eq!(of_ssh["alert"]["severity"], 1);
    assert_eq!(of_ssh["sekisho"]["category"], "protocol_mismatch");
    assert_eq!(of_ssh["sekisho"]["clause"], "6(6)");
    // The flow itself is allowed by its path.
    assert_eq!(of_ssh["sekisho"]["attack"][0], "T1571");
    assert!(of_ssh.to_string().contains("Responder port = 443"), "{of_ssh}");
    assert!(of_ssh.to_string().contains("サービス = ssh"), "{of_ssh}");
}

#[test]
fn any_number_of_workers_and_a_run_without_outputs_count_the_same() {
    let place = Place::new(packets(), "enforce");

    assert_eq!(place.alerts("4").0, place.alerts("1").0);
    let output = run(&[
        "replay",
        &place.path("c.pcap"),
        "--policy",
        &place.path("policy"),
        "--json",
    ]);
    let by_rule = &summary(&output)["alerts"]["by_rule"];
    assert_eq!(
        (&by_rule["SEG-0007"], &by_rule["SEG-0008"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn a_policy_that_only_learns_raises_nothing_by_its_rules() {
    let place = Place::new(packets(), "learn");

    assert_eq!(place.alerts("1").0, []);
}
