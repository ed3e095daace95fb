//! Captures that a sender, a broken clock or a tired operator can make: time that jumps, fragments,
//! forged errors, outputs that would eat their input.

mod support;

use std::path::PathBuf;

use sekisho_kit::{Capture, Conversation, Endpoint, Frame, Packet, PcapWriter, Random, Segment};
use serde_json::Value;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Two zones; the office may ask the servers for names, and nothing else.
const POLICY: &str = r#"
schema = 1
[policy]
name = "two zones"
version = "1"
mode = "enforce"
[zone.office]
networks = ["10.10.0.0/16"]
[zone.server]
networks = ["10.20.0.0/16"]
[zone.vault]
networks = ["10.30.0.0/16"]
[[path]]
id = "PATH-DNS"
from = "office"
to = "server"
protocol = "udp"
ports = [53]
"#;

struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        std::fs::write(folder.path().join("policy/zones.toml"), POLICY).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn capture(&self, name: &str, packets: Vec<Packet>) -> String {
        std::fs::write(
            self.0.path().join(name),
            PcapWriter::default().write(&Capture { packets }),
        )
        .unwrap();
        self.path(name)
    }

    /// The flows and the alerts of a replay.
    fn replay(&self, capture: &str, more: &[&str]) -> (Vec<Value>, Vec<Value>) {
        let (eve, policy) = (self.path("eve.json"), self.path("policy"));
        let arguments = [
            &["replay", capture, "--policy", &policy, "--eve", &eve, "--json"],
            more,
        ]
        .concat();
        let output = support::run(&arguments);
        assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
        let events = support::read_eve(&PathBuf::from(eve));
        let of_type = |kind: &str| {
            events
                .iter()
                .filter(|event| event["event_type"] == kind)
                .cloned()
                .collect()
        };
        (of_type("flow"), of_type("alert"))
    }
}

/// One connection of many packets, from `begin`.
fn long_connection(begin: u64) -> Vec<Packet> {
    let (client, server) = (
        Endpoint::new("10.10.0.5", 50_000),
        Endpoint::new("10.20.0.5", 443),
    );
    Conversation::new(client, server)
        .request(&[1; 500])
        .response(&vec![2; 9_000_000])
        .play(begin, &mut Random::new(1))
}

#[test]
fn one_packet_from_the_future_cuts_no_flow() {
    let site = Site::new();
    let mut packets = long_connection(BEGIN_NS);
    assert!(packets.len() > 2 * 4096, "several batches");
    let frame = Frame::between("10.10.0.9", "10.20.0.9").udp(1000, 53, &[0; 20]);
    packets.insert(10, Packet::new(BEGIN_NS + 70 * 365 * 86_400 * SECOND_NS, frame));

    let (flows, _) = site.replay(&site.capture("future.pcap", packets), &[]);

    let tcp: Vec<_> = flows.iter().filter(|flow| flow["proto"] == "TCP").collect();
    assert_eq!(tcp.len(), 1);
    assert_eq!(tcp[0]["sekisho"]["conn_state"], "SF");
}

#[test]
fn an_older_file_read_after_a_newer_one_is_not_cut_to_pieces() {
    let site = Site::new();
    let ping = |at| {
        vec![Packet::new(
            at,
            Frame::between("10.10.0.9", "10.20.0.9").udp(1000, 53, &[0; 20]),
        )]
    };
    let late = site.capture("late.pcap", ping(BEGIN_NS + 7 * 86_400 * SECOND_NS));
    let early = site.capture("early.pcap", long_connection(BEGIN_NS));

    let (flows, _) = site.replay(&late, &[&early, "--order", "given"]);

    assert_eq!(flows.iter().filter(|flow| flow["proto"] == "TCP").count(), 1);
}

#[test]
fn time_that_stands_still_gives_the_same_answer_for_any_number_of_workers() {
    let site = Site::new();
    let mut packets = Vec::new();
    for host in 1..60_u32 {
        let client = format!("10.10.0.{host}");
        for sequence in [1, 900_000] {
            let segment = Segment::new(50_000, 22).flags(0x02).numbers(sequence, 0);
            packets.push(Packet::new(0, Frame::between(&client, "10.20.0.5").tcp(&segment)));
            let reset = Segment::new(22, 50_000).flags(0x14).numbers(0, sequence + 1);
            packets.push(Packet::new(0, Frame::between("10.20.0.5", &client).tcp(&reset)));
        }
    }
    let capture = site.capture("still.pcap", packets);

    let one = site.replay(&capture, &["--workers", "1"]);

    assert_eq!(one.0.len(), 118);
    for workers in ["3", "16"] {
        assert!(
            site.replay(&capture, &["--workers", workers]) == one,
            "{workers} workers"
        );
    }
}

