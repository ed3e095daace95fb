//! Why a text is no indicator.

/// What of a text is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueError {
    /// Nothing is there.
    Empty,
    /// It looks like no kind of indicator.
    Unknown,
    /// No address.
    Address,
    /// No port from 1 to 65535.
    Port,
    /// A network so wide that it would match a large part of everything.
    TooWide,
    /// An address that no single host has: unspecified, loopback, multicast, broadcast.
    NoHost,
    /// No name of the domain name system.
    Name,
    /// A domain below which anybody may register names, not marked as meant alone.
    PublicSuffix,
    /// No URL.
    Url,
    /// Not as many hexadecimal digits as the digest has.
    Digest,
    /// No JA4.
    Ja4,
    /// Longer than such a value can be.
    TooLong,
}

impl ValueError {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Empty,
        Self::Unknown,
        Self::Address,
        Self::Port,
        Self::TooWide,
        Self::NoHost,
        Self::Name,
        Self::PublicSuffix,
        Self::Url,
        Self::Digest,
        Self::Ja4,
        Self::TooLong,
    ];

    /// What is wrong.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "nothing is there",
            Self::Unknown => "it looks like no kind of indicator",
            Self::Address => "it is no address or network",
            Self::Port => "the port is none of 1 to 65535",
            Self::TooWide => "the network is wider than /8 (IPv4) or /16 (IPv6)",
            Self::NoHost => "no single host has this address (unspecified, loopback, multicast or broadcast)",
            Self::Name => "it is no name of the domain name system",
            Self::PublicSuffix => {
                "anybody may register names below it (public suffix); write =NAME to mean that name alone"
            }
            Self::Url => "it is no URL with a host",
            Self::Digest => "it has not as many hexadecimal digits as the digest",
            Self::Ja4 => "it is no JA4",
            Self::TooLong => "it is too long",
        }
    }
}

impl std::fmt::Display for ValueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words())
    }
}

impl std::error::Error for ValueError {}
