//! A flood of SYNs from made-up addresses, and real connections that live through it.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_kit::{Conversation, Endpoint, Frame, Packet, Random, Segment};

use crate::BEGIN_NS;
use crate::interleave::Interleave;

/// One SYN in this time.
const GAP_NS: u64 = 1_000;
const MOST_CONNECTIONS: u64 = 5_000;

/// SYNs for ever; the connections begin in the first half of `count` of them and end before the last tenth.
pub(crate) fn packets(count: u64) -> impl Iterator<Item = Packet> {
    let mut random = Random::new(13);
    let connections = (count / 200).clamp(1, MOST_CONNECTIONS);
    let every = (count / 2 / connections).max(1);
    let longest_pause_ns = count * GAP_NS / 5;
    let mut number = 0_u64;
    let starts = (0..).map(|index: u64| BEGIN_NS + index * GAP_NS);
    Interleave::new(starts, move |start| {
        let mut packets = vec![Packet::new(start, syn(&mut random))];
        if number.is_multiple_of(every) && number / every < connections {
            packets.extend(connection(start, number / every, longest_pause_ns, &mut random));
        }
        number += 1;
        packets
    })
}

fn syn(random: &mut Random) -> Vec<u8> {
    // 11.0.0.0 to 126.255.255.255: never an address of the connections.
    let source = u32::try_from(random.between(0x0b00_0000, 0x7eff_ffff)).unwrap_or(0x0b00_0001);
    let segment = Segment::new(random.word() | 0x0400, 443)
        .flags(Segment::SYN)
        .numbers(random.double_word(), 0);
    Frame::new([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ip(
            IpAddr::V4(Ipv4Addr::from(source)),
            IpAddr::V4(Ipv4Addr::new(10, 50, 0, 1)),
        )
        .padded()
        .tcp(&segment)
}

/// A request, a pause in which the flood goes on, and an answer.
fn connection(start: u64, number: u64, longest_pause_ns: u64, random: &mut Random) -> Vec<Packet> {
    let client = format!("10.40.{}.{}", number / 250, number % 250 + 1);
    let port = random.word() | 0x8000;
    Conversation::new(Endpoint::new(&client, port), Endpoint::new("10.50.0.1", 443))
        .request(&random.octets(600))
        .wait(random.between(0, longest_pause_ns))
        .response(&random.octets(4_000))
        .play(start, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_are_whole() {
        let packets: Vec<Packet> = packets(100_000).take(100_000).collect();

        let flagged = |wanted: u8| {
            let mut seen = packets.iter().map(|packet| packet.octets[14 + 20 + 13]);
            std::iter::from_fn(move || seen.by_ref().find(|flags| *flags == wanted)).count()
        };
        assert_eq!(flagged(Segment::SYN | Segment::ACK), 500);
        assert_eq!(flagged(Segment::FIN | Segment::ACK), 1_000);
        assert!(flagged(Segment::SYN) > 90_000);
    }
}
