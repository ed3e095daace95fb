//! Datagrams to and fro: UDP queries and answers, pings, and the ICMP errors they can meet.

use crate::conversation::ttl;
use crate::{Endpoint, Frame, Packet, Random};

#[derive(Debug, Clone)]
enum Step {
    Query(Vec<u8>),
    Answer(Vec<u8>),
    /// ICMP port unreachable about the last query, from this end.
    Unreachable(Endpoint),
    Wait(u64),
}

/// A UDP exchange to be played.
#[derive(Debug, Clone)]
pub struct Exchange {
    client: Endpoint,
    server: Endpoint,
    vlans: Vec<u16>,
    round_trip_ns: u64,
    steps: Vec<Step>,
}

impl Exchange {
    /// An exchange in which nothing is said yet.
    #[must_use]
    pub const fn new(client: Endpoint, server: Endpoint) -> Self {
        Self {
            client,
            server,
            vlans: Vec::new(),
            round_trip_ns: 400_000,
            steps: Vec::new(),
        }
    }

    /// Tags every frame, inside the tags given before.
    #[must_use]
    pub fn vlan(mut self, id: u16) -> Self {
        self.vlans.push(id);
        self
    }

    /// Time from the tap to the server and back. Default: 0.4 ms.
    #[must_use]
    pub const fn round_trip(mut self, nanos: u64) -> Self {
        self.round_trip_ns = nanos;
        self
    }

    /// The client sends a datagram.
    #[must_use]
    pub fn query(mut self, payload: &[u8]) -> Self {
        self.steps.push(Step::Query(payload.to_vec()));
        self
    }

    /// The server sends a datagram.
    #[must_use]
    pub fn answer(mut self, payload: &[u8]) -> Self {
        self.steps.push(Step::Answer(payload.to_vec()));
        self
    }

    /// The server says that nobody listens on the port.
    #[must_use]
    pub fn unreachable(self) -> Self {
        let server = self.server;
        self.unreachable_from(server)
    }

    /// Another station, a router say, tells the client that the port cannot be reached.
    #[must_use]
    pub fn unreachable_from(mut self, sender: Endpoint) -> Self {
        self.steps.push(Step::Unreachable(sender));
        self
    }

    /// Nothing happens for a while.
    #[must_use]
    pub fn wait(mut self, nanos: u64) -> Self {
        self.steps.push(Step::Wait(nanos));
        self
    }

    /// The packets, from `start_ns` on.
    ///
    /// # Panics
    ///
    /// When an error comes before any query.
    #[must_use]
    pub fn play(&self, start_ns: u64, random: &mut Random) -> Vec<Packet> {
        let (client, server) = (self.client, self.server);
        let mut ident = [random.word(), random.word()];
        let mut now = start_ns;
        let mut packets = Vec::new();
        let mut last_query = None;
        let mut count = |side: usize| {
            ident[side] = ident[side].wrapping_add(1);
            ident[side]
        };
        for step in &self.steps {
            let octets = match step {
                Step::Wait(nanos) => {
                    now += nanos;
                    continue;
                }
                Step::Query(payload) => {
                    now += random.between(1_000, 30_000);
                    let frame = frame(&self.vlans, client, server)
                        .ttl(ttl(0))
                        .ident(count(0))
                        .padded();
                    let octets = frame.udp(client.port, server.port, payload);
                    last_query = Some(octets.clone());
                    octets
                }
                Step::Answer(payload) => {
                    now += self.round_trip_ns + random.between(20_000, 200_000);
                    let frame = frame(&self.vlans, server, client)
                        .ttl(ttl(1))
                        .ident(count(1))
                        .padded();
                    frame.udp(server.port, client.port, payload)
                }
                Step::Unreachable(sender) => {
                    now += self.round_trip_ns + random.between(20_000, 100_000);
                    let kind = if client.address.is_ipv4() { (3, 3) } else { (1, 4) };
                    let query = last_query.as_ref().expect("an error answers a query");
                    let frame = frame(&self.vlans, *sender, client)
                        .ttl(ttl(1))
                        .ident(count(1))
                        .padded();
                    frame.icmp_error(kind.0, kind.1, query)
                }
            };
            packets.push(Packet::new(now, octets));
        }
        packets
    }
}

/// `count` echo requests a second apart, each answered when `answered`. Ports of the ends do not matter.
#[must_use]
pub fn ping(
    client: Endpoint,
    server: Endpoint,
    vlans: &[u16],
    count: u16,
    answered: bool,
    start_ns: u64,
    random: &mut Random,
) -> Vec<Packet> {
    let identifier = random.word();
    let payload: Vec<u8> = (b'a'..=b'w').chain(b'a'..=b'i').collect(); // What Windows sends.
    let mut packets = Vec::new();
    for sequence in 1..=count {
        let sent = start_ns + u64::from(sequence - 1) * 1_000_000_000 + random.between(0, 2_000_000);
        let request = frame(vlans, client, server)
            .ttl(ttl(0))
            .ident(random.word())
            .padded();
        packets.push(Packet::new(
            sent,
            request.echo(true, identifier, sequence, &payload),
        ));
        if answered {
            let reply = frame(vlans, server, client)
                .ttl(ttl(1))
                .ident(random.word())
                .padded();
            let back = sent + random.between(200_000, 900_000);
            packets.push(Packet::new(
                back,
                reply.echo(false, identifier, sequence, &payload),
            ));
        }
    }
    packets
}

fn frame(vlans: &[u16], from: Endpoint, to: Endpoint) -> Frame {
    let frame = vlans
        .iter()
        .fold(Frame::new(from.mac, to.mac), |frame, id| frame.vlan(*id));
    frame.ip(from.address, to.address)
}

#[cfg(test)]
mod tests {
    use etherparse::{Icmpv6Type, SlicedPacket, TransportSlice};

    use super::*;

    #[test]
    fn a_query_can_be_answered_and_refused() {
        let (client, server) = (
            Endpoint::new("2001:db8::1", 50_000),
            Endpoint::new("2001:db8::2", 161),
        );

        let packets = Exchange::new(client, server)
            .vlan(5)
            .query(b"get")
            .answer(b"value")
            .query(b"get")
            .unreachable()
            .play(1_000, &mut Random::new(1));

        assert_eq!(packets.len(), 4);
        let last = SlicedPacket::from_ethernet(&packets[3].octets).unwrap();
        let Some(TransportSlice::Icmpv6(icmp)) = last.transport else {
            panic!("not ICMPv6")
        };
        assert!(matches!(icmp.icmp_type(), Icmpv6Type::DestinationUnreachable(_)));
    }

    #[test]
    fn a_ping_is_a_request_and_a_reply_of_one_identifier() {
        let (client, server) = (Endpoint::new("192.0.2.1", 0), Endpoint::new("198.51.100.2", 0));

        let packets = ping(client, server, &[], 3, true, 0, &mut Random::new(1));

        assert_eq!(packets.len(), 6);
        assert_eq!((packets[0].octets[34], packets[1].octets[34]), (8, 0));
        assert_eq!(packets[0].octets[38..42], packets[1].octets[38..42]);
    }
}
