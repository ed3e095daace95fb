//! Networks of one family, found by an address in them.
//!
//! Networks are nested or apart. When all are known they are laid out as stretches, each with the
//! narrowest network that it lies in; that one knows the next wider. So an address costs one binary
//! search over numbers, however many lengths of prefixes there are.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::{BuildHasher as _, Hash};

use super::build::Held;
use super::meta::Meta;

/// No network.
const NONE: u32 = u32::MAX;
/// Networks around one address that are looked at.
const NESTED: usize = 64;

/// An address as a number.
pub(super) trait Number: Copy + Ord + Hash + Default {
    /// The number after it; none after the last.
    fn next(self) -> Option<Self>;
    /// The last number of the network that begins here with a prefix of `length`.
    fn last(self, length: u8) -> Self;
}

macro_rules! number {
    ($kind:ty) => {
        impl Number for $kind {
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn last(self, length: u8) -> Self {
                self | Self::MAX.checked_shr(u32::from(length)).unwrap_or(0)
            }
        }
    };
}
number!(u32);
number!(u128);

/// The networks.
#[derive(Debug, Default)]
pub(super) struct Ranges<N> {
    firsts: Vec<N>,
    lengths: Vec<u8>,
    metas: Vec<Meta>,
    /// The next wider network of each.
    wider: Vec<u32>,
    /// Where each stretch begins.
    begins: Vec<N>,
    /// The narrowest network of each stretch.
    narrowest: Vec<u32>,
    /// What is there already, until all is laid out.
    seen: HashTable<u32>,
}

impl<N: Number> Ranges<N> {
    /// Adds a network; [`Ranges::lay_out`] makes it found. One that `is_same` says is there already
    /// stays, with the better mark of the two.
    pub(super) fn add(&mut self, first: N, length: u8, meta: Meta, is_same: impl Fn(u32) -> bool) -> Held {
        let sum = hash((first, length));
        let same = self.seen.iter_hash(sum).copied().find(|slot| {
            let is_of_list = self.meta(*slot).is_some_and(|old| old.list == meta.list);
            is_of_list && self.network(*slot) == (first, length) && is_same(*slot)
        });
        if let Some(slot) = same {
            if let Some(old) = self.metas.get_mut(slot as usize)
                && meta.is_better_than(old)
            {
                *old = meta;
            }
            return Held::Before;
        }
        let Ok(slot) = u32::try_from(self.firsts.len()) else {
            return Held::Full;
        };
        self.firsts.push(first);
        self.lengths.push(length);
        self.metas.push(meta);
        let (firsts, lengths) = (&self.firsts, &self.lengths);
        self.seen.insert_unique(sum, slot, |slot| {
            let index = *slot as usize;
            let first = firsts.get(index).copied().unwrap_or_default();
            hash((first, lengths.get(index).copied().unwrap_or(0)))
        });
        Held::Now(slot)
    }

    /// Lays the networks out.
    pub(super) fn lay_out(&mut self) {
        self.seen = HashTable::new();
        let mut order: Vec<u32> = (0..).zip(&self.firsts).map(|(slot, _)| slot).collect();
        order.sort_by_key(|slot| (self.network(*slot), *slot));
        self.wider = vec![NONE; self.firsts.len()];
        let mut open: Vec<u32> = Vec::new();
        for slot in order {
            let (first, _) = self.network(slot);
            while let Some(last) = open
                .last()
                .map(|slot| self.last(*slot))
                .filter(|last| *last < first)
            {
                open.pop();
                self.begin(last.next(), open.last().copied());
            }
            if let (Some(wider), Some(place)) = (open.last(), self.wider.get_mut(slot as usize)) {
                *place = *wider;
            }
            open.push(slot);
            self.begin(Some(first), Some(slot));
        }
        while let Some(last) = open.pop().map(|slot| self.last(slot)) {
            self.begin(last.next(), open.last().copied());
        }
        self.firsts.shrink_to_fit();
        self.lengths.shrink_to_fit();
        self.metas.shrink_to_fit();
        self.begins.shrink_to_fit();
        self.narrowest.shrink_to_fit();
    }

