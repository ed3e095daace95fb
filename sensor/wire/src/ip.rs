//! IPv4 and IPv6 with extension headers, and the head of the transport layer.
//!
//! Built on etherparse's lax slices: lengths that point past the captured octets are believed for
//! counting and not for reading. Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 9260.

use std::net::IpAddr;

use etherparse::{Ipv6ExtensionSlice, LaxIpSlice, TcpHeaderSlice};
use sekisho_model::{FrameBucket, Protocol, TcpFlags};

use crate::icmp;

/// What a flow table needs of one IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpPacket<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// The protocol after every extension header.
    pub protocol: Protocol,
    /// Port of the sender; the type for ICMP; 0 where there is none.
    pub source_port: u16,
    /// Port of the receiver; the code for ICMP; 0 where there is none.
    pub destination_port: u16,
    /// Whether the two ports above were read.
    pub has_ports: bool,
    /// Octets of the IP packet as its header declares them, header included.
    pub octets: u32,
    /// Octets of transport payload as the headers declare them.
    pub payload_octets: u32,
    /// The TCP header, for whole ones.
    pub tcp: Option<TcpSegment>,
    /// An ICMP error quoting a packet that went from its receiver to someone.
    pub quotes_receiver: bool,
    /// Captured octets of the transport payload.
    pub payload: &'a [u8],
}

/// What the state of a connection needs of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpSegment {
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window, not scaled.
    pub window: u16,
}

/// Reads an IP packet. `wire_octets` is its length on the wire, for headers that declare none.
///
/// # Errors
///
/// The bucket of a packet whose IP header cannot be read.
pub fn decode(packet: &[u8], wire_octets: u32) -> Result<(FrameBucket, IpPacket<'_>), FrameBucket> {
    use etherparse::err::ip::{HeaderError, LaxHeaderSliceError};
    let (ip, _) = LaxIpSlice::from_slice(packet).map_err(|error| match error {
        LaxHeaderSliceError::Len(_) => FrameBucket::IpTruncated,
        LaxHeaderSliceError::Content(
            HeaderError::UnsupportedIpVersion { .. } | HeaderError::Ipv4HeaderLengthSmallerThanHeader { .. },
        ) => FrameBucket::IpMalformed,
    })?;
    let payload = ip.payload();
    let head = Head::of(&ip);
    // A declared length of zero stands in packets captured before the network card cut them into
    // segments, and one shorter than the header is no length at all: the wire knows better.
    let octets = if head.declared > head.octets {
        head.declared
    } else {
        wire_octets.max(head.octets)
    };
    let mut out = IpPacket {
        source: ip.source_addr(),
        destination: ip.destination_addr(),
        protocol: Protocol(payload.ip_number.0),
        source_port: 0,
        destination_port: 0,
        has_ports: false,
        octets,
        payload_octets: octets.saturating_sub(head.octets),
        tcp: None,
        quotes_receiver: false,
        payload: payload.payload,
    };
    let bucket = if head.later_fragment {
        FrameBucket::Fragment
    } else {
        transport(&mut out)
    };
    Ok((bucket, out))
}

/// The lengths and the fragment offset of an IP header with its extensions.
struct Head {
    /// Octets of the packet as declared; what an extension header chain takes is part of it.
    declared: u32,
    /// Octets of the header with its extensions.
    octets: u32,
    /// Whether this is a fragment other than the first.
    later_fragment: bool,
}

impl Head {
    fn of(ip: &LaxIpSlice<'_>) -> Self {
        match ip {
            LaxIpSlice::Ipv4(v4) => {
                let header = v4.header();
                let auth = v4.extensions().auth.map_or(0, |auth| auth.slice().len());
                Self {
                    declared: u32::from(header.total_len()),
                    octets: octets(header.slice().len().saturating_add(auth)),
                    later_fragment: header.fragments_offset().value() != 0,
                }
            }
            LaxIpSlice::Ipv6(v6) => {
                let header = v6.header();
                let extensions = v6.extensions();
                let later_fragment = extensions.clone().into_iter().any(|extension| match extension {
                    Ipv6ExtensionSlice::Fragment(fragment) => fragment.fragment_offset().value() != 0,
                    _ => false,
                });
                Self {
                    declared: u32::from(header.payload_length()).saturating_add(40),
                    octets: octets(extensions.slice().len().saturating_add(40)),
                    later_fragment,
                }
            }
        }
    }
}

