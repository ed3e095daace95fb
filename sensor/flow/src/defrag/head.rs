//! The IP header of a fragment, and the same header without fragmentation.
//!
//! Sources: RFC 791 section 3.1, RFC 8200 sections 4 and 4.5.

use sekisho_model::Protocol;

use super::FragmentIn;

const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;

/// Where the IP header of a fragment lies in its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Where it begins.
    start: usize,
    /// Where the part of it ends that the whole datagram has as well.
    end: usize,
    /// IPv6: where the field is that names the fragment header, and what this names in its place.
    next_header: Option<(usize, u8)>,
}

impl Head {
    /// Reads the header; nothing where it is not what the fragment says of it.
    pub(super) fn read(fragment: &FragmentIn<'_>) -> Option<Self> {
        let version = fragment.frame.get(fragment.ip_start)? >> 4;
        match (version, fragment.source.is_ipv6(), fragment.destination.is_ipv6()) {
            (4, false, false) => Self::read_v4(fragment),
            (6, true, true) => Self::read_v6(fragment),
            _ => None,
        }
    }

    fn read_v4(fragment: &FragmentIn<'_>) -> Option<Self> {
        let words = usize::from(fragment.frame.get(fragment.ip_start)? & 0xf);
        let end = fragment.ip_start.checked_add(words.checked_mul(4)?)?;
        (words >= 5 && end == fragment.payload_start).then_some(Self {
            start: fragment.ip_start,
            end,
            next_header: None,
        })
    }

    fn read_v6(fragment: &FragmentIn<'_>) -> Option<Self> {
        let end = fragment.payload_start.checked_sub(8)?;
        let mut field = fragment.ip_start.checked_add(6)?;
        let mut at = fragment.ip_start.checked_add(40)?;
        while at < end {
            let octets = extension_octets(*fragment.frame.get(field)?, fragment.frame.get(at..)?)?;
            field = at;
            at = at.checked_add(octets)?;
        }
        if at != end || *fragment.frame.get(field)? != FRAGMENT {
            return None;
        }
        Some(Self {
            start: fragment.ip_start,
            end,
            next_header: Some((field, *fragment.frame.get(end)?)),
        })
    }

    /// Octets of it that the length field of a whole datagram counts.
    pub(super) fn counted(&self) -> u32 {
        let octets = self.end.saturating_sub(self.start);
        let fixed = if self.next_header.is_some() { 40 } else { 0 };
        u32::try_from(octets.saturating_sub(fixed)).unwrap_or(u32::MAX)
    }

    /// IPv6: what the data begins with.
    pub(super) fn next_header(&self) -> Option<Protocol> {
        self.next_header.map(|(_, next)| Protocol(next))
    }

    /// Copies everything up to the data from `frame`, as a datagram with `payload` octets of data has
    /// it; nothing where the length field cannot express it.
    pub(super) fn unfragmented(&self, frame: &[u8], payload: u32) -> Option<Vec<u8>> {
        let length = u16::try_from(payload.checked_add(self.counted())?).ok()?;
        let room = self.end.checked_add(usize::try_from(payload).ok()?)?;
        let mut out = Vec::with_capacity(room);
        out.extend_from_slice(frame.get(..self.end)?);
        let header = out.get_mut(self.start..)?;
        if self.next_header.is_some() {
            header.get_mut(4..6)?.copy_from_slice(&length.to_be_bytes());
        } else {
            header.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
            header.get_mut(6..8)?.fill(0);
            header.get_mut(10..12)?.fill(0);
            let sum = checksum(header);
            header.get_mut(10..12)?.copy_from_slice(&sum.to_be_bytes());
        }
        if let Some((field, next)) = self.next_header {
            *out.get_mut(field)? = next;
        }
        Some(out)
    }
}

/// Whether `data` of a first fragment holds the header of its transport protocol whole.
pub(super) fn is_transport_header_whole(protocol: Protocol, data: &[u8]) -> bool {
    let (mut protocol, mut data) = (protocol, data);
    loop {
        let needed = match protocol {
            Protocol::TCP => 20,
            Protocol::SCTP => 12,
            Protocol::UDP | Protocol::ICMP | Protocol::ICMPV6 => 8,
            _ => match extension_octets(protocol.0, data) {
                Some(octets) => {
                    let (Some(next), Some(rest)) = (data.first(), data.get(octets..)) else {
                        return false;
                    };
                    (protocol, data) = (Protocol(*next), rest);
                    continue;
                }
                // Cut within the header, or a protocol of which nothing is asked.
                None => return !is_extension(protocol.0),
            },
        };
        return data.len() >= needed;
    }
}

const fn is_extension(number: u8) -> bool {
    // Hop-by-hop, routing, destination options, mobility, HIP, Shim6.
    matches!(number, 0 | 43 | 60 | 135 | 139 | 140) || number == AUTHENTICATION
}

/// Octets of the extension header `number` that begins `header`, at least eight.
fn extension_octets(number: u8, header: &[u8]) -> Option<usize> {
    if !is_extension(number) {
        return None;
    }
    let units = usize::from(*header.get(1)?);
    let unit: usize = if number == AUTHENTICATION { 4 } else { 8 };
    units.checked_mul(unit)?.checked_add(8)
}

/// The Internet checksum (RFC 1071) of a header whose checksum field is zero.
fn checksum(header: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for word in header.chunks_exact(2) {
        if let [high, low] = *word {
            sum = sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_a_known_header() {
        // Its words without the sum add up to 0x479e with the carry; 0xb861 is the complement.
        let mut header = [
            0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01,
            0xc0, 0xa8, 0x00, 0xc7,
        ];
        assert_eq!(checksum(&header), 0);

        header[10..12].fill(0);
        assert_eq!(checksum(&header), 0xb861);
    }

    #[test]
    fn a_tiny_first_fragment_is_one_without_its_whole_transport_header() {
        assert!(is_transport_header_whole(Protocol::TCP, &[0; 20]));
        assert!(!is_transport_header_whole(Protocol::TCP, &[0; 16]));
        assert!(is_transport_header_whole(Protocol::UDP, &[0; 8]));
        assert!(is_transport_header_whole(Protocol(47), &[0; 8]));

        // Destination options of eight octets, then TCP.
        let mut chain = vec![0; 28];
        chain[0] = 6;
        assert!(is_transport_header_whole(Protocol(60), &chain));
        assert!(!is_transport_header_whole(Protocol(60), &chain[..24]));
        assert!(!is_transport_header_whole(
            Protocol(60),
            &[6, 3, 0, 0, 0, 0, 0, 0]
        ));
        assert!(!is_transport_header_whole(Protocol(60), &[]));
    }
}
