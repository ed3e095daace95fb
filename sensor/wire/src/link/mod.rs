//! Link headers: where the network layer begins, and what protocol it is.
//!
//! One file a family. Encapsulations without an IP packet of their own (VLAN tags, MPLS, PPPoE,
//! PPP, 802.11 and the headers that capture programs add) are part of the link header.

mod ethernet;
pub mod ethertype;
mod hdlc;
mod ieee802_11;
mod linux_sll;
mod llc;
mod loopback;
mod mpls;
pub(crate) mod next;
mod nflog;
mod nsh;
mod pflog;
mod pktap;
mod ppi;
mod ppp;
mod pppoe;
mod radiotap;

use sekisho_model::{FrameBucket, Linktype, MacAddress};

use crate::fast;
use next::Next;

/// Up to here an EtherType is a length and an LLC header follows (IEEE 802.3 section 3.2.6).
const LARGEST_LENGTH: u16 = 1500;

/// What stands between the start of a frame and its network layer.
///
/// Where one Ethernet header carries another, the addresses and tags are those of the inner one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// Sender.
    pub source: Option<MacAddress>,
    /// Receiver.
    pub destination: Option<MacAddress>,
    /// Outer VLAN id; a priority tag (id 0) counts as none.
    pub vlan: Option<u16>,
    /// Inner VLAN id of a frame tagged twice.
    pub inner_vlan: Option<u16>,
    /// Octets before the network layer.
    pub header_octets: usize,
}

/// The network layer, or the bucket of a frame that has none we read.
pub enum Network<'a> {
    /// IPv4 or IPv6; the version field of the packet tells which.
    Ip(&'a [u8]),
    /// Something else, and the message of a local protocol where it is one that is read.
    Other(FrameBucket, Option<LocalFrame<'a>>),
}

/// A message about addresses or neighbours that never leaves its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalFrame<'a> {
    /// Its protocol.
    pub kind: LocalKind,
    /// Its octets from the protocol's own first one; padding of the frame may follow.
    pub octets: &'a [u8],
}

/// Protocol of a [`LocalFrame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalKind {
    /// ARP and RARP.
    Arp,
    /// The Link Layer Discovery Protocol.
    Lldp,
    /// The Cisco Discovery Protocol.
    Cdp,
    /// Neighbour discovery: an ICMPv6 message of one of its types.
    Ndp,
}

impl LocalKind {
    /// The bucket of a frame of this kind.
    #[must_use]
    pub const fn bucket(self) -> FrameBucket {
        match self {
            Self::Arp => FrameBucket::Arp,
            Self::Lldp | Self::Cdp => FrameBucket::Control,
            Self::Ndp => FrameBucket::Icmpv6,
        }
    }
}

/// Reads the link header of a frame.
#[must_use]
#[inline]
pub fn decode(frame: &[u8], linktype: Linktype) -> (Link, Network<'_>) {
    let mut link = Link::default();
    if linktype == Linktype::ETHERNET
        && let Some(packet) = fast::ethernet(&mut link, frame)
    {
        return (link, Network::Ip(packet));
    }
    decode_any(frame, linktype)
}

/// [`decode`] for every kind of frame.
pub(crate) fn decode_any(frame: &[u8], linktype: Linktype) -> (Link, Network<'_>) {
    next::follow(Next::Linktype(linktype, frame))
}

/// The network layer of a frame in a test.
#[cfg(test)]
fn ip_of(frame: &[u8], linktype: Linktype) -> Result<&[u8], FrameBucket> {
    match decode(frame, linktype).1 {
        Network::Ip(packet) => Ok(packet),
        Network::Other(bucket, _) => Err(bucket),
    }
}
