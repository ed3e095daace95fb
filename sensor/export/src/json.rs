//! JSON that is safe to show on a terminal: one object a line, its strings without characters that
//! move the cursor or change the order of what is read. They are written as `\u` and four
//! digits, which is the same string to whoever parses it (RFC 8259 section 7).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Whether a terminal or an editor shows something else than the character itself: control characters
/// (ISO 6429, C1 among them), the marks of bidirectional text (Unicode, UAX 9 section 2) and the
/// separators of lines and paragraphs.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Writes a value and ends the line.
///
/// # Errors
///
/// What the target said, and what cannot be written as JSON.
pub fn write_line(mut out: impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut out, Escaping))?;
    out.write_all(b"\n")
}

/// The compact form, with more characters escaped.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.bytes().any(may_begin_hostile) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hostile) {
            let (plain, from) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let mut chars = from.chars();
            // Every one is within the first 65,536, so that one escape holds it.
            if let Some(hostile) = chars.next() {
                write!(out, "\\u{:04x}", u32::from(hostile))?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

/// Whether an octet of UTF-8 can begin a hostile character that JSON does not escape anyway: nearly no
/// string has one, and looking for it costs less than taking the string apart.
const fn may_begin_hostile(octet: u8) -> bool {
    // DEL; U+0080 to U+00BF; U+0600 to U+063F; U+2000 to U+2FFF.
    matches!(octet, 0x7f | 0xc2 | 0xd8 | 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_text_is_escaped_and_reads_the_same() {
        let name = "a\u{9b}2J\u{7f}\u{202e}\u{61c}\u{2028}\u{1b}\"業務";
        let mut out = Vec::new();

        write_line(&mut out, &[name]).unwrap();

        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "[\"a\\u009b2J\\u007f\\u202e\\u061c\\u2028\\u001b\\\"業務\"]\n"
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [name]);
    }

    #[test]
    fn no_hostile_character_begins_otherwise() {
        let hostile = (' '..=char::MAX).filter(|c| is_hostile(*c));
        for c in hostile {
            assert!(may_begin_hostile(c.to_string().as_bytes()[0]), "{c:?}");
        }
    }

    #[test]
    fn keys_are_escaped_too() {
        let mut out = Vec::new();

        write_line(&mut out, &std::collections::BTreeMap::from([("\u{85}", 1)])).unwrap();

        assert_eq!(out, b"{\"\\u0085\":1}\n");
    }
}
