//! Remarks on a policy that compiles but may not mean what its writer thinks.

use std::collections::HashSet;
use std::time::Duration;

use crate::Mode;
use crate::compile::Header;
use crate::conditions::{End, Protocols};
use crate::entry::{Leg, Path};
use crate::error::{Report, Sink};
use crate::matcher::Matcher;
use crate::parse::{Declarations, EndDecl, HopDecl, HostDecl, PathDecl, StatementWhat};
use crate::zones::{ZoneId, Zones};

/// An exception is for a while: how long that may be.
const LONGEST_EXCEPTION: Duration = Duration::from_secs(366 * 86_400);

/// Paths that are never chosen of which it is said which other path covers them.
const MAX_COMPARED: usize = 200;

pub(crate) fn find(
    declared: &Declarations,
    header: &Header,
    zones: &Zones,
    paths: &[Path],
    matcher: &Matcher,
    sink: &mut Sink,
) {
    if header.mode == Mode::Learn {
        sink.push(
            Report::warning(
                "policy::learn",
                "the policy only learns: flows are judged, no violation is raised",
            )
            .help("write `mode = \"enforce\"` in `[policy]` when the paths are complete"),
        );
    }
    empty_zones(declared, header, sink);
    for (declaration, path) in declared.paths.iter().zip(paths) {
        bare_ports(declaration, sink);
        excluded_ends(declaration, zones, sink);
        needless(declaration, path, zones, sink);
        allows_any(declaration, path, sink);
        long_exception(declaration, path, sink);
    }
    never_chosen(declared, paths, matcher, sink);
    unused(declared, sink);
}

fn empty_zones(declared: &Declarations, header: &Header, sink: &mut Sink) {
    if declared.zones.is_empty() && !header.catalogue {
        sink.push(
            Report::warning(
                "policy::no-zones",
                "the policy declares no zone, so no flow can be judged",
            )
            .help("declare the segments by `[zone.…]`"),
        );
    }
    let placed = |zone: &&crate::parse::ZoneDecl| zone.networks.is_empty() && zone.macs.is_empty();
    for zone in declared.zones.iter().filter(placed) {
        let name = &zone.id.value;
        let report = if zone.vlans.is_empty() {
            Report::warning("policy::empty-zone", format!("nothing can be in zone `{name}`"))
                .at(&zone.id.place, "neither networks nor MAC addresses nor VLANs")
                .help("give it `networks`, `macs`, `vlans` or `lists`")
        } else {
            Report::warning(
                "policy::vlan-only",
                format!("zone `{name}` is known by its VLANs alone"),
            )
            .at(&zone.id.place, "no networks")
            .help("add `networks`; a VLAN tag does not tell which end of a flow is local")
        };
        sink.push(report);
    }
}

fn bare_ports(path: &PathDecl, sink: &mut Sink) {
    if let Some(place) = &path.conditions.bare_ports {
        sink.push(
            Report::warning(
                "policy::bare-ports",
                format!("`{}` names ports but no protocol", path.id.value),
            )
            .at(place, "open over tcp, udp and sctp")
            .help("add `protocol = \"tcp\"` or `protocol = \"udp\"`"),
        );
    }
}

fn excluded_ends(path: &PathDecl, zones: &Zones, sink: &mut Sink) {
    for end in [&path.conditions.from, &path.conditions.to] {
        let EndDecl::Zones(ids) = end else { continue };
        for id in ids {
            let zone = zones.find(&id.value).and_then(|zone| zones.get(zone));
            if zone.is_some_and(|zone| zone.excluded) {
                sink.push(
                    Report::warning(
                        "policy::excluded",
                        format!("`{}` names the excluded zone `{}`", path.id.value, id.value),
                    )
                    .at(&id.place, "flows of this zone are never judged")
                    .help("remove the path, or `excluded` of the zone"),
                );
            }
        }
    }
}

/// A path inside one zone whose hosts may talk to each other anyway.
fn needless(declaration: &PathDecl, path: &Path, zones: &Zones, sink: &mut Sink) {
    let (End::Zones(from), End::Zones(to)) = (&path.conditions.from, &path.conditions.to) else {
        return;
    };
    let ([from], [to]) = (&**from, &**to) else { return };
    if [*from, *to] == [ZoneId::UNKNOWN; 2] {
        sink.push(
            Report::warning(
                "policy::needless",
                format!("`{}` touches no declared zone", path.id),
            )
            .at(&declaration.place, "never decides anything")
            .help("remove it; a flow between two addresses that are in no zone is not judged"),
        );
        return;
    }
    let open = |zone: ZoneId| zones.get(zone).is_some_and(|zone| !zone.intra_deny);
    if from == to && open(*from) {
        sink.push(
            Report::warning(
                "policy::needless",
                format!("`{}` stays inside one zone, which is allowed without it", path.id),
            )
            .at(&declaration.place, "never decides anything")
            .help("remove it, or write `intra = \"deny\"` in the zone"),
        );
    }
}

