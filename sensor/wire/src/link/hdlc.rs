//! Cisco HDLC on serial lines, and PPP in its place.
//!
//! Sources: LINKTYPE_C_HDLC and LINKTYPE_PPP_HDLC of the tcpdump group; RFC 1547 section 4.3.1;
//! Cisco's protocol numbers as Wireshark reads them.

use sekisho_model::FrameBucket;

use super::next::Next;
use super::{LocalFrame, LocalKind};

/// Address of one station and of all.
const UNICAST: u8 = 0x0f;
const BROADCAST: u8 = 0x8f;
/// Cisco's protocol that finds addresses and keeps the line alive; elsewhere RARP's number.
const SLARP: u16 = 0x8035;
const CDP: u16 = 0x2000;

/// Reads address, control and an EtherType.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some((&[_, _, p0, p1], rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    match u16::from_be_bytes([p0, p1]) {
        CDP => Next::Local(LocalFrame {
            kind: LocalKind::Cdp,
            octets: rest,
        }),
        SLARP => Next::Other(FrameBucket::Control, rest),
        protocol @ 0x0600.. => Next::Ethertype(protocol, rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

/// Reads a frame of a serial line; its first octet tells PPP from Cisco HDLC.
pub(super) fn read_serial(frame: &[u8]) -> Next<'_> {
    match frame.first() {
        Some(&(UNICAST | BROADCAST)) => read(frame),
        _ => Next::Ppp(frame),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    const PACKET: [u8; 5] = [UNICAST, 0x00, 0x08, 0x00, 0x45];
    const KEEPALIVE: [u8; 8] = [BROADCAST, 0x00, 0x80, 0x35, 0, 0, 0, 2];

    #[test]
    fn cisco_frames_lead_to_ip_or_control() {
        for linktype in [Linktype::C_HDLC, Linktype::PPP_HDLC] {
            assert_eq!(ip_of(&PACKET, linktype), Ok(&[0x45][..]));
            assert_eq!(ip_of(&KEEPALIVE, linktype), Err(FrameBucket::Control));
        }
        assert_eq!(
            ip_of(&PACKET[..3], Linktype::C_HDLC),
            Err(FrameBucket::LinkTruncated)
        );
    }

    #[test]
    fn a_serial_line_may_speak_ppp() {
        let frame = [0xff, 0x03, 0x00, 0x57, 0x60];

        assert_eq!(ip_of(&frame, Linktype::PPP_HDLC), Ok(&[0x60][..]));
    }
}
