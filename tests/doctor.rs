//! The doctor names what is wrong with a mirror: ten faults, each crafted out of the same healthy capture, and
//! nothing on the healthy one.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use sekisho_kit::{Capture, Conversation, Endpoint, Exchange, Frame, Packet, PcapWriter, Random, Segment};
use serde_json::Value;
use support::{code, run, sekisho, stderr, stdout};

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND: u64 = 1_000_000_000;
/// Ethernet header and 802.1Q tag.
const TAGGED: usize = 18;

/// A network card of a maker, by number.
fn mac(maker: u8, number: u8) -> [u8; 6] {
    [0x00, 0x1b, 0x17, maker, 0, number]
}

/// Ten minutes of an office: sixty clients of nine servers, names and a little broadcast, all in VLAN 30.
fn healthy() -> Capture {
    office(|number| mac(1, number))
}

fn office(station: impl Fn(u8) -> [u8; 6]) -> Capture {
    let (mut random, mut capture) = (Random::new(11), Capture::new());
    for number in 0..300_u16 {
        let client_number = 1 + u8::try_from(number % 60).unwrap();
        let server_number = 100 + u8::try_from(number % 9).unwrap();
        let mut client = Endpoint::new(&format!("192.0.2.{client_number}"), 40_000 + number);
        let mut server = Endpoint::new(&format!("198.51.100.{server_number}"), 80);
        (client.mac, server.mac) = (station(client_number), station(server_number));
        let at = BEGIN_NS + u64::from(number) * 2 * SECOND;
        let mut conversation = Conversation::new(client, server).vlan(30);
        for _ in 0..3 {
            conversation = conversation
                .request(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
                .response(&vec![b'x'; 6_000 + 100 * usize::from(number % 50)]);
        }
        capture.extend(conversation.play(at, &mut random));
        let resolver = Endpoint::new("198.51.100.53", 53);
        let mut asks = Endpoint::new(&format!("192.0.2.{client_number}"), 50_000 + number);
        asks.mac = station(client_number);
        let name = format!("query {number}");
        let exchange = Exchange::new(asks, resolver).vlan(30);
        capture.extend(
            exchange
                .query(name.as_bytes())
                .answer(name.as_bytes())
                .play(at + 1_000, &mut random),
        );
        if number % 10 == 0 {
            let frame = Frame::new(station(client_number), [0xff; 6]).vlan(30);
            let from = format!("192.0.2.{client_number}").parse().unwrap();
            let frame = frame.ip(from, "192.0.2.255".parse().unwrap());
            capture.push(at + 5_000, frame.udp(137, 137, b"NetBIOS names"));
        }
    }
    capture.sort();
    capture
}

/// The capture with each packet changed, or left out.
fn each(change: impl FnMut(Packet) -> Option<Packet>) -> Capture {
    healthy().packets.into_iter().filter_map(change).collect()
}

fn is_tcp(packet: &Packet) -> bool {
    packet.octets.get(TAGGED + 9) == Some(&6)
}

/// Octets of TCP payload.
fn payload_of(packet: &Packet) -> usize {
    let octets = &packet.octets;
    let total = usize::from(u16::from_be_bytes([octets[TAGGED + 2], octets[TAGGED + 3]]));
    let header = usize::from(octets[TAGGED + 20 + 12] >> 4) * 4;
    total - 20 - header
}

/// Only what clients send.
fn one_direction() -> Capture {
    each(|packet| (!is_tcp(&packet) || packet.octets[TAGGED + 12] == 192).then_some(packet))
}

/// Every packet again 40 microseconds later.
fn doubled() -> Capture {
    let mut capture = healthy();
    let copies: Vec<_> = capture
        .packets
        .iter()
        .cloned()
        .map(|mut packet| {
            packet.time_ns += 40_000;
            packet
        })
        .collect();
    capture.extend(copies);
    capture.sort();
    capture
}

fn cut_to_64_octets() -> Capture {
    each(|packet| Some(packet.snapped(64)))
}

/// What clients send carries sums that were not filled in.
fn sums_left_out() -> Capture {
    each(|mut packet| {
        if is_tcp(&packet) && packet.octets[TAGGED + 12] == 192 {
            packet.octets[TAGGED + 36..TAGGED + 38].copy_from_slice(&[0x12, 0x34]);
        }
        Some(packet)
    })
}

/// Full segments of one direction that follow each other are one.
fn merged() -> Capture {
    let mut packets: Vec<Packet> = Vec::new();
    for packet in healthy().packets {
        if let Some(last) = packets.last_mut()
            && is_tcp(&packet)
            && is_tcp(last)
            && payload_of(last) >= 1_460
            && payload_of(&packet) > 0
            && last.octets[TAGGED + 12..TAGGED + 24] == packet.octets[TAGGED + 12..TAGGED + 24]
        {
            let payload = packet.octets.len() - payload_of(&packet);
            last.octets.extend(&packet.octets[payload..]);
            last.original_len = u32::try_from(last.octets.len()).unwrap();
            let total = u16::try_from(last.octets.len() - TAGGED).unwrap();
            last.octets[TAGGED + 2..TAGGED + 4].copy_from_slice(&total.to_be_bytes());
            right_sums(&mut last.octets);
        } else {
            packets.push(packet);
        }
    }
    packets.into_iter().collect()
}

/// Fills in the sums of an IPv4 packet with TCP.
fn right_sums(frame: &mut [u8]) {
    let sum = |octets: &[u8], start: u32| {
        let words = octets.chunks(2).map(|pair| match pair {
            [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
            _ => u32::from(pair[0]) << 8,
        });
        let mut sum = words.sum::<u32>() + start;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    };
    let (header, segment) = frame[TAGGED..].split_at_mut(20);
    header[10..12].fill(0);
    let header_sum = sum(header, 0);
    header[10..12].copy_from_slice(&header_sum.to_be_bytes());
    segment[16..18].fill(0);
    let addresses = u32::from(!sum(&header[12..20], 0));
    let length = u32::try_from(segment.len()).unwrap();
    let segment_sum = sum(segment, addresses + 6 + length);
    segment[16..18].copy_from_slice(&segment_sum.to_be_bytes());
}

fn tags_stripped() -> Capture {
    each(|mut packet| {
        packet.octets.drain(12..16);
        packet.original_len -= 4;
        Some(packet)
    })
}

/// In the middle the clock is set back by an hour.
fn set_back() -> Capture {
    each(|mut packet| {
        if packet.time_ns > BEGIN_NS + 300 * SECOND {
            packet.time_ns -= 3_600 * SECOND;
        }
        Some(packet)
    })
}

/// Every tenth segment with payload is missing.
fn oversubscribed() -> Capture {
    let mut segments = 0_u32;
    each(|packet| {
        if !is_tcp(&packet) || payload_of(&packet) == 0 {
            return Some(packet);
        }
        segments += 1;
        (!segments.is_multiple_of(10)).then_some(packet)
    })
}

/// What a switch floods to a port that it mirrors nothing to.
fn broadcast_only() -> Capture {
    let (broadcast, mut capture) = ([0xff; 6], Capture::new());
    for number in 0..400_u64 {
        let station = mac(1, u8::try_from(1 + number % 60).unwrap());
        let frame = Frame::new(station, broadcast).vlan(30);
        let frame = frame.ip("192.0.2.7".parse().unwrap(), "192.0.2.255".parse().unwrap());
        capture.push(BEGIN_NS + number * SECOND, frame.udp(138, 138, b"who is there"));
    }
    let lost = Frame::new(mac(1, 1), mac(1, 2)).vlan(30);
    let lost = lost.ip("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    capture.push(
        BEGIN_NS + 500 * SECOND,
        lost.tcp(&Segment::new(1, 2).flags(Segment::SYN)),
    );
    capture
}

/// The same traffic between other network cards: the tap hangs somewhere else.
fn elsewhere() -> Capture {
    office(|number| mac(2, number))
}

/// A folder with a policy that tells networks apart by VLAN, and a data directory of the healthy network.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy");
        std::fs::create_dir(&policy).unwrap();
        let text = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"learn\"\n\
                    [zone.office]\nnetworks = [\"192.0.2.0/24\"]\nvlans = [30]\n\
                    [zone.server]\nnetworks = [\"198.51.100.0/24\"]\nvlans = [31]\n";
        std::fs::write(policy.join("zones.toml"), text).unwrap();
        let site = Self { folder };
        let capture = site.write("before", &healthy());
        let replayed = run(&[
            "replay",
            &capture,
            "--policy",
            &site.path("policy"),
            "--out",
            &site.path("data"),
            "--quiet",
        ]);
        assert_eq!(code(&replayed), 0, "{}", stderr(&replayed));
        site
    }

    fn path(&self, name: &str) -> String {
        let path: &Path = self.folder.path();
        path.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, capture: &Capture) -> String {
        let path = self.path(&format!("{name}.pcap"));
        std::fs::write(&path, PcapWriter::default().write(capture)).unwrap();
        path
    }

    /// The findings on a capture, and the exit code.
    fn examine(&self, name: &str, capture: &Capture) -> (Vec<Value>, i32) {
        let path = self.write(name, capture);
        let (policy, data) = (self.path("policy"), self.path("data"));
        let output = run(&["doctor", &path, "--policy", &policy, "--data", &data, "--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", stderr(&output)));
        assert_eq!(answer["packets"], capture.packets.len());
        let findings = answer["findings"].as_array().unwrap();
        // Whether the disk of the machine that tests has room is no matter of the mirror.
        let findings = findings.iter().filter(|finding| finding["id"] != "disk_low");
        (findings.cloned().collect(), code(&output))
    }
}

