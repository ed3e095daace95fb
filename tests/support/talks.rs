//! What was said in the captures of a folder: the payload of their flows, by protocol.
//!
//! Seeds of the fuzz targets and inputs of the cost table are made of it. A plain reading: the sender
//! of the first packet is the originator, and a TCP stream is followed as long as its segments come
//! in their turn.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_model::{Protocol as IpProtocol, Timestamp};
use sekisho_wire::app::{Chunk, Conversation, End, Start, Transport};
use sekisho_wire::frame;

/// Octets of a flow that are kept.
const OCTETS: usize = 32 * 1024;
/// Chunks of a flow that are kept.
const CHUNKS: usize = 200;

/// What one flow said.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) start: Start,
    /// Name of the protocol.
    pub(crate) service: &'static str,
    pub(crate) chunks: Vec<(End, Vec<u8>)>,
}

impl Talk {
    /// Octets of both ends.
    pub(crate) fn octets(&self) -> usize {
        self.chunks.iter().map(|(_, octets)| octets.len()).sum()
    }
}

/// The talks of every capture below a folder whose protocol is recognised, in the order of the
/// files' names.
pub(crate) fn talks(folder: &Path) -> Vec<Talk> {
    let mut found = Vec::new();
    for file in files(folder) {
        if let Ok(mut source) = FileSource::open(&[file], Order::AsGiven) {
            found.extend(flows(&mut source).into_iter().filter_map(recognised));
        }
    }
    found
}

/// Files of a folder and of those in it, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let (folders, mut files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| self::files(folder)));
    files
}

type Key = (IpProtocol, (IpAddr, u16), (IpAddr, u16));

/// A flow, and the sequence numbers that its ends go on with.
struct Heard {
    talk: Talk,
    next: [Option<u32>; 2],
}

fn flows(source: &mut FileSource) -> Vec<Talk> {
    let mut order: Vec<Heard> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut batch = Batch::with_capacity(1000, 1 << 20);
    let mut fill = Fill::More;
    while fill == Fill::More {
        batch.clear();
        fill = source.fill(&mut batch);
        for packet in batch.iter() {
            let frame = frame::decode(packet.data, packet.linktype, packet.len);
            let Some(ip) = frame.innermost().map(|layer| layer.ip).filter(|ip| ip.has_ports) else {
                continue;
            };
            let transport = match ip.protocol {
                IpProtocol::TCP => Transport::Tcp,
                IpProtocol::UDP => Transport::Udp,
                _ => continue,
            };
            let (from, to) = ((ip.source, ip.source_port), (ip.destination, ip.destination_port));
            let (place, end) = match places.get(&(ip.protocol, to, from)) {
                Some(place) => (*place, End::Resp),
                None => {
                    let place = *places.entry((ip.protocol, from, to)).or_insert(order.len());
                    (place, End::Orig)
                }
            };
            if place == order.len() {
                let start = Start {
                    transport,
                    ports: [from.1, to.1],
                };
                order.push(Heard {
                    talk: Talk {
                        start,
                        service: "",
                        chunks: Vec::new(),
                    },
                    next: [None, None],
                });
            }
            let heard = &mut order[place];
            if let Some(tcp) = ip.tcp {
                let first = tcp.sequence.wrapping_add(u32::from(tcp.flags.has(0x02)));
                let next = &mut heard.next[end.index()];
                let length = u32::try_from(ip.payload.len()).unwrap_or_default();
                if *next.get_or_insert(first) != first {
                    continue;
                }
                *next = Some(first.wrapping_add(length));
            }
            let talk = &mut heard.talk;
            if !ip.payload.is_empty() && talk.chunks.len() < CHUNKS && talk.octets() < OCTETS {
                talk.chunks.push((end, ip.payload.to_vec()));
            }
        }
    }
    order.into_iter().map(|heard| heard.talk).collect()
}

/// The talk with its protocol, where that is found.
fn recognised(mut talk: Talk) -> Option<Talk> {
    let mut conversation = Conversation::new(talk.start);
    let mut events = Vec::new();
    for (from, octets) in &talk.chunks {
        let chunk = Chunk {
            from: *from,
            at: Timestamp::MIN,
            octets,
            cut: 0,
        };
        conversation.read(&chunk, &mut events);
    }
    conversation.finish(Timestamp::MIN, &mut events);
    talk.service = conversation.app().service;
    (!talk.service.is_empty()).then_some(talk)
}
