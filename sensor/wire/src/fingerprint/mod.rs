//! Fingerprints: what software says of itself by the order and choice of what it offers.
//!
//! Each one is a pure function of a message that was read: [`ja3`] and [`ja4`] of a TLS client,
//! [`ja3s`] of a TLS server, [`hassh`] of either end of SSH. Of the JA4 family only the TLS client's
//! is here, the one that is free to use.

pub mod hassh;
pub mod ja3;
pub mod ja3s;
pub mod ja4;

use crate::app::text;

/// Numbers that a usual client sends of a kind, at most.
const USUAL: usize = 40;

/// Numbers as they come, with room for the usual made at once.
pub(crate) fn gathered(numbers: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut list = Vec::with_capacity(USUAL);
    list.extend(numbers);
    list
}

/// MD5 as 32 lower-case digits.
fn md5_hex(octets: &[u8]) -> String {
    use md5::{Digest, Md5};
    text::hex(&Md5::digest(octets))
}
