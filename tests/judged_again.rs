//! Flows are judged when they begin and again when a record of them is written: by their service, the MAC
//! addresses of their ends, the time of a later record, their other leg over a gateway, and the rules.
//! However the two judgements differ, no alert is raised twice.

mod support;

use std::path::Path;

use sekisho_kit::payload::{ssh, tls};
use sekisho_kit::{Capture, Close, Conversation, Endpoint, Packet, PcapWriter, Random};
use serde_json::Value;

/// 2026-11-04T00:00:00Z, a Wednesday.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

const ZONES: &str = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
    [calendar]\ntimezone = \"+00:00\"\n\
    [zone.office]\nnetworks = [\"192.0.2.0/24\"]\n[zone.server]\nnetworks = [\"198.51.100.0/24\"]\n\
    [zone.relay]\nnetworks = [\"203.0.113.0/24\"]\n";

fn path(more: &str) -> String {
    format!(
        "[[path]]\nid = \"PATH-0001\"\nfrom = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [443]\n{more}\n"
    )
}

struct Answer {
    flows: Vec<Value>,
    alerts: Vec<Value>,
    summary: Value,
}

impl Answer {
    /// Verdict and rule of each record, in the order of time.
    fn verdicts(&self) -> Vec<(&str, &str)> {
        self.flows
            .iter()
            .map(|flow| {
                let ours = &flow["sekisho"];
                (ours["verdict"].as_str().unwrap(), ours["rule"].as_str().unwrap())
            })
            .collect()
    }

    /// Rule and number of flows of each alert.
    fn rules(&self) -> Vec<(&str, u64)> {
        self.alerts
            .iter()
            .map(|alert| {
                let ours = &alert["sekisho"];
                (ours["rule"].as_str().unwrap(), ours["count"].as_u64().unwrap())
            })
            .collect()
    }
}

/// Replays packets under a policy: the same for any number of workers, and the same totals where nobody
/// reads the records.
fn replay(policy: &str, mut packets: Vec<Packet>) -> Answer {
    packets.sort_by_key(|packet| packet.time_ns);
    let folder = tempfile::tempdir().unwrap();
    let (capture, site) = (folder.path().join("c.pcap"), folder.path().join("site"));
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("p.toml"), format!("{ZONES}{policy}")).unwrap();
    std::fs::write(&capture, PcapWriter::default().write(&Capture { packets })).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let run = |workers: &str, more: &[&str]| {
        let (capture, site) = (text(&capture), text(&site));
        let arguments = [
            "replay",
            &capture,
            "--policy",
            &site,
            // What the policy says, by itself.
            "--catalogue",
            "none",
            "--json",
            "--quiet",
            "--workers",
            workers,
        ];
        let output = support::run(&[&arguments, more].concat());
        assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
        support::summary(&output)
    };
    let eve = |workers| {
        let eve = folder.path().join(format!("{workers}.json"));
        let summary = run(workers, &["--eve", &text(&eve)]);
        (std::fs::read_to_string(&eve).unwrap(), summary)
    };
    let (one, summary) = eve("1");
    assert!(eve("4").0 == one, "four workers differ from one");
    let unread = run("1", &[]);
    for key in ["alerts", "zones", "flows", "rules"] {
        assert_eq!(unread[key], summary[key], "{key} where nobody reads the records");
    }
    let events = |kind: &str| {
        let events = one
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["event_type"] == kind).collect()
    };
    Answer {
        flows: events("flow"),
        alerts: events("alert"),
        summary,
    }
}

fn connection(client: &str, port: u16, server: &str) -> Conversation {
    Conversation::new(Endpoint::new(client, port), Endpoint::new(server, 443))
}

fn play(conversation: &Conversation, second: u64) -> Vec<Packet> {
    conversation.play(BEGIN_NS + second * SECOND_NS, &mut Random::new(second))
}

fn tls_on_443() -> Conversation {
    let mut random = Random::new(1);
    connection("192.0.2.10", 50_001, "198.51.100.2")
        .request(&tls::client_hello("www.example.jp", &mut random))
        .response(&tls::server_hello(&mut random))
}

fn ssh_on_443() -> Conversation {
    connection("192.0.2.10", 50_002, "198.51.100.2")
        .response(&ssh::banner("OpenSSH_9.9"))
        .request(&ssh::banner("OpenSSH_9.9"))
}

#[test]
fn a_service_that_the_path_does_not_carry_is_one_alert() {
    let mut packets = play(&tls_on_443(), 0);
    packets.extend(play(&ssh_on_443(), 10));

    let answer = replay(&path("services = [\"https\"]"), packets);

    assert_eq!(
        answer.verdicts(),
        [("allowed", "PATH-0001"), ("denied", "PATH-SERVICE")]
    );
    assert_eq!(answer.rules(), [("PATH-SERVICE", 1)]);
    assert_eq!(answer.alerts[0]["alert"]["signature_id"], 1_000_003);
}

