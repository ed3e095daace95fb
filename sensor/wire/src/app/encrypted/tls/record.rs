//! The record layer of SSL 3.0 to TLS 1.3, and how TLS is told by it.
//!
//! Source: RFC 8446 section 5.1, RFC 5246 section 6.2; RFC 6520 (heartbeat).

use super::sslv2;
use crate::app::protocol::{Hint, Probe};

/// Octets of a record's header.
pub(super) const HEADER_LEN: usize = 5;
/// Octets of a record's largest body: TLS 1.2 allows 2048 more than the text has.
const MAX_BODY: usize = (1 << 14) + 2048;

pub(in crate::app::encrypted) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(in crate::app::encrypted) const ALERT: u8 = 21;
pub(in crate::app::encrypted) const HANDSHAKE: u8 = 22;
pub(in crate::app::encrypted) const APPLICATION_DATA: u8 = 23;
pub(in crate::app::encrypted) const HEARTBEAT: u8 = 24;

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    version: u16,
    /// Octets that follow.
    pub(super) len: usize,
}

/// The header at the start of `octets`, of which there are enough.
pub(super) fn header(octets: &[u8]) -> Option<Header> {
    let &[kind, major, minor, high, low] = octets.first_chunk::<HEADER_LEN>()?;
    let len = usize::from(u16::from_be_bytes([high, low]));
    let fits = match kind {
        CHANGE_CIPHER_SPEC | ALERT | HANDSHAKE | HEARTBEAT => len > 0,
        APPLICATION_DATA => true,
        _ => false,
    };
    (fits && major == 3 && minor <= 4 && len <= MAX_BODY).then_some(Header {
        kind,
        version: u16::from_be_bytes([major, minor]),
        len,
    })
}

/// Tells TLS by a hello, or by two records after one another or of both ends.
pub(super) fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    match octets {
        [CHANGE_CIPHER_SPEC..=HEARTBEAT, 3, 0..=4, ..] => {}
        [CHANGE_CIPHER_SPEC..=HEARTBEAT] | [CHANGE_CIPHER_SPEC..=HEARTBEAT, 3] => return Probe::More,
        _ => return sslv2::probe(octets),
    }
    if octets.len() < HEADER_LEN {
        return Probe::More;
    }
    let Some(first) = header(octets) else {
        return Probe::No;
    };
    if first.kind == HANDSHAKE && octets.len() < 8 {
        return Probe::More;
    }
    let is_second = |next: Header| next.version == first.version || first.kind == HANDSHAKE;
    let next = octets
        .get(HEADER_LEN.saturating_add(first.len)..)
        .and_then(header);
    if is_hello(octets) || next.is_some_and(is_second) || header(hint.other).is_some_and(is_second) {
        Probe::Sure
    } else {
        Probe::Likely
    }
}

/// Whether a record begins with a hello of either end: the handshake's type, a length below 64 KiB,
/// the version.
pub(super) fn is_hello(octets: &[u8]) -> bool {
    let Some(body) = octets.get(HEADER_LEN..) else {
        return false;
    };
    octets.first() == Some(&HANDSHAKE)
        && matches!(body, [1 | 2, 0, _, ..])
        && body.get(4).is_none_or(|major| matches!(major, 3 | 0x7f))
}

/// Whether these octets are the record of a change to encryption.
pub(super) fn is_change(octets: &[u8]) -> bool {
    matches!(octets, [CHANGE_CIPHER_SPEC, 3, 0..=4, 0, 1, 1, ..])
}
