//! Tables inside a table: `[name]`, `[name.…]` and `[[name]]`.

use toml::de::DeValue;

use super::table::{Entry, Item, Table};
use super::value::found;
use crate::error::{Report, Sink, shown};
use crate::file::At;

impl<'t> Table<'t> {
    fn entry(&self, name: &str) -> Option<Entry<'t>> {
        self.entries.iter().copied().find(|entry| entry.name() == name)
    }

    /// The table `[name]`.
    pub(crate) fn table(
        &self,
        name: &str,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Option<Table<'t>> {
        let entry = self.entry(name)?;
        sub_table(entry, entry.item, header, what, sink)
    }

    /// The tables `[name.…]` in the order of the file, each with its name.
    pub(crate) fn named_tables(
        &self,
        name: &str,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Vec<(At<String>, Table<'t>)> {
        let Some(parent) = self.table(name, header, what, sink) else {
            return Vec::new();
        };
        parent
            .entries
            .iter()
            .filter_map(|entry| {
                let table = sub_table(*entry, entry.item, header, what, sink)?;
                let name = At {
                    value: entry.name().to_owned(),
                    place: entry.key_place(),
                };
                Some((name, table))
            })
            .collect()
    }

    /// The tables `[[name]]` in the order of the file.
    pub(crate) fn tables(
        &self,
        name: &str,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Vec<Table<'t>> {
        let Some(entry) = self.entry(name) else {
            return Vec::new();
        };
        if !matches!(entry.item.get(), DeValue::Array(_)) {
            sink.push(not_a_table(entry, entry.item, header));
            return Vec::new();
        }
        entry
            .item
            .each()
            .into_iter()
            .filter_map(|item| sub_table(entry, item, header, what, sink))
            .collect()
    }
}

fn sub_table<'t>(
    entry: Entry<'t>,
    item: Item<'t>,
    header: &str,
    what: &'static str,
    sink: &mut Sink,
) -> Option<Table<'t>> {
    let Some(entries) = item.get().as_table() else {
        sink.push(not_a_table(entry, item, header));
        return None;
    };
    Some(Table::new(item.file, entries, item.place(), what))
}

fn not_a_table(entry: Entry<'_>, item: Item<'_>, header: &str) -> Report {
    // The value of a header spans the header alone, where the key is the better place to point at.
    let place = if matches!(item.get(), DeValue::Table(_)) {
        entry.key_place()
    } else {
        item.place()
    };
    Report::error(
        "policy::wrong-type",
        format!(
            "`{}` must be written under a header `{header}`, found {}",
            shown(entry.name()),
            found(item.value)
        ),
    )
    .at(&place, format!("not `{header}`"))
    .help(format!(
        "write the header `{header}` on a line of its own and the keys below it"
    ))
}
