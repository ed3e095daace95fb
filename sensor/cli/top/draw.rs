//! A screen: head, rates, zones beside health, alerts, keys.
//!
//! Severities and verdicts are words and letters first; colour only repeats them, and is left out where
//! `NO_COLOR` is set.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Sparkline, Table};
use sekisho_model::blind::BlindTotals;
use sekisho_model::summary::Summary;
use sekisho_model::{BlindKind, Severity};

use super::ask::Alert;
use super::state::State;
use crate::cli::language::Language;
use crate::cli::report::grouped;
use crate::cli::terminal::clean;

/// How a screen looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    language: Language,
    colour: bool,
}

impl Look {
    /// In the language of the environment, with colours unless it says no.
    pub(super) fn of_environment(language: Language) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { language, colour }
    }

    /// Without colours.
    pub(super) const fn plain(language: Language) -> Self {
        Self {
            language,
            colour: false,
        }
    }

    fn say(self, ja: &'static str, en: &'static str) -> &'static str {
        self.language.pick(ja, en)
    }

    fn in_colour(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    fn bad(self) -> Style {
        self.in_colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    fn good(self) -> Style {
        self.in_colour(Color::Green)
    }

    fn soft(self) -> Style {
        self.in_colour(Color::DarkGray)
    }

    fn severity(self, number: u8) -> Style {
        match number {
            1 => self.bad(),
            2 => self.in_colour(Color::Yellow),
            3 => self.in_colour(Color::Cyan),
            _ => self.soft(),
        }
    }
}

/// Draws the state on a screen of any size.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, look: Look) {
    let area = frame.area();
    let middle = if area.height >= 36 { 16 } else { 10 };
    let [head, rates, middle, alerts, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Length(middle),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(area);
    let [zones, health] = Layout::horizontal([Constraint::Percentage(54), Constraint::Percentage(46)])
        .spacing(1)
        .areas(middle);
    draw_head(frame, head, state, look);
    draw_rates(frame, rates, state, look);
    if let Some(summary) = &state.answer.summary {
        draw_zones(frame, zones, summary, look);
        draw_health(frame, health, summary, state, look);
    } else {
        let text = look.say("まだ何も記録されていません。", "Nothing was recorded yet.");
        frame.render_widget(Paragraph::new(text), middle);
    }
    draw_alerts(frame, alerts, state, look);
    draw_foot(frame, foot, state, look);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let summary = state.answer.summary.as_ref();
    let until = summary.and_then(|summary| summary.watched_until);
    let until = until.map_or_else(
        || "–".to_owned(),
        |until| until.to_string().chars().take(19).collect(),
    );
    let (word, style) = if state.is_watching() {
        (look.say("監視中", "watching"), look.good())
    } else {
        (look.say("終了済み", "ended"), look.bad())
    };
    let name = Span::styled(
        format!("Sekisho {}", clean(&state.answer.version)),
        Style::new().add_modifier(Modifier::BOLD),
    );
    let left = Line::from(vec![
        name,
        Span::raw(format!("  {}  ", state.server)),
        Span::styled(word, style),
    ]);
    let right = Line::from(format!("{until} UTC")).alignment(Alignment::Right);
    frame.render_widget(left, area);
    let room = u16::try_from(right.width()).unwrap_or(u16::MAX).min(area.width);
    let [_, right_area] = Layout::horizontal([Constraint::Min(0), Constraint::Length(room)]).areas(area);
    frame.render_widget(right, right_area);
}

fn draw_rates(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let [numbers, spark] = Layout::horizontal([Constraint::Length(62), Constraint::Min(0)]).areas(area);
    let rates = state.rates;
    let summary = state.answer.summary.as_ref();
    let first = Line::from(format!(
        "{} {}   {} bit/s   {} {}",
        scaled(rates.packets),
        look.say("パケット/秒", "packets/s"),
        scaled(rates.bits),
        scaled(rates.flows),
        look.say("フロー/秒", "flows/s"),
    ));
    let count = |number: fn(&Summary) -> u64| grouped(summary.map_or(0, number));
    let lost = summary.map_or(0, lost);
    let second = Line::from(vec![
        Span::raw(format!(
            "{} {}   {} {}   ",
            look.say("パケット", "packets"),
            count(|summary| summary.packets),
            look.say("フロー", "flows"),
            count(|summary| summary.flows),
        )),
        Span::styled(
            format!("{} {}", look.say("損失", "lost"), grouped(lost)),
            if lost > 0 { look.bad() } else { look.good() },
        ),
    ]);
    frame.render_widget(Paragraph::new(vec![first, second]), numbers);
    if state.history.len() < 2 {
        return;
    }
    let newest = state.history.len().saturating_sub(usize::from(spark.width));
    let history: Vec<u64> = state.history.iter().skip(newest).copied().collect();
    frame.render_widget(Sparkline::default().data(&history).style(look.good()), spark);
}

/// Frames lost in rings and cards.
fn lost(summary: &Summary) -> u64 {
    let ports = summary.input.files.iter().filter_map(|file| file.port);
    ports
        .map(|port| port.ring_dropped.saturating_add(port.dropped))
        .fold(0, u64::saturating_add)
}

fn draw_zones(frame: &mut Frame<'_>, area: Rect, summary: &Summary, look: Look) {
    let title = look.say("ゾーン間の通信(フロー)", "Zones (flows)");
    if summary.policy_name.is_empty() {
        let text = look.say(
            "ポリシーがなく、ゾーンは判定していません。",
            "No policy: no zones were judged.",
        );
        frame.render_widget(Paragraph::new(text).block(block(title)), area);
        return;
    }
    let mut cells: Vec<_> = summary.zones.iter().collect();
    cells.sort_by_key(|cell| std::cmp::Reverse((cell.denied.flows, cell.allowed.flows)));
    let rows = cells.into_iter().map(|cell| {
        let denied = cell.denied.flows;
        let style = if denied > 0 { look.bad() } else { look.soft() };
        Row::new([
            Cell::from(clean(&cell.orig_zone)),
            Cell::from(clean(&cell.resp_zone)),
            number(grouped(cell.allowed.flows), Style::new()),
            number(grouped(denied), style),
        ])
    });
    let header = Row::new([
        Cell::from(look.say("発信元", "from")),
        Cell::from(look.say("宛先", "to")),
        number(look.say("許可", "allowed").to_owned(), Style::new()),
        number(look.say("拒否", "denied").to_owned(), Style::new()),
    ]);
    let widths = [
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Length(8),
        Constraint::Length(8),
    ];
    let table = Table::new(rows, widths).header(header.style(look.soft()));
    frame.render_widget(table.block(block(title)), area);
}

fn number(text: String, style: Style) -> Cell<'static> {
    Cell::from(Line::styled(text, style).alignment(Alignment::Right))
}

