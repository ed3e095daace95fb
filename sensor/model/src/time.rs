//! Packet time: nanoseconds since the Unix epoch, as read from the capture.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// An instant of packet time, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// Reaches from the year 1677 to 2262; a capture that claims more is clamped by its reader.
/// Shown as RFC 3339 with microseconds and offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant that can be expressed.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant that can be expressed.
    pub const MAX: Self = Self(i64::MAX);

    /// An instant from nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// An instant from seconds and nanoseconds since the epoch, clamped to what can be expressed.
    #[must_use]
    pub const fn from_seconds(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Microseconds since the epoch, rounded down.
    #[must_use]
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The time from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }

    /// This instant moved later by `duration`, clamped to what can be expressed.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// Whole hours since the epoch: the partition of the flow store that this instant falls in.
    #[must_use]
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(3_600_000_000_000)
    }

    /// Parses RFC 3339 with any offset (`2026-11-02T09:00:00+09:00`), or seconds since the epoch.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<i64>() {
            return Some(Self::from_seconds(seconds, 0));
        }
        let instant: jiff::Timestamp = text.parse().ok()?;
        Some(Self(i64::try_from(instant.as_nanosecond()).ok()?))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let t = jiff::tz::Offset::UTC.to_datetime(instant);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.subsec_nanosecond().div_euclid(1_000)
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_in_rfc_3339_with_microseconds() {
        // `date -u -d @1795398805 +%FT%T` prints 2026-11-23T01:53:25.
        let time = Timestamp::from_seconds(1_795_398_805, 280_000_999);

        assert_eq!(time.to_string(), "2026-11-23T01:53:25.280000+00:00");
    }

    #[test]
    fn reads_what_it_shows_and_other_offsets() {
        let time = Timestamp::from_seconds(1_795_398_805, 280_000_000);

        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        assert_eq!(Timestamp::parse("2026-11-23T10:53:25.28+09:00"), Some(time));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn time_running_backwards_is_no_negative_duration() {
        let early = Timestamp::from_nanos(5);

        assert_eq!(early.since(Timestamp::from_nanos(9)), Duration::ZERO);
        assert_eq!(
            Timestamp::MAX.since(Timestamp::MIN),
            Duration::from_nanos(i64::MAX.cast_unsigned())
        );
    }
}
