//! The allowed path that is nearest to a denied flow, and in what the flow differs from it.

use sekisho_model::FlowRecord;

use crate::entry::Path;
use crate::zones::ZoneId;

/// One thing in which a flow differs from a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The originator's zone.
    From,
    /// The responder's zone.
    To,
    /// The transport protocol.
    Protocol,
    /// The responder's port.
    Ports,
    /// The path leads the other way.
    Direction,
}

impl Difference {
    /// The word in `differs`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Protocol => "protocol",
            Self::Ports => "ports",
            Self::Direction => "direction",
        }
    }
}

/// A path and the differences, of which there is at least one.
#[derive(Debug)]
pub(super) struct Nearest<'a> {
    pub(super) path: &'a Path,
    pub(super) differs: Vec<Difference>,
}

/// The path with the fewest differences, the first of the files where several have as few.
///
/// A path that shares neither zone with the flow is no neighbour of it, however few words differ.
pub(super) fn find<'a>(
    paths: &'a [Path],
    record: &FlowRecord,
    orig: ZoneId,
    resp: ZoneId,
) -> Option<Nearest<'a>> {
    paths
        .iter()
        .filter_map(|path| {
            let differs = differences(path, record, orig, resp)?;
            (!differs.is_empty()).then_some(Nearest { path, differs })
        })
        .min_by_key(|nearest| nearest.differs.len())
}

fn differences(path: &Path, record: &FlowRecord, orig: ZoneId, resp: ZoneId) -> Option<Vec<Difference>> {
    let (from, to, service) = (
        &path.conditions.from,
        &path.conditions.to,
        &path.conditions.service,
    );
    let reversed = from.is_explicit() && to.is_explicit() && path.conditions.zones_match(resp, orig);
    let mut differs = match (from.has(orig), to.has(resp)) {
        (true, true) => Vec::new(),
        _ if reversed => vec![Difference::Direction],
        (false, true) => vec![Difference::From],
        (true, false) => vec![Difference::To],
        (false, false) if path.conditions.zones_match(resp, orig) => vec![Difference::Direction],
        (false, false) => return None,
    };
    let backwards = differs.contains(&Difference::Direction);
    if !service.protocols.has(record.protocol) {
        differs.push(Difference::Protocol);
    }
    if let Some(ports) = service.ports.as_ref().filter(|_| record.protocol.has_ports()) {
        // Seen from the other side, the port that the path names is the originator's.
        let named = ports.has(record.resp.port) || (backwards && ports.has(record.orig.port));
        if !named {
            differs.push(Difference::Ports);
        }
    }
    Some(differs)
}
