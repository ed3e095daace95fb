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

pub(super) const KEYS: &[Key] = &[
    key("id", "id = \"SEG-0007\""),
    key("title", "title.ja = \"…\""),
    key("severity", "severity = \"high\""),
    key("when", "when = 'service == \"ssh\" and resp.port != 22'"),
    key("except", "except = 'orig.zone == \"kanri\"'"),
    key("why", "why.ja = \"…\""),
    key("first_step", "first_step.ja = \"…\""),
    key("clause", "clause = \"6(6)\""),
    key("category", "category = \"policy_violation\""),
    key("attack", "attack = [\"T1021\"]"),
    key("enabled", "enabled = true"),
    key("number", "number = 3_000_001"),
    key("test", "[[rule.test]]"),
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
    /// The expression; absent where a complaint was made.
    pub(crate) when: Option<At<String>>,
    pub(crate) except: Option<At<String>>,
    pub(crate) why: Text,
    pub(crate) first_step: Text,
    pub(crate) clause: String,
    pub(crate) category: Option<At<String>>,
    pub(crate) attack: Vec<Arc<str>>,
    pub(crate) enabled: bool,
    pub(crate) number: Option<At<u32>>,
    pub(crate) tests: Vec<TestDecl>,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> RuleDecl {
    table.check_keys(KEYS, sink);
    let id = path::id(KEYS, table, sink);
    RuleDecl {
        tests: test::parse_all(table, &id.value, test::RULE, sink),
        id,
        place: table.place.clone(),
        title: text(table, "title", sink),
        severity: boundary::severity(KEYS, table, sink),
        when: expression(table, "when", true, sink),
        except: expression(table, "except", false, sink),
        why: text(table, "why", sink),
        first_step: text(table, "first_step", sink),
        clause: table.optional(KEYS, "clause", sink),
        category: table.text(KEYS, "category", sink),
        attack: boundary::attack(KEYS, table, sink),
        enabled: !table.has("enabled") || table.flag(KEYS, "enabled", sink),
        number: number(table, sink),
    }
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
fn expression(table: &Table<'_>, name: &str, required: bool, sink: &mut Sink) -> Option<At<String>> {
    let Some(item) = table.value(name) else {
        if required {
            table.missing(KEYS, name, sink);
        }
        return None;
    };
    let Some(text) = item.str() else {
        sink.push(table.wrong_type(KEYS, name, item, "an expression as a text"));
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
