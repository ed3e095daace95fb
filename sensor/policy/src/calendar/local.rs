//! A time on the clocks of the policy.

use std::fmt;

use sekisho_model::Text;

use super::Day;

/// An instant on the clocks of the calendar's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// The day.
    pub day: Day,
    /// Minute of the day, 0 to 1439.
    pub minute: u16,
    /// Second of the minute.
    pub second: u8,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl LocalTime {
    /// The same with the day of the week in both languages: `2026-11-04 10:00 (水) +09:00`.
    #[must_use]
    pub fn text(&self) -> Text {
        const DAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
        Text::new(self.with(DAYS), self.to_string())
    }

    /// The time with the names of the days from Monday on.
    fn with(&self, days: [&str; 7]) -> String {
        let day = days.get(usize::from(self.day.weekday())).unwrap_or(&"");
        let sign = if self.offset < 0 { '-' } else { '+' };
        let offset = self.offset.unsigned_abs().div_euclid(60);
        format!(
            "{} {:02}:{:02} ({day}) {sign}{:02}:{:02}",
            self.day,
            self.minute.div_euclid(60),
            self.minute.rem_euclid(60),
            offset.div_euclid(60),
            offset.rem_euclid(60)
        )
    }
}

/// `2026-11-04 10:00 (Wed) +09:00`.
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]))
    }
}
