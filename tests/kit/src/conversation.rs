//! A whole TCP connection, from SYN to FIN or to whatever went wrong.
//!
//! Seen from a tap beside the client: the server's packets come one round trip after what they answer.
//! Every octet sent is acknowledged, every second segment at the latest; nothing is lost or reordered.

use crate::{Endpoint, Frame, Packet, Random, Segment};

/// How the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Close {
    /// The client sends FIN first.
    #[default]
    ClientFin,
    /// The server sends FIN first.
    ServerFin,
    /// The client resets.
    ClientRst,
    /// The server resets.
    ServerRst,
    /// It is still open when the capture ends.
    Open,
}

/// How the connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Handshake,
    Midstream,
    Refused,
    Unanswered(u32),
}

#[derive(Debug, Clone)]
enum Step {
    Send { by_client: bool, data: Vec<u8> },
    Wait(u64),
}

/// A connection to be played; see the crate's example.
#[derive(Debug, Clone)]
pub struct Conversation {
    client: Endpoint,
    server: Endpoint,
    vlans: Vec<u16>,
    round_trip_ns: u64,
    mss: u16,
    opening: Opening,
    steps: Vec<Step>,
    close: Close,
}

impl Conversation {
    /// A connection that opens, says nothing and is closed by the client.
    #[must_use]
    pub fn new(client: Endpoint, server: Endpoint) -> Self {
        Self {
            client,
            server,
            vlans: Vec::new(),
            round_trip_ns: 400_000,
            mss: if client.address.is_ipv4() { 1_460 } else { 1_440 },
            opening: Opening::Handshake,
            steps: Vec::new(),
            close: Close::ClientFin,
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

    /// The client sends these octets.
    #[must_use]
    pub fn request(mut self, data: &[u8]) -> Self {
        self.steps.push(Step::Send {
            by_client: true,
            data: data.to_vec(),
        });
        self
    }

    /// The server sends these octets.
    #[must_use]
    pub fn response(mut self, data: &[u8]) -> Self {
        self.steps.push(Step::Send {
            by_client: false,
            data: data.to_vec(),
        });
        self
    }

    /// Nothing happens for a while.
    #[must_use]
    pub fn wait(mut self, nanos: u64) -> Self {
        self.steps.push(Step::Wait(nanos));
        self
    }

    /// How it ends. Default: [`Close::ClientFin`].
    #[must_use]
    pub const fn close(mut self, close: Close) -> Self {
        self.close = close;
        self
    }

    /// The server answers the SYN with a reset.
    #[must_use]
    pub const fn refused(mut self) -> Self {
        self.opening = Opening::Refused;
        self
    }

    /// Nobody answers the SYN, which is sent again `retries` times after 1, 2, 4 … seconds.
    #[must_use]
    pub const fn unanswered(mut self, retries: u32) -> Self {
        self.opening = Opening::Unanswered(retries);
        self
    }

    /// The capture begins after the handshake.
    #[must_use]
    pub const fn midstream(mut self) -> Self {
        self.opening = Opening::Midstream;
        self
    }

    /// The packets, from `start_ns` on.
    #[must_use]
    pub fn play(&self, start_ns: u64, random: &mut Random) -> Vec<Packet> {
        let mut player = Player {
            plan: self,
            now: start_ns,
            sequence: [random.double_word(), random.double_word()],
            ident: [random.word(), random.word()],
            unacknowledged: 0,
            packets: Vec::new(),
        };
        match self.opening {
            Opening::Refused => player.refuse(),
            Opening::Unanswered(retries) => player.knock(retries),
            Opening::Handshake => {
                player.handshake(random);
                player.talk(random);
            }
            Opening::Midstream => player.talk(random),
        }
        player.packets
    }
}

/// Index of a side: the client is 0, the server 1.
const CLIENT: usize = 0;
const SERVER: usize = 1;

struct Player<'a> {
    plan: &'a Conversation,
    now: u64,
    sequence: [u32; 2],
    ident: [u16; 2],
    /// Segments since the other side's last acknowledgement.
    unacknowledged: u32,
    packets: Vec<Packet>,
}

impl Player<'_> {
    fn refuse(&mut self) {
        self.syn();
        self.now += self.plan.round_trip_ns;
        self.sequence[SERVER] = 0;
        self.emit(SERVER, Segment::RST | Segment::ACK, &[]);
    }

