//! The table over whole packets: timeouts, reuse, eviction, counts and determinism.

use std::time::Duration;

use etherparse::PacketBuilder;
use sekisho_flow::{Config, Observation, Sink, Start, Table};
use sekisho_model::{DirectionBy, EndReason, FlowRecord, Linktype, Timestamp};
use sekisho_wire::frame;

const A: [u8; 4] = [192, 0, 2, 1];
const B: [u8; 4] = [198, 51, 100, 2];

#[derive(Default)]
struct Records(Vec<FlowRecord>);

impl Sink for Records {
    type Tag = ();

    fn start(&mut self, _: &Start) {}

    fn record(&mut self, record: FlowRecord, (): &()) {
        self.0.push(record);
    }
}

struct Play {
    table: Table<()>,
    records: Records,
    ordinal: u64,
}

impl Play {
    fn new(config: Config) -> Self {
        Self {
            table: Table::new(config),
            records: Records::default(),
            ordinal: 0,
        }
    }

    fn packet(&mut self, at_ms: i64, bytes: &[u8]) {
        let frame = frame::decode(bytes, Linktype::ETHERNET, u32::try_from(bytes.len()).unwrap());
        let at = Timestamp::from_nanos(at_ms * 1_000_000);
        self.ordinal += 1;
        for index in 0..frame.layers.len() {
            let layer = Observation::of(&frame, index, at, self.ordinal).unwrap();
            self.table.observe(&layer, &mut self.records);
        }
    }

    fn expire(&mut self, at_ms: i64) {
        self.table
            .expire(Timestamp::from_nanos(at_ms * 1_000_000), &mut self.records);
    }

    fn drain(mut self) -> Vec<FlowRecord> {
        self.table.drain(&mut self.records);
        assert!(self.table.is_empty());
        self.records.0
    }
}

fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: usize) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(from.0, to.0, 64)
        .udp(from.1, to.1)
        .write(&mut out, &vec![0; payload])
        .unwrap();
    out
}

fn tcp(from: ([u8; 4], u16), to: ([u8; 4], u16), sequence: u32, flags: &str) -> Vec<u8> {
    let mut step = PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(from.0, to.0, 64)
        .tcp(from.1, to.1, sequence, 1000);
    for flag in flags.chars() {
        step = match flag {
            'S' => step.syn(),
            'A' => step.ack(1),
            'F' => step.fin(),
            _ => step.rst(),
        };
    }
    let mut out = Vec::new();
    step.write(&mut out, &[]).unwrap();
    out
}

#[test]
fn both_directions_are_one_flow_with_counts_each_way() {
    let mut play = Play::new(Config::default());
    play.packet(0, &udp((A, 50_000), (B, 53), 30));
    play.packet(20, &udp((B, 53), (A, 50_000), 100));

    let records = play.drain();

    let [record] = &records[..] else {
        panic!("{records:?}")
    };
    // 20 octets IPv4, 8 octets UDP, 14 octets Ethernet.
    assert_eq!(
        (
            record.to_resp.packets,
            record.to_resp.octets,
            record.to_resp.payload_octets
        ),
        (1, 58, 30)
    );
    assert_eq!((record.to_orig.octets, record.to_orig.frame_octets), (128, 142));
    assert_eq!((record.orig.port, record.resp.port), (50_000, 53));
    assert_eq!(record.direction_by, DirectionBy::Port);
    assert_eq!(record.orig_mac.unwrap().0, [2; 6]);
}

#[test]
fn an_answer_seen_first_does_not_turn_the_flow_around() {
    let mut play = Play::new(Config::default());
    play.packet(0, &udp((B, 53), (A, 50_000), 100));
    play.packet(1, &tcp((B, 443), (A, 50_001), 5, "SA"));

    let records = play.drain();

    assert!(
        records
            .iter()
            .all(|record| record.orig.address == std::net::IpAddr::from(A))
    );
    assert_eq!(records[1].direction_by, DirectionBy::Syn);
}

