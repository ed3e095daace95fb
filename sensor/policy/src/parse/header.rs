//! `[policy]`: name, version and mode of the whole.

use sekisho_model::Text;

use super::table::{Key, Table, key};
use crate::Mode;
use crate::error::Sink;
use crate::file::{At, Place};

pub(super) const KEYS: &[Key] = &[
    key("name", "name = \"three zones\""),
    key("version", "version = \"2026-11\""),
    key("mode", "mode = \"enforce\""),
    key("label", "label.ja = \"…\""),
    key("source", "source = \"…\""),
    key("include", "include = [\"../three-zones\"]"),
    key("remove", "remove = [\"PATH-0107\"]"),
    key("indicators", "indicators = [\"lists\"]"),
    key("catalogue", "catalogue = true"),
];

/// What `[policy]` declares.
#[derive(Debug)]
pub(crate) struct HeaderDecl {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) mode: Mode,
    pub(crate) label: Text,
    pub(crate) source: String,
    /// Lists of indicators, as they are named, and folders of them.
    pub(crate) indicators: Vec<At<String>>,
    /// Whether the folder is a catalogue: rules for any site, without zones of its own.
    pub(crate) catalogue: bool,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> HeaderDecl {
    table.check_keys(KEYS, sink);
    // What the texts name is looked up where the files are put together.
    table.words_of(KEYS, "include", sink);
    HeaderDecl {
        place: table.place.clone(),
        name: table
            .required(KEYS, "name", sink)
            .map_or_else(String::new, |name| name.value),
        version: table
            .required(KEYS, "version", sink)
            .map_or_else(String::new, |version| version.value),
        mode: table
            .choice(
                KEYS,
                "mode",
                &[("enforce", Mode::Enforce), ("learn", Mode::Learn)],
                sink,
            )
            .unwrap_or(Mode::Enforce),
        label: table.bilingual(KEYS, "label", sink),
        source: table.optional(KEYS, "source", sink),
        indicators: table
            .words_of(KEYS, "indicators", sink)
            .map_or_else(Vec::new, |(names, _)| names),
        catalogue: table.flag(KEYS, "catalogue", sink),
    }
}

/// What the header takes out of included files. Its types are complained about here.
pub(super) fn removed(table: &Table<'_>, sink: &mut Sink) -> Vec<At<String>> {
    table
        .words_of(KEYS, "remove", sink)
        .map_or_else(Vec::new, |(names, _)| names)
}
