//! The exercise against itself: determinism, checksums, ground truth.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::*;
use crate::Packet;
use crate::checksum;
use crate::frame::ip_packet;

/// Played once for all tests.
static EXERCISE: LazyLock<Exercise> = LazyLock::new(Exercise::new);

/// Addresses, protocol and ports of a packet.
type Tuple = (IpAddr, IpAddr, &'static str, u16, u16);

fn tuple(packet: &Packet) -> Option<Tuple> {
    let sliced = SlicedPacket::from_ethernet(&packet.octets).expect("a whole packet");
    let (source, destination): (IpAddr, IpAddr) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        Some(NetSlice::Ipv6(ip)) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        _ => return None,
    };
    let (protocol, source_port, destination_port) = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => ("tcp", tcp.source_port(), tcp.destination_port()),
        Some(TransportSlice::Udp(udp)) => ("udp", udp.source_port(), udp.destination_port()),
        Some(TransportSlice::Icmpv4(_)) => ("icmp", 0, 0),
        Some(TransportSlice::Icmpv6(_)) => ("icmpv6", 0, 0),
        Some(TransportSlice::Igmp(_)) | None => return None,
    };
    Some((source, destination, protocol, source_port, destination_port))
}

fn seconds(packet: &Packet) -> f64 {
    labels::seconds(packet.time_ns)
}

#[test]
fn two_runs_write_the_same_octets() {
    let (first, second) = (&*EXERCISE, Exercise::new());

    assert!(first.pcapng() == second.pcapng());
    assert_eq!(first.labels(0), second.labels(0));
    assert_eq!(first.inventory(), second.inventory());
}

#[test]
fn it_is_a_morning_of_some_ten_thousand_packets_and_several_thousand_flows() {
    let exercise = &*EXERCISE;
    let flows: BTreeSet<_> = exercise
        .capture
        .packets
        .iter()
        .filter_map(tuple)
        .map(|(source, destination, protocol, from, to)| {
            (
                (source, from).min((destination, to)),
                (source, from).max((destination, to)),
                protocol,
            )
        })
        .collect();

    assert!(
        (30_000..=60_000).contains(&exercise.capture.packets.len()),
        "{}",
        exercise.capture.packets.len()
    );
    assert!((3_000..=12_000).contains(&flows.len()), "{}", flows.len());
    assert!(exercise.capture.packets.is_sorted_by_key(|packet| packet.time_ns));
    let taps: BTreeSet<_> = exercise
        .capture
        .packets
        .iter()
        .map(|packet| packet.interface)
        .collect();
    assert_eq!(taps.len(), exercise.taps.len());
}

#[test]
fn every_checksum_is_right() {
    for packet in &EXERCISE.capture.packets {
        let sliced = SlicedPacket::from_ethernet(&packet.octets).expect("a whole packet");
        let (source, destination, payload): (IpAddr, IpAddr, _) = match &sliced.net {
            Some(NetSlice::Ipv4(ip)) => {
                let header = ip.header();
                assert_eq!(
                    header.header_checksum(),
                    header.to_header().calc_header_checksum()
                );
                (
                    header.source_addr().into(),
                    header.destination_addr().into(),
                    ip.payload(),
                )
            }
            Some(NetSlice::Ipv6(ip)) => (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
                ip.payload(),
            ),
            _ => continue,
        };
        let protocol = payload.ip_number.0;
        let sum = match protocol {
            1 => checksum::internet(payload.payload),
            _ => checksum::transport(source, destination, protocol, payload.payload),
        };
        assert_eq!(sum, 0, "{source} {destination} {protocol}");
    }
}

#[test]
fn every_denied_event_is_one_set_of_packets_and_its_span_is_theirs() {
    let exercise = &*EXERCISE;
    let mut spans: BTreeMap<_, (f64, f64)> = BTreeMap::new();
    for packet in &exercise.capture.packets {
        let Some((source, destination, protocol, from, to)) = tuple(packet) else {
            continue;
        };
        for key in [
            (source, destination, protocol, to),
            (destination, source, protocol, from),
        ] {
            let span = spans.entry(key).or_insert((f64::MAX, f64::MIN));
            *span = (span.0.min(seconds(packet)), span.1.max(seconds(packet)));
        }
    }
    let denied: Vec<_> = exercise
        .events
        .iter()
        .filter(|event| event.rule.is_some())
        .collect();
    let mut keys = BTreeSet::new();

    for event in &denied {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (source, destination) = (address(&event.src[0]), address(&event.dst[0]));
        let key = (source, destination, event.proto.unwrap(), event.dport[0]);
        assert_eq!(
            (event.kind, event.clause.is_some(), event.boundary.is_some()),
            ("policy_violation", true, true)
        );
        assert!(
            keys.insert((source, destination, event.dport[0])),
            "{key:?} is labelled twice"
        );
        assert_eq!(spans.get(&key), Some(&(event.start, event.end)), "{key:?}");
    }
    assert_eq!(denied.len(), 43);
}