    fn knock(&mut self, retries: u32) {
        let sequence = self.sequence[CLIENT];
        for attempt in 0..=retries {
            self.sequence[CLIENT] = sequence;
            self.syn();
            self.now += 1_000_000_000_u64 << attempt.min(6);
        }
    }

    fn handshake(&mut self, random: &mut Random) {
        self.syn();
        self.now += self.plan.round_trip_ns + random.between(5_000, 60_000);
        self.emit(SERVER, Segment::SYN | Segment::ACK, &[]);
        self.now += random.between(15_000, 90_000);
        self.emit(CLIENT, Segment::ACK, &[]);
    }

    fn talk(&mut self, random: &mut Random) {
        let mut last = SERVER;
        for step in &self.plan.steps {
            match step {
                Step::Wait(nanos) => {
                    self.acknowledge(last, random);
                    self.now += nanos;
                }
                Step::Send { by_client, data } => {
                    let side = if *by_client { CLIENT } else { SERVER };
                    if side == last {
                        self.acknowledge(last, random);
                    }
                    self.now += random.between(30_000, 400_000);
                    if side == SERVER {
                        self.now += self.plan.round_trip_ns;
                    }
                    self.unacknowledged = 0; // The data itself acknowledges what came before.
                    self.send(side, data, random);
                    last = side;
                }
            }
        }
        self.acknowledge(last, random);
        self.now += random.between(50_000, 2_000_000);
        match self.plan.close {
            Close::ClientFin => self.fin(CLIENT, random),
            Close::ServerFin => self.fin(SERVER, random),
            Close::ClientRst => self.emit(CLIENT, Segment::RST | Segment::ACK, &[]),
            Close::ServerRst => self.emit(SERVER, Segment::RST | Segment::ACK, &[]),
            Close::Open => {}
        }
    }

    fn send(&mut self, side: usize, data: &[u8], random: &mut Random) {
        let mss = usize::from(self.plan.mss);
        let segments = data.chunks(mss).count();
        for (index, chunk) in data.chunks(mss).enumerate() {
            let last = index + 1 == segments;
            let push = if last { Segment::PSH } else { 0 };
            self.emit(side, Segment::ACK | push, chunk);
            self.now += random.between(12_000, 30_000);
            self.unacknowledged += 1;
            if self.unacknowledged == 2 && !last {
                self.acknowledge(side, random);
            }
        }
    }

    /// The other side acknowledges what `side` has sent, if it has not done so.
    fn acknowledge(&mut self, side: usize, random: &mut Random) {
        if self.unacknowledged > 0 {
            self.now += random.between(5_000, 25_000);
            self.emit(1 - side, Segment::ACK, &[]);
            self.now += random.between(2_000, 9_000);
            self.unacknowledged = 0;
        }
    }

    fn fin(&mut self, side: usize, random: &mut Random) {
        self.emit(side, Segment::FIN | Segment::ACK, &[]);
        self.now += self.plan.round_trip_ns + random.between(10_000, 80_000);
        self.emit(1 - side, Segment::FIN | Segment::ACK, &[]);
        self.now += random.between(10_000, 60_000);
        self.emit(side, Segment::ACK, &[]);
    }

    fn syn(&mut self) {
        self.emit(CLIENT, Segment::SYN, &[]);
    }

