//! The practical ceiling: `ceiling FILE` reads a pcap file, finds each packet's 5-tuple and counts it in a table.
//!
//! What every flow monitor must do at least, and nothing else: no timeouts, no states, no tunnels, no checks, no
//! records. Plain Ethernet, VLAN tags, IPv4, IPv6 with extension headers, TCP, UDP and SCTP; little-endian pcap.
//! Reads into a page-aligned buffer, and touches the table for 32 packets before it counts them, so that their
//! cache misses overlap.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::process::ExitCode;

const PAGE: usize = 4096;
const BUFFER: usize = 1 << 20;
const BATCH: usize = 32;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file] = &arguments[..] else {
        return refuse("usage: ceiling FILE");
    };
    let mut counter = Counter::new();
    match File::open(file).and_then(|file| walk(file, |packet| counter.take(packet))) {
        Ok(()) => {
            counter.drain();
            let (packets, other, flows) = (counter.packets, counter.other, counter.table.flows);
            let told = writeln!(io::stdout(), "packets {packets}\nother {other}\nflows {flows}");
            ExitCode::from(u8::from(told.is_err()))
        }
        Err(error) => refuse(&format!("{file}: {error}")),
    }
}

fn refuse(why: &str) -> ExitCode {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::from(2)
}

struct Packet<'a> {
    octets: &'a [u8],
    len: u32,
    time: u64,
}

/// Calls `each` with every packet of the file.
fn walk(mut file: impl Read, mut each: impl FnMut(&Packet<'_>)) -> io::Result<()> {
    let mut space = vec![0; BUFFER + PAGE];
    let aligned = space.as_ptr().align_offset(PAGE);
    let buffer = &mut space[aligned..][..BUFFER];
    let mut start = 24;
    let mut end = 0;
    let mut known = false;
    loop {
        let read = file.read(&mut buffer[end..])?;
        if read == 0 {
            return Ok(());
        }
        end += read;
        if !known && end >= 24 {
            if ![0xa1b2_c3d4, 0xa1b2_3c4d].contains(&little(buffer, 0)) {
                return Err(io::Error::other("no little-endian pcap file"));
            }
            known = true;
        }
        while known && start + 16 <= end {
            let caplen = little(buffer, start + 8) as usize;
            if caplen > BUFFER / 2 {
                return Err(io::Error::other("a packet longer than 512 KiB"));
            }
            let Some(octets) = buffer[..end].get(start + 16..start + 16 + caplen) else {
                break;
            };
            each(&Packet {
                octets,
                len: little(buffer, start + 12),
                time: u64::from(little(buffer, start)) << 32 | u64::from(little(buffer, start + 4)),
            });
            start += 16 + caplen;
        }
        if known {
            // What is left moves to where its end is the end of a page: a read that begins elsewhere is slower.
            let left = end - start;
            let to = left.next_multiple_of(PAGE) - left;
            buffer.copy_within(start..end, to);
            (start, end) = (to, to + left);
        }
    }
}

fn little(octets: &[u8], at: usize) -> u32 {
    octets[at..]
        .first_chunk()
        .map_or(0, |octets| u32::from_le_bytes(*octets))
}

/// Addresses in order, ports, protocol and IP version; all zero in an empty entry.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Key {
    addresses: [u64; 4],
    ports: u32,
    protocol: u32,
}

impl Key {
    fn hash(&self) -> u64 {
        let [a, b, c, d] = self.addresses;
        let first = folded(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xbf58_476d_1ce4_e5b9);
        let second = folded(c ^ 0x94d0_49bb_1331_11eb, d ^ 0xd6e8_feb8_6659_fd93);
        let rest = u64::from(self.ports) << 32 | u64::from(self.protocol);
        folded(first ^ rest, second ^ 0xa076_1d64_78bd_642f)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "both halves are what is asked for"
)]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// One flow: both directions, two cache lines.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Flow {
    key: Key,
    packets: [u32; 2],
    octets: [u64; 2],
    first: u64,
    last: u64,
    flags: [u8; 2],
}

