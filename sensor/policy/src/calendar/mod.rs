//! When something is allowed: working days, holidays, shifts, named events, in a declared time zone.
//!
//! A [`Calendar`] is compiled from what `[calendar]` declares, and makes [`Window`]s of the texts
//! that paths give. Everything is judged by packet time; nothing here reads a clock or a file.

mod day;
mod event;
mod fault;
mod grammar;
mod instant;
mod japan;
mod local;
mod ranges;
mod window;
mod zone;

use std::sync::OnceLock;

use sekisho_model::{Text, Timestamp};

pub use day::Day;
pub use event::EventDecl;
pub use fault::{CalendarFault, CalendarItem, WindowFault};
pub use local::LocalTime;
pub use window::{WEEK_MINUTES, WeekMinutes, Window};

pub(crate) use day::DAY_MINUTES;
pub(crate) use ranges::Ranges;
pub(crate) use window::begin_of;

use event::Event;
use window::{CLASSES, Days, split};
use zone::Zone;

/// Octets of one text of a window.
const MAX_TEXT: usize = 4096;

/// Windows, shifts and events that a calendar may have together.
const MAX_NAMES: usize = 4096;

/// What `[calendar]` says, as texts.
#[derive(Debug, Clone, Default)]
pub struct CalendarDecl {
    /// `Asia/Tokyo` where absent.
    pub timezone: Option<String>,
    /// Monday to Friday where absent.
    pub workdays: Option<Vec<String>>,
    /// `jp` where absent and the time zone is `Asia/Tokyo`; none where absent elsewhere.
    pub holidays: Option<Vec<String>>,
    /// `[calendar.window.NAME]` and `[calendar.shift.NAME]`.
    pub windows: Vec<WindowDecl>,
    /// `[[calendar.event]]`.
    pub events: Vec<EventDecl>,
}

/// A named window or shift.
#[derive(Debug, Clone, Default)]
pub struct WindowDecl {
    /// The word that paths use.
    pub name: String,
    /// Words for days; every day where empty.
    pub days: Vec<String>,
    /// Ranges of times; the whole day where empty.
    pub times: Vec<String>,
    /// What people call it.
    pub label: Text,
    /// Declared as a shift.
    pub shift: bool,
}

/// A compiled calendar: immutable, shared by every worker.
#[derive(Debug, Clone)]
pub struct Calendar {
    timezone: String,
    zone: Zone,
    /// A bit for each day of the week, Monday first.
    workdays: u8,
    /// A bit for each day from [`Day::FIRST`] to [`Day::LAST`].
    holidays: Box<[u64]>,
    /// Which classes of days follow each other somewhere, once that was asked for: a bit for each class
    /// of today, by that of yesterday.
    follows: OnceLock<[u16; CLASSES]>,
    windows: Vec<Named>,
    events: Vec<Event>,
}

/// A declared window.
#[derive(Debug, Clone)]
struct Named {
    name: String,
    label: Text,
    shift: bool,
    window: Window,
}

impl Default for Calendar {
    /// The calendar of a policy that declares none: Tokyo, Monday to Friday, Japan's holidays.
    fn default() -> Self {
        Self::of(&CalendarDecl::default()).unwrap_or_else(|_| Self::bare(Zone::utc(), 0))
    }
}

impl Calendar {
    /// Compiles what a policy declares.
    ///
    /// # Errors
    ///
    /// Every text that is wrong, with its place in the declaration and a remedy.
    pub fn of(declared: &CalendarDecl) -> Result<Self, Vec<CalendarFault>> {
        let mut faults = Faults::default();
        let timezone = declared.timezone.as_deref().unwrap_or(zone::DEFAULT);
        let zone = faults.keep(CalendarItem::Timezone, Zone::parse(timezone));
        let mut calendar = Self::bare(zone.unwrap_or_else(Zone::utc), 0b001_1111);
        timezone.clone_into(&mut calendar.timezone);
        calendar.read_workdays(declared, &mut faults);
        calendar.read_holidays(declared, &mut faults);
        for (index, event) in declared.events.iter().enumerate() {
            calendar.read_event(index, event, &mut faults);
        }
        for (index, window) in declared.windows.iter().enumerate() {
            calendar.read_window(index, window, &mut faults);
        }
        if faults.0.is_empty() {
            Ok(calendar)
        } else {
            Err(faults.0)
        }
    }

