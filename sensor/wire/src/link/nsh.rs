//! Network service headers: what a service chain puts before a packet.
//!
//! Source: RFC 8300 section 2.2 and 2.3.

use sekisho_model::FrameBucket;

use super::next::Next;

/// Reads a network service header of any metadata type.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some(&[version, length, _, protocol]) = frame.first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    // The length counts words of four octets, this one included; the service path takes one more.
    let length = usize::from(length & 0x3f);
    if version >> 6 != 0 || length < 2 {
        return Next::Other(FrameBucket::OtherEthertype, frame);
    }
    let Some(rest) = frame.get(length.saturating_mul(4)..) else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    match protocol {
        1 | 2 => Next::Ip(rest),
        3 => Next::Ethernet(rest),
        4 => Next::Nsh(rest),
        5 => Next::Mpls(rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    /// Base header of RFC 8300 figure 2: TTL 63, six words, metadata type 1; service path 0x11, index
    /// 0xff; four words of context.
    const HEADER: [u8; 8] = [0x0f, 0xc6, 0x01, 0x01, 0x00, 0x00, 0x11, 0xff];

    fn frame(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut header = HEADER;
        header[3] = protocol;
        [&[1; 12][..], &[0x89, 0x4f], &header, &[0; 16], payload].concat()
    }

    #[test]
    fn the_packet_of_a_service_chain_is_read() {
        assert_eq!(ip_of(&frame(1, &[0x45]), Linktype::ETHERNET), Ok(&[0x45][..]));
        let inner = [&[2; 12][..], &[0x86, 0xdd, 0x60]].concat();
        assert_eq!(ip_of(&frame(3, &inner), Linktype::ETHERNET), Ok(&[0x60][..]));
        assert_eq!(
            ip_of(&frame(1, &[])[..30], Linktype::ETHERNET),
            Err(FrameBucket::LinkTruncated)
        );
    }
}
