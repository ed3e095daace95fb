//! Remarks on a policy that compiles but may not mean what its writer thinks.

mod unused;

use std::time::Duration;

use crate::Mode;
use crate::compile::Header;
use crate::conditions::{End, Protocols};
use crate::entry::{Leg, Path};
use crate::error::{Report, Sink};
use crate::matcher::Matcher;
use crate::parse::{Declarations, EndDecl, PathDecl};
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
            .help("write `mode = \"enforce\"` in `[policy]` when the paths are complete")
            .ja(
                "このポリシーは学習中です。通信は判定しますが、違反を警報にしません",
                "経路がそろったら `[policy]` に `mode = \"enforce\"` と書いてください",
            ),
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
    unused::find(declared, sink);
}

fn empty_zones(declared: &Declarations, header: &Header, sink: &mut Sink) {
    if declared.zones.is_empty() && !header.catalogue {
        sink.push(
            Report::warning(
                "policy::no-zones",
                "the policy declares no zone, so no flow can be judged",
            )
            .help("declare the segments by `[zone.…]`")
            .ja(
                "ポリシーにゾーンがなく、どの通信も判定できません",
                "ネットワークの区画を `[zone.…]` で書いてください",
            ),
        );
    }
    let placed = |zone: &&crate::parse::ZoneDecl| zone.networks.is_empty() && zone.macs.is_empty();
    for zone in declared.zones.iter().filter(placed) {
        let name = &zone.id.value;
        let report = if zone.vlans.is_empty() {
            Report::warning("policy::empty-zone", format!("nothing can be in zone `{name}`"))
                .at(&zone.id.place, "neither networks nor MAC addresses nor VLANs")
                .help("give it `networks`, `macs`, `vlans` or `lists`")
                .ja(
                    format!("ゾーン `{name}` には何も入りません"),
                    "`networks`、`macs`、`vlans`、`lists` のどれかを書いてください",
                )
        } else {
            Report::warning(
                "policy::vlan-only",
                format!("zone `{name}` is known by its VLANs alone"),
            )
            .at(&zone.id.place, "no networks")
            .help("add `networks`; a VLAN tag does not tell which end of a flow is local")
            .ja(
                format!("ゾーン `{name}` は VLAN だけで見分けられています"),
                "`networks` を足してください。VLAN タグからは、通信のどちらの端がゾーンの中か分かりません",
            )
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
            .help("add `protocol = \"tcp\"` or `protocol = \"udp\"`")
            .ja(
                format!("`{}` はポートを書き、プロトコルを書いていません", path.id.value),
                "`protocol = \"tcp\"` か `protocol = \"udp\"` を足してください",
            ),
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
                    .help("remove the path, or `excluded` of the zone")
                    .ja(
                        format!(
                            "`{}` は記録の対象外のゾーン `{}` を名指しています",
                            path.id.value, id.value
                        ),
                        "経路か、ゾーンの `excluded` を消してください",
                    ),
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
            .help("remove it; a flow between two addresses that are in no zone is not judged")
            .ja(
                format!("`{}` は、書かれたどのゾーンにも関わりません", path.id),
                "消してください。どのゾーンにもないアドレス同士の通信は判定しません",
            ),
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
            .help("remove it, or write `intra = \"deny\"` in the zone")
            .ja(
                format!("`{}` は一つのゾーンの中の経路で、なくても許可されます", path.id),
                "消すか、ゾーンに `intra = \"deny\"` と書いてください",
            ),
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
    let (message, ja) = if !from.is_explicit() && !to.is_explicit() && !narrowed {
        (
            format!("`{}` is open from every zone to every zone", path.id),
            format!("`{}` はすべてのゾーンからすべてのゾーンへ開いています", path.id),
        )
    } else if any_service && from != to {
        (
            format!("`{}` is open for every protocol and port", path.id),
            format!("`{}` はすべてのプロトコルとポートに開いています", path.id),
        )
    } else {
        return;
    };
    sink.push(
        Report::warning("policy::allow-any", message)
            .at(&declaration.place, "allows nearly anything")
            .help("name zones, `protocol` and `ports` as narrow as the need is")
            .ja(ja, "ゾーン、`protocol`、`ports` を、必要な範囲まで絞ってください"),
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
            .help("end it earlier and apply again, or make a path of what is always needed")
            .ja(
                format!("例外措置 `{}` の期間が一年を超えています", path.id),
                "終わりを早めて申請し直すか、常に必要なものは経路にしてください",
            ),
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
        sink.push(match first {
            Some((place, first)) => Report::warning(
                "policy::never-chosen",
                format!("`{id}` is never chosen: `{}` allows all of it", first.id),
            )
            .at(&declaration.place, "decides nothing")
            .at(&place.place, "asked first")
            .help("remove it, or narrow the other")
            .ja(
                format!("`{id}` は使われません。`{}` がそのすべてを許可します", first.id),
                "消すか、もう一方を絞ってください",
            ),
            None => Report::warning(
                "policy::never-chosen",
                format!("`{id}` is never chosen: paths that are asked first allow all of it"),
            )
            .at(&declaration.place, "decides nothing")
            .help("remove it, or narrow the others; `sekisho rules prove` names them")
            .ja(
                format!("`{id}` は使われません。先に当てはまる経路がそのすべてを許可します"),
                "消すか、ほかを絞ってください。どの経路かは `sekisho rules prove` が示します",
            ),
        });
    }
}
