//! A limit that is met is an alert about the sensor itself: once a run, after all others, with where
//! and when; and none where nothing was met.

mod support;

use std::path::Path;

use sekisho::capture::{FileSource, Order};
use sekisho::engine::{Config, NamedExporter, Outputs, Progress};
use sekisho::export::Eve;
use sekisho::flow::defrag::Anomaly;
use sekisho::model::FrameBucket;
use sekisho::model::limits::LIMITS;
use sekisho::policy::Policy;
use sekisho_kit::{Capture, Frame, Packet, PcapWriter, Segment};
use serde_json::Value;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// The EVE text of a replay and its alerts.
fn replay(packets: Vec<Packet>, workers: &str) -> (String, Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let (capture, eve) = (folder.path().join("limits.pcap"), folder.path().join("eve.json"));
    std::fs::write(&capture, PcapWriter::default().write(&Capture { packets })).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let output = support::run(&[
        "replay",
        &text(&capture),
        "--eve",
        &text(&eve),
        "--json",
        "--workers",
        workers,
    ]);
    assert_eq!(support::code(&output), 0, "{}", support::stderr(&output));
    let alerts = support::read_eve(&eve)
        .into_iter()
        .filter(|event| event["event_type"] == "alert")
        .collect();
    (
        std::fs::read_to_string(&eve).unwrap(),
        alerts,
        support::summary(&output),
    )
}

/// A frame with more tags than are read, at a second.
fn stacked(second: u64) -> Packet {
    let tagged = (1..=4).fold(Frame::between("192.0.2.1", "198.51.100.2"), Frame::vlan);
    Packet::new(BEGIN_NS + second * SECOND_NS, tagged.udp(1_000, 53, &[0; 20]))
}

fn plain(second: u64) -> Packet {
    let frame = Frame::between("192.0.2.1", "198.51.100.2").udp(1_000, 53, &[0; 20]);
    Packet::new(BEGIN_NS + second * SECOND_NS, frame)
}

/// Forty resets with another number each: more letters than a history has room for.
fn resets() -> impl Iterator<Item = Packet> {
    (0..40_u32).map(|number| {
        let segment = Segment::new(50_000, 443).flags(Segment::RST).numbers(number, 0);
        let frame = Frame::between("192.0.2.9", "198.51.100.2").tcp(&segment);
        Packet::new(BEGIN_NS + u64::from(number) * 1_000_000, frame)
    })
}

