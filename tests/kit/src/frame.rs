//! One Ethernet frame from the outside in: addresses, VLAN tags, IP header, transport header, payload.
//!
//! Lengths and checksums are filled in and right; a test that wants a broken frame breaks the bytes itself.

use std::net::{IpAddr, Ipv4Addr};

use crate::checksum;
use crate::tcp::Segment;

/// EtherType of IPv4.
pub const ETHER_IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub const ETHER_ARP: u16 = 0x0806;
/// EtherType of IPv6.
pub const ETHER_IPV6: u16 = 0x86dd;
/// EtherType of an 802.1Q tag.
pub const ETHER_VLAN: u16 = 0x8100;
/// EtherType of an 802.1ad (QinQ) outer tag.
pub const ETHER_QINQ: u16 = 0x88a8;

/// A MAC address.
pub type Mac = [u8; 6];

/// The broadcast MAC address.
pub const BROADCAST: Mac = [0xff; 6];

/// What stands before the transport header. The methods named after a protocol finish the frame.
#[derive(Debug, Clone)]
pub struct Frame {
    source: Mac,
    destination: Mac,
    tags: Vec<(u16, u16)>,
    addresses: Option<(IpAddr, IpAddr)>,
    ttl: u8,
    ident: u16,
    router_alert: bool,
    pad: bool,
}

impl Frame {
    /// An untagged frame between two stations.
    #[must_use]
    pub const fn new(source: Mac, destination: Mac) -> Self {
        Self {
            source,
            destination,
            tags: Vec::new(),
            addresses: None,
            ttl: 64,
            ident: 0,
            router_alert: false,
            pad: false,
        }
    }

