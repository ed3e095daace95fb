//! How far a run has come: numbers that the threads publish once a batch, for whoever shows them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared between a run and its watcher.
#[derive(Debug, Default)]
pub struct Progress {
    packets: AtomicU64,
    octets_read: AtomicU64,
    stop: AtomicBool,
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

    /// Asks the run to end at the next batch, as if the input ended there.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn publish(&self, packets: u64, octets_read: u64) {
        self.packets.store(packets, Ordering::Relaxed);
        self.octets_read.store(octets_read, Ordering::Relaxed);
    }
}
