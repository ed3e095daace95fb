//! How the targets that want a conversation read one from a run of octets.
//!
//! ```text
//! input = protocol (1 octet), transport and options (1), ports (2 and 2, big-endian), record ...
//! record = kind (1), length (2, big-endian), octets (length, or what is left; none for a gap)
//! ```
//!
//! As in [`crate::records`], no input is wrong.

use sekisho_model::Timestamp;
use sekisho_model::app::{Event, Fact, Facts};
use sekisho_wire::app::{
    Chunk, Conversation, End, MAX_BUFFER, Protocol, Start, Transport, by_name, protocols,
};

/// What a conversation begins with.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Which protocol, for the target that names it.
    pub protocol: &'static str,
    /// The flow.
    pub start: Start,
    /// Whether every chunk of a stream comes octet by octet.
    pub is_slow: bool,
}

/// One step of a conversation.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// An end says something, of which so many octets were not captured.
    Says(End, &'a [u8], usize),
    /// So many octets of an end were lost.
    Loses(End, u64),
}

/// Bit of a record's kind that says who.
const RESP: u8 = 1;
/// Kinds, above it.
const GAP: u8 = 7;
const CUT: u8 = 6;

/// Reads an input's beginning.
#[must_use]
pub fn head(input: &[u8]) -> (Head, &[u8]) {
    let (&[index, options, p0, p1, q0, q1], rest) = input.split_first_chunk().unwrap_or((&[0; 6], &[]));
    let all: Vec<&'static Protocol> = protocols().collect();
    let protocol = all[usize::from(index) % all.len()];
    let transport = match options & 1 {
        0 => Transport::Tcp,
        _ => Transport::Udp,
    };
    let head = Head {
        protocol: protocol.name,
        start: Start {
            transport,
            ports: [u16::from_be_bytes([p0, p1]), u16::from_be_bytes([q0, q1])],
        },
        is_slow: options & 2 != 0 && transport == Transport::Tcp,
    };
    (head, rest)
}

/// The steps that follow.
pub fn steps(mut rest: &[u8]) -> impl Iterator<Item = Step<'_>> {
    std::iter::from_fn(move || {
        let (&[kind, l0, l1], after) = rest.split_first_chunk()?;
        let from = if kind & RESP == 0 { End::Orig } else { End::Resp };
        let length = u16::from_be_bytes([l0, l1]);
        rest = after;
        if (kind >> 1) & 7 == GAP {
            return Some(Step::Loses(from, u64::from(length)));
        }
        let (octets, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        let cut = if (kind >> 1) & 7 == CUT { 100 } else { 0 };
        Some(Step::Says(from, octets, cut))
    })
}

/// Writes an input that [`head`] and [`steps`] read.
#[must_use]
pub fn written(protocol: &str, start: &Start, chunks: &[(End, Vec<u8>)]) -> Vec<u8> {
    let index = protocols().position(|row| row.name == protocol).unwrap_or(0);
    let mut input = vec![
        u8::try_from(index).unwrap_or(0),
        u8::from(start.transport == Transport::Udp),
    ];
    for port in start.ports {
        input.extend(port.to_be_bytes());
    }
    for (from, octets) in chunks {
        let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
        input.push(if *from == End::Resp { RESP } else { 0 });
        input.extend(length.to_be_bytes());
        input.extend(&octets[..usize::from(length)]);
    }
    input
}

/// Lets a conversation hear everything, and checks what must hold for any.
pub fn play(mut conversation: Conversation, head: &Head, rest: &[u8]) {
    let mut events = Vec::new();
    let mut heard = 0;
    let mut seconds = 1_767_225_600;
    for step in steps(rest) {
        seconds += 1;
        let at = Timestamp::from_seconds(seconds, 0);
        let was_over = conversation.is_over();
        match step {
            Step::Loses(from, octets) => conversation.gap(from, octets, at, &mut events),
            Step::Says(from, octets, cut) => {
                heard += octets.len();
                let (size, cut) = match head.start.transport {
                    Transport::Tcp if head.is_slow => (1, 0),
                    Transport::Tcp => (octets.len().max(1), 0),
                    Transport::Udp => (octets.len().max(1), cut),
                };
                for octets in octets.chunks(size) {
                    let chunk = Chunk {
                        from,
                        at,
                        octets,
                        cut,
                    };
                    conversation.read(&chunk, &mut events);
                }
            }
        }
        assert!(!was_over || conversation.is_over(), "it goes on after its end");
        assert!(
            conversation.held() <= 8 * MAX_BUFFER,
            "{} held",
            conversation.held()
        );
    }
    conversation.finish(Timestamp::from_seconds(seconds, 0), &mut events);
    assert!(conversation.is_over() && conversation.held() == 0);
    assert!(
        events.len() <= 64 + heard,
        "{} events of {heard} octets",
        events.len()
    );
    for event in &events {
        match event {
            Event::Transaction(one) => {
                let rows = by_name(one.protocol).expect("a protocol of the list").facts;
                for path in one.facts.paths() {
                    assert!(rows.iter().any(|row| row.path == path), "{} {path}", one.protocol);
                }
                let size = size(&one.facts);
                assert!(size <= 4 * MAX_BUFFER, "{size} octets of {}", one.protocol);
            }
            Event::Anomaly { event, .. } => assert_ne!(*event, "parser_fault"),
        }
    }
    let names: usize = conversation
        .app()
        .essentials
        .iter()
        .map(|named| named.value.len())
        .sum();
    assert!(names <= MAX_BUFFER, "{names} octets in essentials");
}

/// Octets of a tree of facts, keys counted as one.
fn size(facts: &Facts) -> usize {
    weight(facts.into())
}

fn weight(fact: Fact<'_>) -> usize {
    match fact {
        Fact::Text(text) => text.len(),
        Fact::List(list) => list.iter().map(|fact| 1 + weight(fact)).sum(),
        Fact::Group(facts) => facts.iter().map(|(_, fact)| 1 + weight(fact)).sum(),
        _ => 8,
    }
}
