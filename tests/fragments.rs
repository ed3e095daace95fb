//! Fragments in tunnels: the datagram in the tunnel is put together as one outside would be, whatever
//! carries its fragments, and every frame is still counted once.
//!
//! Packets are built from RFC 791 section 3.2 and RFC 8200 section 4.5 (fragments), RFC 2784 (GRE),
//! RFC 7348 (VXLAN), RFC 2003 (IP in IP) and RFC 4213 (IPv6 in IPv4).

mod support;

use std::path::Path;

use sekisho_kit::{Capture, Frame, Packet, PcapWriter, checksum, frame};
use serde_json::Value;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
/// The ends of every tunnel here.
const ENDS: (&str, &str) = ("192.0.2.1", "198.51.100.2");
/// Payload of the datagram in the tunnel: three parts of at most 800 octets with its UDP header.
const PAYLOAD: usize = 2_000;
const PART: usize = 800;

/// What replay says of frames a millisecond apart: flows and summary. The same for any number of workers.
fn replay(frames: &[Vec<u8>]) -> (Vec<Value>, Value) {
    let packets = (0_u64..)
        .zip(frames)
        .map(|(number, octets)| Packet::new(BEGIN_NS + number * 1_000_000, octets.clone()));
    let capture = Capture {
        packets: packets.collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let (file, eve) = (
        folder.path().join("fragments.pcap"),
        folder.path().join("eve.json"),
    );
    std::fs::write(&file, PcapWriter::default().write(&capture)).unwrap();
    let run = |workers: &str| {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (file, eve) = (text(&file), text(&eve));
        let output = support::run(&["replay", &file, "--eve", &eve, "--json", "--workers", workers]);
        assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
        (std::fs::read_to_string(&eve).unwrap(), support::summary(&output))
    };
    let (text, summary) = run("1");
    for workers in ["2", "16"] {
        assert!(run(workers).0 == text, "{workers} workers");
    }
    let flows = support::read_eve(&eve)
        .into_iter()
        .filter(|event| event["event_type"] == "flow")
        .collect();
    (flows, summary)
}

/// The only flow of which one end is `address`.
fn flow_of<'a>(flows: &'a [Value], address: &str) -> &'a Value {
    let mut found = flows.iter().filter(|flow| flow["src_ip"] == address);
    let flow = found.next().unwrap_or_else(|| panic!("{address}: {flows:?}"));
    assert!(found.next().is_none(), "{address} has more than one flow");
    flow
}