/// A path that leaves next to nothing closed.
fn allows_any(declaration: &PathDecl, path: &Path, sink: &mut Sink) {
    let (from, to) = (&path.conditions.from, &path.conditions.to);
    let narrowed = path.from_hosts.is_some() || path.to_hosts.is_some() || path.via.is_some();
    let service = &path.conditions.service;
    let any_service =
        service.protocols == Protocols::ALL && service.ports.is_none() && path.services.is_none();
    let message = if !from.is_explicit() && !to.is_explicit() && !narrowed {
        format!("`{}` is open from every zone to every zone", path.id)
    } else if any_service && from != to {
        format!("`{}` is open for every protocol and port", path.id)
    } else {
        return;
    };
    sink.push(
        Report::warning("policy::allow-any", message)
            .at(&declaration.place, "allows nearly anything")
            .help("name zones, `protocol` and `ports` as narrow as the need is"),
    );
}

fn long_exception(declaration: &PathDecl, path: &Path, sink: &mut Sink) {
    let (Some(starts), Some(expires), Some(place)) = (path.starts, path.expires, &declaration.expires) else {
        return;
    };
    if path.exception.is_some() && expires.since(starts) > LONGEST_EXCEPTION {
        sink.push(
            Report::warning(
                "policy::long-exception",
                format!("the exception `{}` holds for more than a year", path.id),
            )
            .at(&place.place, "its end")
            .help("end it earlier and apply again, or make a path of what is always needed"),
        );
    }
}

/// An entry that is asked about no flow, since another one that allows all of it is asked before.
fn never_chosen(declared: &Declarations, paths: &[Path], matcher: &Matcher, sink: &mut Sink) {
    let asked = matcher.asked();
    let idle = matcher
        .entries()
        .iter()
        .enumerate()
        .filter(|(rank, entry)| entry.id.leg() == Leg::Whole && asked.get(*rank) == Some(&false));
    for (count, (rank, entry)) in idle.enumerate() {
        let before = || matcher.entries().iter().take(rank);
        let first = (count < MAX_COMPARED)
            .then(|| before().find(|first| first.covers(entry)))
            .flatten();
        let place = |entry: &crate::entry::Entry| declared.paths.get(entry.id.index());
        let id = paths.get(entry.id.index()).map_or("", |path| &path.id);
        let Some(declaration) = place(entry) else { continue };
        let first = first.and_then(|first| Some((place(first)?, paths.get(first.id.index())?)));
        let report = match first {
            Some((_, first)) => format!("`{id}` is never chosen: `{}` allows all of it", first.id),
            None => format!("`{id}` is never chosen: paths that are asked first allow all of it"),
        };
        let report =
            Report::warning("policy::never-chosen", report).at(&declaration.place, "decides nothing");
        sink.push(match first {
            Some((first, _)) => report
                .at(&first.place, "asked first")
                .help("remove it, or narrow the other"),
            None => report.help("remove it, or narrow the others; `sekisho rules prove` names them"),
        });
    }
}

/// Groups, gateways, windows and lists without a role that nothing names.
fn unused(declared: &Declarations, sink: &mut Sink) {
    let named = named(declared);
    let groups = declared
        .groups
        .iter()
        .map(|group| (&group.id, "group", "zone or group"));
    let gateways = declared
        .gateways
        .iter()
        .map(|gateway| (&gateway.id, "gateway", "gateway"));
    let windows = declared
        .calendar
        .window_names()
        .map(|name| (name, "window", "window"));
    let lists = declared.lists.iter().filter(|list| list.role.is_empty());
    let lists = lists.map(|list| (&list.name, "list", "list"));
    for (id, what, kind) in groups.chain(gateways).chain(windows).chain(lists) {
        let in_rules = || {
            let mark = match kind {
                "list" => format!("@{}", id.value),
                _ => id.value.clone(),
            };
            let texts = declared
                .rules
                .iter()
                .flat_map(|rule| rule.when.iter().chain(&rule.except));
            kind != "gateway" && texts.into_iter().any(|text| text.value.contains(&mark))
        };
        if !named.contains(&(kind, id.value.as_str())) && !in_rules() {
            sink.push(
                Report::warning(
                    "policy::unused",
                    format!("nothing uses the {what} `{}`", id.value),
                )
                .at(&id.place, "never named")
                .help("remove it, or name it where it is meant"),
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
