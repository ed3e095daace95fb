//! JA4 of a TLS client: what it offers, whatever the order it offers it in.
//!
//! Source: FoxIO-LLC/ja4 `technical_details/JA4.md` (the TLS client method, BSD 3-Clause).

use super::gathered;
use crate::app::encrypted::tls::hello::{ALPN, ClientHello, SERVER_NAME, is_grease};
use crate::app::text;

/// What carries the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// TLS over TCP.
    Tcp,
    /// QUIC.
    Quic,
    /// DTLS.
    Dtls,
}

/// Characters of the longest lists of a usual client.
const USUAL: usize = 384;
/// Digits of a part that has nothing to hash.
const NOTHING: &str = "000000000000";

/// JA4 of a client.
#[must_use]
pub fn of(hello: &ClientHello<'_>, carrier: Carrier) -> String {
    let mut ciphers = gathered(hello.ciphers().filter(|cipher| !is_grease(*cipher)));
    let kinds = hello.extensions().map(|extension| extension.kind);
    let mut extensions = gathered(kinds.filter(|kind| !is_grease(*kind)));
    let mut ja4 = String::with_capacity(36);
    ja4.push(match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Dtls => 'd',
    });
    ja4.push_str(version(hello.greatest_version()));
    ja4.push(if extensions.contains(&SERVER_NAME) {
        'd'
    } else {
        'i'
    });
    for count in [ciphers.len(), extensions.len()] {
        let digit = |number: usize| char::from(b'0'.wrapping_add((number % 10).to_le_bytes()[0]));
        let count = count.min(99);
        ja4.push(digit(count / 10));
        ja4.push(digit(count));
    }
    let [first, last] = ends(hello.alpn().next().unwrap_or_default());
    ja4.push(first);
    ja4.push(last);

    ciphers.sort_unstable();
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    extensions.sort_unstable();
    let mut rest = String::with_capacity(USUAL);
    hex_list(ciphers.into_iter(), &mut rest);
    ja4.push('_');
    digest(&rest, &mut ja4);
    rest.clear();
    hex_list(extensions.into_iter(), &mut rest);
    if !rest.is_empty() {
        let end = rest.len();
        rest.push('_');
        let algorithms = hello.signature_algorithms().filter(|number| !is_grease(*number));
        hex_list(algorithms, &mut rest);
        if rest.ends_with('_') {
            rest.truncate(end);
        }
    }
    ja4.push('_');
    digest(&rest, &mut ja4);
    ja4
}

/// The word of a version; a draft of TLS 1.3 is unknown to the definition, whatever else is offered.
const fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first ALPN value: of its hexadecimal digits where either is not
/// a letter or digit.
fn ends(alpn: &[u8]) -> [char; 2] {
    let (Some(first), Some(last)) = (alpn.first(), alpn.last()) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)];
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

fn hex_list(numbers: impl Iterator<Item = u16>, list: &mut String) {
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            list.push(',');
        }
        for octet in number.to_be_bytes() {
            text::push_hex(octet, list);
        }
    }
}

/// The first 12 digits of SHA-256.
fn digest(of: &str, ja4: &mut String) {
    use sha2::{Digest, Sha256};
    if of.is_empty() {
        return ja4.push_str(NOTHING);
    }
    for octet in Sha256::digest(of.as_bytes()).iter().take(6) {
        text::push_hex(*octet, ja4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::encrypted::tls::sample;

    fn ja4(body: &[u8], carrier: Carrier) -> String {
        of(&ClientHello::parse(body).unwrap(), carrier)
    }

    #[test]
    fn the_example_of_the_definition_comes_out() {
        let body = sample::chrome(b"example.org");

        // FoxIO-LLC/ja4, JA4.md: Chrome; the carrier is the only difference over QUIC.
        assert_eq!(ja4(&body, Carrier::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(ja4(&body, Carrier::Quic), "q13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn what_is_not_there_is_zeros() {
        let body = sample::client_hello(0x0300, &[0x2a2a], &[]);

        assert_eq!(ja4(&body, Carrier::Tcp), "ts3i000000_000000000000_000000000000");
    }

    #[test]
    fn the_greatest_version_counts_and_a_draft_has_no_word() {
        // FoxIO-LLC/ja4, JA4.md, "TLS and DTLS Version": the highest value in the extension without
        // GREASE; unknown is "00".
        for (offered, word) in [
            (&[0x1a1a, 0x0304, 0x0303][..], "t13"),
            (&[0x7f1c, 0x0304, 0x0303], "t00"),
            (&[0x0303, 0x0302], "t12"),
        ] {
            let list = sample::words(offered);
            let list = [&[u8::try_from(list.len()).unwrap()], &list[..]].concat();
            let body = sample::client_hello(0x0303, &[47], &sample::extensions(&[(43, list)]));

            assert_eq!(&ja4(&body, Carrier::Tcp)[..3], word, "{offered:x?}");
        }
    }

    #[test]
    fn counts_stop_at_99() {
        let ciphers: Vec<u16> = (0x0100..0x0200).collect();
        let list: Vec<_> = (100..300).map(|kind| (kind, vec![])).collect();
        let body = sample::client_hello(0x0303, &ciphers, &sample::extensions(&list));

        assert!(ja4(&body, Carrier::Dtls).starts_with("d12i999900_"));
    }

    #[test]
    fn an_alpn_that_is_no_word_is_shown_by_its_digits() {
        // FoxIO-LLC/ja4, JA4.md, "ALPN Extension Value".
        for (alpn, shown) in [
            (&b"h2"[..], "h2"),
            (b"http/1.1", "h1"),
            (b"h", "hh"),
            (&[0xab], "ab"),
            (&[0xab, 0xcd], "ad"),
            (&[0x30, 0xab], "3b"),
            (&[0x30, 0x31, 0xab, 0xcd], "3d"),
            (&[0x30, 0xab, 0xcd, 0x31], "01"),
        ] {
            let extensions = sample::extensions(&[(16, sample::alpn(alpn))]);
            let body = sample::client_hello(0x0303, &[47], &extensions);

            assert_eq!(&ja4(&body, Carrier::Tcp)[8..10], shown, "{alpn:x?}");
        }
    }
}
