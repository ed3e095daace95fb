//! From the text of the files to declarations; nothing is looked up across places here.
//!
//! The reader walks TOML's spanned tree, so that every complaint can point at its key or value,
//! and goes on after each, so that one run finds them all.

mod boundary;
mod calendar;
mod conditions;
mod gateway;
mod gather;
mod group;
mod header;
mod hosts;
mod include;
mod list;
mod nested;
mod network;
mod path;
mod rule;
mod sanction;
mod schema;
mod statement;
mod table;
mod test;
mod value;
mod zone;

use toml::de::{DeTable, DeValue};

pub(crate) use boundary::BoundaryDecl;
pub(crate) use calendar::CalendarPlaces;
pub(crate) use conditions::{ConditionsDecl, EndDecl};
pub(crate) use gateway::GatewayDecl;
pub(crate) use group::GroupDecl;
pub(crate) use header::HeaderDecl;
pub(crate) use hosts::{HopDecl, HostDecl};
pub(crate) use include::{CATALOGUE, included, is_beneath, normal, resolve};
pub(crate) use list::{ListDecl, files as list_files, fill as fill_list, spelled};
pub(crate) use path::{PathDecl, Services};
pub(crate) use rule::RuleDecl;
pub(crate) use sanction::{SanctionDecl, apply as apply_sanctions};
pub use schema::json_schema;
pub(crate) use statement::{StatementDecl, StatementWhat};
pub(crate) use table::Table;
pub(crate) use test::{TestDecl, TestValue};
pub(crate) use zone::ZoneDecl;

use crate::error::{Report, Sink};
use crate::file::{At, File, Place};
use gather::Gathered;
use include::Units;
use table::{Key, key};
use value::Spanned;

/// Everything that the files declare, in the order of the files.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    /// Where the first file begins.
    pub(crate) begin: Option<Place>,
    pub(crate) headers: Vec<HeaderDecl>,
    /// The headers of catalogues that the policy includes, and of the one beneath it.
    pub(crate) catalogues: Vec<HeaderDecl>,
    pub(crate) zones: Vec<ZoneDecl>,
    pub(crate) groups: Vec<GroupDecl>,
    pub(crate) gateways: Vec<GatewayDecl>,
    /// Paths and exceptions.
    pub(crate) paths: Vec<PathDecl>,
    pub(crate) boundaries: Vec<BoundaryDecl>,
    pub(crate) lists: Vec<ListDecl>,
    pub(crate) rules: Vec<RuleDecl>,
    pub(crate) sanctions: Vec<SanctionDecl>,
    pub(crate) tests: Vec<TestDecl>,
    pub(crate) calendar: CalendarPlaces,
    pub(crate) statements: Vec<StatementDecl>,
    /// Some file could not be read as a whole, so what seems missing may stand in it.
    pub(crate) incomplete: bool,
}

const KEYS: &[Key] = &[
    key("schema", "schema = 1"),
    key("policy", "[policy]"),
    key("zone", "[zone.office]"),
    key("group", "[group.inside]"),
    key("gateway", "[gateway.mugai]"),
    key("path", "[[path]]"),
    key("exception", "[[exception]]"),
    key("boundary", "[[boundary]]"),
    key("list", "[list.dhcp-servers]"),
    key("rule", "[[rule]]"),
    key("sanction", "[[sanction]]"),
    key("calendar", "[calendar]"),
    key("statement", "[[statement]]"),
    key("test", "[[test]]"),
];

/// Signs of a value that all files together may hold: each costs many times its octets in memory.
pub(crate) const MAX_VALUES: usize = 600_000;

