//! One table of the files with its known keys, and getters that complain with a caret.

use sekisho_model::Text;
use toml::de::{DeString, DeTable, DeValue};

use super::value::{Spanned, found, listed};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, File, Place};

/// A key that a table may have.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) words: &'static str,
}

/// A key and an example of it.
pub(crate) const fn key(name: &'static str, example: &'static str) -> Key {
    Key { name, words: example }
}

/// A value with the file that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'t> {
    pub(crate) file: &'t File,
    pub(crate) value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Item<'t> {
    pub(crate) fn place(self) -> Place {
        self.file.place(self.value.span())
    }

    pub(crate) fn get(self) -> &'t DeValue<'t> {
        self.value.get_ref()
    }

    pub(crate) fn str(self) -> Option<&'t str> {
        self.get().as_str()
    }

    /// The items of a list; the value itself where it is none.
    pub(crate) fn each(self) -> Vec<Self> {
        match self.get() {
            DeValue::Array(items) => items
                .iter()
                .map(|value| Self {
                    file: self.file,
                    value,
                })
                .collect(),
            _ => vec![self],
        }
    }
}

/// A key of a table with its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'t> {
    pub(crate) key: &'t Spanned<DeString<'t>>,
    pub(crate) item: Item<'t>,
}

impl<'t> Entry<'t> {
    pub(crate) fn name(self) -> &'t str {
        self.key.get_ref()
    }

    pub(crate) fn key_place(self) -> Place {
        self.item.file.place(self.key.span())
    }
}

/// A table of a file, or of several whose later ones replace keys of the earlier.
#[derive(Debug, Clone)]
pub(crate) struct Table<'t> {
    pub(crate) entries: Vec<Entry<'t>>,
    /// Its header.
    pub(crate) place: Place,
    /// What it is, for messages: `a zone`.
    pub(crate) what: &'static str,
}

impl<'t> Table<'t> {
    pub(crate) fn new(file: &'t File, table: &'t DeTable<'t>, place: Place, what: &'static str) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Entry {
                key,
                item: Item { file, value },
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        Self { entries, place, what }
    }

    /// The keys that `other` gives replace those that are here.
    pub(crate) fn overlay(&mut self, other: Self) {
        for entry in other.entries {
            match self.entries.iter_mut().find(|own| own.name() == entry.name()) {
                Some(own) => *own = entry,
                None => self.entries.push(entry),
            }
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Complains about every key that is not in `keys`.
    pub(crate) fn check_keys(&self, keys: &[Key], sink: &mut Sink) {
        for entry in &self.entries {
            let word = entry.name();
            if !keys.iter().any(|key| key.name == word) {
                sink.push(self.unknown_key(word, &entry.key_place(), keys));
            }
        }
    }

    fn unknown_key(&self, word: &str, place: &Place, keys: &[Key]) -> Report {
        let known = || keys.iter().map(|key| key.name);
        let help = nearest(word, known()).map_or_else(
            || format!("{} has the keys {}", self.what, listed(known())),
            |name| format!("did you mean `{name}`?"),
        );
        Report::error(
            "policy::unknown-key",
            format!("{} has no key `{}`", self.what, shown(word)),
        )
        .at(place, "unknown key")
        .help(help)
    }

    pub(crate) fn value(&self, name: &str) -> Option<Item<'t>> {
        self.entries
            .iter()
            .find(|entry| entry.name() == name)
            .map(|entry| entry.item)
    }

    /// A complaint that the required key `name` is missing.
    pub(crate) fn missing(&self, keys: &[Key], name: &str, sink: &mut Sink) {
        sink.push(
            Report::error("policy::missing-key", format!("{} needs `{name}`", self.what))
                .at(&self.place, format!("`{name}` is missing"))
                .help(format!("write `{}`", example(keys, name))),
        );
    }

    /// A complaint that a value is not of the wanted type.
    pub(crate) fn wrong_type(&self, keys: &[Key], name: &str, item: Item<'_>, wanted: &str) -> Report {
        let found = found(item.value);
        Report::error(
            "policy::wrong-type",
            format!("`{name}` must be {wanted}, found {found}"),
        )
        .at(&item.place(), format!("not {wanted}"))
        .help(format!("write `{}`", example(keys, name)))
    }

    /// A text.
    pub(crate) fn text(&self, keys: &[Key], name: &str, sink: &mut Sink) -> Option<At<String>> {
        let value = self.value(name)?;
        self.word(keys, name, value, "a text", sink)
    }

    /// A text, or the empty text where the key is absent.
    pub(crate) fn optional(&self, keys: &[Key], name: &str, sink: &mut Sink) -> String {
        self.text(keys, name, sink)
            .map_or_else(String::new, |text| text.value)
    }

    /// A text that must be there and must not be empty.
    pub(crate) fn required(&self, keys: &[Key], name: &str, sink: &mut Sink) -> Option<At<String>> {
        if self.value(name).is_none() {
            self.missing(keys, name, sink);
        }
        let text = self.text(keys, name, sink)?;
        if text.value.trim().is_empty() {
            sink.push(
                Report::error("policy::empty", format!("`{name}` is empty"))
                    .at(&text.place, "empty")
                    .help(format!("write `{}`", example(keys, name))),
            );
            return None;
        }
        Some(text)
    }

    /// A date, written with or without quotation marks, or any other words.
    pub(crate) fn date_at(&self, keys: &[Key], name: &str, sink: &mut Sink) -> Option<At<String>> {
        let item = self.value(name)?;
        match item.get() {
            DeValue::Datetime(date) => Some(At {
                value: date.to_string(),
                place: item.place(),
            }),
            _ => self.text(keys, name, sink),
        }
    }

    /// `true` or `false`; absent is `false`.
    pub(crate) fn flag(&self, keys: &[Key], name: &str, sink: &mut Sink) -> bool {
        match self.value(name) {
            None => false,
            Some(value) => value.get().as_bool().unwrap_or_else(|| {
                sink.push(self.wrong_type(keys, name, value, "`true` or `false`"));
                false
            }),
        }
    }

    /// One word of a fixed list.
    pub(crate) fn choice<T: Copy>(
        &self,
        keys: &[Key],
        name: &str,
        choices: &[(&str, T)],
        sink: &mut Sink,
    ) -> Option<T> {
        let text = self.text(keys, name, sink)?;
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text.value) {
            return Some(*chosen);
        }
        let words = || choices.iter().map(|(word, _)| *word);
        let help = nearest(&text.value, words()).map_or_else(
            || format!("write one of {}", listed(words())),
            |word| format!("did you mean `{word}`?"),
        );
        sink.push(
            Report::error(
                "policy::value",
                format!(
                    "`{name}` must be one of {}, found `{}`",
                    listed(words()),
                    shown(&text.value)
                ),
            )
            .at(&text.place, "not one of them")
            .help(help),
        );
        None
    }

