//! The head of the transport layer: ports, TCP flags, ICMP type and code.
//!
//! Sources: RFC 9293 section 3.1, RFC 768, RFC 9260 section 3.1, RFC 792, RFC 4443 section 2.1.

use std::net::IpAddr;

use etherparse::TcpHeaderSlice;
use sekisho_model::{FrameBucket, Protocol, TcpFlags};

use super::{IpPacket, TcpSegment, octets};
use crate::icmp;

/// Reads ports, flags and the length of the transport header.
pub(super) fn read(out: &mut IpPacket<'_>) -> FrameBucket {
    match out.protocol {
        Protocol::TCP => {
            read_ports(out);
            let Ok(header) = TcpHeaderSlice::from_slice(out.payload) else {
                out.payload_octets = 0;
                return FrameBucket::TransportDamaged;
            };
            let length = header.slice().len();
            out.tcp = Some(TcpSegment {
                sequence: header.sequence_number(),
                acknowledgement: header.acknowledgment_number(),
                flags: TcpFlags(out.payload.get(13).copied().unwrap_or(0)),
                window: header.window_size(),
            });
            skip(out, length);
            FrameBucket::Tcp
        }
        Protocol::UDP => {
            read_ports(out);
            if out.payload.len() < 8 {
                out.payload_octets = 0;
                return FrameBucket::TransportDamaged;
            }
            skip(out, 8);
            FrameBucket::Udp
        }
        Protocol::SCTP => {
            read_ports(out);
            if out.payload.len() < 12 {
                out.payload_octets = 0;
                return FrameBucket::TransportDamaged;
            }
            skip(out, 12);
            FrameBucket::OtherIp
        }
        Protocol::ICMP | Protocol::ICMPV6 => {
            let Some(&[kind, code]) = out.payload.first_chunk::<2>() else {
                out.payload_octets = 0;
                return FrameBucket::TransportDamaged;
            };
            (out.source_port, out.destination_port) = (u16::from(kind), u16::from(code));
            out.has_ports = true;
            if icmp::is_error(out.protocol, kind) {
                out.quotes_receiver = quoted_source(out.payload) == Some(out.destination);
            }
            skip(out, 8);
            if out.protocol == Protocol::ICMP {
                FrameBucket::Icmp
            } else {
                FrameBucket::Icmpv6
            }
        }
        _ => FrameBucket::OtherIp,
    }
}

/// The first four octets of TCP, UDP and SCTP; they may be all that a snap length left.
fn read_ports(out: &mut IpPacket<'_>) {
    if let Some(&[s0, s1, d0, d1]) = out.payload.first_chunk::<4>() {
        out.source_port = u16::from_be_bytes([s0, s1]);
        out.destination_port = u16::from_be_bytes([d0, d1]);
        out.has_ports = true;
    }
}

fn skip<'a>(out: &mut IpPacket<'a>, header: usize) {
    let rest: &'a [u8] = out.payload.get(header..).unwrap_or_default();
    out.payload = rest;
    out.payload_octets = out.payload_octets.saturating_sub(octets(header));
}

/// Who sent the packet that an ICMP error quotes after its eight octets.
fn quoted_source(message: &[u8]) -> Option<IpAddr> {
    let quoted = message.get(8..)?;
    match quoted.first()? >> 4 {
        4 => quoted
            .get(12..16)?
            .first_chunk::<4>()
            .map(|octets| IpAddr::from(*octets)),
        6 => quoted
            .get(8..24)?
            .first_chunk::<16>()
            .map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}
