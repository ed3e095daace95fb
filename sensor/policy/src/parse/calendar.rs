//! `[calendar]`: the texts of working days, holidays, windows, shifts and events, with their places.

use super::gather::Items;
use super::table::{Key, Table, key};
use crate::calendar::{CalendarDecl, CalendarItem, EventDecl, WindowDecl};
use crate::error::Sink;
use crate::file::At;

pub(super) const KEYS: &[Key] = &[
    key("timezone", "timezone = \"Asia/Tokyo\""),
    key(
        "workdays",
        "workdays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]",
    ),
    key("holidays", "holidays = [\"jp\"]"),
    // Taken out before, so that an unknown key is told of them.
    key("window", "[calendar.window.office-hours]"),
    key("shift", "[calendar.shift.night]"),
    key("event", "[[calendar.event]]"),
];

pub(super) const WINDOW_KEYS: &[Key] = &[
    key("days", "days = [\"workday\"]"),
    key("times", "times = [\"08:30-17:15\"]"),
    key("label", "label.ja = \"…\""),
];

pub(super) const EVENT_KEYS: &[Key] = &[
    key("name", "name = \"election\""),
    key("from", "from = \"2026-11-06\""),
    key("to", "to = \"2026-11-08\""),
    key("label", "label.ja = \"…\""),
];

/// The calendar's texts, and where each stands.
#[derive(Debug, Default)]
pub(crate) struct CalendarPlaces {
    pub(crate) declared: CalendarDecl,
    timezone: Option<At<String>>,
    workdays: Vec<At<String>>,
    holidays: Vec<At<String>>,
    windows: Vec<WindowPlaces>,
    /// By event: name, from, to.
    events: Vec<[At<String>; 3]>,
}

/// The texts of a window or a shift.
#[derive(Debug)]
struct WindowPlaces {
    name: At<String>,
    days: Vec<At<String>>,
    times: Vec<At<String>>,
}

impl CalendarPlaces {
    /// The text that a fault is in.
    pub(crate) fn text(&self, item: CalendarItem) -> Option<&At<String>> {
        match item {
            CalendarItem::Timezone => self.timezone.as_ref(),
            CalendarItem::Workday(index) => self.workdays.get(index),
            CalendarItem::Holiday(index) => self.holidays.get(index),
            CalendarItem::WindowName(index) => self.windows.get(index).map(|window| &window.name),
            CalendarItem::WindowDay(index, day) => {
                self.windows.get(index).and_then(|window| window.days.get(day))
            }
            CalendarItem::WindowTime(index, time) => {
                self.windows.get(index).and_then(|window| window.times.get(time))
            }
            CalendarItem::EventName(index) => self.events.get(index).map(|[name, ..]| name),
            CalendarItem::EventFrom(index) => self.events.get(index).map(|[_, from, _]| from),
            CalendarItem::EventTo(index) => self.events.get(index).map(|[_, _, to]| to),
        }
    }

    /// The names of windows and shifts.
    pub(crate) fn window_names(&self) -> impl Iterator<Item = &At<String>> {
        self.windows.iter().map(|window| &window.name)
    }
}

pub(super) fn parse(
    calendar: Option<Table<'_>>,
    windows: Items<'_>,
    shifts: Items<'_>,
    events: Items<'_>,
    sink: &mut Sink,
) -> CalendarPlaces {
    let mut places = CalendarPlaces::default();
    if let Some(table) = calendar {
        table.check_keys(KEYS, sink);
        places.timezone = table.text(KEYS, "timezone", sink);
        places.declared.timezone = places.timezone.as_ref().map(|text| text.value.clone());
        let mut words = |name: &str| {
            let found = table.texts(KEYS, name, sink).map(|(texts, _)| texts);
            let values = found.as_ref().map(|texts| values(texts));
            (found.unwrap_or_default(), values)
        };
        (places.workdays, places.declared.workdays) = words("workdays");
        (places.holidays, places.declared.holidays) = words("holidays");
    }
    let windows = windows.into_tables().map(|item| (item, false));
    for ((name, table), shift) in windows.chain(shifts.into_tables().map(|item| (item, true))) {
        table.check_keys(WINDOW_KEYS, sink);
        let mut words = |key: &str| {
            table
                .words_of(WINDOW_KEYS, key, sink)
                .map_or_else(Vec::new, |(texts, _)| texts)
        };
        let (days, times) = (words("days"), words("times"));
        places.declared.windows.push(WindowDecl {
            name: name.value.clone(),
            days: values(&days),
            times: values(&times),
            label: table.bilingual(WINDOW_KEYS, "label", sink),
            shift,
        });
        places.windows.push(WindowPlaces { name, days, times });
    }
    for (_, table) in events.into_tables() {
        table.check_keys(EVENT_KEYS, sink);
        let mut date = |name: &str| {
            if !table.has(name) {
                table.missing(EVENT_KEYS, name, sink);
            }
            table.date_at(EVENT_KEYS, name, sink)
        };
        // A complaint about one that is missing was made.
        let (Some(name), Some(from), Some(to)) = (date("name"), date("from"), date("to")) else {
            continue;
        };
        places.declared.events.push(EventDecl {
            name: name.value.clone(),
            from: from.value.clone(),
            to: to.value.clone(),
            label: table.bilingual(EVENT_KEYS, "label", sink),
        });
        places.events.push([name, from, to]);
    }
    places
}

fn values(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}
