//! Packets to put into tunnels, and what came out.

use sekisho_model::Linktype;

use super::Tunnel;
use crate::frame::decode;

/// IPv4 and UDP from port 4096 to 7 with four octets.
pub(super) const IPV4_UDP: [u8; 32] = [
    0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 0x10, 0x00, 0, 7, 0, 12, 0, 0,
    1, 2, 3, 4,
];

/// IPv6 and UDP from port 4096 to 7 with four octets.
pub(super) const IPV6_UDP: [u8; 52] = [
    0x60, 0, 0, 0, 0, 12, 17, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0x0d,
    0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x10, 0x00, 0, 7, 0, 12, 0, 0, 1, 2, 3, 4,
];

/// [`IPV4_UDP`] in an Ethernet frame.
pub(super) fn ethernet() -> Vec<u8> {
    [&[0x02; 12][..], &[0x08, 0x00], &IPV4_UDP].concat()
}

/// An IPv4 packet of a protocol.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = IPV4_UDP[..20].to_vec();
    packet[9] = protocol;
    let total = u16::try_from(20 + payload.len()).unwrap();
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet.extend(payload);
    packet
}

/// An IPv6 packet of a protocol.
pub(super) fn ipv6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = IPV6_UDP[..40].to_vec();
    packet[6] = protocol;
    let length = u16::try_from(payload.len()).unwrap();
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    packet.extend(payload);
    packet
}

/// An IPv4 datagram to a port.
pub(super) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    let [p0, p1] = port.to_be_bytes();
    let header = [0xc0, 0x00, p0, p1, length[0], length[1], 0, 0];
    ipv4(17, &[&header[..], payload].concat())
}

/// The tunnels that were opened in a packet; the innermost layer is then the one put in.
pub(super) fn names(packet: &[u8]) -> Vec<Tunnel> {
    let len = u32::try_from(packet.len()).unwrap();
    let frame = decode(packet, Linktype::RAW, len);
    let tunnels: Vec<Tunnel> = frame.layers.iter().filter_map(|layer| layer.carried_by).collect();
    if let (false, Some(inner)) = (tunnels.is_empty(), frame.innermost()) {
        assert_eq!((inner.ip.source_port, inner.ip.destination_port), (4096, 7));
        assert_eq!(inner.ip.payload, [1, 2, 3, 4]);
    }
    tunnels
}
