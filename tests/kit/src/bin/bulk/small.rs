//! The smallest frames in the most flows: five packets each, interleaved at random.
//!
//! A flow table larger than every cache is touched at a random place by each packet.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_kit::{Frame, Packet, Random, Segment};

use crate::interleave::{Interleave, starts};
use crate::{BEGIN_NS, SECOND_NS};

/// Flows begin within this time.
const SPAN_NS: u64 = 10 * SECOND_NS;
/// Packets of one flow are a quarter of a second apart on average.
const LONGEST_GAP_NS: u64 = SECOND_NS / 2;
const PACKETS_A_FLOW: u64 = 5;

const SERVICES: [u16; 10] = [443, 80, 22, 8080, 3389, 445, 25, 5432, 3306, 8443];

pub(crate) fn packets(count: u64) -> impl Iterator<Item = Packet> {
    let mut random = Random::new(7);
    let flows = count.div_ceil(PACKETS_A_FLOW).max(1);
    let mut number = 0;
    let starts = starts(BEGIN_NS, SPAN_NS / flows, random.fork("starts"));
    let starts = starts.take(usize::try_from(flows).unwrap_or(usize::MAX));
    Interleave::new(starts, move |start| {
        number += 1;
        flow(start, number, &mut random)
    })
}

/// One flow; `number` makes its client's address its own.
fn flow(start: u64, number: u32, random: &mut Random) -> Vec<Packet> {
    let client = client(number);
    let server = Ipv4Addr::from(0x0ac8_0000 | u32::from(random.word()));
    let port = |random: &mut Random| random.word() | 0x0400;
    let is_tcp = random.chance(70);
    let client_port = port(random);
    let server_port = if is_tcp {
        *random.pick(&SERVICES)
    } else {
        port(random)
    };
    let ends = [(client, client_port), (server, server_port)];
    let numbers = [random.double_word(), random.double_word()];
    let mut now = start;
    let mut packets = Vec::with_capacity(5);
    for step in 0..5_u16 {
        let octets = if is_tcp {
            tcp(step, ends, numbers)
        } else {
            udp(step % 2 == 1, ends)
        };
        packets.push(Packet::new(now, octets));
        now += random.between(0, LONGEST_GAP_NS);
    }
    packets
}

/// Its own address for each of 2^22 numbers; neighbours in number are none in address.
pub(crate) fn client(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 | (number.wrapping_mul(0x9e37_79b1) & 0x003f_ffff))
}

type Ends = [(Ipv4Addr, u16); 2];

/// SYN, SYN and ACK, six octets, FIN, FIN.
fn tcp(step: u16, ends: Ends, [ours, theirs]: [u32; 2]) -> Vec<u8> {
    const SYN: u8 = Segment::SYN;
    const ACK: u8 = Segment::ACK;
    let (answers, flags, sequence, acknowledgement, payload): (bool, u8, u32, u32, &[u8]) = match step {
        0 => (false, SYN, ours, 0, b""),
        1 => (true, SYN | ACK, theirs, ours.wrapping_add(1), b""),
        2 => (
            false,
            Segment::PSH | ACK,
            ours.wrapping_add(1),
            theirs.wrapping_add(1),
            b"hello\n",
        ),
        3 => (
            false,
            Segment::FIN | ACK,
            ours.wrapping_add(7),
            theirs.wrapping_add(1),
            b"",
        ),
        _ => (
            true,
            Segment::FIN | ACK,
            theirs.wrapping_add(1),
            ours.wrapping_add(8),
            b"",
        ),
    };
    let (frame, from, to) = frame(answers, ends);
    let segment = Segment::new(from, to)
        .flags(flags)
        .numbers(sequence, acknowledgement);
    frame.tcp(&segment.payload(payload))
}

fn udp(answers: bool, ends: Ends) -> Vec<u8> {
    let (frame, from, to) = frame(answers, ends);
    frame.udp(from, to, &[0x5a; 18])
}

fn frame(answers: bool, [client, server]: Ends) -> (Frame, u16, u16) {
    let (from, to) = if answers {
        (server, client)
    } else {
        (client, server)
    };
    let frame = Frame::new([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let frame = frame.ip(IpAddr::V4(from.0), IpAddr::V4(to.0)).padded();
    (frame, from.1, to.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_60_octets_and_most_are_tcp() {
        let packets: Vec<Packet> = packets(10_000).take(10_000).collect();

        assert!(packets.iter().all(|packet| packet.octets.len() == 60));
        let tcp = packets.iter().filter(|packet| packet.octets[23] == 6).count();
        assert!((6_500..7_500).contains(&tcp), "{tcp}");
    }
}
