//! Everything an explanation speaks of, gathered once for both languages.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{FlowRecord, MacAddress};

use super::condition::Failed;
use super::nearest::{self, Difference, Nearest};
use crate::conditions::End;
use crate::entry::Path;
use crate::zones::{self, Zone, ZoneId, Zones};
use crate::{Boundary, Gateway, Policy};

/// Paths that are named at most where the allowed ones are listed.
pub(super) const LISTED: usize = 5;

/// One end of the flow.
pub(super) struct Party<'a> {
    pub(super) zone: &'a Zone,
    pub(super) id: ZoneId,
}

/// An originator that is in no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stranger {
    /// Its address is one that organisations use inside.
    Inside,
    /// Its address is somebody else's.
    Outside,
}

impl Stranger {
    pub(super) fn of(zone: ZoneId, address: IpAddr) -> Option<Self> {
        (zone == ZoneId::UNKNOWN).then(|| {
            if zones::is_private(address) {
                Self::Inside
            } else {
                Self::Outside
            }
        })
    }
}

/// Whom the path that would allow a flow is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Openness {
    /// The hosts of this flow, at one end at least.
    Hosts,
    /// Every host of the zones.
    Zones,
    /// Every address that no zone has.
    Unregistered,
}

/// What is true of a denied flow.
///
/// [`super::findings::Kind`] tells flows apart by all that this is gathered from; the addresses and the MAC
/// address are in no text but by a [`super::template::Slot`].
pub(super) struct Facts<'a> {
    pub(super) record: &'a FlowRecord,
    pub(super) policy: &'a Policy,
    pub(super) zones: &'a Zones,
    pub(super) orig: Party<'a>,
    pub(super) resp: Party<'a>,
    /// Both ends are in one zone.
    pub(super) inside: bool,
    pub(super) stranger: Option<Stranger>,
    /// The responder sent something.
    pub(super) answered: bool,
    /// The first paths that lead from the one zone to the other.
    pub(super) between: Vec<&'a Path>,
    /// How many more there are.
    pub(super) more: usize,
    /// The path that allows the flow but for one condition.
    pub(super) failed: Option<Failed<'a>>,
    pub(super) nearest: Option<Nearest<'a>>,
    pub(super) boundary: Option<&'a Boundary>,
    pub(super) clause: Arc<str>,
}

impl<'a> Facts<'a> {
    pub(super) fn gather(policy: &'a Policy, record: &'a FlowRecord) -> Option<Self> {
        let party = |name, address, mac| {
            let id = zone(policy, record, name, address, mac);
            let zone = policy.zones.get(id)?;
            Some(Party { zone, id })
        };
        let orig = party(&record.orig_zone, record.orig.address, record.orig_mac)?;
        let resp = party(&record.resp_zone, record.resp.address, record.resp_mac)?;
        let mut leading = policy
            .paths
            .iter()
            .filter(|path| path.conditions.zones_match(orig.id, resp.id));
        let between = leading.by_ref().take(LISTED).collect();
        let failed = Failed::find(policy, record, orig.id, resp.id);
        let boundary = boundary(&policy.boundaries, record, orig.id, resp.id);
        Some(Self {
            record,
            policy,
            zones: &policy.zones,
            inside: orig.id == resp.id,
            stranger: Stranger::of(orig.id, record.orig.address),
            answered: answered(record),
            between,
            more: leading.count(),
            nearest: nearest::find(policy, record, orig.id, resp.id),
            clause: clause(failed.as_ref(), boundary, orig.zone, resp.zone),
            failed,
            boundary,
            orig,
            resp,
        })
    }
}

