//! The fields of an IPv4 or IPv6 header, extension headers included.
//!
//! Sources: RFC 791 section 3.1, RFC 8200 section 3, RFC 4302 section 2.

use std::net::IpAddr;

use etherparse::err::ipv4::HeaderSliceError as Ipv4Error;
use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6HeaderSlice};
use sekisho_model::{FrameBucket, Protocol};

use super::extension::{self, Chain};
use super::{Fragment, octets};

/// Protocol number of the authentication header.
pub(super) const AUTHENTICATION: u8 = 51;

/// What both versions say.
pub(super) struct Header<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// What the payload is.
    pub(super) protocol: Protocol,
    pub(super) fragment: Option<Fragment>,
    pub(super) identification: u16,
    pub(super) ttl: u8,
    /// Octets of the packet, where the header declares a length that can be: packets captured
    /// before the network card cut them into segments say 0.
    pub(super) declared: Option<u32>,
    /// Octets of the header with its extensions.
    pub(super) octets: u32,
    /// Captured octets after the header and its extensions, without what pads the frame.
    pub(super) payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the header of either version.
    pub(super) fn read(packet: &'a [u8]) -> Result<Self, FrameBucket> {
        match packet.first().ok_or(FrameBucket::IpTruncated)? >> 4 {
            4 => Self::read_v4(packet),
            6 => Self::read_v6(packet),
            _ => Err(FrameBucket::IpMalformed),
        }
    }

    fn read_v4(packet: &'a [u8]) -> Result<Self, FrameBucket> {
        let header = Ipv4HeaderSlice::from_slice(packet).map_err(|error| match error {
            Ipv4Error::Len(_) => FrameBucket::IpTruncated,
            Ipv4Error::Content(_) => FrameBucket::IpMalformed,
        })?;
        let length = header.slice().len();
        let declared = Some(header.total_len()).filter(|total| usize::from(*total) >= length);
        let mut out = Self {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            protocol: Protocol(header.protocol().0),
            fragment: Fragment::new(
                u32::from(header.identification()),
                header.fragments_offset().value(),
                header.more_fragments(),
            ),
            identification: header.identification(),
            ttl: header.ttl(),
            declared: declared.map(u32::from),
            octets: octets(length),
            payload: payload(packet, length, declared.map(usize::from)),
        };
        let starts_with_authentication =
            out.protocol.0 == AUTHENTICATION && out.fragment.is_none_or(|fragment| fragment.offset == 0);
        if starts_with_authentication && let Ok(header) = IpAuthHeaderSlice::from_slice(out.payload) {
            let length = header.slice().len();
            out.protocol = Protocol(header.next_header().0);
            out.octets = out.octets.saturating_add(octets(length));
            out.payload = out.payload.get(length..).unwrap_or_default();
        }
        Ok(out)
    }

    fn read_v6(packet: &'a [u8]) -> Result<Self, FrameBucket> {
        let header = Ipv6HeaderSlice::from_slice(packet).map_err(|_| FrameBucket::IpTruncated)?;
        let length = header.slice().len();
        // A length of zero is a jumbogram's (RFC 2675 section 3), or was not set yet.
        let declared = Some(usize::from(header.payload_length()))
            .filter(|declared| *declared != 0)
            .map(|declared| declared.saturating_add(length));
        let Chain {
            protocol,
            fragment,
            payload,
            octets: extensions,
        } = extension::read(header.next_header().0, payload(packet, length, declared));
        Ok(Self {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            protocol,
            fragment,
            identification: 0,
            ttl: header.hop_limit(),
            declared: declared.map(octets),
            octets: octets(length.saturating_add(extensions)),
            payload,
        })
    }
}

/// What follows the header, up to the declared end or to what was captured.
fn payload(packet: &[u8], header: usize, declared: Option<usize>) -> &[u8] {
    let end = declared.map_or(packet.len(), |declared| declared.min(packet.len()));
    packet.get(header..end).unwrap_or_default()
}