    fn emit(&mut self, side: usize, flags: u8, payload: &[u8]) {
        let (from, to) = match side {
            CLIENT => (self.plan.client, self.plan.server),
            _ => (self.plan.server, self.plan.client),
        };
        let acknowledgement = if flags & Segment::ACK == 0 {
            0
        } else {
            self.sequence[1 - side]
        };
        let mut segment = Segment::new(from.port, to.port)
            .flags(flags)
            .numbers(self.sequence[side], acknowledgement)
            .payload(payload);
        if flags & Segment::SYN != 0 {
            segment = segment.mss(self.plan.mss);
        }
        if flags & Segment::RST != 0 {
            segment.window = 0;
        }
        let counted = u32::from(flags & (Segment::SYN | Segment::FIN) != 0);
        let octets = u32::try_from(payload.len()).expect("a segment shorter than 4 GiB");
        self.sequence[side] = self.sequence[side].wrapping_add(octets).wrapping_add(counted);
        self.ident[side] = self.ident[side].wrapping_add(1);
        let frame = self
            .plan
            .vlans
            .iter()
            .fold(Frame::new(from.mac, to.mac), |frame, id| frame.vlan(*id));
        let frame = frame
            .ip(from.address, to.address)
            .ttl(ttl(side))
            .ident(self.ident[side])
            .padded();
        self.packets.push(Packet::new(self.now, frame.tcp(&segment)));
    }
}

/// A Windows client and a Linux server one router away.
pub(crate) const fn ttl(side: usize) -> u8 {
    if side == CLIENT { 128 } else { 63 }
}

#[cfg(test)]
mod tests {
    use etherparse::{SlicedPacket, TransportSlice};

    use super::*;

    fn plan() -> Conversation {
        Conversation::new(
            Endpoint::new("192.0.2.1", 50_000),
            Endpoint::new("198.51.100.2", 80),
        )
    }

    /// (from the client, flags, payload octets, sequence, acknowledgement) of each packet.
    fn story(packets: &[Packet]) -> Vec<(bool, u8, usize, u32, u32)> {
        let read = |packet: &Packet| {
            let sliced = SlicedPacket::from_ethernet(&packet.octets).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
                panic!("not TCP")
            };
            let payload = tcp.payload().len();
            let flags = packet.octets[14 + 20 + 13];
            (
                tcp.source_port() == 50_000,
                flags,
                payload,
                tcp.sequence_number(),
                tcp.acknowledgment_number(),
            )
        };
        packets.iter().map(read).collect()
    }

    #[test]
    fn a_request_and_its_answer_are_handshake_data_and_two_fins() {
        let packets = plan()
            .request(&[b'q'; 100])
            .response(&[b'a'; 3_000])
            .play(0, &mut Random::new(1));

        let shape: Vec<_> = story(&packets)
            .into_iter()
            .map(|(client, flags, octets, ..)| (client, flags, octets))
            .collect();
        let expected = [
            (true, 0x02, 0),
            (false, 0x12, 0),
            (true, 0x10, 0),
            (true, 0x18, 100),
            (false, 0x10, 1_460),
            (false, 0x10, 1_460),
            (true, 0x10, 0),
            (false, 0x18, 80),
            (true, 0x10, 0),
            (true, 0x11, 0),
            (false, 0x11, 0),
            (true, 0x10, 0),
        ];
        assert_eq!(shape, expected);
    }

    #[test]
    fn both_sides_have_acknowledged_every_octet_at_the_end() {
        let packets = plan()
            .request(&[0; 5_000])
            .wait(5)
            .response(&[0; 9_999])
            .play(0, &mut Random::new(2));

        let story = story(&packets);
        let (.., first, _) = story[0];
        let (.., fin, _) = story[story.len() - 3];
        let (.., last) = story[story.len() - 2];
        assert_eq!(fin.wrapping_sub(first), 5_001); // SYN and data.
        assert_eq!(last.wrapping_sub(first), 5_002); // And FIN.
        assert!(packets.windows(2).all(|pair| pair[0].time_ns < pair[1].time_ns));
    }

    #[test]
    fn a_refused_connection_is_two_packets_and_an_unanswered_one_all_syn() {
        let refused = story(&plan().refused().play(0, &mut Random::new(3)));
        let unanswered = story(&plan().unanswered(2).play(0, &mut Random::new(3)));

        assert_eq!(
            refused.iter().map(|packet| packet.1).collect::<Vec<_>>(),
            [0x02, 0x14]
        );
        assert_eq!(refused[1].4, refused[0].3.wrapping_add(1));
        assert_eq!(
            unanswered.iter().map(|packet| packet.1).collect::<Vec<_>>(),
            [0x02; 3]
        );
        assert!(unanswered.iter().all(|packet| packet.3 == unanswered[0].3));
    }
}
