//! Strings: JSON's own escapes (RFC 8259 section 7), and those of what a terminal would act on.

use super::Line;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Octets that are looked at together.
const CHUNK: usize = 16;

impl Line {
    /// A string in quotation marks. What needs no escape, nearly every string whole, is one copy.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) {
        self.octets.push(b'"');
        let octets = text.as_bytes();
        match notable(octets) {
            None => self.octets.extend_from_slice(octets),
            Some(at) => self.text_from(octets, at),
        }
        self.octets.push(b'"');
    }

    /// A string that needs no escape, in quotation marks.
    #[inline]
    pub(crate) fn plain_text(&mut self, text: &str) {
        self.octets.push(b'"');
        self.octets.extend_from_slice(text.as_bytes());
        self.octets.push(b'"');
    }

    /// The rest of [`Line::text`] where the octet at `at` may need an escape.
    fn text_from(&mut self, mut rest: &[u8], mut at: usize) {
        loop {
            let (plain, from) = rest.split_at(at);
            self.octets.extend_from_slice(plain);
            let len = match from {
                [] => return,
                [b'"' | b'\\', ..] => {
                    self.octets.extend_from_slice(&[b'\\', from[0]]);
                    1
                }
                [octet @ (..0x20 | 0x7f), ..] => {
                    self.control(*octet);
                    1
                }
                _ => match hostile(from) {
                    Some((unit, len)) => {
                        self.unit(unit);
                        len
                    }
                    None => {
                        self.octets.push(from[0]);
                        1
                    }
                },
            };
            rest = &from[len..];
            at = notable(rest).unwrap_or(rest.len());
        }
    }

    /// A control character of ASCII.
    fn control(&mut self, octet: u8) {
        let short = match octet {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => return self.unit(u16::from(octet)),
        };
        self.octets.extend_from_slice(&[b'\\', short]);
    }

    /// A character of the first 65,536 by its number.
    fn unit(&mut self, unit: u16) {
        self.octets.extend_from_slice(b"\\u");
        for octet in unit.to_be_bytes() {
            self.octets.extend_from_slice(&hex(octet));
        }
    }
}

/// An octet as two hexadecimal digits.
#[inline]
pub(super) fn hex(octet: u8) -> [u8; 2] {
    [HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]
}

/// Where the first octet stands that needs an escape or may begin a character that does.
#[inline]
pub(super) fn notable(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    for chunk in octets.as_chunks::<CHUNK>().0 {
        if has_notable(chunk) {
            break;
        }
        at += CHUNK;
    }
    let rest = &octets[at..];
    if is_plain(rest) {
        return None;
    }
    let found = rest.iter().position(|octet| NOTABLE[usize::from(*octet)])?;
    Some(at + found)
}

/// Whether none of a few octets is notable: they are looked at as their first and last ones, which
/// overlap. What is too long for that, or too short, may be plain still.
#[inline]
fn is_plain(octets: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (octets.first_chunk::<8>(), octets.last_chunk::<8>()) {
        octets.len() <= CHUNK && !has_notable(first) && !has_notable(last)
    } else if let (Some(first), Some(last)) = (octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        !has_notable(first) && !has_notable(last)
    } else {
        octets.is_empty()
    }
}

/// Without a branch for each octet, so that the compiler compares many at once.
#[inline]
fn has_notable<const N: usize>(octets: &[u8; N]) -> bool {
    octets.iter().fold(false, |any, octet| any | is_notable(*octet))
}

/// [`is_notable`] of every octet.
static NOTABLE: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0_u8;
    loop {
        table[octet as usize] = is_notable(octet);
        if octet == u8::MAX {
            break table;
        }
        octet += 1;
    }
};

/// Whether an octet of UTF-8 needs an escape or begins a hostile character: DEL; U+0080 to U+00BF; U+0600
/// to U+063F; U+2000 to U+2FFF.
#[inline]
const fn is_notable(octet: u8) -> bool {
    (octet < 0x20)
        | (octet == b'"')
        | (octet == b'\\')
        | (octet == 0x7f)
        | (octet == 0xc2)
        | (octet == 0xd8)
        | (octet == 0xe2)
}

/// The hostile character of more than one octet that begins here, and its octets: what
/// [`crate::is_hostile`] says, of UTF-8.
const fn hostile(octets: &[u8]) -> Option<(u16, usize)> {
    match *octets {
        // U+0080 to U+009F.
        [0xc2, last @ 0x80..=0x9f, ..] => Some((last as u16, 2)),
        [0xd8, 0x9c, ..] => Some((0x061c, 2)),
        // U+200E, U+200F, U+2028 to U+202E.
        [0xe2, 0x80, last @ (0x8e | 0x8f | 0xa8..=0xae), ..] => Some((0x1f80 + last as u16, 3)),
        // U+2066 to U+2069.
        [0xe2, 0x81, last @ 0xa6..=0xa9, ..] => Some((0x1fc0 + last as u16, 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::line::written;

    /// What serde_json writes with the formatter of [`crate::write_line`].
    fn expected(text: &str) -> String {
        let mut out = Vec::new();
        crate::write_line(&mut out, &text).unwrap();
        assert_eq!(out.pop(), Some(b'\n'));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_is_written_as_serde_json_and_the_terminals_rule_have_it() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert_eq!(written(&*text), expected(&text), "{c:?}");
        }
    }

    #[test]
    fn a_character_is_found_wherever_it_stands() {
        for before in 0..70 {
            for c in ["\"", "\u{1b}", "\u{9b}", "\u{202e}", "→", "業"] {
                let text = format!("{}{c}{}", "x".repeat(before), "y".repeat(70 - before));
                assert_eq!(written(&*text), expected(&text), "{before} {c:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn strings_are_written_as_serde_json_writes_them(
            text in "\\PC{0,80}|(?s).{0,80}|[a-z→業\"\\\\\u{61c}\u{85}\u{2028}\u{2067}\n]{0,80}"
        ) {
            prop_assert_eq!(written(&*text), expected(&text));
        }
    }
}
