//! What is declared and named nowhere.

use std::collections::HashSet;

use crate::error::{Report, Sink};
use crate::parse::{Declarations, EndDecl, HopDecl, HostDecl, StatementWhat};

/// Groups, gateways, windows and lists without a role that nothing names.
pub(super) fn find(declared: &Declarations, sink: &mut Sink) {
    let named = named(declared);
    let groups = declared
        .groups
        .iter()
        .map(|group| (&group.id, ["group", "グループ"], "zone or group"));
    let gateways = declared
        .gateways
        .iter()
        .map(|gateway| (&gateway.id, ["gateway", "ゲートウェイ"], "gateway"));
    let windows = declared
        .calendar
        .window_names()
        .map(|name| (name, ["window", "時間帯"], "window"));
    let lists = declared
        .lists
        .iter()
        .filter(|list| list.role.is_empty() && !list.of_catalogue);
    let lists = lists.map(|list| (&list.name, ["list", "リスト"], "list"));
    for (id, [what, ja], kind) in groups.chain(gateways).chain(windows).chain(lists) {
        let in_rules = || {
            let mark = match kind {
                "list" => format!("@{}", id.value),
                _ => id.value.clone(),
            };
            let texts = declared.rules.iter().flat_map(|rule| {
                let by = rule.severity_by.iter().map(|(when, _)| when);
                rule.when.iter().chain(&rule.except).chain(by)
            });
            kind != "gateway" && texts.into_iter().any(|text| text.value.contains(&mark))
        };
        if !named.contains(&(kind, id.value.as_str())) && !in_rules() {
            sink.push(
                Report::warning(
                    "policy::unused",
                    format!("nothing uses the {what} `{}`", id.value),
                )
                .at(&id.place, "never named")
                .help("remove it, or name it where it is meant")
                .ja(
                    format!("{ja} `{}` はどこでも使われていません", id.value),
                    "消すか、使うところで名指してください",
                ),
            );
        }
    }
}

/// What is named somewhere, with its kind.
fn named(declared: &Declarations) -> HashSet<(&'static str, &str)> {
    let mut named = HashSet::new();
    let conditions = declared.paths.iter().map(|path| &path.conditions);
    let conditions = conditions.chain(declared.boundaries.iter().map(|boundary| &boundary.conditions));
    for conditions in conditions {
        named.extend(end_names(&conditions.from));
        named.extend(end_names(&conditions.to));
    }
    for member in declared.groups.iter().flat_map(|group| &group.zones) {
        named.insert(("zone or group", member.value.as_str()));
    }
    for zone in &declared.zones {
        named.extend(zone.lists.iter().map(|name| ("list", name.value.as_str())));
    }
    for path in &declared.paths {
        named.extend(path.via.iter().map(|via| ("gateway", via.value.as_str())));
        let hosts = path.from_hosts.iter().chain(&path.to_hosts).flatten();
        named.extend(hosts.filter_map(|host| match host {
            HostDecl::List(name) => Some(("list", name.value.as_str())),
            HostDecl::Network(..) => None,
        }));
        named.extend(path.next_hops.iter().flatten().filter_map(|hop| match hop {
            HopDecl::List(name) => Some(("list", name.value.as_str())),
            HopDecl::Mac(_) => None,
        }));
        for text in path.window.iter().flatten() {
            named.extend(words(&text.value).map(|word| ("window", word)));
        }
    }
    for statement in &declared.statements {
        match &statement.what {
            StatementWhat::Wrong => {}
            StatementWhat::Never(text) => {
                named.extend(words(&text.value).flat_map(|word| [("window", word), ("zone or group", word)]));
            }
            StatementWhat::Only {
                conditions, window, ..
            } => {
                named.extend(end_names(&conditions.from));
                named.extend(end_names(&conditions.to));
                let window = window.iter().flat_map(|text| words(&text.value));
                named.extend(window.map(|word| ("window", word)));
            }
        }
    }
    named
}

fn end_names(end: &EndDecl) -> Vec<(&'static str, &str)> {
    match end {
        EndDecl::Any => Vec::new(),
        EndDecl::Zones(zones) => zones
            .iter()
            .map(|zone| ("zone or group", zone.value.as_str()))
            .collect(),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}
