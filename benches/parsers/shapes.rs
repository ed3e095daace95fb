//! Shapes of an input that any protocol's talk can be given.

use sekisho::wire::app::{End, Transport};

use crate::talks::Talk;

pub(crate) type Chunks = Vec<(End, Vec<u8>)>;

/// A shape of so many octets; none where the talk cannot have it.
pub(crate) type Shape = fn(&Talk, usize) -> Option<Chunks>;

/// Octets of a segment.
const SEGMENT: usize = 1400;

/// Every shape.
pub(crate) const SHAPES: &[(&str, Shape)] = &[
    ("repeated", repeated),
    ("one-octet", one_octet),
    ("one-side", one_side),
    ("other-side", other_side),
    ("shortest", shortest),
    ("torn", torn),
    ("filled-a", |talk, octets| filled(talk, octets, b'a')),
    ("filled-0", |talk, octets| filled(talk, octets, 0)),
    ("filled-1", |talk, octets| filled(talk, octets, 1)),
    ("at-once", at_once),
];

/// Chunks over and over until there are so many octets.
pub(crate) fn cycle(chunks: &[(End, Vec<u8>)], octets: usize) -> Option<Chunks> {
    let mut left = octets;
    let mut all = Vec::new();
    if chunks.iter().all(|(_, octets)| octets.is_empty()) {
        return None;
    }
    for (from, said) in chunks.iter().cycle() {
        if left == 0 {
            break;
        }
        let length = said.len().min(left);
        left -= length;
        all.push((*from, said[..length].to_vec()));
    }
    Some(all)
}

/// The talk over and over.
fn repeated(talk: &Talk, octets: usize) -> Option<Chunks> {
    cycle(&talk.chunks, octets)
}

/// The same, an octet a segment.
fn one_octet(talk: &Talk, octets: usize) -> Option<Chunks> {
    if talk.start.transport == Transport::Udp {
        return None;
    }
    let slow = |(from, said): (End, Vec<u8>)| said.into_iter().map(move |octet| (from, vec![octet]));
    repeated(talk, octets).map(|all| all.into_iter().flat_map(slow).collect())
}

/// What the originator says, never answered.
fn one_side(talk: &Talk, octets: usize) -> Option<Chunks> {
    cycle(&of_end(talk, End::Orig), octets)
}

/// Answers to nothing.
fn other_side(talk: &Talk, octets: usize) -> Option<Chunks> {
    cycle(&of_end(talk, End::Resp), octets)
}

/// The talk, and then its shortest chunk over and over.
fn shortest(talk: &Talk, octets: usize) -> Option<Chunks> {
    let shortest = talk.chunks.iter().min_by_key(|(_, said)| said.len())?;
    after(talk, octets, |left| cycle(std::slice::from_ref(shortest), left))
}

/// The talk, and then every chunk without its second half.
fn torn(talk: &Talk, octets: usize) -> Option<Chunks> {
    let halves: Chunks = talk
        .chunks
        .iter()
        .map(|(from, said)| (*from, said[..said.len().div_ceil(2)].to_vec()))
        .collect();
    after(talk, octets, |left| cycle(&halves, left))
}

/// The beginning of the longest chunk of the originator, and then one octet without end.
fn filled(talk: &Talk, octets: usize, octet: u8) -> Option<Chunks> {
    let longest = of_end(talk, End::Orig)
        .into_iter()
        .max_by_key(|(_, said)| said.len())?;
    let mut said = longest.1;
    said.truncate((said.len() / 2).min(octets));
    said.resize(octets, octet);
    Some(
        said.chunks(SEGMENT)
            .map(|part| (End::Orig, part.to_vec()))
            .collect(),
    )
}

/// What each end says, run together into chunks as long as they get.
fn at_once(talk: &Talk, octets: usize) -> Option<Chunks> {
    let all = repeated(talk, octets)?;
    let mut ends = Vec::new();
    for end in [End::Orig, End::Resp] {
        let said: Vec<u8> = all
            .iter()
            .filter(|(from, _)| *from == end)
            .flat_map(|(_, said)| said.clone())
            .collect();
        ends.extend(said.chunks(60_000).map(|part| (end, part.to_vec())));
    }
    Some(ends)
}

fn of_end(talk: &Talk, end: End) -> Chunks {
    talk.chunks
        .iter()
        .filter(|(from, _)| *from == end)
        .cloned()
        .collect()
}

/// The talk once and then something else, so many octets in all.
fn after(talk: &Talk, octets: usize, then: impl Fn(usize) -> Option<Chunks>) -> Option<Chunks> {
    let mut all = cycle(&talk.chunks, talk.octets().min(octets))?;
    all.extend(then(octets.saturating_sub(talk.octets()))?);
    Some(all)
}
