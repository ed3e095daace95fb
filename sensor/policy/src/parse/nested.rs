//! Tables inside a table: `[name]`, `[name.…]` and `[[name]]`.

use toml::de::{DeString, DeValue};

use super::table::Table;
use super::value::{Spanned, found};
use crate::error::{Report, Sink, shown};
use crate::file::{At, File};

impl<'t> Table<'t> {
    /// The table `[name]`.
    pub(crate) fn table(
        &self,
        name: &str,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Option<Table<'t>> {
        let (key, value) = self.entries.get_key_value(name)?;
        self.sub_table(name, key, value, header, what, sink)
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
        let mut tables: Vec<_> = parent
            .entries
            .iter()
            .filter_map(|(key, value)| {
                let table = parent.sub_table(key.get_ref(), key, value, header, what, sink)?;
                let place = self.file.place(key.span());
                Some((
                    At {
                        value: key.get_ref().to_string(),
                        place,
                    },
                    table,
                ))
            })
            .collect();
        tables.sort_by_key(|(name, _)| name.place.span.start);
        tables
    }

    /// The tables `[[name]]` in the order of the file.
    pub(crate) fn tables(
        &self,
        name: &str,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Vec<Table<'t>> {
        let Some((key, value)) = self.entries.get_key_value(name) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            sink.push(not_a_table(self.file, name, key, value, header));
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| self.sub_table(name, key, item, header, what, sink))
            .collect()
    }

    fn sub_table(
        &self,
        name: &str,
        key: &Spanned<DeString<'_>>,
        value: &'t Spanned<DeValue<'t>>,
        header: &str,
        what: &'static str,
        sink: &mut Sink,
    ) -> Option<Table<'t>> {
        let Some(entries) = value.get_ref().as_table() else {
            sink.push(not_a_table(self.file, name, key, value, header));
            return None;
        };
        Some(Table {
            file: self.file,
            entries,
            place: self.file.place(value.span()),
            what,
        })
    }
}

fn not_a_table(
    file: &File,
    name: &str,
    key: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    header: &str,
) -> Report {
    // The value of a header spans the header alone, where the key is the better place to point at.
    let span = if matches!(value.get_ref(), DeValue::Table(_)) {
        key.span()
    } else {
        value.span()
    };
    Report::error(
        "policy::wrong-type",
        format!(
            "`{}` must be written under a header `{header}`, found {}",
            shown(name),
            found(value)
        ),
    )
    .at(&file.place(span), format!("not `{header}`"))
    .help(format!(
        "write the header `{header}` on a line of its own and the keys below it"
    ))
}
