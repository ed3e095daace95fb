//! One interface read through a ring that the kernel writes.
//!
//! The kernel counts every frame of the socket, those that found no room among them, so what came and
//! what was lost is known exactly.

use std::os::fd::{AsFd as _, BorrowedFd};

use super::block::{BlockFrame, Cursor};
use super::interface::Interface;
use super::port::Tap;
use super::program::Program;
use super::socket::{Shape, Shared};
use super::{BLOCK, BLOCK_BITS, HAND_OVER, LiveError, Options};
use crate::{Batch, Linktype, Packet};

/// Octets of the two addresses before an EtherType, where a VLAN tag goes.
const ADDRESSES: usize = 12;

/// The ring of an interface.
pub(super) struct Ring {
    shared: Shared,
    linktype: Linktype,
    /// Octets that are kept of a frame.
    snap: usize,
    /// The block that is being read, by number, and how far.
    reading: Option<(usize, Cursor)>,
    /// The block that comes next.
    next: usize,
    /// Frames that could not be read from a block.
    unread: u64,
    /// A frame whose VLAN tag is put back in.
    rebuilt: Vec<u8>,
}

impl Ring {
    /// Opens a ring; `program` says which frames come into it.
    pub(super) fn open(
        name: &str,
        interface: Interface,
        options: &Options,
        program: Option<&Program>,
    ) -> Result<Self, LiveError> {
        let blocks = u32::try_from(options.ring_octets >> BLOCK_BITS).unwrap_or(u32::MAX);
        let shape = Shape {
            block: BLOCK,
            blocks: blocks.clamp(2, 4096),
            timeout: HAND_OVER,
        };
        // A loopback shows each frame as it leaves and as it arrives.
        let shared = Shared::open(interface.index, shape, interface.is_loopback, program)
            .map_err(|cause| LiveError::of_system(name, cause))?;
        Ok(Self {
            shared,
            linktype: interface.linktype(name)?,
            snap: options.snap.map_or(usize::MAX, |snap| snap as usize),
            reading: None,
            next: 0,
            unread: 0,
            rebuilt: Vec::new(),
        })
    }
}

impl Tap for Ring {
    fn take(&mut self, batch: &mut Batch) -> u64 {
        let mut taken = 0_u64;
        while !batch.is_full() {
            let (number, mut cursor) = match self.reading {
                Some(reading) => reading,
                None => match self.shared.block(self.next) {
                    Some(block) => (self.next, Cursor::first(block)),
                    None => break,
                },
            };
            let block = self.shared.block(number).unwrap_or_default();
            while !batch.is_full()
                && let Some(frame) = cursor.next(block)
            {
                taken = taken.saturating_add(1);
                push(batch, &frame, self.linktype, self.snap, &mut self.rebuilt);
            }
            if batch.is_full() && cursor.left() > 0 {
                self.reading = Some((number, cursor));
                break;
            }
            // Frames that do not lie in their block, which no kernel makes.
            self.unread = self.unread.saturating_add(u64::from(cursor.left()));
            self.reading = None;
            self.shared.give_back(number);
            let following = number.saturating_add(1);
            self.next = if following < self.shared.blocks() {
                following
            } else {
                0
            };
        }
        taken
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.shared.as_fd())
    }

    fn lost(&mut self) -> u64 {
        let dropped = self.shared.counts().map_or(0, |(_, dropped)| dropped);
        dropped.saturating_add(std::mem::take(&mut self.unread))
    }

    fn take_error(&mut self) {
        // The error of an interface that went down is said by its state.
        let _ = self.shared.take_error();
    }

    fn shut(&mut self) {
        // One that cannot be shut is read until it is empty all the same.
        let _ = self.shared.shut();
    }
}

/// Appends a frame, with the VLAN tag that the kernel took out.
fn push(batch: &mut Batch, frame: &BlockFrame<'_>, linktype: Linktype, snap: usize, rebuilt: &mut Vec<u8>) {
    let whole = Packet {
        time: frame.time,
        len: frame.len,
        linktype,
        data: frame.data.get(..snap).unwrap_or(frame.data),
    };
    let addresses = frame.data.split_at_checked(ADDRESSES);
    let (Some((protocol, control)), Some((addresses, rest))) = (frame.vlan, addresses) else {
        batch.push(whole);
        return;
    };
    rebuilt.clear();
    rebuilt.extend_from_slice(addresses);
    rebuilt.extend_from_slice(&protocol.to_be_bytes());
    rebuilt.extend_from_slice(&control.to_be_bytes());
    rebuilt.extend_from_slice(rest);
    rebuilt.truncate(snap);
    batch.push(Packet {
        len: frame.len.saturating_add(4),
        data: rebuilt,
        ..whole
    });
}
