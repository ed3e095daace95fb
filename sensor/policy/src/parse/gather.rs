//! Everything that the files declare, with what an including folder changes of an included one.
//!
//! A declaration of the same id in a unit that includes the other replaces the keys that it gives;
//! `remove` takes included ones out, and by `test` the tests of included files, whose addresses are
//! others than those of the including site. Two declarations of one id that do not include each other both
//! stay, and the compiler complains.

use std::collections::HashMap;

use super::include::{UnitId, Units};
use super::table::Table;
use crate::error::{Report, Sink, nearest, shown};
use crate::file::At;

/// The key of tests, and what `remove` calls all of them.
const TEST: &str = "test";

/// Declarations of one kind, in the order of the files.
#[derive(Debug)]
pub(super) struct Items<'t> {
    /// Before the id where one is removed: `zone.`.
    prefix: &'static str,
    all: Vec<One<'t>>,
    by_id: HashMap<String, usize>,
}

#[derive(Debug)]
struct One<'t> {
    id: At<String>,
    table: Table<'t>,
    /// The first unit that spoke of it.
    origin: UnitId,
    /// The last one.
    unit: UnitId,
    removed: bool,
}

impl<'t> Items<'t> {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            all: Vec::new(),
            by_id: HashMap::new(),
        }
    }

    /// Adds a declaration, or the keys of one to another that it overrides.
    pub(super) fn add(&mut self, id: At<String>, table: Table<'t>, unit: UnitId, units: &Units) {
        let known = self
            .by_id
            .get(&id.value)
            .and_then(|index| self.all.get_mut(*index));
        if let Some(known) = known.filter(|one| units.overrides(unit, one.unit) && !id.value.is_empty()) {
            known.table.overlay(table);
            known.unit = unit;
            return;
        }
        self.by_id.entry(id.value.clone()).or_insert(self.all.len());
        self.all.push(One {
            id,
            table,
            origin: unit,
            unit,
            removed: false,
        });
    }

    /// Takes an included declaration out; whether there was one.
    fn remove(&mut self, name: &str, unit: UnitId, units: &Units) -> bool {
        let Some(id) = name.strip_prefix(self.prefix) else {
            return false;
        };
        let Some(index) = self.by_id.get(id).copied() else {
            return false;
        };
        match self.all.get_mut(index) {
            Some(one) if units.overrides(unit, one.unit) => {
                one.removed = true;
                self.by_id.remove(id);
                true
            }
            _ => false,
        }
    }

    /// Takes the tests out of included declarations; whether there were any.
    fn remove_tests(&mut self, unit: UnitId, units: &Units) -> bool {
        let mut found = false;
        for one in self.all.iter_mut().filter(|one| units.overrides(unit, one.unit)) {
            let before = one.table.entries.len();
            one.table.entries.retain(|entry| entry.name() != TEST);
            found |= one.table.entries.len() != before;
        }
        found
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.all
            .iter()
            .filter(|one| !one.removed)
            .map(|one| format!("{}{}", self.prefix, one.id.value))
    }

    /// Where each of [`Items::into_tables`] was first declared.
    pub(super) fn origins(&self) -> Vec<UnitId> {
        let left = self.all.iter().filter(|one| !one.removed);
        left.map(|one| one.origin).collect()
    }

    pub(super) fn into_tables(self) -> impl Iterator<Item = (At<String>, Table<'t>)> {
        self.all
            .into_iter()
            .filter(|one| !one.removed)
            .map(|one| (one.id, one.table))
    }
}

