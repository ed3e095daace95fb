//! Named events (an election, the weeks of tax returns, a disaster) and the days of a holiday list.

use sekisho_model::Text;

use super::day::{Day, digits, parse_date, parse_month_day, parse_time};
use super::fault::{CalendarItem, WindowFault};
use super::window::{Days, begin_of};
use super::{Faults, japan};
use crate::error::shown;

/// `[[calendar.event]]`.
#[derive(Debug, Clone, Default)]
pub struct EventDecl {
    /// The word after `event:`.
    pub name: String,
    /// First day, or the civil time at which it begins.
    pub from: String,
    /// Last day, or the civil time at which it ends.
    pub to: String,
    /// What people call it.
    pub label: Text,
}

/// Days that one event may last.
const MAX_DAYS: i32 = 3660;

/// A compiled event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) days: Days,
}

pub(super) fn read(index: usize, declared: &EventDecl, faults: &mut Faults) -> Option<Event> {
    let from = faults.keep(CalendarItem::EventFrom(index), civil(&declared.from));
    let to = faults.keep(CalendarItem::EventTo(index), civil(&declared.to));
    let (from, to) = (from?, to?);
    let start = begin_of(from.0).saturating_add(i64::from(from.1.unwrap_or(0)));
    let end = match to.1 {
        Some(minute) => begin_of(to.0).saturating_add(i64::from(minute)),
        None => begin_of(to.0.after()),
    };
    let fault = |message: &str, help: &str| {
        Err::<(), _>(WindowFault::new(
            0..declared.to.len(),
            format!("`{}` {message}", shown(&declared.to)),
            help,
        ))
    };
    if end <= start {
        let before = fault(
            "lies before the begin of the event",
            "write the earlier date in `from`",
        );
        faults.keep(CalendarItem::EventTo(index), before);
        return None;
    }
    if to.0.0.saturating_sub(from.0.0) > MAX_DAYS {
        let long = fault(
            "makes the event longer than ten years",
            "split it, or write days of the week",
        );
        faults.keep(CalendarItem::EventTo(index), long);
        return None;
    }
    let mut days = Days::default();
    if from.1.is_none() && to.1.is_none() {
        days.dates.push((from.0, to.0));
    } else {
        days.stretches.push((start, end));
    }
    Some(Event {
        name: declared.name.clone(),
        days,
    })
}

/// Reads `2026-11-08`, or with a time of day, `2026-11-08T07:00`.
fn civil(text: &str) -> Result<(Day, Option<u16>), WindowFault> {
    let Some((date, time)) = text.split_once(['T', ' ']) else {
        return parse_date(text).map(|day| (day, None));
    };
    let day = parse_date(date)?;
    let offset = date.len().saturating_add(1);
    // A date-time of TOML has seconds; an event begins and ends with a minute.
    let seconds = time.get(5..).filter(|_| time.len() == 8);
    let time = match seconds.and_then(|seconds| seconds.strip_prefix(':')) {
        Some(seconds) if digits(seconds, 2) == Some(0) => time.get(..5).unwrap_or(time),
        _ => time,
    };
    let minute = parse_time(time).map_err(|fault| fault.within(offset))?;
    Ok((day, Some(minute)))
}

/// The days of a word of `holidays`: `jp`, `2026-12-29`, `2026-12-29..2027-01-03`, and for every
/// year `12-29` or `12-29..01-03`.
pub(super) fn holidays(word: &str) -> Result<Vec<Day>, WindowFault> {
    if word == "jp" {
        return Ok((japan::FIRST_YEAR..=japan::LAST_YEAR)
            .flat_map(japan::of_year)
            .collect());
    }
    let (first, last) = word.split_once("..").unwrap_or((word, word));
    if let (Some(first), Some(last)) = (parse_month_day(first), parse_month_day(last)) {
        return Ok(every_year(first, last));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(WindowFault::new(
            0..word.len(),
            format!("`{}` names no holidays", shown(word)),
            "write `jp` for the holidays of Japan, a date such as `2026-12-29`, a range \
             `2026-12-29..2027-01-03`, or `12-29..01-03` for every year",
        ));
    }
    let (first, last) = super::grammar::dates(word)?;
    Ok((first.0..=last.0).map(Day).collect())
}

fn every_year(first: (i8, i8), last: (i8, i8)) -> Vec<Day> {
    let over_new_year = i16::from(last < first);
    let mut days = Vec::new();
    for year in Day::FIRST.date().0.saturating_sub(1)..=Day::LAST.date().0 {
        // The 29th of February ends, in other years, where the 28th does.
        let of = |year: i16, (month, day): (i8, i8)| {
            Day::of(year, month, day).or_else(|| Day::of(year, month, day.saturating_sub(1)))
        };
        let end_year = year.saturating_add(over_new_year);
        let start = match first {
            (2, 29) => Day::of(year, 2, 29).or_else(|| Day::of(year, 3, 1)),
            first => of(year, first),
        };
        let start = start.or((end_year == 1970).then_some(Day::FIRST));
        let end = of(end_year, last).or((end_year == 2100).then_some(Day::LAST));
        if let (Some(start), Some(end)) = (start, end) {
            days.extend((start.0..=end.0).map(Day));
        }
    }
    days
}
