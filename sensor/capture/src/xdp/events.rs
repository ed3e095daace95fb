//! What comes through the ring: frames, and slots that were released or stand as they stand.

use aya::maps::ring_buf::RingBufItem;
use sekisho_ebpf_abi::{self as abi, EventKind};

use super::memory;

/// One event; its place in the ring is given back when it is dropped.
pub(crate) struct Event<'a> {
    /// When, what and where.
    pub(crate) head: abi::Event,
    item: RingBufItem<'a>,
}

impl<'a> Event<'a> {
    /// Reads what the program wrote; nothing where it is too short to be that.
    pub(super) fn read(item: RingBufItem<'a>) -> Option<Self> {
        let head = memory::head(&item)?.0;
        Some(Self { head, item })
    }

    /// The octets of a frame that were handed up.
    pub(crate) fn frame(&self) -> Option<&[u8]> {
        let (head, rest) = memory::head(&self.item)?;
        if head.kind != EventKind::FRAME {
            return None;
        }
        rest.get(..head.captured as usize)
    }

    /// The slot of any other event.
    pub(crate) fn slot(&self) -> Option<abi::Slot> {
        let (head, rest) = memory::head(&self.item)?;
        if head.kind == EventKind::FRAME {
            return None;
        }
        memory::slot(rest)
    }
}
