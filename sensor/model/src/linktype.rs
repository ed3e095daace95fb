//! Link types: what the first octets of a packet are.
//!
//! Source: the registry at <https://www.tcpdump.org/linktypes.html>; pcapng carries the same numbers.

use std::fmt;

/// A link type of the tcpdump registry; unknown numbers stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Linktype(pub u16);

/// Declares the constants and the table of names from one list.
macro_rules! linktypes {
    ($($(#[doc = $doc:literal])+ $constant:ident = $number:literal, $name:literal;)+) => {
        impl Linktype {
            $($(#[doc = $doc])+ pub const $constant: Self = Self($number);)+

            /// Name of the registry in lower case; `unknown` where the number has none here.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => $name,)+
                    _ => "unknown",
                }
            }
        }
    };
}

linktypes! {
    /// BSD loopback: address family in the byte order of the capturing host.
    NULL = 0, "null";
    /// Ethernet (DIX or 802.3).
    ETHERNET = 1, "ethernet";
    /// Token ring.
    IEEE802_5 = 6, "ieee802_5";
    /// Serial line IP with a header.
    SLIP = 8, "slip";
    /// Point-to-point protocol.
    PPP = 9, "ppp";
    /// FDDI.
    FDDI = 10, "fddi";
    /// Raw IP, the number most systems use for it inside the kernel; seen in old files.
    RAW_12 = 12, "raw";
    /// Raw IP, OpenBSD's number for it; seen in old files.
    RAW_14 = 14, "raw";
    /// PPP in HDLC-like framing.
    PPP_HDLC = 50, "ppp_hdlc";
    /// PPP over Ethernet.
    PPP_ETHER = 51, "ppp_ether";
    /// Raw IP: the packet begins with an IPv4 or IPv6 header.
    RAW = 101, "raw";
    /// Cisco HDLC.
    C_HDLC = 104, "c_hdlc";
    /// Wireless LAN without radio information.
    IEEE802_11 = 105, "ieee802_11";
    /// Frame relay.
    FRELAY = 107, "frelay";
    /// OpenBSD loopback: address family in network byte order.
    LOOP = 108, "loop";
    /// Linux cooked capture, version 1.
    LINUX_SLL = 113, "linux_sll";
    /// OpenBSD packet filter log.
    PFLOG = 117, "pflog";
    /// Wireless LAN with Prism information.
    IEEE802_11_PRISM = 119, "ieee802_11_prism";
    /// Wireless LAN with radiotap information.
    IEEE802_11_RADIOTAP = 127, "ieee802_11_radiotap";
    /// Juniper Ethernet.
    JUNIPER_ETHER = 178, "juniper_ether";
    /// Per-packet information before a frame of another type.
    PPI = 192, "ppi";
    /// USB as Linux records it.
    USB_LINUX_MMAPPED = 220, "usb_linux_mmapped";
    /// Raw IPv4.
    IPV4 = 228, "ipv4";
    /// Raw IPv6.
    IPV6 = 229, "ipv6";
    /// Linux netfilter log.
    NFLOG = 239, "nflog";
    /// Ethernet with a NetAnalyzer header.
    NETANALYZER = 240, "netanalyzer";
    /// IP over InfiniBand.
    IPOIB = 242, "ipoib";
    /// Layer handed over by Wireshark.
    WIRESHARK_UPPER_PDU = 252, "wireshark_upper_pdu";
    /// Linux netlink.
    NETLINK = 253, "netlink";
    /// Apple's packet metadata before a frame of another type.
    PKTAP = 258, "pktap";
    /// IEEE 802.3br mPackets.
    ETHERNET_MPACKET = 274, "ethernet_mpacket";
    /// Linux cooked capture, version 2.
    LINUX_SLL2 = 276, "linux_sll2";
}

impl fmt::Display for Linktype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_with_name_and_number() {
        assert_eq!(Linktype::LINUX_SLL2.to_string(), "linux_sll2 (276)");
        assert_eq!(Linktype(40_000).to_string(), "unknown (40000)");
    }

    #[test]
    fn raw_ip_has_three_numbers() {
        assert!(
            [12, 14, 101]
                .into_iter()
                .all(|number| Linktype(number).name() == "raw")
        );
    }
}
