//! What of a credential may be known: its kind and a digest of the account, never the secret.
//!
//! Source: IANA's registry of HTTP authentication schemes; RFC 7617 (Basic), RFC 7616 (Digest).

use super::super::lines::{base64, word};
use crate::app::text;

/// Schemes by name. Of any other word nothing is kept: it may be the secret itself.
const SCHEMES: &[&str] = &[
    "Basic",
    "Digest",
    "Bearer",
    "NTLM",
    "Negotiate",
    "DPoP",
    "GNAP",
    "HOBA",
    "Mutual",
    "OAuth",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "vapid",
    "Kerberos",
    "AWS4-HMAC-SHA256",
    "Hawk",
    "Token",
    "ApiKey",
];

/// Octets of a credential that are decoded for the account's name.
const MAX_DECODED: usize = 1024;

/// Scheme of an `Authorization` or `WWW-Authenticate` value.
pub(super) fn scheme(value: &[u8]) -> &'static str {
    let (first, _) = word(value);
    let first = first.strip_suffix(b",").unwrap_or(first);
    SCHEMES
        .iter()
        .find(|scheme| scheme.as_bytes().eq_ignore_ascii_case(first))
        .map_or("other", |scheme| scheme)
}

/// Digest of the account where the scheme names one.
pub(super) fn user_digest(value: &[u8]) -> Option<String> {
    let (_, rest) = word(value);
    match scheme(value) {
        "Basic" => {
            let clear = base64(rest.get(..MAX_DECODED).unwrap_or(rest));
            let end = clear.iter().position(|octet| *octet == b':')?;
            let name = clear.get(..end)?;
            (!name.is_empty()).then(|| text::user_digest(name))
        }
        "Digest" => {
            let rest = rest.get(..MAX_DECODED).unwrap_or(rest);
            let key = b"username=\"";
            let at = rest
                .windows(key.len())
                .position(|window| window.eq_ignore_ascii_case(key))?;
            let name = rest.get(at.saturating_add(key.len())..)?;
            let end = name.iter().position(|octet| *octet == b'"')?;
            let name = name.get(..end)?;
            (!name.is_empty()).then(|| text::user_digest(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_rfc_7617_and_rfc_7616_is_digested() {
        // RFC 7617 section 2, RFC 7616 section 3.9.1.
        assert_eq!(
            user_digest(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            Some(text::user_digest(b"Aladdin"))
        );
        assert_eq!(
            user_digest(b"Digest username=\"Mufasa\", realm=\"http-auth@example.org\""),
            Some(text::user_digest(b"Mufasa"))
        );
        assert_eq!(user_digest(b"Bearer abc"), None);
    }

    #[test]
    fn a_bare_secret_has_no_scheme() {
        assert_eq!(scheme(b"s3cr3t"), "other");
        assert_eq!(scheme(b"negotiate YII="), "Negotiate");
    }
}
