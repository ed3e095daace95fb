//! When a sensor was blind, and what the doctor says of a port.

use std::process::Stdio;
use std::time::Duration;

use sekisho::model::BlindKind;
use sekisho::store::{Embedded, Store as _, TimeRange};
use sekisho_kit::wire;
use serde_json::Value;

use crate::sensor::{Sensor, wire};
use crate::traffic::traffic;

#[test]
fn a_port_that_was_down_and_the_time_between_two_runs_are_in_the_ledger() {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let frame = &traffic().packets[0].octets;
    let pause = || std::thread::sleep(Duration::from_millis(2_500));

    let sensor = Sensor::start(&wire, &["--data", data.to_str().unwrap()]);
    let sender = wire.sender().unwrap();
    sender.send(frame).unwrap();
    pause();
    wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
    pause();
    pause();
    wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
    pause();
    sender.send(frame).unwrap();
    pause();
    let first = sensor.end();
    pause();
    let sensor = Sensor::start(&wire, &["--data", data.to_str().unwrap()]);
    sender.send(frame).unwrap();
    pause();
    let second = sensor.end();

    let down = &first["health"]["blind"]["port_down"];
    assert_eq!(down["intervals"], 1, "{first}");
    assert!((3.0..9.0).contains(&down["seconds"].as_f64().unwrap()), "{first}");
    assert_eq!(first["alerts"]["by_rule"]["BLIND-PORT"], 1, "{first}");
    let stopped = &second["health"]["blind"]["stopped"];
    assert_eq!(stopped["intervals"], 1, "{second}");
    assert!(
        (2.0..9.0).contains(&stopped["seconds"].as_f64().unwrap()),
        "{second}"
    );
    let store = Embedded::open(&data).unwrap();
    let kinds: Vec<_> = store
        .blind(&TimeRange::default(), 9)
        .unwrap()
        .into_iter()
        .map(|one| (one.kind, one.open))
        .collect();
    assert_eq!(kinds, [(BlindKind::Stopped, false), (BlindKind::PortDown, false)]);
}

#[test]
fn the_doctor_looks_at_a_port_and_says_what_the_machine_says() {
    let Some(wire) = wire() else { return };
    let mut command = wire.command(env!("CARGO_BIN_EXE_sekisho"));
    let child = command
        .args(["doctor", "--interface", wire::FAR, "--seconds", "4", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sender = wire.sender().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let only_clients = traffic().packets.into_iter().filter(|packet| {
        let at = if packet.octets[12] == 0x81 { 18 } else { 14 };
        packet.octets[at + 12] == 192
    });
    for packet in only_clients {
        sender.send(&packet.octets).unwrap();
    }

    let output = child.wait_with_output().unwrap();

    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let one_sided = findings.iter().find(|finding| finding["id"] == "one_sided");
    assert!(one_sided.is_some(), "{answer}");
    let machine = answer["machine"].as_array().unwrap();
    let value = |name: &str| {
        machine
            .iter()
            .find(|fact| fact["name"] == name)
            .map(|fact| fact["value"].clone())
    };
    let mtu = value(&format!("{}.mtu", wire::FAR));
    assert_eq!(mtu, Some("1500".into()), "{answer}");
    assert!(value(&format!("{}.gro", wire::FAR)).is_some(), "{answer}");
    assert_eq!(output.status.code(), Some(1));
}
