//! `[list.…]`: values that belong together, here or in a file of their own.

use std::sync::Arc;

use toml::de::DeValue;

use super::conditions;
use super::hosts;
use super::network::{self, Fault};
use super::table::{Item, Key, Table, key};
use crate::error::{Report, Sink, shown};
use crate::file::{At, File, Place};
use crate::lists::{ListKind, ListValue};

pub(super) const KEYS: &[Key] = &[
    key("role", "role = \"dhcp-server\""),
    key("kind", "kind = \"address\""),
    key("values", "values = [\"10.30.0.2\"]"),
    key("file", "file = \"terminals.txt\""),
    key("expires", "expires = \"2027-03-31\""),
    key("source", "source = \"…\""),
    key("owner", "owner = \"…\""),
    key("review", "review = \"2027-03-31\""),
];

pub(super) const VALUE_KEYS: &[Key] = &[
    key("value", "{ value = \"10.30.0.2\", expires = \"2027-03-31\" }"),
    key("expires", "{ value = \"10.30.0.2\", expires = \"2027-03-31\" }"),
    key("note", "{ value = \"10.30.0.2\", note = \"…\" }"),
];

/// What one list declares.
#[derive(Debug)]
pub(crate) struct ListDecl {
    pub(crate) name: At<String>,
    pub(crate) role: String,
    pub(crate) kind: ListKind,
    pub(crate) values: Vec<ValueDecl>,
    /// A file of further values, one a line.
    pub(crate) file: Option<At<String>>,
    pub(crate) expires: Option<At<String>>,
    pub(crate) source: String,
    pub(crate) owner: String,
    pub(crate) review: Option<At<String>>,
    /// Whether a catalogue that the policy stands on declares it.
    pub(crate) of_catalogue: bool,
}

/// One value.
#[derive(Debug)]
pub(crate) struct ValueDecl {
    pub(crate) value: ListValue,
    pub(crate) place: Place,
    pub(crate) expires: Option<At<String>>,
    pub(crate) note: String,
}

pub(super) fn parse(name: At<String>, table: &Table<'_>, sink: &mut Sink) -> ListDecl {
    table.check_keys(KEYS, sink);
    let role = table.text(KEYS, "role", sink);
    if let Some(role) = role.as_ref().filter(|role| !is_word(&role.value)) {
        sink.push(
            Report::error("policy::value", format!("`{}` is no role", shown(&role.value)))
                .at(&role.place, "not a role")
                .help("a role is a word of a-z and `-`, such as `dns-server`, `ntp-server` or `proxy`"),
        );
    }
    let kind = kind(table, sink);
    if !table.has("values") && !table.has("file") {
        table.missing(KEYS, "values", sink);
    }
    ListDecl {
        name,
        role: role.map_or_else(String::new, |role| role.value),
        kind,
        values: values(kind, table, sink),
        file: table.text(KEYS, "file", sink),
        expires: table.date_at(KEYS, "expires", sink),
        source: table.optional(KEYS, "source", sink),
        owner: table.optional(KEYS, "owner", sink),
        review: table.date_at(KEYS, "review", sink),
        of_catalogue: false,
    }
}

fn kind(table: &Table<'_>, sink: &mut Sink) -> ListKind {
    if !table.has("kind") {
        table.missing(KEYS, "kind", sink);
    }
    let kinds = ListKind::ALL.map(|kind| (kind.name(), kind));
    table.choice(KEYS, "kind", &kinds, sink).unwrap_or(ListKind::Text)
}

fn values(kind: ListKind, table: &Table<'_>, sink: &mut Sink) -> Vec<ValueDecl> {
    let Some(item) = table.value("values") else {
        return Vec::new();
    };
    if !matches!(item.get(), DeValue::Array(_)) {
        sink.push(table.wrong_type(KEYS, "values", item, "a list of values"));
        return Vec::new();
    }
    item.each()
        .into_iter()
        .filter_map(|item| one(kind, item, table, sink))
        .collect()
}

fn one(kind: ListKind, item: Item<'_>, table: &Table<'_>, sink: &mut Sink) -> Option<ValueDecl> {
    let Some(entries) = item.get().as_table() else {
        return Some(ValueDecl {
            value: written(kind, item, table, sink)?,
            place: item.place(),
            expires: None,
            note: String::new(),
        });
    };
    let inner = Table::new(item.file, entries, item.place(), "a value of a list");
    inner.check_keys(VALUE_KEYS, sink);
    let Some(value) = inner.value("value") else {
        inner.missing(VALUE_KEYS, "value", sink);
        return None;
    };
    Some(ValueDecl {
        value: written(kind, value, table, sink)?,
        place: item.place(),
        expires: inner.date_at(VALUE_KEYS, "expires", sink),
        note: inner.optional(VALUE_KEYS, "note", sink),
    })
}