#[test]
fn ten_crafted_faults_are_named_and_nothing_else() {
    let site = Site::new();
    let faults = [
        ("one_sided", one_direction()),
        ("duplicates", doubled()),
        ("checksum_offload", sums_left_out()),
        ("merged_frames", merged()),
        ("truncated", cut_to_64_octets()),
        ("no_vlan_tags", tags_stripped()),
        ("moved_tap", elsewhere()),
        ("clock", set_back()),
        ("oversubscribed", oversubscribed()),
        ("broadcast_only", broadcast_only()),
    ];
    let mut titles = BTreeSet::new();
    for (fault, capture) in faults {
        let (findings, code) = site.examine(fault, &capture);

        let ids: Vec<_> = findings
            .iter()
            .map(|finding| finding["id"].as_str().unwrap())
            .collect();
        assert_eq!((ids, code), (vec![fault], 1), "{findings:#?}");
        let [finding] = &findings[..] else { unreachable!() };
        for text in ["title", "observed", "matters", "change"] {
            let (ja, en) = (
                finding[text]["ja"].as_str().unwrap(),
                finding[text]["en"].as_str().unwrap(),
            );
            assert!(!ja.is_empty() && ja != en && en.is_ascii(), "{fault} {text}");
        }
        assert!(!finding["commands"].as_array().unwrap().is_empty(), "{fault}");
        titles.insert(finding["title"]["en"].as_str().unwrap().to_owned());
    }
    assert_eq!(titles.len(), 10);
}

