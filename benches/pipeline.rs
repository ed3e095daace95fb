//! What a packet costs on its way: decoding, the flow table, the verdict.
//!
//! `cargo bench --bench pipeline`. One number is the time for one packet or one judgement.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sekisho::flow::{Config, Observation, Sink, Start, Table};
use sekisho::model::{FlowRecord, Linktype, Protocol, Timestamp};
use sekisho::policy::{Policy, Question, load_dir};
use sekisho::wire::frame;
use sekisho_kit::{Conversation, Endpoint, Packet, Random};

/// Packets of 500 connections, mixed by time.
fn packets() -> Vec<Packet> {
    let mut random = Random::new(1);
    let mut all = Vec::new();
    for host in 0..500_u32 {
        let client = Endpoint::new(&format!("10.40.{}.{}", host / 250, host % 250 + 1), 50_000);
        let server = Endpoint::new("10.50.0.1", 443);
        let start = random.between(0, 1_000_000_000);
        all.extend(
            Conversation::new(client, server)
                .request(&[1; 700])
                .response(&[2; 9000])
                .play(start, &mut random),
        );
    }
    all.sort_by_key(|packet| packet.time_ns);
    all
}

struct Nowhere;

impl Sink for Nowhere {
    type Tag = ();

    fn start(&mut self, _: &Start) {}

    fn record(&mut self, record: FlowRecord, (): &()) {
        black_box(record);
    }
}

fn decode(criterion: &mut Criterion) {
    let packets = packets();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.bench_function("tcp4", |bencher| {
        bencher.iter(|| {
            for packet in &packets {
                black_box(frame::decode(
                    &packet.octets,
                    Linktype::ETHERNET,
                    packet.original_len,
                ));
            }
        });
    });
    group.finish();
}

fn flow(criterion: &mut Criterion) {
    let packets = packets();
    let mut group = criterion.benchmark_group("flow");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.bench_function("decode_and_observe", |bencher| {
        bencher.iter_batched(
            || Table::new(Config::default()),
            |mut table| {
                for (ordinal, packet) in (0..).zip(&packets) {
                    let frame = frame::decode(&packet.octets, Linktype::ETHERNET, packet.original_len);
                    let at = Timestamp::from_nanos(i64::try_from(packet.time_ns).unwrap_or(0));
                    if let Some(layer) = Observation::of(&frame, 0, at, ordinal) {
                        table.observe(&layer, &mut Nowhere);
                    }
                }
                table.drain(&mut Nowhere);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn judge(criterion: &mut Criterion) {
    let preset = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/three-zones");
    let policy =
        Policy::compile(&load_dir(preset.as_ref()).expect("the preset is there")).expect("it has no mistake");
    let (office, server) = ([10, 20, 1, 5].into(), [10, 30, 1, 5].into());
    let question = Question::new(office, server, Protocol::TCP, 445, Timestamp::from_nanos(0));
    criterion.bench_function("judge/three_zones", |bencher| {
        bencher.iter(|| policy.judge(black_box(&question)));
    });
}

criterion_group!(benches, decode, flow, judge);
criterion_main!(benches);
