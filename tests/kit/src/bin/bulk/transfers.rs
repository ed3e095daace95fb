//! Bulk transfers: full segments in bursts, every second one acknowledged.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use sekisho_kit::{Frame, Packet, Random, Segment};

use crate::BEGIN_NS;

const CONNECTIONS: usize = 200;
const SERVER_PORT: u16 = 5_001;
const SEGMENT_OCTETS: usize = 1_460;
const ROUND_TRIP_NS: u64 = 20_000;

/// 200 connections that all open first, take turns at random, and all close at the end.
pub(crate) struct Transfers {
    connections: Vec<Connection>,
    random: Random,
    queue: VecDeque<Packet>,
    now: u64,
    /// Packets that may be made before the closing begins.
    left: u64,
    closed: bool,
}

#[derive(Clone, Copy)]
struct Connection {
    client: Ipv4Addr,
    server: Ipv4Addr,
    client_port: u16,
    /// Next numbers of client and server.
    sequence: [u32; 2],
}

/// Which end sends.
const CLIENT: usize = 0;
const SERVER: usize = 1;

impl Transfers {
    pub(crate) fn new(count: u64) -> Self {
        let mut random = Random::new(11);
        let connections = (0..CONNECTIONS)
            .map(|index| {
                let host = u8::try_from(index).unwrap_or(u8::MAX);
                Connection {
                    client: Ipv4Addr::new(10, 40, 0, host.saturating_add(1)),
                    server: Ipv4Addr::new(10, 50, 0, host % 50 + 1),
                    client_port: 40_000 + u16::from(host),
                    sequence: [random.double_word(), random.double_word()],
                }
            })
            .collect();
        let mut transfers = Self {
            connections,
            random,
            queue: VecDeque::new(),
            now: BEGIN_NS,
            left: 0,
            closed: false,
        };
        for index in 0..CONNECTIONS {
            transfers.emit(index, CLIENT, Segment::SYN, &[]);
            transfers.emit(index, SERVER, Segment::SYN | Segment::ACK, &[]);
            transfers.emit(index, CLIENT, Segment::ACK, &[]);
        }
        // Three packets open a connection and three close it.
        transfers.left = count.saturating_sub(6 * CONNECTIONS as u64);
        transfers
    }

    fn burst(&mut self) {
        let index = self.random.index(CONNECTIONS);
        let pairs = self.random.between(1, 8);
        let before = self.queue.len();
        for _ in 0..pairs {
            for _ in 0..2 {
                let data = self.random.octets(SEGMENT_OCTETS);
                self.emit(index, SERVER, Segment::ACK, &data);
            }
            self.emit(index, CLIENT, Segment::ACK, &[]);
        }
        self.left = self.left.saturating_sub((self.queue.len() - before) as u64);
    }

    fn close(&mut self) {
        self.closed = true;
        for index in 0..CONNECTIONS {
            self.emit(index, SERVER, Segment::FIN | Segment::ACK, &[]);
            self.emit(index, CLIENT, Segment::FIN | Segment::ACK, &[]);
            self.emit(index, SERVER, Segment::ACK, &[]);
        }
    }

    fn emit(&mut self, index: usize, side: usize, flags: u8, payload: &[u8]) {
        let connection = &mut self.connections[index];
        let client = (connection.client, connection.client_port);
        let server = (connection.server, SERVER_PORT);
        let (from, to) = if side == CLIENT {
            (client, server)
        } else {
            (server, client)
        };
        let acknowledgement = if flags & Segment::ACK == 0 {
            0
        } else {
            connection.sequence[1 - side]
        };
        let segment = Segment::new(from.1, to.1)
            .flags(flags)
            .numbers(connection.sequence[side], acknowledgement)
            .payload(payload);
        let counted = u32::from(flags & (Segment::SYN | Segment::FIN) != 0);
        let octets = u32::try_from(payload.len()).unwrap_or(0);
        connection.sequence[side] = connection.sequence[side].wrapping_add(octets + counted);
        let frame = Frame::new([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let frame = frame.ip(IpAddr::V4(from.0), IpAddr::V4(to.0)).padded();
        self.queue.push_back(Packet::new(self.now, frame.tcp(&segment)));
        self.now += if payload.is_empty() { 1_000 } else { 8_000 };
        if flags & Segment::SYN != 0 {
            self.now += ROUND_TRIP_NS;
        }
    }
}

impl Iterator for Transfers {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        while self.queue.is_empty() {
            if self.left > 0 {
                self.burst();
            } else if self.closed {
                return None;
            } else {
                self.close();
            }
        }
        self.queue.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_frames_are_full() {
        let packets: Vec<Packet> = Transfers::new(9_000).take(9_000).collect();

        let full = packets
            .iter()
            .filter(|packet| packet.octets.len() == 1_514)
            .count();
        assert!((5_000..5_400).contains(&full), "{full}");
    }
}
