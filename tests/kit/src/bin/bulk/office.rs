//! Writes a large capture for measuring: `bulk FILE PACKETS`.
//!
//! Office-like traffic between ten thousand pairs of hosts over two minutes: of ten conversations
//! five are TLS-like, two HTTP-like, one a file transfer, two DNS. The same file on every run.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use sekisho_kit::pcap::PcapWriter;
use sekisho_kit::{Capture, Conversation, Endpoint, Exchange, Packet, Random};

/// Conversations begin within this time.
const SPAN_NS: u64 = 120_000_000_000;
/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, packets] = &arguments[..] else {
        return refuse("usage: bulk FILE PACKETS");
    };
    let Ok(packets) = packets.parse::<usize>() else {
        return refuse(&format!("PACKETS is a number, not {packets}"));
    };
    let octets = PcapWriter::default().write(&capture(packets));
    match std::fs::write(PathBuf::from(file), octets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("cannot write {file}: {error}")),
    }
}

fn refuse(why: &str) -> ExitCode {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(2)
}

fn capture(packets: usize) -> Capture {
    let mut random = Random::new(20_261_104);
    let mut all: Vec<Packet> = Vec::with_capacity(packets + 1000);
    while all.len() < packets {
        let start = BEGIN_NS + random.between(0, SPAN_NS);
        all.extend(conversation(start, &mut random));
    }
    all.sort_by_key(|packet| packet.time_ns);
    all.truncate(packets);
    Capture { packets: all }
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
