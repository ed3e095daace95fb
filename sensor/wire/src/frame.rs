//! One captured frame, from its first octet to its innermost transport payload.

use arrayvec::ArrayVec;
use sekisho_model::{FrameBucket, Linktype, limits};

use crate::fast;
use crate::ip::{self, IpPacket, octets};
use crate::link::{self, Link, LocalFrame, LocalKind, Network};
use crate::tunnel::{self, Tunnel};

/// IP layers that are read from one frame ([`limits::TUNNEL_DEPTH`]).
pub const MAX_LAYERS: usize = 8;
const _: () = assert!(MAX_LAYERS as u64 == limits::TUNNEL_DEPTH.default);

/// ICMPv6 types of neighbour discovery (RFC 4861 section 4).
const DISCOVERY: std::ops::RangeInclusive<u16> = 133..=137;
/// Octets of an ICMP header.
const ICMP_HEADER: usize = 8;

/// A decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The one bucket it ends in, by the innermost layer that was read.
    pub bucket: FrameBucket,
    /// Addresses and tags below the first network layer.
    pub link: Link,
    /// The IP packets in it, outermost first; empty where there is none.
    pub layers: ArrayVec<Layer<'a>, MAX_LAYERS>,
    /// Whether a further tunnel was there and was not opened.
    pub depth_met: bool,
    /// ARP, LLDP, CDP or neighbour discovery, where the frame ends in it.
    pub local: Option<LocalFrame<'a>>,
}

/// One IP packet of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer<'a> {
    /// The link header right below the packet; empty where a tunnel carries the packet bare.
    pub link: Link,
    /// The packet.
    pub ip: IpPacket<'a>,
    /// The tunnel in which the layer before carries it; none for the first layer.
    pub carried_by: Option<Tunnel>,
    /// Octets of the frame on the wire for the first layer; of the inner link header and the inner
    /// packet, as declared, for the others.
    pub frame_octets: u32,
}

impl Default for Layer<'_> {
    /// A layer to write over.
    fn default() -> Self {
        fast::BLANK
    }
}

impl<'a> Frame<'a> {
    /// The packet that no further tunnel was opened in.
    #[must_use]
    pub fn innermost(&self) -> Option<&Layer<'a>> {
        self.layers.last()
    }
}

impl Default for Frame<'_> {
    /// A frame that nothing was read of.
    fn default() -> Self {
        Self {
            bucket: FrameBucket::LinkTruncated,
            link: Link::default(),
            layers: ArrayVec::new(),
            depth_met: false,
            local: None,
        }
    }
}

/// Decodes one frame. `len` is its length on the wire, which may be more than was captured.
///
/// Never fails: what cannot be read is said by the bucket, and what was read until then is kept.
#[must_use]
pub fn decode(frame: &[u8], linktype: Linktype, len: u32) -> Frame<'_> {
    let mut out = Frame::default();
    decode_into(&mut out, frame, linktype, len);
    out
}

/// [`decode`] into a frame that is used again: it is large, and moving it costs more than filling
/// it. Whatever was in it is forgotten.
#[inline]
pub fn decode_into<'a>(out: &mut Frame<'a>, frame: &'a [u8], linktype: Linktype, len: u32) {
    out.depth_met = false;
    out.local = None;
    out.layers.truncate(1);
    if out.layers.is_empty() {
        out.layers.push(fast::BLANK);
    }
    let read = out
        .layers
        .first_mut()
        .and_then(|layer| Some((fast::read(layer, frame, linktype, len)?, layer.link)));
    match read {
        Some((bucket, link)) => {
            (out.bucket, out.link) = (bucket, link);
            // TCP carries no tunnel that is opened.
            if bucket != FrameBucket::Tcp {
                open_tunnels(out);
                find_discovery(out, frame);
            }
        }
        None => decode_any(out, frame, linktype, len),
    }
}

/// Decodes a frame that is one of the few kinds which make up nearly all traffic and carries no tunnel, so
/// that `out` is all there is to it; gives its bucket. Nothing for any other frame: [`decode_into`]
/// reads that, and `out` is of no use.
#[inline]
pub fn decode_plain<'a>(
    out: &mut Layer<'a>,
    frame: &'a [u8],
    linktype: Linktype,
    len: u32,
) -> Option<FrameBucket> {
    let bucket = fast::read(out, frame, linktype, len)?;
    if bucket != FrameBucket::Tcp && tunnel::open(&out.ip).is_some() {
        return None;
    }
    Some(bucket)
}

/// [`decode_into`] for every kind of frame.
pub(crate) fn decode_any<'a>(out: &mut Frame<'a>, frame: &'a [u8], linktype: Linktype, len: u32) {
    out.layers.clear();
    let (link, network) = link::decode_any(frame, linktype);
    out.link = link;
    let packet = match network {
        Network::Ip(packet) => packet,
        Network::Other(bucket, local) => {
            (out.bucket, out.local) = (bucket, local);
            return;
        }
    };
    match ip::decode(packet, len.saturating_sub(octets(link.header_octets))) {
        Ok((bucket, ip)) => {
            out.bucket = bucket;
            out.layers.push(Layer {
                link,
                ip,
                carried_by: None,
                frame_octets: len,
            });
            open_tunnels(out);
            find_discovery(out, frame);
        }
        Err(bucket) => out.bucket = bucket,
    }
}

