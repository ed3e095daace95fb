//! NetBIOS names as DNS messages carry them, and what is said of them.
//!
//! Sources: RFC 1001 section 14 (encoding), RFC 1002 sections 4.2.1.3 (flags of a name) and 4.2.18
//! (node status).

use std::net::Ipv4Addr;

use sekisho_model::MacAddress;

use super::name::{self, Fault};
use crate::app::text::push_hex;

/// Letters of an encoded name: two for each of its sixteen octets.
pub(super) const ENCODED: usize = 32;
/// Octets of a name in a node status: name, its kind, flags.
const STATUS_NAME: usize = 18;
/// Names of a node status that are kept.
const MAX_NAMES: usize = 32;

/// The sixteen octets of an encoded name: fifteen of the name, and its kind.
pub(super) fn decode(label: &[u8]) -> Option<[u8; 16]> {
    let letters: &[u8; ENCODED] = label.try_into().ok()?;
    let mut octets = [0; 16];
    for (octet, pair) in octets.iter_mut().zip(letters.as_chunks::<2>().0) {
        let [high, low] = pair.map(|letter| letter.wrapping_sub(b'A'));
        if high > 15 || low > 15 {
            return None;
        }
        *octet = high << 4 | low;
    }
    Some(octets)
}

/// A name as text: padding taken off, its kind in angle brackets, its scope behind a dot. A name
/// that is not encoded stands as in DNS.
///
/// It takes the place of what `text` holds; the answer is where it ends.
pub(super) fn read_into(message: &[u8], at: usize, text: &mut String) -> Result<usize, Fault> {
    text.clear();
    name::walk(message, at, |label| {
        if !text.is_empty() {
            text.push('.');
        }
        match decode(label) {
            Some(octets) if text.is_empty() => show(&octets, text),
            _ => name::escape(label, text),
        }
    })
}

fn show(octets: &[u8; 16], text: &mut String) {
    let (name, kind) = (octets.get(..15).unwrap_or_default(), octets.last());
    let padding = |octet: &u8| !matches!(octet, 0 | b' ');
    let end = name
        .iter()
        .rposition(padding)
        .map_or(0, |last| last.saturating_add(1));
    // A dot parts nothing in it.
    for (at, part) in name
        .get(..end)
        .unwrap_or_default()
        .split(|octet| *octet == b'.')
        .enumerate()
    {
        if at > 0 {
            text.push('.');
        }
        name::escape(part, text);
    }
    text.push('<');
    push_hex(kind.copied().unwrap_or(0), text);
    text.push('>');
}

/// The addresses of a name.
pub(super) fn addresses(data: &[u8]) -> Box<str> {
    let entries = data.as_chunks::<6>().0.iter().take(MAX_NAMES);
    let addresses: Vec<String> = entries
        .map(|[_, _, a, b, c, d]| Ipv4Addr::new(*a, *b, *c, *d).to_string())
        .collect();
    addresses.join(", ").into()
}

/// The names of a host and the MAC address that follows them.
pub(super) fn status(data: &[u8]) -> Option<(Vec<String>, Option<MacAddress>)> {
    let (count, rest) = data.split_first()?;
    let (names, after) = rest.as_chunks::<STATUS_NAME>();
    let count = usize::from(*count);
    let shown = names.iter().take(count.min(MAX_NAMES)).map(|entry| {
        let mut text = String::new();
        if let Some(name) = entry.first_chunk() {
            show(name, &mut text);
        }
        text
    });
    let list = shown.collect();
    let mac = match rest.get(count.saturating_mul(STATUS_NAME)..) {
        Some(tail) => tail,
        None => after,
    };
    Some((list, mac.first_chunk().map(|octets| MacAddress(*octets))))
}

/// The name alone, of one that stands for a host: kind 0 of a name that is not `*`.
pub(super) fn host(shown: &str) -> Option<&str> {
    shown
        .strip_suffix("<00>")
        .filter(|name| !name.is_empty() && *name != "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_two_letters_an_octet() {
        // RFC 1001 section 14.1: "FRED" padded with spaces, in the scope "NETBIOS.COM".
        let message = b"\x20EGFCEFEECACACACACACACACACACACACA\x07NETBIOS\x03COM\0";

        let mut text = String::new();

        let after = read_into(message, 0, &mut text).unwrap();

        assert_eq!((&*text, after), ("FRED<20>.NETBIOS.COM", message.len()));
        let mut dotted = String::new();
        show(b"A.EXAMPLE      \0", &mut dotted);
        assert_eq!(dotted, "A.EXAMPLE<00>");
        assert_eq!(decode(b"EGFCEFEECACACACACACACACACACACAC"), None);
        assert_eq!(decode(b"EGFCEFEECACACACACACACACACACACACZ"), None);
    }
}
