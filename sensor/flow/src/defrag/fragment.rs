//! One fragment as it lies in its frame, and what can be said of it without the others.

use std::net::IpAddr;

use sekisho_model::{Linktype, Protocol, Timestamp};

use super::head::{self, Head};
use super::{Anomalies, Anomaly, Refusal};
use crate::observation::Carried;

/// Octets that the length field of an IP header can express.
const LARGEST: u32 = 65_535;

/// One IP fragment of a frame: where its IP header and its data lie in the frame.
///
/// What lies before the IP header is kept as it is. An outer IP packet there would contradict the
/// length of the whole datagram, so of a fragment inside a tunnel only the packet is given, and what
/// else is known of it as its [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentIn<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// The protocol field of an IPv4 header; not looked at for IPv6.
    pub protocol: u8,
    /// Identification, 16 bits for IPv4 and 32 for IPv6.
    pub identification: u32,
    /// Where its data begins in the data of the datagram, in octets.
    pub offset: u32,
    /// Whether more fragments follow.
    pub more: bool,
    /// Captured octets of the frame.
    pub frame: &'a [u8],
    /// Where the IP header begins in it.
    pub ip_start: usize,
    /// Where the data begins in it: after the IPv4 header, after the outermost IPv6 fragment header.
    pub payload_start: usize,
    /// Octets of data as the header declares them.
    pub payload_octets: u32,
    /// Octets that the frame had on the wire.
    pub len: u32,
    /// What the first octets of the frame are.
    pub linktype: Linktype,
    /// When it was captured.
    pub time: Timestamp,
}

/// Where a fragment comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Frames on the wire that it stands for: more than one where what carries it was put together
    /// itself.
    pub frames: u32,
    /// The tunnel that carries it. Only fragments from the same end of a tunnel to the same other end
    /// are parts of one datagram; its ports may differ, which some choose by what they carry.
    pub carried: Option<Box<Carried>>,
}

impl Default for Origin {
    /// A frame's own packet.
    fn default() -> Self {
        Self {
            frames: 1,
            carried: None,
        }
    }
}

/// A fragment that may be part of a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Where its data begins in the datagram.
    pub(super) start: u32,
    /// Where its data ends in the datagram.
    pub(super) end: u32,
    /// Whether it is the last.
    pub(super) is_last: bool,
    /// The data from `start` to `end`.
    pub(super) data: &'a [u8],
    /// The IP header before the data.
    pub(super) head: Head,
    /// What is wrong with it alone.
    pub(super) anomalies: Anomalies,
}

impl<'a> FragmentIn<'a> {
    /// Whether this is IPv6.
    pub(super) const fn is_v6(&self) -> bool {
        self.source.is_ipv6()
    }

    /// Looks at the fragment alone.
    pub(super) fn piece(&self) -> Result<Piece<'a>, Refusal> {
        if self.offset == 0 && !self.more {
            return Err(Refusal::Whole);
        }
        let mut octets = self.payload_octets;
        let Some(mut data) = range(self.frame, self.payload_start, octets) else {
            let captured = u32::try_from(self.frame.len()).unwrap_or(u32::MAX);
            return Err(if captured < self.len {
                Refusal::CutOff
            } else {
                Refusal::Malformed
            });
        };
        let head = Head::read(self).ok_or(Refusal::Malformed)?;
        let mut anomalies = Anomalies::default();
        let excess = octets & 7;
        if self.more && excess != 0 {
            if self.is_v6() {
                return Err(Refusal::Anomaly(Anomaly::Misaligned));
            }
            octets = octets.saturating_sub(excess);
            data = range(data, 0, octets).unwrap_or_default();
            anomalies.insert(Anomaly::Misaligned);
        }
        if octets == 0 {
            return Err(Refusal::Anomaly(Anomaly::Empty));
        }
        let end = self.offset.saturating_add(octets);
        if end.saturating_add(head.counted()) > LARGEST {
            return Err(Refusal::Anomaly(Anomaly::TooLong));
        }
        if self.offset == 0 {
            let protocol = head.next_header().unwrap_or(Protocol(self.protocol));
            if !head::is_transport_header_whole(protocol, data) {
                anomalies.insert(Anomaly::TinyFirst);
            }
        }
        Ok(Piece {
            start: self.offset,
            end,
            is_last: !self.more,
            data,
            head,
            anomalies,
        })
    }
}

/// `octets` octets of `of` from `start` on, where they are there.
pub(super) fn range(of: &[u8], start: usize, octets: u32) -> Option<&[u8]> {
    of.get(start..)?.get(..usize::try_from(octets).ok()?)
}
