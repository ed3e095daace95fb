//! Steps of packet time backwards, and times that no capture can have.
//!
//! Packets of several queues come in a little disorder, so a step is believed when it is longer than
//! [`STEP`] and [`AGREE`] packets one after the other say so.

use std::time::Duration;

use sekisho_model::Timestamp;
use sekisho_model::blind::MirrorFinding;

use super::{Context, words};

/// Packets this much earlier than the latest before are no disorder.
const STEP: Duration = Duration::from_secs(1);
/// So many packets agree on a step.
const AGREE: u8 = 8;
/// Packet time may differ from the host's by this much.
const SKEW: Duration = Duration::from_secs(2);
/// 2000-01-01: a clock that shows less was never set.
const NEVER_SET: Timestamp = Timestamp::from_seconds(946_684_800, 0);

/// A step backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Where time went on.
    pub(crate) to: Timestamp,
    /// Where it had been.
    pub(crate) from: Timestamp,
}

/// Packet time so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    latest: Option<Timestamp>,
    /// Packets, one after the other, that are long before the latest, and the first of them.
    behind: u8,
    since: Timestamp,
    steps: u64,
    widest: Duration,
}

impl Steps {
    /// Takes the time of a packet into account; gives the step that it confirms.
    #[inline]
    pub(crate) fn observe(&mut self, at: Timestamp) -> Option<Step> {
        let Some(latest) = self.latest else {
            self.latest = Some(at);
            return None;
        };
        if latest.since(at) <= STEP {
            self.latest = Some(latest.max(at));
            self.behind = 0;
            return None;
        }
        self.step(at, latest)
    }

    /// Whether packets from `first` on can hold no step, where they lie close together.
    pub(crate) fn is_calm(&self, first: Timestamp) -> bool {
        self.behind == 0 && self.latest.is_none_or(|latest| latest.since(first) <= STEP)
    }

    #[cold]
    fn step(&mut self, at: Timestamp, latest: Timestamp) -> Option<Step> {
        if self.behind == 0 {
            self.since = at;
        }
        self.since = self.since.min(at);
        self.behind = self.behind.saturating_add(1);
        if self.behind < AGREE {
            return None;
        }
        self.behind = 0;
        self.latest = Some(at);
        self.steps = self.steps.saturating_add(1);
        self.widest = self.widest.max(latest.since(self.since));
        Some(Step {
            to: self.since,
            from: latest,
        })
    }

    pub(super) fn judge(
        &self,
        span: Option<(Timestamp, Timestamp)>,
        context: &Context,
    ) -> Option<MirrorFinding> {
        let (first, last) = span?;
        if self.steps > 0 {
            return Some(words::clock_steps(self.steps, self.widest));
        }
        if first < NEVER_SET {
            return Some(words::clock_never_set(first));
        }
        let now = context.now?;
        let ahead = last.since(now);
        let behind = now.since(last);
        if ahead > SKEW {
            return Some(words::clock_skew(ahead, true));
        }
        (!context.interface.is_empty() && behind > SKEW).then(|| words::clock_skew(behind, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_in(seconds: impl IntoIterator<Item = i64>) -> Vec<Step> {
        let mut steps = Steps::default();
        let times = seconds.into_iter();
        times
            .filter_map(|second| steps.observe(Timestamp::from_seconds(second, 0)))
            .collect()
    }

    #[test]
    fn packets_that_agree_on_an_earlier_time_are_a_step() {
        let at = |second| Timestamp::from_seconds(second, 0);

        let steps = steps_in((100..110).chain(50..60));

        assert_eq!(
            steps,
            [Step {
                to: at(50),
                from: at(109)
            }]
        );
    }

    #[test]
    fn a_little_disorder_and_one_wrong_packet_are_none() {
        assert!(steps_in([100, 101, 100, 102, 101, 3, 103, 104]).is_empty());
    }
}
