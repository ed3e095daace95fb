//! PPP over Ethernet, the session stage.
//!
//! Source: RFC 2516 sections 4 and 6.

use sekisho_model::FrameBucket;

use super::next::Next;

/// Reads a session header; the discovery stage has its own EtherType and is control.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    // Version and type, code, session, length.
    let Some((&[version, code, _, _, _, _], rest)) = frame.split_first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    match (version, code) {
        (0x11, 0) => Next::Ppp(rest),
        // The discovery stage, where a capture has no EtherType to tell.
        (0x11, _) => Next::Other(FrameBucket::Control, rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode, ip_of};
    use super::*;

    /// From a real capture: session 0x11, a multicast listener report over IPv6.
    const SESSION: [u8; 24] = [
        0xcc, 0x05, 0x0e, 0x88, 0x00, 0x00, 0xca, 0x01, 0x0e, 0x88, 0x00, 0x06, 0x88, 0x64, 0x11, 0x00, 0x00,
        0x11, 0x00, 0x4e, 0x00, 0x57, 0x6e, 0x00,
    ];

    #[test]
    fn a_session_leads_to_ip() {
        let (link, network) = decode(&SESSION, Linktype::ETHERNET);

        assert!(matches!(network, Network::Ip([0x6e, 0x00])));
        assert_eq!(link.header_octets, 22);
        assert_eq!(ip_of(&SESSION[14..], Linktype::PPP_ETHER), Ok(&[0x6e, 0x00][..]));
    }

    #[test]
    fn discovery_is_control() {
        let offer = [0x11, 0x07, 0, 0, 0, 0x28, 1, 1, 0, 0];

        assert_eq!(ip_of(&offer, Linktype::PPP_ETHER), Err(FrameBucket::Control));
    }
}
