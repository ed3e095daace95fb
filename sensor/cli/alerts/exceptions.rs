//! Exceptions and sanctioned entries as a table, as JSON lines and as CSV, and what one would silence.

use sekisho_export::write_line;
use sekisho_model::Timestamp;
use sekisho_policy::Sanction;
use sekisho_store::{Covers, Exception, SilencedDay};
use serde_json::json;

use crate::cli::hunt::print as common;
use crate::cli::language::Language;
use crate::cli::terminal::clean;

/// Whether an exception silences anything yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    /// Its time is over.
    Expired,
    Ended,
}

impl State {
    fn of(exception: &Exception, now: Timestamp) -> Self {
        match exception.ended {
            Some(_) => Self::Ended,
            None if exception.is_over(now) => Self::Expired,
            None => Self::Active,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    const fn word(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Active, Language::Japanese) => "有効",
            (Self::Expired, Language::Japanese) => "期限切れ",
            (Self::Ended, Language::Japanese) => "終了",
            (state, Language::English) => state.name(),
        }
    }
}

/// One line an exception, then one a sanctioned entry.
pub(super) fn table(
    exceptions: &[Exception],
    sanctions: &[Sanction],
    now: Timestamp,
    language: Language,
) -> String {
    let say = |ja, en| language.pick(ja, en);
    if !sanctions.is_empty() {
        let mut out = match exceptions {
            [] => String::new(),
            some => table(some, &[], now, language),
        };
        out.push_str(&sanctioned(sanctions, now, language));
        return out;
    }
    if exceptions.is_empty() {
        return format!("{}\n", say("例外はありません。", "There is no exception."));
    }
    let header = [
        say("番号", "No."),
        say("状態", "State"),
        say("対象", "Covers"),
        say("抑止した警報", "Silenced"),
        say("理由", "Reason"),
        say("責任者", "Owner"),
        say("期限", "Until"),
        say("作成", "Made"),
        say("終了", "Ended"),
    ];
    let rows = exceptions.iter().map(|exception| {
        let ended = exception.ended.map(|at| {
            let by = exception.ended_by.as_deref().unwrap_or_default();
            format!("{at}\n{}", clean(by))
        });
        vec![
            exception.id.to_string(),
            State::of(exception, now).word(language).to_owned(),
            clean(&said(&exception.covers)),
            exception.silenced.to_string(),
            clean(&exception.reason),
            clean(&exception.owner),
            exception.until.to_string(),
            format!("{}\n{}", exception.created, clean(&exception.created_by)),
            ended.unwrap_or_default(),
        ]
    });
    common::table(&header, rows)
}

fn sanctioned(sanctions: &[Sanction], now: Timestamp, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let header = [
        say("状態", "State"),
        say("リスト", "List"),
        say("許可した値", "Sanctioned"),
        say("理由", "Reason"),
        say("責任者", "Owner"),
        say("期限", "Until"),
        say("場所", "Stands in"),
    ];
    let rows = sanctions.iter().map(|sanction| {
        let (file, line) = &sanction.place;
        vec![
            state(sanction, now).word(language).to_owned(),
            clean(&sanction.list),
            clean(&sanction.value),
            clean(&sanction.reason),
            clean(&sanction.owner),
            sanction.until.map(|until| until.to_string()).unwrap_or_default(),
            clean(&format!("{file}:{line}")),
        ]
    });
    common::table(&header, rows)
}

fn state(sanction: &Sanction, now: Timestamp) -> State {
    match sanction.until.is_some_and(|until| until <= now) {
        true => State::Expired,
        false => State::Active,
    }
}

