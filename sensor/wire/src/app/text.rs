//! Octets of a packet as words: bounded, and nothing lost in silence.

use std::borrow::Cow;
use std::fmt::Write;

/// Octets of a text that are kept unless a parser says otherwise.
pub const MAX: usize = 256;

/// The words in `octets`, at most `max` of them; and whether some were left out. Octets that are not
/// UTF-8 stand as `\xNN`, as Zeek writes them; control characters and marks stay as they are, which
/// every output escapes in its own way.
#[must_use]
pub fn bounded(octets: &[u8], max: usize) -> (Box<str>, bool) {
    let is_cut = octets.len() > max;
    (shown(octets, max).into(), is_cut)
}

/// The words of [`bounded`], where they stand if nothing in them is to be spelled another way.
#[must_use]
pub fn shown(octets: &[u8], max: usize) -> Cow<'_, str> {
    let is_cut = octets.len() > max;
    let kept = octets.get(..max).unwrap_or(octets);
    if let Ok(text) = std::str::from_utf8(kept) {
        return text.into();
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
    text.into()
}

/// The same in lower case, as names are compared that ASCII's letters spell.
#[must_use]
pub fn shown_lower(octets: &[u8], max: usize) -> Cow<'_, str> {
    match shown(octets, max) {
        Cow::Borrowed(text) if !text.bytes().any(|octet| octet.is_ascii_uppercase()) => text.into(),
        text => text.to_ascii_lowercase().into(),
    }
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
    let digit = |nibble: u8| nibble.wrapping_add(if nibble < 10 { b'0' } else { b'a'.wrapping_sub(10) });
    for nibble in [octet >> 4, octet & 15] {
        into.push(char::from(digit(nibble)));
    }
}

/// Writes a number in decimal: for lists of them, as [`push_hex`].
pub fn push_decimal(number: u16, into: &mut String) {
    let digits = [number / 10_000, number / 1000, number / 100, number / 10, number]
        .map(|upper| (upper % 10).to_le_bytes()[0].wrapping_add(b'0'));
    let from = match number {
        10_000.. => 0,
        1000.. => 1,
        100.. => 2,
        10.. => 3,
        _ => 4,
    };
    for digit in digits.get(from..).unwrap_or_default() {
        into.push(char::from(*digit));
    }
}

/// A number in hexadecimal without zeros before it.
pub fn push_short_hex(number: u16, into: &mut String) {
    let mut has_begun = false;
    for octet in number.to_be_bytes() {
        for nibble in [octet >> 4, octet & 15] {
            has_begun |= nibble > 0;
            if has_begun {
                into.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
    }
    if !has_begun {
        into.push('0');
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
            let (mut hex, mut decimal, mut short) = (String::new(), String::new(), String::new());
            push_short_hex(number, &mut short);
            proptest::prop_assert_eq!(short, format!("{number:x}"));
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