#[test]
fn silence_ends_a_flow_on_packet_time_whoever_notices() {
    for timer_runs in [false, true] {
        let mut play = Play::new(Config::default());
        play.packet(0, &udp((A, 50_000), (B, 53), 1));
        if timer_runs {
            play.expire(61_000);
        }
        play.packet(61_000, &udp((A, 50_000), (B, 53), 1));

        let records = play.drain();

        assert_eq!(records.len(), 2, "timer {timer_runs}");
        assert_eq!(records[0].end_reason, EndReason::Idle);
        assert_ne!(records[0].flow_id, records[1].flow_id);
    }
}

#[test]
fn a_long_flow_is_written_in_parts_and_no_packet_is_lost() {
    let mut play = Play::new(Config {
        active: Duration::from_secs(100),
        ..Config::default()
    });
    for second in 0..250 {
        play.packet(second * 1000, &udp((A, 50_000), (B, 4000), 10));
        play.expire(second * 1000);
    }

    let records = play.drain();

    let parts: Vec<_> = records
        .iter()
        .map(|record| (record.part, record.to_resp.packets))
        .collect();
    assert_eq!(parts, [(0, 100), (1, 100), (2, 50)]);
    assert!(records.iter().all(|record| record.flow_id == records[0].flow_id));
    assert_eq!(records[0].end_reason, EndReason::Active);
}

#[test]
fn a_new_connection_over_the_same_ports_is_a_new_flow() {
    let mut play = Play::new(Config::default());
    for (at, sequence) in [(0, 100), (1000, 900)] {
        play.packet(at, &tcp((A, 50_000), (B, 80), sequence, "S"));
        play.packet(at + 10, &tcp((B, 80), (A, 50_000), 1, "RA"));
    }

    let records = play.drain();

    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .all(|record| record.conn_state.unwrap().name() == "REJ" && record.history == "Sr")
    );
    assert!(
        records
            .iter()
            .all(|record| record.end_reason == EndReason::EndOfFlow)
    );
}

#[test]
fn a_connection_whose_end_was_missed_is_over_when_its_originator_begins_another() {
    let (client, server) = ((A, 50_000), (B, 80));
    let mut play = Play::new(Config::default());
    let mut open = |at, sequence| {
        play.packet(at, &tcp(client, server, sequence, "S"));
        play.packet(at + 1, &tcp(server, client, 1, "SA"));
        play.packet(at + 2, &tcp(client, server, sequence + 1, "A"));
    };

    open(0, 100);
    open(30_000, 900);

    let records = play.drain();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.history == "ShA"));
}

/// A SYN sent again has the same number; another number at once is that of a firewall which draws
/// numbers of its own, seen on both its sides; and a responder that begins opens at the same time.
#[test]
fn what_is_no_new_connection_begins_no_flow() {
    let (client, server) = ((A, 50_000), (B, 80));
    for (at, from, to, sequence) in [
        (3_000, client, server, 100),
        (1, client, server, 900),
        (3_000, server, client, 900),
    ] {
        let mut play = Play::new(Config::default());
        play.packet(0, &tcp(client, server, 100, "S"));
        play.packet(at, &tcp(from, to, sequence, "S"));

        assert_eq!(play.drain().len(), 1);
    }
}

/// A request that does not end, and holds what it says until it does.
fn request(port: u16, octets: usize) -> Vec<u8> {
    let mut payload = b"GET / HTTP/1.1\r\nHost: ".to_vec();
    payload.resize(octets, b'a');
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(A, B, 64)
        .tcp(port, 80, 1, 1000)
        .write(&mut out, &payload)
        .unwrap();
    out
}

#[test]
fn conversations_idle_longest_make_room_for_the_newest() {
    let mut play = Play::new(Config {
        conversation_octets: 10_000,
        ..Config::default()
    });

    for (at, port) in (0..).zip(1..=20) {
        play.packet(at, &request(port, 1000));
        // The first is heard again and again.
        play.packet(at, &udp((A, 9), (B, 9), 1));
    }

    let cut = play.table.counters().conversations_cut;
    let records = play.drain();
    let is_cut = |port: u16| {
        let of_port = records.iter().find(|record| record.orig.port == port).unwrap();
        of_port.app.as_ref().is_some_and(|app| app.is_partial)
    };
    assert!((8..18).contains(&cut), "{cut}");
    assert!(is_cut(1) && is_cut(2), "the oldest");
    assert!(!is_cut(20) && !is_cut(19), "the newest");
}

