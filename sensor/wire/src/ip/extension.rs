//! IPv6 extension headers, in whatever order they come.
//!
//! RFC 8200 section 4.1 recommends an order and asks receivers to take any. A chain that is cut off
//! ends at the header that could not be read: its number is then the packet's protocol. What
//! follows the fragment header of a later fragment is the middle of something and is not read.
//! Sources: RFC 8200 section 4, RFC 6564 section 4, RFC 4302 section 2.2, RFC 6275 section 6.1,
//! RFC 7401 section 5.1, RFC 5533 section 5.1.

use sekisho_model::Protocol;

use super::Fragment;
use super::header::AUTHENTICATION;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const NO_NEXT: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// What a chain of extension headers leads to.
pub(super) struct Chain<'a> {
    /// The protocol after the last header.
    pub(super) protocol: Protocol,
    /// What the fragment header says, where the packet is not whole.
    pub(super) fragment: Option<Fragment>,
    /// Octets of all headers.
    pub(super) octets: usize,
    /// What follows them.
    pub(super) payload: &'a [u8],
}

/// Reads the chain that begins with header number `next`.
pub(super) fn read(next: u8, octets: &[u8]) -> Chain<'_> {
    let mut out = Chain {
        protocol: Protocol(next),
        fragment: None,
        octets: 0,
        payload: octets,
    };
    // Every header takes eight octets or more, so this ends with the packet.
    while let Some((next, length)) = step(out.protocol.0, out.payload) {
        if out.protocol.0 == FRAGMENT {
            out.fragment = fragment(out.payload);
        }
        out.protocol = Protocol(next);
        out.octets = out.octets.saturating_add(length);
        out.payload = out.payload.get(length..).unwrap_or_default();
        if out.fragment.is_some_and(|fragment| fragment.offset != 0) {
            break;
        }
    }
    out
}

/// The number after a header and the header's octets; nothing where this is no extension header
/// or is not there whole.
fn step(kind: u8, header: &[u8]) -> Option<(u8, usize)> {
    let &[next, length] = header.first_chunk()?;
    let octets = match kind {
        HOP_BY_HOP | ROUTING | DESTINATION => usize::from(length).saturating_add(1).saturating_mul(8),
        // They may stand before an upper layer and today end the packet, whose protocol they are.
        MOBILITY | HIP | SHIM6 if next != NO_NEXT => usize::from(length).saturating_add(1).saturating_mul(8),
        FRAGMENT => 8,
        AUTHENTICATION if length != 0 => usize::from(length).saturating_add(2).saturating_mul(4),
        _ => return None,
    };
    (octets <= header.len()).then_some((next, octets))
}

fn fragment(header: &[u8]) -> Option<Fragment> {
    let &[_, _, o0, o1, i0, i1, i2, i3] = header.first_chunk()?;
    let offset = u16::from_be_bytes([o0, o1]);
    Fragment::new(u32::from_be_bytes([i0, i1, i2, i3]), offset >> 3, offset & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hop-by-hop with padding, as RFC 8200 section 4.3 draws it.
    fn options(next: u8) -> [u8; 8] {
        [next, 0, 1, 4, 0, 0, 0, 0]
    }

    #[test]
    fn headers_are_read_in_any_order() {
        let authentication = [HOP_BY_HOP, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
            .into_iter()
            .chain([0xaa; 12])
            .collect::<Vec<u8>>();
        let routing = [SHIM6, 2, 4, 0, 0, 0, 0, 0]
            .into_iter()
            .chain([0xfe; 16])
            .collect::<Vec<u8>>();
        let chain = [
            &options(AUTHENTICATION)[..],
            &authentication,
            &options(ROUTING),
            &routing,
            &options(17),
            b"datagram",
        ]
        .concat();

        let read = read(DESTINATION, &chain);

        assert_eq!((read.protocol, read.payload), (Protocol::UDP, &b"datagram"[..]));
        assert_eq!(read.octets, 8 + 24 + 8 + 24 + 8);
    }

    #[test]
    fn nothing_is_read_after_the_header_of_a_later_fragment() {
        let mut chain = [DESTINATION, 0, 0x00, 0x09, 0, 0, 0, 7].to_vec();
        chain.extend(options(6));

        let later = read(FRAGMENT, &chain);
        assert_eq!((later.protocol, later.octets), (Protocol(DESTINATION), 8));
        assert_eq!(
            later.fragment,
            Some(Fragment {
                identification: 7,
                offset: 8,
                more: true
            })
        );

        chain[3] = 0x01;
        let first = read(FRAGMENT, &chain);
        assert_eq!((first.protocol, first.octets), (Protocol::TCP, 16));

        chain[3] = 0;
        assert_eq!(read(FRAGMENT, &chain).fragment, None);
    }

    #[test]
    fn a_chain_that_is_cut_off_ends_at_the_header_that_is_not_there() {
        let chain = [&options(ROUTING)[..], &[6, 2, 0, 0, 0, 0, 0, 0]].concat();

        let read = read(HOP_BY_HOP, &chain);

        assert_eq!((read.protocol, read.octets), (Protocol(ROUTING), 8));
    }

    #[test]
    fn a_mobility_header_at_the_end_is_the_protocol() {
        let binding_update = [NO_NEXT, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

        assert_eq!(read(MOBILITY, &binding_update).protocol, Protocol(MOBILITY));
    }
}
