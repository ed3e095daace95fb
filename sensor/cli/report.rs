//! The summary of a run as tables for a terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use sekisho_model::BlindKind;
use sekisho_model::bucket::{BucketClass, FrameBucket};
use sekisho_model::summary::Summary;

use super::language::Language;
use super::terminal::clean;

/// Rows of the zone matrix that are printed; the rest is counted.
const MATRIX_ROWS: usize = 40;

/// One line, under the header: rows stand close, as a page of numbers is read.
const UNDER_THE_HEADER: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The whole summary.
pub(crate) fn summary(summary: &Summary, language: Language) -> String {
    let mut out = String::new();
    overview(&mut out, summary, language);
    matrix(&mut out, summary, language);
    alerts(&mut out, summary, language);
    talkers(&mut out, summary, language);
    frames(&mut out, summary, language);
    losses(&mut out, summary, language);
    health(&mut out, summary, language);
    out
}

fn overview(out: &mut String, summary: &Summary, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let mut table = table(&[say("項目", "What"), say("値", "Value")]);
    let (first, last) = (summary.first_packet, summary.last_packet);
    let span = match (first, last) {
        (Some(first), Some(last)) => format!("{first} – {last}"),
        _ => say("パケットなし", "no packet").to_owned(),
    };
    let policy = if summary.policy_name.is_empty() {
        say("なし(ゾーンは判定していません)", "none: no zones were judged").to_owned()
    } else {
        format!(
            "{} {} ({})",
            clean(&summary.policy_name),
            clean(&summary.policy_version),
            summary.policy_mode
        )
    };
    for (name, value) in [
        (say("期間", "Time"), span),
        (say("パケット", "Packets"), grouped(summary.packets)),
        (
            say("オクテット(回線上)", "Octets on the wire"),
            grouped(summary.frame_octets),
        ),
        (say("フロー", "Flows"), grouped(summary.flows)),
        (say("警報", "Alerts"), alert_count(summary, language)),
        (say("ポリシー", "Policy"), policy),
        (
            say("カタログ", "Catalogue"),
            if summary.catalogue_version.is_empty() {
                say("なし", "none").to_owned()
            } else {
                clean(&summary.catalogue_version)
            },
        ),
        (
            say("速度", "Rate"),
            format!(
                "{} {} ({:.2} s, {} {})",
                grouped(rounded(summary.packets_per_second)),
                say("パケット/秒", "packets/s"),
                summary.seconds,
                summary.workers,
                say("ワーカー", "workers")
            ),
        ),
    ] {
        table.add_row([name, &value]);
    }
    for (name, value) in policy_state(summary, language) {
        table.add_row([name, &value]);
    }
    let _ = writeln!(out, "{table}");
    let sentence = if summary.flows == 0 {
        say(
            "IPのフローは1つもありませんでした。",
            "There was not one IP flow in it.",
        )
    } else if summary.zones.is_empty() {
        say(
            "すべてのフローが対象外ゾーンのものでした。",
            "Every flow in it belongs to an excluded zone.",
        )
    } else {
        return;
    };
    let _ = writeln!(out, "{sentence}");
}

/// Letters of the policy's hash that are shown: as many as tell policies apart for a person.
const HASH_SHOWN: usize = 12;

/// Which policy judged last, how it changed, and what of it nothing used.
fn policy_state(summary: &Summary, language: Language) -> Vec<(&'static str, String)> {
    let say = |ja, en| language.pick(ja, en);
    let mut rows = Vec::new();
    if let Some(hash) = summary.policy_hash.get(..HASH_SHOWN) {
        rows.push((say("ポリシーの指紋", "Policy hash"), hash.to_owned()));
    }
    let changes = &summary.policy_changes;
    if changes.taken_up > 0 || changes.refused > 0 {
        let value = format!(
            "{} {}, {} {}",
            grouped(changes.taken_up),
            say("回読み込み", "taken up"),
            grouped(changes.refused),
            say("回拒否", "refused")
        );
        rows.push((say("ポリシーの変更", "Policy changes"), value));
    }
    if let Some(reason) = &changes.standing_refusal {
        rows.push((say("適用されていない変更", "Change not in force"), clean(reason)));
    }
    let lists = &summary.lists;
    if lists.lists > 0 {
        let value = format!(
            "{} ({} {})",
            grouped(lists.indicators),
            say("一覧の数", "lists:"),
            grouped(lists.lists)
        );
        rows.push((say("脅威情報", "Indicators"), value));
    }
    if let Some(reason) = &lists.changes.standing_refusal {
        rows.push((say("適用されていない一覧", "Lists not in force"), clean(reason)));
    }
    let unused = &summary.rules.unused_exceptions;
    if !unused.is_empty() {
        rows.push((
            say("使われなかった例外措置", "Exceptions never used"),
            clean(&unused.join(", ")),
        ));
    }
    rows
}

fn matrix(out: &mut String, summary: &Summary, language: Language) {
    if summary.policy_name.is_empty() || summary.zones.is_empty() {
        return;
    }
    let say = |ja, en| language.pick(ja, en);
    let _ = writeln!(
        out,
        "\n{}",
        say("ゾーン間の通信(フロー数)", "Between the zones (flows)")
    );
    let mut table = table(&[
        say("発信元", "From"),
        say("宛先", "To"),
        say("許可", "Allowed"),
        say("拒否", "Denied"),
        say("不明", "Unknown"),
        say("オクテット", "Octets"),
    ]);
    align_right(&mut table, 2..6);
    // What is denied first: that is what one looks for.
    let mut cells: Vec<_> = summary.zones.iter().collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.denied.flows));
    for cell in cells.iter().take(MATRIX_ROWS) {
        table.add_row([
            clean(&cell.orig_zone),
            clean(&cell.resp_zone),
            grouped(cell.allowed.flows),
            grouped(cell.denied.flows),
            grouped(cell.unknown.flows),
            grouped(cell.allowed.octets + cell.denied.octets + cell.unknown.octets),
        ]);
    }
    let _ = writeln!(out, "{table}");
    if let Some(more) = cells.len().checked_sub(MATRIX_ROWS).filter(|more| *more > 0) {
        let _ = writeln!(
            out,
            "{more} {}",
            say("組を省略(--json で全件)", "more pairs (--json has all)")
        );
    }
}

