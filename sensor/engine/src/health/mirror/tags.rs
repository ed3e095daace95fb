//! Missing VLAN tags: a policy that tells networks apart by VLAN, and a mirror that takes the tags off.

use sekisho_model::blind::MirrorFinding;
use sekisho_wire::Frame;

use super::{Context, words};

/// Frames that must have been seen before anything is said.
const ENOUGH: u64 = 100;

/// Counts of frames.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tags {
    tagged: u64,
    all: u64,
}

impl Tags {
    pub(super) fn observe(&mut self, frame: &Frame<'_>) {
        let is_tagged =
            frame.link.vlan.is_some() || frame.layers.iter().any(|layer| layer.link.vlan.is_some());
        self.all = self.all.saturating_add(1);
        self.tagged = self.tagged.saturating_add(u64::from(is_tagged));
    }

    pub(super) const fn tagged(&self) -> u64 {
        self.tagged
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        if !context.expects_vlans || self.all < ENOUGH || self.tagged > 0 {
            return None;
        }
        Some(words::no_vlan_tags(self.all, &context.interface))
    }
}
