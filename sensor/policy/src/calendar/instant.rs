//! Instants that a policy names: the begin and the end of what it allows.

use jiff::civil::{DateTime, Time};
use sekisho_model::Timestamp;

use super::Calendar;
use super::day::{Day, digits, parse_date};
use super::fault::WindowFault;
use super::window::split;
use crate::error::shown;

impl Calendar {
    /// The first instant of a date, or the instant of a date-time: what `starts` says.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, where in it, and what to write instead.
    pub fn date_start(&self, text: &str) -> Result<Timestamp, WindowFault> {
        self.instant(text, false)
    }

    /// The instant after the last of a date, or the instant of a date-time: what `expires` says.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, where in it, and what to write instead.
    pub fn date_end(&self, text: &str) -> Result<Timestamp, WindowFault> {
        self.instant(text, true)
    }

    fn instant(&self, text: &str, end: bool) -> Result<Timestamp, WindowFault> {
        let Some((date, time)) = text.split_once(['T', ' ']) else {
            let day = parse_date(text)?;
            let day = if end { day.after() } else { day };
            return self.midnight(day).ok_or_else(|| wrong(text));
        };
        let day = parse_date(date)?;
        // With an offset of its own it needs no time zone.
        if time.contains(['+', '-', 'Z', 'z']) {
            return Timestamp::parse(text).ok_or_else(|| wrong(text));
        }
        let (clock, second) = match time.rsplit_once(':') {
            Some((clock, second)) if clock.contains(':') => (clock, digits(second, 2)),
            _ => (time, Some(0)),
        };
        let minute =
            super::day::parse_time(clock).map_err(|fault| fault.within(date.len().saturating_add(1)))?;
        let second = second.filter(|second| *second < 60).ok_or_else(|| wrong(text))?;
        let instant = self.resolve(day, minute).ok_or_else(|| wrong(text))?;
        Ok(instant.plus(std::time::Duration::from_secs(u64::from(second))))
    }

    /// The first instant of a day.
    pub(crate) fn midnight(&self, day: Day) -> Option<Timestamp> {
        self.resolve(day, 0)
    }

    /// The instant of a minute since 1970 on the clocks; the later one of a minute that is skipped.
    pub(crate) fn instant_of(&self, minute: i64) -> Option<Timestamp> {
        let (day, of_day) = split(minute);
        self.resolve(day, of_day)
    }

    fn resolve(&self, day: Day, minute: u16) -> Option<Timestamp> {
        let day = Day(day.0.saturating_add(i32::from(minute.div_euclid(1440))));
        let minute = minute.rem_euclid(1440);
        let (year, month, of_month) = day.date();
        let hour = i8::try_from(minute.div_euclid(60)).ok()?;
        let time = Time::new(hour, i8::try_from(minute.rem_euclid(60)).ok()?, 0, 0).ok()?;
        let date = jiff::civil::Date::new(year, month, of_month).ok()?;
        let zoned = DateTime::from_parts(date, time)
            .to_zoned(self.zone.jiff().clone())
            .ok()?;
        let second = zoned.timestamp().as_second();
        Some(Timestamp::from_seconds(second, 0))
    }
}

fn wrong(text: &str) -> WindowFault {
    WindowFault::new(
        0..text.len(),
        format!("`{}` is no date", shown(text)),
        "write a day as `2027-03-31`, or a day and a time as `2027-03-31T17:15`",
    )
}