/// Reads files that belong together.
pub(crate) fn files(files: &[File], sink: &mut Sink) -> Declarations {
    let mut declared = Declarations {
        begin: files.first().map(|file| file.place(0..0)),
        ..Declarations::default()
    };
    if too_many_values(files, sink) {
        declared.incomplete = true;
        return declared;
    }
    let documents: Vec<_> = files
        .iter()
        .filter_map(|file| document(file, &mut declared.incomplete, sink).map(|document| (file, document)))
        .collect();
    let tables: Vec<Table<'_>> = documents
        .iter()
        .map(|(file, document)| Table::new(file, document, file.place(0..0), "a policy file"))
        .collect();
    let mut read: Vec<(File, Vec<At<String>>, usize)> = Vec::new();
    for (index, ((file, _), table)) in documents.iter().zip(&tables).enumerate() {
        let is_of_schema = schema(file, table, sink);
        if is_of_schema {
            read.push(((*file).clone(), included(file, table), index));
        } else {
            declared.incomplete = true;
        }
    }
    let names: Vec<_> = read
        .iter()
        .map(|(file, include, _)| (file.clone(), include.clone()))
        .collect();
    let units = Units::find(&names, sink);
    let mut order: Vec<_> = read
        .iter()
        .enumerate()
        .map(|(file, (_, _, index))| (units.of(file), *index))
        .collect();
    order.sort_by_key(|(unit, _)| *unit);
    let mut gathered = Gathered::new();
    let beneath = units.beneath(read.iter().map(|(file, _, _)| &file.name));
    for unit in order.chunk_by(|a, b| a.0 == b.0) {
        let Some((number, _)) = unit.first().copied() else {
            continue;
        };
        let members: Vec<&Table<'_>> = unit.iter().filter_map(|(_, index)| tables.get(*index)).collect();
        for table in &members {
            table.check_keys(KEYS, sink);
            if let Some(header) = table.table("policy", "[policy]", "the `[policy]` table", sink) {
                gathered.remove(&header::removed(&header, sink), number, &units, sink);
                gathered.headers.push((header, number));
            }
        }
        for table in members {
            gather_one(table, number, &units, &mut gathered, sink);
        }
        if beneath == Some(number) {
            gathered.drop_tests();
        }
    }
    declare(gathered, (&units, beneath), &mut declared, sink);
    declared
}

/// Adds what one file declares.
fn gather_one<'t>(table: &Table<'t>, unit: usize, units: &Units, into: &mut Gathered<'t>, sink: &mut Sink) {
    for (name, header, what, kind) in [
        ("zone", "[zone.office]", "a zone", &mut into.zones),
        ("group", "[group.inside]", "a group", &mut into.groups),
        ("gateway", "[gateway.mugai]", "a gateway", &mut into.gateways),
        ("list", "[list.dhcp-servers]", "a list", &mut into.lists),
    ] {
        for (id, table) in table.named_tables(name, header, what, sink) {
            kind.add(id, table, unit, units);
        }
    }
    for (name, header, what, kind) in [
        ("path", "[[path]]", "a path", &mut into.paths),
        ("exception", "[[exception]]", "an exception", &mut into.exceptions),
        ("boundary", "[[boundary]]", "a boundary", &mut into.boundaries),
        ("rule", "[[rule]]", "a rule", &mut into.rules),
        ("statement", "[[statement]]", "a statement", &mut into.statements),
    ] {
        for table in table.tables(name, header, what, sink) {
            kind.add(raw_text(&table, "id"), table, unit, units);
        }
    }
    let tests = table.tables("test", "[[test]]", "a test", sink);
    into.tests.extend(tests.into_iter().map(|table| (table, unit)));
    let sanctions = table.tables("sanction", "[[sanction]]", "a sanction", sink);
    into.sanctions.extend(sanctions);
    let Some(mut calendar) = table.table("calendar", "[calendar]", "the calendar", sink) else {
        return;
    };
    for (name, header, kind) in [
        ("window", "[calendar.window.day]", &mut into.windows),
        ("shift", "[calendar.shift.night]", &mut into.shifts),
    ] {
        for (id, table) in calendar.named_tables(name, header, "a window", sink) {
            kind.add(id, table, unit, units);
        }
    }
    for table in calendar.tables("event", "[[calendar.event]]", "an event", sink) {
        into.events.add(raw_text(&table, "name"), table, unit, units);
    }
    calendar
        .entries
        .retain(|entry| !["window", "shift", "event"].contains(&entry.name()));
    into.add_calendar(calendar, unit, units, sink);
}

/// The id that a table gives itself; empty where it gives none, which is complained about later.
fn raw_text(table: &Table<'_>, name: &str) -> At<String> {
    let item = table.value(name);
    At {
        value: item.and_then(table::Item::str).unwrap_or_default().to_owned(),
        place: item.map_or_else(|| table.place.clone(), table::Item::place),
    }
}

