//! The way through link headers: each reader says what the octets after its header are.
//!
//! A header can announce another of any kind, Ethernet in MPLS in Ethernet too. So readers do not
//! call each other; they return the next step, and [`follow`] takes a bounded number of them.

use sekisho_model::{FrameBucket, Linktype, limits};

use super::{
    Link, LocalFrame, Network, ethernet, ethertype, hdlc, ieee802_11, linux_sll, llc, loopback, mpls, nflog,
    nsh, pflog, pktap, ppi, ppp, pppoe, radiotap,
};

/// What some octets begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// What a link type says.
    Linktype(Linktype, &'a [u8]),
    /// What an EtherType says.
    Ethertype(u16, &'a [u8]),
    /// An Ethernet header.
    Ethernet(&'a [u8]),
    /// An LLC header.
    Llc(&'a [u8]),
    /// A stack of MPLS labels.
    Mpls(&'a [u8]),
    /// A network service header.
    Nsh(&'a [u8]),
    /// A PPPoE session header.
    Pppoe(&'a [u8]),
    /// A PPP header.
    Ppp(&'a [u8]),
    /// A Cisco HDLC header.
    Hdlc(&'a [u8]),
    /// An 802.11 header, and whether it is padded to four octets.
    Ieee80211(&'a [u8], bool),
    /// An IP packet.
    Ip(&'a [u8]),
    /// A message of a protocol that speaks of addresses or neighbours.
    Local(LocalFrame<'a>),
    /// Something that ends here.
    Other(FrameBucket, &'a [u8]),
}

impl<'a> Next<'a> {
    /// The octets.
    pub(crate) const fn octets(&self) -> &'a [u8] {
        match *self {
            Self::Linktype(_, octets)
            | Self::Ethertype(_, octets)
            | Self::Ethernet(octets)
            | Self::Llc(octets)
            | Self::Mpls(octets)
            | Self::Nsh(octets)
            | Self::Pppoe(octets)
            | Self::Ppp(octets)
            | Self::Hdlc(octets)
            | Self::Ieee80211(octets, _)
            | Self::Ip(octets)
            | Self::Local(LocalFrame { octets, .. })
            | Self::Other(_, octets) => octets,
        }
    }
}

/// Reads header after header until the network layer.
pub(crate) fn follow(first: Next<'_>) -> (Link, Network<'_>) {
    let mut link = Link::default();
    let mut next = first;
    let mut network = Network::Other(FrameBucket::LinkDepth, None);
    for _ in 0..limits::LINK_HEADERS.default {
        next = match next {
            Next::Linktype(linktype, octets) => by_linktype(linktype, octets, &mut link),
            Next::Ethertype(kind, octets) => ethertype::read(kind, octets, &mut link),
            Next::Ethernet(octets) => ethernet::read(octets, &mut link),
            Next::Llc(octets) => llc::read(octets),
            Next::Mpls(octets) => mpls::read(octets),
            Next::Nsh(octets) => nsh::read(octets),
            Next::Pppoe(octets) => pppoe::read(octets),
            Next::Ppp(octets) => ppp::read(octets),
            Next::Hdlc(octets) => hdlc::read(octets),
            Next::Ieee80211(octets, padded) => ieee802_11::read(octets, padded, &mut link),
            Next::Ip(packet) => {
                network = Network::Ip(packet);
                break;
            }
            Next::Local(local) => {
                network = Network::Other(local.kind.bucket(), Some(local));
                break;
            }
            Next::Other(bucket, _) => {
                network = Network::Other(bucket, None);
                break;
            }
        };
    }
    link.header_octets = first.octets().len().saturating_sub(next.octets().len());
    (link, network)
}

fn by_linktype<'a>(linktype: Linktype, octets: &'a [u8], link: &mut Link) -> Next<'a> {
    match linktype {
        Linktype::ETHERNET => Next::Ethernet(octets),
        Linktype::RAW | Linktype::RAW_12 | Linktype::RAW_14 | Linktype::IPV4 | Linktype::IPV6 => {
            Next::Ip(octets)
        }
        Linktype::LINUX_SLL => linux_sll::read(octets, link),
        Linktype::LINUX_SLL2 => linux_sll::read_2(octets, link),
        Linktype::NULL | Linktype::LOOP => loopback::read(octets),
        Linktype::PPP => Next::Ppp(octets),
        Linktype::PPP_HDLC => hdlc::read_serial(octets),
        Linktype::PPP_ETHER => Next::Pppoe(octets),
        Linktype::C_HDLC => Next::Hdlc(octets),
        Linktype::IEEE802_11 => Next::Ieee80211(octets, false),
        Linktype::IEEE802_11_RADIOTAP => radiotap::read(octets),
        Linktype::PPI => ppi::read(octets),
        Linktype::PKTAP => pktap::read(octets),
        Linktype::NFLOG => nflog::read(octets, link),
        Linktype::PFLOG => pflog::read(octets),
        _ => Next::Other(FrameBucket::LinktypeUnknown, octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_announce_each_other_come_to_an_end() {
        let mut frame = Vec::new();
        for _ in 0..100 {
            frame.extend([2; 12]);
            frame.extend([0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0]);
        }
        frame.extend([2; 12]);
        frame.extend([0x08, 0x00, 0x45]);

        let (_, network) = follow(Next::Ethernet(&frame));

        assert!(matches!(network, Network::Other(FrameBucket::LinkDepth, None)));
    }
}
