//! A tap that was moved: nearly all stations that speak are strangers to the inventory.
//!
//! Addresses that devices make up themselves (the second bit of the first octet) change without any move
//! and are left out on both sides.

use std::collections::BTreeSet;
use std::sync::Arc;

use sekisho_model::MacAddress;
use sekisho_model::blind::MirrorFinding;
use sekisho_wire::link::Link;

use super::{Context, is_share, words};

/// Stations on either side that are needed for a comparison.
const ENOUGH: usize = 8;
/// Hundredths of the stations seen that are known still after a tap was moved, at most.
const SHARE: u64 = 10;
/// Stations that are remembered; later ones are left out.
const MOST: usize = 4_096;

/// A set of stations by their MAC addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(Arc<BTreeSet<MacAddress>>);

impl Known {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// These and those of `other`, as many as are remembered.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        if other.0.is_subset(&self.0) {
            return self.clone();
        }
        self.0.union(&other.0).copied().collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<MacAddress> for Known {
    fn from_iter<I: IntoIterator<Item = MacAddress>>(macs: I) -> Self {
        Self(Arc::new(macs.into_iter().filter(is_own).take(MOST).collect()))
    }
}

/// Who spoke.
#[derive(Debug, Clone, Default)]
pub(super) struct Stations {
    seen: BTreeSet<MacAddress>,
}

/// Whether an address is that of one network card, given to it by its maker.
fn is_own(mac: &MacAddress) -> bool {
    mac.0[0] & 3 == 0 && *mac != MacAddress::default()
}

impl Stations {
    pub(super) fn observe(&mut self, link: &Link) {
        if let Some(mac) = link.source.filter(is_own)
            && self.seen.len() < MOST
        {
            self.seen.insert(mac);
        }
    }

    pub(super) fn seen(&self) -> Known {
        Known(Arc::new(self.seen.clone()))
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        let known = &*context.known.0;
        if self.seen.len() < ENOUGH || known.len() < ENOUGH {
            return None;
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let familiar = count(self.seen.intersection(known).count());
        let seen = count(self.seen.len());
        // One more than the share never is.
        (familiar == 0 || is_share(seen, familiar, 10_000 / SHARE))
            .then(|| words::moved_tap((seen, familiar, count(known.len()))))
    }
}
