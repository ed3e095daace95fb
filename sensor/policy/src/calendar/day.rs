//! Days of the calendar as numbers, their names in texts, and civil times.

use std::fmt;

use jiff::civil::Date;

use super::fault::WindowFault;
use crate::error::{nearest, shown};

/// Minutes of a day.
pub(crate) const DAY_MINUTES: u16 = 1440;

/// Days since 1970-01-01 in the calendar's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The first day that a policy may name.
    pub(crate) const FIRST: Self = Self(0);
    /// The last one, 2099-12-31: the formula of the equinoxes holds until then.
    pub(crate) const LAST: Self = Self(47_481);

    /// The day of a date; `None` where there is no such date between 1970 and 2099.
    #[must_use]
    pub fn of(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = Date::new(year, month, day).ok()?;
        let midnight = jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
        let days = midnight.ok()?.as_second().div_euclid(86_400);
        let day = Self(i32::try_from(days).ok()?);
        (Self::FIRST..=Self::LAST).contains(&day).then_some(day)
    }

    /// Year, month and day of the month.
    #[must_use]
    pub fn date(self) -> (i16, i8, i8) {
        let instant = jiff::Timestamp::from_second(i64::from(self.0).saturating_mul(86_400));
        let date = jiff::tz::Offset::UTC.to_datetime(instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH));
        (date.year(), date.month(), date.day())
    }

    /// Day of the week, Monday is 0.
    #[must_use]
    pub const fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        match self.0.wrapping_add(3).rem_euclid(7) {
            0 => 0,
            1 => 1,
            2 => 2,
            3 => 3,
            4 => 4,
            5 => 5,
            _ => 6,
        }
    }

    /// The day before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The day after.
    #[must_use]
    pub const fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// `2026-11-08`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The days of the week in texts, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Number of a day of the week, Monday is 0.
pub(super) fn weekday(word: &str) -> Option<u8> {
    let position = WEEKDAYS.iter().position(|name| *name == word)?;
    u8::try_from(position).ok()
}

/// What somebody who knows other words for a day probably means.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    const OTHERS: &[(&str, &str)] = &[
        ("monday", "mon"),
        ("tuesday", "tue"),
        ("wednesday", "wed"),
        ("thursday", "thu"),
        ("friday", "fri"),
        ("saturday", "sat"),
        ("sunday", "sun"),
        ("月", "mon"),
        ("火", "tue"),
        ("水", "wed"),
        ("木", "thu"),
        ("金", "fri"),
        ("土", "sat"),
        ("日", "sun"),
        ("平日", "workday"),
        ("開庁日", "workday"),
        ("weekday", "workday"),
        ("business-day", "workday"),
        ("祝日", "holiday"),
        ("休日", "offday"),
        ("閉庁日", "offday"),
        ("weekend", "sat sun"),
        ("週末", "sat sun"),
        ("毎日", "all"),
        ("daily", "all"),
        ("everyday", "all"),
        ("always", "all"),
        ("*", "all"),
    ];
    let lower = word.to_lowercase();
    let plain = lower.trim_end_matches("曜日").trim_end_matches('s');
    let other = OTHERS
        .iter()
        .find(|(other, _)| *other == lower || *other == plain);
    let near = || nearest(&lower, DAY_WORDS.iter().copied());
    other.map(|(_, word)| *word).or_else(near)
}

/// Every plain word for days.
pub(super) const DAY_WORDS: &[&str] = &[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "holiday", "offday", "all",
];

/// Reads `2026-11-08`.
pub(super) fn parse_date(text: &str) -> Result<Day, WindowFault> {
    let whole = 0..text.len();
    let form = || {
        WindowFault::new(
            whole.clone(),
            format!("`{}` is no date", shown(text)),
            "write year, month and day as `2026-11-08`",
        )
    };
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(form());
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return Err(form());
    };
    let (Ok(year), Ok(month), Ok(day)) = (i16::try_from(year), i8::try_from(month), i8::try_from(day)) else {
        return Err(form());
    };
    Day::of(year, month, day).ok_or_else(|| {
        let help = match (1970..=2099).contains(&year) {
            true => "write a day that the month has",
            false => "write a date between 1970-01-01 and 2099-12-31",
        };
        WindowFault::new(whole.clone(), format!("there is no day `{}`", shown(text)), help)
    })
}

/// Reads `12-29`, a day of every year.
pub(super) fn parse_month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (
        i8::try_from(digits(month, 2)?).ok()?,
        i8::try_from(digits(day, 2)?).ok()?,
    );
    // A leap year has all days that any year has.
    Day::of(2024, month, day).map(|_| (month, day))
}

/// Reads `08:30` and `24:00` as minutes of the day.
pub(super) fn parse_time(text: &str) -> Result<u16, WindowFault> {
    let form = |message: &str| {
        WindowFault::new(
            0..text.len(),
            format!("`{}` {message}", shown(text)),
            "write hours and minutes as `08:30`; the last minute of a day ends at `24:00`",
        )
    };
    let (hour, minute) = text.split_once(':').ok_or_else(|| form("is no time of day"))?;
    let (Some(hour), Some(minute)) = (digits(hour, 2), digits(minute, 2)) else {
        return Err(form("is no time of day"));
    };
    if minute > 59 || hour > 24 || (hour == 24 && minute > 0) {
        return Err(form("is no time that a day has"));
    }
    Ok(hour.saturating_mul(60).saturating_add(minute))
}

/// A number of exactly `length` digits.
pub(super) fn digits(text: &str, length: usize) -> Option<u16> {
    let plain = text.len() == length && text.bytes().all(|octet| octet.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_epoch_and_know_their_weekday() {
        // `date -u -d 2026-11-08 +'%s %a'` prints 1794096000 Sun.
        let day = parse_date("2026-11-08").unwrap();

        assert_eq!(i64::from(day.0) * 86_400, 1_794_096_000);
        assert_eq!(day.weekday(), 6);
        assert_eq!(day.to_string(), "2026-11-08");
        assert_eq!(Day(0).weekday(), 3);
        assert_eq!(parse_date("2099-12-31").unwrap(), Day::LAST);
    }

    #[test]
    fn a_leap_day_is_a_day_of_leap_years_only() {
        assert!(parse_date("2028-02-29").is_ok());
        assert!(parse_date("2026-02-29").is_err());
        assert!(parse_date("2100-01-01").is_err());
        assert_eq!(parse_month_day("02-29"), Some((2, 29)));
        assert_eq!(parse_month_day("02-30"), None);
    }

    #[test]
    fn times_have_one_form() {
        assert_eq!(parse_time("08:30"), Ok(510));
        assert_eq!(parse_time("24:00"), Ok(1440));
        for wrong in ["8:30", "08.30", "24:01", "08:60", "0830", "", "08:30:00", "+8:30"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_words_for_days_are_understood_in_messages() {
        assert_eq!(meant("Monday"), Some("mon"));
        assert_eq!(meant("月曜日"), Some("mon"));
        assert_eq!(meant("mondays"), Some("mon"));
        assert_eq!(meant("平日"), Some("workday"));
        assert_eq!(meant("workdya"), Some("workday"));
        assert_eq!(meant("senkyo"), None);
    }
}
