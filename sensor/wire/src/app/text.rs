//! Octets of a packet as words: bounded, and nothing lost in silence.

use std::fmt::Write;

/// Octets of a text that are kept unless a parser says otherwise.
pub const MAX: usize = 256;

/// The words in `octets`, at most `max` of them; and whether some were left out. Octets that are not
/// UTF-8 stand as `\xNN`, as Zeek writes them; control characters and marks stay as they are, which
/// every output escapes in its own way.
#[must_use]
pub fn bounded(octets: &[u8], max: usize) -> (Box<str>, bool) {
    let is_cut = octets.len() > max;
    let kept = octets.get(..max).unwrap_or(octets);
    if let Ok(text) = std::str::from_utf8(kept) {
        return (text.into(), is_cut);
    }
    let mut text = String::with_capacity(kept.len());
    let mut chunks = kept.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        // A character that the limit cuts in two is left out whole.
        let is_torn = is_cut && chunks.peek().is_none() && chunk.invalid().len() < 4;
        if !is_torn {
            for octet in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{octet:02x}");
            }
        }
    }
    (text.into(), is_cut)
}

/// [`bounded`] by [`MAX`], without saying whether it was cut.
#[must_use]
pub fn of(octets: &[u8]) -> Box<str> {
    bounded(octets, MAX).0
}

/// Octets as lower-case hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().saturating_mul(2));
    for octet in octets {
        push_hex(*octet, &mut text);
    }
    text
}

/// Writes an octet as two lower-case hexadecimal digits. Digests are long, and [`std::fmt`] takes its
/// time over every octet.
pub fn push_hex(octet: u8, into: &mut String) {
    for nibble in [octet >> 4, octet & 15] {
        into.push(char::from(if nibble < 10 {
            nibble.saturating_add(b'0')
        } else {
            nibble.saturating_sub(10).saturating_add(b'a')
        }));
    }
}

/// Writes a number in decimal: for lists of them, as [`push_hex`].
pub fn push_decimal(number: u16, into: &mut String) {
    let mut above = 10_000;
    while above > 1 && number < above {
        above /= 10;
    }
    while above > 0 {
        let digit = number.checked_div(above).map_or(0, |digits| digits % 10);
        let digit = u8::try_from(digit).unwrap_or(0);
        into.push(char::from(digit.saturating_add(b'0')));
        above /= 10;
    }
}

/// Stands for the name of an account: the first 16 digits of SHA-256 over `sekisho-user:` and the
/// name in lower case. The same account has the same digest wherever it is seen; the name is not
/// kept. It protects against reading over a shoulder, not against trying every name of a register.
#[must_use]
pub fn user_digest(name: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    digest.update(b"sekisho-user:");
    digest.update(name.to_ascii_lowercase());
    hex(digest.finalize().as_slice().get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_escaped_and_what_is_too_long_is_cut() {
        assert_eq!(bounded(b"a\xff\nb", 10), ("a\\xff\nb".into(), false));
        assert_eq!(bounded("あい".as_bytes(), 4), ("あ".into(), true));
        assert_eq!(bounded(&[0xff; 3], 2), ("\\xff".into(), true));
    }

    proptest::proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(octet: u8, number: u16) {
            let (mut hex, mut decimal) = (String::new(), String::new());
            push_hex(octet, &mut hex);
            push_decimal(number, &mut decimal);
            proptest::prop_assert_eq!(hex, format!("{octet:02x}"));
            proptest::prop_assert_eq!(decimal, number.to_string());
        }
    }

    #[test]
    fn an_account_is_the_same_in_any_case_of_letters() {
        // printf 'sekisho-user:alice' | sha256sum
        assert_eq!(user_digest(b"Alice"), user_digest(b"alice"));
        assert_eq!(user_digest(b"alice").len(), 16);
    }
}
