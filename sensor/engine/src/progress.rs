//! How far a run has come: numbers that the threads publish once a batch, for whoever shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_capture::Stop;

/// Shared between a run and its watcher.
#[derive(Debug, Default)]
pub struct Progress {
    packets: AtomicU64,
    octets_read: AtomicU64,
    stop: Stop,
}

impl Progress {
    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// Octets of the input files read so far.
    pub fn octets_read(&self) -> u64 {
        self.octets_read.load(Ordering::Relaxed)
    }

    /// The flag that ends the run at the next batch, as if the input ended there. A source that may
    /// wait for its input is to be given it too.
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(crate) fn publish(&self, packets: u64, octets_read: u64) {
        self.packets.store(packets, Ordering::Relaxed);
        self.octets_read.store(octets_read, Ordering::Relaxed);
    }
}