/// One object a line.
pub(super) fn json(
    exceptions: &[Exception],
    sanctions: &[Sanction],
    now: Timestamp,
) -> anyhow::Result<String> {
    let mut out = Vec::new();
    for exception in exceptions {
        let mut line = serde_json::to_value(exception)?;
        line["state"] = json!(State::of(exception, now).name());
        write_line(&mut out, &line)?;
    }
    for sanction in sanctions {
        let line = json!({
            "state": state(sanction, now).name(),
            "sanction": { "list": sanction.list, "value": sanction.value },
            "reason": sanction.reason,
            "owner": sanction.owner,
            "until": sanction.until,
            "from_alert": sanction.alert,
            "file": sanction.place.0,
            "line": sanction.place.1,
        });
        write_line(&mut out, &line)?;
    }
    Ok(String::from_utf8(out)?)
}

/// One line an exception or a sanctioned entry, with a heading.
pub(super) fn csv(
    exceptions: &[Exception],
    sanctions: &[Sanction],
    now: Timestamp,
) -> anyhow::Result<String> {
    let header = [
        "id",
        "state",
        "rule",
        "covers",
        "silenced",
        "reason",
        "owner",
        "until",
        "from_alert",
        "created",
        "created_by",
        "ended",
        "ended_by",
    ];
    let rows = exceptions.iter().map(|exception| {
        vec![
            exception.id.to_string(),
            State::of(exception, now).name().to_owned(),
            exception.covers.rule.clone(),
            said(&exception.covers),
            exception.silenced.to_string(),
            exception.reason.clone(),
            exception.owner.clone(),
            exception.until.to_string(),
            exception.from_alert.map(|id| id.to_string()).unwrap_or_default(),
            exception.created.to_string(),
            exception.created_by.clone(),
            exception.ended.map(|at| at.to_string()).unwrap_or_default(),
            exception.ended_by.clone().unwrap_or_default(),
        ]
    });
    let sanctions = sanctions.iter().map(|sanction| {
        let empty = String::new;
        vec![
            empty(),
            state(sanction, now).name().to_owned(),
            empty(),
            format!("@{} {}", sanction.list, sanction.value),
            empty(),
            sanction.reason.clone(),
            sanction.owner.clone(),
            sanction.until.map(|until| until.to_string()).unwrap_or_default(),
            sanction.alert.map(|id| id.to_string()).unwrap_or_default(),
            empty(),
            empty(),
            empty(),
            empty(),
        ]
    });
    common::csv(&header, rows.chain(sanctions))
}

/// What an exception would silence, by day.
pub(super) fn preview(days: &[SilencedDay], language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    if days.is_empty() {
        let nothing = say(
            "保存済みの警報で、これが抑止するものはありません。",
            "No alert that is kept would be silenced.",
        );
        return format!("{nothing}\n");
    }
    let header = [
        say("日(UTC)", "Day (UTC)"),
        say("抑止される警報", "Alerts silenced"),
        say("その背後のフロー", "Flows behind them"),
    ];
    let rows = days.iter().map(|day| {
        vec![
            common::date(day.day),
            day.alerts.to_string(),
            day.flows.to_string(),
        ]
    });
    common::table(&header, rows)
}

/// What an exception covers, in one line.
fn said(covers: &Covers) -> String {
    let end = |network: &Option<ipnet::IpNet>, zone: &Option<String>| {
        let network = network.map(|network| match network.prefix_len() == network.max_prefix_len() {
            true => network.addr().to_string(),
            false => network.to_string(),
        });
        match (network, zone) {
            (Some(network), Some(zone)) => format!("{network} ({zone})"),
            (Some(network), None) => network,
            (None, Some(zone)) => zone.clone(),
            (None, None) => "*".to_owned(),
        }
    };
    let arrow = if covers.either_direction { "<->" } else { "->" };
    let port = covers
        .port
        .map_or_else(|| "*".to_owned(), |port| port.to_string());
    let protocol = covers.protocol.as_deref().unwrap_or("*");
    format!(
        "{} {} {arrow} {} {protocol}/{port}",
        covers.rule,
        end(&covers.orig, &covers.orig_zone),
        end(&covers.resp, &covers.resp_zone)
    )
}
