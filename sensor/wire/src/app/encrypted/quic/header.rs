//! Long headers: what stands in clear before a protected packet, and where the packet ends.
//!
//! Source: RFC 9000 section 17.2, RFC 8999, RFC 9369 section 3.2.

use super::version::{Shape, Version};
use crate::app::octets::Octets;

/// Most octets of a connection ID in the versions that are read.
const MAX_ID: usize = 20;
/// Packet number and tag: less than this cannot be a protected packet.
const MIN_PROTECTED: usize = 20;

/// What a long header introduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    VersionNegotiation,
    /// A version that is not known; nothing behind the connection IDs can be read.
    Unknown,
}

/// One packet with a long header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Long<'a> {
    pub(super) kind: Kind,
    pub(super) version: Version,
    pub(super) dcid: &'a [u8],
    pub(super) scid: &'a [u8],
    /// The whole packet as far as it was captured, the header first.
    pub(super) packet: &'a [u8],
    /// Octets of `packet` before the packet number; of [`Kind::VersionNegotiation`] and
    /// [`Kind::Retry`] before what they carry.
    pub(super) number_at: usize,
    /// Octets of the packet that were not captured.
    pub(super) cut: usize,
    /// What follows in the datagram.
    pub(super) rest: &'a [u8],
}

/// Whether a datagram's first octet is that of a long header.
pub(super) const fn is_long(first: u8) -> bool {
    first & 0x80 != 0
}

/// Reads the header at the start of `octets`, of which `cut` more were not captured. `None` where
/// the lengths do not fit.
pub(super) fn long(octets: &[u8], cut: usize) -> Option<Long<'_>> {
    let mut cursor = Octets(octets);
    let first = cursor.u8()?;
    let version = Version(cursor.be32()?);
    if !is_long(first) {
        return None;
    }
    let (dcid, scid) = (cursor.short()?, cursor.short()?);
    let kind = kind(first, version);
    if kind != Kind::Unknown && (dcid.len() > MAX_ID || scid.len() > MAX_ID) {
        return None;
    }
    let is_protected = matches!(kind, Kind::Initial | Kind::ZeroRtt | Kind::Handshake);
    let has_fixed_bit = first & 0x40 != 0;
    if is_protected && !has_fixed_bit {
        return None;
    }
    if kind == Kind::Initial {
        let token = cursor.varint()?;
        cursor.take(usize::try_from(token).ok()?)?;
    }
    let mut len = cursor.0.len();
    if is_protected {
        len = usize::try_from(cursor.varint()?).ok()?;
    }
    let have = cursor.0.len();
    let missing = len.saturating_sub(have);
    if missing > cut || is_protected && len < MIN_PROTECTED {
        return None;
    }
    let number_at = octets.len().saturating_sub(have);
    let end = number_at.saturating_add(len).min(octets.len());
    let (packet, rest) = octets.split_at_checked(end)?;
    Some(Long {
        kind,
        version,
        dcid,
        scid,
        packet,
        number_at,
        cut: missing,
        rest,
    })
}

fn kind(first: u8, version: Version) -> Kind {
    if version.0 == 0 {
        return Kind::VersionNegotiation;
    }
    let bits = first >> 4 & 3;
    match (version.shape(), bits) {
        (Some(Shape::First), 0) | (Some(Shape::Second), 1) => Kind::Initial,
        (Some(Shape::First), 1) | (Some(Shape::Second), 2) => Kind::ZeroRtt,
        (Some(Shape::First), 2) | (Some(Shape::Second), 3) => Kind::Handshake,
        (Some(Shape::First), 3) | (Some(Shape::Second), 0) => Kind::Retry,
        _ => Kind::Unknown,
    }
}

impl<'a> Long<'a> {
    /// The versions that a version negotiation lists.
    pub(super) fn versions(&self) -> impl Iterator<Item = Version> + use<'a> {
        let list = self.packet.get(self.number_at..).unwrap_or_default();
        list.as_chunks::<4>()
            .0
            .iter()
            .map(|number| Version(u32::from_be_bytes(*number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_not_read() {
        // Version 1, an Initial with a destination of 8 octets, no token, 20 octets of packet.
        let mut octets = vec![0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 20];
        octets.extend([0; 20]);

        let whole = long(&octets, 0).unwrap();
        assert_eq!((whole.kind, whole.number_at, whole.cut), (Kind::Initial, 17, 0));
        assert!(long(&octets[..30], 0).is_none());
        assert_eq!(long(&octets[..30], 7).unwrap().cut, 7);
        octets[5] = 21;
        assert!(long(&octets, 0).is_none());
    }
}
