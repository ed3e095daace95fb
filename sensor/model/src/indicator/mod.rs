//! Indicators: what others warn of, as plain data.
//!
//! An indicator is one [`Value`] with where it comes from, how far that is to be believed and until
//! when. [`Value::parse`] takes a value of a known [`Kind`] from text, [`Value::guess`] finds the kind
//! too; both give one normal form, whose [`Display`](std::fmt::Display) they read back.
//!
//! ```
//! use sekisho_model::indicator::{Kind, Value};
//!
//! let value = Value::guess("hxxps://Evil[.]example/gate?x=1").unwrap();
//! assert_eq!(value.kind(), Kind::Url);
//! assert_eq!(value.to_string(), "https://evil.example/gate?x=1");
//! ```

mod error;
mod fingerprint;
mod guess;
mod hit;
mod name;
mod network;
mod url;

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;

pub use self::error::ValueError;
pub use self::fingerprint::is_ja4;
pub use self::guess::armed;
pub use self::hit::{Hit, OTHERS};
pub use self::name::{Domain, Scope, normal_name};
pub use self::network::{NARROWEST_V4, NARROWEST_V6};
pub use self::url::{MAX_URL, Url};
use crate::Timestamp;

/// Octets of a user agent that an indicator may hold.
pub const MAX_USER_AGENT: usize = 1024;
/// How far an indicator is believed where nobody says so, of 100.
pub const USUAL_CONFIDENCE: u8 = 50;

/// What an indicator is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One address, with or without a port.
    Address,
    /// A network.
    Network,
    /// A name of the domain name system.
    Domain,
    /// A host with a path.
    Url,
    /// JA3 of a TLS client.
    Ja3,
    /// JA4 of a TLS or QUIC client.
    Ja4,
    /// SHA-1 of a certificate.
    CertificateSha1,
    /// SHA-256 of a certificate.
    CertificateSha256,
    /// The user agent that a client names.
    UserAgent,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Address,
        Self::Network,
        Self::Domain,
        Self::Url,
        Self::Ja3,
        Self::Ja4,
        Self::CertificateSha1,
        Self::CertificateSha256,
        Self::UserAgent,
    ];

    /// The word in lists and in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::CertificateSha1 => "certificate_sha1",
            Self::CertificateSha256 => "certificate_sha256",
            Self::UserAgent => "user_agent",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// The rule of the alerts that its hits raise.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Address | Self::Network => "TI-ADDRESS",
            Self::Domain => "TI-DOMAIN",
            Self::Url => "TI-URL",
            Self::Ja3 => "TI-JA3",
            Self::Ja4 => "TI-JA4",
            Self::CertificateSha1 | Self::CertificateSha256 => "TI-CERTIFICATE",
            Self::UserAgent => "TI-USERAGENT",
        }
    }
}

/// The value of an indicator, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// An address or a network, without the bits of hosts; where a port is said, that port of it only.
    Address {
        /// The network; of one address where it is a single one.
        network: IpNet,
        /// Its port.
        port: Option<u16>,
    },
    /// A name, names below it, or both.
    Domain(Domain),
    /// A host with a path.
    Url(Url),
    /// MD5 that JA3 is.
    Ja3([u8; 16]),
    /// JA4 in small letters: 36 characters.
    Ja4(Box<str>),
    /// SHA-1 of a certificate in DER.
    CertificateSha1([u8; 20]),
    /// SHA-256 of a certificate in DER.
    CertificateSha256([u8; 32]),
    /// A user agent, compared letter by letter.
    UserAgent(Box<str>),
}

