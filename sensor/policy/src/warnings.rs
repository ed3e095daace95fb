//! Remarks on a policy that compiles but may not mean what its writer thinks.

use crate::compile::Header;
use crate::conditions::End;
use crate::error::{Report, Sink};
use crate::parse::{Declarations, EndDecl, PathDecl};
use crate::zones::{ZoneId, Zones};
use crate::{Mode, Path};

pub(crate) fn find(declared: &Declarations, header: &Header, zones: &Zones, paths: &[Path], sink: &mut Sink) {
    if header.mode == Mode::Learn {
        sink.push(
            Report::warning(
                "policy::learn",
                "the policy only learns: flows are judged, no violation is raised",
            )
            .help("write `mode = \"enforce\"` in `[policy]` when the paths are complete"),
        );
    }
    empty_zones(declared, sink);
    for (declaration, path) in declared.paths.iter().zip(paths) {
        bare_ports(declaration, sink);
        excluded_ends(declaration, zones, sink);
        needless(declaration, path, zones, sink);
    }
    never_chosen(declared, paths, sink);
}

fn empty_zones(declared: &Declarations, sink: &mut Sink) {
    if declared.zones.is_empty() {
        sink.push(
            Report::warning(
                "policy::no-zones",
                "the policy declares no zone, so no flow can be judged",
            )
            .help("declare the segments by `[zone.…]`"),
        );
    }
    for zone in declared.zones.iter().filter(|zone| zone.networks.is_empty()) {
        let name = &zone.id.value;
        let report = if zone.vlans.is_empty() {
            Report::warning("policy::empty-zone", format!("nothing can be in zone `{name}`"))
                .at(&zone.id.place, "neither networks nor VLANs")
                .help("give it `networks` or `vlans`")
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

/// A path all of whose flows another path is asked about first.
fn never_chosen(declared: &Declarations, paths: &[Path], sink: &mut Sink) {
    let mut order: Vec<_> = declared.paths.iter().zip(paths).collect();
    order.sort_by_key(|(_, path)| path.conditions.rank());
    for (position, (declaration, path)) in order.iter().enumerate() {
        let mut before = order.iter().take(position);
        if let Some((place, first)) = before.find(|(_, first)| first.conditions.covers(&path.conditions)) {
            sink.push(
                Report::warning(
                    "policy::never-chosen",
                    format!("`{}` is never chosen: `{}` allows all of it", path.id, first.id),
                )
                .at(&declaration.place, "decides nothing")
                .at(&place.place, "asked first")
                .help("remove it, or narrow the other"),
            );
        }
    }
}
