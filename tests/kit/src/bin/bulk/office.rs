//! Office-like traffic between two networks of 2,500 hosts each over two minutes.
//!
//! Of ten conversations five are TLS-like, two HTTP-like, one a file transfer, two DNS.

use sekisho_kit::{Conversation, Endpoint, Exchange, Packet, Random};

use crate::interleave::{Interleave, starts};
use crate::{BEGIN_NS, SECOND_NS};

/// Conversations begin within this time.
const SPAN_NS: u64 = 120 * SECOND_NS;
/// So many conversations tell how many packets one has.
const SAMPLE: u64 = 2_000;

pub(crate) fn packets(count: u64) -> impl Iterator<Item = Packet> {
    let mut random = Random::new(20_261_104);
    let mut sample = random.fork("sample");
    let sampled: usize = (0..SAMPLE).map(|_| conversation(0, &mut sample).len()).sum();
    let conversations = (count * SAMPLE / sampled as u64).max(1);
    let starts = starts(BEGIN_NS, SPAN_NS / conversations, random.fork("starts"));
    Interleave::new(starts, move |start| conversation(start, &mut random))
}

fn conversation(start: u64, random: &mut Random) -> Vec<Packet> {
    let host = |random: &mut Random, net: u64| {
        format!("10.{net}.{}.{}", random.between(0, 9), random.between(1, 250))
    };
    let port = u16::try_from(random.between(32_768, 60_999)).unwrap_or(40_000);
    let client = Endpoint::new(&host(random, 40), port);
    let server = host(random, 50);
    let kind = random.between(0, 9);
    if kind >= 8 {
        let (query, answer) = (random.octets(40), random.octets(90));
        return Exchange::new(client, Endpoint::new(&server, 53))
            .query(&query)
            .answer(&answer)
            .play(start, random);
    }
    let (port, up, down) = match kind {
        0..=4 => (443, random.between(500, 3_000), random.between(2_000, 20_000)),
        5 | 6 => (80, random.between(200, 800), random.between(500, 8_000)),
        _ => (445, random.between(1_000, 5_000), random.between(50_000, 200_000)),
    };
    let octets = |count: u64| vec![0x5a; usize::try_from(count).unwrap_or(0)];
    Conversation::new(client, Endpoint::new(&server, port))
        .request(&octets(up))
        .response(&octets(down))
        .play(start, random)
}
