//! Limits of a defragmenter, and what it counts.

use std::time::Duration;

use sekisho_model::limits;

use super::AnomalyCounts;

/// Limits. Times are packet time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Datagrams known at once, abandoned ones among them; the one begun longest ago goes first.
    pub datagrams: usize,
    /// Octets of memory for them: copies of the frames that are held, and what is noted beside them.
    /// The datagram begun longest ago goes first. Suricata's default is the same 32 MiB, Linux keeps
    /// 4 MiB.
    pub octets: usize,
    /// A datagram has this long from its first fragment to its last: 30 seconds as in Linux, where
    /// RFC 1122 and RFC 8200 have a receiver wait for 60.
    pub timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            datagrams: usize::try_from(limits::FRAGMENTED_DATAGRAMS.default).unwrap_or(usize::MAX),
            octets: usize::try_from(limits::FRAGMENT_OCTETS.default).unwrap_or(usize::MAX),
            timeout: Duration::from_secs(30),
        }
    }
}

/// What a defragmenter counted; every number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Fragments given to it.
    pub fragments: u64,
    /// Fragments that are part of complete datagrams.
    pub reassembled: u64,
    /// Fragments given back because their datagram never completed.
    pub released: u64,
    /// Fragments that were not held.
    pub not_held: u64,
    /// Datagrams that completed.
    pub completed: u64,
    /// Datagrams that did not complete in time.
    pub timed_out: u64,
    /// Datagrams that had to go because a limit was met.
    pub evicted: u64,
    /// Datagrams that were abandoned: their fragments cannot be one datagram, or are cut off.
    pub abandoned: u64,
    /// Datagrams that were not complete at the end of input.
    pub unfinished: u64,
    /// Anomalies, once a fragment; [`Anomaly::Gap`](super::Anomaly::Gap) once a datagram.
    pub anomalies: AnomalyCounts,
}

impl Counters {
    /// Adds the counts of another defragmenter.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.fragments, other.fragments),
            (&mut self.reassembled, other.reassembled),
            (&mut self.released, other.released),
            (&mut self.not_held, other.not_held),
            (&mut self.completed, other.completed),
            (&mut self.timed_out, other.timed_out),
            (&mut self.evicted, other.evicted),
            (&mut self.abandoned, other.abandoned),
            (&mut self.unfinished, other.unfinished),
        ] {
            *mine = mine.saturating_add(theirs);
        }
        self.anomalies.add(&other.anomalies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defrag::{Anomalies, Anomaly};

    #[test]
    fn counters_of_two_add_up() {
        let mut anomalies = Anomalies::default();
        anomalies.insert(Anomaly::Gap);
        let mut one = Counters {
            fragments: 1,
            reassembled: 2,
            released: 3,
            not_held: 4,
            completed: 5,
            timed_out: 6,
            evicted: 7,
            abandoned: 8,
            unfinished: 9,
            anomalies: AnomalyCounts::default(),
        };
        one.anomalies.count(anomalies);

        let mut two = one;
        two.add(&one);

        assert_eq!((two.fragments, two.reassembled, two.released), (2, 4, 6));
        assert_eq!((two.not_held, two.completed, two.timed_out), (8, 10, 12));
        assert_eq!((two.evicted, two.abandoned, two.unfinished), (14, 16, 18));
        assert_eq!(two.anomalies.iter().map(|(_, count)| count).sum::<u64>(), 2);
        assert_eq!(two.anomalies.get(Anomaly::Gap), 2);
    }
}
