//! Windows and dates: texts that the calendar reads, with the place of what is wrong in them.

use sekisho_model::Timestamp;

use crate::calendar::{Calendar, Window, WindowFault};
use crate::error::{Report, Sink};
use crate::file::{At, Place};

/// The window of a text or of several.
pub(super) fn window(texts: &[At<String>], calendar: &Calendar, sink: &mut Sink) -> Option<Window> {
    let windows: Vec<Window> = texts
        .iter()
        .filter_map(|text| match calendar.window(&text.value) {
            Ok(window) => Some(window),
            Err(fault) => {
                sink.push(report("policy::window", text, fault, "in this window"));
                None
            }
        })
        .collect();
    Window::any_of(calendar, &windows)
}

/// The first instant of a term.
pub(super) fn starts(text: &At<String>, calendar: &Calendar, sink: &mut Sink) -> Option<Timestamp> {
    date(text, calendar.date_start(&text.value), sink)
}

/// The first instant after a term.
pub(super) fn expires(text: &At<String>, calendar: &Calendar, sink: &mut Sink) -> Option<Timestamp> {
    date(text, calendar.date_end(&text.value), sink)
}

fn date(text: &At<String>, result: Result<Timestamp, WindowFault>, sink: &mut Sink) -> Option<Timestamp> {
    result
        .map_err(|fault| sink.push(report("policy::date", text, fault, "in this date")))
        .ok()
}

pub(super) fn report(code: &'static str, text: &At<String>, fault: WindowFault, label: &str) -> Report {
    Report::error(code, fault.message)
        .at(&inside(text, fault.span), label)
        .help(fault.help)
}

/// The place of a part of a text: inside its quotation marks where nothing in it is escaped.
pub(super) fn inside(text: &At<String>, part: std::ops::Range<usize>) -> Place {
    let place = &text.place;
    let written = |begin: usize| {
        place.file.text.get(begin..begin.saturating_add(text.value.len())) == Some(text.value.as_str())
    };
    let Some(begin) = [place.span.start.saturating_add(1), place.span.start]
        .into_iter()
        .find(|begin| written(*begin))
    else {
        return place.clone();
    };
    place
        .file
        .place(begin.saturating_add(part.start)..begin.saturating_add(part.end))
}
