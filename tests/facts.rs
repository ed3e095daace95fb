//! Names, fingerprints and versions of every capture of the labelled set, against what tshark and the
//! sources of the captures say.
//!
//! Compared as sets, lower case, without the last dot of a name. Left out: names that are not
//! printable ASCII, which tools print differently, and hosts that are multicast groups. Skips with a
//! sentence where the set is absent.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// Kind of fact, the oracle's key, and the places in an EVE line.
const FACTS: &[(&str, &str, &[&str])] = &[
    ("DNS name", "dns_query_names", &["/dns/queries"]),
    ("TLS server name", "tls_sni", &["/tls/sni", "/quic/sni"]),
    ("QUIC server name", "quic_sni", &["/tls/sni", "/quic/sni"]),
    ("JA3", "ja3", &["/tls/ja3/hash", "/quic/ja3/hash"]),
    ("HTTP host", "http_host", &["/http/hostname"]),
    ("HTTP user agent", "http_user_agent", &["/http/http_user_agent"]),
];

#[test]
fn every_name_that_tshark_finds_is_found() {
    let Some(folder) = support::captures() else { return };
    let labels: Value = read(&folder.join("labels.json"));
    let eve = tempfile::NamedTempFile::new().unwrap();
    let (mut missing, mut compared) = (Vec::new(), 0);
    for capture in labels["captures"].as_array().unwrap() {
        let file = capture["file"].as_str().unwrap();
        let oracle: Value = read(&folder.join(format!("oracle/{file}.json")));
        let path = folder.join(file);
        let (path, out) = (path.to_str().unwrap(), eve.path().to_str().unwrap());
        support::run(&["replay", path, "--eve", out, "--quiet"]);
        let events = support::read_eve(eve.path());
        for (kind, key, places) in FACTS {
            let wanted = wanted(&oracle, key);
            compared += wanted.len();
            let got = got(&events, places);
            missing.extend(
                wanted
                    .difference(&got)
                    .map(|value| format!("{file}: {kind} {value}")),
            );
        }
        // nDPI's JA4 is its own reading; the others are the authors'.
        if capture["source"]["repo"] != "ntop/nDPI" {
            let wanted = ja4(&oracle);
            compared += wanted.len();
            let got = got(&events, &["/tls/ja4", "/quic/ja4"]);
            missing.extend(
                wanted
                    .difference(&got)
                    .map(|value| format!("{file}: JA4 {value}")),
            );
        }
    }

    assert!(missing.is_empty(), "of {compared}: {}", missing.join("\n"));
    assert!(compared > 1000, "only {compared} facts were compared");
}

fn wanted(oracle: &Value, key: &str) -> BTreeSet<String> {
    let values = oracle[key].as_array().into_iter().flatten();
    values
        .filter_map(|value| value[0].as_str())
        .filter(|value| value.chars().all(|c| c.is_ascii_graphic() || c == ' '))
        .map(same)
        .map(|value| {
            if key == "http_host" {
                without_port(&value)
            } else {
                value
            }
        })
        .filter(|value| {
            !["239.", "[ff0", "ff0"]
                .iter()
                .any(|group| value.starts_with(group))
                && !value.contains("upnp")
        })
        .collect()
}

fn ja4(oracle: &Value) -> BTreeSet<String> {
    let values = oracle["expected_by_source"]["ja4"]
        .as_array()
        .into_iter()
        .flatten();
    values
        .flat_map(|entry| match &entry["ja4"] {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        })
        .filter_map(|value| value.as_str().map(same))
        .filter(|value| !value.is_empty())
        .collect()
}

fn got(events: &[Value], places: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for value in events
        .iter()
        .flat_map(|event| places.iter().filter_map(|place| event.pointer(place)))
    {
        match value {
            Value::String(text) => drop(found.insert(same(text))),
            Value::Array(queries) => {
                found.extend(
                    queries
                        .iter()
                        .filter_map(|query| query["rrname"].as_str())
                        .map(same),
                );
            }
            _ => {}
        }
    }
    found
}

fn same(value: &str) -> String {
    value.to_lowercase().trim_end_matches('.').to_owned()
}

/// Without a port, as EVE has it; an IPv6 address has more than one colon.
fn without_port(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name.to_owned(),
        _ => host.to_owned(),
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
