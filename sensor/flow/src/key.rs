//! The identity of a flow: addresses, ports and protocol, the same for both directions.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_model::{Endpoint, Protocol, stable_id};
use sekisho_wire::IpPacket;
use sekisho_wire::icmp::{self, Exchange};

/// One of the two ends of a [`FlowKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The end that sorts first by address and port.
    #[default]
    Lower,
    /// The other.
    Upper,
}

impl Side {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Lower => Self::Upper,
            Self::Upper => Self::Lower,
        }
    }
}

/// A key without direction. Compact, so that a table entry begins with it in one cache line.
///
/// For ICMP the ports hold what the Community ID specification puts there: the two types of an
/// exchange, or type and code of a message that stands alone. Such a message has no other
/// direction, so its two ends are not sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowKey {
    lower: [u64; 2],
    upper: [u64; 2],
    /// From the highest bits down: the lower end's port and the upper end's, 16 bits each; the VLAN, 16;
    /// the protocol and the kind, 8 each. One word, because fields that are stored one by one and then
    /// loaded together make the processor wait, and a key is hashed for every packet.
    rest: u64,
}

const LOWER_PORT: u32 = 48;
const UPPER_PORT: u32 = 32;
const VLAN: u32 = 16;
const PROTOCOL: u32 = 8;
/// Bit of the kind: the addresses are IPv6.
const V6: u64 = 1;
/// Bit of the kind: one direction only, the lower end is the sender.
const ONE_WAY: u64 = 2;
/// Bit of the kind: the ports are known.
const PORTS: u64 = 4;
/// Bit of the kind: an ICMP error about a flow that was seen.
const RELATED: u64 = 8;

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b] = self.lower;
        let [c, d] = self.upper;
        // IPv4 has nothing in the first word of an address.
        if self.rest & V6 != 0 {
            state.write_u64(a);
            state.write_u64(c);
        }
        state.write_u64(b);
        state.write_u64(d);
        state.write_u64(self.rest);
    }
}

impl FlowKey {
    /// The key of the flow that a packet belongs to, and the end that sent the packet.
    #[must_use]
    #[inline]
    pub fn of(packet: &IpPacket<'_>) -> (Self, Side) {
        let (source, family) = number(packet.source);
        let (destination, _) = number(packet.destination);
        let mut kind = family;
        let (mut from, mut to) = (0, 0);
        if packet.has_ports {
            kind |= PORTS;
            (from, to) = (packet.source_port, packet.destination_port);
            if matches!(packet.protocol, Protocol::ICMP | Protocol::ICMPV6) {
                let message = u8::try_from(packet.source_port).unwrap_or(u8::MAX);
                match icmp::exchange(packet.protocol, message) {
                    Exchange::Request(other) | Exchange::Reply(other) => to = u16::from(other),
                    Exchange::OneWay => kind |= ONE_WAY,
                }
            }
        }
        let sender_is_lower = kind & ONE_WAY != 0 || (source, from) <= (destination, to);
        let (lower, upper, lower_port, upper_port) = if sender_is_lower {
            (source, destination, from, to)
        } else {
            (destination, source, to, from)
        };
        let key = Self {
            lower,
            upper,
            rest: u64::from(lower_port) << LOWER_PORT
                | u64::from(upper_port) << UPPER_PORT
                | u64::from(packet.protocol.0) << PROTOCOL
                | kind,
        };
        (key, if sender_is_lower { Side::Lower } else { Side::Upper })
    }

    /// The same key, of no VLAN before, on one: for networks that are told apart by their tags.
    #[must_use]
    pub const fn on_vlan(mut self, vlan: u16) -> Self {
        self.rest |= (vlan as u64) << VLAN;
        self
    }

    /// The key of ICMP errors about flows that were seen, apart from the same errors about nothing.
    #[must_use]
    pub const fn related(mut self) -> Self {
        self.rest |= RELATED;
        self
    }

    /// Whether this is the flow of ICMP errors about flows that were seen.
    #[must_use]
    pub const fn is_related(&self) -> bool {
        self.rest & RELATED != 0
    }

    /// Address and port of one end.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let (number, port) = match side {
            Side::Lower => (self.lower, self.sixteen(LOWER_PORT)),
            Side::Upper => (self.upper, self.sixteen(UPPER_PORT)),
        };
        let [high, low] = number;
        let address = if self.rest & V6 != 0 {
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(low).unwrap_or(0)))
        };
        Endpoint { address, port }
    }

    /// The transport protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        let [_, protocol, ..] = self.rest.to_le_bytes();
        Protocol(protocol)
    }

    /// Sixteen bits of the last word.
    fn sixteen(&self, shift: u32) -> u16 {
        u16::try_from((self.rest >> shift) & 0xffff).unwrap_or(0)
    }

    /// A number that names the key the same on every run; no protection against collisions on purpose.
    pub(crate) const fn fingerprint(&self) -> u64 {
        let [a, b] = self.lower;
        let [c, d] = self.upper;
        stable_id(stable_id(stable_id(a, b), stable_id(c, d)), self.rest)
    }

    /// Whether the ports are known, so that the key names a connection and not all traffic of a
    /// protocol between two hosts.
    #[must_use]
    pub const fn has_ports(&self) -> bool {
        self.rest & PORTS != 0
    }

    /// Whether this is an ICMP flow with known types.
    #[must_use]
    pub const fn is_icmp(&self) -> bool {
        const ICMP: u64 = (Protocol::ICMP.0 as u64) << PROTOCOL | PORTS;
        const ICMPV6: u64 = (Protocol::ICMPV6.0 as u64) << PROTOCOL | PORTS;
        matches!(self.rest & (0xff << PROTOCOL | PORTS), ICMP | ICMPV6)
    }
}

/// An address as two words, and the bit of its family.
#[inline]
fn number(address: IpAddr) -> ([u64; 2], u64) {
    match address {
        IpAddr::V4(v4) => ([0, u64::from(v4.to_bits())], 0),
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = v6.octets();
            let high = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ([high, u64::from_be_bytes([i, j, k, l, m, n, o, p])], V6)
        }
    }
}
