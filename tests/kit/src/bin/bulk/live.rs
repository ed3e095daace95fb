//! Small datagrams over a fixed number of flows that all stay open: what a packet costs by flows held.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_kit::{Frame, Packet, Random};

use crate::BEGIN_NS;
use crate::small::client;

/// One datagram in this time.
const GAP_NS: u64 = 1_000;

/// Addresses and ports of both ends of a flow, by its number.
type Pair = fn(u32) -> [(Ipv4Addr, u16); 2];

/// Every flow is opened once, in order; then flows and directions are drawn at random, for ever.
pub(crate) struct Live {
    flows: u32,
    pair: Pair,
    random: Random,
    made: u64,
}

impl Live {
    pub(crate) const fn new(flows: u32, pair: Pair) -> Self {
        Self {
            flows,
            pair,
            random: Random::new(17),
            made: 0,
        }
    }
}

impl Iterator for Live {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        let opening = u32::try_from(self.made)
            .ok()
            .filter(|number| *number < self.flows);
        let (number, answers) = match opening {
            Some(number) => (number, false),
            None => {
                let drawn = self.random.between(0, u64::from(self.flows) - 1);
                (u32::try_from(drawn).ok()?, self.random.chance(50))
            }
        };
        let [mut from, mut to] = (self.pair)(number);
        if answers {
            (from, to) = (to, from);
        }
        let octets = Frame::new([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ip(IpAddr::V4(from.0), IpAddr::V4(to.0))
            .padded()
            .udp(from.1, to.1, &[0x5a; 18]);
        let time_ns = BEGIN_NS + self.made * GAP_NS;
        self.made += 1;
        Some(Packet::new(time_ns, octets))
    }
}

/// Everything but 22 bits of the client's address is random.
pub(crate) fn random_pair(number: u32) -> [(Ipv4Addr, u16); 2] {
    let mut random = Random::new(u64::from(number));
    let server = 0x0ac8_0000 | u32::from(random.word());
    [
        (client(number), random.word() | 0x0400),
        (Ipv4Addr::from(server), random.word() | 0x0400),
    ]
}

/// The exclusive or of both addresses, and that of both ports, is the same for every number below 2^22.
pub(crate) fn colliding_pair(number: u32) -> [(Ipv4Addr, u16); 2] {
    let client = client(number);
    let port = Random::new(u64::from(number)).word() & 0xbfff | 0x0400;
    [
        (client, port),
        (Ipv4Addr::from(u32::from(client) ^ 0x00c0_0000), port ^ 0x4000),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colliding_pairs_differ_but_give_one_exclusive_or() {
        let [first, second] = [1, 70_000].map(colliding_pair);
        let folded = |[(a, p), (b, q)]: [(Ipv4Addr, u16); 2]| (u32::from(a) ^ u32::from(b), p ^ q);

        assert_ne!(first, second);
        assert_eq!(folded(first), folded(second));
    }
}