/// Frames in each bucket that has any.
fn buckets(summary: &Value) -> Vec<(&str, u64)> {
    let buckets = summary["frames"].as_object().unwrap().iter();
    buckets
        .map(|(name, count)| (name.as_str(), count.as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The packet of a frame.
fn packet(octets: &[u8]) -> Vec<u8> {
    frame::ip_packet(octets).unwrap().to_vec()
}

fn datagram_v4() -> Vec<u8> {
    packet(
        &Frame::between("10.1.0.1", "10.2.0.2")
            .ident(77)
            .udp(4_000, 5_000, &[7; PAYLOAD]),
    )
}

fn datagram_v6() -> Vec<u8> {
    packet(&Frame::between("2001:db8::1", "2001:db8:2::2").udp(4_000, 5_000, &[7; PAYLOAD]))
}

/// Splits an IPv4 packet without options into parts of `part` octets (RFC 791 section 3.2).
fn split_v4(packet: &[u8], part: usize) -> Vec<Vec<u8>> {
    let (header, data) = packet.split_at(20);
    let last = data.len().div_ceil(part) - 1;
    data.chunks(part)
        .enumerate()
        .map(|(number, data)| {
            let mut header = header.to_vec();
            let words = u16::try_from(number * part / 8).unwrap();
            let more = if number == last { 0 } else { 0x2000 };
            header[2..4].copy_from_slice(&u16::try_from(20 + data.len()).unwrap().to_be_bytes());
            header[6..8].copy_from_slice(&(more | words).to_be_bytes());
            header[10..12].fill(0);
            let sum = checksum::internet(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            [&header[..], data].concat()
        })
        .collect()
}

/// The same for IPv6 (RFC 8200 section 4.5).
fn split_v6(packet: &[u8], part: usize) -> Vec<Vec<u8>> {
    let (header, data) = packet.split_at(40);
    let last = data.len().div_ceil(part) - 1;
    data.chunks(part)
        .enumerate()
        .map(|(number, data)| {
            let mut header = header.to_vec();
            let next = std::mem::replace(&mut header[6], 44);
            header[4..6].copy_from_slice(&u16::try_from(8 + data.len()).unwrap().to_be_bytes());
            let offset = u16::try_from(number * part).unwrap() | u16::from(number != last);
            let [high, low] = offset.to_be_bytes();
            [&header[..], &[next, 0, high, low, 0, 0, 0, 77], data].concat()
        })
        .collect()
}

/// A frame of the tunnel that carries octets under a protocol number.
fn carried(protocol: u8, octets: &[u8]) -> Vec<u8> {
    Frame::between(ENDS.0, ENDS.1).ip_payload(protocol, octets)
}

/// Expects one flow with ports between the two hosts, of three frames, in a tunnel of that name.
fn is_whole(frames: &[Vec<u8>], client: &str, tunnel: &str) {
    let (flows, summary) = replay(frames);

    assert_eq!(flows.len(), 2, "{flows:?}");
    let inner = flow_of(&flows, client);
    assert_eq!(
        (&inner["src_port"], &inner["dest_port"]),
        (&4_000.into(), &5_000.into())
    );
    assert_eq!(
        (&inner["proto"], &inner["flow"]["pkts_toserver"]),
        (&"UDP".into(), &3.into())
    );
    assert_eq!(inner["sekisho"]["tunnel"]["kind"], tunnel);
    let outer = flow_of(&flows, ENDS.0);
    assert_eq!(outer["flow"]["pkts_toserver"], 3);
    assert_eq!(inner["sekisho"]["tunnel"]["community_id"], outer["community_id"]);
    assert_eq!(buckets(&summary), [("udp", 3)]);
}

#[test]
fn ipv4_fragments_in_gre_are_one_datagram() {
    let frames: Vec<_> = split_v4(&datagram_v4(), PART)
        .iter()
        .map(|part| carried(47, &[&[0, 0, 0x08, 0][..], part].concat()))
        .collect();

    is_whole(&frames, "10.1.0.1", "gre");
}

#[test]
fn ipv6_fragments_in_ipv4_are_one_datagram_whatever_their_order() {
    let mut frames: Vec<_> = split_v6(&datagram_v6(), PART)
        .iter()
        .map(|part| carried(41, part))
        .collect();
    frames.reverse();

    is_whole(&frames, "2001:db8::1", "6in4");
}

#[test]
fn fragments_in_vxlan_are_one_datagram_with_the_addresses_of_the_inner_frame() {
    // RFC 7348 section 5 has the outer port follow from what is carried, and later fragments have no ports:
    // only the tunnel's own flow may be told apart by it.
    let frames: Vec<_> = split_v4(&datagram_v4(), PART)
        .iter()
        .map(|part| {
            let inner = [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x08, 0][..], part].concat();
            let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &inner].concat();
            Frame::between(ENDS.0, ENDS.1).udp(50_000, 4789, &vxlan)
        })
        .collect();

    is_whole(&frames, "10.1.0.1", "vxlan");
    let (flows, _) = replay(&frames);
    assert_eq!(
        flow_of(&flows, "10.1.0.1")["ether"]["src_mac"],
        "02:00:00:00:00:08"
    );
}

#[test]
fn fragments_from_other_ports_of_a_tunnel_are_one_datagram() {
    let frames: Vec<_> = (50_000..)
        .zip(split_v4(&datagram_v4(), PART))
        .map(|(port, part)| {
            let inner = [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x08, 0][..], &part].concat();
            let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &inner].concat();
            Frame::between(ENDS.0, ENDS.1).udp(port, 4789, &vxlan)
        })
        .collect();

    let (flows, _) = replay(&frames);

    // Three of the tunnel, one in it.
    assert_eq!(flows.len(), 4);
    assert_eq!(flow_of(&flows, "10.1.0.1")["src_port"], 4_000);
}

