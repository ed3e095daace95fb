//! One interface read through a ring.
//!
//! The kernel counts every frame of the socket, those that found no room among them, so what came and
//! what was lost is known exactly. An interface that goes down leaves the ring open; one that is deleted
//! and made anew, under the same name, is opened again.

use std::time::{Duration, Instant};

use sekisho_model::summary::{InputFile, PortCounters};

use super::LiveError;
use super::block::{BlockFrame, Cursor};
use super::interface::{self, Counted, Interface};
use super::socket::{Shape, Shared};
use crate::{Batch, Packet};

/// Between two looks at the interface and its counters.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Octets of the two addresses before an EtherType, where a VLAN tag goes.
const ADDRESSES: usize = 12;

/// An interface and its ring.
pub(super) struct Ring {
    name: String,
    shape: Shape,
    interface: Interface,
    shared: Option<Shared>,
    /// The block that is being read, by number, and how far.
    reading: Option<(usize, Cursor)>,
    /// The block that comes next.
    next: usize,
    /// Frames handed out.
    packets: u64,
    /// Frames that found no room in the ring, or could not be read from it.
    dropped: u64,
    /// The interface's own counters when it was opened, and of openings before.
    first: Counted,
    earlier: Counted,
    last: Counted,
    trouble: Option<String>,
    looked: Instant,
    /// A frame whose VLAN tag is put back in.
    rebuilt: Vec<u8>,
}

impl Ring {
    pub(super) fn open(name: &str, shape: Shape) -> Result<Self, LiveError> {
        let interface = interface::find(name)?;
        let shared = open(name, interface, shape)?;
        let first = interface::counted(name).ok().flatten().unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            shape,
            interface,
            shared: Some(shared),
            reading: None,
            next: 0,
            packets: 0,
            dropped: 0,
            first,
            earlier: Counted::default(),
            last: first,
            trouble: trouble_of(interface),
            looked: Instant::now(),
            rebuilt: Vec::new(),
        })
    }

    /// The socket to wait for.
    pub(super) const fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// Appends frames to `batch` until it is full or no further block is ready.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        while !batch.is_full() {
            let Some(shared) = &mut self.shared else { return };
            let (number, mut cursor) = match self.reading {
                Some(reading) => reading,
                None => match shared.block(self.next) {
                    Some(block) => (self.next, Cursor::first(block)),
                    None => return,
                },
            };
            let block = shared.block(number).unwrap_or_default();
            while !batch.is_full()
                && let Some(frame) = cursor.next(block)
            {
                self.packets = self.packets.saturating_add(1);
                push(batch, &frame, self.interface, &mut self.rebuilt);
            }
            if batch.is_full() && cursor.left() > 0 {
                self.reading = Some((number, cursor));
                return;
            }
            // Frames that do not lie in their block, which no kernel makes.
            self.dropped = self.dropped.saturating_add(u64::from(cursor.left()));
            self.reading = None;
            shared.give_back(number);
            let following = number.saturating_add(1);
            self.next = if following < shared.blocks() { following } else { 0 };
        }
    }

    /// Looks at the interface and its counters from time to time.
    pub(super) fn look(&mut self) {
        if self.looked.elapsed() >= LOOK_AGAIN {
            self.looked = Instant::now();
            self.look_now();
        }
    }

    /// Looks at the interface and its counters.
    pub(super) fn look_now(&mut self) {
        if let Some(shared) = &self.shared {
            // The error of an interface that went down is said by its state.
            let _ = shared.take_error();
            if let Ok((_, dropped)) = shared.counts() {
                self.dropped = self.dropped.saturating_add(dropped);
            }
        }
        match interface::find(&self.name) {
            Ok(found) if found.index == self.interface.index && self.shared.is_some() => {
                self.trouble = trouble_of(found);
                self.interface.is_running = found.is_running;
                if let Ok(Some(counted)) = interface::counted(&self.name) {
                    self.last = counted;
                }
            }
            Ok(found) => self.reopen(found),
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// Opens the interface that now has this name.
    fn reopen(&mut self, found: Interface) {
        match open(&self.name, found, self.shape) {
            Ok(shared) => {
                let counted = interface::counted(&self.name).ok().flatten().unwrap_or_default();
                let (received, dropped) = self.interface_counts();
                self.earlier = Counted { received, dropped };
                (self.first, self.last) = (counted, counted);
                self.shared = Some(shared);
                self.interface = found;
                (self.reading, self.next) = (None, 0);
                self.trouble = trouble_of(found);
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// Lets nothing further in.
    pub(super) fn shut(&self) {
        if let Some(shared) = &self.shared {
            // One that cannot be shut is read until it is empty all the same.
            let _ = shared.shut();
        }
    }

    /// Frames lost so far.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn interface_counts(&self) -> (u64, u64) {
        let since = |now: u64, first: u64, earlier: u64| now.saturating_sub(first).saturating_add(earlier);
        (
            since(self.last.received, self.first.received, self.earlier.received),
            since(self.last.dropped, self.first.dropped, self.earlier.dropped),
        )
    }

    /// What was read of it, and how it stands.
    pub(super) fn input(&self) -> InputFile {
        let (received, dropped) = self.interface_counts();
        InputFile {
            path: self.name.clone(),
            format: "ring".to_owned(),
            packets: self.packets,
            damage: self.trouble.clone(),
            port: Some(PortCounters {
                ring_dropped: self.dropped,
                received,
                dropped,
            }),
        }
    }
}

fn open(name: &str, interface: Interface, shape: Shape) -> Result<Shared, LiveError> {
    // A loopback shows each frame as it leaves and as it arrives.
    Shared::open(interface.index, shape, interface.is_loopback)
        .map_err(|cause| LiveError::of_system(name, cause))
}

fn trouble_of(interface: Interface) -> Option<String> {
    (!interface.is_running).then(|| "the interface is down or has no carrier".to_owned())
}

/// Appends a frame, with the VLAN tag that the kernel took out.
fn push(batch: &mut Batch, frame: &BlockFrame<'_>, interface: Interface, rebuilt: &mut Vec<u8>) {
    let whole = Packet {
        time: frame.time,
        len: frame.len,
        linktype: interface.linktype,
        data: frame.data,
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
    batch.push(Packet {
        len: frame.len.saturating_add(4),
        data: rebuilt,
        ..whole
    });
}
