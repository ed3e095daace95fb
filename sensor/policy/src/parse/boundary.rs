//! `[[boundary]]`: a name for a crossing that no path allows.

use std::sync::Arc;

use sekisho_model::{Severity, Text};

use super::conditions::{self, ConditionsDecl};
use super::path;
use super::table::{Key, Table, key};
use crate::error::{Report, Sink, shown};
use crate::file::{At, Place};

pub(super) const KEYS: &[Key] = &[
    key("id", "id = \"BOUND-01\""),
    key("from", "from = \"office\""),
    key("to", "to = \"*\""),
    key("protocol", "protocol = \"tcp\""),
    key("ports", "ports = [22]"),
    key("clause", "clause = \"6(3)ア\""),
    key("severity", "severity = \"high\""),
    key("title", "title.ja = \"…\""),
    key("first_step", "first_step.ja = \"…\""),
    key("attack", "attack = [\"T1021\"]"),
];

/// What one boundary declares.
#[derive(Debug)]
pub(crate) struct BoundaryDecl {
    /// The id; empty where a complaint about it was made.
    pub(crate) id: At<String>,
    pub(crate) place: Place,
    pub(crate) conditions: ConditionsDecl,
    pub(crate) clause: String,
    pub(crate) severity: Option<Severity>,
    pub(crate) title: Text,
    pub(crate) first_step: Text,
    pub(crate) attack: Vec<Arc<str>>,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> BoundaryDecl {
    table.check_keys(KEYS, sink);
    BoundaryDecl {
        id: path::id(KEYS, table, sink),
        place: table.place.clone(),
        conditions: conditions::parse(KEYS, table, sink),
        clause: table.optional(KEYS, "clause", sink),
        severity: severity(KEYS, table, sink),
        title: table.bilingual(KEYS, "title", sink),
        first_step: table.bilingual(KEYS, "first_step", sink),
        attack: attack(KEYS, table, sink),
    }
}

pub(super) fn severity(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<Severity> {
    let severities =
        [Severity::High, Severity::Medium, Severity::Low].map(|severity| (severity.name(), severity));
    table.choice(keys, "severity", &severities, sink)
}

pub(super) fn attack(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Vec<Arc<str>> {
    let (techniques, _) = table.texts(keys, "attack", sink).unzip();
    techniques
        .unwrap_or_default()
        .into_iter()
        .filter_map(|technique| {
            if is_technique(&technique.value) {
                return Some(Arc::from(technique.value));
            }
            sink.push(
                Report::error(
                    "policy::attack",
                    format!("`{}` is no ATT&CK technique", shown(&technique.value)),
                )
                .at(&technique.place, "not a technique id")
                .help("write ids such as `T1021` or `T1021.002`"),
            );
            None
        })
        .collect()
}

/// `T1021` or `T1021.002`.
fn is_technique(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit());
    text.strip_prefix('T')
        .is_some_and(|number| match number.split_once('.') {
            None => digits(number, 4),
            Some((number, sub)) => digits(number, 4) && digits(sub, 3),
        })
}
