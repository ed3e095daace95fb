//! The words of a window: `workday 08:30-17:15, sat 09:00-12:00`.
//!
//! Parts stand between commas, and a window is open where one of its parts is. A part names days,
//! times, or days and then times; alone, it may name a declared window or shift.

use super::day::{self, DAY_MINUTES, Day};
use super::fault::WindowFault;
use super::window::{Days, Spell, Window};
use super::{Calendar, MAX_TEXT};
use crate::error::{nearest, shown};

/// One part of a text, and whether it is made of plain days without times.
struct Part<'t> {
    offset: usize,
    text: &'t str,
    bare: bool,
    spell: Option<Spell>,
    named: Option<Window>,
}

/// Compiles a text to a window.
pub(super) fn window(calendar: &Calendar, text: &str) -> Result<Window, WindowFault> {
    if text.len() > MAX_TEXT {
        return Err(WindowFault::new(
            0..text.len(),
            format!("a window of more than {MAX_TEXT} octets"),
            "declare it as `[calendar.window.NAME]` with days and times",
        ));
    }
    if text.trim().is_empty() {
        return Err(WindowFault::new(
            0..text.len(),
            "a window that says nothing",
            "write days and times as `workday 08:30-17:15`, or leave `window` out",
        ));
    }
    let mut parts = Vec::new();
    let mut offset = 0_usize;
    for piece in text.split(',') {
        parts.push(part(calendar, piece, offset)?);
        offset = offset.saturating_add(piece.len()).saturating_add(1);
    }
    no_lost_days(&parts)?;
    let spells: Vec<Spell> = parts.iter().filter_map(|part| part.spell.clone()).collect();
    let mut windows: Vec<Window> = parts.into_iter().filter_map(|part| part.named).collect();
    if windows.is_empty() {
        return Window::new(calendar, text.trim(), &spells);
    }
    if !spells.is_empty() {
        windows.push(Window::new(calendar, text.trim(), &spells)?);
    }
    let joined = Window::any_of(calendar, &windows);
    joined.ok_or_else(|| WindowFault::new(0..text.len(), "a window that says nothing", "write its days"))
}

/// `mon, wed 09:00-12:00` would be open on the whole of Monday, which its writer does not mean.
fn no_lost_days(parts: &[Part<'_>]) -> Result<(), WindowFault> {
    let timed = parts.iter().any(|part| !part.bare);
    match parts.iter().find(|part| part.bare) {
        Some(bare) if timed => Err(WindowFault::new(
            bare.offset..bare.offset.saturating_add(bare.text.len()),
            format!(
                "`{}` stands without times beside parts that have some",
                shown(bare.text)
            ),
            format!(
                "where the next times are meant for it, join the days by blanks as in `mon wed 09:00-12:00`; where \
                 the whole day is meant, write `{} 00:00-24:00`",
                shown(bare.text)
            ),
        )),
        _ => Ok(()),
    }
}

fn part<'t>(calendar: &Calendar, piece: &'t str, offset: usize) -> Result<Part<'t>, WindowFault> {
    let text = piece.trim();
    let blanks = piece.len().saturating_sub(piece.trim_start().len());
    let offset = offset.saturating_add(blanks);
    if text.is_empty() {
        return Err(WindowFault::new(
            offset..offset,
            "nothing stands between two commas",
            "remove the comma",
        ));
    }
    let mut part = Part {
        offset,
        text,
        bare: false,
        spell: None,
        named: None,
    };
    if let Some(named) = calendar.named_window(text) {
        part.named = Some(named.clone());
        return Ok(part);
    }
    let mut days = None;
    let mut times = Vec::new();
    let mut plain = true;
    let mut from = 0_usize;
    for word in text.split([' ', '\t', '\u{3000}']) {
        let place = offset.saturating_add(from);
        from = from
            .saturating_add(word.len())
            .saturating_add(blank_len(text, from, word));
        if word.is_empty() {
            continue;
        }
        if word.contains(':') && !word.starts_with("event:") {
            times.push(time_range(word).map_err(|fault| fault.within(place))?);
        } else if times.is_empty() {
            plain &= day::weekday(word.get(..3).unwrap_or(word)).is_some() || day::DAY_WORDS.contains(&word);
            let more = days_of(calendar, word, true).map_err(|fault| fault.within(place))?;
            days.get_or_insert_with(Days::default).add(more);
        } else {
            return Err(WindowFault::new(
                place..place.saturating_add(word.len()),
                format!("`{}` stands after the times", shown(word)),
                "write the days first and then the times; put a comma before the next days",
            ));
        }
    }
    part.bare = plain && times.is_empty() && days.is_some();
    part.spell = Some(spell(days, times));
    Ok(part)
}

/// Octets of the blank after a word.
fn blank_len(text: &str, from: usize, word: &str) -> usize {
    let after = text.get(from.saturating_add(word.len())..);
    after
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8)
}

