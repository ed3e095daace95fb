//! Instants: RFC 3339 in UTC with microseconds, as [`Timestamp`] shows itself.

use sekisho_model::Timestamp;

use super::Line;
use super::number::two_digits;

/// A day and its date, so that the date of a day is worked out once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date {
    /// Days since the epoch.
    day: i64,
    /// `2026-11-23`.
    text: [u8; 10],
}

impl Default for Date {
    fn default() -> Self {
        Self {
            day: 0,
            text: *b"1970-01-01",
        }
    }
}

impl Line {
    /// An instant, without quotation marks.
    pub(crate) fn time(&mut self, time: Timestamp) {
        let micros = time.micros();
        let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        if day != self.date.day {
            self.date = date(day);
        }
        let [second, micros] = [second, micros].map(|number| u32::try_from(number).unwrap_or(0));
        let [h, hh] = two_digits(second / 3600);
        let [m, mm] = two_digits(second / 60 % 60);
        let [s, ss] = two_digits(second % 60);
        let [a, b] = two_digits(micros / 10_000);
        let [c, d] = two_digits(micros / 100);
        let [e, f] = two_digits(micros);
        self.octets.extend_from_slice(&self.date.text);
        self.octets.extend_from_slice(&[
            b'T', h, hh, b':', m, mm, b':', s, ss, b'.', a, b, c, d, e, f, b'+', b'0', b'0', b':', b'0', b'0',
        ]);
    }
}

/// The date of a day in the Gregorian calendar. The year of a [`Timestamp`] has four digits.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(day: i64) -> Date {
    let shifted = day + 719_468; // From 1 March of the year 0.
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let [century, year, month, day_of_month] =
        [year / 100, year % 100, month, day_of_month].map(|number| u32::try_from(number).unwrap_or(0));
    let [[a, b], [c, d]] = [two_digits(century), two_digits(year)];
    let [[e, f], [g, h]] = [two_digits(month), two_digits(day_of_month)];
    Date {
        day,
        text: [a, b, c, d, b'-', e, f, b'-', g, h],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::Timestamp;

    use crate::line::{Line, written};

    #[test]
    fn the_ends_of_what_can_be_expressed_and_leap_days_are_right() {
        let hour = 3_600_000_000_000;
        let mut times = vec![i64::MIN, i64::MAX, -1, 0, 1];
        // Every second hour of the years 1999 to 2001 and around 1900 and 2100.
        for year in [-70, 29, 30, 31, 130] {
            let begin: i64 = year * 365 * 24 * hour;
            times.extend((0..10_000).map(|n| begin + n * 2 * hour + n));
        }
        for time in times.into_iter().map(Timestamp::from_nanos) {
            assert_eq!(written(time), format!("\"{time}\""));
        }
    }

    proptest! {
        #[test]
        fn an_instant_is_written_as_it_shows_itself(one: i64, other: i64) {
            let (one, other) = (Timestamp::from_nanos(one), Timestamp::from_nanos(other));
            let mut line = Line::default();

            line.time(one);
            line.time(other);
            line.time(one);

            let expected = format!("{one}{other}{one}");
            prop_assert_eq!(line.octets(), expected.as_bytes());
        }
    }
}
