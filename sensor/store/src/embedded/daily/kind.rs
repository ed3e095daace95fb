//! What a daily set is of, and the keys that its rows are sorted by.
//!
//! Everything that is looked for becomes a stretch of neighbouring keys: an address is written as
//! hexadecimal digits, so that a network is a stretch; a name with its labels turned round
//! (`com.example.www`), so that the names under another one are a stretch too.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets of a key at most; a longer word is cut there, when it is kept and when it is looked for.
pub(super) const MAX_KEY: usize = 1_024;

/// What kind of value a row of a daily set is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DailyKind {
    /// An address, at either end of a flow.
    Address,
    /// A name: of a TLS or QUIC server, of an HTTP host, asked for in DNS.
    Name,
    /// JA3 of a TLS client.
    Ja3,
    /// JA4 of a TLS or QUIC client.
    Ja4,
    /// SHA-1 of a server's certificate.
    CertificateSha1,
    /// SHA-256 of a server's certificate.
    CertificateSha256,
    /// User agent of an HTTP client.
    UserAgent,
}

impl DailyKind {
    /// Every kind, in the order in which files hold them.
    pub const ALL: [Self; 7] = [
        Self::Address,
        Self::Name,
        Self::Ja3,
        Self::Ja4,
        Self::CertificateSha1,
        Self::CertificateSha256,
        Self::UserAgent,
    ];

    /// The word in the files' column `kind` and in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Name => "name",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::CertificateSha1 => "certificate_sha1",
            Self::CertificateSha256 => "certificate_sha256",
            Self::UserAgent => "user_agent",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// Where it stands in [`DailyKind::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Address => 0,
            Self::Name => 1,
            Self::Ja3 => 2,
            Self::Ja4 => 3,
            Self::CertificateSha1 => 4,
            Self::CertificateSha256 => 5,
            Self::UserAgent => 6,
        }
    }

    /// The key of a word of this kind, as [`DailyKind::normal`] gives it.
    pub(super) fn key(self, word: &str) -> String {
        match self {
            Self::Name => turned(word),
            Self::Address => word.parse().map_or_else(|_| word.to_owned(), address_key),
            _ => word.to_owned(),
        }
    }

    /// The word of a key; nothing where the key is none of ours.
    pub(super) fn value(self, key: &str) -> Option<String> {
        match self {
            Self::Address => {
                let (version, digits) = key.split_at_checked(1)?;
                let address: IpAddr = match version {
                    "4" => Ipv4Addr::from(u32::from_str_radix(digits, 16).ok()?).into(),
                    "6" => Ipv6Addr::from(u128::from_str_radix(digits, 16).ok()?).into(),
                    _ => return None,
                };
                Some(address.to_string())
            }
            Self::Name => Some(turned(key)),
            _ => Some(key.to_owned()),
        }
    }

    /// A word as it is kept: names and digests in lower case, names without the root's point, digests
    /// without colons; nothing where nothing is left.
    pub(super) fn normal(self, word: &str) -> Option<String> {
        let word = match self {
            Self::UserAgent | Self::Address => word.trim().to_owned(),
            Self::Name => word.trim().trim_end_matches('.').to_lowercase(),
            _ => word.trim().replace(':', "").to_ascii_lowercase(),
        };
        (!word.is_empty()).then(|| cut(word))
    }
}

/// Hexadecimal digits of an address behind its version, so that keys are in the order of addresses.
/// An IPv4 address that is written as an IPv6 address is that IPv4 address.
pub(super) fn address_key(address: IpAddr) -> String {
    let mut key = String::with_capacity(33);
    match address.to_canonical() {
        IpAddr::V4(address) => {
            key.push('4');
            let _ = write!(key, "{:08x}", u32::from(address));
        }
        IpAddr::V6(address) => {
            key.push('6');
            let _ = write!(key, "{:032x}", u128::from(address));
        }
    }
    key
}

/// A name with its labels in the other order.
pub(super) fn turned(name: &str) -> String {
    let labels: Vec<_> = name.rsplit('.').collect();
    labels.join(".")
}

fn cut(mut word: String) -> String {
    if word.len() > MAX_KEY {
        let at = (0..=MAX_KEY).rev().find(|at| word.is_char_boundary(*at));
        word.truncate(at.unwrap_or(0));
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_of_names_put_those_under_another_one_behind_it() {
        assert_eq!(turned("www.example.com"), "com.example.www");
        assert!(turned("a.example.com").starts_with("com.example."));
        assert!(!turned("myexample.com").starts_with("com.example."));
        assert_eq!(turned("com"), "com");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_is_the_ipv4_address() {
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();

        assert_eq!(address_key(mapped), "4c0000201");
        assert_eq!(
            address_key("2001:db8::1".parse().unwrap()),
            "620010db8000000000000000000000001"
        );
    }

    #[test]
    fn words_are_kept_in_one_spelling() {
        let normal = |kind: DailyKind, word: &str| kind.normal(word);

        assert_eq!(
            normal(DailyKind::Name, "WWW.Example.COM."),
            Some("www.example.com".to_owned())
        );
        assert_eq!(
            normal(DailyKind::CertificateSha1, "AA:bb:01"),
            Some("aabb01".to_owned())
        );
        assert_eq!(
            normal(DailyKind::UserAgent, "Mozilla/5.0 "),
            Some("Mozilla/5.0".to_owned())
        );
        assert_eq!(normal(DailyKind::Name, "."), None);
        let long = normal(DailyKind::UserAgent, &"業".repeat(1_000)).unwrap();
        assert_eq!(long.len(), 1_023);
    }

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_addresses(one: u32, other: u32, six: u128, seven: u128) {
            let key = |address: u32| address_key(IpAddr::V4(address.into()));
            prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
            let key = |address: u128| {
                let address = std::net::Ipv6Addr::from(address);
                address_key(IpAddr::V6(address))
            };
            let mapped = |address: u128| address >> 32 == 0xffff;
            prop_assume!(!mapped(six) && !mapped(seven));
            prop_assert_eq!(key(six).cmp(&key(seven)), six.cmp(&seven));
        }

        #[test]
        fn a_key_tells_its_value(address: u32, six: u128, name in "[a-z0-9.-]{1,40}") {
            for address in [IpAddr::V4(address.into()), std::net::Ipv6Addr::from(six).into()] {
                let address = address.to_canonical();
                prop_assert_eq!(DailyKind::Address.value(&address_key(address)), Some(address.to_string()));
            }
            for kind in [DailyKind::Name, DailyKind::UserAgent] {
                prop_assert_eq!(kind.value(&kind.key(&name)), Some(name.clone()));
            }
        }

        #[test]
        fn a_turned_name_turns_back(name in "[a-z0-9.-]{0,40}") {
            prop_assert_eq!(turned(&turned(&name)), name);
        }
    }
}
