//! From the hash of a key to the slot of its flow: open addressing over pairs of hash and slot.
//!
//! A bucket holds the whole hash that the table uses, so a lookup touches one cache line here and
//! only slots that are most likely the right one, and growing touches no slot at all. Emptied
//! buckets are closed by moving what follows back (Knuth, volume 3, section 6.4, algorithm R), so
//! nothing has to be cleaned up later.

/// No slot.
const EMPTY: u32 = u32::MAX;
const SMALLEST: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    hash: u32,
    slot: u32,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    buckets: Vec<Bucket>,
    len: usize,
}

impl Index {
    /// Octets that it takes for so many slots.
    #[cfg(test)]
    pub(crate) fn octets(slots: usize) -> usize {
        (slots * 2).next_power_of_two().max(SMALLEST) * size_of::<Bucket>()
    }

    /// Whether no slot is in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bucket in which a search begins.
    #[inline]
    pub(crate) fn first(&self, hash: u32) -> Option<&impl Sized> {
        self.buckets.get(self.home(hash))
    }

    /// The slot with this hash that `is_it`.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            let bucket = self.buckets.get(at)?;
            if bucket.slot == EMPTY {
                return None;
            }
            if bucket.hash == hash && is_it(bucket.slot) {
                return Some(bucket.slot);
            }
            at = self.after(at);
        }
    }

    /// Adds a slot that is not in it.
    pub(crate) fn insert(&mut self, hash: u32, slot: u32) {
        // Half full at most: runs stay within a cache line or two.
        if self.len.saturating_add(1).saturating_mul(2) > self.buckets.len() {
            self.grow();
        }
        self.place(Bucket { hash, slot });
        self.len = self.len.saturating_add(1);
    }

    /// Takes a slot out.
    pub(crate) fn remove(&mut self, hash: u32, slot: u32) {
        let mut hole = self.home(hash);
        loop {
            match self.buckets.get(hole) {
                Some(bucket) if bucket.slot == slot => break,
                Some(bucket) if bucket.slot != EMPTY => hole = self.after(hole),
                _ => return,
            }
        }
        self.len = self.len.saturating_sub(1);
        let mut at = hole;
        loop {
            at = self.after(at);
            let Some(&bucket) = self.buckets.get(at) else {
                return;
            };
            if bucket.slot == EMPTY {
                break;
            }
            // It may move back where its home does not lie behind the hole.
            let from_home = at.wrapping_sub(self.home(bucket.hash)) & self.mask();
            let from_hole = at.wrapping_sub(hole) & self.mask();
            if from_home >= from_hole {
                self.set(hole, bucket);
                hole = at;
            }
        }
        self.set(hole, Bucket { hash: 0, slot: EMPTY });
    }

    /// Takes every slot out.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn grow(&mut self) {
        let size = self.buckets.len().saturating_mul(2).max(SMALLEST);
        let empty = vec![Bucket { hash: 0, slot: EMPTY }; size];
        for bucket in std::mem::replace(&mut self.buckets, empty) {
            if bucket.slot != EMPTY {
                self.place(bucket);
            }
        }
    }

    fn place(&mut self, bucket: Bucket) {
        let mut at = self.home(bucket.hash);
        while self.buckets.get(at).is_some_and(|other| other.slot != EMPTY) {
            at = self.after(at);
        }
        self.set(at, bucket);
    }

    fn set(&mut self, at: usize, bucket: Bucket) {
        if let Some(place) = self.buckets.get_mut(at) {
            *place = bucket;
        }
    }

    const fn mask(&self) -> usize {
        self.buckets.len().wrapping_sub(1)
    }

    const fn home(&self, hash: u32) -> usize {
        hash as usize & self.mask()
    }

    const fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.mask()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        /// Few hashes, so that runs are long and wrap around.
        #[test]
        fn holds_what_a_map_holds(steps in proptest::collection::vec((0_u32..60, 0_u32..6), 0..400)) {
            let (mut index, mut expected) = (Index::default(), BTreeMap::new());
            for (slot, hash) in steps {
                let hash = hash.wrapping_sub(3);
                if let Some(hash) = expected.remove(&slot) {
                    index.remove(hash, slot);
                } else {
                    expected.insert(slot, hash);
                    index.insert(hash, slot);
                }
                proptest::prop_assert_eq!(index.is_empty(), expected.is_empty());
                for slot in 0..60 {
                    let hash = expected.get(&slot).copied();
                    let found = index.find(hash.unwrap_or(0), |other| other == slot);
                    proptest::prop_assert_eq!(found, hash.map(|_| slot));
                }
            }
        }
    }
}
