//! Packet times of pcapng: ticks of any resolution since an epoch that may be shifted.
//!
//! Source: draft-ietf-opsawg-pcapng, section 4.2, options `if_tsresol` and `if_tsoffset`.

use sekisho_model::Timestamp;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// How the ticks of one interface become a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    offset_nanos: i128,
}

/// The length of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds.
    Nanos(i128),
    /// So many ticks are a nanosecond.
    PerNano(i128),
    /// Two to this power ticks are a second.
    Binary(u32),
}

impl Clock {
    /// A clock from the values of `if_tsresol` and `if_tsoffset` (seconds).
    ///
    /// The high bit of `resolution` chooses powers of two, the rest is the negative exponent.
    pub(super) const fn new(resolution: u8, offset_seconds: i64) -> Self {
        let exponent = (resolution & 0x7f) as u32;
        let tick = if resolution & 0x80 != 0 {
            Tick::Binary(exponent)
        } else if exponent <= 9 {
            Tick::Nanos(10_i128.pow(9_u32.saturating_sub(exponent)))
        } else {
            // Past 10^38 the divisor saturates; every tick count is then far below a nanosecond.
            Tick::PerNano(10_i128.saturating_pow(exponent.saturating_sub(9)))
        };
        Self {
            tick,
            offset_nanos: (offset_seconds as i128).saturating_mul(NANOS_PER_SECOND),
        }
    }

    /// The time after `ticks`, rounded down to a nanosecond and clamped to what can be expressed.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        let ticks = i128::from(ticks);
        let nanos = match self.tick {
            Tick::Nanos(nanos) => ticks.saturating_mul(nanos),
            Tick::PerNano(ticks_per_nano) => ticks.checked_div(ticks_per_nano).unwrap_or(0),
            Tick::Binary(exponent) => ticks
                .saturating_mul(NANOS_PER_SECOND)
                .checked_shr(exponent)
                .unwrap_or(0),
        };
        let nanos = nanos.saturating_add(self.offset_nanos);
        Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl Default for Clock {
    /// Microseconds since the Unix epoch: what an interface without options uses.
    fn default() -> Self {
        Self::new(6, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_resolution() {
        // (if_tsresol, ticks, nanoseconds), worked out by hand.
        let table: [(u8, u64, i64); 16] = [
            (0, 1_700_000_000, 1_700_000_000_000_000_000), // seconds
            (1, 15, 1_500_000_000),                        // tenths: 1.5 s
            (3, 1_500, 1_500_000_000),                     // milliseconds
            (5, 150_001, 1_500_010_000),                   // 10 microseconds
            (6, 1_500_001, 1_500_001_000),                 // microseconds
            (7, 15_000_001, 1_500_000_100),                // 100 nanoseconds
            (9, 1_500_000_001, 1_500_000_001),             // nanoseconds
            (10, 15_000_000_019, 1_500_000_001),           // 0.1 ns, rounded down
            (12, 1_500_000_000_999, 1_500_000_000),        // picoseconds, rounded down
            (19, 15_000_000_000_000_000_000, 1_500_000_000),
            (127, u64::MAX, 0),
            (0x80, 3, 3_000_000_000),              // 2^0: seconds
            (0x80 | 1, 3, 1_500_000_000),          // 2^-1: half seconds
            (0x80 | 10, 1_536, 1_500_000_000),     // 2^-10: 1536 / 1024 s
            (0x80 | 20, 1_048_577, 1_000_000_953), // 2^-20: 1 s + 953.67 ns
            (0x80 | 127, u64::MAX, 0),
        ];

        for (resolution, ticks, nanos) in table {
            assert_eq!(
                Clock::new(resolution, 0).time(ticks).nanos(),
                nanos,
                "if_tsresol {resolution:#04x}, {ticks} ticks"
            );
        }
    }

    #[test]
    fn shifts_by_the_offset_either_way() {
        assert_eq!(Clock::new(6, 100).time(1_500_000).nanos(), 101_500_000_000);
        assert_eq!(Clock::new(6, -100).time(1_500_000).nanos(), -98_500_000_000);
        assert_eq!(Clock::new(0x80 | 10, 1).time(512).nanos(), 1_500_000_000);
    }

    #[test]
    fn clamps_what_cannot_be_expressed() {
        assert_eq!(Clock::new(0, 0).time(u64::MAX), Timestamp::MAX);
        assert_eq!(Clock::new(6, i64::MIN).time(0), Timestamp::MIN);
        assert_eq!(Clock::new(0, i64::MAX).time(u64::MAX), Timestamp::MAX);
    }
}
