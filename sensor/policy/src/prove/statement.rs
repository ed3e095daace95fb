//! Statements about a policy that are proved or refuted: `never gyomu -> internet`.

use std::ops::Range;
use std::sync::Arc;

use sekisho_model::{Protocol, Text, Verdict};

use super::claims::Claims;
use super::example::Example;
use super::index::Index;
use super::model::{Model, PORTS};
use super::region::{Axis, Budget, Cube, Exhausted, Region};
use crate::calendar::{Calendar, Ranges, Window};
use crate::conditions::{End, Protocols};
use crate::error::shown;

/// What a policy's writer wants to be true of it.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) id: Arc<str>,
    /// The clause of the written policy; empty where none is named.
    pub(crate) clause: String,
    /// As it was written.
    pub(crate) text: String,
    pub(crate) crossing: Crossing,
    /// Entries that may allow the crossing; where empty, nothing may.
    pub(crate) only: Vec<Arc<str>>,
}

/// Flows of which a statement speaks.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) protocols: Protocols,
    /// Half-open ranges; any where absent.
    pub(crate) ports: Option<Vec<(u32, u32)>>,
    pub(crate) window: Option<Window>,
}

/// What is wrong with the text of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatementFault {
    /// Octets of the text.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Crossing {
    /// Reads `gyomu, joho -> internet tcp/22,80 workday 08:30-17:15`; `zones` resolves a zone or a
    /// group.
    pub(crate) fn parse(
        text: &str,
        zones: impl Fn(&str) -> Option<End>,
        calendar: &Calendar,
    ) -> Result<Self, StatementFault> {
        let fault = |span: Range<usize>, message: String, help: &str| StatementFault {
            span,
            message,
            help: help.to_owned(),
        };
        let Some((left, right)) = text.split_once("->") else {
            return Err(fault(
                0..text.len(),
                format!("`{}` names no crossing", shown(text)),
                "write it as `office -> internet`, with `tcp/22` and a window behind where they matter",
            ));
        };
        let right_at = left.len().saturating_add(2);
        let from = end(left, 0, &zones)?;
        // Zones of a list stand together; the first word without a comma before or behind it that
        // is no zone begins what is said of the service or the time.
        let zones_len = list_len(right);
        let to = end(right.get(..zones_len).unwrap_or(right), right_at, &zones)?;
        let rest = right.get(zones_len..).unwrap_or_default();
        let rest_at = right_at.saturating_add(zones_len);
        let blanks = rest.len().saturating_sub(rest.trim_start().len());
        let (rest, rest_at) = (rest.trim_start(), rest_at.saturating_add(blanks));
        let word = rest.split_whitespace().next().unwrap_or_default();
        let service = service(word).map_err(|message| {
            fault(
                rest_at..rest_at.saturating_add(word.len()),
                message,
                "write the service as `tcp/22`, `udp/53,123`, `tcp/8000-8080` or `icmp`",
            )
        })?;
        let mut crossing = Self {
            from,
            to,
            protocols: Protocols::ALL,
            ports: None,
            window: None,
        };
        let mut window_at = rest_at;
        if let Some((protocols, ports)) = service {
            crossing.protocols = protocols;
            crossing.ports = ports;
            window_at = window_at.saturating_add(word.len());
        }
        let window = text.get(window_at..).unwrap_or_default();
        if !window.trim().is_empty() {
            let made = calendar.window(window).map_err(|wrong| {
                let moved = |at: usize| at.saturating_add(window_at);
                fault(
                    moved(wrong.span.start)..moved(wrong.span.end),
                    wrong.message,
                    &wrong.help,
                )
            })?;
            crossing.window = Some(made);
        }
        Ok(crossing)
    }
}

/// Octets of a list of zones at the begin of a text: words joined by commas.
fn list_len(text: &str) -> usize {
    let mut end = 0_usize;
    let mut wants_word = true;
    let mut at = 0_usize;
    for piece in text.split_inclusive([' ', ',']) {
        let word = piece.trim_end_matches([' ', ',']);
        let comma = piece.ends_with(',');
        if !word.is_empty() {
            if !wants_word {
                return end;
            }
            end = at.saturating_add(word.len());
            wants_word = false;
        }
        at = at.saturating_add(piece.len());
        if comma {
            wants_word = true;
            end = at;
        }
    }
    end
}

fn end(text: &str, offset: usize, zones: &impl Fn(&str) -> Option<End>) -> Result<End, StatementFault> {
    let mut ids = Vec::new();
    let mut at = offset;
    for piece in text.split(',') {
        let word = piece.trim();
        let begin = at.saturating_add(piece.len().saturating_sub(piece.trim_start().len()));
        at = at.saturating_add(piece.len()).saturating_add(1);
        match (word, zones(word)) {
            ("*", _) | (_, Some(End::Any)) => return Ok(End::Any),
            (_, Some(End::Zones(more))) => ids.extend(more),
            (_, None) => {
                return Err(StatementFault {
                    span: begin..begin.saturating_add(word.len()),
                    message: format!("`{}` is no zone and no group", shown(word)),
                    help: "name a declared zone or group, or `*`".to_owned(),
                });
            }
        }
    }
    Ok(End::zones(ids))
}

type Service = (Protocols, Option<Vec<(u32, u32)>>);

