//! From the text of the files to declarations; nothing is looked up across places here.
//!
//! The reader walks TOML's spanned tree, so that every complaint can point at its key or value,
//! and goes on after each, so that one run finds them all.

mod boundary;
mod conditions;
mod header;
mod list;
mod nested;
mod network;
mod path;
mod statement;
mod table;
mod value;
mod zone;

use toml::de::{DeTable, DeValue};

pub(crate) use boundary::BoundaryDecl;
pub(crate) use conditions::{ConditionsDecl, EndDecl};
pub(crate) use header::HeaderDecl;
pub(crate) use path::PathDecl;
pub(crate) use statement::{StatementDecl, StatementWhat};
pub(crate) use zone::ZoneDecl;

use crate::error::{Report, Sink};
use crate::file::{At, File};
use crate::lists::List;
use table::{Key, Table, key, later};
use value::Spanned;

/// Everything that the files declare, in the order of the files.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    pub(crate) headers: Vec<HeaderDecl>,
    pub(crate) zones: Vec<ZoneDecl>,
    pub(crate) paths: Vec<PathDecl>,
    pub(crate) boundaries: Vec<BoundaryDecl>,
    pub(crate) lists: Vec<At<List>>,
    pub(crate) statements: Vec<StatementDecl>,
    /// Some file could not be read as a whole, so what seems missing may stand in it.
    pub(crate) incomplete: bool,
}

const KEYS: &[Key] = &[
    key("schema", "schema = 1"),
    key("policy", "[policy]"),
    key("zone", "[zone.office]"),
    key("path", "[[path]]"),
    key("boundary", "[[boundary]]"),
    key("list", "[list.dhcp-servers]"),
    key("statement", "[[statement]]"),
    later(
        "rule",
        "remove it; denied crossings are named with `[[boundary]]`",
    ),
    later(
        "exception",
        "remove it; an approved exception is written as a `[[path]]` with `approver` and `review`",
    ),
    later(
        "calendar",
        "remove it; this version judges without regard to the time of day",
    ),
];

/// Reads one file and adds what it declares.
pub(crate) fn file(file: &File, into: &mut Declarations, sink: &mut Sink) {
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    if !errors.is_empty() {
        into.incomplete = true;
        syntax(file, &errors, sink);
        return;
    }
    let table = Table {
        file,
        entries: document.get_ref(),
        place: file.place(0..0),
        what: "a policy file",
    };
    if !schema(&table, sink) {
        into.incomplete = true;
        return;
    }
    table.check_keys(KEYS, sink);
    if let Some(table) = table.table("policy", "[policy]", "the `[policy]` table", sink) {
        into.headers.push(header::parse(&table, sink));
    }
    for (id, table) in table.named_tables("zone", "[zone.office]", "a zone", sink) {
        into.zones.push(zone::parse(id, &table, sink));
    }
    for table in table.tables("path", "[[path]]", "a path", sink) {
        into.paths.push(path::parse(&table, sink));
    }
    for table in table.tables("boundary", "[[boundary]]", "a boundary", sink) {
        into.boundaries.push(boundary::parse(&table, sink));
    }
    for table in table.tables("statement", "[[statement]]", "a statement", sink) {
        into.statements.push(statement::parse(&table, sink));
    }
    for (name, table) in table.named_tables("list", "[list.dhcp-servers]", "a list", sink) {
        into.lists.push(list::parse(name, &table, sink));
    }
}

/// Reports the first syntax error of each table: the others in it mostly follow from the first.
fn syntax(file: &File, errors: &[toml::de::Error], sink: &mut Sink) {
    let end = file.text.len();
    let span = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(end..end);
        span.start.min(end)..span.end.min(end)
    };
    let mut errors: Vec<_> = errors.iter().map(|error| (span(error), error)).collect();
    errors.sort_by_key(|(span, _)| span.start);
    let mut after = None;
    for (span, error) in errors {
        let follows = after.is_some_and(|after| {
            let between = file.text.get(after..span.start).unwrap_or_default();
            !between.lines().skip(1).any(|line| line.starts_with('['))
        });
        if follows {
            continue;
        }
        after = Some(span.end);
        let message = error.message().trim().replace('\n', "; ");
        sink.push(
            Report::error(
                "policy::syntax",
                format!("`{}` is not TOML: {message}", file.named.name()),
            )
            .at(&file.place(span), "here")
            .help("texts stand in quotation marks, lists in square brackets, and a key is written once"),
        );
    }
}

/// Whether the file is written in the schema that this version reads.
fn schema(table: &Table<'_>, sink: &mut Sink) -> bool {
    let Some(value) = table.entries.get("schema") else {
        sink.push(
            Report::error(
                "policy::schema",
                format!(
                    "`{}` does not say which schema it is written in",
                    table.file.named.name()
                ),
            )
            .at(&table.place, "`schema` is missing")
            .help("write `schema = 1` as the first line"),
        );
        // What it declares is read all the same, so that its other errors are found now.
        return true;
    };
    if is_one(value) {
        return true;
    }
    sink.push(
        Report::error(
            "policy::schema",
            format!("`schema` is {}, this version reads 1", value::found(value)),
        )
        .at(&table.file.place(value.span()), "not 1")
        .help("write `schema = 1`; a file of a newer schema needs a newer sekisho"),
    );
    false
}

fn is_one(value: &Spanned<DeValue<'_>>) -> bool {
    value::integer(value) == Some(1)
}
