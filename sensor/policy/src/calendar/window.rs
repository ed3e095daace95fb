//! A window: at which minutes something is allowed.
//!
//! What recurs every week is kept as ranges of minutes by the class of a day, its weekday and
//! whether it is a holiday; what happens on certain dates as ranges of minutes since 1970. Both are
//! local time, so a look-up is one offset, one bit and a few comparisons.

use std::sync::Arc;

use sekisho_model::Timestamp;

use super::Calendar;
use super::day::{DAY_MINUTES, Day};
use super::fault::WindowFault;
use super::ranges::Ranges;

/// Classes of days: seven weekdays, each as a plain day or as a holiday.
pub(crate) const CLASSES: usize = 14;

/// The days that a window speaks of.
#[derive(Debug, Clone, Default)]
pub(super) struct Days {
    /// A bit for each class of days.
    pub(super) classes: u16,
    /// From one date to another, both meant.
    pub(super) dates: Vec<(Day, Day)>,
    /// Stretches between two civil times, as minutes since 1970.
    pub(super) stretches: Vec<(i64, i64)>,
}

impl Days {
    /// Every day.
    pub(super) const ALL: u16 = 0x3fff;

    pub(super) fn add(&mut self, other: Self) {
        self.classes |= other.classes;
        self.dates.extend(other.dates);
        self.stretches.extend(other.stretches);
    }
}

/// Days and the times of them, as one part of a text says it.
#[derive(Debug, Clone)]
pub(super) struct Spell {
    pub(super) days: Days,
    /// Minutes from the begin of the day; the end may lie in the next day.
    pub(super) times: Vec<(u16, u16)>,
}

/// Ranges of dates that one window may hold.
const MAX_STRETCHES: usize = 1024;

/// When something is allowed; immutable, shared by every worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    text: Arc<str>,
    /// By class, minutes from the begin of a day to the end of the next.
    weekly: Arc<[Ranges<u16>; CLASSES]>,
    /// Minutes since 1970 in local time.
    dated: Ranges<i64>,
    always: bool,
}

impl Window {
    pub(super) fn new(calendar: &Calendar, text: &str, spells: &[Spell]) -> Result<Self, WindowFault> {
        let weekly = std::array::from_fn(|class| {
            let here = spells
                .iter()
                .filter(|spell| (spell.days.classes >> class) & 1 == 1);
            Ranges::new(here.flat_map(|spell| spell.times.iter().copied()).collect())
        });
        let mut dated = Vec::new();
        for spell in spells {
            spell.dated(&mut dated);
            if dated.len() > MAX_STRETCHES {
                return Err(WindowFault::new(
                    0..text.len(),
                    format!("the window has more than {MAX_STRETCHES} stretches of dates"),
                    "use fewer times or dates; what recurs is said by days of the week",
                ));
            }
        }
        Ok(Self::from_parts(
            calendar,
            Arc::from(text),
            weekly,
            Ranges::new(dated),
        ))
    }

    fn from_parts(
        calendar: &Calendar,
        text: Arc<str>,
        weekly: [Ranges<u16>; CLASSES],
        dated: Ranges<i64>,
    ) -> Self {
        let mut window = Self {
            text,
            weekly: Arc::new(weekly),
            dated,
            always: false,
        };
        window.always = calendar
            .neighbours()
            .all(|(yesterday, today)| window.day(yesterday, today).covers(0, DAY_MINUTES));
        window
    }

    /// Open where any of `windows` is; `None` where there is none.
    #[must_use]
    pub fn any_of(calendar: &Calendar, windows: &[Self]) -> Option<Self> {
        let (first, further) = windows.split_first()?;
        if further.is_empty() {
            return Some(first.clone());
        }
        let weekly = std::array::from_fn(|class| {
            let ranges = windows.iter().filter_map(|window| window.weekly.get(class));
            Ranges::new(ranges.flat_map(Ranges::iter).collect())
        });
        let dated = Ranges::new(windows.iter().flat_map(|window| window.dated.iter()).collect());
        let texts: Vec<&str> = windows.iter().map(Self::text).collect();
        Some(Self::from_parts(
            calendar,
            Arc::from(texts.join(", ")),
            weekly,
            dated,
        ))
    }

    /// The words of the policy.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the window is open at an instant. The calendar is the one that made the window.
    #[must_use]
    pub fn is_open(&self, calendar: &Calendar, at: Timestamp) -> bool {
        self.always || self.has(calendar, calendar.minute(at))
    }

    /// Whether it is open at a minute since 1970 in local time.
    pub(crate) fn has(&self, calendar: &Calendar, minute: i64) -> bool {
        let (day, of_day) = split(minute);
        let today = self.weekly.get(calendar.class(day));
        if today.is_some_and(|ranges| ranges.has(of_day)) {
            return true;
        }
        let yesterday = self.weekly.get(calendar.class(day.before()));
        let since_yesterday = of_day.saturating_add(DAY_MINUTES);
        yesterday.is_some_and(|ranges| ranges.has(since_yesterday)) || self.dated.has(minute)
    }

