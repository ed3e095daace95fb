//! Datagrams built by etherparse, cut into fragments by hand, and a defragmenter that is watched.

use std::net::IpAddr;

use etherparse::{IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv4HeaderSlice, PacketBuilder, VlanId};
use sekisho_flow::defrag::{Config, Defragmenter, FragmentIn, Rebuilt, Refusal, Released, Verdict};
use sekisho_model::{Linktype, Timestamp};

const V4: ([u8; 4], [u8; 4]) = ([192, 0, 2, 1], [198, 51, 100, 2]);
const V6: u128 = 0x2001_0db8_0000_0000_0000_0000_0000_0000;

/// A datagram in an Ethernet frame.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    pub(crate) frame: Vec<u8>,
    /// Where the IP header begins.
    ip: usize,
    /// Where the part begins that can be cut.
    pub(crate) data: usize,
    id: u32,
}

/// A UDP datagram over IPv4, optionally in a VLAN and with an IP option.
pub(crate) fn v4(id: u16, vlan: bool, option: bool, payload: &[u8]) -> Whole {
    let length = u16::try_from(payload.len() + 8).unwrap();
    let mut header = Ipv4Header::new(length, 64, IpNumber::UDP, V4.0, V4.1).unwrap();
    header.identification = id;
    header.dont_fragment = false;
    if option {
        header.options = [148, 4, 0, 0].into(); // Router alert.
    }
    let ip = IpHeaders::Ipv4(header, Ipv4Extensions::default());
    let link = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let step = if vlan {
        link.single_vlan(VlanId::try_new(7).unwrap()).ip(ip)
    } else {
        link.ip(ip)
    };
    let mut frame = Vec::new();
    step.udp(5_000, 53).write(&mut frame, payload).unwrap();
    let ip = if vlan { 18 } else { 14 };
    Whole {
        frame,
        ip,
        data: ip + if option { 24 } else { 20 },
        id: u32::from(id),
    }
}

/// A UDP datagram over IPv6, optionally with a hop-by-hop header.
pub(crate) fn v6(id: u32, hop_by_hop: bool, payload: &[u8]) -> Whole {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv6((V6 | 1).to_be_bytes(), (V6 | 2).to_be_bytes(), 64)
        .udp(5_000, 53)
        .write(&mut frame, payload)
        .unwrap();
    if hop_by_hop {
        let length = u16::from_be_bytes([frame[18], frame[19]]) + 8;
        frame[18..20].copy_from_slice(&length.to_be_bytes());
        frame[20] = 0;
        frame.splice(54..54, [17, 0, 1, 4, 0, 0, 0, 0]); // Padding for eight octets.
    }
    Whole {
        frame,
        ip: 14,
        data: if hop_by_hop { 62 } else { 54 },
        id,
    }
}

impl Whole {
    /// Octets that can be cut.
    pub(crate) fn octets(&self) -> usize {
        self.frame.len() - self.data
    }

    /// The fragment that holds `from..to`.
    pub(crate) fn fragment(&self, from: usize, to: usize) -> Vec<u8> {
        let data = &self.frame[self.data..];
        self.piece(from, &data[from..to], to < data.len())
    }

    /// A fragment of this datagram with any data, padded as Ethernet pads.
    pub(crate) fn piece(&self, from: usize, data: &[u8], more: bool) -> Vec<u8> {
        let mut frame = self.frame[..self.data].to_vec();
        let offset = u16::try_from(from).unwrap();
        if frame[self.ip] >> 4 == 4 {
            let total = u16::try_from(self.data - self.ip + data.len()).unwrap();
            let field = (offset / 8) | if more { 0x2000 } else { 0 };
            frame[self.ip + 2..self.ip + 4].copy_from_slice(&total.to_be_bytes());
            frame[self.ip + 6..self.ip + 8].copy_from_slice(&field.to_be_bytes());
            let header = Ipv4HeaderSlice::from_slice(&frame[self.ip..]).unwrap();
            let sum = header.to_header().calc_header_checksum();
            frame[self.ip + 10..self.ip + 12].copy_from_slice(&sum.to_be_bytes());
        } else {
            let length = u16::try_from(self.data + 8 - self.ip - 40 + data.len()).unwrap();
            frame[self.ip + 4..self.ip + 6].copy_from_slice(&length.to_be_bytes());
            // UDP follows the IPv6 header or the hop-by-hop header, which begins with what follows it.
            let field = if self.data == self.ip + 40 {
                self.ip + 6
            } else {
                self.ip + 40
            };
            frame[field] = 44;
            frame.extend([17, 0]);
            frame.extend((offset | u16::from(more)).to_be_bytes());
            frame.extend(self.id.to_be_bytes());
        }
        frame.extend(data);
        frame.resize(frame.len().max(60), 0);
        frame
    }
}

