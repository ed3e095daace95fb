//! Drives a conversation in tests: with given octets, or with a capture's.
#![expect(clippy::print_stderr, reason = "a test that was not tried says so")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_model::app::{App, Facts};
use sekisho_model::{Protocol as IpProtocol, Timestamp};

use super::conversation::Conversation;
use super::parser::{Chunk, End};
use super::protocol::{Start, Transport, by_name};
use super::sheet::Event;
use crate::frame;

/// What a conversation handed out.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) app: App,
    pub(crate) events: Vec<Event>,
}

impl Seen {
    /// The transactions of a protocol.
    pub(crate) fn transactions(&self, protocol: &str) -> Vec<&Facts> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Transaction(one) if one.protocol == protocol => Some(&one.facts),
                _ => None,
            })
            .collect()
    }

    /// The anomalies.
    pub(crate) fn anomalies(&self) -> Vec<&'static str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Anomaly { event, .. } => Some(*event),
                Event::Transaction(_) => None,
            })
            .collect()
    }

    /// Every path that was written stands in the protocol's table.
    fn check(self) -> Self {
        for event in &self.events {
            if let Event::Transaction(one) = event {
                let rows = by_name(one.protocol).unwrap().facts;
                let also = one.also.iter().map(|also| (also.0, &also.1));
                for (protocol, facts) in also {
                    let rows = by_name(protocol).unwrap().facts;
                    for path in facts.paths() {
                        assert!(rows.iter().any(|row| row.path == path), "{protocol} {path}");
                    }
                }
                for path in one.facts.paths() {
                    assert!(rows.iter().any(|row| row.path == path), "{} {path}", one.protocol);
                }
            }
        }
        assert!(!self.anomalies().contains(&"parser_fault"), "{self:?}");
        self
    }
}

/// A whole conversation, a second between the chunks.
pub(crate) fn converse(transport: Transport, ports: [u16; 2], chunks: &[(End, &[u8])]) -> Seen {
    let mut conversation = Conversation::new(Start { transport, ports });
    let mut events = Vec::new();
    let mut at = Timestamp::from_seconds(1_767_225_600, 0);
    for (from, octets) in chunks {
        conversation.read(
            &Chunk {
                from: *from,
                at,
                octets,
                cut: 0,
            },
            &mut events,
        );
        at = at.plus(std::time::Duration::from_secs(1));
    }
    conversation.finish(at, &mut events);
    Seen {
        app: conversation.app().clone(),
        events,
    }
    .check()
}

/// The same with a TCP stream cut into single octets, which must change nothing but times.
pub(crate) fn in_single_octets(ports: [u16; 2], chunks: &[(End, &[u8])]) -> Seen {
    let octets: Vec<(End, &[u8])> = chunks
        .iter()
        .flat_map(|(from, octets)| octets.chunks(1).map(|octet| (*from, octet)))
        .collect();
    converse(Transport::Tcp, ports, &octets)
}

/// The capture `name` of the set, where the set is there. A test that gets none has said so.
pub(crate) fn capture(name: &str) -> Option<PathBuf> {
    let set = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = set.join(name);
    if !path.is_file() {
        eprintln!(
            "not tried: {} is absent (SEKISHO_CAPTURES says where captures are)",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// One flow of a capture.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) orig: (IpAddr, u16),
    pub(crate) resp: (IpAddr, u16),
    pub(crate) seen: Seen,
}

type Key = (u8, (IpAddr, u16), (IpAddr, u16));
/// Sequence number, whether the packet begins a stream, time, payload.
type Segment = (End, u32, bool, Timestamp, Vec<u8>);

/// The conversations of a capture, in the order of their first packets. A plain reading: the sender
/// of the first packet is the originator, TCP is put in order by sequence number once the capture
/// is read, and the order between the two ends is that of time.
pub(crate) fn flows_of(path: &std::path::Path) -> Vec<Flow> {
    let mut order: Vec<Key> = Vec::new();
    let mut packets: BTreeMap<Key, Vec<Segment>> = BTreeMap::new();
    let mut source = FileSource::open(&[path.to_path_buf()], Order::ByTime).unwrap();
    let mut batch = Batch::with_capacity(1000, 1 << 20);
    let mut fill = Fill::More;
    while fill == Fill::More {
        batch.clear();
        fill = source.fill(&mut batch);
        for packet in batch.iter() {
            let frame = frame::decode(packet.data, packet.linktype, packet.len);
            let Some(layer) = frame.innermost() else { continue };
            let ip = layer.ip;
            if !ip.has_ports || ip.payload.is_empty() && ip.tcp.is_none() {
                continue;
            }
            let from = (ip.source, ip.source_port);
            let to = (ip.destination, ip.destination_port);
            let mut key = (ip.protocol.0, from, to);
            let mut end = End::Orig;
            if packets.contains_key(&(ip.protocol.0, to, from)) {
                (key, end) = ((ip.protocol.0, to, from), End::Resp);
            }
            let list = packets.entry(key).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            let (sequence, syn) = ip
                .tcp
                .map_or((0, false), |tcp| (tcp.sequence, tcp.flags.has(0x02)));
            list.push((end, sequence, syn, packet.time, ip.payload.to_vec()));
        }
    }
    order
        .into_iter()
        .map(|key| {
            let (protocol, orig, resp) = key;
            Flow {
                orig,
                resp,
                seen: play(protocol, [orig.1, resp.1], &packets[&key]),
            }
        })
        .collect()
}

fn play(protocol: u8, ports: [u16; 2], segments: &[Segment]) -> Seen {
    let transport = if IpProtocol(protocol) == IpProtocol::TCP {
        Transport::Tcp
    } else {
        Transport::Udp
    };
    let mut conversation = Conversation::new(Start { transport, ports });
    let mut events = Vec::new();
    let mut next: [Option<u32>; 2] = [None, None];
    let mut waiting: Vec<&Segment> = Vec::new();
    for segment in segments {
        waiting.push(segment);
        if transport == Transport::Udp {
            deliver(&mut conversation, segment, 0, &mut events);
            continue;
        }
        // Whatever has its turn now, until nothing has.
        while let Some((at, skip)) = waiting.iter().enumerate().find_map(|(at, segment)| {
            let (end, sequence, syn, _, _) = segment;
            let first = sequence.wrapping_add(u32::from(*syn));
            let expected = *next[end.index()].get_or_insert(first);
            let ahead = first.wrapping_sub(expected).cast_signed();
            (ahead <= 0).then_some((at, ahead.unsigned_abs() as usize))
        }) {
            let segment = waiting.remove(at);
            let (end, .., octets) = segment;
            if octets.len() > skip {
                deliver(&mut conversation, segment, skip, &mut events);
                let new = u32::try_from(octets.len() - skip).unwrap();
                next[end.index()] = next[end.index()].map(|next| next.wrapping_add(new));
            }
        }
    }
    let at = segments.last().map_or(Timestamp::MIN, |segment| segment.3);
    conversation.finish(at, &mut events);
    Seen {
        app: conversation.app().clone(),
        events,
    }
    .check()
}

fn deliver(conversation: &mut Conversation, segment: &Segment, skip: usize, events: &mut Vec<Event>) {
    let (from, .., at, octets) = segment;
    if octets.len() > skip {
        conversation.read(
            &Chunk {
                from: *from,
                at: *at,
                octets: &octets[skip..],
                cut: 0,
            },
            events,
        );
    }
}
