//! One IP packet on its way into the table.

use std::net::IpAddr;

use sekisho_model::Timestamp;
use sekisho_wire::link::Link;
use sekisho_wire::tunnel::Tunnel;
use sekisho_wire::{Frame, IpPacket, Layer};

use crate::key::FlowKey;

/// What is known of a packet in a tunnel besides its own octets, for one that is taken out of its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The tunnel.
    pub tunnel: Tunnel,
    /// The flow that the tunnel is.
    pub flow: FlowKey,
    /// The two ends of the tunnel: from, to.
    pub ends: (IpAddr, IpAddr),
    /// The link header right below the packet.
    pub link: Link,
}

impl Carried {
    /// Of layer `index` of a frame; nothing for the outermost.
    #[must_use]
    pub fn of(frame: &Frame<'_>, index: usize) -> Option<Self> {
        let outer = &frame.layers.get(index.checked_sub(1)?)?.ip;
        let layer = frame.layers.get(index)?;
        Some(Self {
            tunnel: layer.carried_by?,
            flow: FlowKey::of(outer).0,
            ends: (outer.source, outer.destination),
            link: layer.link,
        })
    }

    /// Says it of the outermost layer of a frame that was read from the packet alone.
    pub fn note_on(&self, frame: &mut Frame<'_>) {
        if let Some(layer) = frame.layers.first_mut() {
            layer.link = self.link;
            layer.carried_by = Some(self.tunnel);
        }
    }
}

/// One layer of a decoded frame, with what the decoder does not know.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    layer: &'a Layer<'a>,
    outer: Option<&'a Layer<'a>>,
    /// The flow that the tunnel is, of a packet that was taken out of its frame.
    carrier: Option<&'a FlowKey>,
    /// The tunnel that the packet is.
    carries: Option<Tunnel>,
    /// Packet time.
    pub at: Timestamp,
    /// Number of the packet in the input, from 0.
    pub ordinal: u64,
    /// Frames on the wire that the packet stands for: more than one where it was put together from
    /// fragments.
    pub frames: u32,
    /// Octets that those frames had on the wire.
    pub wire_octets: u64,
}

impl<'a> Observation<'a> {
    /// Layer `index` of a frame, seen at `at`; nothing where there is no such layer.
    #[must_use]
    pub fn of(frame: &'a Frame<'a>, index: usize, at: Timestamp, ordinal: u64) -> Option<Self> {
        Some(Self {
            outer: index.checked_sub(1).and_then(|outer| frame.layers.get(outer)),
            carries: index
                .checked_add(1)
                .and_then(|inner| frame.layers.get(inner))
                .and_then(|inner| inner.carried_by),
            ..Self::alone(frame.layers.get(index)?, at, ordinal)
        })
    }

    /// The only layer of a frame, seen at `at`.
    #[must_use]
    #[inline]
    pub fn alone(layer: &'a Layer<'a>, at: Timestamp, ordinal: u64) -> Self {
        Self {
            layer,
            outer: None,
            carrier: None,
            carries: None,
            at,
            ordinal,
            frames: 1,
            wire_octets: u64::from(layer.frame_octets),
        }
    }

    /// The same for the outermost layer of a frame that was read from a packet in a tunnel alone.
    #[must_use]
    pub const fn carried(mut self, carried: &'a Carried) -> Self {
        self.carrier = Some(&carried.flow);
        self
    }

    /// The layer: its packet's payload and sequence number stand there.
    #[must_use]
    #[inline]
    pub const fn layer(&self) -> &'a Layer<'a> {
        self.layer
    }

    #[inline]
    pub(crate) const fn ip(&self) -> &'a IpPacket<'a> {
        &self.layer.ip
    }

    /// The tunnel that carries the packet, and the flow that the tunnel is.
    pub(crate) fn carried_in(&self) -> Option<(Tunnel, FlowKey)> {
        let tunnel = self.layer.carried_by?;
        let flow = match self.carrier {
            Some(flow) => *flow,
            None => FlowKey::of(&self.outer?.ip).0,
        };
        Some((tunnel, flow))
    }

    /// Whether it is one frame, and neither a tunnel nor in one.
    #[inline]
    pub(crate) const fn is_whole(&self) -> bool {
        self.frames == 1
            && self.outer.is_none()
            && self.carries.is_none()
            && self.carrier.is_none()
            && self.layer.carried_by.is_none()
            && self.layer.ip.fragment.is_none()
    }

    /// The tunnel that the packet is.
    #[inline]
    pub(crate) const fn carries(&self) -> Option<Tunnel> {
        self.carries
    }
}
