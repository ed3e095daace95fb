//! Words in one run of octets and what is kept of each, found by a hash that the caller computes.

use hashbrown::HashTable;

use super::build::Held;
use super::meta::Meta;

/// Words with their marks. The hash of one is that of the function that its caller gives everywhere.
#[derive(Debug, Default)]
pub(super) struct Texts {
    table: HashTable<u32>,
    octets: Vec<u8>,
    /// Where each one ends.
    ends: Vec<u32>,
    metas: Vec<Meta>,
}

impl Texts {
    /// Adds words. What `is_same` says is there already stays, with the better mark of the two.
    pub(super) fn add(
        &mut self,
        text: &str,
        meta: Meta,
        hash: impl Fn(&[u8]) -> u64,
        is_same: impl Fn(&Meta) -> bool,
    ) -> Held {
        let sum = hash(text.as_bytes());
        let same = self.table.iter_hash(sum).copied().find(|slot| {
            self.octets_of(*slot) == text.as_bytes()
                && self
                    .meta(*slot)
                    .is_some_and(|old| old.list == meta.list && is_same(old))
        });
        if let Some(slot) = same {
            if let Some(old) = self.metas.get_mut(slot as usize)
                && meta.is_better_than(old)
            {
                *old = meta;
            }
            return Held::Before;
        }
        let end = self.octets.len().saturating_add(text.len());
        let (Ok(slot), Ok(end)) = (u32::try_from(self.ends.len()), u32::try_from(end)) else {
            return Held::Full;
        };
        self.octets.extend_from_slice(text.as_bytes());
        self.ends.push(end);
        self.metas.push(meta);
        let (octets, ends) = (&self.octets, &self.ends);
        self.table
            .insert_unique(sum, slot, |slot| hash(slice(octets, ends, *slot)));
        Held::Now(slot)
    }

    /// The numbers of what may have a hash; the caller compares.
    pub(super) fn with_hash(&self, hash: u64) -> impl Iterator<Item = u32> {
        self.table.iter_hash(hash).copied()
    }

    pub(super) fn octets_of(&self, slot: u32) -> &[u8] {
        slice(&self.octets, &self.ends, slot)
    }

    pub(super) fn text(&self, slot: u32) -> &str {
        // Only whole texts were put in.
        std::str::from_utf8(self.octets_of(slot)).unwrap_or_default()
    }

    pub(super) fn meta(&self, slot: u32) -> Option<&Meta> {
        self.metas.get(slot as usize)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn fit(&mut self, hash: impl Fn(&[u8]) -> u64) {
        self.octets.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.metas.shrink_to_fit();
        let (octets, ends) = (&self.octets, &self.ends);
        self.table.shrink_to_fit(|slot| hash(slice(octets, ends, *slot)));
    }

    /// Octets that it takes.
    pub(super) fn octets(&self) -> usize {
        self.table
            .allocation_size()
            .saturating_add(self.octets.capacity())
            .saturating_add(self.ends.capacity().saturating_mul(size_of::<u32>()))
            .saturating_add(self.metas.capacity().saturating_mul(size_of::<Meta>()))
    }
}

fn slice<'a>(octets: &'a [u8], ends: &[u32], slot: u32) -> &'a [u8] {
    let index = slot as usize;
    let begin = index
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .copied()
        .unwrap_or(0);
    let end = ends.get(index).copied().unwrap_or(begin);
    octets.get(begin as usize..end as usize).unwrap_or_default()
}
