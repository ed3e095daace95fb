//! `[[rule]]`: an expression over the fields of a flow, kept here as text; see [`crate::rules`].

use std::sync::Arc;

use sekisho_model::{Severity, Text};

use super::boundary;
use super::path;
use super::table::{Key, Table, key};
use super::test::{self, TestDecl};
use super::value;
use crate::error::{Report, Sink, shown};
use crate::file::{At, Place};
use crate::rules::FoldBy;

pub(super) const KEYS: &[Key] = &[
    key("id", "id = \"SEG-0007\""),
    key("title", "title.ja = \"…\""),
    key("severity", "severity = \"high\""),
    key(
        "severity_by",
        "severity_by = [{ when = 'orig.zone.classification == 3', severity = \"high\" }]",
    ),
    key("fold", "fold = \"originator\""),
    key("needs", "needs = [\"sanctioned-resolvers\"]"),
    key("when", "when = 'service == \"ssh\" and resp.port != 22'"),
    key("except", "except = 'orig.zone == \"kanri\"'"),
    key("why", "why.ja = \"…\""),
    key("legitimate", "legitimate.ja = \"…\""),
    key("first_step", "first_step.ja = \"…\""),
    key("source", "source = \"…\""),
    key("version", "version = \"2026-11\""),
    key("clause", "clause = \"6(6)\""),
    key("category", "category = \"policy_violation\""),
    key("attack", "attack = [\"T1021\"]"),
    key("enabled", "enabled = true"),
    key("number", "number = 3_000_001"),
    key("test", "[[rule.test]]"),
];

pub(super) const SEVERITY_KEYS: &[Key] = &[
    key("when", "when = 'orig.zone.classification == 3'"),
    key("severity", "severity = \"high\""),
];

/// Numbers that rules may have.
pub(super) const NUMBERS: std::ops::RangeInclusive<i64> = 3_000_000..=3_999_999;

/// What one rule declares.
#[derive(Debug, Clone)]
pub(crate) struct RuleDecl {
    /// The id; empty where a complaint about it was made.
    pub(crate) id: At<String>,
    pub(crate) place: Place,
    pub(crate) title: Text,
    pub(crate) severity: Option<Severity>,
    /// Further severities, each with the expression under which it counts.
    pub(crate) severity_by: Vec<(At<String>, Severity)>,
    pub(crate) fold: FoldBy,
    /// Lists without whose values it is not asked.
    pub(crate) needs: Vec<At<String>>,
    /// The expression; absent where a complaint was made.
    pub(crate) when: Option<At<String>>,
    pub(crate) except: Option<At<String>>,
    pub(crate) why: Text,
    pub(crate) legitimate: Text,
    pub(crate) first_step: Text,
    pub(crate) source: String,
    pub(crate) version: String,
    pub(crate) clause: String,
    pub(crate) category: Option<At<String>>,
    pub(crate) attack: Vec<Arc<str>>,
    pub(crate) enabled: bool,
    pub(crate) number: Option<At<u32>>,
    pub(crate) tests: Vec<TestDecl>,
    /// Whether a catalogue that the policy stands on declares it.
    pub(crate) of_catalogue: bool,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> RuleDecl {
    table.check_keys(KEYS, sink);
    let id = path::id(KEYS, table, sink);
    RuleDecl {
        tests: test::parse_all(table, &id.value, test::RULE, sink),
        id,
        place: table.place.clone(),
        title: text(table, "title", sink),
        severity: severity(KEYS, table, sink),
        severity_by: severity_by(table, sink),
        fold: table
            .choice(KEYS, "fold", &FoldBy::ALL.map(|fold| (fold.name(), fold)), sink)
            .unwrap_or_default(),
        needs: table
            .words_of(KEYS, "needs", sink)
            .map_or_else(Vec::new, |(names, _)| names),
        when: expression(KEYS, table, "when", true, sink),
        except: expression(KEYS, table, "except", false, sink),
        why: text(table, "why", sink),
        legitimate: text(table, "legitimate", sink),
        source: table.optional(KEYS, "source", sink),
        version: table.optional(KEYS, "version", sink),
        first_step: text(table, "first_step", sink),
        clause: table.optional(KEYS, "clause", sink),
        category: table.text(KEYS, "category", sink),
        attack: boundary::attack(KEYS, table, sink),
        enabled: !table.has("enabled") || table.flag(KEYS, "enabled", sink),
        number: number(table, sink),
        of_catalogue: false,
    }
}

/// A severity: beside those of boundaries, a rule may be of what is only to be known.
pub(super) fn severity(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<Severity> {
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    table.choice(keys, "severity", &severities, sink)
}

/// The severities that count where an expression holds, in the order in which they are asked.
fn severity_by(table: &Table<'_>, sink: &mut Sink) -> Vec<(At<String>, Severity)> {
    let header = "severity_by = [{ when = 'orig.zone.classification == 3', severity = \"high\" }]";
    let mut found = Vec::new();
    for inner in table.tables("severity_by", header, "an entry of `severity_by`", sink) {
        inner.check_keys(SEVERITY_KEYS, sink);
        let when = expression(SEVERITY_KEYS, &inner, "when", true, sink);
        if !inner.has("severity") {
            inner.missing(SEVERITY_KEYS, "severity", sink);
        }
        found.extend(when.zip(severity(SEVERITY_KEYS, &inner, sink)));
    }
    found
}

/// A text in two languages, or one text for both.
fn text(table: &Table<'_>, name: &str, sink: &mut Sink) -> Text {
    match table.value(name) {
        Some(item) if item.str().is_some() => {
            let text = table.optional(KEYS, name, sink);
            Text::new(text.clone(), text)
        }
        _ => table.bilingual(KEYS, name, sink),
    }
}

/// An expression, which may run over several lines.
fn expression(
    keys: &[Key],
    table: &Table<'_>,
    name: &str,
    required: bool,
    sink: &mut Sink,
) -> Option<At<String>> {
    let Some(item) = table.value(name) else {
        if required {
            table.missing(keys, name, sink);
        }
        return None;
    };
    let Some(text) = item.str() else {
        sink.push(table.wrong_type(keys, name, item, "an expression as a text"));
        return None;
    };
    if text.trim().is_empty() {
        sink.push(
            Report::error("policy::empty", format!("`{name}` is empty"))
                .at(&item.place(), "empty")
                .help("write an expression such as `'service == \"ssh\" and resp.port != 22'`"),
        );
        return None;
    }
    Some(At {
        value: text.to_owned(),
        place: item.place(),
    })
}

fn number(table: &Table<'_>, sink: &mut Sink) -> Option<At<u32>> {
    let item = table.value("number")?;
    let number = value::integer(item.value).filter(|number| NUMBERS.contains(number));
    let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
        sink.push(
            Report::error(
                "policy::value",
                format!(
                    "`number` must be from 3000000 to 3999999, found {}",
                    shown(&value::found(item.value))
                ),
            )
            .at(&item.place(), "not such a number")
            .help("leave `number` out, and one is made from the id that stays the same"),
        );
        return None;
    };
    Some(At {
        value: number,
        place: item.place(),
    })
}
