//! `[policy]`: name, version and mode of the whole.

use sekisho_model::Text;

use super::table::{Key, Table, key};
use crate::Mode;
use crate::error::Sink;
use crate::file::Place;

const KEYS: &[Key] = &[
    key("name", "name = \"three zones\""),
    key("version", "version = \"2026-11\""),
    key("mode", "mode = \"enforce\""),
    key("label", "label.ja = \"…\""),
    key("source", "source = \"…\""),
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
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> HeaderDecl {
    table.check_keys(KEYS, sink);
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
    }
}
