//! What looking back costs: ten thousand mixed indicators against a year of days.
//!
//! `cargo bench -p sekisho-store --bench lookback`. 400 days, each with 50,000 distinct destinations,
//! 10,000 names and 500 JA3; 16 days are made, and each stands for 25 dates. One number is the time to
//! look for all indicators in all days and to say which indicator each find belongs to.

use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sekisho_model::indicator::{Indicator, Value};
use sekisho_model::summary::Summary;
use sekisho_model::{App, Essential, FlowRecord, Timestamp};
use sekisho_store::hunt::Hunt;
use sekisho_store::{Embedded, Store as _, StoreWriter as _, TimeRange};

const MADE: u32 = 16;
const DAYS: u32 = 400;
const DESTINATIONS: u32 = 50_000;
const NAMES: u32 = 10_000;
const INDICATORS: u32 = 10_000;

/// A number that looks like chance and is the same every time.
fn mixed(number: u32) -> u32 {
    let mixed = (number ^ number >> 16).wrapping_mul(0x7feb_352d);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x846c_a68b);
    mixed ^ mixed >> 16
}

/// Destinations of a day: most are its own, a fifth those of every day.
fn destination(day: u32, number: u32) -> IpAddr {
    let seed = if number.is_multiple_of(5) {
        number
    } else {
        day * 1_000_003 + number
    };
    // 16.0.0.0 to 31.255.255.255, so that lists and days meet.
    Ipv4Addr::from(0x1000_0000 | mixed(seed) >> 4).into()
}

fn name(day: u32, number: u32) -> String {
    let seed = if number.is_multiple_of(2) {
        number
    } else {
        day * 1_000_003 + number
    };
    format!("h{:x}.d{:x}.example", mixed(seed) & 0xfff, mixed(seed) >> 12)
}

fn records(day: u32) -> impl Iterator<Item = FlowRecord> {
    let midnight = Timestamp::from_seconds(1_735_689_600 + i64::from(day) * 86_400, 0).nanos();
    (0..DESTINATIONS).map(move |number| {
        let example = FlowRecord::example();
        let start = Timestamp::from_nanos(midnight + i64::from(number) * 1_700_000_003);
        let mut app = App::default();
        if number < NAMES {
            app.set(Essential::ServerName, name(day, number), "tls.sni");
            app.set(
                Essential::Ja3,
                format!("{:032x}", mixed(number % 500)),
                "tls.ja3.hash",
            );
        }
        let mut record = FlowRecord {
            start,
            end: start,
            app: Some(Box::new(app)),
            ..example
        };
        record.orig.address = Ipv4Addr::from(0x0a28_0000 | (mixed(number) % 500)).into();
        record.resp.address = destination(day, number);
        record.to_resp.octets = u64::from(mixed(number) % 100_000);
        record
    })
}

/// Makes the days. Flows are not what is measured, so that they go again.
fn make(folder: &Path) -> Embedded {
    let store = Embedded::create(folder).unwrap();
    for day in 0..MADE {
        let mut writer = Box::new(store.writer().unwrap());
        for record in records(day) {
            writer.flow(&record).unwrap();
        }
        writer.finish(&Summary::default()).unwrap();
        fs::remove_dir_all(folder.join("flows")).unwrap();
    }
    let daily = folder.join("daily");
    let mut made: Vec<_> = fs::read_dir(&daily)
        .unwrap()
        .map(|day| day.unwrap().path())
        .collect();
    made.sort();
    for copy in MADE..DAYS {
        let from = &made[usize::try_from(copy % MADE).unwrap()];
        let date = i64::from(copy) * 86_400 + 1_735_689_600;
        let date = Timestamp::from_seconds(date, 0).to_string();
        let to = daily.join(format!("date={}", &date[..10]));
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    store
}

/// Half addresses, a third domains, the rest networks, fingerprints and certificates; a hundredth of
/// the addresses and domains is there on some day.
fn indicators() -> Vec<Indicator> {
    let source: Arc<str> = Arc::from("list");
    (0..INDICATORS)
        .map(|number| {
            let is_there = number.is_multiple_of(100);
            let text = match number % 20 {
                0 if is_there => destination(number % MADE, number * 5 + 1).to_string(),
                1 if number % 100 == 1 => name(number % MADE, number),
                0 | 2..10 => Ipv4Addr::from(0x1000_0000 | mixed(number ^ 0xdead_0000) >> 4).to_string(),
                1 | 10..17 => format!("evil{:x}.example", mixed(number)),
                17 => format!("{}/28", Ipv4Addr::from(0x2000_0000 | mixed(number) >> 4)),
                18 => format!("{:032x}", mixed(number)),
                _ => format!("{:064x}", mixed(number)),
            };
            Indicator::new(Value::guess(&text).unwrap(), &source, u64::from(number))
        })
        .collect()
}

fn lookback(criterion: &mut Criterion) {
    let scratch = tempfile::tempdir().unwrap();
    let store = make(&scratch.path().join("data"));
    let range = TimeRange::default();
    let hunt = |indicators: Vec<Indicator>| {
        let hunt = Hunt::new(indicators);
        let found = store.look_back(&range, hunt.wanted(), &|_, _| true).unwrap();
        assert_eq!(found.looked, usize::try_from(DAYS).unwrap());
        hunt.hits(&found.rows)
    };
    let hits = hunt(indicators());
    let rows: usize = hits.iter().map(|hit| hit.rows.len()).sum();
    assert!(
        hits.len() >= 50 && rows >= 1_000,
        "{} hits, {rows} rows",
        hits.len()
    );

    let mut group = criterion.benchmark_group("lookback");
    group.sample_size(10);
    group.bench_function("10000_indicators_400_days", |bencher| {
        bencher.iter(|| black_box(hunt(indicators())));
    });
    group.bench_function("1_address_400_days", |bencher| {
        let one: Vec<_> = indicators().into_iter().take(1).collect();
        bencher.iter(|| black_box(hunt(one.clone())));
    });
    group.finish();
}

criterion_group!(benches, lookback);
criterion_main!(benches);