    /// A value, or a list of values: each item by itself, with the place of the whole.
    pub(crate) fn items(&self, name: &str) -> Option<(Vec<Item<'t>>, Place)> {
        let item = self.value(name)?;
        Some((item.each(), item.place()))
    }

    /// A list of texts.
    pub(crate) fn texts(
        &self,
        keys: &[Key],
        name: &str,
        sink: &mut Sink,
    ) -> Option<(Vec<At<String>>, Place)> {
        let value = self.value(name)?;
        let place = value.place();
        if !matches!(value.get(), DeValue::Array(_)) {
            sink.push(self.wrong_type(keys, name, value, "a list of texts"));
            return Some((Vec::new(), place));
        }
        Some((
            self.words(keys, name, &value.each(), "a list of texts", sink),
            place,
        ))
    }

    /// A text, or a list of texts.
    pub(crate) fn words_of(
        &self,
        keys: &[Key],
        name: &str,
        sink: &mut Sink,
    ) -> Option<(Vec<At<String>>, Place)> {
        let (items, place) = self.items(name)?;
        if items.is_empty() {
            sink.push(
                Report::error("policy::empty", format!("`{name}` is an empty list"))
                    .at(&place, "empty")
                    .help(format!("write `{}`, or leave `{name}` out", example(keys, name))),
            );
        }
        Some((
            self.words(keys, name, &items, "a text, or a list of texts", sink),
            place,
        ))
    }

    fn words(
        &self,
        keys: &[Key],
        name: &str,
        items: &[Item<'t>],
        wanted: &str,
        sink: &mut Sink,
    ) -> Vec<At<String>> {
        items
            .iter()
            .filter_map(|item| self.word(keys, name, *item, wanted, sink))
            .collect()
    }

    /// One text; complains about another type and about control characters.
    pub(crate) fn word(
        &self,
        keys: &[Key],
        name: &str,
        item: Item<'_>,
        wanted: &str,
        sink: &mut Sink,
    ) -> Option<At<String>> {
        let Some(text) = item.str() else {
            sink.push(self.wrong_type(keys, name, item, wanted));
            return None;
        };
        let place = item.place();
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            sink.push(
                Report::error(
                    "policy::control-character",
                    format!(
                        "`{name}` holds the control character U+{:04X}",
                        u32::from(control)
                    ),
                )
                .at(&place, "one line of plain text")
                .help("write it in one line, without tabs and line breaks"),
            );
            return None;
        }
        Some(At {
            value: text.to_owned(),
            place,
        })
    }

    /// The texts `name.ja` and `name.en`; empty where absent.
    pub(crate) fn bilingual(&self, keys: &[Key], name: &str, sink: &mut Sink) -> Text {
        const LANGUAGES: &[Key] = &[key("ja", "label.ja = \"…\""), key("en", "label.en = \"…\"")];
        let Some(value) = self.value(name) else {
            return Text::default();
        };
        let Some(entries) = value.get().as_table() else {
            sink.push(self.wrong_type(keys, name, value, "given for each language"));
            return Text::default();
        };
        let table = Table::new(value.file, entries, value.place(), "a text in two languages");
        table.check_keys(LANGUAGES, sink);
        Text {
            ja: table.optional(LANGUAGES, "ja", sink),
            en: table.optional(LANGUAGES, "en", sink),
        }
    }
}

fn example(keys: &[Key], name: &str) -> &'static str {
    keys.iter()
        .find(|key| key.name == name)
        .map_or("", |key| key.words)
}
