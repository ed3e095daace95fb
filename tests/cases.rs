//! The cases of `tests/cases`: what a connection's state and history are, by reasoning.
//!
//! A folder is a case: `README.md` says where the packets come from and why the values are what they
//! are; `expected.json` names the capture, or holds the packets, and the flows. Every flow with the
//! addresses and ports of a row has a row, in the order of time; other flows of a capture are not
//! looked at.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sekisho_kit::{Capture, Frame, Packet, PcapWriter, Segment};
use serde_json::Value;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const ORIG: (&str, u16) = ("192.0.2.1", 50_000);
const RESP: (&str, u16) = ("198.51.100.2", 443);

#[test]
fn states_and_histories_are_what_the_cases_reason() {
    let captures = support::captures();
    let mut wrong = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(folder.join("README.md").exists(), "{name} has no README.md");
        let case: Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let capture = match (case["capture"].as_str(), &captures) {
            (Some(file), Some(captures)) => captures.join(file),
            (Some(_), None) => continue,
            (None, _) => build(&case["packets"], scratch.path()),
        };
        check(
            name,
            &case["flows"],
            &flows_of(&capture, scratch.path()),
            &mut wrong,
        );
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(support::repository().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// By protocol and ends: state and history of each flow, in the order in which they began.
type Flows = BTreeMap<String, Vec<String>>;

fn flows_of(capture: &Path, scratch: &Path) -> Flows {
    let eve = scratch.join("eve.json");
    let output = support::run(&[
        "replay",
        capture.to_str().unwrap(),
        "--eve",
        eve.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    let mut records: Vec<Value> = support::read_eve(&eve)
        .into_iter()
        .filter(|event| event["event_type"] == "flow")
        .collect();
    records.sort_by_key(|record| {
        (
            record["flow"]["start"].as_str().unwrap().to_owned(),
            record["sekisho"]["part"].as_u64(),
        )
    });
    // State and history are those of the flow so far: its last record has them all.
    let mut last: BTreeMap<u64, usize> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        last.insert(record["flow_id"].as_u64().unwrap(), index);
    }
    let mut flows = Flows::new();
    for (index, record) in records.iter().enumerate() {
        if last.values().any(|last| *last == index) && !record["src_port"].is_null() {
            let end = |address: &str, port: &str| {
                let address = record[address].as_str().unwrap().parse().unwrap();
                let port = u16::try_from(record[port].as_u64().unwrap()).unwrap();
                std::net::SocketAddr::new(address, port).to_string()
            };
            let protocol = record["proto"].as_str().unwrap().to_lowercase();
            let key = key(
                &protocol,
                &end("src_ip", "src_port"),
                &end("dest_ip", "dest_port"),
            );
            flows.entry(key).or_default().push(outcome(&record["sekisho"]));
        }
    }
    flows
}

fn key(protocol: &str, orig: &str, resp: &str) -> String {
    format!("{protocol} {orig} > {resp}")
}

fn outcome(of: &Value) -> String {
    let text = |name: &str| of[name].as_str().unwrap_or("none").to_owned();
    format!("{} {}", text("conn_state"), text("history"))
}

fn check(name: &str, rows: &Value, flows: &Flows, wrong: &mut Vec<String>) {
    let mut expected = Flows::new();
    for row in rows.as_array().unwrap() {
        let text = |name: &str| row[name].as_str().unwrap();
        let end = |name: &str| text(name).parse::<std::net::SocketAddr>().unwrap().to_string();
        expected
            .entry(key(text("protocol"), &end("orig"), &end("resp")))
            .or_default()
            .push(outcome(row));
    }
    assert!(!expected.is_empty(), "{name} expects nothing");
    for (key, want) in expected {
        let got = flows.get(&key);
        if got != Some(&want) {
            wrong.push(format!("{name}: {key}: {got:?}, expected {want:?}"));
        }
    }
}

/// Writes a capture of packets given as "seconds direction flags sequence acknowledgement octets",
/// and a window where it matters; `>` is from the originator.
fn build(packets: &Value, scratch: &Path) -> PathBuf {
    let packets = packets.as_array().unwrap().iter().zip(1..).map(|(line, ident)| {
        let line = line.as_str().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let (&[time, direction, flags, sequence, acknowledgement, octets], window) =
            (words[..6].try_into().unwrap(), words.get(6));
        let (from, to) = if direction == ">" {
            (ORIG, RESP)
        } else {
            (RESP, ORIG)
        };
        let flags = flags.chars().fold(0, |all, flag| {
            all | match flag {
                'S' => Segment::SYN,
                'A' => Segment::ACK,
                'F' => Segment::FIN,
                'R' => Segment::RST,
                other => panic!("flag {other} in {line}"),
            }
        });
        let mut segment = Segment::new(from.1, to.1)
            .flags(flags)
            .numbers(sequence.parse().unwrap(), acknowledgement.parse().unwrap())
            .payload(&vec![0; octets.parse().unwrap()]);
        segment.window = window.map_or(64_240, |window| window.parse().unwrap());
        let (seconds, millis) = time.split_once('.').unwrap();
        let at = seconds.parse::<u64>().unwrap() * 1_000 + millis.parse::<u64>().unwrap();
        Packet::new(
            BEGIN_NS + at * 1_000_000,
            Frame::between(from.0, to.0).ident(ident).tcp(&segment),
        )
    });
    let file = scratch.join("built.pcap");
    std::fs::write(
        &file,
        PcapWriter::default().write(&Capture {
            packets: packets.collect(),
        }),
    )
    .unwrap();
    file
}