fn written(kind: ListKind, item: Item<'_>, table: &Table<'_>, sink: &mut Sink) -> Option<ListValue> {
    if let (ListKind::Port, DeValue::Integer(number)) = (kind, item.get()) {
        return read(kind, &number.to_string(), &item.place(), sink);
    }
    let text = table.word(
        KEYS,
        "values",
        item,
        "a list of texts, or of tables with `value`",
        sink,
    )?;
    read(kind, &text.value, &text.place, sink)
}

/// Reads one value as a list of this kind has it.
pub(super) fn read(kind: ListKind, text: &str, place: &Place, sink: &mut Sink) -> Option<ListValue> {
    let fault = match kind {
        ListKind::Address => match network::parse_address(text) {
            Ok(address) => return Some(ListValue::Network(address.into())),
            Err(_) => Fault::address(text).report(place),
        },
        ListKind::Network => match network::parse(text) {
            Ok(network) => return Some(ListValue::Network(network)),
            Err(fault) => fault.report(place),
        },
        ListKind::Mac => return hosts::parse_mac(text, place, sink).map(ListValue::Mac),
        ListKind::Port => match conditions::range(text).filter(|(low, high)| low <= high) {
            Some((low, high)) => return Some(ListValue::Ports(low, high)),
            None => Report::error("policy::port", format!("`{}` is no port", shown(text)))
                .at(place, "not a port from 1 to 65535")
                .help("write `443` for one port, `\"8000-8080\"` for a range"),
        },
        ListKind::Name | ListKind::Suffix => {
            let name = text.trim_end_matches('.').to_lowercase();
            let name = match kind {
                ListKind::Suffix => name.trim_start_matches("*.").trim_start_matches('.').to_owned(),
                _ => name,
            };
            if !name.is_empty() && name.len() <= 253 && !name.contains([' ', '/', ':', '*', '@']) {
                return Some(ListValue::Text(Arc::from(name)));
            }
            Report::error("policy::value", format!("`{}` is no name of a host", shown(text)))
                .at(place, "not a name")
                .help("write a name such as `www.example.jp`, without `https://` and path")
        }
        ListKind::Fingerprint | ListKind::Text => {
            if !text.is_empty()
                && (kind == ListKind::Text || text.bytes().all(|octet| octet.is_ascii_graphic()))
            {
                return Some(ListValue::Text(Arc::from(text)));
            }
            Report::error("policy::value", format!("`{}` is no fingerprint", shown(text)))
                .at(place, "not a fingerprint")
                .help("write the fingerprint as records show it, such as the field `ja4`")
        }
    };
    sink.push(fault);
    None
}

/// Reads further values from a file: one a line, `#` begins a comment.
pub(crate) fn fill(list: &mut ListDecl, file: &File, sink: &mut Sink) {
    let mut offset = 0_usize;
    for line in file.text.split_inclusive('\n') {
        let begin = offset;
        offset = offset.saturating_add(line.len());
        let text = line.split('#').next().unwrap_or_default();
        let lead = text.len().saturating_sub(text.trim_start().len());
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let begin = begin.saturating_add(lead);
        let place = file.place(begin..begin.saturating_add(text.len()));
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            sink.push(
                Report::error(
                    "policy::control-character",
                    format!(
                        "the list holds the control character U+{:04X}",
                        u32::from(control)
                    ),
                )
                .at(&place, "one line of plain text")
                .help("write one value a line, without tabs"),
            );
            continue;
        }
        list.values
            .extend(read(list.kind, text, &place, sink).map(|value| ValueDecl {
                value,
                place,
                expires: None,
                note: String::new(),
            }));
    }
}

/// The file that a list names, with where it says so.
pub(crate) fn files(document: &Table<'_>) -> Vec<At<String>> {
    let mut sink = Sink::default();
    document
        .named_tables("list", "", "", &mut sink)
        .iter()
        .filter_map(|(_, table)| table.text(KEYS, "file", &mut sink))
        .collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet == b'-')
}

/// What a value is called where a message names it.
pub(crate) fn spelled(value: &ListValue) -> String {
    match value {
        ListValue::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            network.addr().to_string()
        }
        ListValue::Network(network) => network.to_string(),
        ListValue::Mac(mac) => mac.to_string(),
        ListValue::Ports(low, high) if low == high => low.to_string(),
        ListValue::Ports(low, high) => format!("{low}-{high}"),
        ListValue::Text(text) => text.to_string(),
    }
}
