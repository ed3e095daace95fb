//! Any frames at jumping times into a small table: packets and octets in = packets and octets out.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sekisho_flow::{Config, Observation, Observed, Sink, Start, Table};
use sekisho_fuzz::records;
use sekisho_model::FlowRecord;
use sekisho_model::app::{Event, FlowRef};
use sekisho_wire::decode;

/// Adds up what comes out.
#[derive(Default)]
struct Sum {
    started: u64,
    packets: u64,
    octets: u64,
    frame_octets: u64,
    said: u64,
}

impl Sink for Sum {
    type Tag = u64;

    fn start(&mut self, _: &Start) -> u64 {
        self.started += 1;
        self.started
    }

    fn record(&mut self, record: FlowRecord, tag: &u64) {
        assert!(*tag <= self.started);
        assert!(record.start <= record.end, "{} to {}", record.start, record.end);
        assert!(record.packets() > 0, "a record of nothing");
        assert!(record.community_id.is_empty() || record.community_id.starts_with("1:"));
        if let Some(app) = &record.app {
            assert!(!app.is_nothing());
        }
        self.packets += record.packets();
        self.octets += record.octets();
        self.frame_octets += record.to_resp.frame_octets + record.to_orig.frame_octets;
    }

    fn said(&mut self, _: FlowRef, _: u64, event: Event, tag: &u64) {
        assert!(*tag <= self.started);
        assert!(!matches!(
            event,
            Event::Anomaly {
                event: "parser_fault",
                ..
            }
        ));
        self.said += 1;
    }
}

fuzz_target!(|input: &[u8]| {
    let options = input.last().copied().unwrap_or_default();
    let config = Config {
        tcp_idle: Duration::from_secs(300),
        idle: Duration::from_secs(60),
        close_delay: Duration::from_secs(5),
        active: Duration::from_secs(if options & 4 == 0 { 1800 } else { 10 }),
        flows: 4,
        by_vlan: options & 1 != 0,
        leave_out_duplicates: options & 2 != 0,
        community_ids: options & 8 == 0,
        conversations: options & 16 == 0,
        // A few conversations at once; more are cut short.
        conversation_octets: if options & 32 == 0 { 1 << 20 } else { 4096 },
    };
    let mut table = Table::new(config.clone());
    let mut out = Sum::default();
    let (mut packets, mut octets, mut frame_octets, mut left_out) = (0, 0, 0, 0);
    for (ordinal, record) in records(input).enumerate() {
        let frame = decode(record.frame, record.linktype, record.len);
        for index in 0..frame.layers.len() {
            let layer = &frame.layers[index];
            let mut packet = Observation::of(&frame, index, record.time, ordinal as u64).unwrap();
            // Some packets stand for several frames, as those put together from fragments do.
            packet.frames = 1 + u32::from(ordinal % 3 == 2);
            packet.wire_octets *= u64::from(packet.frames);
            let (frames, wire_octets) = (u64::from(packet.frames), packet.wire_octets);
            match table.observe(&packet, &mut out) {
                Observed::Counted(_) | Observed::SetAside(_) => {
                    packets += frames;
                    octets += u64::from(layer.ip.octets);
                    frame_octets += wire_octets;
                }
                Observed::LeftOut => left_out += 1,
            }
        }
        if record.frame.is_empty() {
            table.expire(record.time, &mut out);
        }
        assert!(table.len() <= config.flows);
    }
    let counters = table.counters();
    assert_eq!(counters.flows, out.started);
    assert!(left_out == 0 || (config.leave_out_duplicates && left_out == counters.duplicates));
    table.drain(&mut out);
    assert!(table.is_empty());
    assert!(
        config.conversations || out.said == 0,
        "a conversation that nobody hears"
    );
    assert_eq!(
        (packets, octets),
        (out.packets, out.octets),
        "packets and octets in and out"
    );
    assert_eq!(frame_octets, out.frame_octets, "octets of frames in and out");
});