/// Finds the fragment in an Ethernet frame; nothing where there is none.
pub(crate) fn locate(frame: &[u8], len: u32, time: Timestamp) -> Option<FragmentIn<'_>> {
    let is_vlan = frame.get(12..14)? == [0x81, 0];
    let ip_start = if is_vlan { 18 } else { 14 };
    let ip = frame.get(ip_start..)?;
    let word = |at: usize| u32::from(u16::from_be_bytes([ip[at], ip[at + 1]]));
    let address = |at: usize, octets: usize| match octets {
        4 => IpAddr::from(<[u8; 4]>::try_from(&ip[at..at + 4]).unwrap()),
        _ => IpAddr::from(<[u8; 16]>::try_from(&ip[at..at + 16]).unwrap()),
    };
    let fragment = match ip.first()? >> 4 {
        4 => {
            let header = usize::from(ip[0] & 15) * 4;
            FragmentIn {
                source: address(12, 4),
                destination: address(16, 4),
                protocol: ip[9],
                identification: word(4),
                offset: (word(6) & 0x1fff) * 8,
                more: word(6) & 0x2000 != 0,
                frame,
                ip_start,
                payload_start: ip_start + header,
                payload_octets: word(2) - u32::try_from(header).unwrap(),
                len,
                linktype: Linktype::ETHERNET,
                time,
            }
        }
        6 => {
            let (mut next, mut at) = (ip[6], 40);
            while next == 0 {
                next = ip[at];
                at += usize::from(ip[at + 1]) * 8 + 8;
            }
            if next != 44 {
                return None;
            }
            FragmentIn {
                source: address(8, 16),
                destination: address(24, 16),
                protocol: 0,
                identification: word(at + 4) << 16 | word(at + 6),
                offset: word(at + 2) & 0xfff8,
                more: word(at + 2) & 1 != 0,
                frame,
                ip_start,
                payload_start: ip_start + at + 8,
                payload_octets: word(4) - u32::try_from(at + 8 - 40).unwrap(),
                len,
                linktype: Linktype::ETHERNET,
                time,
            }
        }
        _ => return None,
    };
    (fragment.more || fragment.offset != 0).then_some(fragment)
}

/// A defragmenter that is given frames, and all that came out of it.
pub(crate) struct Play {
    pub(crate) defragmenter: Defragmenter,
    pub(crate) released: Vec<Released>,
    pub(crate) rebuilt: Vec<Rebuilt>,
    limit: usize,
}

impl Play {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            limit: config.octets,
            defragmenter: Defragmenter::new(config),
            released: Vec::new(),
            rebuilt: Vec::new(),
        }
    }

    /// Gives one frame that holds a fragment.
    pub(crate) fn frame(&mut self, at_ms: i64, frame: &[u8]) -> Outcome {
        let time = Timestamp::from_nanos(at_ms * 1_000_000);
        let len = u32::try_from(frame.len()).unwrap();
        self.add(&locate(frame, len, time).unwrap())
    }

    /// Gives one fragment.
    pub(crate) fn add(&mut self, fragment: &FragmentIn<'_>) -> Outcome {
        let outcome = match self.defragmenter.add(fragment, &mut self.released) {
            Verdict::Held => Outcome::Held,
            Verdict::NotHeld(refusal) => Outcome::NotHeld(refusal),
            Verdict::Complete(rebuilt) => {
                self.rebuilt.push(rebuilt);
                Outcome::Complete
            }
        };
        self.check();
        outcome
    }

    pub(crate) fn expire(&mut self, at_ms: i64) {
        let now = Timestamp::from_nanos(at_ms * 1_000_000);
        self.defragmenter.expire(now, &mut self.released);
        self.check();
    }

    pub(crate) fn drain(&mut self) {
        self.defragmenter.drain(&mut self.released);
        self.check();
        assert_eq!((self.defragmenter.held(), self.defragmenter.octets()), (0, 0));
    }

    /// What holds at any time: no frame is lost, memory is below its limit.
    fn check(&self) {
        let counters = self.defragmenter.counters();
        let complete = self.rebuilt.iter().map(|rebuilt| u64::from(rebuilt.frames)).sum();
        let back = u64::try_from(self.released.len()).unwrap();
        assert_eq!((counters.reassembled, counters.released), (complete, back));
        assert_eq!(
            counters.fragments,
            complete + back + counters.not_held + self.defragmenter.held()
        );
        assert!(self.defragmenter.octets() <= self.limit);
    }
}

/// A verdict without the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Held,
    Complete,
    NotHeld(Refusal),
}
