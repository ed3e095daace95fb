//! The same answer from the wire as from the file, whatever reads the wire; and every frame accounted for.

use std::path::Path;

use sekisho_kit::{Capture, PcapWriter, Wire};
use serde_json::Value;

use crate::sensor::{Sensor, back_ends, wire};
use crate::support::{read_eve, run, summary};
use crate::traffic::{POLICY, alerts, flows, traffic};

fn send(wire: &Wire, capture: &Capture) {
    let sender = wire.sender().unwrap();
    for packet in &capture.packets {
        sender.send(&packet.octets).unwrap();
    }
}

/// Received by the interface = read + lost + filtered, each counted by itself; gives the port's counters.
fn balanced(watched: &Value) -> &Value {
    let port = &watched["input"]["files"][0]["port"];
    let count = |value: &Value| value.as_u64().unwrap();
    let lost = count(&watched["losses"]["ring_dropped"]);
    assert_eq!(count(&port["ring_dropped"]), lost);
    let sum = count(&watched["packets"]) + lost + count(&port["filtered"]);
    assert_eq!(count(&port["received"]), sum, "{watched}");
    let buckets = watched["frames"].as_object().unwrap();
    let counted: u64 = buckets.values().filter_map(Value::as_u64).sum();
    assert_eq!(count(&watched["packets"]), counted);
    port
}

#[test]
fn what_passes_the_wire_gives_the_flows_and_alerts_of_its_capture() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let policy = path("policy");
    std::fs::create_dir(&policy).unwrap();
    std::fs::write(folder.path().join("policy/p.toml"), POLICY).unwrap();
    let capture = traffic();
    std::fs::write(path("file.pcap"), PcapWriter::default().write(&capture)).unwrap();
    let (file, file_eve) = (path("file.pcap"), path("file.eve"));
    let replayed = summary(&run(&[
        "replay", &file, "--policy", &policy, "--eve", &file_eve, "--json",
    ]));
    let expected_flows = flows(Path::new(&file_eve));
    let expected_alerts = alerts(Path::new(&file_eve));
    assert!(expected_flows.len() > 200, "{}", expected_flows.len());
    assert!(expected_alerts.len() > 50, "{}", expected_alerts.len());

    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let (eve, data) = (
            path(&format!("{back_end}.eve")),
            path(&format!("{back_end}-data")),
        );
        let arguments = [
            "--capture",
            back_end,
            "--policy",
            &policy,
            "--eve",
            &eve,
            "--data",
            &data,
        ];
        let sensor = Sensor::start(&wire, &arguments);
        send(&wire, &capture);
        let watched = sensor.end();

        balanced(&watched);
        assert_eq!(watched["input"]["files"][0]["format"], back_end);
        assert_eq!(watched["packets"], replayed["packets"], "{back_end}");
        assert_eq!(watched["frame_octets"], replayed["frame_octets"], "{back_end}");
        assert_eq!(watched["losses"]["ring_dropped"], 0, "{back_end}");
        assert_eq!(flows(Path::new(&eve)), expected_flows, "{back_end}");
        assert_eq!(alerts(Path::new(&eve)), expected_alerts, "{back_end}");
        assert_eq!(watched["alerts"], replayed["alerts"], "{back_end}");
        assert_eq!(watched["zones"], replayed["zones"], "{back_end}");
    }
}

#[test]
fn frames_of_excluded_networks_are_counted_and_nothing_more_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let policy = path("policy");
    std::fs::create_dir(&policy).unwrap();
    // A part of the clients is excluded, and of that part one is not.
    let zones = "[zone.council]\nnetworks = [\"192.0.2.16/28\"]\nexcluded = true\n\
                 [zone.desk]\nnetworks = [\"192.0.2.20/32\"]\n";
    std::fs::write(folder.path().join("policy/p.toml"), format!("{POLICY}{zones}")).unwrap();
    let capture = traffic();
    std::fs::write(path("file.pcap"), PcapWriter::default().write(&capture)).unwrap();
    let (file, file_eve) = (path("file.pcap"), path("file.eve"));
    let replayed = summary(&run(&[
        "replay", &file, "--policy", &policy, "--eve", &file_eve, "--json",
    ]));
    let expected = flows(Path::new(&file_eve));
    assert!(replayed["losses"]["excluded"].as_u64() > Some(100), "{replayed}");
    assert!(expected.keys().any(|flow| flow.contains("\"192.0.2.20\"")));
    assert!(!expected.keys().any(|flow| flow.contains("\"192.0.2.21\"")));

    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let eve = path(&format!("{back_end}.eve"));
        let arguments = ["--capture", back_end, "--policy", &policy, "--eve", &eve];
        let sensor = Sensor::start(&wire, &arguments);
        send(&wire, &capture);
        let watched = sensor.end();

        balanced(&watched);
        for counted in ["packets", "frame_octets", "frames", "alerts", "zones"] {
            assert_eq!(watched[counted], replayed[counted], "{back_end}: {counted}");
        }
        assert_eq!(watched["losses"]["excluded"], replayed["losses"]["excluded"]);
        assert_eq!(flows(Path::new(&eve)), expected, "{back_end}");
        // The program in the kernel keeps them back, so that not even their flows are counted.
        let is_kept_back = watched["flows"].as_u64() < replayed["flows"].as_u64();
        assert_eq!(
            is_kept_back,
            back_end == "xdp",
            "{back_end}: {}",
            watched["flows"]
        );
    }
}

