//! One message of IKE: header, payloads, and the algorithms that it proposes.
//!
//! Sources: RFC 7296 section 3, RFC 2408 section 3.

use super::register::{self, Name};
use crate::app::octets::Octets;

/// Octets of a header.
pub(super) const HEADER_LEN: usize = 28;
/// Payloads of one message that are read.
const MAX_PAYLOADS: usize = 64;
/// Algorithms of one message that are kept.
const MAX_ALGORITHMS: usize = 64;

const VERSION_1: u8 = 0x10;
const VERSION_2: u8 = 0x20;
/// Version 1: everything behind the header is encrypted.
const FLAG_ENCRYPTED: u8 = 0x01;
const FLAG_RESPONSE: u8 = 0x20;
/// Version 2: payloads inside are encrypted, whole or as a fragment.
const ENCRYPTED: [u8; 2] = [46, 53];
/// Key length of a transform, in both versions.
const KEY_LENGTH: u16 = 14;

/// The header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) init_spi: [u8; 8],
    pub(super) resp_spi: [u8; 8],
    pub(super) next: u8,
    version: u8,
    pub(super) exchange: u8,
    flags: u8,
    pub(super) message_id: u32,
    /// Octets of the message, this header among them.
    pub(super) len: usize,
}

/// A message behind the marker that tells it from ESP (RFC 3948 section 2.2), and whether that
/// stood there.
pub(super) fn behind_marker(octets: &[u8]) -> (&[u8], bool) {
    match octets.split_first_chunk::<4>() {
        Some(([0, 0, 0, 0], rest)) => (rest, true),
        _ => (octets, false),
    }
}

/// Reads a header.
pub(super) fn header(octets: &[u8]) -> Option<Header> {
    let mut cursor = Octets(octets);
    Some(Header {
        init_spi: cursor.array()?,
        resp_spi: cursor.array()?,
        next: cursor.u8()?,
        version: cursor.u8()?,
        exchange: cursor.u8()?,
        flags: cursor.u8()?,
        message_id: cursor.be32()?,
        len: usize::try_from(cursor.be32()?).ok()?,
    })
}

impl Header {
    /// 1 or 2.
    pub(super) const fn major(&self) -> u8 {
        self.version >> 4
    }

    /// 0.
    pub(super) const fn minor(&self) -> u8 {
        self.version & 0x0f
    }

    /// Whether every field has a value of the specifications.
    pub(super) fn is_plausible(&self) -> bool {
        let major = self.major();
        let flags = match self.version {
            VERSION_1 => 0x07,
            VERSION_2 => 0x38,
            _ => return false,
        };
        self.init_spi != [0; 8]
            && self.flags & !flags == 0
            && register::exchange(major, self.exchange).is_some()
            && (self.next == 0 || register::payload(major, self.next).is_some())
            && self.len >= HEADER_LEN
    }

    /// Whether a message answers another one: it says so, or its responder has an index already
    /// and proposes nothing but what it chose.
    pub(super) fn is_answer(&self) -> bool {
        match self.major() {
            1 => self.resp_spi != [0; 8],
            _ => self.flags & FLAG_RESPONSE != 0,
        }
    }

    /// Whether nothing behind the header can be read.
    pub(super) fn is_encrypted(&self) -> bool {
        match self.major() {
            1 => self.flags & FLAG_ENCRYPTED != 0,
            _ => ENCRYPTED.contains(&self.next),
        }
    }
}

/// Type and body of each payload in clear.
pub(super) fn payloads<'a>(header: &Header, octets: &'a [u8]) -> impl Iterator<Item = (u8, &'a [u8])> {
    let mut cursor = Octets(octets.get(HEADER_LEN..).unwrap_or_default());
    let mut next = if header.is_encrypted() { 0 } else { header.next };
    let major = header.major();
    std::iter::from_fn(move || {
        let kind = next;
        if kind == 0 || major == 2 && ENCRYPTED.contains(&kind) {
            return None;
        }
        next = cursor.u8()?;
        cursor.u8()?;
        let len = usize::from(cursor.be16()?);
        Some((kind, cursor.take(len.checked_sub(4)?)?))
    })
    .take(MAX_PAYLOADS)
}

/// One algorithm: key of its kind, name, and whether it is weak.
pub(super) type Algorithm = (&'static str, String, bool);

/// The algorithms in a security association, each once, in their order.
pub(super) fn algorithms(major: u8, body: &[u8]) -> Vec<Algorithm> {
    let mut found = Vec::new();
    let mut cursor = Octets(body);
    if major == 1 {
        // Domain of interpretation and situation.
        cursor.take(8);
    }
    while let Some(proposal) = substructure(&mut cursor) {
        let mut cursor = Octets(proposal);
        // Number, protocol, then the SPI behind the number of transforms.
        let spi = cursor.take(2).and_then(|_| cursor.u8());
        let Some(spi) = spi.filter(|_| cursor.u8().is_some()) else {
            break;
        };
        if cursor.take(usize::from(spi)).is_none() {
            break;
        }
        while let Some(transform) = substructure(&mut cursor) {
            let read = if major == 1 { transform_1 } else { transform_2 };
            read(transform, &mut found);
        }
    }
    found
}

/// What stands in a proposal or transform: behind "more follow", a reserved octet and the length.
fn substructure<'a>(cursor: &mut Octets<'a>) -> Option<&'a [u8]> {
    cursor.take(2)?;
    let len = usize::from(cursor.be16()?);
    cursor.take(len.checked_sub(4)?)
}

fn transform_2(transform: &[u8], found: &mut Vec<Algorithm>) {
    let mut cursor = Octets(transform);
    let (Some(kind), Some(_), Some(id)) = (cursor.u8(), cursor.u8(), cursor.be16()) else {
        return;
    };
    let length = attributes(cursor)
        .find(|(kind, _)| *kind == KEY_LENGTH)
        .map(|(_, value)| value);
    if let Some(key) = register::kind_2(kind) {
        add(found, key, register::transform_2(kind, id), id, length);
    }
}

fn transform_1(transform: &[u8], found: &mut Vec<Algorithm>) {
    let mut cursor = Octets(transform);
    if cursor.take(4).is_none() {
        return;
    }
    let length = attributes(cursor)
        .find(|(kind, _)| *kind == KEY_LENGTH)
        .map(|(_, value)| value);
    for (kind, value) in attributes(cursor) {
        if let Some(key) = register::kind_1(kind) {
            let length = length.filter(|_| kind == 1);
            add(found, key, register::attribute_1(kind, value), value, length);
        }
    }
}

/// Attributes whose value is one number of two octets.
fn attributes(mut cursor: Octets<'_>) -> impl Iterator<Item = (u16, u16)> {
    std::iter::from_fn(move || {
        loop {
            let kind = cursor.be16()?;
            let value = cursor.be16()?;
            if kind & 0x8000 != 0 {
                return Some((kind & 0x7fff, value));
            }
            cursor.take(usize::from(value))?;
        }
    })
}

fn add(found: &mut Vec<Algorithm>, key: &'static str, name: Option<Name>, number: u16, length: Option<u16>) {
    let (name, is_weak) = name.map_or_else(
        || (number.to_string(), false),
        |(name, weak)| (name.to_owned(), weak),
    );
    let name = match length {
        Some(length) => format!("{name}_{length}"),
        None => name,
    };
    let is_new = !found
        .iter()
        .any(|(there, other, _)| *there == key && *other == name);
    if is_new && found.len() < MAX_ALGORITHMS {
        found.push((key, name, is_weak));
    }
}
