//! BSD loopback: an address family in four octets.
//!
//! Sources: LINKTYPE_NULL and LINKTYPE_LOOP of the tcpdump group.

use sekisho_model::FrameBucket;

use super::next::Next;

/// Whether a number is an address family of IP: AF_INET is 2 everywhere, AF_INET6 is 10 on Linux
/// and 24, 28 or 30 on the BSDs.
pub(super) const fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

/// Reads a family in either byte order.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some((&word, rest)) = frame.split_first_chunk::<4>() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    // The byte order is the capturing machine's, which a file does not tell: families are small
    // numbers, so whichever reading is small is right.
    let family = u32::from_be_bytes(word).min(u32::from_le_bytes(word));
    // Some systems put an EtherType in the last two octets.
    let [_, _, t0, t1] = word;
    match family {
        family if is_ip(family) => Next::Ip(rest),
        0..=255 => Next::Other(FrameBucket::OtherEthertype, rest),
        _ => Next::Ethertype(u16::from_be_bytes([t0, t1]), rest),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    #[test]
    fn families_are_read_in_either_byte_order() {
        for family in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 10]] {
            assert_eq!(ip_of(&family, Linktype::NULL), Ok(&[][..]));
        }
        assert_eq!(
            ip_of(&[7, 0, 0, 0], Linktype::NULL),
            Err(FrameBucket::OtherEthertype)
        );
        assert_eq!(ip_of(&[2, 0, 0], Linktype::LOOP), Err(FrameBucket::LinkTruncated));
    }
}
