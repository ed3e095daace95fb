//! Radiotap: what a wireless card knew of a frame.
//!
//! Source: <https://www.radiotap.org/>; LINKTYPE_IEEE802_11_RADIOTAP of the tcpdump group.

use sekisho_model::FrameBucket;

use super::next::Next;

/// Presence bit of the card's clock, which comes first and takes eight octets.
const CLOCK: u32 = 1;
/// Presence bit of the flags.
const FLAGS: u32 = 2;
/// Presence bit of another word of presence bits.
const MORE: u32 = 1 << 31;
/// Flag of a frame whose header is padded to four octets.
const PADDED: u8 = 0x20;

/// Reads version, length and the flags.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some(&[version, _, l0, l1]) = frame.first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let Some((header, rest)) = frame.split_at_checked(length) else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    if version != 0 || length < 8 {
        return Next::Other(FrameBucket::OtherEthertype, rest);
    }
    let is_padded = flags(header).is_some_and(|flags| flags & PADDED != 0);
    Next::Ieee80211(rest, is_padded)
}

/// The flags field, where it is present.
fn flags(header: &[u8]) -> Option<u8> {
    let mut words = header.get(4..)?.chunks_exact(4).zip(1_usize..);
    let present = |word: &[u8]| word.try_into().map_or(0, u32::from_le_bytes);
    let (first, _) = words.next()?;
    let first = present(first);
    let mut count = 1;
    let mut more = first & MORE != 0;
    while more {
        let (word, number) = words.next()?;
        (more, count) = (present(word) & MORE != 0, number);
    }
    // Every field is aligned to its own size from the beginning of the header.
    let mut at = count.saturating_mul(4).saturating_add(4);
    if first & CLOCK != 0 {
        at = at.next_multiple_of(8).saturating_add(8);
    }
    (first & FLAGS != 0).then(|| header.get(at).copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_found_after_the_clock() {
        // Two words of presence bits, the clock at 16, the flags at 24.
        let mut header = vec![0, 0, 26, 0, 0x03, 0, 0, 0x80, 0, 0, 0, 0];
        header.extend([0; 12]);
        header.extend([PADDED, 0]);

        assert_eq!(flags(&header), Some(PADDED));
        assert_eq!(read(&header), Next::Ieee80211(&[], true));
        header[4] = 0x02;
        assert_eq!(flags(&header), Some(0));
        header[4] = 0x01;
        assert_eq!(flags(&header), None);
    }

    #[test]
    fn presence_bits_without_end_are_no_flags() {
        assert_eq!(flags(&[0xff; 64]), None);
        assert_eq!(
            read(&[0, 0, 65, 0, 0, 0, 0, 0]),
            Next::Other(FrameBucket::LinkTruncated, &[0, 0, 65, 0, 0, 0, 0, 0])
        );
    }
}