/// Every kind.
#[derive(Debug)]
pub(super) struct Gathered<'t> {
    pub(super) headers: Vec<(Table<'t>, UnitId)>,
    pub(super) zones: Items<'t>,
    pub(super) groups: Items<'t>,
    pub(super) gateways: Items<'t>,
    pub(super) lists: Items<'t>,
    pub(super) paths: Items<'t>,
    pub(super) exceptions: Items<'t>,
    pub(super) boundaries: Items<'t>,
    pub(super) rules: Items<'t>,
    pub(super) statements: Items<'t>,
    pub(super) tests: Vec<(Table<'t>, UnitId)>,
    pub(super) sanctions: Vec<Table<'t>>,
    /// `[calendar]` without what is named in it.
    pub(super) calendar: Option<Table<'t>>,
    calendar_units: HashMap<&'t str, UnitId>,
    pub(super) windows: Items<'t>,
    pub(super) shifts: Items<'t>,
    pub(super) events: Items<'t>,
}

impl<'t> Gathered<'t> {
    pub(super) fn new() -> Self {
        Self {
            headers: Vec::new(),
            zones: Items::new("zone."),
            groups: Items::new("group."),
            gateways: Items::new("gateway."),
            lists: Items::new("list."),
            paths: Items::new(""),
            exceptions: Items::new(""),
            boundaries: Items::new(""),
            rules: Items::new(""),
            statements: Items::new(""),
            tests: Vec::new(),
            sanctions: Vec::new(),
            calendar: None,
            calendar_units: HashMap::new(),
            windows: Items::new("calendar.window."),
            shifts: Items::new("calendar.shift."),
            events: Items::new("calendar.event."),
        }
    }

    fn kinds(&mut self) -> [&mut Items<'t>; 12] {
        [
            &mut self.zones,
            &mut self.groups,
            &mut self.gateways,
            &mut self.lists,
            &mut self.paths,
            &mut self.exceptions,
            &mut self.boundaries,
            &mut self.rules,
            &mut self.statements,
            &mut self.windows,
            &mut self.shifts,
            &mut self.events,
        ]
    }

    /// Takes out the tests of what has been gathered: those of a catalogue are for it alone.
    pub(super) fn drop_tests(&mut self) {
        self.tests.clear();
        for one in &mut self.rules.all {
            one.table.entries.retain(|entry| entry.name() != TEST);
        }
    }

    /// Takes out the tests of the units that a unit includes; whether there were any.
    fn remove_tests(&mut self, unit: UnitId, units: &Units) -> bool {
        let before = self.tests.len();
        self.tests.retain(|(_, of)| !units.overrides(unit, *of));
        let mut found = self.tests.len() != before;
        for kind in [&mut self.paths, &mut self.exceptions, &mut self.rules] {
            found |= kind.remove_tests(unit, units);
        }
        found
    }

    /// Takes out what a unit removes of the units that it includes.
    pub(super) fn remove(&mut self, names: &[At<String>], unit: UnitId, units: &Units, sink: &mut Sink) {
        for name in names {
            let mut found = name.value == TEST && self.remove_tests(unit, units);
            for kind in self.kinds() {
                found |= kind.remove(&name.value, unit, units);
            }
            if found {
                continue;
            }
            let known: Vec<String> = self.kinds().iter().flat_map(|kind| kind.names()).collect();
            let help = nearest(&name.value, known.iter().map(String::as_str)).map_or_else(
                || {
                    "name what an included file declares: the id of a path, an exception, a boundary or a rule, `test`, or \
                     `zone.ID`, `group.ID`, `gateway.ID`, `list.NAME`, `calendar.window.NAME`"
                        .to_owned()
                },
                |name| format!("did you mean `{name}`?"),
            );
            sink.push(
                Report::error(
                    "policy::remove",
                    format!("`{}` is declared by no included file", shown(&name.value)),
                )
                .at(&name.place, "nothing to remove")
                .help(help),
            );
        }
    }

    /// Adds the keys of a `[calendar]`.
    pub(super) fn add_calendar(&mut self, table: Table<'t>, unit: UnitId, units: &Units, sink: &mut Sink) {
        for entry in &table.entries {
            let first = self
                .calendar
                .as_ref()
                .and_then(|calendar| calendar.value(entry.name()));
            let before = self.calendar_units.insert(entry.name(), unit);
            if let (Some(first), Some(before)) = (first, before)
                && !units.overrides(unit, before)
            {
                sink.push(
                    Report::error(
                        "policy::duplicate",
                        format!("`{}` of the calendar is given twice", shown(entry.name())),
                    )
                    .at(&entry.key_place(), "given again")
                    .at(&first.place(), "first given here")
                    .help("a policy has one calendar; keep one of them"),
                );
            }
        }
        match &mut self.calendar {
            Some(calendar) => calendar.overlay(table),
            None => self.calendar = Some(table),
        }
    }
}
