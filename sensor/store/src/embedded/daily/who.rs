//! Who talked to a value: some addresses by name, all of them by number.
//!
//! Up to [`NAMED`] addresses are kept as they are and counted exactly. From the next one on the number
//! is an estimate, by HyperLogLog with 256 registers (Flajolet et al., AofA 2007; standard error 6.5 %;
//! for few addresses linear counting, as its section 4 says), since two sets of addresses can only be
//! added up without keeping them all if what is kept of each is such a sketch.

use std::net::IpAddr;

use sekisho_model::stable_id;

/// Addresses that are kept by name.
pub const NAMED: usize = 16;

const REGISTERS: usize = 256;

/// The addresses that talked to one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Who {
    /// The least of them, sorted.
    named: Vec<IpAddr>,
    /// All of them, where there are more than are named.
    sketch: Option<Box<[u8; REGISTERS]>>,
}

impl Who {
    /// No one yet.
    pub(super) const NOBODY: Self = Self {
        named: Vec::new(),
        sketch: None,
    };

    /// Reads what was written: addresses with spaces between them, and the sketch where there is one.
    pub(super) fn read(named: &str, sketch: Option<&[u8]>) -> Option<Self> {
        let named = named.split_ascii_whitespace();
        let mut named = named.map(str::parse).collect::<Result<Vec<_>, _>>().ok()?;
        named.sort_unstable();
        named.dedup();
        let sketch = match sketch {
            None => None,
            Some(sketch) => Some(Box::new(<[u8; REGISTERS]>::try_from(sketch).ok()?)),
        };
        (named.len() <= NAMED).then_some(Self { named, sketch })
    }

    /// Adds an address.
    pub(super) fn add(&mut self, address: IpAddr) {
        let Err(at) = self.named.binary_search(&address) else {
            return;
        };
        if self.named.len() < NAMED && self.sketch.is_none() {
            if self.named.is_empty() {
                // Most values are talked to by one or two.
                self.named.reserve_exact(2);
            }
            self.named.insert(at, address);
            return;
        }
        let sketch = self.sketch.get_or_insert_with(|| sketch_of(&self.named));
        note(sketch, address);
        if at < NAMED {
            self.named.insert(at, address);
            self.named.truncate(NAMED);
        }
    }

    /// Adds those of another set.
    pub(super) fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.sketch {
            let ours = self.sketch.get_or_insert_with(|| sketch_of(&self.named));
            for (ours, theirs) in ours.iter_mut().zip(theirs.iter()) {
                *ours = (*ours).max(*theirs);
            }
        }
        for address in &other.named {
            self.add(*address);
        }
    }

    /// The addresses that are known by name.
    pub(super) fn named(&self) -> &[IpAddr] {
        &self.named
    }

    /// The registers, where there are more than are named.
    pub(super) fn sketch(&self) -> Option<&[u8]> {
        self.sketch.as_ref().map(|sketch| sketch.as_slice())
    }

    /// Whether the number is an estimate.
    pub(super) const fn is_estimate(&self) -> bool {
        self.sketch.is_some()
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        let named = u64::try_from(self.named.len()).unwrap_or(u64::MAX);
        // There is at least one more than are named.
        self.sketch
            .as_ref()
            .map_or(named, |sketch| estimate(sketch).max(named.saturating_add(1)))
    }
}

fn sketch_of(addresses: &[IpAddr]) -> Box<[u8; REGISTERS]> {
    let mut sketch = Box::new([0; REGISTERS]);
    for address in addresses {
        note(&mut sketch, *address);
    }
    sketch
}

/// The first eight bits say which register, it keeps how many zeros the others begin with at most.
fn note(sketch: &mut [u8; REGISTERS], address: IpAddr) {
    let hash = hash(address);
    let register = usize::try_from(hash & 0xff).unwrap_or(0);
    // 45 bits are left of the 53.
    let rank = (hash >> 8 | 1 << 45).trailing_zeros().saturating_add(1);
    if let Some(register) = sketch.get_mut(register) {
        *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
    }
}

/// The same on every run and every machine: sketches are kept and added up.
fn hash(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => stable_id(u64::from(u32::from(address)), 4),
        IpAddr::V6(address) => {
            let [high, low] = [
                u128::from(address) >> 64,
                u128::from(address) & u128::from(u64::MAX),
            ];
            let part = |half: u128| u64::try_from(half).unwrap_or(0);
            stable_id(stable_id(part(high), 6), part(low))
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a positive number far below 2^53"
)]
fn estimate(sketch: &[u8; REGISTERS]) -> u64 {
    let registers = REGISTERS as f64;
    let sum: f64 = sketch.iter().map(|rank| 0.5_f64.powi(i32::from(*rank))).sum();
    let zeros = sketch.iter().filter(|rank| **rank == 0).count();
    // Flajolet et al., figure 3: alpha of 128 registers or more.
    let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
    let estimate = if raw <= 2.5 * registers && zeros > 0 {
        registers * (registers / zeros as f64).ln()
    } else {
        raw
    };
    estimate.round() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(addresses: impl IntoIterator<Item = u32>) -> Who {
        let mut who = Who::default();
        for address in addresses {
            who.add(IpAddr::V4(address.into()));
        }
        who
    }

    #[test]
    fn few_are_named_and_counted_exactly() {
        let who = of((0..16).chain(0..16));

        assert_eq!((who.named().len(), who.count()), (16, 16));
        assert!(!who.is_estimate());
    }

    #[test]
    fn many_are_estimated_within_three_standard_errors() {
        for count in [100_u32, 1_000, 10_000, 200_000] {
            let who = of(0x0a00_0000..0x0a00_0000 + count);

            let difference = who.count().abs_diff(u64::from(count));
            assert!(
                difference * 100 <= u64::from(count) * 20,
                "{count}: {}",
                who.count()
            );
            assert!(who.is_estimate());
            assert_eq!(who.named()[0], IpAddr::V4(0x0a00_0000.into()));
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_a_set_add_up_to_the_whole(
            one in prop::collection::vec(0_u32..60, 0..60),
            other in prop::collection::vec(0_u32..60, 0..60),
        ) {
            let whole = of(one.iter().chain(&other).copied());
            let mut sum = of(one);
            sum.merge(&of(other));

            prop_assert_eq!(&sum, &whole);
            let words: Vec<_> = sum.named().iter().map(ToString::to_string).collect();
            prop_assert_eq!(Who::read(&words.join(" "), sum.sketch()), Some(whole));
        }
    }
}
