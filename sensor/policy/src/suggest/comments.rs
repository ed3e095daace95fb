//! What a proposal rests on, as comments in both languages.

use sekisho_model::Text;

use super::{Evidence, Suggestion};
use crate::calendar::Calendar;
use crate::whatif::Volume;

/// Lines of what is left that stand in the file; the rest is counted.
const LEFT: usize = 200;

/// Behind `mode = "learn"`.
pub(super) fn learn() -> Text {
    Text::new(
        "人が読み終えるまで警報を出さない",
        "raises no alert until a person has read it",
    )
}

/// Above a path.
pub(super) fn of_path(evidence: &Evidence, judged: bool, calendar: &Calendar) -> Vec<Text> {
    let (days, pairs) = (evidence.days, evidence.pairs);
    let (origs, resps) = (evidence.origs, evidence.resps);
    let seen = volume(evidence.volume);
    let (first, last) = (
        calendar.local(evidence.first).text(),
        calendar.local(evidence.last).text(),
    );
    let mut lines = vec![
        Text::new(
            format!(
                "{}、{days} 日、発信元 {origs} 台、宛先 {resps} 台({pairs} 組)",
                seen.ja
            ),
            format!(
                "{} on {}, from {} to {} ({})",
                seen.en,
                many(days, "day"),
                many(origs, "host"),
                many(resps, "host"),
                many(pairs, "pair"),
            ),
        ),
        Text::new(
            format!("最初 {}、最後 {}", first.ja, last.ja),
            format!("first {}, last {}", first.en, last.en),
        ),
    ];
    if judged {
        let rules: Vec<&str> = evidence.rules.iter().map(AsRef::as_ref).collect();
        let rules = match rules.is_empty() {
            true => String::new(),
            false => format!(": {}", rules.join(", ")),
        };
        let (denied, all) = (evidence.denied, evidence.volume.records);
        lines.push(Text::new(
            format!("今のポリシーは {all} 件のうち {denied} 件を拒否する{rules}"),
            format!("the policy in force denies {denied} of {all}{rules}"),
        ));
    }
    lines.push(Text::new(
        "承認を受けて書くもの: owner、approver、review",
        "to be approved: owner, approver, review",
    ));
    lines
}

/// At the begin of the file.
pub(super) fn of_all(suggestion: &Suggestion, calendar: &Calendar) -> Vec<Text> {
    let mut lines = vec![Text::new(
        "観測した通信から作った案です。承認されたものは一つもありません。経路を一つずつ確かめてください。",
        "Proposed from observed traffic. Nothing in it is approved; read every path.",
    )];
    if let Some((first, last)) = suggestion.span {
        let (first, last) = (calendar.local(first).text(), calendar.local(last).text());
        let total = volume(suggestion.total);
        lines.push(Text::new(
            format!("{} から {} までの通信: {}", first.ja, last.ja, total.ja),
            format!("Traffic from {} to {}: {}", first.en, last.en, total.en),
        ));
    }
    let (records, octets) = suggestion.coverage();
    let thousandths = |part: u64| format!("{}.{} %", part / 10, part % 10);
    let (records, octets) = (thousandths(records), thousandths(octets));
    lines.push(Text::new(
        format!("説明できる割合: フロー記録の {records}、オクテットの {octets}"),
        format!("Explained: {records} of the flow records, {octets} of the octets"),
    ));
    for (ja, en, part) in [
        ("下の経路で", "by the paths below", suggestion.covered),
        ("今のポリシーで", "by the policy in force", suggestion.already),
        ("経路を要しない", "without a path", suggestion.built_in),
        (
            "対象外。上の割合には入らない",
            "excluded, and not counted above",
            suggestion.excluded,
        ),
    ] {
        if part.records > 0 {
            let part = volume(part);
            lines.push(Text::new(
                format!("  {ja}: {}", part.ja),
                format!("  {en}: {}", part.en),
            ));
        }
    }
    for (reason, part) in &suggestion.left {
        let (label, part) = (reason.label(), volume(*part));
        lines.push(Text::new(
            format!("  不明のまま({}): {}", label.ja, part.ja),
            format!("  left unknown, {}: {}", label.en, part.en),
        ));
    }
    lines
}

/// At the end: what is not proposed.
pub(super) fn left(suggestion: &Suggestion) -> Vec<Text> {
    if suggestion.unknown.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Text::new(
        "不明のまま: 提案せず、両端がゾーンにあるものはこのポリシーが拒否します。",
        "Left unknown: not proposed, and denied by this policy where both ends are in a zone.",
    )];
    for left in suggestion.unknown.iter().take(LEFT) {
        let port = left.port.map_or_else(String::new, |port| format!("/{port}"));
        let (from, to) = &left.zones;
        let what = format!("  {}: {from} -> {to} {}{port}", left.reason.name(), left.protocol);
        let (orig, resp) = &left.example;
        let (seen, pairs) = (volume(left.volume), left.pairs);
        lines.push(Text::new(
            format!("{what}: {}、{pairs} 組、例 {orig} -> {resp}", seen.ja),
            format!(
                "{what}: {}, {}, such as {orig} -> {resp}",
                seen.en,
                many(pairs, "pair")
            ),
        ));
    }
    let more = suggestion.unknown.len().saturating_sub(LEFT);
    if more > 0 {
        lines.push(Text::new(
            format!("  ほか {more} 種類"),
            format!("  and {more} more kinds"),
        ));
    }
    lines
}

fn volume(volume: Volume) -> Text {
    let Volume { records, octets, .. } = volume;
    Text::new(
        format!("フロー記録 {records} 件、{octets} オクテット"),
        format!("{}, {octets} octets", many(records, "flow record")),
    )
}

fn many(number: impl Into<Count>, word: &str) -> String {
    let Count(number) = number.into();
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

struct Count(u64);

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<u32> for Count {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl From<usize> for Count {
    fn from(number: usize) -> Self {
        Self(u64::try_from(number).unwrap_or(u64::MAX))
    }
}