fn draw_health(frame: &mut Frame<'_>, area: Rect, summary: &Summary, state: &State, look: Look) {
    let mut lines = Vec::new();
    for file in summary.input.files.iter().take(4) {
        let trouble = file.damage.as_deref().map(clean);
        let lost = file
            .port
            .map(|port| port.ring_dropped.saturating_add(port.dropped));
        let style = if trouble.is_some() || lost.is_some_and(|lost| lost > 0) {
            look.bad()
        } else {
            look.good()
        };
        let said = match (trouble, lost) {
            (Some(trouble), _) => trouble,
            (None, Some(lost)) => format!("{} {}", look.say("損失", "lost"), grouped(lost)),
            (None, None) => look.say("正常", "whole").to_owned(),
        };
        // Of a path the name tells most.
        let name = file.path.rsplit('/').next().unwrap_or_default();
        lines.push(Line::from(vec![
            Span::raw(format!("{}  ", clean(name))),
            Span::styled(said, style),
        ]));
    }
    let findings = summary.health.mirror.iter().flat_map(|mirror| &mirror.findings);
    for finding in findings {
        let title = clean(look.language.of(&finding.title));
        lines.push(Line::styled(format!("! {title}"), look.bad()));
    }
    for kind in BlindKind::ALL {
        let Some(BlindTotals { intervals, seconds }) = summary.health.blind.get(kind.name()) else {
            continue;
        };
        let (ja, en) = kind.label();
        let is_open = state.answer.blind.iter().any(|one| one.kind == kind && one.open);
        let open = if is_open {
            look.say(" 継続中", " goes on")
        } else {
            ""
        };
        let text = format!(
            "{}: {} × {seconds:.0} s{open}",
            look.language.pick(ja, en),
            grouped(*intervals)
        );
        lines.push(Line::styled(
            text,
            if is_open { look.bad() } else { Style::new() },
        ));
    }
    if summary.health.blind.is_empty()
        && summary
            .health
            .mirror
            .iter()
            .all(|mirror| mirror.findings.is_empty())
    {
        let text = look.say("見えていない時間はありません", "nothing in the way of sight");
        lines.push(Line::styled(text, look.good()));
    }
    if summary.policy_changes.standing_refusal.is_some() {
        let text = look.say(
            "! 適用されていないポリシーの変更",
            "! a change of the policy is not in force",
        );
        lines.push(Line::styled(text, look.bad()));
    }
    let title = look.say("センサーの状態", "Health");
    frame.render_widget(Paragraph::new(lines).block(block(title)), area);
}

