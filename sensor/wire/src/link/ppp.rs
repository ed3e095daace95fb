//! The Point-to-Point Protocol, with or without its address and control fields.
//!
//! Sources: RFC 1661 sections 2 and 6.5 (the protocol field in one octet), RFC 1662 section 3.1
//! (address and control), RFC 3518 section 4.2 (bridging), IANA "PPP Numbers".

use sekisho_model::FrameBucket;

use super::next::Next;

/// All stations, unnumbered information.
const ADDRESS_CONTROL: [u8; 2] = [0xff, 0x03];

/// Reads a PPP header.
pub(crate) fn read(frame: &[u8]) -> Next<'_> {
    let header = frame.strip_prefix(&ADDRESS_CONTROL).unwrap_or(frame);
    let (protocol, rest) = match *header {
        // The last octet of the field is odd and all others are even.
        [low, ref rest @ ..] if low & 1 != 0 => (u16::from(low), rest),
        [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
        _ => return Next::Other(FrameBucket::LinkTruncated, header),
    };
    match protocol {
        0x0021 | 0x0057 => Next::Ip(rest),
        0x0281 | 0x0283 => Next::Mpls(rest),
        0x0031 => bridged(rest),
        // Bridges' messages, network control, link control and authentication.
        0x0201..=0x0207 | 0x8000..=0xffff => Next::Other(FrameBucket::Control, rest),
        _ => Next::Other(FrameBucket::OtherEthertype, rest),
    }
}

fn bridged(frame: &[u8]) -> Next<'_> {
    match frame.split_first_chunk() {
        // Flags, and the type of the frame: 1 is Ethernet.
        Some((&[_, 1], rest)) => Next::Ethernet(rest),
        Some(_) => Next::Other(FrameBucket::OtherEthertype, frame),
        None => Next::Other(FrameBucket::LinkTruncated, frame),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    #[test]
    fn every_form_of_the_header_leads_to_ip() {
        // RFC 1661 and 1662 allow each of the two parts to be compressed.
        let forms: [&[u8]; 5] = [
            &[0xff, 0x03, 0x00, 0x21, 0x45],
            &[0xff, 0x03, 0x21, 0x45],
            &[0x00, 0x21, 0x45],
            &[0x21, 0x45],
            &[0x00, 0x57, 0x45],
        ];

        for form in forms {
            assert_eq!(ip_of(form, Linktype::PPP), Ok(&[0x45][..]), "{form:02x?}");
        }
    }

    #[test]
    fn what_is_not_ip_is_counted_by_kind() {
        let bucket = |frame: &[u8]| ip_of(frame, Linktype::PPP).map(<[u8]>::len);

        assert_eq!(bucket(&[0xc0, 0x21, 1, 1]), Err(FrameBucket::Control));
        assert_eq!(bucket(&[0x80, 0x21, 1, 1]), Err(FrameBucket::Control));
        assert_eq!(bucket(&[0x00, 0xfd, 1]), Err(FrameBucket::OtherEthertype));
        assert_eq!(bucket(&[0xff, 0x03]), Err(FrameBucket::LinkTruncated));
        assert_eq!(bucket(&[]), Err(FrameBucket::LinkTruncated));
    }

    #[test]
    fn bridged_ethernet_is_read() {
        let frame = [&[0x00, 0x31, 0x00, 0x01][..], &[2; 12], &[0x08, 0x00, 0x45]].concat();

        assert_eq!(ip_of(&frame, Linktype::PPP), Ok(&[0x45][..]));
    }
}
