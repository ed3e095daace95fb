//! The program as it is, in the kernel that runs the tests: against a model of it, shared by processors, and
//! at interfaces.
//!
//! Each test says why it is skipped where this user may not load programs or the build has none.

mod model;
mod order;
mod parser;
mod ports;
mod rules;
mod shared;
mod speed;

use std::net::IpAddr;

use sekisho_ebpf_abi::{self as abi, EventKind, Setup, Slot};

use super::XdpError;
use super::kernel::Kernel;

/// `XDP_DROP` and `XDP_PASS`.
const DROP: u32 = 1;
const PASS: u32 = 2;

/// What the tests load: frames that are run by hand come from the loopback.
fn setup(flags: u32) -> Setup {
    let mut setup = Setup {
        key: [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210],
        slots: 1 << 10,
        snap: abi::LONGEST,
        flags,
        ..Setup::default()
    };
    setup.ports[2] = 1;
    setup
}

/// The port of frames that are run by hand.
const PORT: u32 = 2;

/// The program, or nothing where it cannot be had here, and says so.
fn kernel(setup: &Setup, ring_octets: u32) -> Option<Kernel> {
    match Kernel::load(setup, ring_octets) {
        Ok(kernel) => Some(kernel),
        Err(why @ (XdpError::NoObject | XdpError::NotPermitted)) => {
            skip(&why);
            None
        }
        Err(why) => panic!("{why}"),
    }
}

#[expect(clippy::print_stderr, reason = "a test that skips says so")]
fn skip(why: &dyn std::fmt::Display) {
    eprintln!("skipped: {why}");
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests with their output reads it"
)]
fn note(what: &dyn std::fmt::Display) {
    eprintln!("measured: {what}");
}

/// An event, copied out of the ring.
#[derive(Debug, PartialEq)]
enum Told {
    Frame(Vec<u8>),
    Released(u32, Slot),
    Snapshot(u32, Slot),
}

/// Everything that is in the ring.
fn told(kernel: &mut Kernel) -> Vec<Told> {
    let mut all = Vec::new();
    let mut before = 0;
    while let Some(event) = kernel.next() {
        assert!(event.head.time >= before, "the ring is in the order of time");
        before = event.head.time;
        all.push(match event.head.kind {
            EventKind::FRAME => {
                assert_eq!(event.head.port, PORT);
                Told::Frame(event.frame().unwrap().to_vec())
            }
            EventKind::RELEASED => Told::Released(event.head.slot, settled(event.slot().unwrap())),
            EventKind::SNAPSHOT => Told::Snapshot(event.head.slot, settled(event.slot().unwrap())),
            kind => panic!("{kind:?}"),
        });
    }
    all
}

/// A slot without what differs from run to run.
fn settled(slot: Slot) -> Slot {
    Slot {
        version: 0,
        last: 0,
        ..slot
    }
}

/// Numbers that look random and are the same in every run (SplitMix64; Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A packet to be built.
#[derive(Debug, Clone)]
struct Packet {
    tags: Vec<u16>,
    source: IpAddr,
    destination: IpAddr,
    from: u16,
    to: u16,
    /// TCP: sequence, acknowledgement, flags, window.
    tcp: Option<(u32, u32, u8, u16)>,
    identification: u16,
    /// Of UDP.
    checksum: u16,
    payload: usize,
}

/// ACK, and with PSH.
const ACK: u8 = 0x10;
const PSH_ACK: u8 = 0x18;

impl Packet {
    fn udp(identification: u16, payload: usize) -> Self {
        Self {
            tags: Vec::new(),
            source: "192.0.2.1".parse().unwrap(),
            destination: "198.51.100.2".parse().unwrap(),
            from: 40_000,
            to: 9_000,
            tcp: None,
            identification,
            checksum: 0,
            payload,
        }
    }

    fn tcp(sequence: u32, acknowledgement: u32, payload: usize) -> Self {
        Self {
            tcp: Some((sequence, acknowledgement, ACK, 512)),
            ..Self::udp(0, payload)
        }
    }

    /// The same in the other direction.
    fn back(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            from: self.to,
            to: self.from,
            ..self
        }
    }

    fn frame(&self) -> Vec<u8> {
        let mut segment = [self.from.to_be_bytes(), self.to.to_be_bytes()].concat();
        if let Some((sequence, acknowledgement, flags, window)) = self.tcp {
            segment.extend(sequence.to_be_bytes());
            segment.extend(acknowledgement.to_be_bytes());
            segment.extend([0x50, flags]);
            segment.extend(window.to_be_bytes());
            segment.extend([0; 4]);
        } else {
            segment.extend(u16::try_from(8 + self.payload).unwrap().to_be_bytes());
            segment.extend(self.checksum.to_be_bytes());
        }
        segment.resize(segment.len() + self.payload, 0xaa);
        let protocol = if self.tcp.is_some() { 6 } else { 17 };
        let length = |header: usize| u16::try_from(header + segment.len()).unwrap().to_be_bytes();
        let mut frame = vec![2; 12];
        for tag in &self.tags {
            frame.extend([0x81, 0x00]);
            frame.extend(tag.to_be_bytes());
        }
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                frame.extend([0x08, 0x00, 0x45, 0]);
                frame.extend(length(20));
                frame.extend(self.identification.to_be_bytes());
                frame.extend([0x40, 0, 64, protocol, 0, 0]);
                frame.extend(source.octets());
                frame.extend(destination.octets());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend(length(0));
                frame.extend([protocol, 64]);
                frame.extend(source.octets());
                frame.extend(destination.octets());
            }
            _ => panic!("one version"),
        }
        frame.extend(segment);
        frame.resize(frame.len().max(60), 0);
        frame
    }
}
