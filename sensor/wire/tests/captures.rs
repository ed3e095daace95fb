//! Every capture of the labelled set gives the conversations that tshark sees in it: those of the
//! outermost transport layer, and those of the innermost one, with the number of their packets.
//!
//! tshark puts fragments together and this crate does not, so between two hosts that sent fragments
//! there may be fewer packets here. The set is looked for in `SEKISHO_CAPTURES`, else beside the work
//! tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_model::Protocol;
use sekisho_wire::{Frame, Layer, decode};
use serde_json::Value;

/// A capture whose innermost conversations tshark does not show: it reads Teredo on port 3544, and
/// most of this one goes through a relay at another port. Zeek's test of the same file has the same
/// connection as [`RELAYED`].
const TEREDO: &str = "encap/zeek-Teredo.pcap";
const RELAYED: [(&str, &str); 2] = [
    ("2001:0:4137:9e50:8000:f12a:b9c8:2815", "1286"),
    ("2001:4860:0:2001::68", "80"),
];

/// One end: address and port.
type End = (String, String);
/// Protocol and both ends, the lower one first.
type Conversation = (String, [End; 2]);
/// Packets of every conversation.
type Conversations = BTreeMap<Conversation, u64>;

/// What this crate sees in a capture.
#[derive(Default)]
struct Seen {
    outer: Conversations,
    inner: Conversations,
    /// Pairs of hosts that sent fragments.
    fragmented: BTreeSet<[String; 2]>,
}

#[test]
fn every_capture_of_the_set_gives_the_conversations_that_tshark_sees() {
    let Some(folder) = captures() else { return };
    let labels = json(&folder.join("labels.json"));
    let mut wrong = Vec::new();
    for capture in labels["captures"].as_array().unwrap() {
        let name = capture["file"].as_str().unwrap();
        let oracle = json(&folder.join("oracle").join(format!("{name}.json")));
        if oracle["flow_list_complete"] != true {
            continue;
        }
        let outer = &oracle["flow_list"];
        let inner = oracle.get("flow_list_innermost").unwrap_or(outer);
        let seen = read(&folder.join(name));
        compare(name, &seen.outer, &listed(outer), &seen, &mut wrong);
        if name != TEREDO {
            compare(name, &seen.inner, &listed(inner), &seen, &mut wrong);
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_teredo_relay_is_opened_on_any_port() {
    let Some(folder) = captures() else { return };

    let seen = read(&folder.join(TEREDO));

    let [one, other] = RELAYED.map(|(address, port)| (address.to_owned(), port.to_owned()));
    assert_eq!(seen.inner.get(&ordered("tcp", one, other)), Some(&22));
}

fn compare(name: &str, seen: &Conversations, expected: &Conversations, all: &Seen, wrong: &mut Vec<String>) {
    let keys: BTreeSet<&Conversation> = seen.keys().chain(expected.keys()).collect();
    for key in keys {
        let [got, want] = [seen, expected].map(|list| list.get(key).copied().unwrap_or(0));
        let (_, [one, other]) = key;
        let fragmented = all.fragmented.contains(&[one.0.clone(), other.0.clone()]);
        if got > want || got < want && !fragmented {
            wrong.push(format!("{name}: {key:?}: {got} packets, tshark says {want}"));
        }
    }
}

fn read(path: &Path) -> Seen {
    let mut source = FileSource::open(&[path.to_owned()], Order::ByTime)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut batch = Batch::with_capacity(100, 1 << 20);
    let mut seen = Seen::default();
    loop {
        let fill = source.fill(&mut batch);
        for packet in batch.iter() {
            seen.add(&decode(packet.data, packet.linktype, packet.len));
        }
        batch.clear();
        if fill == Fill::End {
            return seen;
        }
    }
}

impl Seen {
    fn add(&mut self, frame: &Frame<'_>) {
        let Some(innermost) = frame.innermost() else {
            return;
        };
        if let Some(part) = frame.layers.iter().find(|layer| layer.ip.fragment.is_some()) {
            let mut hosts = [part.ip.source.to_string(), part.ip.destination.to_string()];
            hosts.sort();
            self.fragmented.insert(hosts);
            return;
        }
        let transport = frame.layers.iter().find(|layer| word(layer.ip.protocol) != "ip");
        *self
            .outer
            .entry(conversation(transport.unwrap_or(innermost)))
            .or_default() += 1;
        *self.inner.entry(conversation(innermost)).or_default() += 1;
    }
}

fn conversation(layer: &Layer<'_>) -> Conversation {
    let ip = &layer.ip;
    let port = |port: u16| {
        if ip.protocol.has_ports() {
            port.to_string()
        } else {
            String::new()
        }
    };
    ordered(
        word(ip.protocol),
        (ip.source.to_string(), port(ip.source_port)),
        (ip.destination.to_string(), port(ip.destination_port)),
    )
}

/// The protocols that the oracles tell apart.
fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::TCP => "tcp",
        Protocol::UDP => "udp",
        Protocol::SCTP => "sctp",
        Protocol::ICMP => "icmp",
        Protocol::ICMPV6 => "icmpv6",
        _ => "ip",
    }
}

fn ordered(protocol: &str, one: End, other: End) -> Conversation {
    let mut ends = [one, other];
    ends.sort();
    (protocol.to_owned(), ends)
}

fn listed(list: &Value) -> Conversations {
    let mut out = Conversations::new();
    for row in list.as_array().unwrap() {
        let text = |column: usize| row[column].as_str().unwrap().to_owned();
        let key = ordered(&text(0), (text(1), text(2)), (text(3), text(4)));
        *out.entry(key).or_default() += row[5].as_u64().unwrap();
    }
    out
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what was not tested"
)]
fn captures() -> Option<PathBuf> {
    let folder = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    if folder.join("labels.json").exists() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no captures in {}; set SEKISHO_CAPTURES to their folder",
        folder.display()
    );
    None
}