impl<'a> Facts<'a> {
    /// The application protocol that was seen.
    pub(super) fn service(&self) -> &'static str {
        service_of(self.record).unwrap_or("unknown")
    }

    /// The kind of tunnel that carries the flow.
    pub(super) fn tunnel(&self) -> Option<&'static str> {
        self.record.carrier.as_ref().map(|carrier| carrier.kind)
    }

    /// The path over a gateway that the flow would be on, had it not gone past that.
    pub(super) fn past(&self) -> Option<(&'a Path, &'a Gateway)> {
        let nearest = self.nearest.as_ref()?;
        let path = nearest.path;
        let gateway = path.via.and_then(|via| self.policy.gateways.get(via))?;
        (nearest.differs == [Difference::Via]).then_some((path, gateway))
    }

    /// The path that would allow the flow if it named the flow's hosts too, and at which ends it does not.
    ///
    /// The sides of a gateway are hosts that no path names.
    pub(super) fn unnamed(&self) -> Option<(&'a Path, [bool; 2])> {
        let nearest = self.nearest.as_ref()?;
        let path = nearest.path;
        let own = [path.from_hosts.as_deref(), path.to_hosts.as_deref()];
        let lacks = |end: usize, difference| {
            let is_own = nearest.hosts.get(end) == own.get(end);
            (nearest.differs.contains(&difference), is_own)
        };
        let ends = [lacks(0, Difference::FromHosts), lacks(1, Difference::ToHosts)];
        let only_hosts = nearest.differs.iter().all(|difference| difference.is_of_hosts());
        let all_own = ends.iter().all(|(lacks, is_own)| !lacks || *is_own);
        (only_hosts && all_own).then_some((path, ends.map(|(lacks, _)| lacks)))
    }

    /// Which ends of the flow the path that it resembles narrows to hosts.
    pub(super) fn narrowed(&self) -> [bool; 2] {
        let Some(nearest) = &self.nearest else {
            return [false; 2];
        };
        let [from, to] = [&nearest.path.from_hosts, &nearest.path.to_hosts].map(Option::is_some);
        if nearest.differs.contains(&Difference::Direction) {
            [to, from]
        } else {
            [from, to]
        }
    }

    /// How far a path that names no more than the zones would be open.
    pub(super) fn openness(&self) -> Openness {
        let narrowed = self.narrowed();
        let ends = [self.orig.id, self.resp.id].into_iter().zip(narrowed);
        if ends
            .into_iter()
            .any(|(zone, narrowed)| zone == ZoneId::UNKNOWN && !narrowed)
        {
            Openness::Unregistered
        } else if narrowed == [false; 2] {
            Openness::Zones
        } else {
            Openness::Hosts
        }
    }
}

/// The zone of an end by the name that the record has. A record that another policy judged may name one
/// that this policy does not have.
pub(super) fn zone(
    policy: &Policy,
    record: &FlowRecord,
    name: &str,
    address: IpAddr,
    mac: Option<MacAddress>,
) -> ZoneId {
    policy
        .zones
        .find(name)
        .unwrap_or_else(|| policy.zones.of(address, mac, record.vlan))
}

/// The application protocol, where it was found.
pub(super) fn service_of(record: &FlowRecord) -> Option<&'static str> {
    let service = record.app.as_ref().map(|app| app.service)?;
    (!service.is_empty()).then_some(service)
}

/// Whether the responder sent something.
pub(super) const fn answered(record: &FlowRecord) -> bool {
    record.to_orig.packets > 0
}

impl Policy {
    /// Id of the most specific boundary that a flow between two zones crosses.
    pub(crate) fn boundary_crossed(
        &self,
        record: &FlowRecord,
        orig: ZoneId,
        resp: ZoneId,
    ) -> Option<&Arc<str>> {
        boundary(&self.boundaries, record, orig, resp).map(|boundary| &boundary.id)
    }
}

/// The most specific boundary that the flow crosses.
fn boundary<'a>(
    boundaries: &'a [Boundary],
    record: &FlowRecord,
    orig: ZoneId,
    resp: ZoneId,
) -> Option<&'a Boundary> {
    boundaries
        .iter()
        .filter(|boundary| {
            let conditions = &boundary.conditions;
            conditions.zones_match(orig, resp)
                && (orig != resp || names_the_inside(&conditions.from, &conditions.to))
                && conditions.service.has(record.protocol, record.resp.port)
        })
        .min_by_key(|boundary| boundary.conditions.rank())
}

/// A `*` stands for the zones on the other side, so the inside of a zone must be named on purpose.
fn names_the_inside(from: &End, to: &End) -> bool {
    from.is_explicit() && to.is_explicit()
}

/// The clause of the path whose condition was not met, else the boundary's, else that of the zone with the higher classification, else the
/// originator's, else the other's.
fn clause(failed: Option<&Failed<'_>>, boundary: Option<&Boundary>, orig: &Zone, resp: &Zone) -> Arc<str> {
    if let Some(path) = failed
        .map(|failed| failed.path)
        .filter(|path| !path.clause.is_empty())
    {
        return Arc::from(path.clause.as_str());
    }
    let zones = if resp.classification > orig.classification {
        [resp, orig]
    } else {
        [orig, resp]
    };
    boundary
        .map(|boundary| &boundary.clause)
        .into_iter()
        .chain(zones.map(|zone| &zone.clause))
        .find(|clause| !clause.is_empty())
        .map_or_else(|| Arc::from(""), Arc::clone)
}
