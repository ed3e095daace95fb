//! One frame: which flow it is of, and whether it is plain as far as it can say itself.
//!
//! Reads what the sensor's own decoder reads, and the same way: Ethernet with VLAN tags, IPv4 with options,
//! IPv6 with extension headers, the authentication header in both, TCP and UDP. Where there is more, or
//! something else, no flow is named and the frame is handed up: the middle of a fragmented packet, labels,
//! sessions, tunnels. What a mirror port sends in ERSPAN, GRE or VXLAN is among them, since a packet in a
//! tunnel counts for two flows, its own and the tunnel's, and a slot is of one.

use sekisho_ebpf_abi::{NO_VLAN, setup::BY_VLAN};

use crate::octets::Octets;
use crate::setup;

/// VLAN tags that are read.
const TAGS: u32 = 4;
/// Extension headers that are read.
const EXTENSIONS: u32 = 6;
/// No smaller than the octets before a network header, and before a transport header; all bits below set.
const LINK_HEADERS: usize = 0x3f;
const HEADERS: usize = 0x3fff;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
pub const TCP: u8 = 6;
const UDP: u8 = 17;
const AUTHENTICATION: u8 = 51;

/// What the slots need of a packet.
pub struct Packet {
    /// The addresses as [`sekisho_ebpf_abi::place`] takes them.
    pub source: [u64; 2],
    pub destination: [u64; 2],
    pub from: u16,
    pub to: u16,
    pub vlan: u16,
    pub protocol: u8,
    pub ip: u8,
    /// Neither a fragment nor a tunnel nor damaged.
    pub is_whole: bool,
    /// The IP packet ends where the first part of the frame does.
    pub fills_frame: bool,
    pub mark: u16,
    pub ip_octets: u32,
    pub payload_octets: u32,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
}

/// Reads a frame.
#[inline(always)]
pub fn parse(data: usize, end: usize) -> Option<Packet> {
    let mut octets = Octets::new(data, end);
    if !octets.has(14) {
        return None;
    }
    let mut kind = octets.u16(12);
    octets.skip(14);
    let mut vlan = NO_VLAN;
    let mut tags = 0;
    while is_tag(kind) {
        if tags == TAGS || !octets.has(4) {
            return None;
        }
        // The outer one; an id of 0 is a priority alone.
        let id = octets.u16(0) & 0x0fff;
        if tags == 0 && id != 0 && setup::has(BY_VLAN) {
            vlan = id;
        }
        kind = octets.u16(2);
        octets.skip(4);
        tags += 1;
    }
    if (kind != IPV4 && kind != IPV6) || !octets.has(20) {
        return None;
    }
    let octets = octets.forgotten(data, LINK_HEADERS);
    if !octets.has(20) {
        return None;
    }
    // The packet says itself of which version it is.
    let (octets, left, packet) = match octets.u8(0) >> 4 {
        4 => ipv4(octets, vlan)?,
        6 => ipv6(octets, vlan)?,
        _ => return None,
    };
    transport(octets.forgotten(data, HEADERS), left, packet)
}

#[inline(always)]
fn is_tag(kind: u16) -> bool {
    matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200)
}

/// Source: RFC 791 section 3.1.
#[inline(always)]
fn ipv4(mut octets: Octets, vlan: u16) -> Option<(Octets, u32, Packet)> {
    let header = u32::from(octets.u8(0) & 0xf) * 4;
    let total = u32::from(octets.u16(2));
    let fragment = octets.u16(6) & 0x3fff;
    let mut protocol = octets.u8(9);
    // More fragments is the bit above; what is in the middle of a packet has no ports.
    if header < 20 || fragment & 0x1fff != 0 {
        return None;
    }
    let mark = octets.u16(4);
    let fills_frame = total == octets.left();
    let source = [u64::from(octets.raw::<u32>(12)), 0];
    let destination = [u64::from(octets.raw::<u32>(16)), 0];
    octets.skip(header as usize);
    if !octets.has(4) {
        return None;
    }
    let is_declared = total >= header;
    let mut left = if is_declared {
        total - header
    } else {
        octets.left()
    };
    if protocol == AUTHENTICATION {
        let (next, length) = authentication(&octets, left)?;
        protocol = next;
        left -= length;
        octets.skip(length as usize);
    }
    let packet = Packet {
        source,
        destination,
        from: 0,
        to: 0,
        vlan,
        protocol,
        ip: 4,
        is_whole: is_declared && fragment == 0,
        fills_frame,
        mark,
        ip_octets: total,
        payload_octets: 0,
        sequence: 0,
        acknowledgement: 0,
        flags: 0,
        window: 0,
    };
    Some((octets, left, packet))
}