    /// A frame of two example stations that carries IP between these addresses.
    ///
    /// # Panics
    ///
    /// When a text is no address, or the two are of different IP versions.
    #[must_use]
    pub fn between(source: &str, destination: &str) -> Self {
        let address = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text} is no IP address"));
        Self::new([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ip(address(source), address(destination))
    }

    /// Adds an 802.1Q tag inside the tags given before.
    #[must_use]
    pub fn vlan(self, id: u16) -> Self {
        self.tag(ETHER_VLAN, id)
    }

    /// Adds a tag with its own EtherType (0x88a8 for the outer tag of QinQ) inside the tags given before.
    #[must_use]
    pub fn tag(mut self, ether_type: u16, control: u16) -> Self {
        self.tags.push((ether_type, control));
        self
    }

    /// Carries IP between these addresses; their version decides the header.
    ///
    /// # Panics
    ///
    /// When the two addresses are of different versions.
    #[must_use]
    pub fn ip(mut self, source: IpAddr, destination: IpAddr) -> Self {
        assert_eq!(
            source.is_ipv4(),
            destination.is_ipv4(),
            "{source} and {destination} differ in IP version"
        );
        self.addresses = Some((source, destination));
        self
    }

    /// IPv4 time to live, or IPv6 hop limit. Default: 64.
    #[must_use]
    pub const fn ttl(mut self, ttl: u8) -> Self {
        self.ttl = ttl;
        self
    }

    /// IPv4 identification. Default: 0.
    #[must_use]
    pub const fn ident(mut self, ident: u16) -> Self {
        self.ident = ident;
        self
    }

    /// Adds an IPv6 hop-by-hop header with a router alert, as MLD asks for.
    #[must_use]
    pub const fn router_alert(mut self) -> Self {
        self.router_alert = true;
        self
    }

    /// Fills short frames up to 60 octets, as a mirror port delivers them.
    #[must_use]
    pub const fn padded(mut self) -> Self {
        self.pad = true;
        self
    }

    /// The frame with a TCP segment.
    #[must_use]
    pub fn tcp(&self, segment: &Segment) -> Vec<u8> {
        let mut octets = segment.header();
        octets.extend_from_slice(&segment.payload);
        let sum = self.transport_checksum(6, &octets);
        octets[16..18].copy_from_slice(&sum.to_be_bytes());
        self.ip_payload(6, &octets)
    }

    /// The frame with a UDP datagram.
    #[must_use]
    pub fn udp(&self, source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::with_capacity(8 + payload.len());
        octets.extend_from_slice(&source_port.to_be_bytes());
        octets.extend_from_slice(&destination_port.to_be_bytes());
        octets.extend_from_slice(&length(8 + payload.len()).to_be_bytes());
        octets.extend_from_slice(&[0, 0]);
        octets.extend_from_slice(payload);
        // RFC 768: a computed checksum of zero is sent as all ones.
        let sum = match self.transport_checksum(17, &octets) {
            0 => 0xffff,
            sum => sum,
        };
        octets[6..8].copy_from_slice(&sum.to_be_bytes());
        self.ip_payload(17, &octets)
    }

    /// The frame with an ICMP or ICMPv6 message, by the version of the addresses.
    ///
    /// `rest` is everything after the checksum.
    #[must_use]
    pub fn icmp(&self, kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![kind, code, 0, 0];
        octets.extend_from_slice(rest);
        let (protocol, sum) = match self.addresses() {
            (IpAddr::V4(_), _) => (1, checksum::internet(&octets)),
            (source, destination) => (58, checksum::transport(source, destination, 58, &octets)),
        };
        octets[2..4].copy_from_slice(&sum.to_be_bytes());
        self.ip_payload(protocol, &octets)
    }

    /// The frame with an echo request or its reply.
    #[must_use]
    pub fn echo(&self, request: bool, identifier: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
        let kind = match (self.addresses().0.is_ipv4(), request) {
            (true, true) => 8,
            (true, false) => 0,
            (false, true) => 128,
            (false, false) => 129,
        };
        let mut rest = Vec::with_capacity(4 + payload.len());
        rest.extend_from_slice(&identifier.to_be_bytes());
        rest.extend_from_slice(&sequence.to_be_bytes());
        rest.extend_from_slice(payload);
        self.icmp(kind, 0, &rest)
    }

    /// The frame with an ICMP error that quotes the IP packet of another frame.
    ///
    /// Quotes the IP header and the first eight octets after it (RFC 792), or as much as fits in
    /// the minimum MTU (RFC 4443). `code` 3 of IPv4 and 4 of IPv6 mean "port unreachable" with `kind` 3 and 1.
    ///
    /// # Panics
    ///
    /// When `quoted` carries no IP packet under Ethernet and VLAN tags.
    #[must_use]
    pub fn icmp_error(&self, kind: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
        let packet = ip_packet(quoted).expect("a frame that carries IP");
        let keep = if packet[0] >> 4 == 4 { 28 } else { 1_232 };
        let mut rest = vec![0; 4];
        rest.extend_from_slice(&packet[..packet.len().min(keep)]);
        self.icmp(kind, code, &rest)
    }

    /// The frame with any IP protocol's octets.
    #[must_use]
    pub fn ip_payload(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        match self.addresses() {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut octets = vec![0x45, 0];
                octets.extend_from_slice(&length(20 + payload.len()).to_be_bytes());
                octets.extend_from_slice(&self.ident.to_be_bytes());
                octets.extend_from_slice(&[0x40, 0, self.ttl, protocol, 0, 0]);
                octets.extend_from_slice(&source.octets());
                octets.extend_from_slice(&destination.octets());
                let sum = checksum::internet(&octets);
                octets[10..12].copy_from_slice(&sum.to_be_bytes());
                octets.extend_from_slice(payload);
                self.ethernet(ETHER_IPV4, &octets)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let alert: &[u8] = if self.router_alert {
                    &[protocol, 0, 5, 2, 0, 0, 1, 0]
                } else {
                    &[]
                };
                let next = if self.router_alert { 0 } else { protocol };
                let mut octets = vec![0x60, 0, 0, 0];
                octets.extend_from_slice(&length(alert.len() + payload.len()).to_be_bytes());
                octets.extend_from_slice(&[next, self.ttl]);
                octets.extend_from_slice(&source.octets());
                octets.extend_from_slice(&destination.octets());
                octets.extend_from_slice(alert);
                octets.extend_from_slice(payload);
                self.ethernet(ETHER_IPV6, &octets)
            }
            _ => unreachable!("both addresses are of one version"),
        }
    }

    /// The frame with an ARP request or its reply, about IPv4 on Ethernet.
    #[must_use]
    pub fn arp(&self, request: bool, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
        let mut octets = vec![0, 1, 8, 0, 6, 4, 0, if request { 1 } else { 2 }];
        for (mac, address) in [sender, target] {
            octets.extend_from_slice(&mac);
            octets.extend_from_slice(&address.octets());
        }
        self.ethernet(ETHER_ARP, &octets)
    }