#[test]
fn a_conversation_that_is_larger_than_the_limit_is_cut_itself() {
    let mut play = Play::new(Config {
        conversation_octets: 500,
        ..Config::default()
    });

    play.packet(0, &request(1, 1000));

    assert_eq!(play.table.counters().conversations_cut, 1);
    assert!(play.drain()[0].app.as_ref().unwrap().is_partial);
}

#[test]
fn a_full_table_records_what_it_evicts() {
    let mut play = Play::new(Config {
        flows: 10,
        ..Config::default()
    });
    for port in 0..25 {
        play.packet(i64::from(port), &udp((A, 40_000 + port), (B, 4000), 1));
        assert!(play.table.len() <= 10);
    }
    assert_eq!(play.table.counters().evicted, 15);

    let records = play.drain();

    assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), 25);
    assert_eq!(
        records
            .iter()
            .filter(|record| record.end_reason == EndReason::LackOfResources)
            .count(),
        15
    );
}

#[test]
fn echo_and_its_reply_are_one_flow_and_type_and_code_are_shown() {
    let echo = |from, to, kind| {
        let mut out = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(from, to, 64)
            .icmpv4_raw(kind, 0, [0, 1, 0, 1])
            .write(&mut out, &[])
            .unwrap();
        out
    };
    let mut play = Play::new(Config::default());
    play.packet(0, &echo(B, A, 0));
    play.packet(1, &echo(A, B, 8));

    let records = play.drain();

    let [record] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(record.orig.address, std::net::IpAddr::from(A));
    assert_eq!(
        (record.orig.port, record.resp.port, record.direction_by),
        (8, 0, DirectionBy::Icmp)
    );
}

#[test]
fn a_flood_of_attempts_evicts_itself_and_not_the_flows_that_were_answered() {
    let mut play = Play::new(Config {
        flows: 100,
        ..Config::default()
    });
    for port in 0..50 {
        play.packet(0, &tcp((A, 30_000 + port), (B, 443), 1, "S"));
        play.packet(1, &tcp((B, 443), (A, 30_000 + port), 1, "SA"));
    }
    for port in 0..5_000 {
        play.packet(2, &tcp(([203, 0, 113, 7], 10_000 + port), (B, 443), 1, "S"));
    }

    let records = play.drain();

    let real = records
        .iter()
        .filter(|record| record.orig.address == std::net::IpAddr::from(A));
    let evicted: Vec<_> = real
        .clone()
        .filter(|record| record.end_reason == EndReason::LackOfResources)
        .collect();
    assert_eq!((real.count(), evicted.len()), (50, 0));
    assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), 5_100);
}

/// An ICMP port unreachable from `from` to `to` about a packet that was sent.
fn unreachable(from: [u8; 4], to: [u8; 4], about: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(from, to, 64)
        .icmpv4_raw(3, 3, [0; 4])
        .write(&mut out, &about[14..])
        .unwrap();
    out
}

#[derive(Default)]
struct Related(Vec<bool>);

impl Sink for Related {
    type Tag = ();

    fn start(&mut self, start: &Start) {
        self.0.push(start.related);
    }

    fn record(&mut self, _: FlowRecord, (): &()) {}
}

#[test]
fn an_icmp_error_is_related_only_to_a_flow_that_was_seen() {
    let query = udp((A, 50_000), (B, 53), 30);
    let error = unreachable(B, A, &query);
    let start = |packets: &[&[u8]]| {
        let (mut table, mut sink) = (Table::new(Config::default()), Related::default());
        for bytes in packets {
            let frame = frame::decode(bytes, Linktype::ETHERNET, u32::try_from(bytes.len()).unwrap());
            let layer = Observation::of(&frame, 0, Timestamp::from_nanos(0), 0).unwrap();
            table.observe(&layer, &mut sink);
        }
        sink.0
    };

    assert_eq!(start(&[&query, &error]), [false, true]);
    assert_eq!(start(&[&error]), [false], "nothing was sent");
    assert_eq!(
        start(&[&query, &unreachable(B, [192, 0, 2, 9], &query)]),
        [false, false],
        "sent to another"
    );
    let stuffed = unreachable(B, A, &udp((A, 50_000), (B, 53), 1400));
    assert_eq!(
        start(&[&query, &stuffed]),
        [false, false],
        "too long for an error"
    );
}

