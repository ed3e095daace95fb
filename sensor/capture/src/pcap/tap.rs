//! The frames of an interface through libpcap.
//!
//! The capture does not wait: the caller does, for several ports at once. libpcap gives a capture up when
//! its interface goes down; the socket beneath does not, so the error that says so is taken from it
//! before libpcap sees it, and the capture goes on when the interface is up again.

use std::os::fd::BorrowedFd;

use super::compile::WHOLE;
use super::handle::{Handle, Shape};
use crate::live::interface::Interface;
use crate::live::port::Tap;
use crate::live::program::Program;
use crate::live::{HAND_OVER, LiveError, Options, socket};
use crate::{Batch, Linktype};

/// A capture on an interface.
struct PcapTap {
    handle: Handle,
    linktype: Linktype,
    /// Frames that were told as lost; wraps as libpcap's own counter does.
    told: u32,
    has_failed: bool,
}

/// Opens a capture on an interface, and gives it with the program of its filter.
pub(crate) fn open(
    name: &str,
    _: Interface,
    options: &Options,
) -> Result<(Box<dyn Tap>, Option<Program>), LiveError> {
    let shape = Shape {
        buffer: options.ring_octets,
        snap: options.snap.unwrap_or(WHOLE),
        timeout: HAND_OVER,
        promiscuous: true,
    };
    let mut handle = Handle::open(name, shape)?;
    let expression = options.filter.as_deref();
    let program = expression
        .map(|expression| handle.compile(expression))
        .transpose()?;
    if let Some(program) = &program {
        // What came before it is asked by libpcap itself.
        handle.set_filter(program).map_err(|said| LiveError::Pcap {
            name: name.to_owned(),
            said,
        })?;
    }
    let tap = PcapTap {
        linktype: handle.linktype(),
        told: handle.dropped().unwrap_or_default(),
        handle,
        has_failed: false,
    };
    Ok((Box::new(tap), program))
}

impl Tap for PcapTap {
    fn take(&mut self, batch: &mut Batch) -> u64 {
        if self.has_failed || batch.is_full() {
            return 0;
        }
        self.take_error();
        let (taken, goes_on) = self.handle.take(self.linktype, batch);
        self.has_failed = !goes_on;
        taken
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.handle.descriptor().filter(|_| !self.has_failed)
    }

    fn lost(&mut self) -> u64 {
        let Some(dropped) = self.handle.dropped() else {
            return 0;
        };
        let lost = dropped.wrapping_sub(self.told);
        self.told = dropped;
        u64::from(lost)
    }

    fn take_error(&mut self) {
        if let Some(socket) = self.handle.descriptor() {
            // It is said by the state of the interface.
            let _ = socket::take_error(socket);
        }
    }

    fn shut(&mut self) {
        if let Some(socket) = self.handle.descriptor() {
            // Past libpcap, which would ask the new program of what has arrived.
            let _ = socket::attach(socket, &Program::keep(0));
        }
    }
}