/// `tcp/22,80-90`; `None` where the word is no protocol, and so begins a window.
fn service(word: &str) -> Result<Option<Service>, String> {
    let (name, ports) = word
        .split_once('/')
        .map_or((word, None), |(name, ports)| (name, Some(ports)));
    let Some(protocol) = Protocol::parse(name) else {
        return match ports {
            Some(_) => Err(format!("`{}` is no protocol", shown(name))),
            None => Ok(None),
        };
    };
    let mut protocols = Protocols::default();
    protocols.insert(protocol);
    let Some(ports) = ports else {
        return Ok(Some((protocols, None)));
    };
    if !protocol.has_ports() {
        return Err(format!("`{name}` has no ports"));
    }
    let mut ranges = Vec::new();
    for part in ports.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        match (low.parse::<u16>(), high.parse::<u16>()) {
            (Ok(low), Ok(high)) if low <= high => {
                ranges.push((u32::from(low), u32::from(high).saturating_add(1)));
            }
            _ => return Err(format!("`{}` is no port and no range of ports", shown(part))),
        }
    }
    Ok(Some((protocols, Some(ranges))))
}

/// What is known of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds for every flow, from the given instant on.
    Proved,
    /// A flow that it forbids is allowed.
    Refuted {
        /// The path, exception or built-in rule that allows it.
        by: Arc<str>,
        /// The flow.
        example: Example,
    },
    /// Flows that it speaks of are not judged: a zone is excluded, or both ends are in none.
    NotJudged {
        /// One of the flows.
        example: Option<Example>,
    },
    /// Not decided: too much work, or no flow could be made that shows what seems to be allowed.
    Undecided,
}

/// The answer to one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Id of the statement.
    pub id: Arc<str>,
    /// The statement as it was written.
    pub text: String,
    /// What is known of it.
    pub outcome: Outcome,
}

impl Answer {
    /// The answer in a sentence, without the flow that shows it.
    #[must_use]
    pub fn sentence(&self) -> Text {
        match &self.outcome {
            Outcome::Proved => Text::new("証明されました", "proved"),
            Outcome::Refuted { by, .. } => Text::new(
                format!("成り立ちません。{by} が許可しています"),
                format!("refuted: {by} allows it"),
            ),
            Outcome::NotJudged { .. } => Text::new(
                "判定しない通信を含むため、何も言えません",
                "speaks of flows that are not judged, so nothing can be said",
            ),
            Outcome::Undecided => Text::new("決められませんでした", "not decided"),
        }
    }
}

/// Answers one statement.
pub(super) fn answer(
    model: &Model<'_, 1>,
    claims: &Claims,
    index: &Index,
    statement: &Statement,
    budget: &mut Budget,
) -> Outcome {
    try_answer(model, claims, index, statement, budget).unwrap_or(Outcome::Undecided)
}

fn try_answer(
    model: &Model<'_, 1>,
    claims: &Claims,
    index: &Index,
    statement: &Statement,
    budget: &mut Budget,
) -> Result<Outcome, Exhausted> {
    let spoken = spoken(model, &statement.crossing);
    if spoken.is_empty() {
        return Ok(Outcome::Proved);
    }
    let mut judged = Region(vec![spoken.clone()]);
    for cube in &claims.unjudged.0 {
        judged.take(cube, budget)?;
    }
    let [policy] = model.policies;
    let mut seeming = false;
    let others = index.near(&spoken);
    let others = others.into_iter().filter_map(|number| claims.entries.get(number));
    let others = others.filter(|claim| !statement.only.contains(&claim.id));
    let regions = others.map(|claim| &claim.region).chain([&claims.open]);
    for cube in regions.flat_map(|region| &region.0) {
        budget.spend(judged.0.len())?;
        for both in judged.and(cube).0 {
            seeming = true;
            let shown = model.example(&both, |[judged]| {
                judged.verdict == Verdict::Allowed && !statement.only.contains(&judged.rule)
            });
            // The entry that is named may be one that is allowed to be, where both allow the flow.
            let shown = shown.or_else(|| model.example(&both, |[judged]| judged.verdict == Verdict::Allowed));
            if let Some(example) = shown {
                let by = policy.judge(&example.question()).rule;
                return Ok(Outcome::Refuted { by, example });
            }
        }
    }
    if seeming {
        return Ok(Outcome::Undecided);
    }
    let unjudged = claims.unjudged.and(&spoken);
    if let Some(cube) = unjudged.0.first() {
        let example = model.example(cube, |[judged]| judged.verdict == Verdict::Unknown);
        return Ok(Outcome::NotJudged { example });
    }
    Ok(Outcome::Proved)
}

fn spoken(model: &Model<'_, 1>, crossing: &Crossing) -> Cube {
    let [policy] = model.policies;
    let numbers = crossing.protocols.iter().map(|protocol| usize::from(protocol.0));
    let time = |at| {
        let window = crossing.window.as_ref();
        window.is_none_or(|window| window.is_open(policy.calendar(), at))
    };
    let cube = model
        .whole
        .with(Axis::From, model.at_end(0, &crossing.from))
        .with(Axis::To, model.at_end(0, &crossing.to))
        .with(Axis::Protocol, super::bits::Bits::of(256, numbers))
        .with(Axis::Time, model.clock.set(time));
    let ports = crossing.ports.clone().unwrap_or_else(|| vec![PORTS]);
    Cube {
        ports: Ranges::new(ports),
        ..cube
    }
}
