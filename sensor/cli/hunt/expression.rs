//! An expression over flows: on which days it is true of how many.

use sekisho_export::write_line;
use sekisho_filter::Filter;
use sekisho_store::{DailySum, Embedded, Store as _, TimeRange};
use serde_json::json;

use super::print::{csv, date, octets, peers, table};
use super::{Format, print};
use crate::cli::language::Language;

/// Looks, prints, and says whether there was any.
pub(super) fn run(
    format: Format,
    store: &Embedded,
    range: &TimeRange,
    filter: &Filter,
    go_on: &(dyn Fn(usize, usize) -> bool + Sync),
    language: Language,
) -> anyhow::Result<bool> {
    let days = store.days_of(range, filter, go_on)?;
    let text = match format {
        Format::Table => as_table(&days, language),
        Format::Json => as_json(&days)?,
        Format::Csv => as_csv(&days)?,
    };
    let _ = print(&text)?;
    Ok(!days.is_empty())
}

fn as_table(days: &[(i64, DailySum)], language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    if days.is_empty() {
        return format!("{}\n", say("該当するフローはありません。", "No such flow."));
    }
    let header = [
        say("日(UTC)", "Day (UTC)"),
        say("フロー", "Flows"),
        say("応答あり", "Answered"),
        say("送信/受信オクテット", "Octets sent / received"),
        say("最初", "First"),
        say("最後", "Last"),
        say("発信元", "Originators"),
    ];
    let rows = days.iter().map(|(day, sum)| {
        vec![
            date(*day),
            sum.flows.to_string(),
            sum.answered.to_string(),
            octets(sum),
            sum.first.to_string(),
            sum.last.to_string(),
            peers(sum),
        ]
    });
    table(&header, rows)
}

fn as_json(days: &[(i64, DailySum)]) -> anyhow::Result<String> {
    let mut out = Vec::new();
    for (day, sum) in days {
        let line = json!({
            "day": date(*day),
            "first": sum.first,
            "last": sum.last,
            "flows": sum.flows,
            "answered": sum.answered,
            "octets_to": sum.octets_to,
            "octets_from": sum.octets_from,
            "who": sum.who,
            "who_count": sum.who_count,
            "who_is_estimate": sum.who_is_estimate,
        });
        write_line(&mut out, &line)?;
    }
    Ok(String::from_utf8(out)?)
}

fn as_csv(days: &[(i64, DailySum)]) -> anyhow::Result<String> {
    let header = [
        "day",
        "first",
        "last",
        "flows",
        "answered",
        "octets_to",
        "octets_from",
        "who_count",
        "who",
    ];
    let rows = days.iter().map(|(day, sum)| {
        let who: Vec<_> = sum.who.iter().map(ToString::to_string).collect();
        vec![
            date(*day),
            sum.first.to_string(),
            sum.last.to_string(),
            sum.flows.to_string(),
            sum.answered.to_string(),
            sum.octets_to.to_string(),
            sum.octets_from.to_string(),
            sum.who_count.to_string(),
            who.join(" "),
        ]
    });
    csv(&header, rows)
}
