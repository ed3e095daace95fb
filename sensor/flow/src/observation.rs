//! One IP packet on its way into the table.

use sekisho_model::Timestamp;
use sekisho_wire::tunnel::Tunnel;
use sekisho_wire::{Frame, IpPacket, Layer};

use crate::key::FlowKey;

/// One layer of a decoded frame, with what the decoder does not know.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    layer: &'a Layer<'a>,
    outer: Option<&'a Layer<'a>>,
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
            carries: None,
            at,
            ordinal,
            frames: 1,
            wire_octets: u64::from(layer.frame_octets),
        }
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
        Some((self.layer.carried_by?, FlowKey::of(&self.outer?.ip).0))
    }

    /// The tunnel that the packet is.
    #[inline]
    pub(crate) const fn carries(&self) -> Option<Tunnel> {
        self.carries
    }
}
