//! What is told while the sensor still runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use sekisho_kit::Wire;

use crate::sensor::{Sensor, wire};
use crate::support::read_eve;
use crate::traffic::traffic;

fn send(wire: &Wire) {
    let sender = wire.sender().unwrap();
    for packet in &traffic().packets {
        sender.send(&packet.octets).unwrap();
    }
}

#[test]
fn an_indicator_is_alerted_while_the_sensor_runs_and_once_however_often_it_is_met() {
    const LISTED: &str = "198.51.100.3";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("list.txt"), format!("{LISTED}\n")).unwrap();
    let (list, eve) = (path("list.txt"), path("eve"));
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &["--capture", "ring", "--lists", &list, "--eve", &eve]);
    let begun = Instant::now();

    send(&wire);
    let is_told = || std::fs::read_to_string(&eve).is_ok_and(|text| text.contains("TI-ADDRESS"));
    while !is_told() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let was_told = is_told();
    send(&wire);
    let watched = sensor.end();

    assert!(was_told, "{watched}");
    let mut hosts: BTreeMap<String, u32> = BTreeMap::new();
    for line in read_eve(Path::new(&eve)) {
        if line["sekisho"]["rule"] == "TI-ADDRESS" {
            assert_eq!(line["dest_ip"], LISTED);
            *hosts.entry(line["src_ip"].to_string()).or_default() += 1;
        }
    }
    // Of the connections 2, 11, 20, … 119 each has a client of its own.
    assert_eq!(hosts.len(), 14, "{hosts:?}");
    assert!(hosts.values().all(|alerts| *alerts == 1), "{hosts:?}");
    assert_eq!(watched["alerts"]["by_rule"]["TI-ADDRESS"], hosts.len());
}
