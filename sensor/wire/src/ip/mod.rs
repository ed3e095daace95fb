//! IPv4 and IPv6 with extension headers, and the head of the transport layer.
//!
//! Lengths that point past the captured octets are believed for counting and not for reading.
//! Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 9260.

mod extension;
mod header;
mod transport;

use std::net::IpAddr;

use sekisho_model::{FrameBucket, Protocol, TcpFlags};

use header::Header;

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
    /// Where the packet is a fragment, the first one too.
    pub fragment: Option<Fragment>,
    /// Identification field of IPv4; 0 for IPv6.
    pub identification: u16,
    /// Time to live or hop limit.
    pub ttl: u8,
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

/// Which part of a packet a fragment is (RFC 791 section 3.1, RFC 8200 section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Names the packet between its two addresses.
    pub identification: u32,
    /// Octets of the packet's payload before this part.
    pub offset: u32,
    /// Whether further parts follow.
    pub more: bool,
}

impl Fragment {
    /// The fragment that the fields of a header make; none for a packet that is whole in one part
    /// (RFC 6946).
    fn new(identification: u32, offset_words: u16, more: bool) -> Option<Self> {
        (offset_words != 0 || more).then(|| Self {
            identification,
            offset: u32::from(offset_words).saturating_mul(8),
            more,
        })
    }
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

impl IpPacket<'_> {
    /// Whether this is a fragment without a transport header.
    #[must_use]
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset != 0)
    }
}

/// Reads an IP packet. `wire_octets` is its length on the wire, for headers that declare none.
///
/// # Errors
///
/// The bucket of a packet whose IP header cannot be read.
pub fn decode(packet: &[u8], wire_octets: u32) -> Result<(FrameBucket, IpPacket<'_>), FrameBucket> {
    let header = Header::read(packet)?;
    let octets = header.declared.unwrap_or(wire_octets).max(header.octets);
    let mut out = IpPacket {
        source: header.source,
        destination: header.destination,
        protocol: header.protocol,
        source_port: 0,
        destination_port: 0,
        has_ports: false,
        fragment: header.fragment,
        identification: header.identification,
        ttl: header.ttl,
        octets,
        payload_octets: octets.saturating_sub(header.octets),
        tcp: None,
        quotes_receiver: false,
        payload: header.payload,
    };
    let bucket = if out.is_later_fragment() {
        FrameBucket::Fragment
    } else {
        transport::read(&mut out)
    };
    Ok((bucket, out))
}

/// A slice's length as the counters hold it.
pub(crate) fn octets(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
    fn a_fragment_says_which_part_it_is() {
        let mut packet = tcp_packet(&[1; 100]);
        packet[4..8].copy_from_slice(&[0x12, 0x34, 0x20, 0x03]);

        let (_, ip) = decode(&packet, 140).unwrap();

        let part = Fragment {
            identification: 0x1234,
            offset: 24,
            more: true,
        };
        assert_eq!((ip.fragment, ip.identification), (Some(part), 0x1234));
        packet[6..8].copy_from_slice(&[0x40, 0]); // Don't fragment.
        assert_eq!(decode(&packet, 140).unwrap().1.fragment, None);
    }

    #[test]
    fn an_authentication_header_is_passed_over() {
        let mut packet = tcp_packet(b"hello");
        packet[9] = 51;
        packet[3] += 24;
        // RFC 4302 figure 1: next header, length in words less two, index, number, value.
        let header = [&[6, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1][..], &[0xaa; 12]].concat();
        packet.splice(20..20, header);

        let (bucket, ip) = decode(&packet, 69).unwrap();

        assert_eq!((bucket, ip.protocol), (FrameBucket::Tcp, Protocol::TCP));
        assert_eq!((ip.octets, ip.payload_octets, ip.payload), (69, 5, &b"hello"[..]));
    }

    #[test]
    fn encrypted_and_routing_packets_are_told_by_protocol() {
        // ESP, IGMP, OSPF, VRRP.
        for protocol in [50, 2, 89, 112] {
            let mut packet = tcp_packet(&[]);
            packet[9] = protocol;

            let (bucket, ip) = decode(&packet, 40).unwrap();

            assert_eq!((bucket, ip.protocol.0), (FrameBucket::OtherIp, protocol));
            assert_eq!((ip.has_ports, ip.payload_octets), (false, 20));
        }
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