/// Finds the whole message of neighbour discovery in a frame that ends in one: the packet's payload
/// is without the eight octets of the ICMPv6 header, of which four are the message's own.
fn find_discovery<'a>(out: &mut Frame<'a>, frame: &'a [u8]) {
    if out.bucket != FrameBucket::Icmpv6 {
        return;
    }
    let Some(ip) = out.layers.last().map(|layer| &layer.ip) else {
        return;
    };
    if !(DISCOVERY.contains(&ip.source_port) && ip.fragment.is_none()) {
        return;
    }
    let payload = ip.payload.as_ptr().addr();
    let end = payload.wrapping_sub(frame.as_ptr().addr());
    let message = end
        .checked_sub(ICMP_HEADER)
        .and_then(|start| frame.get(start..end.checked_add(ip.payload.len())?));
    out.local = message.map(|octets| LocalFrame {
        kind: LocalKind::Ndp,
        octets,
    });
}

/// Reads the packets in the first one, as deep as they go.
fn open_tunnels(frame: &mut Frame<'_>) {
    while let Some(outer) = frame.layers.last() {
        let Some((bucket, layer)) = tunnel::open(&outer.ip) else {
            return;
        };
        if frame.layers.try_push(layer).is_err() {
            frame.depth_met = true;
            return;
        }
        frame.bucket = bucket;
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::MacAddress;

    use super::*;

    /// The first segment of a connection in VXLAN, from a real capture without its last octets.
    const IN_VXLAN: [u8; 104] = [
        0x12, 0x42, 0xcd, 0xc5, 0xe8, 0x22, 0x12, 0x42, 0xcd, 0xc5, 0xe8, 0x22, 0x08, 0x00, 0x45, 0x00, 0x00,
        0x6e, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0x9c, 0x4e, 0x0a, 0x01, 0xc8, 0x83, 0x0a, 0x01, 0x01, 0xac,
        0xc3, 0x50, 0x12, 0xb5, 0x00, 0x5a, 0x96, 0x1f, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x74,
        0xac, 0xb9, 0x3f, 0xd2, 0x7d, 0x48, 0xf1, 0x7f, 0xa3, 0xb6, 0xff, 0x08, 0x00, 0x45, 0x00, 0x00, 0x3c,
        0x19, 0x98, 0x40, 0x00, 0x40, 0x06, 0x45, 0x38, 0xac, 0x10, 0x0b, 0xc9, 0x36, 0x56, 0xed, 0xbc, 0x9d,
        0xa2, 0x00, 0x50, 0x5a, 0xaf, 0xe1, 0xa8, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x08, 0x92,
        0x00, 0x00,
    ];

    #[test]
    fn every_layer_has_its_own_addresses_and_octets() {
        let frame = decode(&IN_VXLAN, Linktype::ETHERNET, 124);

        let [outer, inner] = &frame.layers[..] else {
            panic!("{:?}", frame.layers);
        };
        assert_eq!(
            outer.link.destination,
            Some(MacAddress([0x12, 0x42, 0xcd, 0xc5, 0xe8, 0x22]))
        );
        assert_eq!(
            (outer.carried_by, outer.frame_octets, outer.ip.octets),
            (None, 124, 110)
        );
        assert_eq!(
            inner.link.source,
            Some(MacAddress([0x48, 0xf1, 0x7f, 0xa3, 0xb6, 0xff]))
        );
        assert_eq!(inner.carried_by, Some(Tunnel::Vxlan));
        assert_eq!((inner.frame_octets, inner.ip.octets), (74, 60));
        assert_eq!((inner.ip.source_port, inner.ip.destination_port), (40354, 80));
    }

    #[test]
    fn neighbour_discovery_is_found_whole_and_arp_too() {
        let message = [135, 0, 0, 0, 1, 2, 3, 4, 0xfe, 0x80];
        let mut packet = Vec::new();
        etherparse::PacketBuilder::ethernet2([2; 6], [3; 6])
            .ipv6([0xfe; 16], [0xff; 16], 255)
            .icmpv6_raw(135, 0, [1, 2, 3, 4])
            .write(&mut packet, &message[8..])
            .unwrap();
        let local = decode(&packet, Linktype::ETHERNET, 64).local.unwrap();
        assert_eq!(local.kind, LocalKind::Ndp);
        assert_eq!(
            (&local.octets[..2], &local.octets[4..]),
            (&message[..2], &message[4..])
        );

        let arp = [&[2; 12][..], &[0x08, 0x06, 0, 1]].concat();
        let mut frame = decode(&arp, Linktype::ETHERNET, 60);
        let expected = LocalFrame {
            kind: LocalKind::Arp,
            octets: &[0, 1],
        };
        assert_eq!(frame.local, Some(expected));

        decode_into(&mut frame, &IN_VXLAN, Linktype::ETHERNET, 124);
        assert_eq!(frame.local, None);
    }

    #[test]
    fn the_bucket_is_that_of_the_innermost_layer() {
        // Twenty octets of TCP are there and its header has forty.
        let cut_off = decode(&IN_VXLAN, Linktype::ETHERNET, 124);
        assert_eq!(cut_off.bucket, FrameBucket::TransportDamaged);

        let without_tunnel = decode(&IN_VXLAN[..64], Linktype::ETHERNET, 124);
        assert_eq!(
            (without_tunnel.bucket, without_tunnel.layers.len()),
            (FrameBucket::Udp, 1)
        );
    }
}
