//! Real connections through a flood of spoofed SYNs: they stay whole, the flood evicts itself, and
//! every packet and every flow is accounted for.

use std::collections::BTreeMap;

use etherparse::PacketBuilder;
use sekisho_flow::{Config, Observation, Sink, Start, Table};
use sekisho_model::{ConnState, EndReason, FlowRecord, Linktype, Timestamp};
use sekisho_wire::frame;

const REAL: u32 = 5_000;
const SPOOFED: u32 = 300_000;
/// Room for the real connections and for a few thousand attempts; a fortieth of the flood.
const LIMIT: usize = 8_192;
/// Connections whose handshakes run at the same time.
const GROUP: u32 = 250;
/// Packets between two looks at the timers, as the engine's batches.
const BATCH: u64 = 4_096;

const SERVER: ([u8; 4], u16) = ([198, 51, 100, 2], 443);
const S: u8 = 0x02;
const A: u8 = 0x10;
const F: u8 = 0x01;

/// A segment of a connection: by the client, flags, sequence, acknowledgement, octets of payload.
type Step = (bool, u8, u32, u32, usize);

/// Handshake, data both ways, FIN both ways: RFC 9293 figures 6 and 12.
const STEPS: [Step; 9] = [
    (true, S, 100, 0, 0),
    (false, S | A, 300, 101, 0),
    (true, A, 101, 301, 0),
    (true, A, 101, 301, 200),
    (false, A, 301, 301, 700),
    (true, A, 301, 1001, 0),
    (true, F | A, 301, 1001, 0),
    (false, F | A, 1001, 302, 0),
    (true, A, 302, 1002, 0),
];

#[derive(Default)]
struct Records(Vec<FlowRecord>);

impl Sink for Records {
    type Tag = ();

    fn start(&mut self, _: &Start) {}

    fn record(&mut self, record: FlowRecord, (): &()) {
        self.0.push(record);
    }
}

struct Wire {
    table: Table<()>,
    records: Records,
    now_ms: i64,
    packets: u64,
    most_tracked: usize,
}

impl Wire {
    /// One packet a millisecond.
    fn send(
        &mut self,
        from: ([u8; 4], u16),
        to: ([u8; 4], u16),
        (_, flags, sequence, acknowledgement, octets): Step,
    ) {
        let mut step = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(from.0, to.0, 64)
            .tcp(from.1, to.1, sequence, 64_000);
        if flags & S != 0 {
            step = step.syn();
        }
        if flags & A != 0 {
            step = step.ack(acknowledgement);
        }
        if flags & F != 0 {
            step = step.fin();
        }
        let mut bytes = Vec::with_capacity(64);
        step.write(&mut bytes, &vec![0; octets]).unwrap();
        self.now_ms += 1;
        self.packets += 1;
        let at = Timestamp::from_nanos(self.now_ms * 1_000_000);
        let frame = frame::decode(&bytes, Linktype::ETHERNET, u32::try_from(bytes.len()).unwrap());
        let packet = Observation::of(&frame, 0, at, self.packets).unwrap();
        self.table.observe(&packet, &mut self.records);
        self.most_tracked = self.most_tracked.max(self.table.len());
        if self.packets.is_multiple_of(BATCH) {
            self.table.expire(at, &mut self.records);
        }
    }

    fn real(&mut self, client: u32, step: usize) {
        let step = STEPS[step];
        let [_, _, high, low] = client.to_be_bytes();
        let client = ([10, 40, high, low], 50_000);
        let (from, to) = if step.0 {
            (client, SERVER)
        } else {
            (SERVER, client)
        };
        self.send(from, to, step);
    }

    /// A SYN from an address that is nobody's, another each time.
    fn spoof(&mut self, number: u32) {
        let [_, a, b, c] = number.to_be_bytes();
        self.send(([203, a, b, c], 1_024), SERVER, (true, S, number, 0, 0));
    }
}

#[test]
fn real_connections_stay_whole_in_a_flood_and_every_flow_is_accounted_for() {
    let config = Config {
        flows: LIMIT,
        ..Config::default()
    };
    let mut wire = Wire {
        table: Table::new(config),
        records: Records::default(),
        now_ms: 0,
        packets: 0,
        most_tracked: 0,
    };
    // Each real packet is followed by its share of the flood: an answer comes a thousand attempts
    // later, data twenty thousand. All connections are open at once.
    let real_packets = u64::from(REAL) * STEPS.len() as u64;
    let (mut spoofed, mut sent) = (0, 0_u64);
    // Handshakes and ends run in groups, as hosts answer within a second or two; data comes late.
    for (steps, group) in [(0..3, GROUP), (3..6, REAL), (6..9, GROUP)] {
        for first in (0..REAL).step_by(usize::try_from(group).unwrap()) {
            for step in steps.clone() {
                for client in first..first + group {
                    wire.real(client, step);
                    sent += 1;
                    flood(&mut wire, &mut spoofed, sent, real_packets);
                }
            }
        }
    }
    // What lives when it falls silent runs out of time; a last burst is there at the end.
    wire.now_ms += 400_000;
    wire.table
        .expire(Timestamp::from_nanos(wire.now_ms * 1_000_000), &mut wire.records);
    for number in SPOOFED..SPOOFED + 1_000 {
        wire.spoof(number);
    }
    let tracked = wire.table.len();
    let counters = wire.table.counters();
    wire.table.drain(&mut wire.records);

    assert_eq!((spoofed, tracked), (SPOOFED, 1_000));
    assert!(wire.most_tracked <= LIMIT, "{} tracked", wire.most_tracked);
    let records = &wire.records.0;
    assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), wire.packets);
    accounts_for_every_flow(records, counters.flows, counters.evicted, tracked as u64);
    connections_are_whole(records);
}

/// The part of the flood that belongs before the next real packet.
fn flood(wire: &mut Wire, spoofed: &mut u32, sent: u64, of: u64) {
    while u64::from(*spoofed) * of < u64::from(SPOOFED) * sent {
        wire.spoof(*spoofed);
        *spoofed += 1;
    }
}

fn accounts_for_every_flow(records: &[FlowRecord], begun: u64, evicted: u64, tracked: u64) {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records {
        *by_reason.entry(record.end_reason.name()).or_default() += 1;
    }
    let of = |reason: EndReason| by_reason.get(reason.name()).copied().unwrap_or(0);
    let expired = of(EndReason::Idle) + of(EndReason::EndOfFlow);

    assert_eq!(begun, u64::from(REAL + SPOOFED + 1_000));
    assert_eq!(of(EndReason::LackOfResources), evicted);
    assert_eq!(of(EndReason::Forced), tracked);
    assert!(evicted > u64::from(SPOOFED) / 2, "{evicted} evicted");
    assert!(expired > u64::from(REAL), "{expired} expired");
    assert_eq!(evicted + expired + tracked, begun, "{by_reason:?}");
}

fn connections_are_whole(records: &[FlowRecord]) {
    let mut real = 0;
    for record in records.iter().filter(|record| record.orig.port == 50_000) {
        real += 1;
        assert_eq!(
            (record.to_resp.packets, record.to_orig.packets),
            (6, 3),
            "{record:?}"
        );
        assert_eq!(
            (record.to_resp.payload_octets, record.to_orig.payload_octets),
            (200, 700)
        );
        assert_eq!(
            (record.conn_state, record.end_reason),
            (Some(ConnState::SF), EndReason::EndOfFlow)
        );
        assert_eq!(record.history, "ShADdFf");
    }
    assert_eq!(real, REAL);
}