impl Value {
    /// Takes a value of a known kind from text.
    ///
    /// # Errors
    ///
    /// What of the text is no value of that kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ValueError::Empty);
        }
        match kind {
            Kind::Address | Kind::Network => network::parse(&armed(text)),
            Kind::Domain => Domain::parse(&armed(text)).map(Self::Domain),
            Kind::Url => Url::parse(&armed(text)).map(Self::Url),
            Kind::Ja3 => fingerprint::digest(text).map(Self::Ja3),
            Kind::Ja4 => fingerprint::ja4(text).map(Self::Ja4),
            Kind::CertificateSha1 => fingerprint::digest(text).map(Self::CertificateSha1),
            Kind::CertificateSha256 => fingerprint::digest(text).map(Self::CertificateSha256),
            Kind::UserAgent if text.len() > MAX_USER_AGENT => Err(ValueError::TooLong),
            Kind::UserAgent => Ok(Self::UserAgent(text.into())),
        }
    }

    /// Takes a value from text that does not say of which kind it is; never a user agent, which may
    /// look like anything.
    ///
    /// A digest of 32 digits is a JA3, one of 40 or 64 that of a certificate: digests of files, which
    /// look the same, are never seen on the wire, so that taking one for another raises nothing.
    ///
    /// # Errors
    ///
    /// What of the text is no value of the kind that it looks like.
    pub fn guess(text: &str) -> Result<Self, ValueError> {
        Self::parse(guess::kind_of(text)?, text)
    }

    /// Of which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Address { network, .. } if network.prefix_len() == network.max_prefix_len() => {
                Kind::Address
            }
            Self::Address { .. } => Kind::Network,
            Self::Domain(_) => Kind::Domain,
            Self::Url(_) => Kind::Url,
            Self::Ja3(_) => Kind::Ja3,
            Self::Ja4(_) => Kind::Ja4,
            Self::CertificateSha1(_) => Kind::CertificateSha1,
            Self::CertificateSha256(_) => Kind::CertificateSha256,
            Self::UserAgent(_) => Kind::UserAgent,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { network, port } => network::write(f, *network, *port),
            Self::Domain(domain) => domain.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::Ja3(digest) => fingerprint::write(f, digest),
            Self::CertificateSha1(digest) => fingerprint::write(f, digest),
            Self::CertificateSha256(digest) => fingerprint::write(f, digest),
            Self::Ja4(text) | Self::UserAgent(text) => f.write_str(text),
        }
    }
}

/// One indicator with what its list says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What to look for.
    pub value: Value,
    /// The list that it comes from.
    pub source: Arc<str>,
    /// Its line in that list, or its number among the list's objects, from 1.
    pub line: u64,
    /// How far it is to be believed, 0 to 100.
    pub confidence: u8,
    /// The first instant of packet time at which it is one no more; none where it stays one.
    pub expires: Option<Timestamp>,
    /// What the list says about it.
    pub note: Box<str>,
}

impl Indicator {
    /// An indicator of which its list says nothing else.
    #[must_use]
    pub fn new(value: Value, source: &Arc<str>, line: u64) -> Self {
        Self {
            value,
            source: Arc::clone(source),
            line,
            confidence: USUAL_CONFIDENCE,
            expires: None,
            note: Box::default(),
        }
    }

    /// Whether it is one at an instant of packet time.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.expires.is_none_or(|expires| at < expires)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_is_read_from_what_it_writes() {
        let written = [
            (Kind::Address, "203.0.113.7"),
            (Kind::Address, "203.0.113.7:8443"),
            (Kind::Address, "2001:db8::7"),
            (Kind::Address, "[2001:db8::7]:8443"),
            (Kind::Network, "198.51.100.0/24"),
            (Kind::Network, "2001:db8:1::/48"),
            (Kind::Domain, "evil.example"),
            (Kind::Domain, "*.evil.example"),
            (Kind::Domain, "=evil.example"),
            (Kind::Url, "http://evil.example:8080/a/b?c=d"),
            (Kind::Url, "https://[2001:db8::7]/a"),
            (Kind::Ja3, "e7d705a3286e19ea42f587b344ee6865"),
            (Kind::Ja4, "t13d1516h2_8daaf6152771_b186095e22b6"),
            (Kind::CertificateSha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (
                Kind::CertificateSha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ];

        for (kind, text) in written {
            let value = Value::guess(text).unwrap();

            assert_eq!((value.kind(), value.to_string().as_str()), (kind, text));
            assert_eq!(Value::parse(kind, text), Ok(value));
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn an_indicator_ends_with_the_instant_at_which_it_expires() {
        let value = Value::guess("evil.example").unwrap();
        let mut indicator = Indicator::new(value, &"list".into(), 1);
        assert!(indicator.holds_at(Timestamp::MAX));

        indicator.expires = Some(Timestamp::from_seconds(100, 0));

        assert!(indicator.holds_at(Timestamp::from_seconds(99, 999)));
        assert!(!indicator.holds_at(Timestamp::from_seconds(100, 0)));
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_written_in_a_form_that_is_read_back_the_same(text in "\\PC{0,40}") {
            for kind in Kind::ALL {
                if let Ok(value) = Value::parse(kind, &text) {
                    prop_assert_eq!(Value::parse(value.kind(), &value.to_string()), Ok(value));
                }
            }
        }

        #[test]
        fn what_looks_like_an_indicator_is_written_in_a_form_that_is_read_back_the_same(
            text in "(h(tt|xx)ps?://)?[*=.]{0,2}[a-zA-Z0-9_\\[\\]:.-]{1,24}(/[a-z0-9/?&=#%]{0,8})?"
        ) {
            if let Ok(value) = Value::guess(&text) {
                prop_assert_eq!(Value::guess(&value.to_string()), Ok(value));
            }
        }
    }
}
