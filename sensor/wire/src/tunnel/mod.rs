//! Packets in packets: which tunnel a packet carries, and the packet in it.
//!
//! One file a tunnel. A tunnel that has an IP protocol number of its own is opened by that. One
//! over UDP is only opened where its header is valid, the packet in it decodes and fills what carries
//! it; a port alone means nothing. Nothing is opened in a later fragment.

mod erspan;
mod etherip;
mod geneve;
mod gre;
mod gtp;
mod ip_in_ip;
mod l2tp;
mod teredo;
#[cfg(test)]
mod test;
mod udp;
mod vxlan;

use std::fmt;

use sekisho_model::{FrameBucket, Protocol};

use crate::frame::Layer;
use crate::ip::{self, IpPacket, octets};
use crate::link::next::{self, Next};
use crate::link::{Link, Network};

const IPV4: Protocol = Protocol(4);
const IPV6: Protocol = Protocol(41);
const GRE: Protocol = Protocol(47);
const ETHERIP: Protocol = Protocol(97);
const MPLS: Protocol = Protocol(137);

macro_rules! tunnels {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal;)+) => {
        /// How one IP packet carries another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Tunnel {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Tunnel {
            /// Every tunnel that is read.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in every output; stable.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

tunnels! {
    /// IPv4 in IPv4 (RFC 2003) or IPv6 in IPv6 (RFC 2473).
    IpInIp, "ip-in-ip";
    /// IPv6 in IPv4 (RFC 4213).
    SixInFour, "6in4";
    /// IPv4 in IPv6 (RFC 2473).
    FourInSix, "4in6";
    /// Generic Routing Encapsulation (RFC 2784, RFC 2890, RFC 2637).
    Gre, "gre";
    /// Ethernet in GRE with a network identifier (RFC 7637).
    Nvgre, "nvgre";
    /// A mirror port's copy in GRE without a header of its own.
    Erspan1, "erspan-1";
    /// A mirror port's copy in GRE.
    Erspan2, "erspan-2";
    /// A mirror port's copy in GRE, with a time stamp.
    Erspan3, "erspan-3";
    /// Ethernet in UDP (RFC 7348).
    Vxlan, "vxlan";
    /// VXLAN for any protocol.
    VxlanGpe, "vxlan-gpe";
    /// Generic Network Virtualization Encapsulation (RFC 8926).
    Geneve, "geneve";
    /// User plane of mobile networks (3GPP TS 29.281).
    GtpU, "gtp-u";
    /// IPv6 through network address translation (RFC 4380).
    Teredo, "teredo";
    /// Layer 2 Tunneling Protocol, version 2 (RFC 2661).
    L2tp, "l2tp";
    /// Ethernet in IP (RFC 3378).
    EtherIp, "etherip";
    /// MPLS in IP (RFC 4023) or in UDP (RFC 7510).
    Mpls, "mpls";
}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a tunnel's header leads to.
struct Opened<'a> {
    tunnel: Tunnel,
    /// What follows the header.
    next: Next<'a>,
    /// The VLAN that a mirror port says the frame was in.
    vlan: Option<u16>,
}

impl<'a> Opened<'a> {
    const fn new(tunnel: Tunnel, next: Next<'a>) -> Self {
        Self {
            tunnel,
            next,
            vlan: None,
        }
    }
}

/// Whether a UDP datagram, its header included, may carry a packet; to ask before decoding.
#[must_use]
pub fn may_carry(datagram: &[u8]) -> bool {
    let Some(&[s0, s1, d0, d1, _, _, _, _, first]) = datagram.first_chunk() else {
        return false;
    };
    let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
    teredo::is_possible(first) || ports.into_iter().any(|port| udp::reader(port).is_some())
}

/// The packet that `outer` carries, and the bucket that it ends in.
#[inline]
pub(crate) fn open<'a>(outer: &IpPacket<'a>) -> Option<(FrameBucket, Layer<'a>)> {
    let Carried { bucket, layer, .. } = carried(outer)?;
    Some((bucket, layer))
}

/// The captured octets of the packet that `outer` carries, from its IP header on; padding may follow it.
#[must_use]
pub fn packet<'a>(outer: &IpPacket<'a>) -> Option<&'a [u8]> {
    carried(outer).map(|carried| carried.packet)
}

/// A packet in a tunnel.
struct Carried<'a> {
    bucket: FrameBucket,
    layer: Layer<'a>,
    packet: &'a [u8],
}

#[inline]
fn carried<'a>(outer: &IpPacket<'a>) -> Option<Carried<'a>> {
    match outer.protocol {
        // The one question that is asked of every packet.
        Protocol::TCP | Protocol::ICMP | Protocol::ICMPV6 => None,
        _ if outer.is_later_fragment() => None,
        Protocol::UDP => udp::open(outer),
        _ => inner(outer, &by_protocol(outer)?, Trust::Protocol),
    }
}

fn by_protocol<'a>(outer: &IpPacket<'a>) -> Option<Opened<'a>> {
    match outer.protocol {
        IPV4 | IPV6 => ip_in_ip::open(outer),
        GRE => gre::open(outer.payload),
        ETHERIP => etherip::open(outer.payload),
        MPLS => Some(Opened::new(Tunnel::Mpls, Next::Mpls(outer.payload))),
        _ => None,
    }
}

/// What says that a tunnel is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The protocol number of the outer packet.
    Protocol,
    /// A port and the look of a header; the inner packet must fill the outer one too.
    Port,
}

/// The packet after a tunnel's header, where there is one that can be read.
fn inner<'a>(outer: &IpPacket<'a>, opened: &Opened<'a>, trust: Trust) -> Option<Carried<'a>> {
    let (link, Network::Ip(packet)) = next::follow(opened.next) else {
        return None;
    };
    let headers = outer.payload.len().saturating_sub(packet.len());
    let room = outer.payload_octets.saturating_sub(octets(headers));
    let (bucket, ip) = ip::decode(packet, room).ok()?;
    let bare = link.source.is_none() && opened.tunnel != Tunnel::Teredo;
    let fits = match trust {
        Trust::Protocol => true,
        // The first fragment of a datagram declares only its own part.
        Trust::Port if outer.fragment.is_some() => true,
        // Frames may be padded, and Teredo's packets have trailers; nothing else does.
        Trust::Port if bare => ip.octets == room,
        Trust::Port => ip.octets <= room,
    };
    if !fits {
        return None;
    }
    let layer = Layer {
        link: Link {
            vlan: link.vlan.or(opened.vlan),
            ..link
        },
        ip,
        carried_by: Some(opened.tunnel),
        frame_octets: octets(link.header_octets).saturating_add(ip.octets),
    };
    Some(Carried {
        bucket,
        layer,
        packet,
    })
}
