//! The identity of a flow: addresses, ports and protocol, the same for both directions.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_model::{Endpoint, Protocol, stable_id};
use sekisho_wire::IpPacket;
use sekisho_wire::icmp::{self, Exchange};

/// One of the two ends of a [`FlowKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that sorts first by address and port.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowKey {
    lower: [u64; 2],
    upper: [u64; 2],
    lower_port: u16,
    upper_port: u16,
    vlan: u16,
    protocol: u8,
    kind: u8,
}

/// Bit of `kind`: the addresses are IPv6.
const V6: u8 = 1;
/// Bit of `kind`: one direction only, the lower end is the sender.
const ONE_WAY: u8 = 2;
/// Bit of `kind`: the ports are known.
const PORTS: u8 = 4;
/// Bit of `kind`: an ICMP error about a flow that was seen.
const RELATED: u8 = 8;

/// Five words rather than eight fields: the key is hashed for every packet.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b] = self.lower;
        let [c, d] = self.upper;
        let rest = u64::from(self.lower_port) << 48
            | u64::from(self.upper_port) << 32
            | u64::from(self.vlan) << 16
            | u64::from(self.protocol) << 8
            | u64::from(self.kind);
        // IPv4 has nothing in the first word of an address.
        if self.kind & V6 != 0 {
            state.write_u64(a);
            state.write_u64(c);
        }
        state.write_u64(b);
        state.write_u64(d);
        state.write_u64(rest);
    }
}

impl FlowKey {
    /// The key of the flow that a packet belongs to, and the end that sent the packet.
    #[must_use]
    pub fn of(packet: &IpPacket<'_>) -> (Self, Side) {
        let (source, family) = number(packet.source);
        let (destination, _) = number(packet.destination);
        let mut kind = family;
        let (mut from, mut to) = (0, 0);
        if packet.has_ports {
            kind |= PORTS;
            (from, to) = (packet.source_port, packet.destination_port);
        }
        if packet.has_ports && matches!(packet.protocol, Protocol::ICMP | Protocol::ICMPV6) {
            let message = u8::try_from(packet.source_port).unwrap_or(u8::MAX);
            match icmp::exchange(packet.protocol, message) {
                Exchange::Request(other) | Exchange::Reply(other) => to = u16::from(other),
                Exchange::OneWay => kind |= ONE_WAY,
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
            lower_port,
            upper_port,
            vlan: 0,
            protocol: packet.protocol.0,
            kind,
        };
        (key, if sender_is_lower { Side::Lower } else { Side::Upper })
    }

    /// The same key on one VLAN, for networks that are told apart by their tags.
    #[must_use]
    pub const fn on_vlan(mut self, vlan: u16) -> Self {
        self.vlan = vlan;
        self
    }

    /// The key of ICMP errors about flows that were seen, apart from the same errors about nothing.
    #[must_use]
    pub const fn related(mut self) -> Self {
        self.kind |= RELATED;
        self
    }

    /// Whether this is the flow of ICMP errors about flows that were seen.
    #[must_use]
    pub const fn is_related(&self) -> bool {
        self.kind & RELATED != 0
    }

    /// Address and port of one end.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let (number, port) = match side {
            Side::Lower => (self.lower, self.lower_port),
            Side::Upper => (self.upper, self.upper_port),
        };
        let [high, low] = number;
        let address = if self.kind & V6 != 0 {
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(low).unwrap_or(0)))
        };
        Endpoint { address, port }
    }

    /// The transport protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        Protocol(self.protocol)
    }

    /// A number that names the key the same on every run; no protection against collisions on purpose.
    pub(crate) const fn fingerprint(&self) -> u64 {
        let [a, b] = self.lower;
        let [c, d] = self.upper;
        let ports = (self.lower_port as u64) << 48 | (self.upper_port as u64) << 32;
        let rest = ports | (self.vlan as u64) << 16 | (self.protocol as u64) << 8 | self.kind as u64;
        stable_id(stable_id(stable_id(a, b), stable_id(c, d)), rest)
    }

    /// Whether the ports are known, so that the key names a connection and not all traffic of a
    /// protocol between two hosts.
    #[must_use]
    pub const fn has_ports(&self) -> bool {
        self.kind & PORTS != 0
    }

    /// Whether this is an ICMP flow with known types.
    #[must_use]
    pub const fn is_icmp(&self) -> bool {
        self.has_ports() && matches!(self.protocol(), Protocol::ICMP | Protocol::ICMPV6)
    }
}

/// An address as two words, and the bit of its family.
fn number(address: IpAddr) -> ([u64; 2], u8) {
    match address {
        IpAddr::V4(v4) => ([0, u64::from(v4.to_bits())], 0),
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = v6.octets();
            let high = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ([high, u64::from_be_bytes([i, j, k, l, m, n, o, p])], V6)
        }
    }
}