/// The next protocol and the length of an authentication header.
///
/// Source: RFC 4302 section 2.
#[inline(always)]
fn authentication(octets: &Octets, left: u32) -> Option<(u8, u32)> {
    if left < 12 || !octets.has(12) {
        return None;
    }
    let words = u32::from(octets.u8(1));
    let length = (words + 2) * 4;
    if words == 0 || length > left || !octets.has(length as usize) {
        return None;
    }
    Some((octets.u8(0), length))
}

/// Source: RFC 8200 sections 3 and 4.
#[inline(always)]
fn ipv6(mut octets: Octets, vlan: u16) -> Option<(Octets, u32, Packet)> {
    if !octets.has(40) {
        return None;
    }
    let declared = u32::from(octets.u16(4));
    let fills_frame = declared + 40 == octets.left();
    let mut protocol = octets.u8(6);
    let source = [octets.raw(8), octets.raw(16)];
    let destination = [octets.raw(24), octets.raw(32)];
    octets.skip(40);
    // A jumbogram's, or not set yet.
    let is_declared = declared != 0;
    let mut left = if is_declared { declared } else { octets.left() };
    let mut is_whole = is_declared;
    let mut extensions = 0;
    while protocol != TCP && protocol != UDP {
        if extensions == EXTENSIONS || left < 8 || !octets.has(8) {
            return None;
        }
        let (next, words) = (octets.u8(0), u32::from(octets.u8(1)));
        let length = match protocol {
            // Hop-by-hop, routing, destination options.
            0 | 43 | 60 => (words + 1) * 8,
            // Mobility, HIP, shim6: at the end of the chain they are what the packet carries.
            135 | 139 | 140 if next != 59 => (words + 1) * 8,
            44 => {
                let offset = octets.u16(2);
                if offset >> 3 != 0 {
                    return None;
                }
                is_whole = is_whole && offset & 1 == 0;
                8
            }
            AUTHENTICATION if words != 0 => (words + 2) * 4,
            _ => return None,
        };
        if length > left || !octets.has(length as usize) {
            return None;
        }
        protocol = next;
        left -= length;
        octets.skip(length as usize);
        extensions += 1;
    }
    let packet = Packet {
        source,
        destination,
        from: 0,
        to: 0,
        vlan,
        protocol,
        ip: 6,
        is_whole,
        fills_frame,
        mark: 0,
        ip_octets: declared + 40,
        payload_octets: 0,
        sequence: 0,
        acknowledgement: 0,
        flags: 0,
        window: 0,
    };
    Some((octets, left, packet))
}

/// Sources: RFC 9293 section 3.1, RFC 768.
#[inline(always)]
fn transport(octets: Octets, left: u32, mut packet: Packet) -> Option<Packet> {
    if left < 4 || !octets.has(4) {
        return None;
    }
    packet.from = octets.u16(0);
    packet.to = octets.u16(2);
    match packet.protocol {
        TCP => {
            if left < 20 || !octets.has(20) {
                packet.is_whole = false;
                return Some(packet);
            }
            let header = u32::from(octets.u8(12) >> 4) * 4;
            packet.is_whole =
                packet.is_whole && header >= 20 && header <= left && octets.has(header as usize);
            packet.sequence = octets.u32(4);
            packet.acknowledgement = octets.u32(8);
            packet.flags = octets.u8(13);
            packet.window = octets.u16(14);
            packet.payload_octets = left.wrapping_sub(header);
        }
        UDP => {
            if left < 8 || !octets.has(8) {
                packet.is_whole = false;
                return Some(packet);
            }
            packet.payload_octets = left - 8;
            if packet.mark == 0 {
                packet.mark = octets.u16(6);
            }
            if is_tunnel(packet.from) || is_tunnel(packet.to) || is_teredo(&octets, left - 8) {
                packet.is_whole = false;
            }
        }
        _ => return None,
    }
    Some(packet)
}

/// Whether a port is one behind which the sensor looks for a tunnel.
#[inline(always)]
fn is_tunnel(port: u16) -> bool {
    matches!(port, 1701 | 2152 | 3544 | 4789 | 4790 | 6081 | 6635 | 8472)
}

/// Whether a datagram may be IPv6 in UDP: it has the version and the length of such a packet.
#[inline(always)]
fn is_teredo(octets: &Octets, payload: u32) -> bool {
    octets.has(14) && octets.u8(8) >> 4 == 6 && u32::from(octets.u16(12)) + 40 == payload
}
