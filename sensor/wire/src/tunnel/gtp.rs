//! GTP-U: what the users of a mobile network send and receive.
//!
//! Source: 3GPP TS 29.281 sections 5.1, 5.2.1 and 6.1 (version 1).

use super::{Opened, Tunnel};
use crate::link::next::Next;

/// Version 1, protocol type GTP and not GTP', reserved bit 0.
const VERSION: u8 = 0x30;
const VERSION_MASK: u8 = 0xf8;
/// Extension header, sequence number, N-PDU number: any of them brings all three fields.
const OPTIONAL: u8 = 0x07;
const EXTENSION: u8 = 0x04;
/// Message that carries a user's packet.
const G_PDU: u8 = 255;

/// The user's packet.
pub(super) fn open(payload: &[u8]) -> Option<Opened<'_>> {
    // Flags, message, length, tunnel endpoint.
    let (&[flags, message, _, _, _, _, _, _], mut rest) = payload.split_first_chunk()?;
    if flags & VERSION_MASK != VERSION || message != G_PDU {
        return None;
    }
    if flags & OPTIONAL != 0 {
        let (&[_, _, _, next], after) = rest.split_first_chunk()?;
        rest = if flags & EXTENSION == 0 {
            after
        } else {
            extensions(next, after)?
        };
    }
    // Bare IP; the session knows if it is something else.
    matches!(rest.first()? >> 4, 4 | 6).then(|| Opened::new(Tunnel::GtpU, Next::Ip(rest)))
}

/// What follows the last extension header. Every header takes four octets or more, so this ends with
/// the packet.
fn extensions(mut kind: u8, mut rest: &[u8]) -> Option<&[u8]> {
    while kind != 0 {
        // Words of four octets; the last octet is the kind of the next one.
        let length = usize::from(*rest.first()?).saturating_mul(4);
        let (header, after) = rest.split_at_checked(length)?;
        (kind, rest) = (*header.last()?, after);
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use crate::tunnel::test::{IPV4_UDP, IPV6_UDP, names, udp};

    use super::*;

    /// From a real capture; the length is not looked at.
    const HEADER: [u8; 8] = [0x30, 0xff, 0x00, 0x34, 0x8c, 0x61, 0xbe, 0x36];

    fn gtp(header: &[u8], inner: &[u8]) -> Vec<Tunnel> {
        names(&udp(2152, &[header, inner].concat()))
    }

    fn with_flags(flags: u8, more: &[u8]) -> Vec<u8> {
        let mut header = HEADER.to_vec();
        header[0] |= flags;
        header.extend(more);
        header
    }

    #[test]
    fn user_packets_are_read() {
        assert_eq!(gtp(&HEADER, &IPV4_UDP), [Tunnel::GtpU]);
        assert_eq!(gtp(&HEADER, &IPV6_UDP), [Tunnel::GtpU]);
        assert_eq!(gtp(&with_flags(0x02, &[0, 1, 0, 0]), &IPV4_UDP), [Tunnel::GtpU]);
    }

    #[test]
    fn extension_headers_are_passed_over() {
        // PDU session container of a 5G network, alone and after another one.
        let container = [0, 0, 0, 0x85, 1, 0x10, 0x09, 0];
        let two = [0, 0, 0, 0xc0, 1, 0, 0, 0x85, 2, 0, 0, 0, 0, 0, 0, 0];
        let many = [&[0, 0, 0, 0x85][..], &[1, 0, 0, 0x85].repeat(19), &[1, 0, 0, 0]].concat();

        assert_eq!(gtp(&with_flags(EXTENSION, &container), &IPV4_UDP), [Tunnel::GtpU]);
        assert_eq!(gtp(&with_flags(EXTENSION, &two), &IPV4_UDP), [Tunnel::GtpU]);
        assert_eq!(gtp(&with_flags(EXTENSION, &many), &IPV4_UDP), [Tunnel::GtpU]);
    }

    #[test]
    fn other_messages_and_endless_extensions_stay_closed() {
        let mut echo = HEADER;
        echo[1] = 1;
        assert_eq!(gtp(&echo, &IPV4_UDP), []);

        let endless = [&[0, 0, 0, 0x85][..], &[1, 0, 0, 0x85].repeat(20)].concat();
        assert_eq!(gtp(&with_flags(EXTENSION, &endless), &IPV4_UDP), []);
        let no_length = [0, 0, 0, 0x85, 0, 0, 0, 0];
        assert_eq!(gtp(&with_flags(EXTENSION, &no_length), &IPV4_UDP), []);
    }
}