#[test]
fn a_healthy_mirror_has_no_finding() {
    let (findings, code) = Site::new().examine("healthy", &healthy());

    assert!(findings.is_empty(), "{findings:#?}");
    assert!(code == 0 || code == 1);
}

#[test]
fn what_was_lost_before_the_sensor_is_estimated_within_a_fifth() {
    let (findings, _) = Site::new().examine("lost", &oversubscribed());

    let observed = findings[0]["observed"]["en"].as_str().unwrap();
    let share: f64 = observed
        .strip_prefix("About ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{observed}"));
    assert!((8.0..=12.0).contains(&share), "{observed}");
}

#[test]
fn a_person_reads_what_was_seen_why_it_matters_and_what_to_change() {
    let site = Site::new();
    let path = site.write("doubled", &doubled());

    let english = run(&["doctor", &path]);
    let japanese = sekisho(&["doctor", &path])
        .env("LC_ALL", "ja_JP.UTF-8")
        .output()
        .unwrap();

    assert_eq!(code(&english), 1);
    for words in [
        "1. Packets arrive twice [duplicates]",
        "Seen: ",
        "What to change: ",
        "One finding.",
    ] {
        assert!(stdout(&english).contains(words), "{}", stdout(&english));
    }
    assert!(
        stdout(&japanese).contains("対処: ミラー元を受信(rx)だけに"),
        "{}",
        stdout(&japanese)
    );
}

#[test]
fn nothing_to_look_at_and_nothing_to_read_are_refused() {
    let nothing = run(&["doctor"]);
    assert_eq!(
        (code(&nothing), stderr(&nothing).contains("--interface NAME")),
        (2, true)
    );
    assert_eq!(code(&run(&["doctor", "/no/such/file.pcap"])), 2);
    assert_eq!(code(&run(&["doctor", "x.pcap", "--interface", "eth1"])), 2);
}
