//! Bodies of IPv6 neighbour discovery and of multicast listener reports, after the ICMPv6 checksum.
//!
//! Source: RFC 4861 section 4; RFC 3810 section 5.2.

use std::net::Ipv6Addr;

use crate::Mac;

/// Router solicitation (type 133).
#[must_use]
pub fn router_solicitation(mac: Mac) -> Vec<u8> {
    [&[0; 4], &link_layer(1, mac)[..]].concat()
}

/// Router advertisement (type 134) of one on-link prefix of 64 bits, for half an hour.
#[must_use]
pub fn router_advertisement(mac: Mac, prefix: Ipv6Addr) -> Vec<u8> {
    let mut body = vec![64, 0, 0x07, 0x08]; // Hop limit, flags, router lifetime 1800 s.
    body.extend([0; 8]);
    body.extend(link_layer(1, mac));
    body.extend([3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x07, 0x08, 0, 0, 0, 0]);
    body.extend(prefix.octets());
    body
}

/// Neighbour solicitation (type 135); without a source link-layer address while the address is tentative.
#[must_use]
pub fn neighbour_solicitation(target: Ipv6Addr, mac: Option<Mac>) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(target.octets());
    body.extend(mac.map(|mac| link_layer(1, mac)).unwrap_or_default());
    body
}

/// Neighbour advertisement (type 136), solicited.
#[must_use]
pub fn neighbour_advertisement(target: Ipv6Addr, mac: Mac) -> Vec<u8> {
    let mut body = vec![0x60, 0, 0, 0];
    body.extend(target.octets());
    body.extend(link_layer(2, mac));
    body
}

/// Multicast listener report, version 2 (type 143), of one group that is joined.
#[must_use]
pub fn listener_report(group: Ipv6Addr) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 1, 4, 0, 0, 0];
    body.extend(group.octets());
    body
}

/// The solicited-node multicast address of an address (RFC 4291 section 2.7.1).
#[must_use]
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// The station that an IPv6 multicast address is sent to (RFC 2464 section 7).
#[must_use]
pub fn multicast_mac(address: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = address.octets();
    [0x33, 0x33, a, b, c, d]
}

fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1], &mac[..]].concat()
}
