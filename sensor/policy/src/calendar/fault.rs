//! What is wrong with a text of the calendar: where in the text, and what to write instead.

use std::fmt;
use std::ops::Range;

/// What is wrong with one text: a window, a date, a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowFault {
    /// Octets of the text that are meant.
    pub span: Range<usize>,
    /// One sentence without place and remedy.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl WindowFault {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The fault of a word of a longer text, in which the word begins at `offset`.
    pub(super) fn within(mut self, offset: usize) -> Self {
        self.span = self.span.start.saturating_add(offset)..self.span.end.saturating_add(offset);
        self
    }
}

impl fmt::Display for WindowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WindowFault {}

/// Which text of a [`super::CalendarDecl`] a fault is in; numbers are positions in its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarItem {
    /// `timezone`.
    Timezone,
    /// A word of `workdays`.
    Workday(usize),
    /// A word of `holidays`.
    Holiday(usize),
    /// The name of a window or shift.
    WindowName(usize),
    /// A word of the `days` of a window or shift.
    WindowDay(usize, usize),
    /// A word of the `times` of a window or shift.
    WindowTime(usize, usize),
    /// The name of an event.
    EventName(usize),
    /// The `from` of an event.
    EventFrom(usize),
    /// The `to` of an event.
    EventTo(usize),
}

/// What is wrong with a calendar, and in which of its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFault {
    /// The text.
    pub item: CalendarItem,
    /// What is wrong with it.
    pub fault: WindowFault,
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for CalendarFault {}
