//! Paths and boundaries: their ends are looked up among the zones.

use std::sync::Arc;

use sekisho_model::Text;

use super::Ends;
use crate::Boundary;
use crate::builtin;
use crate::conditions::{Conditions, End};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::At;
use crate::parse::{ConditionsDecl, Declarations, EndDecl};
use crate::zones::ZoneId;

/// Boundaries that a policy may declare: each alert looks at all of them.
const MAX_BOUNDARIES: usize = 2000;

pub(super) fn boundaries(declared: &Declarations, ends: &Ends<'_>, sink: &mut Sink) -> Vec<Boundary> {
    if let Some(boundary) = declared.boundaries.get(MAX_BOUNDARIES) {
        sink.push(
            Report::error(
                "policy::limit",
                format!("the policy has more than {MAX_BOUNDARIES} boundaries"),
            )
            .at(&boundary.place, "one boundary too many")
            .help("join boundaries that break the same clause"),
        );
    }
    let boundaries: Vec<_> = declared
        .boundaries
        .iter()
        .take(MAX_BOUNDARIES)
        .map(|boundary| Boundary {
            id: Arc::from(boundary.id.value.as_str()),
            conditions: conditions(&boundary.conditions, "boundary", ends, declared, sink),
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
pub(super) fn either(text: &Text) -> Text {
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
    ends: &Ends<'_>,
    all: &Declarations,
    sink: &mut Sink,
) -> Conditions {
    let mut end = |name: &str, end: &EndDecl| match end {
        EndDecl::Any => End::Any,
        EndDecl::Zones(ids) => End::zones(
            ids.iter()
                .flat_map(|id| zones(id, name, what, ends, all, sink))
                .collect(),
        ),
    };
    Conditions {
        from: end("from", &declared.from),
        to: end("to", &declared.to),
        service: declared.service.clone(),
    }
}

/// The zones that an id of an end stands for.
fn zones(
    id: &At<String>,
    end: &str,
    what: &str,
    ends: &Ends<'_>,
    all: &Declarations,
    sink: &mut Sink,
) -> Vec<ZoneId> {
    if ends.zones.find(&id.value) == Some(ZoneId::LINK) {
        sink.push(
            Report::error(
                "policy::reserved",
                format!("`{end}` names the built-in zone `link`"),
            )
            .at(&id.place, "needs no path")
            .help("addresses that cannot cross a router are always allowed; remove it"),
        );
        return Vec::new();
    }
    match ends.find(&id.value) {
        Some(End::Zones(zones)) => return zones.to_vec(),
        // The zone may stand in a file that could not be read.
        _ if all.incomplete => return Vec::new(),
        _ => {}
    }
    let help = match nearest(&id.value, ends.names().chain([builtin::UNKNOWN])) {
        Some(name) => format!("did you mean `{name}`?"),
        None if ends.zones.declared().next().is_none() => {
            "declare it by `[zone.…]`; the policy has no zone".to_owned()
        }
        None => format!("declare the zone, or name one of {}", listed(ends.names())),
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
    Vec::new()
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