#[test]
fn all_twelve_incidents_are_labelled_once_or_more() {
    let exercise = &*EXERCISE;
    let numbers: BTreeSet<_> = exercise.events.iter().map(|event| event.incident).collect();
    let behaviour: BTreeSet<_> = exercise
        .events
        .iter()
        .filter(|event| event.rule.is_none())
        .map(|event| event.incident)
        .collect();

    assert_eq!(numbers, (1..=12).collect());
    assert_eq!(behaviour, BTreeSet::from([4, 5, 6, 7, 10, 11]));
}

#[test]
fn behavioural_events_are_seen_from_their_start_to_their_end() {
    let exercise = &*EXERCISE;
    for event in exercise
        .events
        .iter()
        .filter(|event| event.rule.is_none() && event.kind != "silence")
    {
        let ours = |address: IpAddr, names: &[String]| {
            let octets = address.to_string();
            names.iter().any(|name| {
                *name == octets
                    || name
                        .strip_suffix("0/24")
                        .is_some_and(|net| octets.starts_with(net))
            })
        };
        let times: Vec<_> = exercise
            .capture
            .packets
            .iter()
            .filter(|packet| {
                tuple(packet).is_some_and(|(source, destination, ..)| {
                    ours(source, &event.src) && ours(destination, &event.dst)
                })
            })
            .map(seconds)
            .filter(|time| (event.start..=event.end).contains(time))
            .collect();

        assert_eq!(times.first(), Some(&event.start), "{}", event.incident_name);
        assert!(
            times.last().is_some_and(|last| event.end - last < 1.0),
            "{}",
            event.incident_name
        );
    }
}

#[test]
fn the_dead_tap_is_busy_before_and_silent_after() {
    let exercise = &*EXERCISE;
    let silence = exercise
        .events
        .iter()
        .find(|event| event.kind == "silence")
        .unwrap();
    let (before, after): (Vec<_>, Vec<_>) = exercise
        .capture
        .packets
        .iter()
        .filter(|packet| packet.interface == city::TAP_SHISHO)
        .partition(|packet| seconds(packet) < silence.start);

    assert!(
        before.len() > 500 && after.is_empty(),
        "{} before, {} after",
        before.len(),
        after.len()
    );
}

#[test]
fn every_file_is_written_and_what_is_json_reads_as_such() {
    let folder = tempfile::tempdir().unwrap();

    let labels = EXERCISE.write(&folder.path().join("new")).unwrap();

    let size = std::fs::metadata(folder.path().join("new").join(CAPTURE_FILE))
        .unwrap()
        .len();
    let json = std::fs::read(folder.path().join("new").join(LABELS_FILE)).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["captures"][0]["size"], size);
    let devices = std::fs::read(folder.path().join("new").join(INVENTORY_FILE)).unwrap();
    let devices: serde_json::Value = serde_json::from_slice(&devices).unwrap();
    let register = std::fs::read_to_string(folder.path().join("new").join(REGISTER_FILE)).unwrap();
    let unknown = devices.as_array().unwrap().iter();
    let unknown = unknown.filter(|device| device["standing"] == "unknown").count();
    assert_eq!(devices.as_array().unwrap().len(), EXERCISE.inventory().len());
    assert_eq!(register.lines().count(), 1 + EXERCISE.inventory().len() - unknown);
    assert_eq!(
        json["captures"][0]["events"][0]["type"],
        labels.captures[0].events[0].kind
    );
}

#[test]
fn every_ip_packet_fits_in_its_frame() {
    let exercise = &*EXERCISE;

    assert!(
        exercise
            .capture
            .packets
            .iter()
            .all(|packet| packet.octets.len() <= 1_514 + 8)
    );
    assert!(
        exercise
            .capture
            .packets
            .iter()
            .any(|packet| ip_packet(&packet.octets).is_none())
    );
}
