//! `[zone.…]`: a segment, by its networks and VLANs.

use ipnet::IpNet;
use sekisho_model::{MacAddress, Text};

use super::hosts;
use super::network;
use super::table::{Key, Table, key};
use super::value;
use crate::builtin;
use crate::error::{Report, Sink, shown};
use crate::file::At;

pub(super) const KEYS: &[Key] = &[
    key("networks", "networks = [\"10.40.1.0/24\"]"),
    key("vlans", "vlans = [10]"),
    key("intra", "intra = \"allow\""),
    key("label", "label.ja = \"…\""),
    key("classification", "classification = 3"),
    key("clause", "clause = \"6(3)ア\""),
    key("department", "department = \"…\""),
    key("owner", "owner = \"…\""),
    key("review", "review = \"2027-03-31\""),
    key("excluded", "excluded = true"),
    key("macs", "macs = [\"00:11:22:33:44:55\"]"),
    key("lists", "lists = [\"terminals\"]"),
];

/// What one zone declares.
#[derive(Debug)]
pub(crate) struct ZoneDecl {
    pub(crate) id: At<String>,
    pub(crate) networks: Vec<At<IpNet>>,
    pub(crate) vlans: Vec<At<u16>>,
    pub(crate) macs: Vec<At<MacAddress>>,
    /// Names of lists, not looked up yet.
    pub(crate) lists: Vec<At<String>>,
    pub(crate) intra_deny: bool,
    pub(crate) label: Text,
    pub(crate) classification: Option<u8>,
    pub(crate) clause: String,
    pub(crate) department: String,
    pub(crate) owner: String,
    pub(crate) review: Option<At<String>>,
    pub(crate) excluded: bool,
}

pub(super) fn parse(id: At<String>, table: &Table<'_>, sink: &mut Sink) -> ZoneDecl {
    check_id(&id, "zone", sink);
    table.check_keys(KEYS, sink);
    let (networks, _) = table.texts(KEYS, "networks", sink).unzip();
    ZoneDecl {
        id,
        networks: network::parse_all(networks.unwrap_or_default(), sink),
        vlans: vlans(table, sink),
        macs: macs(table, sink),
        lists: table
            .words_of(KEYS, "lists", sink)
            .map_or_else(Vec::new, |(names, _)| names),
        intra_deny: table
            .choice(KEYS, "intra", &[("allow", false), ("deny", true)], sink)
            .unwrap_or(false),
        label: table.bilingual(KEYS, "label", sink),
        classification: classification(table, sink),
        clause: table.optional(KEYS, "clause", sink),
        department: table.optional(KEYS, "department", sink),
        owner: table.optional(KEYS, "owner", sink),
        review: table.date_at(KEYS, "review", sink),
        excluded: table.flag(KEYS, "excluded", sink),
    }
}

/// The id of a zone, a group or a gateway.
pub(super) fn check_id(id: &At<String>, what: &str, sink: &mut Sink) {
    let reserved = builtin::ZONES.contains(&id.value.as_str()) || id.value == "*";
    let spelled = !id.value.is_empty()
        && id
            .value
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_".contains(&octet));
    let report = if reserved {
        Report::error(
            "policy::reserved",
            format!("the {what} id `{}` is reserved", id.value),
        )
        .at(&id.place, "reserved")
        .help(format!(
            "`unknown`, `link` and `*` have a meaning of their own; give the {what} another id"
        ))
    } else if !spelled {
        Report::error("policy::id", format!("`{}` is no {what} id", shown(&id.value)))
            .at(&id.place, "not an id")
            .help(
                "an id is made of a-z, 0-9, `-` and `_`; words for people go into `label.ja` and `label.en`",
            )
    } else {
        return;
    };
    sink.push(report);
}

fn vlans(table: &Table<'_>, sink: &mut Sink) -> Vec<At<u16>> {
    let Some((items, _)) = table.items("vlans") else {
        return Vec::new();
    };
    let mut vlans = Vec::with_capacity(items.len());
    for item in items {
        let place = item.place();
        if item.get().as_integer().is_none() {
            sink.push(table.wrong_type(KEYS, "vlans", item, "a list of numbers"));
            continue;
        }
        match value::integer(item.value).and_then(|number| u16::try_from(number).ok()) {
            Some(value @ 1..=4094) => vlans.push(At { value, place }),
            _ => sink.push(
                Report::error(
                    "policy::vlan",
                    format!("{} is no VLAN id", value::found(item.value)),
                )
                .at(&place, "out of range")
                .help("write a number from 1 to 4094"),
            ),
        }
    }
    vlans
}

fn macs(table: &Table<'_>, sink: &mut Sink) -> Vec<At<MacAddress>> {
    let Some((texts, _)) = table.texts(KEYS, "macs", sink) else {
        return Vec::new();
    };
    texts
        .into_iter()
        .filter_map(|text| {
            Some(At {
                value: hosts::parse_mac(&text.value, &text.place, sink)?,
                place: text.place,
            })
        })
        .collect()
}

fn classification(table: &Table<'_>, sink: &mut Sink) -> Option<u8> {
    let (items, place) = table.items("classification")?;
    let item = items.first().filter(|item| item.value.span() == place.span);
    match item.and_then(|item| value::integer(item.value)) {
        Some(number @ 1..=3) => u8::try_from(number).ok(),
        _ => {
            let found = item.map_or_else(|| "a list".to_owned(), |item| value::found(item.value));
            sink.push(
                Report::error(
                    "policy::value",
                    format!("`classification` must be 1, 2 or 3, found {found}"),
                )
                .at(&place, "not a confidentiality class")
                .help("3 is the highest class of confidentiality (自治体機密性3), 1 the lowest"),
            );
            None
        }
    }
}
