//! `[list.…]`: addresses that play a role.

use std::sync::Arc;

use ipnet::IpNet;

use super::network::{self, Fault};
use super::table::{Key, Table, key};
use crate::error::{Report, Sink, shown};
use crate::file::At;
use crate::lists::{List, ListKind};

const KEYS: &[Key] = &[
    key("role", "role = \"dhcp-server\""),
    key("kind", "kind = \"address\""),
    key("values", "values = [\"10.30.0.2\"]"),
];

pub(super) fn parse(name: At<String>, table: &Table<'_>, sink: &mut Sink) -> At<List> {
    table.check_keys(KEYS, sink);
    let role = table.required(KEYS, "role", sink);
    if let Some(role) = role.as_ref().filter(|role| !is_word(&role.value)) {
        sink.push(
            Report::error("policy::value", format!("`{}` is no role", shown(&role.value)))
                .at(&role.place, "not a role")
                .help("a role is a word of a-z and `-`, such as `dns-server`, `ntp-server` or `proxy`"),
        );
    }
    let kind = kind(table, sink);
    let value = List {
        name: Arc::from(name.value),
        role: Arc::from(role.map_or_else(String::new, |role| role.value)),
        kind,
        values: values(kind, table, sink),
    };
    At {
        value,
        place: name.place,
    }
}

fn kind(table: &Table<'_>, sink: &mut Sink) -> ListKind {
    if !table.entries.contains_key("kind") {
        table.missing(KEYS, "kind", sink);
    }
    table
        .choice(
            KEYS,
            "kind",
            &[("address", ListKind::Address), ("network", ListKind::Network)],
            sink,
        )
        .unwrap_or(ListKind::Network)
}

fn values(kind: ListKind, table: &Table<'_>, sink: &mut Sink) -> Vec<IpNet> {
    let Some((texts, _)) = table.texts(KEYS, "values", sink) else {
        table.missing(KEYS, "values", sink);
        return Vec::new();
    };
    match kind {
        ListKind::Network => network::parse_all(texts, sink)
            .into_iter()
            .map(|network| network.value)
            .collect(),
        ListKind::Address => texts
            .into_iter()
            .filter_map(|text| {
                let address = network::parse_address(&text.value);
                if address.is_err() {
                    sink.push(Fault::address(&text.value).report(&text.place));
                }
                address.ok().map(IpNet::from)
            })
            .collect(),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet == b'-')
}
