//! The few kinds of packet that make up nearly all traffic, read without detours.
//!
//! Ethernet with up to two VLAN tags, IPv4 without options, IPv6 without extension headers, whole
//! TCP and UDP headers. Whatever else a frame is, the functions here say so by `None` and the
//! readers beside them take it; they define what a frame means, and these agree with them.
//!
//! Every field is written where it stays: a structure that is filled field by field and then moved
//! stalls the processor, which cannot load in one piece what it has just stored in many.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_model::{FrameBucket, Linktype, MacAddress, Protocol, TcpFlags};

use crate::frame::Layer;
use crate::ip::{IpPacket, TcpSegment, octets};
use crate::link::Link;
use crate::link::ethertype::{IPV4, IPV6, PROVIDER_BRIDGE, VLAN};

/// A layer to write over.
pub(crate) const BLANK: Layer<'static> = Layer {
    link: Link {
        source: None,
        destination: None,
        vlan: None,
        inner_vlan: None,
        header_octets: 0,
    },
    ip: IpPacket {
        source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        protocol: Protocol(0),
        source_port: 0,
        destination_port: 0,
        has_ports: false,
        fragment: None,
        identification: 0,
        ttl: 0,
        octets: 0,
        payload_octets: 0,
        tcp: None,
        quotes_receiver: false,
        payload: &[],
    },
    carried_by: None,
    frame_octets: 0,
};

/// Writes every field of a layer from a plain frame and gives its bucket; the layer is of no use
/// where there is none.
#[inline]
pub(crate) fn read<'a>(
    out: &mut Layer<'a>,
    frame: &'a [u8],
    linktype: Linktype,
    len: u32,
) -> Option<FrameBucket> {
    if linktype != Linktype::ETHERNET {
        return None;
    }
    out.carried_by = None;
    out.frame_octets = len;
    let packet = ethernet(&mut out.link, frame)?;
    ip(&mut out.ip, packet)
}

/// Writes the link header of an Ethernet frame that carries IP, and gives the packet.
#[inline]
pub(crate) fn ethernet<'a>(out: &mut Link, frame: &'a [u8]) -> Option<&'a [u8]> {
    let (destination, rest) = frame.split_first_chunk::<6>()?;
    let (source, rest) = rest.split_first_chunk::<6>()?;
    let (kind, mut rest) = rest.split_first_chunk()?;
    out.source = Some(MacAddress(*source));
    out.destination = Some(MacAddress(*destination));
    (out.vlan, out.inner_vlan) = (None, None);
    out.header_octets = 14;
    let mut kind = u16::from_be_bytes(*kind);
    if matches!(kind, VLAN | PROVIDER_BRIDGE) {
        (out.vlan, kind, rest) = tag(rest)?;
        out.header_octets = 18;
        if matches!(kind, VLAN | PROVIDER_BRIDGE) {
            (out.inner_vlan, kind, rest) = tag(rest)?;
            out.header_octets = 22;
        }
    }
    matches!(kind, IPV4 | IPV6).then_some(rest)
}

#[inline]
fn tag(octets: &[u8]) -> Option<(Option<u16>, u16, &[u8])> {
    let (&[c0, c1, t0, t1], rest) = octets.split_first_chunk()?;
    let id = u16::from_be_bytes([c0, c1]) & 0x0fff;
    Some(((id != 0).then_some(id), u16::from_be_bytes([t0, t1]), rest))
}

/// Reads a packet that is TCP or UDP right after a plain IP header.
#[inline]
fn ip<'a>(out: &mut IpPacket<'a>, packet: &'a [u8]) -> Option<FrameBucket> {
    out.fragment = None;
    out.quotes_receiver = false;
    let payload = match packet.first()? {
        0x45 => ipv4(out, packet)?,
        0x60..=0x6f => ipv6(out, packet)?,
        _ => return None,
    };
    transport(out, payload)
}

#[inline]
fn ipv4<'a>(out: &mut IpPacket<'a>, packet: &'a [u8]) -> Option<&'a [u8]> {
    let header = packet.first_chunk::<20>()?;
    let [
        _,
        _,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        ttl,
        protocol,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = *header;
    let total = u16::from_be_bytes([l0, l1]);
    // More fragments, or an offset.
    if u16::from_be_bytes([f0, f1]) & 0x3fff != 0 || total < 20 {
        return None;
    }
    out.source = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
    out.destination = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));
    out.protocol = Protocol(protocol);
    out.identification = u16::from_be_bytes([i0, i1]);
    out.ttl = ttl;
    out.octets = u32::from(total);
    out.payload_octets = u32::from(total).saturating_sub(20);
    packet.get(20..usize::from(total).min(packet.len()))
}

