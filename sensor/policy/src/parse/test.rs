//! `[[test]]` and the tests of a path, an exception or a rule: a flow and what is expected of it.

use sekisho_model::Severity;
use toml::de::DeValue;

use super::table::{Item, Key, Table, key};
use super::{rule, value};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, Place};

pub(super) const KEYS: &[Key] = &[
    key(
        "flow",
        "flow = { protocol = \"tcp\", orig = \"10.40.1.7:50211\", resp = \"10.40.2.10:443\" }",
    ),
    key("expect", "expect = \"allowed\""),
    key("title", "title.ja = \"…\""),
];

/// What a rule's test may say beside.
pub(super) const RULE_KEYS: &[Key] = &[
    key(
        "flow",
        "flow = { protocol = \"tcp\", orig = \"10.40.1.7:50211\", resp = \"10.40.2.10:443\" }",
    ),
    key("expect", "expect = \"alert\""),
    key("severity", "severity = \"high\""),
    key("title", "title.ja = \"…\""),
];

/// Whose tests they are, and which words they may expect beside an id.
pub(super) type Kind = (&'static str, &'static str, &'static [&'static str]);

/// `[[test]]`.
pub(super) const OWN: Kind = (
    "[[test]]",
    "a test",
    &["allowed", "denied", "unknown", "alert", "none"],
);
/// `[[path.test]]`.
pub(super) const PATH: Kind = (
    "[[path.test]]",
    "a path's test",
    &["allowed", "denied", "unknown"],
);
/// `[[exception.test]]`.
pub(super) const EXCEPTION: Kind = (
    "[[exception.test]]",
    "an exception's test",
    &["allowed", "denied", "unknown"],
);
/// `[[rule.test]]`.
pub(super) const RULE: Kind = ("[[rule.test]]", "a rule's test", &["alert", "none"]);

/// A value of a test's flow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TestValue {
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Fraction(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A date or a date with a time.
    Time(String),
}

/// What one test declares.
#[derive(Debug, Clone)]
pub(crate) struct TestDecl {
    /// Id of the path, exception or rule that it belongs to; empty where to none.
    pub(crate) of: String,
    pub(crate) place: Place,
    /// Fields of the flow by name.
    pub(crate) flow: Vec<(At<String>, At<TestValue>)>,
    /// A word, or an id that is not looked up yet; empty where a complaint was made.
    pub(crate) expect: At<String>,
    /// The severity that the alert of a rule is expected to have.
    pub(crate) severity: Option<Severity>,
}

pub(super) fn parse_all(table: &Table<'_>, of: &str, kind: Kind, sink: &mut Sink) -> Vec<TestDecl> {
    let (header, what, _) = kind;
    table
        .tables("test", header, what, sink)
        .iter()
        .map(|table| parse(table, of, kind, sink))
        .collect()
}

pub(super) fn parse(table: &Table<'_>, of: &str, kind: Kind, sink: &mut Sink) -> TestDecl {
    let is_of_rule = kind.0 == RULE.0;
    table.check_keys(if is_of_rule { RULE_KEYS } else { KEYS }, sink);
    table.bilingual(KEYS, "title", sink);
    let expect = table.required(KEYS, "expect", sink).unwrap_or_else(|| At {
        value: String::new(),
        place: table.place.clone(),
    });
    check_word(&expect, kind, sink);
    TestDecl {
        of: of.to_owned(),
        place: table.place.clone(),
        flow: flow(table, sink),
        expect,
        severity: is_of_rule
            .then(|| rule::severity(RULE_KEYS, table, sink))
            .flatten(),
    }
}

/// A word in small letters is none of another kind's tests; what is no such word is an id.
fn check_word(expect: &At<String>, (_, what, words): Kind, sink: &mut Sink) {
    let word = expect.value.as_str();
    let (_, _, all) = OWN;
    if word.is_empty() || words.contains(&word) {
        return;
    }
    if !all.contains(&word) && !word.bytes().all(|octet| octet.is_ascii_lowercase()) {
        return;
    }
    let help = nearest(word, words.iter().copied())
        .filter(|near| !all.contains(&word) || *near == word)
        .map_or_else(
            || format!("write one of {}, or an id", value::listed(words.iter().copied())),
            |near| format!("did you mean `{near}`?"),
        );
    sink.push(
        Report::error(
            "policy::expect",
            format!("{what} cannot expect `{}`", shown(word)),
        )
        .at(&expect.place, "not an outcome")
        .help(help),
    );
}

fn flow(table: &Table<'_>, sink: &mut Sink) -> Vec<(At<String>, At<TestValue>)> {
    let Some(item) = table.value("flow") else {
        table.missing(KEYS, "flow", sink);
        return Vec::new();
    };
    let Some(entries) = item.get().as_table() else {
        sink.push(table.wrong_type(KEYS, "flow", item, "a table of the flow's fields"));
        return Vec::new();
    };
    let mut fields = Vec::new();
    fields_of(
        &Table::new(item.file, entries, item.place(), "a flow"),
        "",
        &mut fields,
        sink,
    );
    fields
}

/// Fields have dots in their names, which TOML reads as tables in tables.
fn fields_of(table: &Table<'_>, prefix: &str, out: &mut Vec<(At<String>, At<TestValue>)>, sink: &mut Sink) {
    for entry in &table.entries {
        let name = format!("{prefix}{}", entry.name());
        if let Some(entries) = entry.item.get().as_table() {
            let table = Table::new(entry.item.file, entries, entry.item.place(), "a flow");
            fields_of(&table, &format!("{name}."), out, sink);
            continue;
        }
        let Some(value) = value_of(entry.item) else {
            sink.push(
                Report::error(
                    "policy::wrong-type",
                    format!(
                        "`{}` of a flow must be a text, a number, a time, `true` or `false`, found {}",
                        shown(&name),
                        value::found(entry.item.value)
                    ),
                )
                .at(&entry.item.place(), "not one value")
                .help("a flow has one value of each field; write a test for each"),
            );
            continue;
        };
        out.push((
            At {
                value: name,
                place: entry.key_place(),
            },
            At {
                value,
                place: entry.item.place(),
            },
        ));
    }
}

fn value_of(item: Item<'_>) -> Option<TestValue> {
    match item.get() {
        DeValue::String(text) => Some(TestValue::Text(text.to_string())),
        DeValue::Integer(_) => value::integer(item.value).map(TestValue::Number),
        DeValue::Float(number) => number.to_string().parse().ok().map(TestValue::Fraction),
        DeValue::Boolean(flag) => Some(TestValue::Flag(*flag)),
        DeValue::Datetime(time) => Some(TestValue::Time(time.to_string())),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
