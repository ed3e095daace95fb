//! Paths and boundaries: their ends are looked up among the zones.

use std::sync::Arc;

use sekisho_model::Text;

use crate::builtin;
use crate::conditions::{Conditions, End};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::At;
use crate::parse::{ConditionsDecl, Declarations, EndDecl};
use crate::zones::{ZoneId, Zones};
use crate::{Boundary, Path};

pub(super) fn paths(declared: &Declarations, zones: &Zones, sink: &mut Sink) -> Vec<Path> {
    declared
        .paths
        .iter()
        .map(|path| Path {
            id: Arc::from(path.id.value.as_str()),
            conditions: conditions(&path.conditions, "path", zones, declared, sink),
            title: either(&path.title),
            clause: path.clause.clone(),
            owner: path.owner.clone(),
            approver: path.approver.clone(),
            contract: path.contract.clone(),
            review: path.review.clone(),
        })
        .collect()
}

pub(super) fn boundaries(declared: &Declarations, zones: &Zones, sink: &mut Sink) -> Vec<Boundary> {
    let boundaries: Vec<_> = declared
        .boundaries
        .iter()
        .map(|boundary| Boundary {
            id: Arc::from(boundary.id.value.as_str()),
            conditions: conditions(&boundary.conditions, "boundary", zones, declared, sink),
            clause: Arc::from(boundary.clause.as_str()),
            severity: boundary.severity,
            title: either(&boundary.title),
            first_step: either(&boundary.first_step),
            attack: boundary.attack.clone(),
        })
        .collect();
    ambiguous(declared, &boundaries, sink);
    boundaries
}

/// A text of one language stands for both where the other is missing.
fn either(text: &Text) -> Text {
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    Text {
        ja: or(&text.ja, &text.en),
        en: or(&text.en, &text.ja),
    }
}

pub(super) fn conditions(
    declared: &ConditionsDecl,
    what: &str,
    zones: &Zones,
    all: &Declarations,
    sink: &mut Sink,
) -> Conditions {
    let mut end = |name: &str, end: &EndDecl| match end {
        EndDecl::Any => End::Any,
        EndDecl::Zones(ids) => End::zones(
            ids.iter()
                .filter_map(|id| zone(id, name, what, zones, all, sink))
                .collect(),
        ),
    };
    Conditions {
        from: end("from", &declared.from),
        to: end("to", &declared.to),
        service: declared.service.clone(),
    }
}

fn zone(
    id: &At<String>,
    end: &str,
    what: &str,
    zones: &Zones,
    all: &Declarations,
    sink: &mut Sink,
) -> Option<ZoneId> {
    let found = zones.find(&id.value);
    if found == Some(ZoneId::LINK) {
        sink.push(
            Report::error(
                "policy::reserved",
                format!("`{end}` names the built-in zone `link`"),
            )
            .at(&id.place, "needs no path")
            .help("addresses that cannot cross a router are always allowed; remove it"),
        );
        return None;
    }
    // The zone may stand in a file that could not be read.
    if found.is_some() || all.incomplete {
        return found;
    }
    let declared = || zones.declared().map(|(_, zone)| &*zone.id);
    let help = match nearest(&id.value, declared().chain([builtin::UNKNOWN])) {
        Some(name) => format!("did you mean `{name}`?"),
        None if zones.declared().next().is_none() => {
            "declare it by `[zone.…]`; the policy has no zone".to_owned()
        }
        None => format!("declare the zone, or name one of {}", listed(declared())),
    };
    sink.push(
        Report::error(
            "policy::no-such-zone",
            format!(
                "the {what} names the zone `{}`, which does not exist",
                shown(&id.value)
            ),
        )
        .at(&id.place, "no such zone")
        .help(help),
    );
    None
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names
        .take(SHOWN.saturating_add(1))
        .map(|name| format!("`{name}`"))
        .collect();
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN => format!("{}, …", first.join(", ")),
        _ => names.join(", "),
    }
}

/// Two boundaries of the same shape that speak of the same flows: which clause is broken would
/// then depend on the order of files.
fn ambiguous(declared: &Declarations, boundaries: &[Boundary], sink: &mut Sink) {
    let places = || declared.boundaries.iter().zip(boundaries);
    for (index, (declaration, boundary)) in places().enumerate() {
        let earlier = places().take(index).find(|(_, earlier)| {
            let (mine, theirs) = (&boundary.conditions, &earlier.conditions);
            mine.service == theirs.service && mine.from.meets(&theirs.from) && mine.to.meets(&theirs.to)
        });
        if let Some((first, _)) = earlier {
            sink.push(
                Report::error(
                    "policy::ambiguous",
                    format!(
                        "`{}` and `{}` name the same crossing",
                        first.id.value, declaration.id.value
                    ),
                )
                .at(&declaration.place, "names it again")
                .at(&first.place, "first named here")
                .help("join the two, or make one more specific by its zones, protocol or ports"),
            );
        }
    }
}