#[inline]
fn ipv6<'a>(out: &mut IpPacket<'a>, packet: &'a [u8]) -> Option<&'a [u8]> {
    let (header, addresses) = packet.split_first_chunk::<8>()?;
    let (source, rest) = addresses.split_first_chunk::<16>()?;
    let destination = rest.first_chunk::<16>()?;
    let [_, _, _, _, l0, l1, next, hops] = *header;
    let length = u16::from_be_bytes([l0, l1]);
    if length == 0 {
        return None;
    }
    let total = usize::from(length).saturating_add(40);
    out.source = IpAddr::V6(Ipv6Addr::from(*source));
    out.destination = IpAddr::V6(Ipv6Addr::from(*destination));
    out.protocol = Protocol(next);
    out.identification = 0;
    out.ttl = hops;
    out.octets = octets(total);
    out.payload_octets = u32::from(length);
    packet.get(40..total.min(packet.len()))
}

#[inline]
fn transport<'a>(out: &mut IpPacket<'a>, segment: &'a [u8]) -> Option<FrameBucket> {
    let (bucket, length) = match out.protocol {
        Protocol::TCP => {
            let header = segment.first_chunk::<20>()?;
            let length = usize::from(header[12] >> 4).saturating_mul(4);
            if length < 20 {
                return None;
            }
            out.tcp = Some(TcpSegment {
                sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
                acknowledgement: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
                flags: TcpFlags(header[13]),
                window: u16::from_be_bytes([header[14], header[15]]),
            });
            (FrameBucket::Tcp, length)
        }
        Protocol::UDP => {
            out.tcp = None;
            (FrameBucket::Udp, 8)
        }
        _ => return None,
    };
    let &[s0, s1, d0, d1] = segment.first_chunk()?;
    out.source_port = u16::from_be_bytes([s0, s1]);
    out.destination_port = u16::from_be_bytes([d0, d1]);
    out.has_ports = true;
    out.payload = segment.get(length..)?;
    out.payload_octets = out.payload_octets.saturating_sub(octets(length));
    Some(bucket)
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{self, Frame};
    use crate::ip::Fragment;
    use crate::tunnel::Tunnel;

    /// A frame of one of the kinds read here, before anything is changed in it.
    fn plain() -> impl Strategy<Value = Vec<u8>> {
        let body = proptest::collection::vec(any::<u8>(), 0..40);
        (0_u8..3, any::<bool>(), any::<bool>(), any::<[u8; 4]>(), body).prop_map(
            |(tags, v6, tcp, address, body)| {
                let mut frame = vec![2; 12];
                for _ in 0..tags {
                    frame.extend([0x81, 0x00, address[0], address[1]]);
                }
                let ip = if v6 {
                    frame.extend([0x86, 0xdd]);
                    PacketBuilder::ipv6([address[2]; 16], [7; 16], 64)
                } else {
                    frame.extend([0x08, 0x00]);
                    PacketBuilder::ipv4(address, [192, 0, 2, 1], 64)
                };
                if tcp {
                    ip.tcp(1000, 443, 7, 512).syn().write(&mut frame, &body).unwrap();
                } else {
                    ip.udp(1000, 53).write(&mut frame, &body).unwrap();
                }
                frame
            },
        )
    }

    /// The frame with some octets changed, cut off or added.
    fn mutated() -> impl Strategy<Value = Vec<u8>> {
        let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        (plain(), changes, any::<Option<prop::sample::Index>>(), 0_usize..8).prop_map(
            |(mut frame, changes, cut, padding)| {
                for (index, octet) in changes {
                    // The headers, mostly: what follows is not looked at.
                    let end = frame.len().min(80);
                    frame[index.index(end)] = octet;
                }
                frame.resize(frame.len() + padding, 0);
                if let Some(cut) = cut {
                    frame.truncate(cut.index(frame.len()));
                }
                frame
            },
        )
    }

    /// A layer with something in every field.
    fn written_over() -> Layer<'static> {
        let mut layer = BLANK;
        layer.link.vlan = Some(1);
        layer.link.inner_vlan = Some(2);
        layer.ip.fragment = Some(Fragment {
            identification: 3,
            offset: 4,
            more: true,
        });
        layer.ip.identification = 5;
        layer.ip.quotes_receiver = true;
        layer.ip.tcp = Some(TcpSegment {
            sequence: 6,
            acknowledgement: 7,
            flags: TcpFlags(8),
            window: 9,
        });
        layer.carried_by = Some(Tunnel::Gre);
        layer
    }

    fn agrees(octets: &[u8], len: u32) -> Result<(), TestCaseError> {
        let mut layer = written_over();
        if let Some(bucket) = read(&mut layer, octets, Linktype::ETHERNET, len) {
            let mut expected = Frame::default();
            frame::decode_any(&mut expected, octets, Linktype::ETHERNET, len);
            prop_assert_eq!(Some(&layer), expected.layers.first());
            prop_assert_eq!(layer.link, expected.link);
            if expected.layers.len() == 1 {
                prop_assert_eq!(bucket, expected.bucket);
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn plain_packets_are_taken(frame in plain()) {
            prop_assert!(read(&mut written_over(), &frame, Linktype::ETHERNET, 0).is_some());
        }

        #[test]
        fn mutated_packets_mean_the_same_as_without_the_fast_path(frame in mutated(), len: u32) {
            agrees(&frame, len)?;
        }

        #[test]
        fn any_octets_mean_the_same_as_without_the_fast_path(frame: Vec<u8>, len: u32) {
            agrees(&frame, len)?;
        }
    }
}
