//! One captured frame, from its first octet to its transport payload.

use sekisho_model::{FrameBucket, Linktype};

use crate::ip::{self, IpPacket};
use crate::link::{self, Link, Network};

/// A decoded frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The one bucket it ends in.
    pub bucket: FrameBucket,
    /// Addresses and tags below the network layer.
    pub link: Link,
    /// The IP packet in it, where there is one.
    pub ip: Option<IpPacket<'a>>,
}

/// Decodes one frame. `len` is its length on the wire, which may be more than was captured.
///
/// Never fails: what cannot be read is said by the bucket, and what was read until then is kept.
#[must_use]
pub fn decode(frame: &[u8], linktype: Linktype, len: u32) -> Frame<'_> {
    let (link, network) = link::decode(frame, linktype);
    let packet = match network {
        Network::Other(bucket) => {
            return Frame {
                bucket,
                link,
                ip: None,
            };
        }
        Network::Ip(packet) => packet,
    };
    let header_octets = u32::try_from(link.header_octets).unwrap_or(u32::MAX);
    match ip::decode(packet, len.saturating_sub(header_octets)) {
        Ok((bucket, ip)) => Frame {
            bucket,
            link,
            ip: Some(ip),
        },
        Err(bucket) => Frame {
            bucket,
            link,
            ip: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_frame_of_every_link_type_ends_in_a_bucket(frame: Vec<u8>, linktype in 0_u16..300, len: u32) {
            let decoded = decode(&frame, Linktype(linktype), len);

            proptest::prop_assert_eq!(decoded.ip.is_some(), matches!(
                decoded.bucket,
                FrameBucket::Tcp
                    | FrameBucket::Udp
                    | FrameBucket::Icmp
                    | FrameBucket::Icmpv6
                    | FrameBucket::OtherIp
                    | FrameBucket::Fragment
                    | FrameBucket::TransportDamaged
            ));
        }
    }
}
