//! Link types of capture files: how the first octets of a frame are to be read.
//!
//! Source: the tcpdump group's registry of LINKTYPE_ values.

use std::fmt;

/// A LINKTYPE_ value. Readable when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Linktype(pub u16);

impl Linktype {
    /// BSD loopback; the address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IPv4 or IPv6 without a link header (the value that files carry).
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback; the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// IPv4 without a link header.
    pub const IPV4: Self = Self(228);
    /// IPv6 without a link header.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// Raw IP as some systems number it in files (BSD/OS, OpenBSD).
    pub const RAW_12: Self = Self(12);
    /// Raw IP as other systems number it in files.
    pub const RAW_14: Self = Self(14);

    /// The registry's name in lower case, where this version decodes the type.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NULL => "null",
            Self::ETHERNET => "ethernet",
            Self::RAW | Self::RAW_12 | Self::RAW_14 => "raw",
            Self::LOOP => "loop",
            Self::LINUX_SLL => "linux_sll",
            Self::IPV4 => "ipv4",
            Self::IPV6 => "ipv6",
            Self::LINUX_SLL2 => "linux_sll2",
            _ => return None,
        })
    }
}

impl fmt::Display for Linktype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "linktype {}", self.0),
        }
    }
}