    /// A stretch begins; one that began at the same place is none.
    fn begin(&mut self, at: Option<N>, narrowest: Option<u32>) {
        let Some(at) = at else { return };
        let narrowest = narrowest.unwrap_or(NONE);
        if self.begins.last() == Some(&at) {
            if let Some(last) = self.narrowest.last_mut() {
                *last = narrowest;
            }
            return;
        }
        self.begins.push(at);
        self.narrowest.push(narrowest);
    }

    /// The numbers of the networks that an address is in, the narrowest first.
    pub(super) fn find(&self, address: N) -> impl Iterator<Item = u32> {
        let after = self.begins.partition_point(|begin| *begin <= address);
        let stretch = after.checked_sub(1).and_then(|index| self.narrowest.get(index));
        let some = |slot: u32| (slot != NONE).then_some(slot);
        std::iter::successors(stretch.copied().and_then(some), move |slot| {
            self.wider.get(*slot as usize).copied().and_then(some)
        })
        .take(NESTED)
    }

    /// First address, and how wide: the wider comes first.
    fn network(&self, slot: u32) -> (N, u8) {
        let first = self.firsts.get(slot as usize).copied().unwrap_or_default();
        (first, self.lengths.get(slot as usize).copied().unwrap_or(0))
    }

    fn last(&self, slot: u32) -> N {
        let (first, length) = self.network(slot);
        first.last(length)
    }

    /// First address and length of the prefix.
    pub(super) fn key(&self, slot: u32) -> Option<(N, u8)> {
        self.firsts.get(slot as usize).map(|_| self.network(slot))
    }

    pub(super) fn meta(&self, slot: u32) -> Option<&Meta> {
        self.metas.get(slot as usize)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.firsts.len()
    }

    pub(super) fn octets(&self) -> usize {
        let numbers = self.firsts.capacity().saturating_add(self.begins.capacity());
        let places = self.wider.capacity().saturating_add(self.narrowest.capacity());
        numbers
            .saturating_mul(size_of::<N>())
            .saturating_add(places.saturating_mul(size_of::<u32>()))
            .saturating_add(self.lengths.capacity())
            .saturating_add(self.metas.capacity().saturating_mul(size_of::<Meta>()))
    }
}

fn hash(network: impl Hash) -> u64 {
    FixedState::default().hash_one(network)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(networks: &[(u32, u8)]) -> Ranges<u32> {
        let mut ranges = Ranges::default();
        for (first, length) in networks {
            ranges.add(*first, *length, Meta::new(0, 1, 50, None), |_| false);
        }
        ranges.lay_out();
        ranges
    }

    #[test]
    fn an_address_is_in_the_narrowest_network_first() {
        // 10.0.0.0/8, 10.1.0.0/16, 10.1.2.0/24, 255.255.255.0/24
        let ranges = of(&[
            (0x0a00_0000, 8),
            (0x0a01_0000, 16),
            (0x0a01_0200, 24),
            (0xffff_ff00, 24),
        ]);
        let find = |address| ranges.find(address).collect::<Vec<_>>();

        assert_eq!(find(0x0a01_0203), [2, 1, 0]);
        assert_eq!(find(0x0a01_0300), [1, 0]);
        assert_eq!(find(0x0a02_0000), [0]);
        assert_eq!(find(0xffff_ffff), [3]);
        assert!(find(0x0b00_0000).is_empty() && find(0).is_empty());
    }

    proptest! {
        #[test]
        fn the_search_finds_what_a_walk_over_all_networks_finds(
            networks in prop::collection::vec((any::<u32>(), 20_u8..=32), 0..60),
            addresses in prop::collection::vec(any::<u32>(), 20),
        ) {
            // Squeezed together, so that they nest.
            let networks: Vec<_> = networks
                .iter()
                .map(|(bits, length)| ((bits & 0x3fff) & (u32::MAX << (32 - length)), *length))
                .collect();
            let ranges = of(&networks);
            for address in addresses.iter().map(|bits| bits & 0x3fff) {
                let mut found: Vec<_> = ranges.find(address).collect();
                found.sort_unstable();
                let all: Vec<u32> = (0..)
                    .zip(&networks)
                    .filter(|(_, (first, length))| (*first..=first.last(*length)).contains(&address))
                    .map(|(slot, _)| slot)
                    .collect();
                prop_assert_eq!(found, all);
            }
        }
    }
}
