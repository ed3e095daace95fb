//! Wireless frames: data frames lead to LLC; management and control are counted as control.
//!
//! A protected frame cannot be read and a later fragment has no header; both count as not IP. Of an
//! aggregate of several packets the first one is read.
//! Source: IEEE 802.11-2020 section 9.2.4 and 9.3.2.

use sekisho_model::{FrameBucket, MacAddress};

use super::Link;
use super::next::Next;

/// Type of a frame: data, in the bits where the first octet has it.
const DATA: u8 = 2 << 2;
/// Subtype bits: no body, and quality of service.
const NULL: u8 = 0x40;
const QOS: u8 = 0x80;
/// Flags in the second octet.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const PROTECTED: u8 = 0x40;
const HT_CONTROL: u8 = 0x80;
/// Bit of the quality of service field: the body is an aggregate.
const AGGREGATE: u8 = 0x80;

/// Reads a header; `padded` says that the card filled it up to a multiple of four octets.
pub(super) fn read<'a>(frame: &'a [u8], padded: bool, link: &mut Link) -> Next<'a> {
    let Some((header, mut rest)) = frame.split_first_chunk::<24>() else {
        let bucket = match frame.first() {
            // Acknowledgements and the like are shorter than a data frame's header.
            Some(first) if first & 0x0c != DATA => FrameBucket::Control,
            _ => FrameBucket::LinkTruncated,
        };
        return Next::Other(bucket, frame);
    };
    let (kind, flags) = (header[0], header[1]);
    if kind & 0x0c != DATA {
        return Next::Other(FrameBucket::Control, rest);
    }
    let [first, second, third] = [4, 10, 16].map(|at| mac(header.get(at..)));
    let mut fourth = None;
    let mut length = 24_usize;
    if flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS {
        fourth = mac(Some(rest));
        (rest, length) = (rest.get(6..).unwrap_or_default(), 30);
    }
    (link.destination, link.source) = match (flags & TO_DS != 0, flags & FROM_DS != 0) {
        (false, false) => (first, second),
        (false, true) => (first, third),
        (true, false) => (third, second),
        (true, true) => (third, fourth),
    };
    let mut aggregate = false;
    if kind & QOS != 0 {
        aggregate = rest.first().is_some_and(|octet| octet & AGGREGATE != 0);
        // The HT control field only follows in frames with quality of service.
        let octets = if flags & HT_CONTROL == 0 { 2 } else { 6 };
        rest = rest.get(octets..).unwrap_or_default();
        length = length.saturating_add(octets);
    }
    if padded {
        let octets = length.next_multiple_of(4).saturating_sub(length);
        rest = rest.get(octets..).unwrap_or_default();
    }
    let later_fragment = header[22] & 0x0f != 0;
    if kind & NULL != 0 {
        Next::Other(FrameBucket::Control, rest)
    } else if flags & PROTECTED != 0 || later_fragment {
        Next::Other(FrameBucket::OtherEthertype, rest)
    } else if aggregate {
        // Receiver, sender, length.
        (link.destination, link.source) = (mac(Some(rest)), mac(rest.get(6..)));
        Next::Llc(rest.get(14..).unwrap_or_default())
    } else {
        Next::Llc(rest)
    }
}

fn mac(octets: Option<&[u8]>) -> Option<MacAddress> {
    octets?.first_chunk::<6>().map(|octets| MacAddress(*octets))
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::{Network, decode, ip_of};
    use super::*;

    const LLC: [u8; 9] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00, 0x45];

    /// The first 24 octets of a header with addresses 1, 2 and 3.
    fn header(kind: u8, flags: u8) -> Vec<u8> {
        let mut out = vec![kind, flags, 0x2c, 0x00];
        for address in 1..=3 {
            out.extend([address; 6]);
        }
        out.extend([0x10, 0x00]);
        out
    }

    fn read_frame(parts: &[&[u8]]) -> (Option<u8>, Option<u8>, bool) {
        let frame = parts.concat();
        let (link, network) = decode(&frame, Linktype::IEEE802_11);
        let first = |mac: Option<MacAddress>| mac.map(|mac| mac.0[0]);
        let is_ip = matches!(network, Network::Ip([0x45]));
        (first(link.source), first(link.destination), is_ip)
    }

    #[test]
    fn addresses_depend_on_the_direction() {
        assert_eq!(read_frame(&[&header(0x08, 0), &LLC]), (Some(2), Some(1), true));
        assert_eq!(
            read_frame(&[&header(0x08, TO_DS), &LLC]),
            (Some(2), Some(3), true)
        );
        assert_eq!(
            read_frame(&[&header(0x08, FROM_DS), &LLC]),
            (Some(3), Some(1), true)
        );
        assert_eq!(
            read_frame(&[&header(0x08, TO_DS | FROM_DS), &[4; 6], &LLC]),
            (Some(4), Some(3), true)
        );
    }

    #[test]
    fn quality_of_service_and_aggregates_are_passed_over() {
        assert_eq!(
            read_frame(&[&header(0x88, FROM_DS), &[0, 0], &LLC]),
            (Some(3), Some(1), true)
        );
        assert_eq!(
            read_frame(&[&header(0x88, FROM_DS | HT_CONTROL), &[0; 6], &LLC]),
            (Some(3), Some(1), true)
        );
        assert_eq!(
            read_frame(&[
                &header(0x88, FROM_DS),
                &[AGGREGATE, 0],
                &[8; 6],
                &[9; 6],
                &[0, 9],
                &LLC
            ]),
            (Some(9), Some(8), true)
        );
    }

    #[test]
    fn a_padded_header_is_read_behind_radiotap() {
        let radiotap = [0, 0, 9, 0, 2, 0, 0, 0, 0x20];
        let frame = [&radiotap[..], &header(0x88, 0), &[0, 0], &[0, 0], &LLC].concat();

        assert_eq!(ip_of(&frame, Linktype::IEEE802_11_RADIOTAP), Ok(&[0x45][..]));
        let information = [&[0, 0, 8, 0, 105, 0, 0, 0][..], &header(0x08, 0), &LLC].concat();
        assert_eq!(ip_of(&information, Linktype::PPI), Ok(&[0x45][..]));
    }

    #[test]
    fn what_cannot_be_read_is_counted_by_kind() {
        let bucket = |kind, flags| {
            let frame = [&header(kind, flags)[..], &LLC].concat();
            ip_of(&frame, Linktype::IEEE802_11).map(<[u8]>::len)
        };

        assert_eq!(bucket(0x80, 0), Err(FrameBucket::Control)); // Beacon.
        assert_eq!(bucket(0x48, 0), Err(FrameBucket::Control)); // No data.
        assert_eq!(bucket(0x08, PROTECTED), Err(FrameBucket::OtherEthertype));
        assert_eq!(
            ip_of(&[0xd4, 0, 0, 0, 1, 1, 1, 1, 1, 1], Linktype::IEEE802_11),
            Err(FrameBucket::Control) // Acknowledgement.
        );
        assert_eq!(
            ip_of(&header(0x08, 0)[..20], Linktype::IEEE802_11),
            Err(FrameBucket::LinkTruncated)
        );
    }
}