#[test]
fn a_device_that_is_known_by_its_mac_address_alone_is_allowed_once_that_is_known() {
    let camera = "[zone.camera]\nmacs = [\"02:00:0a:63:00:01\"]\n\
        [[path]]\nid = \"PATH-0002\"\nfrom = \"camera\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [443]\n";
    let packets = play(
        &connection("10.99.0.1", 50_001, "198.51.100.2")
            .request(b"x")
            .response(b"y"),
        0,
    );

    let answer = replay(camera, packets);

    assert_eq!(answer.verdicts(), [("allowed", "PATH-0002")]);
    assert!(answer.alerts.is_empty(), "{:?}", answer.alerts);
    assert_eq!(answer.flows[0]["sekisho"]["orig_zone"], "camera");
}

#[test]
fn a_flow_that_outlasts_its_window_is_one_alert_however_many_records_it_has() {
    let keeps_on = (0..30).fold(connection("192.0.2.10", 50_001, "198.51.100.2"), |talk, _| {
        talk.request(b"still there?")
            .response(b"yes")
            .wait(240 * SECOND_NS)
    });

    let answer = replay(
        &path("window = \"all 00:00-00:40\""),
        play(&keeps_on.close(Close::Open), 0),
    );

    let verdicts = answer.verdicts();
    let allowed = verdicts
        .iter()
        .filter(|verdict| **verdict == ("allowed", "PATH-0001"))
        .count();
    let denied = verdicts
        .iter()
        .filter(|verdict| **verdict == ("denied", "PATH-WINDOW"))
        .count();
    assert!(allowed >= 1 && denied >= 2, "{verdicts:?}");
    assert_eq!(allowed + denied, verdicts.len(), "{verdicts:?}");
    assert_eq!(answer.rules(), [("PATH-WINDOW", 1)]);
}

#[test]
fn one_leg_over_a_gateway_without_the_other_is_one_alert() {
    let policy = path("via = \"clean\"")
        + "[gateway.clean]\nnear = [\"203.0.113.1\"]\nfar = [\"203.0.113.2\"]\npair_within = \"30s\"\n";
    let leg = |client, port, server, second| {
        play(
            &connection(client, port, server)
                .request(b"a file")
                .response(b"taken"),
            second,
        )
    };
    let near = |port, second| leg("192.0.2.10", port, "203.0.113.1", second);
    let far = |port, second| leg("203.0.113.2", port, "198.51.100.2", second);
    let mut packets = Vec::new();
    for (second, goes_on) in [(100, true), (200, true), (300, false), (400, true), (500, false)] {
        let port = 50_000 + u16::try_from(second).unwrap();
        packets.extend(near(port, second));
        if goes_on {
            packets.extend(far(port, second + 5));
        }
    }
    packets.extend(near(60_000, 1_000));
    packets.extend(far(60_000, 1_000));

    let answer = replay(&policy, packets);

    assert_eq!(answer.rules(), [("GATEWAY-GAP", 2)]);
    let alert = &answer.alerts[0];
    assert_eq!(alert["alert"]["signature_id"], 1_000_011);
    assert_eq!(
        (&alert["dest_ip"], &alert["src_port"]),
        (&"203.0.113.1".into(), &50_300.into())
    );
    assert!(
        answer
            .verdicts()
            .iter()
            .all(|verdict| *verdict == ("allowed", "PATH-0001"))
    );
}

#[test]
fn a_rule_that_flows_meet_is_one_alert_beside_the_verdict() {
    let rule = "[[rule]]\nid = \"SEG-0001\"\nseverity = \"low\"\ncategory = \"remote_access\"\n\
        title = \"SSH on the port of the web\"\nwhen = 'service == \"ssh\" and resp.port == 443'\n";
    let mut packets = play(&tls_on_443(), 0);
    packets.extend(play(&ssh_on_443(), 10));
    packets.extend(play(&ssh_on_443(), 100));

    let answer = replay(&(path("") + rule), packets);

    assert!(
        answer
            .verdicts()
            .iter()
            .all(|verdict| *verdict == ("allowed", "PATH-0001"))
    );
    assert_eq!(answer.rules(), [("SEG-0001", 2)]);
    assert_eq!(answer.alerts[0]["sekisho"]["category"], "remote_access");
    assert_eq!(answer.summary["rules"]["used"]["SEG-0001"], 2);
}

#[test]
fn an_exception_that_nobody_used_is_reported() {
    let exception = |id: &str, port: u16| {
        format!(
            "[[exception]]\nid = \"{id}\"\nfrom = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [{port}]\n\
             application = \"12\"\napplicant = \"a\"\napprover = \"b\"\npurpose = \"a test\"\n\
             starts = \"2026-11-01\"\nexpires = \"2026-11-30\"\n"
        )
    };

    let answer = replay(
        &(exception("EXC-0001", 443) + &exception("EXC-0002", 8443)),
        play(&tls_on_443(), 0),
    );

    let rules = &answer.summary["rules"];
    assert_eq!(rules["used"]["EXC-0001"], 1);
    assert_eq!(rules["unused_exceptions"], serde_json::json!(["EXC-0002"]));
}
