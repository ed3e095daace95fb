//! What each parser costs by the length of what it reads: the protocol's own messages over and over,
//! and shapes that are made to hurt.
//!
//! `cargo xtask bench --parsers` counts the instructions of every case under callgrind and makes the
//! table of benches/README.md; `cargo bench --bench parsers` alone times them. Both want the folder
//! of captures in `SEKISHO_CAPTURES`. Cases are lines of protocol, shape, octets, chunks and nanoseconds.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

mod crafted;
mod shapes;
#[path = "../../tests/support/talks.rs"]
mod talks;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use sekisho::model::Timestamp;
use sekisho::wire::app::{Chunk, Conversation, End, Protocol, Start, by_name, protocols};
use shapes::SHAPES;
use talks::{Talk, talks};

/// The shortest input; each size is twice the one before.
const OCTETS: usize = 4096;
const SIZES: usize = 7;
/// Octets of a talk that stands for its protocol.
const TYPICAL: usize = 64;

fn main() {
    let captures = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"),
        PathBuf::from,
    );
    let only = std::env::var("PARSERS").unwrap_or_default();
    let is_wanted = |name: &str| only.is_empty() || only.split(',').any(|wanted| wanted == name);
    let heard = talks(&captures);
    for protocol in protocols().filter(|protocol| is_wanted(protocol.name)) {
        let talk = typical(protocol, &heard);
        if let Some(talk) = &talk {
            case(protocol, "exchange", talk.start, &talk.chunks, talk.octets());
            for (name, shape) in SHAPES {
                for octets in sizes() {
                    if let Some(chunks) = shape(talk, octets) {
                        case(protocol, name, talk.start, &chunks, octets);
                    }
                }
            }
        }
        for (name, start, shape) in crafted::of(protocol, talk.as_ref()) {
            for octets in sizes() {
                case(protocol, name, start, &shape(octets), octets);
            }
        }
    }
}

fn sizes() -> impl Iterator<Item = usize> {
    (0..SIZES).map(|doublings| OCTETS << doublings)
}

/// The talk of middle length among those in which both ends speak.
fn typical(protocol: &Protocol, heard: &[Talk]) -> Option<Talk> {
    let mut talks: Vec<&Talk> = heard
        .iter()
        .filter(|talk| talk.service == protocol.name)
        .collect();
    let speak = |talk: &&Talk, end| talk.chunks.iter().any(|(from, _)| *from == end);
    let both = |talk: &&Talk| speak(talk, End::Orig) && speak(talk, End::Resp) && talk.octets() >= TYPICAL;
    if talks.iter().any(both) {
        talks.retain(both);
    }
    talks.sort_by_key(|talk| talk.octets());
    talks.get(talks.len() / 2).map(|talk| (*talk).clone())
}

fn case(protocol: &'static Protocol, shape: &str, start: Start, chunks: &[(End, Vec<u8>)], octets: usize) {
    let begin = Instant::now();
    measured(protocol, start, chunks);
    let ns = begin.elapsed().as_nanos();
    println!("{} {shape} {octets} {} {ns}", protocol.name, chunks.len());
}

/// What is counted: callgrind knows it by its name. A conversation that is over is followed by
/// another one, so that everything is read.
#[inline(never)]
fn measured(protocol: &'static Protocol, start: Start, chunks: &[(End, Vec<u8>)]) {
    let protocol = by_name(protocol.name).unwrap_or(protocol);
    let mut conversation = Conversation::speaking(start, protocol);
    let mut events = Vec::new();
    for (from, octets) in chunks {
        let chunk = Chunk {
            from: *from,
            at: Timestamp::MIN,
            octets,
            cut: 0,
        };
        conversation.read(&chunk, &mut events);
        events.clear();
        if conversation.is_over() {
            conversation = Conversation::speaking(start, protocol);
        }
    }
    conversation.finish(Timestamp::MIN, &mut events);
    black_box((conversation, events));
}