#[test]
fn each_limit_that_was_met_is_one_alert_at_the_end() {
    let packets = [plain(0), stacked(1), stacked(2), stacked(3), plain(9)];
    let packets: Vec<_> = resets().chain(packets).collect();

    let (text, alerts, summary) = replay(packets.clone(), "1");

    let [history, links] = &alerts[..] else {
        panic!("{alerts:?}")
    };
    assert_eq!(
        (&history["sekisho"]["rule"], &history["sekisho"]["category"]),
        (&"LIMIT-HISTORY".into(), &"self".into())
    );
    let ours = &links["sekisho"];
    assert_eq!(
        (
            &ours["rule"],
            &ours["category"],
            &ours["count"],
            &links["alert"]["severity"]
        ),
        (
            &"LIMIT-LINK-HEADERS".into(),
            &"blind".into(),
            &3.into(),
            &3.into()
        )
    );
    assert_eq!(links["timestamp"], ours["first_seen"]);
    assert!(links.get("src_ip").is_none() && ours.get("subject").is_none());
    for language in ["ja", "en"] {
        let observed = ours["explanation"]["observed"][language].as_str().unwrap();
        assert!(
            observed.contains("vlan_tags (3)") && observed.contains("2026-11-04"),
            "{observed}"
        );
    }
    assert_eq!(summary["alerts"]["by_rule"]["LIMIT-LINK-HEADERS"], 1);
    assert_eq!(summary["losses"]["link_depth"], 3);
    let kinds: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last: Vec<_> = kinds
        .iter()
        .rev()
        .take(3)
        .map(|event| event["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(last, ["stats", "alert", "alert"]);
    for workers in ["3", "16"] {
        assert!(replay(packets.clone(), workers).0 == text, "{workers} workers");
    }
}

/// A flow for each second, in a table with room for a few: seen through the library, since the limit on
/// flows is no option of the command line.
#[test]
fn a_table_that_was_full_says_how_many_flows_it_evicted() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, eve) = (folder.path().join("full.pcap"), folder.path().join("eve.json"));
    let packets = (0..40_u16).map(|number| {
        let frame = Frame::between("192.0.2.1", "198.51.100.2").udp(2_000 + number, 53, &[0; 20]);
        Packet::new(BEGIN_NS + u64::from(number) * SECOND_NS, frame)
    });
    let file = PcapWriter::default().write(&Capture {
        packets: packets.collect(),
    });
    std::fs::write(&capture, file).unwrap();
    let mut source = FileSource::open(&[capture], Order::ByTime).unwrap();
    let config = Config {
        workers: 2,
        // Two in each of the 16 partitions; all these flows fall into one.
        flow: sekisho::flow::Config {
            flows: 32,
            ..Default::default()
        },
        policy: Policy::none().into(),
        indicators: Default::default(),
        reload: None,
        filter: None,
        checkpoint: None,
        health: Default::default(),
    };
    let outputs = Outputs {
        store: None,
        exporters: vec![NamedExporter {
            name: "EVE".to_owned(),
            exporter: Box::new(Eve::new(std::fs::File::create(&eve).unwrap(), false)),
        }],
        ..Outputs::default()
    };

    let summary = sekisho::engine::replay(&config, &mut source, outputs, &Progress::default()).unwrap();

    assert_eq!((summary.flows, summary.losses["flows_evicted"]), (40, 38));
    let events = support::read_eve(&eve);
    let alert = &events[events.len() - 2];
    assert_eq!(
        (&alert["sekisho"]["rule"], &alert["sekisho"]["count"]),
        (&"LIMIT-FLOWS".into(), &38.into())
    );
    assert_eq!(alert["timestamp"], "2026-11-04T00:00:00.000000+00:00");
    let observed = alert["sekisho"]["explanation"]["observed"]["en"]
        .as_str()
        .unwrap();
    assert!(observed.contains("flows (32) was met 38 times"), "{observed}");
}

#[test]
fn nothing_is_said_where_no_limit_was_met() {
    let (_, alerts, summary) = replay(vec![plain(0), plain(1)], "2");

    assert!(alerts.is_empty(), "{alerts:?}");
    assert_eq!(summary["alerts"]["total"], 0);
}

#[test]
fn every_unit_and_every_cause_of_loss_has_words_in_both_languages() {
    let (_, _, summary) = replay(vec![plain(0)], "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let causes = summary["losses"].as_object().unwrap().keys().cloned();
    let anomalies = Anomaly::ALL.iter().map(|anomaly| anomaly.name().to_owned());
    let is_labelled = |cause: &String| {
        FrameBucket::ALL.iter().any(|bucket| bucket.id() == cause)
            || LIMITS.iter().any(|limit| limit.counter == cause)
    };
    let words = causes
        .chain(anomalies)
        .filter(|cause| !is_labelled(cause))
        .map(|cause| format!("  'loss.{cause}': '"))
        .chain(LIMITS.iter().map(|limit| format!("  'unit.{}': '", limit.unit)));
    let words: Vec<String> = words.collect();

    for dictionary in ["web/ui/src/i18n/ja.ts", "web/ui/src/i18n/en.ts"] {
        let text = std::fs::read_to_string(root.join(dictionary)).unwrap();
        let missing: Vec<_> = words.iter().filter(|word| !text.contains(*word)).collect();
        assert!(missing.is_empty(), "{dictionary}: {missing:?}");
    }
}
