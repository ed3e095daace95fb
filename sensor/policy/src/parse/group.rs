//! `[group.…]`: several zones under one name.

use sekisho_model::Text;

use super::table::{Key, Table, key};
use super::zone;
use crate::error::Sink;
use crate::file::At;

pub(super) const KEYS: &[Key] = &[
    key("zones", "zones = [\"office\", \"server\"]"),
    key("label", "label.ja = \"…\""),
];

/// What one group declares.
#[derive(Debug)]
pub(crate) struct GroupDecl {
    pub(crate) id: At<String>,
    /// Zones and groups, not looked up yet.
    pub(crate) zones: Vec<At<String>>,
    pub(crate) label: Text,
}

pub(super) fn parse(id: At<String>, table: &Table<'_>, sink: &mut Sink) -> GroupDecl {
    zone::check_id(&id, "group", sink);
    table.check_keys(KEYS, sink);
    let zones = table.words_of(KEYS, "zones", sink);
    if zones.is_none() {
        table.missing(KEYS, "zones", sink);
    }
    GroupDecl {
        id,
        zones: zones.map_or_else(Vec::new, |(zones, _)| zones),
        label: table.bilingual(KEYS, "label", sink),
    }
}