fn declare(
    gathered: Gathered<'_>,
    (units, beneath): (&Units, Option<include::UnitId>),
    into: &mut Declarations,
    sink: &mut Sink,
) {
    let mut catalogues = Vec::new();
    for (table, unit) in &gathered.headers {
        // An included header gives way, but what is wrong in it is wrong.
        let header = header::parse(table, sink);
        if *unit == units.top() {
            into.headers.push(header);
        } else if header.catalogue || beneath == Some(*unit) {
            catalogues.push(*unit);
            into.catalogues.push(header);
        }
    }
    let of_catalogue = |unit: &usize| catalogues.contains(unit);
    let (rules_from, lists_from) = (gathered.rules.origins(), gathered.lists.origins());
    into.zones = named(gathered.zones, zone::parse, sink);
    into.groups = named(gathered.groups, group::parse, sink);
    into.gateways = named(gathered.gateways, gateway::parse, sink);
    into.lists = named(gathered.lists, list::parse, sink);
    for (list, origin) in into.lists.iter_mut().zip(&lists_from) {
        list.of_catalogue = of_catalogue(origin);
    }
    into.paths = listed(gathered.paths, path::parse, sink);
    into.paths
        .extend(listed(gathered.exceptions, path::parse_exception, sink));
    into.paths
        .sort_by_key(|path| (path.place.file.order, path.place.span.start));
    into.boundaries = listed(gathered.boundaries, boundary::parse, sink);
    into.rules = listed(gathered.rules, rule::parse, sink);
    for (rule, origin) in into.rules.iter_mut().zip(&rules_from) {
        rule.of_catalogue = of_catalogue(origin);
    }
    into.sanctions = gathered
        .sanctions
        .iter()
        .map(|table| sanction::parse(table, sink))
        .collect();
    into.statements = listed(gathered.statements, statement::parse, sink);
    into.tests = gathered
        .tests
        .iter()
        .map(|(table, _)| test::parse(table, "", test::OWN, sink))
        .collect();
    into.tests.extend(
        into.paths
            .iter_mut()
            .flat_map(|path| std::mem::take(&mut path.tests)),
    );
    into.tests.extend(
        into.rules
            .iter_mut()
            .flat_map(|rule| std::mem::take(&mut rule.tests)),
    );
    into.calendar = calendar::parse(
        gathered.calendar,
        gathered.windows,
        gathered.shifts,
        gathered.events,
        sink,
    );
}

fn named<T>(
    items: gather::Items<'_>,
    parse: fn(At<String>, &Table<'_>, &mut Sink) -> T,
    sink: &mut Sink,
) -> Vec<T> {
    items
        .into_tables()
        .map(|(id, table)| parse(id, &table, sink))
        .collect()
}

fn listed<T>(items: gather::Items<'_>, parse: fn(&Table<'_>, &mut Sink) -> T, sink: &mut Sink) -> Vec<T> {
    items
        .into_tables()
        .map(|(_, table)| parse(&table, sink))
        .collect()
}

/// Whether the files hold more than any policy does; nothing is read then.
fn too_many_values(files: &[File], sink: &mut Sink) -> bool {
    let mut values = 0_usize;
    for file in files {
        let signs = file.text.bytes().filter(|octet| b",=[{.".contains(octet));
        values = values.saturating_add(signs.count());
        if values > MAX_VALUES {
            sink.push(
                Report::error(
                    "policy::limit",
                    format!("the files hold more than {MAX_VALUES} keys and values"),
                )
                .at(&file.place(0..0), "too much with this file")
                .help("move long lists into files of their own, one value a line: `file = \"list.txt\"` in `[list.NAME]`"),
            );
            return true;
        }
    }
    false
}

/// The tables of a file; complains about what is no TOML.
fn document<'f>(file: &'f File, incomplete: &mut bool, sink: &mut Sink) -> Option<DeTable<'f>> {
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    if errors.is_empty() {
        return Some(document.into_inner());
    }
    *incomplete = true;
    syntax(file, &errors, sink);
    None
}

/// Reads a file without complaints, for what it names of other files.
pub(crate) fn peek<T>(file: &File, look: impl FnOnce(&Table<'_>) -> T) -> T {
    let (document, _) = DeTable::parse_recoverable(&file.text);
    look(&Table::new(
        file,
        document.get_ref(),
        file.place(0..0),
        "a policy file",
    ))
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
fn schema(file: &File, table: &Table<'_>, sink: &mut Sink) -> bool {
    let Some(item) = table.value("schema") else {
        sink.push(
            Report::error(
                "policy::schema",
                format!(
                    "`{}` does not say which schema it is written in",
                    file.named.name()
                ),
            )
            .at(&table.place, "`schema` is missing")
            .help("write `schema = 1` as the first line"),
        );
        // What it declares is read all the same, so that its other errors are found now.
        return true;
    };
    if is_one(item.value) {
        return true;
    }
    sink.push(
        Report::error(
            "policy::schema",
            format!("`schema` is {}, this version reads 1", value::found(item.value)),
        )
        .at(&item.place(), "not 1")
        .help("write `schema = 1`; a file of a newer schema needs a newer sekisho"),
    );
    false
}

fn is_one(value: &Spanned<DeValue<'_>>) -> bool {
    value::integer(value) == Some(1)
}
