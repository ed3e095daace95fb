//! Captures as tshark reads them, octets of the specifications, and any octets.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use serde_json::{Value, json};

use super::*;
use crate::app::test;
use crate::frame;

/// What is observed in a capture, in order.
fn observed(capture: &str) -> Vec<(&'static str, Value)> {
    let Some(path) = test::capture(capture) else {
        return Vec::new();
    };
    let mut source = FileSource::open(&[path], Order::ByTime).unwrap();
    let mut batch = Batch::with_capacity(1000, 1 << 20);
    let (mut fill, mut all) = (Fill::More, Vec::new());
    while fill == Fill::More {
        batch.clear();
        fill = source.fill(&mut batch);
        for packet in batch.iter() {
            let frame = frame::decode(packet.data, packet.linktype, packet.len);
            if let Some((name, facts)) = observe(&frame) {
                check(name, &facts);
                all.push((name, serde_json::to_value(facts).unwrap()));
            }
        }
    }
    all
}

/// Every path that was written stands in the table.
fn check(name: &str, facts: &Facts) {
    let rows = LOCALS.iter().find(|local| local.name == name).unwrap().facts;
    for path in facts.paths() {
        assert!(rows.iter().any(|row| row.path == path), "{name} {path}");
    }
}

/// tshark -Y arp -T fields -e arp.opcode -e arp.src.hw_mac -e arp.src.proto_ipv4, counted.
#[test]
fn a_capture_of_forged_answers_is_read_as_tshark_reads_it() {
    let all = observed("arp_spoof/gen-arpspoof-two-way.pcap");
    if all.is_empty() {
        return;
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, facts) in all.iter().filter(|(name, _)| *name == "arp") {
        let key =
            ["opcode", "src_mac", "src_ip", "dest_mac", "dest_ip"].map(|key| facts[key].as_str().unwrap());
        *counts.entry(key.join(" ")).or_default() += 1;
    }

    let count = |key: &str| counts.get(key).copied();
    assert_eq!(
        count("reply 52:54:00:38:02:4a 10.30.0.21 52:54:00:38:01:25 10.30.0.1"),
        Some(19)
    );
    assert_eq!(
        count("reply 52:54:00:38:02:4a 10.30.0.1 52:54:00:38:03:6f 10.30.0.21"),
        Some(19)
    );
    assert_eq!(
        count("reply 52:54:00:38:01:25 10.30.0.1 52:54:00:38:03:6f 10.30.0.21"),
        Some(4)
    );
    assert_eq!(
        count("request 52:54:00:38:04:94 10.30.0.22 00:00:00:00:00:00 10.30.0.1"),
        Some(1)
    );
    assert_eq!(counts.len(), 15);
    let solicitations: Vec<_> = all.iter().filter(|(name, _)| *name == "ndp").collect();
    assert_eq!(solicitations.len(), 3);
    assert_eq!(
        solicitations[0].1,
        json!({"type": "router_solicitation", "src_mac": "02:e4:0b:13:d8:28", "hop_limit": 255,
            "src_ip": "fe80::28f8:b9ff:fe27:aa6f", "dest_ip": "ff02::2"})
    );
}

/// tshark -Y icmpv6 -V on the capture.
#[test]
fn routers_and_neighbours_of_a_capture_are_read_as_tshark_reads_them() {
    let all = observed("community_id/icmp6.pcap");
    if all.is_empty() {
        return;
    }
    let of = |kind: &str| &all.iter().find(|(_, facts)| facts["type"] == kind).unwrap().1;

    assert_eq!(all.len(), 8);
    assert_eq!(
        of("neighbor_solicitation"),
        &json!({"type": "neighbor_solicitation", "target": "fe80::260:97ff:fe07:69ea",
            "src_mac": "00:00:86:05:80:da", "hop_limit": 255,
            "src_ip": "fe80::200:86ff:fe05:80da", "dest_ip": "fe80::260:97ff:fe07:69ea"})
    );
    assert_eq!(
        of("neighbor_advertisement"),
        &json!({"type": "neighbor_advertisement", "router": true, "solicited": true, "override": false,
            "target": "fe80::260:97ff:fe07:69ea", "hop_limit": 255,
            "src_ip": "fe80::260:97ff:fe07:69ea", "dest_ip": "fe80::200:86ff:fe05:80da"})
    );
    assert_eq!(
        of("router_advertisement"),
        &json!({"type": "router_advertisement", "current_hop_limit": 64, "managed": false, "other": false,
            "preference": "medium", "router_lifetime": 1800, "src_mac": "00:60:97:07:69:ea", "mtu": 1500,
            "prefixes": [{"prefix": "3ffe:507:0:1::/64", "on_link": true, "autonomous": true,
                "valid_lifetime": 3_600_000, "preferred_lifetime": 3_600_000}], "hop_limit": 255,
            "src_ip": "fe80::260:97ff:fe07:69ea", "dest_ip": "ff02::1"})
    );
}

#[test]
fn discovery_in_a_tunnel_is_read() {
    // tshark -Y icmpv6: a solicitation and an advertisement in Teredo.
    let all = observed("encap/zeek-Teredo.pcap");
    let kinds: Vec<_> = all
        .iter()
        .filter(|(name, _)| *name == "ndp")
        .map(|(_, facts)| &facts["type"])
        .collect();
    if !all.is_empty() {
        assert_eq!(kinds, ["router_solicitation", "router_advertisement"]);
    }
}

