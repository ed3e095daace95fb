//! JA3: version, ciphers, extensions, groups and point formats of a `ClientHello`, in its order.
//!
//! Source: salesforce/ja3, "How it works"; GREASE (RFC 8701) is left out.

use super::md5_hex;
use crate::app::encrypted::tls::hello::{ClientHello, is_grease};
use crate::app::text::push_decimal;

/// Characters of the string of a usual client.
const USUAL: usize = 256;

/// A JA3 or JA3S fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ja3 {
    /// The numbers, in decimal.
    pub string: String,
    /// MD5 of `string`.
    pub hash: String,
}

/// JA3 of a client.
#[must_use]
pub fn of(hello: &ClientHello<'_>) -> Ja3 {
    let mut string = String::with_capacity(USUAL);
    push_decimal(hello.version, &mut string);
    string.push(',');
    list(&mut string, hello.ciphers());
    string.push(',');
    list(&mut string, hello.extensions().map(|extension| extension.kind));
    string.push(',');
    list(&mut string, hello.groups());
    string.push(',');
    list(
        &mut string,
        hello.point_formats().iter().map(|format| u16::from(*format)),
    );
    digest(string)
}

/// The fingerprint of a string of numbers.
pub(super) fn digest(string: String) -> Ja3 {
    let hash = md5_hex(string.as_bytes());
    Ja3 { string, hash }
}

/// Numbers joined with `-`, without GREASE.
pub(super) fn list(into: &mut String, numbers: impl Iterator<Item = u16>) {
    for (at, number) in numbers.filter(|number| !is_grease(*number)).enumerate() {
        if at > 0 {
            into.push('-');
        }
        push_decimal(number, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::encrypted::tls::sample;

    #[test]
    fn fingerprints_are_those_of_the_method_s_examples() {
        let ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
        let extensions = sample::extensions(&[
            (0, sample::server_name(b"example.org")),
            (10, sample::long(&sample::words(&[23, 24, 25]))),
            (11, vec![1, 0]),
        ]);
        let body = sample::client_hello(769, &ciphers, &extensions);

        let ja3 = of(&ClientHello::parse(&body).unwrap());

        // salesforce/ja3, README, "How it works".
        assert_eq!(
            ja3.string,
            "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
        );
        assert_eq!(ja3.hash, "ada70206e40642a3e4461f35503241d5");
    }

    #[test]
    fn a_hello_without_extensions_has_empty_fields() {
        let ciphers = [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99];
        let body = sample::client_hello(769, &ciphers, &[]);

        let ja3 = of(&ClientHello::parse(&body).unwrap());

        // salesforce/ja3, README: the example of a client without extensions.
        assert_eq!(ja3.string, "769,4-5-10-9-100-98-3-6-19-18-99,,,");
        assert_eq!(ja3.hash, "de350869b8c85de67a350c8d186f11e6");
    }
}
