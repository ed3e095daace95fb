//! Ethernet: two addresses and an EtherType or a length.
//!
//! Source: IEEE 802.3 section 3.2.

use sekisho_model::{FrameBucket, MacAddress};

use super::next::Next;
use super::{Link, ethertype};

/// Reads an Ethernet header; its addresses replace those of a header around it.
pub(super) fn read<'a>(frame: &'a [u8], link: &mut Link) -> Next<'a> {
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1], rest)) = frame.split_first_chunk()
    else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    *link = Link {
        source: Some(MacAddress([s0, s1, s2, s3, s4, s5])),
        destination: Some(MacAddress([d0, d1, d2, d3, d4, d5])),
        ..Link::default()
    };
    Next::Ethertype(u16::from_be_bytes([t0, t1]), rest)
}

/// Whether octets look like an Ethernet frame, where nothing else says that they are one.
pub(super) fn is_plausible(frame: &[u8]) -> bool {
    match frame.split_first_chunk::<14>() {
        Some((&[.., t0, t1], rest)) => ethertype::is_plausible(u16::from_be_bytes([t0, t1]), rest),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{decode, ip_of};
    use super::*;

    #[test]
    fn the_receiver_comes_first() {
        let mut frame = [1, 2, 3, 4, 5, 6, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf].to_vec();
        frame.extend([0x86, 0xdd, 0x60]);

        let (link, _) = decode(&frame, Linktype::ETHERNET);

        assert_eq!(link.destination, Some(MacAddress([1, 2, 3, 4, 5, 6])));
        assert_eq!(link.source, Some(MacAddress([0xa, 0xb, 0xc, 0xd, 0xe, 0xf])));
        assert_eq!(link.header_octets, 14);
    }

    #[test]
    fn a_header_that_is_cut_off_is_counted_as_such() {
        assert_eq!(
            ip_of(&[0; 13], Linktype::ETHERNET),
            Err(FrameBucket::LinkTruncated)
        );
        assert_eq!(ip_of(&[0; 60], Linktype(147)), Err(FrameBucket::LinktypeUnknown));
    }
}
