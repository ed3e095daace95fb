//! Writes a large capture for measuring: `bulk KIND FILE PACKETS`.
//!
//! The same octets on every run. Packets go to the file as they are made, so memory is bounded by the flows
//! that are open at one time; `mix` also holds the captures that it replicates.

mod flood;
mod interleave;
mod live;
mod mix;
mod office;
mod rewrite;
mod small;
mod source;
mod transfers;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use sekisho_kit::{Capture, Packet, PcapWriter};

/// 2026-11-04T00:00:00Z, when every capture begins.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Packets in order of time, as many as one likes or as there are.
type Packets = Box<dyn Iterator<Item = Packet>>;

struct Kind {
    name: &'static str,
    about: &'static str,
    /// The packets of a capture that will have about so many.
    packets: fn(u64) -> Result<Packets, String>,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "office",
        about: "TLS-like, HTTP-like, file transfers and DNS between two networks, over two minutes",
        packets: |packets| Ok(Box::new(office::packets(packets))),
    },
    Kind {
        name: "small",
        about: "60-octet frames, flows of five packets, 70 % TCP, the rest UDP, over ten seconds",
        packets: |packets| Ok(Box::new(small::packets(packets))),
    },
    Kind {
        name: "bulk",
        about: "200 TCP transfers in frames of 1514 octets",
        packets: |packets| Ok(Box::new(transfers::Transfers::new(packets))),
    },
    Kind {
        name: "mix",
        about: "the Ethernet captures in SEKISHO_CAPTURES over and over, host parts of addresses rewritten",
        packets: |packets| Ok(Box::new(mix::packets(packets)?)),
    },
    Kind {
        name: "syn-flood",
        about: "SYNs from made-up addresses, one a microsecond, around up to 5,000 whole connections",
        packets: |packets| Ok(Box::new(flood::packets(packets))),
    },
    Kind {
        name: "live-10k",
        about: "60-octet UDP in random order over 10,000 flows that stay open",
        packets: |_| Ok(Box::new(live::Live::new(10_000, live::random_pair))),
    },
    Kind {
        name: "live-1m",
        about: "the same over 1,000,000 flows",
        packets: |_| Ok(Box::new(live::Live::new(1_000_000, live::random_pair))),
    },
    Kind {
        name: "collide",
        about: "the same over 1,000,000 flows whose addresses and ports all give one exclusive or",
        packets: |_| Ok(Box::new(live::Live::new(1_000_000, live::colliding_pair))),
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, file, packets] = &arguments[..] else {
        return refuse(&usage());
    };
    let Some(kind) = KINDS.iter().find(|known| known.name == kind) else {
        return refuse(&format!("no kind is called {kind}\n{}", usage()));
    };
    let Ok(count) = packets.replace('_', "").parse::<u64>() else {
        return refuse(&format!("PACKETS is a number, not {packets}"));
    };
    let packets = match (kind.packets)(count) {
        Ok(packets) => packets.take(usize::try_from(count).unwrap_or(usize::MAX)),
        Err(why) => return refuse(&why),
    };
    match File::create(file).and_then(|file| write(BufWriter::with_capacity(1 << 20, file), packets)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("cannot write {file}: {error}")),
    }
}

fn usage() -> String {
    let mut text = "usage: bulk KIND FILE PACKETS".to_owned();
    for kind in KINDS {
        text += &format!("\n  {:<10} {}", kind.name, kind.about);
    }
    text
}

fn refuse(why: &str) -> ExitCode {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::from(2)
}

/// Writes classic pcap with microseconds, little-endian, one record at a time.
fn write(mut out: impl Write, packets: impl Iterator<Item = Packet>) -> io::Result<()> {
    out.write_all(&PcapWriter::default().write(&Capture::new()))?;
    for packet in packets {
        let fields = [
            packet.time_ns / SECOND_NS,
            packet.time_ns % SECOND_NS / 1_000,
            packet.octets.len() as u64,
            u64::from(packet.original_len),
        ];
        for field in fields {
            let field = u32::try_from(field).map_err(|_| io::Error::other("a field above 32 bits"))?;
            out.write_all(&field.to_le_bytes())?;
        }
        out.write_all(&packet.octets)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_of_the_pcap_writer() {
        let packets: Vec<Packet> = office::packets(100).take(100).collect();
        let mut file = Vec::new();

        write(&mut file, packets.iter().cloned()).unwrap();

        assert_eq!(file, PcapWriter::default().write(&Capture { packets }));
    }

    #[test]
    fn every_generated_kind_is_in_order_of_time_and_the_same_every_time() {
        for kind in KINDS.iter().filter(|kind| kind.name != "mix") {
            let make = || (kind.packets)(20_000).unwrap().take(20_000).collect::<Vec<_>>();

            let packets = make();

            assert_eq!(packets.len(), 20_000, "{}", kind.name);
            assert!(packets.is_sorted_by_key(|packet| packet.time_ns), "{}", kind.name);
            assert!(packets == make(), "{}", kind.name);
        }
    }
}
