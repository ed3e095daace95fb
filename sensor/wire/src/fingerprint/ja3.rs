//! JA3: version, ciphers, extensions, groups and point formats of a `ClientHello`, in its order.
//!
//! Source: salesforce/ja3, "How it works"; GREASE (RFC 8701) is left out.

use std::fmt::Write;

use super::md5_hex;
use crate::app::encrypted::tls::hello::{ClientHello, is_grease};

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
    let mut string = format!("{},", hello.version);
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
        let mark = if at == 0 { "" } else { "-" };
        // Writing to a string cannot fail.
        let _ = write!(into, "{mark}{number}");
    }
}
