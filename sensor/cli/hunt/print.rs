//! Hits as a table, as JSON lines and as CSV.

use comfy_table::{LineStyle, Table, TableStyle};
use sekisho_export::write_line;
use sekisho_model::Timestamp;
use sekisho_store::DailySum;
use sekisho_store::hunt::{Hit, Hunt, PreviewDay, Unchecked};
use serde_json::json;

use super::Format;
use crate::cli::language::Language;
use crate::cli::terminal::clean;

/// Addresses and values of a cell before it says how many more there are.
const SHOWN: usize = 3;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The indicators that were found.
pub(super) fn hits(format: Format, hunt: &Hunt, hits: &[Hit], language: Language) -> anyhow::Result<String> {
    match format {
        Format::Table => Ok(hits_table(hunt, hits, language)),
        Format::Json => hits_json(hunt, hits),
        Format::Csv => hits_csv(hunt, hits),
    }
}

/// How often they would have been told.
pub(super) fn preview(format: Format, days: &[PreviewDay], language: Language) -> anyhow::Result<String> {
    let cells = |day: &PreviewDay| {
        vec![
            date(day.day),
            day.alerts.to_string(),
            day.indicators.to_string(),
            day.flows.to_string(),
        ]
    };
    match format {
        Format::Table if days.is_empty() => Ok(nothing(language)),
        Format::Table => {
            let say = |ja, en| language.pick(ja, en);
            let header = [
                say("日(UTC)", "Day (UTC)"),
                say("警報", "Alerts"),
                say("指標", "Indicators"),
                say("フロー", "Flows"),
            ];
            Ok(table(&header, days.iter().map(cells)))
        }
        Format::Csv => csv(&["day", "alerts", "indicators", "flows"], days.iter().map(cells)),
        Format::Json => {
            let mut out = Vec::new();
            for day in days {
                let line = json!({
                    "day": date(day.day),
                    "alerts": day.alerts,
                    "indicators": day.indicators,
                    "flows": day.flows,
                });
                write_line(&mut out, &line)?;
            }
            Ok(String::from_utf8(out)?)
        }
    }
}

fn hits_table(hunt: &Hunt, hits: &[Hit], language: Language) -> String {
    if hits.is_empty() {
        return nothing(language);
    }
    let say = |ja, en| language.pick(ja, en);
    let header = [
        say("指標", "Indicator"),
        say("出典", "Source"),
        say("見えた値", "Seen as"),
        say("日数", "Days"),
        say("最初", "First"),
        say("最後", "Last"),
        say("フロー", "Flows"),
        say("応答あり", "Answered"),
        say("問い合わせ", "Mentions"),
        say("送信/受信オクテット", "Octets sent / received"),
        say("通信した相手", "Who"),
    ];
    let rows = hits.iter().filter_map(|hit| {
        let (indicator, sum) = (hunt.indicators().get(hit.indicator)?, hit.sum()?);
        let unchecked = match hit.unchecked {
            None => "",
            Some(Unchecked::Port) => say("\n(ポートは未照合)", "\n(port not compared)"),
            Some(Unchecked::Path) => say("\n(パスは未照合)", "\n(path not compared)"),
        };
        Some(vec![
            clean(&indicator.value.to_string()) + unchecked,
            format!("{}:{}", clean(&indicator.source), indicator.line),
            some(hit.values().into_iter().map(clean)),
            hit.days().len().to_string(),
            sum.first.to_string(),
            sum.last.to_string(),
            sum.flows.to_string(),
            sum.answered.to_string(),
            sum.mentions.to_string(),
            octets(&sum),
            peers(&sum),
        ])
    });
    table(&header, rows)
}