#[test]
fn an_icmp_error_is_noted_on_the_flow_that_it_quotes() {
    let query = udp((A, 50_000), (B, 53), 30);
    let mut play = Play::new(Config::default());
    play.packet(0, &query);
    play.packet(1, &unreachable(B, A, &query));

    let records = play.drain();

    let noted: Vec<_> = records
        .iter()
        .map(|record| (record.protocol.0, record.icmp_errors))
        .collect();
    assert_eq!(noted, [(17, 1), (1, 0)]);
}

#[test]
fn a_copy_of_a_packet_is_counted_as_one_and_is_no_retransmission() {
    for leave_out in [false, true] {
        let mut play = Play::new(Config {
            leave_out_duplicates: leave_out,
            ..Config::default()
        });
        let mut segment = tcp((A, 50_000), (B, 80), 100, "A");
        segment.extend([1; 100]);
        segment[14 + 2..14 + 4].copy_from_slice(&140_u16.to_be_bytes());
        segment[14 + 4..14 + 6].copy_from_slice(&7_u16.to_be_bytes());
        play.packet(0, &segment);
        play.packet(1, &segment);
        segment[14 + 5] = 8; // A new identification: the host sent it again.
        play.packet(300, &segment);

        let records = play.drain();

        let counts = records[0].to_resp;
        let expected = if leave_out { (2, 0, 1) } else { (3, 1, 1) };
        assert_eq!(
            (counts.packets, counts.duplicates, counts.retransmitted),
            expected
        );
    }
}

#[test]
fn the_handshake_is_measured_from_syn_to_the_last_acknowledgement() {
    let mut play = Play::new(Config::default());
    play.packet(0, &tcp((A, 50_000), (B, 80), 100, "S"));
    play.packet(30, &tcp((B, 80), (A, 50_000), 500, "SA"));
    play.packet(40, &tcp((A, 50_000), (B, 80), 101, "A"));

    let records = play.drain();

    assert_eq!(records[0].handshake_rtt, Some(Duration::from_millis(40)));
}

#[test]
fn a_time_at_the_end_of_what_can_be_said_ends_no_flow() {
    let mut play = Play::new(Config::default());
    for _ in 0..3 {
        play.packet(i64::MAX / 1_000_000, &udp((A, 50_000), (B, 53), 1));
    }

    assert_eq!(play.drain().len(), 1);
}

proptest::proptest! {
    /// Whatever comes at whatever time: every packet stands in exactly one record, time never runs
    /// backwards within a record, and the same input gives the same records.
    #[test]
    fn packets_in_are_packets_out(
        packets in proptest::collection::vec((0_u8..4, 0_u8..4, 0_u16..3, -1_000_000_i64..10_000_000, 0_u8..64), 0..200)
    ) {
        let run = || {
            let mut play = Play::new(Config { flows: 7, ..Config::default() });
            let mut watermark = i64::MIN;
            for (index, &(from, to, port, at, flags)) in packets.iter().enumerate() {
                let from = ([10, 0, 0, from], 1000 + port);
                let mut bytes = tcp(from, ([10, 0, 0, to], 80), u32::from(flags), "");
                bytes[14 + 20 + 13] = flags;
                play.packet(at, &bytes);
                watermark = watermark.max(at);
                if index % 16 == 0 {
                    play.expire(watermark);
                }
            }
            play.drain()
        };

        let records = run();

        proptest::prop_assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), packets.len() as u64);
        proptest::prop_assert!(records.iter().all(|record| record.start <= record.end));
        proptest::prop_assert_eq!(&records, &run());
    }
}
