//! Who is the originator: decided once, at the first packet of a flow.

use sekisho_model::{DirectionBy, Protocol, TcpFlags};
use sekisho_wire::IpPacket;
use sekisho_wire::icmp::{self, Exchange};

/// Ports below this are taken for servers' (RFC 6335 section 6, "system ports").
const SYSTEM_PORTS: u16 = 1024;
/// Registered ports that servers listen on and that clients do not pick by chance as a rule.
const KNOWN_SERVERS: [u16; 22] = [
    1433, 1521, 1883, 2049, 2404, 3128, 3260, 3306, 3389, 4789, 5060, 5432, 5900, 5985, 5986, 6379, 8080,
    8443, 9100, 11211, 20000, 47808,
];

/// Whether the sender of a flow's first packet is its originator, and how that is known.
pub(crate) fn sender_is_originator(packet: &IpPacket<'_>) -> (bool, DirectionBy) {
    if let Some(tcp) = packet.tcp
        && tcp.flags.has(TcpFlags::SYN)
    {
        return (!tcp.flags.has(TcpFlags::ACK), DirectionBy::Syn);
    }
    if packet.has_ports && matches!(packet.protocol, Protocol::ICMP | Protocol::ICMPV6) {
        let message = u8::try_from(packet.source_port).unwrap_or(u8::MAX);
        return match icmp::exchange(packet.protocol, message) {
            // A router's unasked advertisement begins an exchange of its own.
            Exchange::Reply(_) if is_to_group(packet) => (true, DirectionBy::First),
            Exchange::Reply(_) => (false, DirectionBy::Icmp),
            Exchange::Request(_) => (true, DirectionBy::Icmp),
            Exchange::OneWay => (true, DirectionBy::First),
        };
    }
    if packet.has_ports && !is_to_group(packet) {
        match (is_server(packet.source_port), is_server(packet.destination_port)) {
            (true, false) => return (false, DirectionBy::Port),
            (false, true) => return (true, DirectionBy::Port),
            _ => {}
        }
    }
    (true, DirectionBy::First)
}

fn is_server(port: u16) -> bool {
    port < SYSTEM_PORTS || KNOWN_SERVERS.contains(&port)
}

/// A group never answers, so it is never the originator.
fn is_to_group(packet: &IpPacket<'_>) -> bool {
    match packet.destination {
        std::net::IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        std::net::IpAddr::V6(v6) => v6.is_multicast(),
    }
}