fn hits_json(hunt: &Hunt, hits: &[Hit]) -> anyhow::Result<String> {
    let mut out = Vec::new();
    for hit in hits {
        let (Some(indicator), Some(sum)) = (hunt.indicators().get(hit.indicator), hit.sum()) else {
            continue;
        };
        let days: Vec<_> = hit
            .rows
            .iter()
            .map(|row| {
                let mut day = of_sum(&row.sum);
                day["day"] = date(row.day).into();
                day["value"] = row.value.as_str().into();
                day
            })
            .collect();
        let mut line = of_sum(&sum);
        line["indicator"] = json!({
            "value": indicator.value.to_string(),
            "kind": indicator.value.kind().name(),
            "source": indicator.source,
            "line": indicator.line,
            "confidence": indicator.confidence,
            "expires": indicator.expires,
            "note": indicator.note,
        });
        line["rule"] = indicator.value.kind().rule().into();
        line["unchecked"] = hit.unchecked.map(Unchecked::name).into();
        line["days"] = days.into();
        write_line(&mut out, &line)?;
    }
    Ok(String::from_utf8(out)?)
}

fn of_sum(sum: &DailySum) -> serde_json::Value {
    json!({
        "first": sum.first,
        "last": sum.last,
        "flows": sum.flows,
        "began": sum.began,
        "answered": sum.answered,
        "mentions": sum.mentions,
        "octets_to": sum.octets_to,
        "octets_from": sum.octets_from,
        "who": sum.who,
        "who_count": sum.who_count,
        "who_is_estimate": sum.who_is_estimate,
    })
}

fn hits_csv(hunt: &Hunt, hits: &[Hit]) -> anyhow::Result<String> {
    let header = [
        "indicator",
        "kind",
        "source",
        "line",
        "confidence",
        "note",
        "unchecked",
        "day",
        "value",
        "first",
        "last",
        "flows",
        "answered",
        "mentions",
        "octets_to",
        "octets_from",
        "who_count",
        "who",
    ];
    let rows = hits.iter().flat_map(|hit| {
        let indicator = hunt.indicators().get(hit.indicator);
        indicator.into_iter().flat_map(move |indicator| {
            hit.rows.iter().map(move |row| {
                let who: Vec<_> = row.sum.who.iter().map(ToString::to_string).collect();
                vec![
                    indicator.value.to_string(),
                    indicator.value.kind().name().to_owned(),
                    indicator.source.to_string(),
                    indicator.line.to_string(),
                    indicator.confidence.to_string(),
                    indicator.note.to_string(),
                    hit.unchecked.map_or("", Unchecked::name).to_owned(),
                    date(row.day),
                    row.value.clone(),
                    row.sum.first.to_string(),
                    row.sum.last.to_string(),
                    row.sum.flows.to_string(),
                    row.sum.answered.to_string(),
                    row.sum.mentions.to_string(),
                    row.sum.octets_to.to_string(),
                    row.sum.octets_from.to_string(),
                    row.sum.who_count.to_string(),
                    who.join(" "),
                ]
            })
        })
    });
    csv(&header, rows)
}

fn nothing(language: Language) -> String {
    let text = language.pick("該当するものはありません。", "Nothing of it was seen.");
    format!("{text}\n")
}

/// The UTC date of a day since the epoch.
pub(crate) fn date(day: i64) -> String {
    let text = Timestamp::from_seconds(day.saturating_mul(DAY_S), 0).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

pub(super) fn octets(sum: &DailySum) -> String {
    format!("{} / {}", sum.octets_to, sum.octets_from)
}

/// The first of who talked to it, and how many more.
pub(super) fn peers(sum: &DailySum) -> String {
    let mut lines: Vec<_> = sum.who.iter().take(SHOWN).map(ToString::to_string).collect();
    let shown = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    let more = sum.who_count.saturating_sub(shown);
    if more > 0 {
        let about = if sum.who_is_estimate { "≈" } else { "" };
        lines.push(format!("+{about}{more}"));
    }
    lines.join("\n")
}

fn some(values: impl Iterator<Item = String>) -> String {
    let values: Vec<_> = values.collect();
    let mut lines: Vec<_> = values.iter().take(SHOWN).cloned().collect();
    if let Some(more) = values.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("+{more}"));
    }
    lines.join("\n")
}

pub(crate) fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    format!("{table}\n")
}

/// Lines with a heading. A cell that a spreadsheet would take for a formula begins with an apostrophe,
/// because names come from the network.
pub(crate) fn csv(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}
