//! Every capture of the developer set gives the packets, octets and times that tshark gives.
//!
//! The set is looked for in `SEKISHO_CAPTURES`, else beside the work tree.

use std::path::{Path, PathBuf};

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_model::Timestamp;
use serde_json::Value;

/// What both sides say of one capture.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    packets: u64,
    on_wire: u64,
    captured: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

#[test]
fn every_capture_of_the_set_reads_as_tshark_reads_it() {
    let folder = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let Ok(labels) = std::fs::read(folder.join("labels.json")) else {
        skip(&folder);
        return;
    };
    let labels: Value = serde_json::from_slice(&labels).unwrap();
    let captures = labels["captures"].as_array().unwrap();
    assert!(!captures.is_empty());

    let mut wrong = Vec::new();
    for capture in captures {
        let name = capture["file"].as_str().unwrap();
        let oracle = std::fs::read(folder.join("oracle").join(format!("{name}.json"))).unwrap();
        let expected = expected(&serde_json::from_slice(&oracle).unwrap());
        let (seen, damage) = read(&folder.join(name));
        if !same(&seen, &expected) || damage.is_some() {
            wrong.push(format!(
                "{name}: read {seen:?}, tshark says {expected:?}, damage {damage:?}"
            ));
        }
    }

    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        captures.len(),
        wrong.join("\n")
    );
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what was not tested"
)]
fn skip(folder: &Path) {
    eprintln!(
        "SKIPPED: no captures in {}; set SEKISHO_CAPTURES to their folder",
        folder.display()
    );
}

fn read(path: &Path) -> (Facts, Option<String>) {
    let mut source = FileSource::open(&[path.to_owned()], Order::ByTime)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut batch = Batch::with_capacity(100, 1 << 20);
    let mut facts = Facts::default();
    loop {
        let fill = source.fill(&mut batch);
        for packet in batch.iter() {
            facts.packets += 1;
            facts.on_wire += u64::from(packet.len);
            facts.captured += packet.data.len() as u64;
            facts.first = facts.first.or(Some(packet.time));
            facts.last = Some(packet.time);
        }
        batch.clear();
        if fill == Fill::End {
            let inputs = source.inputs();
            assert_eq!(inputs[0].packets, facts.packets);
            return (facts, inputs[0].damage.clone());
        }
    }
}

fn expected(oracle: &Value) -> Facts {
    let number = |key: &str| oracle[key].as_u64().unwrap();
    Facts {
        packets: number("packets"),
        on_wire: number("bytes_on_wire"),
        captured: number("bytes_captured"),
        first: oracle["first_epoch"].as_f64().map(time),
        last: oracle["last_epoch"].as_f64().map(time),
    }
}

/// Past the year 2262 a time is the last that can be expressed.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast from f64 saturates, which is what is wanted"
)]
fn time(seconds: f64) -> Timestamp {
    Timestamp::from_nanos((seconds * 1e9) as i64)
}

fn same(seen: &Facts, expected: &Facts) -> bool {
    // The oracle's times are 64-bit floating point numbers: good to a microsecond.
    let near = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
        (Some(a), Some(b)) => a.nanos().abs_diff(b.nanos()) <= 1_000,
        _ => a == b,
    };
    (seen.packets, seen.on_wire, seen.captured) == (expected.packets, expected.on_wire, expected.captured)
        && near(seen.first, expected.first)
        && near(seen.last, expected.last)
}
