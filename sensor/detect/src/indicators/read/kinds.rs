//! The words by which lists, MISP and Zeek name kinds of indicators.
//!
//! Source: MISP core format (draft-dulaunoy-misp-core-format), section 2.4.2.3; Zeek,
//! scripts/base/frameworks/intel/main.zeek, `Intel::Type`.

use sekisho_model::indicator::Kind;

/// What a word for a kind means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Values of this kind.
    Of(Kind),
    /// Two values with `|` between them, the first of this kind, the second a port.
    WithPort(Kind),
    /// A domain and an address with `|` between them.
    DomainAndAddress,
    /// Values of a kind that traffic does not show.
    Other,
}

/// What a word for a kind means; nothing where it is none.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    let word = word.trim().to_ascii_lowercase();
    if let Some(kind) = Kind::from_name(&word) {
        return Some(Meaning::Of(kind));
    }
    Some(match word.as_str() {
        "ip" | "ips" | "ipv4" | "ipv6" | "ip-src" | "ip-dst" | "addr" | "ipv4-addr" | "ipv6-addr"
        | "ip:port" | "ip_address" | "ipaddress" | "intel::addr" => Meaning::Of(Kind::Address),
        "cidr" | "subnet" | "netblock" | "ip-range" | "intel::subnet" => Meaning::Of(Kind::Network),
        "hostname" | "host" | "fqdn" | "domain-name" | "dns" | "intel::domain" => Meaning::Of(Kind::Domain),
        "uri" | "link" | "intel::url" => Meaning::Of(Kind::Url),
        "ja3-fingerprint-md5" | "ja3_hash" | "intel::ja3" => Meaning::Of(Kind::Ja3),
        "ja4-plus" | "ja4_hash" | "intel::ja4" => Meaning::Of(Kind::Ja4),
        "x509-fingerprint-sha1" | "cert_sha1" | "sha1_cert" | "intel::cert_hash" => {
            Meaning::Of(Kind::CertificateSha1)
        }
        "x509-fingerprint-sha256" | "cert_sha256" | "sha256_cert" => Meaning::Of(Kind::CertificateSha256),
        "user-agent" | "useragent" | "user agent" | "http-user-agent" => Meaning::Of(Kind::UserAgent),
        "ip-src|port" | "ip-dst|port" => Meaning::WithPort(Kind::Address),
        "hostname|port" => Meaning::WithPort(Kind::Domain),
        "domain|ip" => Meaning::DomainAndAddress,
        word if is_other(word) => Meaning::Other,
        _ => return None,
    })
}

fn is_other(word: &str) -> bool {
    const BEGINS: [&str; 16] = [
        "md5",
        "sha",
        "file",
        "email",
        "mutex",
        "regkey",
        "yara",
        "sigma",
        "snort",
        "vulnerability",
        "attachment",
        "malware-sample",
        "ssdeep",
        "imphash",
        "x509-fingerprint-md5",
        "intel::",
    ];
    BEGINS.iter().any(|begin| word.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_others_mean_our_kinds() {
        for (word, kind) in [
            ("ip-dst", Kind::Address),
            ("Intel::DOMAIN", Kind::Domain),
            ("URL", Kind::Url),
            ("ja3-fingerprint-md5", Kind::Ja3),
            ("x509-fingerprint-sha1", Kind::CertificateSha1),
            ("user_agent", Kind::UserAgent),
        ] {
            assert_eq!(meaning(word), Some(Meaning::Of(kind)), "{word}");
        }
        for other in ["md5", "filename|sha256", "Intel::FILE_HASH", "email-src"] {
            assert_eq!(meaning(other), Some(Meaning::Other), "{other}");
        }
        assert_eq!(meaning("ip-dst|port"), Some(Meaning::WithPort(Kind::Address)));
        assert_eq!(meaning("anything"), None);
    }
}