    fn bare(zone: Zone, workdays: u8) -> Self {
        let words = usize::try_from(Day::LAST.0 >> 6).unwrap_or(0).saturating_add(1);
        Self {
            timezone: String::new(),
            zone,
            workdays,
            holidays: vec![0; words].into(),
            follows: OnceLock::new(),
            windows: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Compiles a text such as `workday 08:30-17:15, sat 09:00-12:00`, or the name of a declared
    /// window.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, where in it, and what to write instead.
    pub fn window(&self, text: &str) -> Result<Window, WindowFault> {
        grammar::window(self, text)
    }

    /// The time zone as the policy names it.
    #[must_use]
    pub fn timezone(&self) -> &str {
        &self.timezone
    }

    /// Whether the clocks of the time zone are put forward and back.
    #[must_use]
    pub fn changes_clocks(&self) -> bool {
        self.zone.changes_clocks()
    }

    /// The instants at which the clocks are put forward or back.
    pub(crate) fn clock_changes(&self) -> impl Iterator<Item = Timestamp> {
        self.zone
            .changes()
            .map(|second| Timestamp::from_seconds(second, 0))
    }

    /// Whether a day is a holiday.
    #[must_use]
    pub fn is_holiday(&self, day: Day) -> bool {
        let Ok(number) = usize::try_from(day.0) else {
            return false;
        };
        let word = self.holidays.get(number >> 6);
        word.is_some_and(|word| (word >> (number & 63)) & 1 == 1)
    }

    /// Whether a day is a working day.
    #[must_use]
    pub fn is_workday(&self, day: Day) -> bool {
        (self.workdays >> day.weekday()) & 1 == 1 && !self.is_holiday(day)
    }

    /// The declared windows and shifts: name, label, whether it is a shift, window.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Text, bool, &Window)> {
        self.windows
            .iter()
            .map(|named| (&*named.name, &named.label, named.shift, &named.window))
    }

    /// What people call a declared window or shift.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&Text> {
        let named = self.windows.iter().find(|named| named.name == name)?;
        Some(&named.label)
    }

    /// The class of a day: its weekday, 7 more on a holiday.
    pub(crate) fn class(&self, day: Day) -> usize {
        usize::from(day.weekday()).saturating_add(if self.is_holiday(day) { 7 } else { 0 })
    }