#[test]
fn every_frame_that_arrives_is_processed_or_counted_as_lost() {
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        // Room for a moment only, so that some is lost where the machine is slow.
        let arguments = ["--capture", back_end, "--ring-mib", "2", "--workers", "1"];
        let sensor = Sensor::start(&wire, &arguments);
        let capture = traffic();
        for _ in 0..60 {
            send(&wire, &capture);
        }
        let sent = u64::try_from(capture.packets.len() * 60).unwrap();
        let watched = sensor.end();

        let port = balanced(&watched);
        assert_eq!(port["received"].as_u64(), Some(sent), "{back_end}: {watched}");
        assert_eq!(
            watched["losses"]["ring_dropped"].as_u64() > Some(0),
            watched["alerts"]["by_rule"]["LIMIT-RING"] == 1,
            "{back_end}: {watched}"
        );
    }
}

#[test]
fn a_filter_leaves_out_what_it_does_not_match_and_every_frame_left_out_is_counted() {
    // XDP takes no filter, and says so.
    let capture = traffic();
    // Where an EtherType stands, and what follows it: a tag, or the header of IPv4.
    let tagged = |octets: &[u8]| octets[12..14] == [0x81, 0x00];
    let is_udp = |octets: &[u8]| !tagged(octets) && octets[23] == 17;
    let count = |wanted: &dyn Fn(&[u8]) -> bool| {
        let packets = capture.packets.iter().filter(|packet| wanted(&packet.octets));
        u64::try_from(packets.count()).unwrap()
    };
    let sent = u64::try_from(capture.packets.len()).unwrap();
    let table = [
        ("not udp port 53", sent - count(&is_udp)),
        ("vlan 30", count(&tagged)),
        ("tcp and not vlan", sent - count(&is_udp) - count(&tagged)),
        ("ip6", 0),
    ];
    assert!(count(&is_udp) > 100 && count(&tagged) > 100);

    if !back_ends().contains(&"pcap") {
        // No libpcap, no compiler of filters.
        return;
    }
    for back_end in back_ends().into_iter().filter(|one| *one != "xdp") {
        for (expression, expected) in table {
            let Some(wire) = wire() else { return };
            let sensor = Sensor::start(&wire, &["--capture", back_end, "--bpf", expression]);
            send(&wire, &capture);
            let watched = sensor.end();

            let port = balanced(&watched);
            assert_eq!(watched["packets"], expected, "{back_end} {expression}: {watched}");
            assert_eq!(port["filtered"], sent - expected, "{back_end} {expression}");
        }
    }
}

#[test]
fn a_snap_length_cuts_frames_and_not_their_length() {
    let capture = traffic();
    let octets: usize = capture.packets.iter().map(|packet| packet.octets.len()).sum();
    for back_end in back_ends() {
        let Some(wire) = wire() else { return };
        let folder = tempfile::tempdir().unwrap();
        let eve = folder.path().join("eve");
        let arguments = [
            "--capture",
            back_end,
            "--snap",
            "80",
            "--eve",
            eve.to_str().unwrap(),
        ];
        let sensor = Sensor::start(&wire, &arguments);
        send(&wire, &capture);
        let watched = sensor.end();

        balanced(&watched);
        assert_eq!(
            watched["frame_octets"].as_u64(),
            u64::try_from(octets).ok(),
            "{back_end}"
        );
        assert_eq!(watched["frames"]["link_truncated"], 0, "{watched}");
        let text = std::fs::read_to_string(&eve).unwrap();
        // The host name of a request lies behind the eightieth octet.
        assert!(!text.contains("www.example"), "{back_end}");
    }
}

#[test]
fn a_recording_of_the_wire_gives_the_same_flows_at_the_same_times() {
    for back_end in back_ends().into_iter().filter(|one| *one != "xdp") {
        let Some(wire) = wire() else { return };
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (record, eve, again) = (path("wire.pcapng"), path("wire.eve"), path("again.eve"));
        let arguments = ["--capture", back_end, "--record", &record, "--eve", &eve];
        let sensor = Sensor::start(&wire, &arguments);
        let capture = traffic();
        send(&wire, &capture);
        let watched = sensor.end();
        let replayed = summary(&run(&["replay", &record, "--eve", &again, "--json"]));

        let times = |eve: &str| {
            let lines = read_eve(Path::new(eve)).into_iter();
            let flows = lines.filter(|line| line["event_type"] == "flow");
            let ends = flows.map(|line| format!("{} {}", line["flow"]["start"], line["flow"]["end"]));
            ends.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(
            watched["packets"].as_u64(),
            u64::try_from(capture.packets.len()).ok()
        );
        assert_eq!(replayed["packets"], watched["packets"], "{back_end}");
        assert_eq!(replayed["first_packet"], watched["first_packet"], "{back_end}");
        assert_eq!(replayed["last_packet"], watched["last_packet"], "{back_end}");
        assert_eq!(flows(Path::new(&again)), flows(Path::new(&eve)), "{back_end}");
        assert_eq!(times(&again), times(&eve), "{back_end}");
    }
}
