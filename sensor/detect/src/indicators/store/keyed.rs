//! Values of one size and what is kept of each, found by their hash.
//!
//! The table holds numbers of values alone, so that its empty places cost four octets and a miss reads
//! nothing else; equal values of different lists stand in it side by side.

use hashbrown::HashTable;

use super::build::Held;
use super::hash;
use super::meta::Meta;

/// Values with their marks.
#[derive(Debug)]
pub(super) struct Keyed<K> {
    table: HashTable<u32>,
    keys: Vec<K>,
    metas: Vec<Meta>,
}

impl<K> Default for Keyed<K> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            keys: Vec::new(),
            metas: Vec::new(),
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash> Keyed<K> {
    /// Adds a value. One that `is_same` says is there already stays, with the better mark of the two.
    pub(super) fn add(&mut self, key: K, meta: Meta, is_same: impl Fn(u32) -> bool) -> Held {
        let hash = hash(&key);
        for slot in self.table.iter_hash(hash) {
            let index = *slot as usize;
            let (Some(known), Some(old)) = (self.keys.get(index), self.metas.get_mut(index)) else {
                continue;
            };
            if *known == key && old.list == meta.list && is_same(*slot) {
                if meta.is_better_than(old) {
                    *old = meta;
                }
                return Held::Before;
            }
        }
        let Ok(slot) = u32::try_from(self.keys.len()) else {
            return Held::Full;
        };
        self.keys.push(key);
        self.metas.push(meta);
        let keys = &self.keys;
        self.table
            .insert_unique(hash, slot, |slot| keys.get(*slot as usize).map_or(0, super::hash));
        Held::Now(slot)
    }

    /// The numbers of what equals a value.
    pub(super) fn find(&self, key: &K) -> impl Iterator<Item = u32> {
        let equal = |slot: &u32| self.keys.get(*slot as usize) == Some(key);
        self.table
            .iter_hash(hash(key))
            .copied()
            .filter(move |slot| equal(slot))
    }

    pub(super) fn key(&self, slot: u32) -> Option<&K> {
        self.keys.get(slot as usize)
    }

    pub(super) fn meta(&self, slot: u32) -> Option<&Meta> {
        self.metas.get(slot as usize)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Gives back the room that nothing stands in.
    pub(super) fn fit(&mut self) {
        self.keys.shrink_to_fit();
        self.metas.shrink_to_fit();
        let keys = &self.keys;
        let rehash = |slot: &u32| keys.get(*slot as usize).map_or(0, hash);
        self.table.shrink_to_fit(rehash);
    }

    /// Octets that it takes.
    pub(super) fn octets(&self) -> usize {
        self.table
            .allocation_size()
            .saturating_add(self.keys.capacity().saturating_mul(size_of::<K>()))
            .saturating_add(self.metas.capacity().saturating_mul(size_of::<Meta>()))
    }
}