    /// Whether it is open at every minute that the calendar has.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        self.always
    }

    /// Whether it is closed at every minute that the calendar has.
    #[must_use]
    pub fn is_never(&self, calendar: &Calendar) -> bool {
        let closed = |(_, today): (usize, usize)| self.weekly.get(today).is_none_or(Ranges::is_empty);
        self.dated.is_empty() && calendar.neighbours().all(closed)
    }

    /// The minutes of a week without holidays, dates and events.
    #[must_use]
    pub fn week(&self) -> WeekMinutes {
        self.week_of(0)
    }

    /// The minutes of a week all of whose days are holidays.
    #[must_use]
    pub fn holiday_week(&self) -> WeekMinutes {
        self.week_of(7)
    }

    fn week_of(&self, first_class: usize) -> WeekMinutes {
        let mut week = WeekMinutes::default();
        for (weekday, ranges) in self.weekly.iter().skip(first_class).take(7).enumerate() {
            let begin = u16::try_from(weekday).unwrap_or(0).saturating_mul(DAY_MINUTES);
            for (start, end) in ranges.iter() {
                for minute in start..end {
                    week.insert(minute.saturating_add(begin).rem_euclid(WEEK_MINUTES));
                }
            }
        }
        week
    }

    /// The first instant from `at` on at which the window is open, to the minute; `None` where it
    /// stays closed for two years.
    #[must_use]
    pub fn next_open(&self, calendar: &Calendar, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(calendar, at) {
            return Some(at);
        }
        let now = calendar.minute(at);
        let (first, _) = split(now);
        let last = Day(first.0.saturating_add(732));
        let mut day = first;
        while day <= last {
            let begin = begin_of(day);
            let starts = self.weekly.get(calendar.class(day)).into_iter();
            let mut starts: Vec<i64> = starts
                .flat_map(Ranges::iter)
                .map(|(start, _)| begin.saturating_add(i64::from(start)))
                .chain(self.dated.iter().map(|(start, _)| start))
                .filter(|start| *start > now && split(*start).0 == day)
                .collect();
            starts.sort_unstable();
            // A minute that the clocks skip has no instant of its own.
            let open = |minute: &i64| {
                let instant = calendar.instant_of(*minute)?;
                (instant > at && self.is_open(calendar, instant)).then_some(instant)
            };
            if let Some(instant) = starts.iter().find_map(open) {
                return Some(instant);
            }
            day = day.after();
        }
        None
    }

    /// The minutes of a day of class `today` after a day of class `yesterday`, dates aside.
    pub(crate) fn day(&self, yesterday: usize, today: usize) -> Ranges<u16> {
        let of = |class| self.weekly.get(class).into_iter().flat_map(Ranges::iter);
        let spill = of(yesterday).filter_map(|(start, end)| {
            let end = end.checked_sub(DAY_MINUTES)?;
            Some((start.saturating_sub(DAY_MINUTES), end))
        });
        let own = of(today).map(|(start, end)| (start, end.min(DAY_MINUTES)));
        Ranges::new(spill.chain(own).collect())
    }

    /// The stretches of certain dates, as minutes since 1970 in local time.
    pub(crate) fn dated(&self) -> impl Iterator<Item = (i64, i64)> {
        self.dated.iter()
    }
}

impl Spell {
    fn dated(&self, out: &mut Vec<(i64, i64)>) {
        let whole = |times: &[(u16, u16)]| times.contains(&(0, DAY_MINUTES));
        let on = |day: Day, out: &mut Vec<(i64, i64)>| {
            let begin = begin_of(day);
            out.extend(self.times.iter().map(|(start, end)| {
                let at = |minute: u16| begin.saturating_add(i64::from(minute));
                (at(*start), at(*end))
            }));
        };
        for (first, last) in &self.days.dates {
            if whole(&self.times) {
                out.push((begin_of(*first), begin_of(last.after())));
            }
            // A night of the last day reaches into the day after also where the days are whole.
            let mut day = if whole(&self.times) { *last } else { *first };
            while day <= *last && out.len() <= MAX_STRETCHES {
                on(day, out);
                day = day.after();
            }
        }
        for (start, end) in &self.days.stretches {
            if whole(&self.times) {
                out.push((*start, *end));
                continue;
            }
            let mut day = split(*start).0.before();
            while begin_of(day) < *end && out.len() <= MAX_STRETCHES {
                let mut here = Vec::new();
                on(day, &mut here);
                let inside = here
                    .into_iter()
                    .map(|(from, to)| (from.max(*start), to.min(*end)));
                out.extend(inside.filter(|(from, to)| from < to));
                day = day.after();
            }
        }
    }
}

/// The day of a minute since 1970, and which of its minutes it is.
pub(crate) fn split(minute: i64) -> (Day, u16) {
    let minutes = i64::from(DAY_MINUTES);
    let day = i32::try_from(minute.div_euclid(minutes)).unwrap_or(0);
    (Day(day), u16::try_from(minute.rem_euclid(minutes)).unwrap_or(0))
}

/// The first minute of a day, since 1970.
pub(crate) fn begin_of(day: Day) -> i64 {
    i64::from(day.0).saturating_mul(i64::from(DAY_MINUTES))
}

/// Minutes of a week.
pub const WEEK_MINUTES: u16 = 7 * DAY_MINUTES;

/// A set of minutes of the week; minute 0 is Monday 00:00.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekMinutes(Box<[u64; 158]>);

impl Default for WeekMinutes {
    fn default() -> Self {
        Self(Box::new([0; 158]))
    }
}

impl WeekMinutes {
    fn insert(&mut self, minute: u16) {
        if let Some(word) = self.0.get_mut(usize::from(minute >> 6)) {
            *word |= 1 << (minute & 63);
        }
    }

    /// Whether a minute is in the set.
    #[must_use]
    pub fn has(&self, minute: u16) -> bool {
        let word = self.0.get(usize::from(minute >> 6));
        word.is_some_and(|word| (word >> (minute & 63)) & 1 == 1)
    }

    /// How many minutes there are, at most [`WEEK_MINUTES`].
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0
            .iter()
            .map(|word| word.count_ones())
            .fold(0, u32::saturating_add)
    }
}