/// Open addressing, doubled at seven tenths.
struct Table {
    entries: Vec<Flow>,
    flows: usize,
}

/// A packet on its way to the table.
#[derive(Clone, Copy, Default)]
struct Counted {
    key: Key,
    hash: u64,
    direction: usize,
    flags: u8,
    len: u32,
    time: u64,
}

impl Table {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the low bits are what is asked for"
    )]
    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    fn count(&mut self, packet: &Counted) {
        let mut place = self.place(packet.hash);
        let mask = self.entries.len() - 1;
        loop {
            let flow = &mut self.entries[place];
            let known = flow.key == packet.key;
            if known || flow.key.protocol == 0 {
                if !known {
                    flow.key = packet.key;
                    flow.first = packet.time;
                }
                flow.packets[packet.direction] += 1;
                flow.octets[packet.direction] += u64::from(packet.len);
                flow.flags[packet.direction] |= packet.flags;
                flow.last = packet.time;
                if !known {
                    self.flows += 1;
                    if self.flows * 10 > mask * 7 {
                        self.grow();
                    }
                }
                return;
            }
            place = (place + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Flow::default(); self.entries.len() * 2];
        let old = std::mem::replace(&mut self.entries, larger);
        let mask = self.entries.len() - 1;
        for flow in old.iter().filter(|flow| flow.key.protocol != 0) {
            let mut place = self.place(flow.key.hash());
            while self.entries[place].key.protocol != 0 {
                place = (place + 1) & mask;
            }
            self.entries[place] = *flow;
        }
    }
}

struct Counter {
    table: Table,
    batch: [Counted; BATCH],
    filled: usize,
    packets: u64,
    other: u64,
}

impl Counter {
    fn new() -> Self {
        Self {
            table: Table {
                entries: vec![Flow::default(); 1 << 16],
                flows: 0,
            },
            batch: [Counted::default(); BATCH],
            filled: 0,
            packets: 0,
            other: 0,
        }
    }

    fn take(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        let Some((key, direction, flags)) = tuple(packet.octets) else {
            self.other += 1;
            return;
        };
        self.batch[self.filled] = Counted {
            key,
            hash: key.hash(),
            direction,
            flags,
            len: packet.len,
            time: packet.time,
        };
        self.filled += 1;
        if self.filled == BATCH {
            self.drain();
        }
    }

    fn drain(&mut self) {
        let batch = &self.batch[..self.filled];
        // Nothing waits for these loads, so the processor has them all under way at once.
        let mut touched = 0;
        for packet in batch {
            let flow = &self.table.entries[self.table.place(packet.hash)];
            touched |= flow.key.protocol | u32::from(flow.flags[0]);
        }
        black_box(touched);
        for packet in batch {
            self.table.count(packet);
        }
        self.filled = 0;
    }
}

/// The key of a packet, which of its ends sent it, and its TCP flags.
fn tuple(frame: &[u8]) -> Option<(Key, usize, u8)> {
    let mut at = 14;
    let mut ether_type = word(frame, 12)?;
    while matches!(ether_type, 0x8100 | 0x88a8) {
        ether_type = word(frame, at + 2)?;
        at += 4;
    }
    let packet = frame.get(at..)?;
    match ether_type {
        0x0800 => {
            let header = packet.first_chunk::<20>()?;
            let protocol = header[9];
            let source = u32::from_be_bytes([header[12], header[13], header[14], header[15]]);
            let destination = u32::from_be_bytes([header[16], header[17], header[18], header[19]]);
            let whole = u16::from_be_bytes([header[6], header[7]]) & 0x1fff == 0;
            let rest = packet.get(usize::from(header[0] & 0x0f) * 4..)?;
            Some(key(
                [0, u64::from(source)],
                [0, u64::from(destination)],
                rest,
                protocol,
                whole,
                0x400,
            ))
        }
        0x86dd => {
            let header = packet.first_chunk::<40>()?;
            let half = |at: usize| {
                header[at..]
                    .first_chunk()
                    .map_or(0, |half| u64::from_be_bytes(*half))
            };
            let (protocol, whole, rest) = after_extensions(header[6], &packet[40..]);
            Some(key(
                [half(8), half(16)],
                [half(24), half(32)],
                rest,
                protocol,
                whole,
                0x600,
            ))
        }
        _ => None,
    }
}

