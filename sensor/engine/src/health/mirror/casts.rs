//! Broadcast only: a port to which the switch mirrors nothing sees what it floods to every port, broadcast and
//! multicast, and of unicast next to nothing.

use sekisho_model::blind::MirrorFinding;
use sekisho_wire::link::Link;

use super::{Context, is_share, percent, words};

/// Frames that must have been seen before anything is said.
const ENOUGH: u64 = 50;
/// Hundredths of all frames that are broadcast or multicast on a port without a mirror.
const SHARE: u64 = 95;

/// Counts of frames with Ethernet addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Casts {
    group: u64,
    all: u64,
}

/// Whether a frame is to more than one station.
pub(super) fn is_group(link: &Link) -> bool {
    link.destination.is_some_and(|mac| mac.0[0] & 1 == 1)
}

impl Casts {
    pub(super) fn observe(&mut self, link: &Link) {
        if link.destination.is_some() {
            self.all = self.all.saturating_add(1);
            self.group = self.group.saturating_add(u64::from(is_group(link)));
        }
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        let &Self { group, all } = self;
        if all < ENOUGH || !is_share(group, all, SHARE) {
            return None;
        }
        Some(words::broadcast_only(
            (group, all, percent(group, all)),
            &context.interface,
        ))
    }
}
