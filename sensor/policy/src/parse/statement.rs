//! `[[statement]]`: what is to be true of the policy, for `rules prove`.

use super::conditions::{self, ConditionsDecl};
use super::path;
use super::table::{Key, Table, key};
use crate::error::{Report, Sink};
use crate::file::{At, Place};

pub(super) const KEYS: &[Key] = &[
    key("id", "id = \"STATE-01\""),
    key("clause", "clause = \"6(3)ア\""),
    key("never", "never = \"office -> internet tcp/22\""),
    key("only", "only = \"PATH-0107\""),
    key("from", "from = \"office\""),
    key("to", "to = \"internet\""),
    key("protocol", "protocol = \"tcp\""),
    key("ports", "ports = [443]"),
    key("window", "window = \"workday 08:30-17:15\""),
];

/// What one statement declares.
#[derive(Debug)]
pub(crate) struct StatementDecl {
    /// The id; empty where a complaint about it was made.
    pub(crate) id: At<String>,
    /// The clause of the written policy; empty where none is named.
    pub(crate) clause: String,
    pub(crate) what: StatementWhat,
}

/// The two kinds of statements.
#[derive(Debug)]
pub(crate) enum StatementWhat {
    /// A complaint about it was made.
    Wrong,
    /// A crossing that nothing may allow, as one text.
    Never(At<String>),
    /// A crossing that nothing but these entries may allow.
    Only {
        entries: Vec<At<String>>,
        conditions: Box<ConditionsDecl>,
        window: Option<At<String>>,
        place: Place,
    },
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> StatementDecl {
    table.check_keys(KEYS, sink);
    StatementDecl {
        id: path::id(KEYS, table, sink),
        clause: table.optional(KEYS, "clause", sink),
        what: what(table, sink),
    }
}

fn what(table: &Table<'_>, sink: &mut Sink) -> StatementWhat {
    let never = table.text(KEYS, "never", sink);
    let has = |name: &str| table.has(name);
    match (never, has("only")) {
        (Some(never), false) => {
            let other = KEYS.iter().skip(4).find(|key| has(key.name));
            if let Some(key) = other {
                sink.push(
                    Report::error("policy::statement", format!("`{}` stands beside `never`", key.name))
                        .at(&table.place, "says the crossing twice")
                        .help("write the whole crossing in `never`: `\"office -> internet tcp/22 workday 08:30-17:15\"`"),
                );
                return StatementWhat::Wrong;
            }
            StatementWhat::Never(never)
        }
        (None, true) => {
            let Some((items, place)) = table.items("only") else {
                return StatementWhat::Wrong;
            };
            let entries = items
                .into_iter()
                .filter_map(|item| {
                    table.word(KEYS, "only", item, "the id of a path, or a list of them", sink)
                })
                .collect();
            StatementWhat::Only {
                entries,
                conditions: Box::new(conditions::parse(KEYS, table, sink)),
                window: table.text(KEYS, "window", sink),
                place,
            }
        }
        (never, _) => {
            // A `never` of a wrong type was complained about already.
            if never.is_some() || !has("never") {
                sink.push(
                    Report::error("policy::statement", "a statement says one of `never` and `only`")
                        .at(&table.place, "neither, or both")
                        .help("write `never = \"office -> internet\"`, or `only = \"PATH-0107\"` with `from` and `to`"),
                );
            }
            StatementWhat::Wrong
        }
    }
}