/// The protocol behind the extension headers, and whether its header is here.
fn after_extensions(mut next: u8, mut rest: &[u8]) -> (u8, bool, &[u8]) {
    let mut whole = true;
    while let (0 | 43 | 44 | 60, Some(header)) = (next, rest.first_chunk::<8>()) {
        let len = if next == 44 {
            whole &= u16::from_be_bytes([header[2], header[3]]) & 0xfff8 == 0;
            8
        } else {
            (usize::from(header[1]) + 1) * 8
        };
        next = header[0];
        rest = rest.get(len..).unwrap_or_default();
    }
    (next, whole, rest)
}

#[inline]
fn key(
    source: [u64; 2],
    destination: [u64; 2],
    rest: &[u8],
    protocol: u8,
    whole: bool,
    version: u32,
) -> (Key, usize, u8) {
    let (mut from, mut to, mut flags) = (0, 0, 0);
    if whole
        && matches!(protocol, 6 | 17 | 132)
        && let Some([a, b, c, d]) = rest.first_chunk()
    {
        from = u16::from_be_bytes([*a, *b]);
        to = u16::from_be_bytes([*c, *d]);
        if protocol == 6 {
            flags = rest.get(13).copied().unwrap_or(0);
        }
    }
    let turned = (source, from) > (destination, to);
    if turned {
        (from, to) = (to, from);
    }
    let (low, high) = if turned {
        (destination, source)
    } else {
        (source, destination)
    };
    let key = Key {
        addresses: [low[0], low[1], high[0], high[1]],
        ports: u32::from(from) << 16 | u32::from(to),
        protocol: u32::from(protocol) | version,
    };
    (key, usize::from(turned), flags)
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use sekisho_kit::{Capture, Conversation, Endpoint, Frame, PcapWriter, Random};

    use super::*;

    #[test]
    fn both_directions_are_one_flow_and_other_frames_are_counted() {
        let mut capture = Capture::new();
        for (client, port) in [("10.0.0.1", 1_000), ("10.0.0.1", 1_001), ("10.0.0.3", 1_000)] {
            let conversation = Conversation::new(Endpoint::new(client, port), Endpoint::new("10.0.0.2", 80));
            capture.extend(conversation.request(b"q").play(0, &mut Random::new(1)));
        }
        capture.push(0, Frame::between("2001:db8::1", "2001:db8::2").udp(1, 2, b""));
        capture.push(0, vec![0; 60]);
        let file = PcapWriter::default().write(&capture);

        let mut counter = Counter::new();
        walk(&file[..], |packet| counter.take(packet)).unwrap();
        counter.drain();

        assert_eq!(counter.packets, capture.packets.len() as u64);
        assert_eq!((counter.other, counter.table.flows), (1, 4));
    }

    #[test]
    fn the_table_grows_and_loses_nothing() {
        let mut counter = Counter::new();
        for number in 0..200_000_u64 {
            let key = Key {
                addresses: [0, number % 100_000, 0, 1],
                ports: 0,
                protocol: 1,
            };
            counter.table.count(&Counted {
                key,
                hash: key.hash(),
                ..Counted::default()
            });
        }

        assert_eq!(counter.table.flows, 100_000);
        let packets: u32 = counter.table.entries.iter().map(|flow| flow.packets[0]).sum();
        assert_eq!(packets, 200_000);
    }
}