fn draw_alerts(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let totals = state
        .answer
        .summary
        .as_ref()
        .map(|summary| &summary.alerts.by_severity);
    let words = [
        (Severity::High, look.say("高", "high")),
        (Severity::Medium, look.say("中", "medium")),
        (Severity::Low, look.say("低", "low")),
        (Severity::Informational, look.say("情報", "info")),
    ];
    let counts = words.map(|(severity, word)| {
        let digit = severity.number().to_string();
        let count = totals.and_then(|totals| totals.get(&digit)).copied();
        format!("{word} {}", grouped(count.unwrap_or(0)))
    });
    let title = format!("{}  {}", look.say("警報", "Alerts"), counts.join("  "));
    let rows = state
        .answer
        .alerts
        .iter()
        .map(|alert| alert_row(alert, look, area.width));
    let is_wide = area.width >= WIDE;
    let mut widths = vec![
        Constraint::Length(8),
        Constraint::Length(1),
        Constraint::Length(if is_wide { 28 } else { 20 }),
        Constraint::Length(if is_wide { 40 } else { 16 }),
        Constraint::Fill(1),
    ];
    if is_wide {
        widths.extend([Constraint::Length(40), Constraint::Length(7)]);
    }
    frame.render_widget(Table::new(rows, widths).block(block(&title)), area);
}

/// Columns from which on an alert has room for both ends.
const WIDE: u16 = 140;

fn alert_row(alert: &Alert, look: Look, width: u16) -> Row<'static> {
    let address = |end: &Option<super::ask::End>| end.as_ref().map(|end| clean(&end.address));
    let orig = address(&alert.orig).unwrap_or_else(|| "–".to_owned());
    let time: String = alert.last_seen.chars().skip(11).take(8).collect();
    let mut cells = vec![
        Cell::from(clean(&time)),
        Cell::from(Span::styled(
            alert.severity.to_string(),
            look.severity(alert.severity),
        )),
        Cell::from(clean(&alert.rule)),
        Cell::from(orig),
        Cell::from(Span::styled(
            clean(look.language.of(&alert.title)),
            look.severity(alert.severity),
        )),
    ];
    if width >= WIDE {
        let resp = address(&alert.resp).map_or_else(String::new, |resp| format!("→ {resp}"));
        cells.push(Cell::from(resp));
        cells.push(number(grouped(alert.count), Style::new()));
    }
    Row::new(cells)
}

fn draw_foot(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let line = match &state.failure {
        Some(failure) => Line::styled(failure.clone(), look.bad()),
        None => Line::styled(look.say("q 終了  r 更新", "q ends  r asks again"), look.soft()),
    };
    frame.render_widget(line, area);
}

fn block(title: &str) -> Block<'static> {
    Block::new().borders(Borders::TOP).title(format!("─ {title} "))
}

/// A rate with at most four digits and its unit.
fn scaled(rate: f64) -> String {
    let steps = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let step = steps.into_iter().find(|(step, _)| rate >= *step);
    match step {
        Some((step, unit)) => format!("{:.1} {unit}", rate / step),
        None => format!("{rate:.1} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_their_units() {
        assert_eq!(scaled(0.25), "0.2 ");
        assert_eq!(scaled(12_345.0), "12.3 k");
        assert_eq!(scaled(2_500_000_000.0), "2.5 G");
    }
}
