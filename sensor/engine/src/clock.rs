//! Packet time as the whole input tells it.
//!
//! One packet with a wrong time must not end every flow, and a second file that is older than the
//! first must not leave the clock in the future. So a small step is believed at once, forwards, and
//! a larger one either way only when the next packet confirms it.

use sekisho_model::Timestamp;

/// Steps up to so many nanoseconds are believed at once.
const STEP: i64 = 60_000_000_000;

/// The clock of an input.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Option<Timestamp>,
    /// A time far from now that the packet before gave.
    far: Option<Timestamp>,
    /// Large steps backwards that were believed.
    backwards: u64,
}

impl Clock {
    /// The time now; the earliest of all before the first packet.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.unwrap_or(Timestamp::MIN)
    }

    /// Large steps backwards that were believed.
    pub(crate) const fn backwards(&self) -> u64 {
        self.backwards
    }

    /// Takes the time of a packet into account.
    #[inline]
    pub(crate) fn observe(&mut self, at: Timestamp) {
        let Some(now) = self.now else {
            self.now = Some(at);
            return;
        };
        if is_near(at, now) {
            self.now = Some(now.max(at));
            self.far = None;
            return;
        }
        self.step(at, now);
    }

    #[cold]
    fn step(&mut self, at: Timestamp, now: Timestamp) {
        match self.far {
            // Two packets agree that it is later: it is as late as the earlier of them.
            Some(far) if far > now && at > now => self.now = Some(far.min(at)),
            // Two packets agree that it is earlier, and with each other.
            Some(far) if far < now && at < now && is_near(at, far) => {
                self.backwards = self.backwards.saturating_add(1);
                self.now = Some(far.max(at));
            }
            _ => {
                self.far = Some(at);
                return;
            }
        }
        // What is still far from the new time stays to be confirmed.
        self.far = Some(at).filter(|at| at.nanos().saturating_sub(self.now().nanos()) > STEP);
    }
}

/// Whether two times are one step apart at most.
#[inline]
const fn is_near(one: Timestamp, other: Timestamp) -> bool {
    let apart = one.nanos().saturating_sub(other.nanos());
    apart >= -STEP && apart <= STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second, 0)
    }

    fn after(seconds: &[i64]) -> Clock {
        let mut clock = Clock::default();
        seconds.iter().for_each(|second| clock.observe(at(*second)));
        clock
    }

    #[test]
    fn small_steps_are_believed_and_never_go_back() {
        assert_eq!(after(&[100, 130, 120]).now(), at(130));
    }

    #[test]
    fn one_packet_from_the_future_moves_nothing() {
        assert_eq!(after(&[100, 1_000_000, 101, 102]).now(), at(102));
        assert_eq!(after(&[1_000_000, 100, 101, 102]).now(), at(102));
    }

    #[test]
    fn packets_far_apart_move_the_clock_one_behind() {
        assert_eq!(after(&[100, 1_000, 2_000, 3_000]).now(), at(2_000));
    }

    #[test]
    fn an_older_file_behind_a_newer_one_takes_the_clock_with_it() {
        let clock = after(&[10_000, 10_001, 100, 101, 102]);

        assert_eq!((clock.now(), clock.backwards()), (at(102), 1));
    }
}
