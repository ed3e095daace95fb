//! `[zone.…]`: a segment, by its networks and VLANs.

use ipnet::IpNet;
use sekisho_model::Text;

use super::network;
use super::table::{Key, Table, key, later};
use super::value;
use crate::builtin;
use crate::error::{Report, Sink, shown};
use crate::file::At;

const KEYS: &[Key] = &[
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
    later(
        "macs",
        "remove it and name the hosts by `networks` (a bare address is one host) or by `vlans`",
    ),
];

/// What one zone declares.
#[derive(Debug)]
pub(crate) struct ZoneDecl {
    pub(crate) id: At<String>,
    pub(crate) networks: Vec<At<IpNet>>,
    pub(crate) vlans: Vec<At<u16>>,
    pub(crate) intra_deny: bool,
    pub(crate) label: Text,
    pub(crate) classification: Option<u8>,
    pub(crate) clause: String,
    pub(crate) department: String,
    pub(crate) owner: String,
    pub(crate) review: String,
    pub(crate) excluded: bool,
}

pub(super) fn parse(id: At<String>, table: &Table<'_>, sink: &mut Sink) -> ZoneDecl {
    check_id(&id, sink);
    table.check_keys(KEYS, sink);
    let (networks, _) = table.texts(KEYS, "networks", sink).unzip();
    ZoneDecl {
        id,
        networks: network::parse_all(networks.unwrap_or_default(), sink),
        vlans: vlans(table, sink),
        intra_deny: table
            .choice(KEYS, "intra", &[("allow", false), ("deny", true)], sink)
            .unwrap_or(false),
        label: table.bilingual(KEYS, "label", sink),
        classification: classification(table, sink),
        clause: table.optional(KEYS, "clause", sink),
        department: table.optional(KEYS, "department", sink),
        owner: table.optional(KEYS, "owner", sink),
        review: table.date(KEYS, "review", sink),
        excluded: table.flag(KEYS, "excluded", sink),
    }
}

fn check_id(id: &At<String>, sink: &mut Sink) {
    let reserved = builtin::ZONES.contains(&id.value.as_str()) || id.value == "*";
    let spelled = !id.value.is_empty()
        && id
            .value
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_".contains(&octet));
    let report = if reserved {
        Report::error(
            "policy::reserved",
            format!("the zone id `{}` is reserved", id.value),
        )
        .at(&id.place, "reserved")
        .help("`unknown`, `link` and `*` have a meaning of their own; give the zone another id")
    } else if !spelled {
        Report::error("policy::id", format!("`{}` is no zone id", shown(&id.value)))
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
        let place = table.file.place(item.span());
        if item.get_ref().as_integer().is_none() {
            sink.push(table.wrong_type(KEYS, "vlans", item, "a list of numbers"));
            continue;
        }
        match value::integer(item).and_then(|number| u16::try_from(number).ok()) {
            Some(value @ 1..=4094) => vlans.push(At { value, place }),
            _ => sink.push(
                Report::error("policy::vlan", format!("{} is no VLAN id", value::found(item)))
                    .at(&place, "out of range")
                    .help("write a number from 1 to 4094"),
            ),
        }
    }
    vlans
}

fn classification(table: &Table<'_>, sink: &mut Sink) -> Option<u8> {
    let (items, place) = table.items("classification")?;
    let item = items.first().filter(|item| item.span() == place.span);
    match item.and_then(|item| value::integer(item)) {
        Some(number @ 1..=3) => u8::try_from(number).ok(),
        _ => {
            let found = item.map_or_else(|| "a list".to_owned(), |item| value::found(item));
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