/// How many alerts, and how many an exception silences.
fn alert_count(summary: &Summary, language: Language) -> String {
    let total = grouped(summary.alerts.total);
    match (summary.alerts.suppressed, language) {
        (0, _) => total,
        (silenced, Language::Japanese) => format!("{total}(ほかに例外で抑止: {})", grouped(silenced)),
        (silenced, Language::English) => format!("{total} (silenced by exceptions: {})", grouped(silenced)),
    }
}

fn alerts(out: &mut String, summary: &Summary, language: Language) {
    if summary.alerts.total == 0 {
        return;
    }
    let say = |ja, en| language.pick(ja, en);
    let names = [
        ("1", say("高", "high")),
        ("2", say("中", "medium")),
        ("3", say("低", "low")),
        ("4", say("情報", "informational")),
    ];
    let _ = writeln!(out, "\n{}", say("警報", "Alerts"));
    let mut table = table(&[say("深刻度・規則", "Severity, rule"), say("件数", "Number")]);
    align_right(&mut table, 1..2);
    for (number, name) in names {
        if let Some(count) = summary.alerts.by_severity.get(number) {
            table.add_row([format!("{number} {name}"), grouped(*count)]);
        }
    }
    for (rule, count) in &summary.alerts.by_rule {
        table.add_row([clean(rule), grouped(*count)]);
    }
    let _ = writeln!(out, "{table}");
}

fn talkers(out: &mut String, summary: &Summary, language: Language) {
    if summary.talkers.is_empty() {
        return;
    }
    let say = |ja, en| language.pick(ja, en);
    let _ = writeln!(out, "\n{}", say("通信量の多いアドレス", "Top talkers"));
    let mut table = table(&[
        say("アドレス", "Address"),
        say("ゾーン", "Zone"),
        say("フロー", "Flows"),
        say("パケット", "Packets"),
        say("オクテット", "Octets"),
    ]);
    align_right(&mut table, 2..5);
    for talker in &summary.talkers {
        table.add_row([
            talker.address.clone(),
            clean(&talker.zone),
            grouped(talker.volume.flows),
            grouped(talker.volume.packets),
            grouped(talker.volume.octets),
        ]);
    }
    let _ = writeln!(out, "{table}");
}

fn frames(out: &mut String, summary: &Summary, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let _ = writeln!(out, "\n{}", say("フレームの内訳", "Where each frame ended"));
    let mut table = table(&[
        say("区分", "Bucket"),
        say("扱い", "Class"),
        say("フレーム", "Frames"),
    ]);
    align_right(&mut table, 2..3);
    for bucket in FrameBucket::ALL {
        let number = summary.frames.get(bucket.id()).copied().unwrap_or(0);
        if number > 0 {
            let (ja, en) = bucket.label();
            let class = match bucket.class() {
                BucketClass::Processed => say("処理済み", "processed"),
                BucketClass::Dropped => say("解析不能", "dropped"),
                BucketClass::Filtered => say("対象外", "filtered"),
            };
            table.add_row([say(ja, en), class, &grouped(number)]);
        }
    }
    let _ = writeln!(out, "{table}");
}

fn losses(out: &mut String, summary: &Summary, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let lost: Vec<_> = summary.losses.iter().filter(|(_, number)| **number > 0).collect();
    if lost.is_empty() {
        let _ = writeln!(out, "\n{}", say("損失: なし", "Losses: none"));
        return;
    }
    let _ = writeln!(out, "\n{}", say("損失(原因別)", "Losses by cause"));
    let mut table = table(&[say("原因", "Cause"), say("件数", "Number")]);
    align_right(&mut table, 1..2);
    for (cause, number) in lost {
        table.add_row([cause.clone(), grouped(*number)]);
    }
    let _ = writeln!(out, "{table}");
}

/// When the sensor did not see, and what is wrong with the mirror.
fn health(out: &mut String, summary: &Summary, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let health = &summary.health;
    if !health.blind.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            say("見えていなかった区間", "When the sensor was blind")
        );
        let mut table = table(&[
            say("種類", "Kind"),
            say("区間", "Intervals"),
            say("秒", "Seconds"),
        ]);
        align_right(&mut table, 1..3);
        for kind in BlindKind::ALL {
            if let Some(totals) = health.blind.get(kind.name()) {
                let (ja, en) = kind.label();
                let seconds = format!("{:.1}", totals.seconds);
                table.add_row([say(ja, en), &grouped(totals.intervals), &seconds]);
            }
        }
        let _ = writeln!(out, "{table}");
    }
    let findings = health.mirror.iter().flat_map(|mirror| &mirror.findings);
    for (index, finding) in findings.enumerate() {
        if index == 0 {
            let _ = writeln!(
                out,
                "\n{}",
                say(
                    "ミラーの問題(sekisho doctor が詳しく示します)",
                    "Trouble with the mirror (sekisho doctor says more)"
                )
            );
        }
        let _ = writeln!(
            out,
            "- {}: {}",
            language.of(&finding.title),
            language.of(&finding.observed)
        );
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UNDER_THE_HEADER)
        .set_header(header.iter().copied());
    table
}

fn align_right(table: &mut Table, columns: std::ops::Range<usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && index % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The whole part of a rate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^63"
)]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
