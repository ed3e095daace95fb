//! Zones: ids, networks and VLANs may each stand in one zone only.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;

use sekisho_model::Text;

use super::lists;
use crate::error::{Report, Sink};
use crate::file::{At, Place};
use crate::lists::{List, ListKind, ListValue};
use crate::parse::{Declarations, ZoneDecl};
use crate::zones::{MAX_ZONES, Zone, Zones};

/// Adds what lists say is in the zones.
pub(super) fn fill(declared: &mut Declarations, lists: &[List], sink: &mut Sink) {
    const KINDS: &[ListKind] = &[ListKind::Address, ListKind::Network, ListKind::Mac];
    let incomplete = declared.incomplete;
    let (zones, values) = (&mut declared.zones, &declared.lists);
    for zone in zones {
        for name in &zone.lists {
            let Some(position) = lists::find(name, lists, KINDS, incomplete, sink) else {
                continue;
            };
            if lists.get(position).is_some_and(List::expires) {
                sink.push(
                    Report::error(
                        "policy::kind",
                        format!("the values of the list `{}` expire, a zone does not", name.value),
                    )
                    .at(&name.place, "which zone an address is in does not change with time")
                    .help("remove `expires` from the list, or give paths the list as `from_hosts` and `to_hosts`"),
                );
                continue;
            }
            for value in values.get(position).into_iter().flat_map(|list| &list.values) {
                let place = value.place.clone();
                match &value.value {
                    ListValue::Network(network) => zone.networks.push(At {
                        value: *network,
                        place,
                    }),
                    ListValue::Mac(mac) => zone.macs.push(At { value: *mac, place }),
                    ListValue::Ports(..) | ListValue::Text(_) => {}
                }
            }
        }
    }
}

pub(super) fn compile(declared: &Declarations, sink: &mut Sink) -> Zones {
    let zones = &declared.zones;
    disjoint("network", zones, |zone| &zone.networks, sink);
    disjoint("VLAN", zones, |zone| &zone.vlans, sink);
    disjoint("MAC address", zones, |zone| &zone.macs, sink);
    if let Some(zone) = zones.get(MAX_ZONES) {
        sink.push(
            Report::error(
                "policy::limit",
                format!("the policy has more than {MAX_ZONES} zones"),
            )
            .at(&zone.id.place, "one zone too many")
            .help("join zones that have the same paths"),
        );
    }
    Zones::new(zones.iter().take(MAX_ZONES).map(zone).collect())
}

fn zone(declared: &ZoneDecl) -> Zone {
    let or_id = |label: &String| {
        if label.is_empty() {
            declared.id.value.clone()
        } else {
            label.clone()
        }
    };
    Zone {
        id: Arc::from(declared.id.value.as_str()),
        label: Text {
            ja: or_id(&declared.label.ja),
            en: or_id(&declared.label.en),
        },
        networks: declared.networks.iter().map(|network| network.value).collect(),
        vlans: declared.vlans.iter().map(|vlan| vlan.value).collect(),
        macs: declared.macs.iter().map(|mac| mac.value).collect(),
        intra_deny: declared.intra_deny,
        classification: declared.classification,
        clause: Arc::from(declared.clause.as_str()),
        department: declared.department.clone(),
        owner: declared.owner.clone(),
        review: declared
            .review
            .as_ref()
            .map_or_else(String::new, |review| review.value.clone()),
        excluded: declared.excluded,
    }
}

/// Complains where two zones have the same item; warns where one zone has it twice.
fn disjoint<T: Copy + Eq + Hash + Display>(
    what: &str,
    zones: &[ZoneDecl],
    items: fn(&ZoneDecl) -> &Vec<At<T>>,
    sink: &mut Sink,
) {
    let mut seen: HashMap<T, (usize, &Place)> = HashMap::new();
    for (index, zone) in zones.iter().enumerate() {
        for item in items(zone) {
            let Some((owner, place)) = seen.get(&item.value).copied() else {
                seen.insert(item.value, (index, &item.place));
                continue;
            };
            let value = item.value;
            let name = &zone.id.value;
            let other = zones.get(owner).map_or("", |zone| zone.id.value.as_str());
            let report = if owner != index && other == name {
                // The same zone in two files, which was complained about as a whole.
                continue;
            } else if owner == index {
                Report::warning(
                    "policy::repeated",
                    format!("zone `{name}` names the {what} {value} twice"),
                )
                .help("remove one of them")
                .ja(
                    format!("ゾーン `{name}` が {value} を二度書いています"),
                    "一方を消してください",
                )
            } else {
                Report::error(
                    "policy::overlap",
                    format!("the {what} {value} is in two zones, `{other}` and `{name}`"),
                )
                .help(remedy(what))
            };
            sink.push(
                report
                    .at(&item.place, "given again")
                    .at(place, "first given here"),
            );
        }
    }
}

fn remedy(what: &str) -> &'static str {
    if what != "network" {
        "leave it in one of the zones"
    } else {
        "leave it in one of the zones, or split it; a smaller network inside a larger one is fine, the smaller wins"
    }
}
