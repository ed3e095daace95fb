//! Hellos of SSL 2.0, in which clients of old also offered SSL 3.0 and TLS 1.0.
//!
//! Source: draft-hickman-netscape-ssl-00 ("The SSL Protocol", 1995), RFC 5246 appendix E.2.

use super::hello::word;
use crate::app::protocol::Probe;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// Octets of the record's header.
const HEADER_LEN: usize = 2;

/// What a hello says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello<'a> {
    /// A client's, with the highest version that it speaks.
    Client(u16),
    /// A server's, with its certificate.
    Server(&'a [u8]),
}

/// Octets of the record that begins here, its header among them.
pub(super) fn record_len(octets: &[u8]) -> Option<usize> {
    let (head, _) = word(octets)?;
    (head & 0x8000 != 0).then(|| usize::from(head & 0x7fff).saturating_add(HEADER_LEN))
}

/// Tells a client's hello by its first eight octets, of which every one but the length is known
/// within narrow bounds.
pub(super) fn probe(octets: &[u8]) -> Probe {
    let is_begun = match octets {
        [first]
        | [first, _]
        | [first, _, CLIENT_HELLO]
        | [first, _, CLIENT_HELLO, 0 | 3]
        | [first, _, CLIENT_HELLO, 0, 2, ..]
        | [first, _, CLIENT_HELLO, 3, 0..=3, ..] => first & 0x80 != 0,
        _ => false,
    };
    if !is_begun {
        return Probe::No;
    }
    let (Some(len), Some([_, _, _, _, _, c0, c1, 0, ..])) = (record_len(octets), octets.get(..8)) else {
        return if octets.len() < 8 { Probe::More } else { Probe::No };
    };
    let ciphers = usize::from(u16::from_be_bytes([*c0, *c1]));
    // Header, type, version and three lengths; the challenge has 16 to 32 octets, a session 0 or 16.
    let rest = len.checked_sub(ciphers.saturating_add(11));
    if ciphers > 0 && ciphers.is_multiple_of(3) && rest.is_some_and(|rest| (16..=48).contains(&rest)) {
        Probe::Sure
    } else {
        Probe::No
    }
}

/// Reads a whole record.
pub(super) fn read(record: &[u8]) -> Option<Hello<'_>> {
    let (kind, rest) = record.get(HEADER_LEN..)?.split_first()?;
    match *kind {
        CLIENT_HELLO => word(rest).map(|(version, _)| Hello::Client(version)),
        SERVER_HELLO => {
            // Session hit, type of certificate, version, lengths of certificate, ciphers, connection.
            let (version, rest) = word(rest.get(2..)?)?;
            let (len, rest) = word(rest)?;
            let certificate = rest.get(4..)?.get(..usize::from(len))?;
            (version == 2).then_some(Hello::Server(certificate))
        }
        _ => None,
    }
}