fn octets(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads ports, flags and the length of the transport header.
fn transport(out: &mut IpPacket<'_>) -> FrameBucket {
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

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    fn ipv4(build: impl FnOnce(etherparse::PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8>) -> Vec<u8> {
        build(PacketBuilder::ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64))
    }

    fn tcp_packet(payload: &[u8]) -> Vec<u8> {
        ipv4(|ip| {
            let mut out = Vec::new();
            ip.tcp(50_000, 443, 7, 1024)
                .syn()
                .write(&mut out, payload)
                .unwrap();
            out
        })
    }

    #[test]
    fn a_tcp_packet_is_read_whole() {
        let packet = tcp_packet(b"hello");

        let (bucket, ip) = decode(&packet, 45).unwrap();

        assert_eq!(bucket, FrameBucket::Tcp);
        assert_eq!((ip.source_port, ip.destination_port), (50_000, 443));
        assert_eq!((ip.octets, ip.payload_octets, ip.payload), (45, 5, &b"hello"[..]));
        assert_eq!(ip.tcp.unwrap().flags, TcpFlags(TcpFlags::SYN));
    }

    #[test]
    fn ethernet_padding_is_not_payload() {
        let mut packet = tcp_packet(b"");
        packet.extend([0; 6]);

        let (_, ip) = decode(&packet, 46).unwrap();

        assert_eq!((ip.octets, ip.payload_octets, ip.payload.len()), (40, 0, 0));
    }

    #[test]
    fn a_length_of_zero_means_the_length_on_the_wire() {
        let mut packet = tcp_packet(&[1; 3000]);
        packet[2..4].fill(0);

        let (_, ip) = decode(&packet, 3040).unwrap();

        assert_eq!((ip.octets, ip.payload_octets), (3040, 3000));
    }

    #[test]
    fn cut_off_packets_are_counted_by_what_they_declare() {
        let packet = tcp_packet(&[1; 1000]);

        let (bucket, ip) = decode(&packet[..60], 1040).unwrap();
        assert_eq!(
            (bucket, ip.octets, ip.payload_octets, ip.payload.len()),
            (FrameBucket::Tcp, 1040, 1000, 20)
        );

        let (bucket, ip) = decode(&packet[..26], 1040).unwrap();
        assert_eq!(
            (bucket, ip.source_port, ip.has_ports),
            (FrameBucket::TransportDamaged, 50_000, true)
        );

        assert_eq!(decode(&packet[..12], 1040).unwrap_err(), FrameBucket::IpTruncated);
        assert_eq!(decode(&[], 0).unwrap_err(), FrameBucket::IpTruncated);
        assert_eq!(decode(&[0x55; 40], 40).unwrap_err(), FrameBucket::IpMalformed);
    }

    #[test]
    fn the_first_fragment_has_ports_and_later_ones_have_none() {
        let mut packet = tcp_packet(&[1; 100]);
        packet[6] = 0x20; // More fragments, offset 0.
        assert_eq!(decode(&packet, 140).unwrap().1.destination_port, 443);

        packet[7] = 0x10; // Offset 16 * 8.
        let (bucket, ip) = decode(&packet, 140).unwrap();
        assert_eq!(
            (bucket, ip.has_ports, ip.payload_octets),
            (FrameBucket::Fragment, false, 120)
        );
    }

    #[test]
    fn an_icmp_error_knows_whose_packet_it_quotes() {
        let quoted = ipv4(|ip| {
            let mut out = Vec::new();
            ip.udp(40_000, 53).write(&mut out, b"query").unwrap();
            out
        });
        let error = |from: [u8; 4], to: [u8; 4]| {
            let mut out = Vec::new();
            let builder = PacketBuilder::ipv4(from, to, 64).icmpv4_raw(3, 3, [0; 4]);
            builder.write(&mut out, &quoted).unwrap();
            out
        };

        assert!(
            decode(&error([198, 51, 100, 2], [192, 0, 2, 1]), 64)
                .unwrap()
                .1
                .quotes_receiver
        );
        assert!(
            !decode(&error([198, 51, 100, 2], [192, 0, 2, 9]), 64)
                .unwrap()
                .1
                .quotes_receiver
        );
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic_or_read_past_the_end(packet: Vec<u8>, wire: u32) {
            if let Ok((_, ip)) = decode(&packet, wire) {
                proptest::prop_assert!(ip.payload.len() <= packet.len());
                proptest::prop_assert!(ip.payload_octets <= ip.octets);
            }
        }
    }
}
