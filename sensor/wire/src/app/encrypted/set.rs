//! The capture set against what tshark and the captures' own projects read in it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::app::sheet::Event;
use crate::app::test;

type Set = BTreeSet<String>;

/// What was found of what was wanted, and the misses.
#[derive(Debug, Default)]
struct Score {
    right: usize,
    wanted: usize,
    missing: Vec<String>,
}

impl Score {
    fn add(&mut self, file: &str, got: &Set, want: &Set) {
        self.right += want.intersection(got).count();
        self.wanted += want.len();
        let missing = want.difference(got);
        self.missing.extend(missing.map(|one| format!("{file}: {one}")));
    }

    fn is_good(&self, percent: usize) -> bool {
        self.wanted > 100 && self.right * 100 >= self.wanted * percent || self.right == self.wanted
    }
}

/// The first column of an oracle's list, as the comparison writes names.
fn column(oracle: &Value, key: &str) -> Set {
    let rows = oracle[key].as_array().into_iter().flatten();
    rows.filter_map(|row| row[0].as_str()).map(low).collect()
}

fn low(word: &str) -> String {
    word.to_lowercase().trim_end_matches('.').to_owned()
}

/// Values at a path of the transactions of TLS and QUIC.
fn values(events: &[Event], path: &str) -> Set {
    let facts = events.iter().filter_map(|event| match event {
        Event::Transaction(one) if matches!(one.protocol, "tls" | "quic") => Some(&one.facts),
        _ => None,
    });
    facts.filter_map(|facts| facts.text(path)).map(low).collect()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn names_and_fingerprints_of_the_capture_set_are_those_of_other_tools() {
    let Some(labels) = test::capture("labels.json") else {
        return;
    };
    let root = labels.parent().unwrap();
    let [mut sni, mut ja3, mut ja3s, mut ja4] = [(); 4].map(|()| Score::default());
    for one in read(&labels)["captures"].as_array().unwrap() {
        let file = one["file"].as_str().unwrap();
        let oracle = root.join("oracle").join(format!("{file}.json"));
        if !oracle.is_file() {
            continue;
        }
        let oracle = read(&oracle);
        let want_sni = column(&oracle, "tls_sni");
        // tshark's list holds the fingerprints of QUIC's clients too.
        let [want_ja3, want_ja3s] = match oracle["quic_packets"].as_u64() {
            Some(1..) => [Set::new(), Set::new()],
            _ => ["ja3", "ja3s"].map(|key| column(&oracle, key)),
        };
        let rows = oracle["expected_by_source"]["ja4"]
            .as_array()
            .into_iter()
            .flatten();
        // nDPI's own JA4 differs from the definition in the version of drafts and in ALPN.
        let is_opinion = one["source"]["repo"] == "ntop/nDPI";
        let want_ja4: Set = rows
            .filter(|_| !is_opinion)
            .flat_map(|row| match &row["ja4"] {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            })
            .filter_map(|one| one.as_str().map(low))
            .collect();
        if want_sni.is_empty() && want_ja3.is_empty() && want_ja4.is_empty() {
            continue;
        }
        let flows = test::flows_of(&root.join(file));
        let events: Vec<Event> = flows.into_iter().flat_map(|flow| flow.seen.events).collect();
        sni.add(file, &values(&events, "sni"), &want_sni);
        ja3s.add(file, &values(&events, "ja3s.hash"), &want_ja3s);
        ja3.add(file, &values(&events, "ja3.hash"), &want_ja3);
        ja4.add(file, &values(&events, "ja4"), &want_ja4);
    }
    assert!(sni.is_good(100), "names: {sni:?}");
    assert!(ja4.is_good(100), "JA4: {ja4:?}");
    // What TLS is spoken inside of, MySQL and an HTTP proxy here, has to be read to find it.
    assert!(ja3.is_good(98), "JA3: {ja3:?}");
    assert!(ja3s.is_good(98), "JA3S: {ja3s:?}");
}
