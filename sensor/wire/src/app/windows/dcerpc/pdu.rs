//! One protocol data unit of DCE-RPC, connection-oriented.
//!
//! Source: C706 section 12.6; MS-RPCE section 2.2.2.

use crate::app::octets::{octet, span};

/// Octets of the common header.
pub(in crate::app::windows) const HEADER: usize = 16;

/// Packet types (C706 section 12.6.4).
pub(super) const REQUEST: u8 = 0;
pub(super) const RESPONSE: u8 = 2;
pub(super) const FAULT: u8 = 3;
pub(super) const BIND: u8 = 11;
pub(super) const BIND_ACK: u8 = 12;
pub(super) const BIND_NAK: u8 = 13;
pub(super) const ALTER: u8 = 14;
pub(super) const ALTER_RESPONSE: u8 = 15;
pub(super) const AUTH3: u8 = 16;

/// The header, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(in crate::app::windows) struct Pdu<'a> {
    pub(super) minor: u8,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) call_id: u32,
    /// Octets of the whole unit.
    pub(in crate::app::windows) len: usize,
    pub(super) auth_len: usize,
    is_big: bool,
    /// Octets behind the header, as far as they are there.
    pub(super) body: &'a [u8],
}

/// Reads the unit at the start; what it has not yet may be missing from its body.
pub(in crate::app::windows) fn read(octets: &[u8]) -> Option<Pdu<'_>> {
    let [version, minor, kind, flags, drep, float, 0, 0, lengths @ ..] = octets.first_chunk::<HEADER>()?
    else {
        return None;
    };
    let is_known = matches!(kind, 0 | 2 | 3 | 11..=19);
    if *version != 5 || *minor > 1 || !is_known || !matches!(drep, 0 | 0x10) || *float > 3 {
        return None;
    }
    let mut pdu = Pdu {
        minor: *minor,
        kind: *kind,
        flags: *flags,
        call_id: 0,
        len: 0,
        auth_len: 0,
        is_big: *drep == 0,
        body: &[],
    };
    pdu.len = usize::from(pdu.u16(lengths, 0)?);
    pdu.auth_len = usize::from(pdu.u16(lengths, 2)?);
    pdu.call_id = pdu.u32(lengths, 4)?;
    if pdu.len < HEADER.saturating_add(pdu.auth_len) {
        return None;
    }
    pdu.body = span(octets, HEADER, pdu.len.saturating_sub(HEADER))?;
    Some(pdu)
}

impl<'a> Pdu<'a> {
    /// Two octets in the sender's order.
    pub(super) fn u16(&self, octets: &[u8], at: usize) -> Option<u16> {
        let value: [u8; 2] = octets.get(at..)?.first_chunk().copied()?;
        Some(if self.is_big {
            u16::from_be_bytes(value)
        } else {
            u16::from_le_bytes(value)
        })
    }

    /// Four octets in the sender's order.
    pub(super) fn u32(&self, octets: &[u8], at: usize) -> Option<u32> {
        let value: [u8; 4] = octets.get(at..)?.first_chunk().copied()?;
        Some(if self.is_big {
            u32::from_be_bytes(value)
        } else {
            u32::from_le_bytes(value)
        })
    }

    /// A UUID, put into the order that [`crate::app::octets::uuid`] reads.
    pub(super) fn uuid(&self, octets: &[u8], at: usize) -> Option<[u8; 16]> {
        let value: [u8; 16] = octets.get(at..)?.first_chunk().copied()?;
        let [a, b, c, d, e, f, g, h, rest @ ..] = value;
        let [i, j, k, l, m, n, o, p] = rest;
        Some(if self.is_big {
            [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
        } else {
            value
        })
    }

    /// Whether it is the first of its call's fragments.
    pub(super) const fn is_first(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether it is the last.
    pub(super) const fn is_last(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Octets of a request or response's own data of `len` header octets, security trailer left out.
    pub(super) fn stub_len(&self, head: usize) -> usize {
        let trailer = if self.auth_len == 0 {
            0
        } else {
            self.auth_len.saturating_add(8)
        };
        self.len
            .saturating_sub(HEADER)
            .saturating_sub(head)
            .saturating_sub(trailer)
    }

    /// The security token, where the unit is there to its end.
    pub(super) fn token(&self) -> Option<&'a [u8]> {
        let at = self.body.len().checked_sub(self.auth_len)?;
        let is_whole = self.body.len() == self.len.saturating_sub(HEADER);
        (is_whole && self.auth_len > 0).then(|| self.body.get(at..))?
    }

    /// Kind and level of security.
    pub(super) fn security(&self) -> Option<(u8, u8)> {
        let token = self.token()?;
        let at = self.body.len().checked_sub(token.len().saturating_add(8))?;
        Some((octet(self.body, at)?, octet(self.body, at.saturating_add(1))?))
    }
}

/// Suricata's word for a packet type.
pub(super) const fn name(kind: u8) -> &'static str {
    match kind {
        REQUEST => "REQUEST",
        RESPONSE => "RESPONSE",
        FAULT => "FAULT",
        BIND => "BIND",
        BIND_ACK => "BINDACK",
        BIND_NAK => "BINDNAK",
        ALTER => "ALTER_CONTEXT",
        ALTER_RESPONSE => "ALTER_CONTEXT_RESP",
        AUTH3 => "AUTH3",
        17 => "SHUTDOWN",
        18 => "CO_CANCEL",
        19 => "ORPHANED",
        _ => "UNKNOWN",
    }
}
