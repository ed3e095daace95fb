//! One table of a file with its known keys, and getters that complain with a caret.

use sekisho_model::Text;
use toml::de::{DeTable, DeValue};

use super::value::{Spanned, found, listed};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, File, Place};

/// A key that a table may have.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// How it is written; for a key of a later version, what to do in its place.
    pub(crate) words: &'static str,
    later: bool,
}

/// A key of this version and an example of it.
pub(crate) const fn key(name: &'static str, example: &'static str) -> Key {
    Key {
        name,
        words: example,
        later: false,
    }
}

/// A key that only a later version reads; refused, since ignoring it would change the meaning.
pub(crate) const fn later(name: &'static str, remedy: &'static str) -> Key {
    Key {
        name,
        words: remedy,
        later: true,
    }
}

/// A table of a file.
pub(crate) struct Table<'t> {
    pub(crate) file: &'t File,
    pub(crate) entries: &'t DeTable<'t>,
    /// Its header.
    pub(crate) place: Place,
    /// What it is, for messages: `a zone`.
    pub(crate) what: &'static str,
}

impl<'t> Table<'t> {
    /// Complains about every key that is not in `keys`.
    pub(crate) fn check_keys(&self, keys: &[Key], sink: &mut Sink) {
        for name in self.entries.keys() {
            let word = name.get_ref().as_ref();
            let place = self.file.place(name.span());
            let report = match keys.iter().find(|key| key.name == word) {
                Some(key) if !key.later => continue,
                Some(key) => Report::error(
                    "policy::unsupported",
                    format!("`{word}` is not supported by this version"),
                )
                .at(&place, "not supported")
                .help(key.words),
                None => self.unknown_key(word, &place, keys),
            };
            sink.push(report);
        }
    }

    fn unknown_key(&self, word: &str, place: &Place, keys: &[Key]) -> Report {
        let known = || keys.iter().filter(|key| !key.later).map(|key| key.name);
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

    fn value(&self, name: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.get(name)
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
    pub(crate) fn wrong_type(
        &self,
        keys: &[Key],
        name: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
    ) -> Report {
        let found = found(value);
        Report::error(
            "policy::wrong-type",
            format!("`{name}` must be {wanted}, found {found}"),
        )
        .at(&self.file.place(value.span()), format!("not {wanted}"))
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
    pub(crate) fn date(&self, keys: &[Key], name: &str, sink: &mut Sink) -> String {
        match self.value(name).map(Spanned::get_ref) {
            Some(DeValue::Datetime(date)) => date.to_string(),
            _ => self.optional(keys, name, sink),
        }
    }

    /// `true` or `false`; absent is `false`.
    pub(crate) fn flag(&self, keys: &[Key], name: &str, sink: &mut Sink) -> bool {
        match self.value(name) {
            None => false,
            Some(value) => value.get_ref().as_bool().unwrap_or_else(|| {
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
    pub(crate) fn items(&self, name: &str) -> Option<(Vec<&'t Spanned<DeValue<'t>>>, Place)> {
        let value = self.value(name)?;
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        Some((items, self.file.place(value.span())))
    }

    /// A list of texts.
    pub(crate) fn texts(
        &self,
        keys: &[Key],
        name: &str,
        sink: &mut Sink,
    ) -> Option<(Vec<At<String>>, Place)> {
        let value = self.value(name)?;
        let place = self.file.place(value.span());
        let DeValue::Array(items) = value.get_ref() else {
            sink.push(self.wrong_type(keys, name, value, "a list of texts"));
            return Some((Vec::new(), place));
        };
        let texts = items
            .iter()
            .filter_map(|item| self.word(keys, name, item, "a list of texts", sink))
            .collect();
        Some((texts, place))
    }

    /// One text; complains about another type and about control characters.
    pub(crate) fn word(
        &self,
        keys: &[Key],
        name: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
        sink: &mut Sink,
    ) -> Option<At<String>> {
        let Some(text) = value.get_ref().as_str() else {
            sink.push(self.wrong_type(keys, name, value, wanted));
            return None;
        };
        let place = self.file.place(value.span());
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
        let Some(entries) = value.get_ref().as_table() else {
            sink.push(self.wrong_type(keys, name, value, "given for each language"));
            return Text::default();
        };
        let table = Table {
            file: self.file,
            entries,
            place: self.file.place(value.span()),
            what: "a text in two languages",
        };
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