#[test]
fn name_servers_and_routes_of_an_advertisement_are_read() {
    // RFC 8106 section 5.1 and RFC 4191 section 2.3.
    let mut message = vec![134, 0, 0, 0, 64, 0xc8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend([25, 3, 0, 0, 0, 0, 0x0e, 0x10, 0x20, 0x01, 0x0d, 0xb8]);
    message.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53]);
    message.extend([24, 2, 32, 0, 0, 0, 0, 60, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0]);

    let facts = serde_json::to_value(ndp::read(&message).unwrap()).unwrap();

    assert_eq!(facts["dns_servers"], json!(["2001:db8::53"]));
    assert_eq!(facts["routes"], json!(["2001:db8::/32"]));
    assert_eq!(
        (&facts["managed"], &facts["preference"]),
        (&json!(true), &json!("high"))
    );
    assert_eq!(facts["router_lifetime"], 0);
}

#[test]
fn probes_and_announcements_are_told_apart() {
    // RFC 5227 section 2.1.1: no sender address; section 3: both addresses the same.
    let message = |source: [u8; 4]| {
        let mut message = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 7];
        message.extend(source);
        message.extend([0; 6]);
        message.extend([192, 0, 2, 7]);
        arp::read(&message).unwrap()
    };

    let probe = message([0; 4]);
    assert_eq!(
        (probe.at("probe"), probe.at("gratuitous")),
        (Some(true.into()), None)
    );
    let announcement = message([192, 0, 2, 7]);
    assert_eq!(
        (announcement.at("probe"), announcement.at("gratuitous")),
        (None, Some(true.into()))
    );
    let plain = message([192, 0, 2, 8]);
    assert_eq!((plain.at("probe"), plain.at("gratuitous")), (None, None));
}

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let head = kind << 9 | u16::try_from(value.len()).unwrap();
    [&head.to_be_bytes()[..], value].concat()
}

#[test]
fn a_switch_says_what_it_is() {
    // IEEE 802.1AB section 8.5, IEEE 802.1Q D.2.1, TIA-1057 section 10.2.6.
    let message = [
        tlv(1, b"\x04\x02\x00\x00\x00\x00\x01"),
        tlv(2, b"\x05ge-0/0/1"),
        tlv(3, &[0, 120]),
        tlv(4, b"to the server"),
        tlv(5, b"sw1"),
        tlv(6, b"a switch\nof some kind"),
        tlv(7, &[0, 0x14, 0, 0x04]),
        tlv(8, &[5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 7, 0]),
        tlv(127, &[0, 0x80, 0xc2, 1, 0, 30]),
        tlv(127, b"\x00\x12\xbb\x0aModel 7"),
        tlv(0, &[]),
        tlv(5, b"behind the end"),
    ]
    .concat();

    let facts = lldp::read(&message).unwrap();

    check("lldp", &facts);
    assert_eq!(
        serde_json::to_value(facts).unwrap(),
        json!({"chassis_id": "02:00:00:00:00:01", "port_id": "ge-0/0/1", "ttl": 120,
            "port_description": "to the server", "system_name": "sw1",
            "system_description": "a switch\nof some kind", "capabilities": ["bridge", "router"],
            "enabled_capabilities": ["bridge"], "port_vlan": 30, "model": "Model 7",
            "management_addresses": ["192.0.2.1"]})
    );
    assert_eq!(lldp::read(&tlv(5, b"sw1")), None);
}

#[test]
fn a_cisco_device_says_what_it_is() {
    let tlv = |kind: u16, value: &[u8]| {
        let length = u16::try_from(value.len() + 4).unwrap();
        [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
    };
    let message = [
        vec![2, 180, 0, 0],
        tlv(1, b"R1"),
        tlv(5, b"Software, Version 15.2"),
        tlv(6, b"cisco 2911"),
        tlv(2, &[0, 0, 0, 1, 1, 1, 0xcc, 0, 4, 192, 0, 2, 9]),
        tlv(3, b"GigabitEthernet0/1"),
        tlv(4, &[0, 0, 0, 9]),
        tlv(10, &[0, 10]),
        tlv(11, &[1]),
        vec![0, 0, 0, 0],
    ]
    .concat();

    let facts = cdp::read(&message).unwrap();

    check("cdp", &facts);
    assert_eq!(
        serde_json::to_value(facts).unwrap(),
        json!({"version": 2, "ttl": 180, "device_id": "R1", "software_version": "Software, Version 15.2",
            "platform": "cisco 2911", "addresses": ["192.0.2.9"], "port_id": "GigabitEthernet0/1",
            "capabilities": ["router", "switch"], "native_vlan": 10, "duplex": "full"})
    );
}

#[test]
fn every_path_stands_once() {
    for local in LOCALS {
        let mut paths: Vec<_> = local.facts.iter().map(|row| row.path).collect();
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{}", local.name);
    }
}

proptest! {
    #[test]
    fn no_octets_make_a_reader_panic(octets: Vec<u8>, kind in 133..=137_u8) {
        let lldp_octets = [&[2, 7, 4, 1, 2, 3, 4, 5, 6, 4, 2, 5, 0x31][..], &octets].concat();
        let cdp_octets = [&[2, 180, 0, 0, 0, 1, 0, 5, 0x31][..], &octets].concat();
        let ndp_octets = [&[kind, 0, 0, 0][..], &octets].concat();
        let arp_octets = [&[0, 1, 8, 0, 6, 4, 0][..], &octets].concat();
        for read in [arp::read, ndp::read, lldp::read, cdp::read] {
            read(&octets);
        }
        for (name, facts) in [
            ("lldp", lldp::read(&lldp_octets)),
            ("cdp", cdp::read(&cdp_octets)),
            ("ndp", ndp::read(&ndp_octets)),
            ("arp", arp::read(&arp_octets)),
        ] {
            if let Some(facts) = facts {
                check(name, &facts);
            }
        }
    }
}