#[test]
fn the_same_fragments_outside_and_inside_a_tunnel_are_two_datagrams() {
    let parts = split_v4(&datagram_v4(), PART);
    // A mirror port that sees packets before and after the tunnel begins.
    let frames: Vec<_> = parts
        .iter()
        .flat_map(|part| {
            let bare = Frame::between("10.1.0.1", "10.2.0.2").ethernet(frame::ETHER_IPV4, part);
            [bare, carried(4, part)]
        })
        .collect();

    let (flows, summary) = replay(&frames);

    assert_eq!(flows.len(), 2, "{flows:?}");
    let inner = flow_of(&flows, "10.1.0.1");
    assert_eq!(
        (&inner["src_port"], &inner["flow"]["pkts_toserver"]),
        (&4_000.into(), &6.into())
    );
    let all: u64 = buckets(&summary).iter().map(|(_, count)| count).sum();
    assert_eq!(all, 6);
}

#[test]
fn fragments_of_a_tunnel_that_carries_fragments_are_put_together_outside_in() {
    let frames: Vec<_> = (1..)
        .zip(split_v4(&datagram_v4(), PART))
        .flat_map(|(ident, part)| {
            let outer = Frame::between(ENDS.0, ENDS.1).ident(ident).ip_payload(4, &part);
            split_v4(&packet(&outer), 400)
        })
        .map(|part| Frame::between(ENDS.0, ENDS.1).ethernet(frame::ETHER_IPV4, &part))
        .collect();

    let (flows, summary) = replay(&frames);

    let sent = u64::try_from(frames.len()).unwrap();
    assert_eq!(flows.len(), 2, "{flows:?}");
    let inner = flow_of(&flows, "10.1.0.1");
    assert_eq!(
        (&inner["src_port"], &inner["flow"]["pkts_toserver"]),
        (&4_000.into(), &sent.into())
    );
    assert_eq!(flow_of(&flows, ENDS.0)["flow"]["pkts_toserver"], sent);
    assert_eq!(buckets(&summary), [("udp", sent)]);
}

#[test]
fn what_never_becomes_whole_is_counted_as_it_came_and_stays_in_its_tunnel() {
    let mut frames: Vec<_> = split_v4(&datagram_v4(), PART)
        .iter()
        .map(|part| carried(4, part))
        .collect();
    frames.pop();

    let (flows, summary) = replay(&frames);

    let inner: Vec<_> = flows.iter().filter(|flow| flow["src_ip"] == "10.1.0.1").collect();
    // The first has ports, the other has none.
    assert_eq!(inner.len(), 2, "{flows:?}");
    for flow in inner {
        assert_eq!(flow["sekisho"]["tunnel"]["kind"], "ip-in-ip");
        assert_eq!(flow["flow"]["pkts_toserver"], 1);
    }
    assert_eq!(flow_of(&flows, ENDS.0)["flow"]["pkts_toserver"], 2);
    assert_eq!(buckets(&summary), [("fragment", 1), ("udp", 1)]);
}

/// Every level of this is carried in two fragments of the next: 1,024 frames for one datagram.
#[test]
fn fragments_in_fragments_end_somewhere_and_every_frame_is_counted() {
    let mut parts = vec![packet(
        &Frame::between("10.1.0.1", "10.2.0.2").udp(4_000, 5_000, &[7; 64]),
    )];
    let mut ident = 0;
    for _ in 0..10 {
        parts = parts
            .iter()
            .flat_map(|part| {
                ident += 1;
                let carrier = packet(&Frame::between(ENDS.0, ENDS.1).ident(ident).ip_payload(4, part));
                let half = (carrier.len() - 20).div_ceil(16) * 8;
                split_v4(&carrier, half)
            })
            .collect();
    }
    let frames: Vec<_> = parts
        .iter()
        .map(|part| Frame::between(ENDS.0, ENDS.1).ethernet(frame::ETHER_IPV4, part))
        .collect();

    let (_, summary) = replay(&frames);

    let all: u64 = buckets(&summary).iter().map(|(_, count)| count).sum();
    assert_eq!((frames.len(), all), (1_024, 1_024));
}
