//! One message of STUN: header and attributes.
//!
//! Source: RFC 8489 sections 5 and 14, RFC 8656 section 18.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::app::octets::Octets;

/// Octets of a header.
pub(super) const HEADER_LEN: usize = 20;
/// Stands in every message since RFC 5389.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Octets of the largest message: it fits into a datagram.
const MAX_LEN: usize = 4096;
/// Attributes of one message that are read.
const MAX_ATTRIBUTES: usize = 64;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// The header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) class: Class,
    pub(super) method: u16,
    /// Octets behind the header.
    pub(super) len: usize,
    /// Cookie and number together: classic STUN has no cookie and a longer number.
    pub(super) transaction: [u8; 16],
    pub(super) has_cookie: bool,
}

/// Whether a message may begin with these octets, fewer than a header.
pub(super) fn may_begin(octets: &[u8]) -> bool {
    let cookie = octets.get(4..).unwrap_or_default();
    let high = octets.first().is_none_or(|first| *first <= 1);
    let known = octets
        .first_chunk::<2>()
        .is_none_or(|kind| method_name(method(u16::from_be_bytes(*kind))).is_some());
    high && known && cookie.iter().zip(COOKIE).all(|(octet, cookie)| *octet == cookie)
}

/// Reads a header; `None` where no message can begin so.
pub(super) fn header(octets: &[u8]) -> Option<Header> {
    let mut cursor = Octets(octets);
    let kind = cursor.be16()?;
    let len = usize::from(cursor.be16()?);
    let transaction = cursor.array::<16>()?;
    let method = method(kind);
    let class = match kind & 0x0110 {
        0x0000 => Class::Request,
        0x0010 => Class::Indication,
        0x0100 => Class::Success,
        _ => Class::Error,
    };
    let has_cookie = transaction.starts_with(&COOKIE);
    // Some applications do not fill the last attribute up.
    let is_aligned = has_cookie || len.is_multiple_of(4);
    let is_message = kind & 0xc000 == 0 && is_aligned && len <= MAX_LEN;
    (is_message && method_name(method).is_some()).then_some(Header {
        class,
        method,
        len,
        transaction,
        has_cookie,
    })
}

/// The method's twelve bits, between which those of the class stand.
const fn method(kind: u16) -> u16 {
    kind & 0x000f | (kind & 0x00e0) >> 1 | (kind & 0x3e00) >> 2
}

/// A method's name.
pub(super) const fn method_name(method: u16) -> Option<&'static str> {
    Some(match method {
        0x001 => "binding",
        0x002 => "shared secret",
        0x003 => "allocate",
        0x004 => "refresh",
        0x006 => "send",
        0x007 => "data",
        0x008 => "create permission",
        0x009 => "channel bind",
        0x00a => "connect",
        0x00b => "connection bind",
        0x00c => "connection attempt",
        _ => return None,
    })
}

/// Whether a message without cookie is of classic STUN: attributes fill it to its last octet.
pub(super) fn is_classic(header: &Header, octets: &[u8]) -> bool {
    let mut cursor = Octets(octets.get(HEADER_LEN..).unwrap_or_default());
    while !cursor.0.is_empty() {
        let attribute = cursor.be16().zip(cursor.be16());
        let taken = attribute.and_then(|(_, len)| cursor.take(padded(len)));
        if taken.is_none() {
            return false;
        }
    }
    let [first, others @ ..] = header.transaction;
    let random = others.iter().any(|octet| *octet != first);
    random && header.class != Class::Indication && header.method <= 2
}

/// Type and value of each attribute.
pub(super) fn attributes(octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut cursor = Octets(octets.get(HEADER_LEN..).unwrap_or_default());
    std::iter::from_fn(move || {
        let kind = cursor.be16()?;
        let len = cursor.be16()?;
        let value = cursor.0.get(..usize::from(len))?;
        cursor.0 = cursor.0.get(padded(len)..).unwrap_or_default();
        Some((kind, value))
    })
    .take(MAX_ATTRIBUTES)
}

/// Attributes begin at multiples of four octets.
fn padded(len: u16) -> usize {
    usize::from(len).next_multiple_of(4)
}

/// An address and its port. `mask` is what both are combined with: the transaction, where the
/// attribute says so, else zeros.
pub(super) fn address(value: &[u8], mask: &[u8; 16]) -> Option<(IpAddr, u16)> {
    let mut cursor = Octets(value);
    cursor.u8()?;
    let family = cursor.u8()?;
    let [port_high, port_low] = cursor.array::<2>()?;
    let [high, low, ..] = *mask;
    let port = u16::from_be_bytes([port_high ^ high, port_low ^ low]);
    let address = match family {
        1 => {
            let mut octets = cursor.array::<4>()?;
            octets
                .iter_mut()
                .zip(mask)
                .for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        2 => {
            let mut octets = cursor.array::<16>()?;
            octets
                .iter_mut()
                .zip(mask)
                .for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some((address, port))
}
