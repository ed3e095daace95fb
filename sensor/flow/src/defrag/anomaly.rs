//! What can be wrong with the fragments of a datagram, by name.

macro_rules! anomalies {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal;)+) => {
        /// Something that fragments of an honest sender do not show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum Anomaly {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Anomaly {
            /// Every anomaly.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in every output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

anomalies! {
    /// The same range with the same octets again. Mirror ports do this to honest senders, too.
    Duplicate, "fragment_duplicate";
    /// Another range that covers octets already there, with the same content.
    Overlap, "fragment_overlap";
    /// Octets already there, with other content.
    Conflict, "fragment_inconsistency";
    /// Two last fragments with different ends, or a fragment past the end (teardrop).
    EndsDiffer, "fragment_size_inconsistency";
    /// The datagram would be longer than 65,535 octets (ping of death).
    TooLong, "fragment_too_long";
    /// The first fragment does not hold its transport header whole (RFC 1858, RFC 7112).
    TinyFirst, "fragment_tiny_first";
    /// A fragment other than the last whose length is no multiple of eight octets.
    Misaligned, "fragment_misaligned";
    /// A fragment without data.
    Empty, "fragment_empty";
    /// More frames than one datagram may have.
    TooMany, "fragment_too_many";
    /// First and last fragment were there, and octets between them never came.
    Gap, "fragment_gap";
}

/// A set of anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Anomalies(u16);

impl Anomalies {
    /// Adds one.
    pub const fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= Self::bit(anomaly);
    }

    /// Adds all of another set.
    pub const fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it holds `anomaly`.
    #[must_use]
    pub const fn has(self, anomaly: Anomaly) -> bool {
        self.0 & Self::bit(anomaly) != 0
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What it holds.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        Anomaly::ALL
            .iter()
            .copied()
            .filter(move |anomaly| self.has(*anomaly))
    }

    const fn bit(anomaly: Anomaly) -> u16 {
        1 << anomaly as u16
    }
}

/// How often each anomaly was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnomalyCounts([u64; Anomaly::ALL.len()]);

impl AnomalyCounts {
    /// Counts every anomaly of a set once.
    pub(super) fn count(&mut self, anomalies: Anomalies) {
        for anomaly in anomalies.iter() {
            if let Some(count) = self.0.get_mut(anomaly as usize) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// How often `anomaly` was met.
    #[must_use]
    pub fn get(&self, anomaly: Anomaly) -> u64 {
        self.0.get(anomaly as usize).copied().unwrap_or(0)
    }

    /// Adds the counts of another part of the same input.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Every anomaly with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Anomaly, u64)> + '_ {
        Anomaly::ALL.iter().map(|anomaly| (*anomaly, self.get(*anomaly)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let mut set = Anomalies::default();
        assert!(set.is_empty());

        set.insert(Anomaly::Conflict);
        set.insert(Anomaly::Gap);
        set.insert(Anomaly::Gap);

        assert_eq!(set.iter().collect::<Vec<_>>(), [Anomaly::Conflict, Anomaly::Gap]);
    }

    #[test]
    fn every_anomaly_has_a_bit_and_a_name_of_its_own() {
        for (number, anomaly) in Anomaly::ALL.iter().enumerate() {
            assert_eq!(*anomaly as usize, number);
            assert!(number < 16);
            let same_name = |other: &&Anomaly| other.name() == anomaly.name();
            assert_eq!(Anomaly::ALL.iter().filter(same_name).count(), 1);
        }
    }
}
