//! The identity of a flow: addresses, ports and protocol, the same for both directions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_model::{Endpoint, Protocol};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    lower: u128,
    upper: u128,
    lower_port: u16,
    upper_port: u16,
    protocol: u8,
    kind: u8,
}

/// Bit of `kind`: the addresses are IPv6.
const V6: u8 = 1;
/// Bit of `kind`: one direction only, the lower end is the sender.
const ONE_WAY: u8 = 2;
/// Bit of `kind`: the ports are known.
const PORTS: u8 = 4;

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
            protocol: packet.protocol.0,
            kind,
        };
        (key, if sender_is_lower { Side::Lower } else { Side::Upper })
    }

    /// Address and port of one end.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let (number, port) = match side {
            Side::Lower => (self.lower, self.lower_port),
            Side::Upper => (self.upper, self.upper_port),
        };
        let address = if self.kind & V6 != 0 {
            IpAddr::V6(Ipv6Addr::from_bits(number))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(0)))
        };
        Endpoint { address, port }
    }

    /// The transport protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        Protocol(self.protocol)
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

fn number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 0),
        IpAddr::V6(v6) => (v6.to_bits(), V6),
    }
}
