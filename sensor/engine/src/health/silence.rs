//! Silence: no frame for long where many came before.
//!
//! A pause is silence when it is longer than the site says ([`super::Settings::silence`]) and ten times as
//! long as the longest pause of the last hour, on an input that is known for five minutes and on which a
//! frame a second came on average. So a port that is quiet at night is not silent each night, and the
//! beginning of a capture says nothing.

use std::time::Duration;

use sekisho_model::Timestamp;

/// How long an input must be known before anything is said of its pauses.
const KNOWN: Duration = Duration::from_secs(300);
/// Frames in that time.
const BUSY: u64 = 300;
/// A pause must be so many times as long as the longest before.
const TIMES: u32 = 10;
/// Pauses are not told apart below this: where frames come close together, nobody looks at each.
const SHORTEST: Duration = Duration::from_secs(1);
/// The last hour, in parts of ten minutes.
const PARTS: usize = 6;
const PART: Duration = Duration::from_secs(600);

/// The pauses of one input.
#[derive(Debug, Clone, Default)]
pub(super) struct Pauses {
    /// The newest frame.
    last: Option<Timestamp>,
    first: Timestamp,
    frames: u64,
    /// The longest pause of each part of the last hour, the newest first.
    longest: [Duration; PARTS],
    part_began: Timestamp,
}

/// A pause that is silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// The longest pause before.
    pub(super) usual: Duration,
}

impl Pauses {
    /// Frames came until `at`; gives the silence that they end.
    pub(super) fn observe(&mut self, at: Timestamp, frames: u64, least: Duration) -> Option<Silence> {
        self.frames = self.frames.saturating_add(frames);
        let Some(last) = self.last else {
            (self.last, self.first, self.part_began) = (Some(at), at, at);
            return None;
        };
        self.last = Some(last.max(at));
        if at < last {
            return None;
        }
        // What nearly every frame comes by: no pause, and none to keep in mind.
        let [newest, ..] = self.longest;
        let is_close = at.since(last) <= SHORTEST.min(least);
        if is_close && newest >= SHORTEST && at.since(self.part_began) < PART {
            return None;
        }
        let silence = self.silence(last, at, least);
        // A pause that was silence makes the next no longer than it must be.
        let pause = at.since(last).max(SHORTEST).min(self.most(least));
        while at.since(self.part_began) >= PART {
            self.longest.rotate_right(1);
            self.longest[0] = Duration::ZERO;
            self.part_began = self.part_began.plus(PART);
            if at.since(self.part_began) >= PART.saturating_mul(u32::try_from(PARTS).unwrap_or(6)) {
                self.longest = [Duration::ZERO; PARTS];
                self.part_began = at;
            }
        }
        self.longest[0] = self.longest[0].max(pause);
        silence
    }

    /// Nothing came until `now`; gives the silence that goes on.
    pub(super) fn quiet(&self, now: Timestamp, least: Duration) -> Option<Silence> {
        self.silence(self.last?, now, least)
    }

    /// The input begins anew.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    fn usual(&self) -> Duration {
        self.longest.iter().max().copied().unwrap_or_default()
    }

    fn most(&self, least: Duration) -> Duration {
        least.max(self.usual().saturating_mul(TIMES))
    }

    fn silence(&self, from: Timestamp, to: Timestamp, least: Duration) -> Option<Silence> {
        let known = from.since(self.first);
        let is_busy = self.frames >= BUSY && u128::from(self.frames) >= u128::from(known.as_secs());
        let is_silence = known >= KNOWN && is_busy && to.since(from) > self.most(least);
        is_silence.then(|| Silence {
            from,
            to,
            usual: self.usual(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_secs(30);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds, 0)
    }

    /// An input with ten frames each so many seconds, for ten minutes.
    fn input(each: i64) -> Pauses {
        let mut pauses = Pauses::default();
        for second in (0..=600).step_by(usize::try_from(each).unwrap()) {
            assert_eq!(pauses.observe(at(second), 10, LEAST), None);
        }
        pauses
    }

    #[test]
    fn a_busy_input_is_silent_after_the_time_that_is_set() {
        let mut pauses = input(1);

        assert_eq!(pauses.quiet(at(630), LEAST), None);
        let silence = pauses.quiet(at(631), LEAST).unwrap();
        assert_eq!((silence.from, silence.to), (at(600), at(631)));
        assert_eq!(pauses.observe(at(900), 1, LEAST).unwrap().to, at(900));
        assert_eq!(pauses.observe(at(901), 1, LEAST), None);
    }

    #[test]
    fn an_input_with_pauses_gets_ten_times_the_longest() {
        let pauses = input(6);

        assert_eq!(pauses.quiet(at(659), LEAST), None);
        assert!(pauses.quiet(at(661), LEAST).is_some());
    }

    #[test]
    fn a_quiet_or_new_input_is_never_silent() {
        assert_eq!(input(60).quiet(at(9_999), LEAST), None);
        let mut new = Pauses::default();
        for second in 0..100 {
            new.observe(at(second), 1_000, LEAST);
        }
        assert_eq!(new.quiet(at(9_999), LEAST), None);
    }
}