/// Every day where none is named, the whole day where no time is.
pub(super) fn spell(days: Option<Days>, mut times: Vec<(u16, u16)>) -> Spell {
    if times.is_empty() {
        times.push((0, DAY_MINUTES));
    }
    let days = days.unwrap_or_else(|| Days {
        classes: Days::ALL,
        ..Days::default()
    });
    Spell { days, times }
}

/// Reads `08:30-17:15` or, over midnight, `22:00-05:00`.
pub(super) fn time_range(text: &str) -> Result<(u16, u16), WindowFault> {
    let Some((start, end)) = text.split_once('-') else {
        return Err(WindowFault::new(
            0..text.len(),
            format!("`{}` is no range of times", shown(text)),
            "write begin and end as `08:30-17:15`",
        ));
    };
    let end_at = start.len().saturating_add(1);
    let from = day::parse_time(start)?;
    let to = day::parse_time(end).map_err(|fault| fault.within(end_at))?;
    if from == DAY_MINUTES {
        return Err(WindowFault::new(
            0..start.len(),
            "a range does not begin at 24:00",
            "write `00:00` and the next day",
        ));
    }
    if from == to {
        return Err(WindowFault::new(
            0..text.len(),
            format!("`{}` begins and ends at the same minute", shown(text)),
            "write `00:00-24:00` for the whole day",
        ));
    }
    Ok(if to > from {
        (from, to)
    } else {
        (from, to.saturating_add(DAY_MINUTES))
    })
}

/// The days of one word; `named` where a declared window could stand in its place.
pub(super) fn days_of(calendar: &Calendar, word: &str, named: bool) -> Result<Days, WindowFault> {
    if let Some(name) = word.strip_prefix("event:") {
        return event(calendar, name).map_err(|fault| fault.within("event:".len()));
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let dates = dates(word)?;
        return Ok(Days {
            dates: vec![dates],
            ..Days::default()
        });
    }
    let classes = match word {
        "all" => Days::ALL,
        "holiday" => HOLIDAYS,
        "workday" => calendar.workday_classes(),
        "offday" => Days::ALL & !calendar.workday_classes(),
        _ => match weekdays(word) {
            Some(classes) => classes,
            None => return Err(no_such_word(calendar, word, named)),
        },
    };
    Ok(Days {
        classes,
        ..Days::default()
    })
}

/// The classes of the days that are holidays.
const HOLIDAYS: u16 = 0x3f80;

/// `mon`, `mon-fri`, `fri-mon`.
fn weekdays(word: &str) -> Option<u16> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (day::weekday(first)?, day::weekday(last)?);
    let mut bits = 0_u16;
    let mut weekday = first;
    loop {
        bits |= 1 << weekday;
        if weekday == last {
            return Some(bits | (bits << 7));
        }
        weekday = weekday.saturating_add(1).rem_euclid(7);
    }
}

fn event(calendar: &Calendar, name: &str) -> Result<Days, WindowFault> {
    calendar.event_days(name).ok_or_else(|| {
        let help = match nearest(name, calendar.event_names()) {
            Some(near) => format!("did you mean `event:{near}`?"),
            None => {
                let name = shown(name);
                format!(
                    "declare it:\n[[calendar.event]]\nname = \"{name}\"\nfrom = \"2026-11-01\"\nto = \"2026-11-08\""
                )
            }
        };
        WindowFault::new(
            0..name.len(),
            format!("there is no event `{}`", shown(name)),
            help,
        )
    })
}

/// Reads `2026-11-08` or `2026-12-29..2027-01-03`.
pub(super) fn dates(text: &str) -> Result<(Day, Day), WindowFault> {
    let Some((first, last)) = text.split_once("..") else {
        return day::parse_date(text).map(|day| (day, day));
    };
    let from = day::parse_date(first)?;
    let to = day::parse_date(last).map_err(|fault| fault.within(first.len().saturating_add(2)))?;
    if to < from {
        return Err(WindowFault::new(
            0..text.len(),
            format!("`{}` ends before it begins", shown(text)),
            "write the earlier date first",
        ));
    }
    Ok((from, to))
}

fn no_such_word(calendar: &Calendar, word: &str, named: bool) -> WindowFault {
    let names = || calendar.window_names().filter(|_| named);
    let fault = |message: &str, help: String| {
        WindowFault::new(0..word.len(), format!("`{}` {message}", shown(word)), help)
    };
    if names().any(|name| name == word) {
        return fault(
            "is a declared window and stands with other words",
            format!("put commas around it: it is a part of its own, as in `{word}, sat 09:00-12:00`"),
        );
    }
    let help = match (nearest(word, names()), day::meant(word)) {
        (Some(name), None) => format!("did you mean `{name}`?"),
        (_, Some(meant)) => format!("did you mean `{meant}`?"),
        (None, None) => {
            "write `mon` to `sun`, `mon-fri`, `workday`, `holiday`, `offday`, `all`, a date, `event:NAME`, or the \
             name of a `[calendar.window.NAME]`"
                .to_owned()
        }
    };
    fault("names no day", help)
}
