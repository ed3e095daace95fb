//! The table over whole packets: timeouts, reuse, eviction, counts and determinism.

use std::time::Duration;

use etherparse::PacketBuilder;
use sekisho_flow::{Config, Sink, Start, Table};
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
}

impl Play {
    fn new(config: Config) -> Self {
        Self {
            table: Table::new(config),
            records: Records::default(),
        }
    }

    fn packet(&mut self, at_ms: i64, bytes: &[u8]) {
        let frame = frame::decode(bytes, Linktype::ETHERNET, u32::try_from(bytes.len()).unwrap());
        let at = Timestamp::from_nanos(at_ms * 1_000_000);
        self.table
            .observe(&frame, at, u32::try_from(bytes.len()).unwrap(), &mut self.records);
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