    /// The frame with any EtherType's octets; an EtherType below 1536 is an 802.3 length.
    #[must_use]
    pub fn ethernet(&self, ether_type: u16, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::with_capacity(14 + 4 * self.tags.len() + payload.len());
        octets.extend_from_slice(&self.destination);
        octets.extend_from_slice(&self.source);
        for (tag, control) in &self.tags {
            octets.extend_from_slice(&tag.to_be_bytes());
            octets.extend_from_slice(&control.to_be_bytes());
        }
        octets.extend_from_slice(&ether_type.to_be_bytes());
        octets.extend_from_slice(payload);
        if self.pad && octets.len() < 60 {
            octets.resize(60, 0);
        }
        octets
    }

    fn addresses(&self) -> (IpAddr, IpAddr) {
        self.addresses.expect("ip() comes before a transport")
    }

    fn transport_checksum(&self, protocol: u8, segment: &[u8]) -> u16 {
        let (source, destination) = self.addresses();
        checksum::transport(source, destination, protocol, segment)
    }
}

/// The IP packet inside an Ethernet frame, padding included; `None` where there is none.
#[must_use]
pub fn ip_packet(frame: &[u8]) -> Option<&[u8]> {
    let mut at = 12;
    loop {
        let ether_type = u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]);
        match ether_type {
            ETHER_VLAN | ETHER_QINQ => at += 4,
            ETHER_IPV4 | ETHER_IPV6 => return frame.get(at + 2..).filter(|packet| !packet.is_empty()),
            _ => return None,
        }
    }
}

fn length(octets: usize) -> u16 {
    u16::try_from(octets).expect("a packet shorter than 64 KiB")
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    #[test]
    fn a_tagged_udp_datagram_is_read_by_another_decoder() {
        let octets = Frame::between("192.0.2.1", "198.51.100.2")
            .vlan(10)
            .vlan(20)
            .udp(50_000, 53, b"query");

        let packet = SlicedPacket::from_ethernet(&octets).unwrap();

        assert_eq!(packet.vlan_ids().len(), 2);
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) = (packet.net, packet.transport)
        else {
            panic!("not UDP over IPv4");
        };
        let header = ip.header();
        assert_eq!(
            header.header_checksum(),
            header.to_header().calc_header_checksum()
        );
        let expected = udp
            .to_header()
            .calc_checksum_ipv4(&header.to_header(), udp.payload())
            .unwrap();
        assert_eq!((udp.checksum(), udp.payload()), (expected, &b"query"[..]));
    }

    #[test]
    fn a_tcp_segment_over_ipv6_is_read_by_another_decoder() {
        let segment = Segment::new(50_000, 443).flags(Segment::SYN).mss(1_440);
        let octets = Frame::between("2001:db8::1", "2001:db8::2").tcp(&segment);

        let packet = SlicedPacket::from_ethernet(&octets).unwrap();

        let (Some(NetSlice::Ipv6(ip)), Some(TransportSlice::Tcp(tcp))) = (packet.net, packet.transport)
        else {
            panic!("not TCP over IPv6");
        };
        let expected = tcp
            .to_header()
            .calc_checksum_ipv6(&ip.header().to_header(), tcp.payload())
            .unwrap();
        assert_eq!((tcp.checksum(), tcp.syn(), tcp.ack()), (expected, true, false));
    }

    #[test]
    fn an_icmp_error_quotes_the_header_and_eight_octets() {
        let refused = Frame::between("192.0.2.1", "198.51.100.2")
            .vlan(7)
            .udp(50_000, 161, b"get");
        let octets = Frame::between("198.51.100.2", "192.0.2.1").icmp_error(3, 3, &refused);

        let packet = SlicedPacket::from_ethernet(&octets).unwrap();

        let Some(TransportSlice::Icmpv4(icmp)) = packet.transport else {
            panic!("not ICMP")
        };
        assert_eq!(icmp.payload(), &ip_packet(&refused).unwrap()[..28]);
        assert_eq!(checksum::internet(icmp.slice()), 0);
    }

    #[test]
    fn an_arp_request_is_forty_two_octets_and_sixty_padded() {
        let (us, them) = (
            ([2; 6], Ipv4Addr::new(192, 0, 2, 1)),
            ([0; 6], Ipv4Addr::new(192, 0, 2, 2)),
        );
        let frame = Frame::new([2; 6], BROADCAST);

        assert_eq!(frame.arp(true, us, them).len(), 42);
        assert_eq!(frame.padded().arp(true, us, them).len(), 60);
    }
}
