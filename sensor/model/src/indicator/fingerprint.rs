//! Digests and JA4.
//!
//! Source: FoxIO, "JA4: TLS Client Fingerprinting", section "JA4 Algorithm": `t13d1516h2`, then twelve
//! hexadecimal digits of the cipher suites and twelve of the extensions.

use std::fmt;

use super::ValueError;

/// Octets of a JA4.
const JA4: usize = 36;

/// Whether a text is a JA4 in small letters.
#[must_use]
pub fn is_ja4(text: &str) -> bool {
    let mut parts = text.split('_');
    let (Some(a), Some(b), Some(c), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_hash = |part: &str| part.len() == 12 && part.bytes().all(is_small_hex);
    is_first_part(a.as_bytes()) && is_hash(b) && is_hash(c)
}

/// Transport, version, whether a name was asked for, counts, ALPN.
fn is_first_part(part: &[u8]) -> bool {
    let &[transport, v0, v1, sni, c0, c1, e0, e1, a0, a1] = part else {
        return false;
    };
    matches!(transport, b't' | b'q' | b'd')
        && [v0, v1].iter().all(u8::is_ascii_alphanumeric)
        && matches!(sni, b'd' | b'i')
        && [c0, c1, e0, e1].iter().all(u8::is_ascii_digit)
        && [a0, a1].iter().all(u8::is_ascii_alphanumeric)
}

pub(super) fn ja4(text: &str) -> Result<Box<str>, ValueError> {
    if text.len() != JA4 {
        return Err(ValueError::Ja4);
    }
    // The letters of the ALPN may be capital ones.
    let text: String = match text.split_at_checked(10) {
        Some((first, rest)) if is_ja4(text) => [first, rest].concat(),
        _ => text.to_ascii_lowercase(),
    };
    is_ja4(&text).then(|| text.into()).ok_or(ValueError::Ja4)
}

/// The octets that `2 * N` hexadecimal digits write, with or without `:` between the octets.
pub(super) fn digest<const N: usize>(text: &str) -> Result<[u8; N], ValueError> {
    let mut digits = text.bytes().filter(|octet| *octet != b':').map(digit);
    let mut digest = [0; N];
    for octet in &mut digest {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            return Err(ValueError::Digest);
        };
        *octet = high << 4 | low;
    }
    match digits.next() {
        None => Ok(digest),
        Some(_) => Err(ValueError::Digest),
    }
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, digest: &[u8]) -> fmt::Result {
    digest.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

const fn is_small_hex(octet: u8) -> bool {
    matches!(octet, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ja4_is_known_by_its_three_parts() {
        // Of the examples in the technical details of JA4.
        assert!(is_ja4("t13d1516h2_8daaf6152771_e5627efa2ab1"));
        assert!(is_ja4("q13d0312h3_55b375c5d22e_06cda9e17597"));
        assert!(!is_ja4("t13d1516h2_8daaf6152771"));
        assert!(!is_ja4("x13d1516h2_8daaf6152771_e5627efa2ab1"));
        assert!(!is_ja4("t13d1516h2_8daaf615277g_e5627efa2ab1"));
        assert_eq!(
            ja4("T13D1516H2_8DAAF6152771_E5627EFA2AB1").as_deref(),
            Ok("t13d1516h2_8daaf6152771_e5627efa2ab1")
        );
    }

    #[test]
    fn a_digest_is_read_with_colons_and_capitals_and_with_its_length_only() {
        assert_eq!(digest("AB:cd"), Ok([0xab, 0xcd]));
        assert_eq!(digest::<2>("abc"), Err(ValueError::Digest));
        assert_eq!(digest::<2>("abcdef"), Err(ValueError::Digest));
        assert_eq!(digest::<2>("abcg"), Err(ValueError::Digest));
    }
}
