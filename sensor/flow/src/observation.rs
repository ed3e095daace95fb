//! One IP packet on its way into the table.

use sekisho_model::Timestamp;
use sekisho_wire::tunnel::Tunnel;
use sekisho_wire::{Frame, IpPacket, Layer};

use crate::key::FlowKey;

/// One layer of a decoded frame, with what the decoder does not know.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    frame: &'a Frame<'a>,
    layer: &'a Layer<'a>,
    index: usize,
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
        let layer = frame.layers.get(index)?;
        Some(Self {
            frame,
            layer,
            index,
            at,
            ordinal,
            frames: 1,
            wire_octets: u64::from(layer.frame_octets),
        })
    }

    pub(crate) const fn layer(&self) -> &'a Layer<'a> {
        self.layer
    }

    pub(crate) const fn ip(&self) -> &'a IpPacket<'a> {
        &self.layer.ip
    }

    /// Octets that count as the packet's frame.
    pub(crate) const fn frame_octets(&self) -> u64 {
        self.wire_octets
    }

    /// The tunnel that carries the packet, and the flow that the tunnel is.
    pub(crate) fn carried_in(&self) -> Option<(Tunnel, FlowKey)> {
        let outer = self.frame.layers.get(self.index.checked_sub(1)?)?;
        Some((self.layer.carried_by?, FlowKey::of(&outer.ip).0))
    }

    /// The tunnel that the packet is.
    pub(crate) fn carries(&self) -> Option<Tunnel> {
        self.frame.layers.get(self.index.checked_add(1)?)?.carried_by
    }
}