    /// The classes of two days that follow each other somewhere between 1970 and 2099.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = (usize, usize)> {
        let follows = self.follows.get_or_init(|| self.which_follow());
        follows.iter().enumerate().flat_map(|(yesterday, todays)| {
            (0..CLASSES)
                .filter(move |today| (todays >> today) & 1 == 1)
                .map(move |today| (yesterday, today))
        })
    }

    fn which_follow(&self) -> [u16; CLASSES] {
        let mut follows = [0_u16; CLASSES];
        let mut yesterday = self.class(Day::FIRST);
        for number in Day::FIRST.0.saturating_add(1)..=Day::LAST.0 {
            let today = self.class(Day(number));
            if let Some(todays) = follows.get_mut(yesterday) {
                *todays |= 1 << today;
            }
            yesterday = today;
        }
        follows
    }

    fn named_window(&self, name: &str) -> Option<&Window> {
        let named = self.windows.iter().find(|named| named.name == name)?;
        Some(&named.window)
    }

    fn window_names(&self) -> impl Iterator<Item = &str> {
        self.windows.iter().map(|named| &*named.name)
    }

    fn event_names(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|event| &*event.name)
    }

    fn event_days(&self, name: &str) -> Option<Days> {
        let event = self.events.iter().find(|event| event.name == name)?;
        Some(event.days.clone())
    }

    fn workday_classes(&self) -> u16 {
        u16::from(self.workdays)
    }

    fn read_workdays(&mut self, declared: &CalendarDecl, faults: &mut Faults) {
        let Some(words) = &declared.workdays else { return };
        self.workdays = 0;
        for (index, word) in words.iter().enumerate() {
            let weekday = day::weekday(word).ok_or_else(|| {
                let help = match day::meant(word) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "write days as `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`".to_owned(),
                };
                WindowFault::new(
                    0..word.len(),
                    format!("`{}` is no day of the week", crate::error::shown(word)),
                    help,
                )
            });
            if let Some(weekday) = faults.keep(CalendarItem::Workday(index), weekday) {
                self.workdays |= 1 << weekday;
            }
        }
    }

    fn read_holidays(&mut self, declared: &CalendarDecl, faults: &mut Faults) {
        let default = || match self.timezone == zone::DEFAULT {
            true => vec!["jp".to_owned()],
            false => Vec::new(),
        };
        let words = declared.holidays.clone().unwrap_or_else(default);
        for (index, word) in words.iter().enumerate() {
            if let Some(days) = faults.keep(CalendarItem::Holiday(index), event::holidays(word)) {
                for day in days {
                    self.add_holiday(day);
                }
            }
        }
    }

    fn add_holiday(&mut self, day: Day) {
        let Ok(number) = usize::try_from(day.0) else {
            return;
        };
        if let Some(word) = self.holidays.get_mut(number >> 6) {
            *word |= 1 << (number & 63);
        }
    }

    fn read_event(&mut self, index: usize, event: &EventDecl, faults: &mut Faults) {
        let named = self.check_name(&event.name, "event", index, self.event_names());
        let named = faults.keep(CalendarItem::EventName(index), named).is_some();
        if let Some(event) = event::read(index, event, faults).filter(|_| named) {
            self.events.push(event);
        }
    }

    fn read_window(&mut self, index: usize, declared: &WindowDecl, faults: &mut Faults) {
        let named = self.check_name(&declared.name, "window", index, self.window_names());
        faults.keep(CalendarItem::WindowName(index), named);
        let before = faults.0.len();
        let mut days: Option<Days> = None;
        for (position, word) in declared.days.iter().enumerate() {
            let read = grammar::days_of(self, word, false);
            if let Some(more) = faults.keep(CalendarItem::WindowDay(index, position), read) {
                days.get_or_insert_with(Days::default).add(more);
            }
        }
        let mut times = Vec::new();
        for (position, text) in declared.times.iter().enumerate() {
            let read = grammar::time_range(text);
            times.extend(faults.keep(CalendarItem::WindowTime(index, position), read));
        }
        if declared.days.is_empty() && declared.times.is_empty() {
            let nothing = WindowFault::new(
                0..declared.name.len(),
                format!(
                    "the window `{}` says nothing",
                    crate::error::shown(&declared.name)
                ),
                "give it `days = [\"workday\"]` or `times = [\"08:30-17:15\"]`",
            );
            faults.keep::<()>(CalendarItem::WindowName(index), Err(nothing));
        }
        if faults.0.len() > before {
            return;
        }
        let made = Window::new(self, &declared.name, &[grammar::spell(days, times)]);
        if let Some(window) = faults.keep(CalendarItem::WindowName(index), made) {
            self.windows.push(Named {
                name: declared.name.clone(),
                label: declared.label.clone(),
                shift: declared.shift,
                window,
            });
        }
    }

    fn check_name<'a>(
        &self,
        name: &str,
        what: &str,
        index: usize,
        mut taken: impl Iterator<Item = &'a str>,
    ) -> Result<(), WindowFault> {
        let fault = |message: String, help: &str| Err(WindowFault::new(0..name.len(), message, help));
        let word = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
        let starts = name
            .bytes()
            .next()
            .is_some_and(|octet| octet.is_ascii_alphabetic());
        if !starts || name.len() > 64 || !name.bytes().all(word) {
            return fault(
                format!("`{}` cannot be the name of a {what}", crate::error::shown(name)),
                "use up to 64 letters a-z, digits, `-` and `_`, a letter first",
            );
        }
        let is_day = |word: &str| day::DAY_WORDS.contains(&word);
        if what == "window" && name.split('-').all(is_day) {
            return fault(
                format!("`{name}` is a word for days"),
                "give the window another name",
            );
        }
        if taken.any(|other| other == name) {
            return fault(
                format!("the {what} `{name}` is given twice"),
                "give each its own name; windows and shifts share theirs",
            );
        }
        if index >= MAX_NAMES {
            return fault(
                format!("the calendar has more than {MAX_NAMES} entries of this kind"),
                "remove those that are past",
            );
        }
        Ok(())
    }
}

/// Collects faults, so that one run finds them all.
#[derive(Debug, Default)]
struct Faults(Vec<CalendarFault>);

impl Faults {
    fn keep<T>(&mut self, item: CalendarItem, result: Result<T, WindowFault>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0.push(CalendarFault { item, fault });
                None
            }
        }
    }
}

impl Calendar {
    /// An instant on the clocks of the calendar's time zone.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> LocalTime {
        let second = at.nanos().div_euclid(1_000_000_000);
        let offset = self.zone.offset_at(second);
        let local = second.saturating_add(i64::from(offset));
        let (day, minute) = split(local.div_euclid(60));
        LocalTime {
            day,
            minute,
            second: u8::try_from(local.rem_euclid(60)).unwrap_or(0),
            offset,
        }
    }

    /// Minutes since 1970 on the clocks of the time zone.
    pub(crate) fn minute(&self, at: Timestamp) -> i64 {
        let second = at.nanos().div_euclid(1_000_000_000);
        let offset = self.zone.offset_at(second);
        second.saturating_add(i64::from(offset)).div_euclid(60)
    }
}