/// A datagram cut in fragments of 800 octets of data.
fn fragments(source: &str, destination: &str, ports: (u16, u16), payload: &[u8]) -> Vec<Vec<u8>> {
    let frame = Frame::between(source, destination).udp(ports.0, ports.1, payload);
    let (header, data) = frame[14..].split_at(20);
    let count = data.chunks(800).count();
    let cut = |(index, chunk): (usize, &[u8])| {
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&u16::try_from(20 + chunk.len()).unwrap().to_be_bytes());
        header[4..6].copy_from_slice(&[0x12, 0x34]);
        let more = if index + 1 < count { 0x2000 } else { 0 };
        let offset = u16::try_from(index * 100).unwrap();
        header[6..8].copy_from_slice(&(more | offset).to_be_bytes());
        [&frame[..14], &header, chunk].concat()
    };
    data.chunks(800).enumerate().map(cut).collect()
}

#[test]
fn a_fragmented_answer_belongs_to_its_flow_and_raises_nothing() {
    let site = Site::new();
    let mut packets = vec![Packet::new(
        BEGIN_NS,
        Frame::between("10.10.0.5", "10.20.0.5").udp(40_000, 53, &[1; 40]),
    )];
    let answer = fragments("10.20.0.5", "10.10.0.5", (53, 40_000), &[2; 3000]);
    for (index, fragment) in answer.into_iter().enumerate() {
        packets.push(Packet::new(BEGIN_NS + 1_000_000 * (index as u64 + 1), fragment));
    }

    let (flows, alerts) = site.replay(&site.capture("fragments.pcap", packets), &[]);

    assert_eq!((flows.len(), alerts.len()), (1, 0));
    assert_eq!(flows[0]["flow"]["pkts_toclient"], 4);
    assert_eq!(flows[0]["sekisho"]["resp_payload_octets"], 3000);
}

#[test]
fn fragments_that_never_become_whole_are_not_judged_where_a_path_may_carry_them() {
    let site = Site::new();
    let tail = |source: &str| {
        let pieces = fragments(source, "10.10.0.5", (53, 40_000), &[2; 3000]);
        Packet::new(BEGIN_NS, pieces[2].clone())
    };

    let (flows, alerts) = site.replay(&site.capture("tail.pcap", vec![tail("10.20.0.5")]), &[]);
    assert_eq!(
        (&flows[0]["sekisho"]["verdict"], alerts.len()),
        (&"unknown".into(), 0)
    );

    let (flows, alerts) = site.replay(&site.capture("vault.pcap", vec![tail("10.30.0.5")]), &[]);
    assert_eq!(
        (&flows[0]["sekisho"]["verdict"], alerts.len()),
        (&"denied".into(), 1)
    );
}

#[test]
fn a_forged_icmp_error_crosses_no_boundary() {
    let site = Site::new();
    let quoted = Frame::between("10.30.0.5", "10.10.0.5").udp(1000, 2000, &[0; 8]);
    let error = Frame::between("10.10.0.5", "10.30.0.5").icmp_error(3, 3, &quoted);

    let (_, alerts) = site.replay(
        &site.capture("forged.pcap", vec![Packet::new(BEGIN_NS, error)]),
        &[],
    );

    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["icmp_type"], 3);
}

#[test]
fn a_capture_is_never_overwritten_by_its_own_results() {
    let site = Site::new();
    let capture = site.capture("evidence.pcap", long_connection(BEGIN_NS));
    std::fs::hard_link(&capture, site.path("linked.json")).unwrap();
    let before = std::fs::read(&capture).unwrap();

    for target in [&capture, &site.path("linked.json")] {
        let output = support::run(&["replay", &capture, "--eve", target]);

        assert_eq!(support::code(&output), 2);
        assert!(
            support::stderr(&output).contains("capture to be read"),
            "{}",
            support::stderr(&output)
        );
    }
    assert!(std::fs::read(&capture).unwrap() == before);
}

#[test]
fn a_closed_pipe_costs_the_data_directory_nothing() {
    let site = Site::new();
    let packets = (0..6_000_u64)
        .map(|n| {
            let source = format!("10.10.{}.{}", n / 250, n % 250);
            Packet::new(
                BEGIN_NS + n * 1_000_000,
                Frame::between(&source, "10.30.0.5").udp(1000, 53, &[0; 20]),
            )
        })
        .collect();
    let (capture, data, policy) = (
        site.capture("many.pcap", packets),
        site.path("data"),
        site.path("policy"),
    );
    let mut child = support::sekisho(&[
        "replay", &capture, "--policy", &policy, "--out", &data, "--eve", "-", "-q",
    ])
    .stdout(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    drop(child.stdout.take());

    assert_eq!(child.wait().unwrap().code(), Some(0));

    let database = std::fs::metadata(site.0.path().join("data/sekisho.db")).unwrap();
    assert!(
        database.len() > 500_000,
        "alerts were kept: {} octets",
        database.len()
    );
}
