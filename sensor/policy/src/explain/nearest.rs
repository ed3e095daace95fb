//! The allowed path that is nearest to a denied flow, and in what the flow differs from it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use sekisho_model::FlowRecord;

use crate::conditions::{Conditions, End, Service};
use crate::entry::{Entry, Host, Leg, Path};
use crate::zones::ZoneId;
use crate::{EntryId, Policy};

/// One thing in which a flow differs from a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The originator's zone.
    From,
    /// The responder's zone.
    To,
    /// The originator is none of the hosts that are named.
    FromHosts,
    /// The responder is none of the hosts that are named.
    ToHosts,
    /// The transport protocol.
    Protocol,
    /// The responder's port.
    Ports,
    /// The path leads the other way.
    Direction,
    /// The path leads over a gateway, the flow past it.
    Via,
}

impl Difference {
    /// The word in `differs`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::FromHosts => "from_hosts",
            Self::ToHosts => "to_hosts",
            Self::Protocol => "protocol",
            Self::Ports => "ports",
            Self::Direction => "direction",
            Self::Via => "via",
        }
    }

    pub(super) const fn is_of_hosts(self) -> bool {
        matches!(self, Self::FromHosts | Self::ToHosts)
    }
}

/// A path and the differences, of which there is at least one.
#[derive(Debug)]
pub(super) struct Nearest<'a> {
    pub(super) path: &'a Path,
    /// The service of the leg that is near.
    pub(super) service: &'a Service,
    /// The hosts of that leg.
    pub(super) hosts: [Option<&'a [Host]>; 2],
    pub(super) differs: Vec<Difference>,
}

/// The path with the fewest differences, the first of the files where several have as few.
///
/// A path that shares neither end with the flow is no neighbour of it, however few words differ.
pub(super) fn find<'a>(
    policy: &'a Policy,
    record: &FlowRecord,
    orig: ZoneId,
    resp: ZoneId,
) -> Option<Nearest<'a>> {
    all(policy, record, orig, resp)
        .into_iter()
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, nearest)| nearest)
}

/// Every neighbour of the flow, the nearest first; a path once, by the leg that is nearest.
pub(super) fn ranked<'a>(
    policy: &'a Policy,
    record: &FlowRecord,
    orig: ZoneId,
    resp: ZoneId,
) -> Vec<Nearest<'a>> {
    let mut all = all(policy, record, orig, resp);
    all.sort_by_key(|(rank, _)| *rank);
    let mut known = HashSet::new();
    all.retain(|((_, _, id), _)| known.insert(id.index()));
    all.into_iter().map(|(_, nearest)| nearest).collect()
}

/// How near: differences, whether hosts are among them, and where it stands in the files.
type Rank = (usize, bool, EntryId);

fn all<'a>(policy: &'a Policy, record: &FlowRecord, orig: ZoneId, resp: ZoneId) -> Vec<(Rank, Nearest<'a>)> {
    let flow = Flow {
        policy,
        record,
        zones: [orig, resp],
        in_lists: RefCell::default(),
    };
    let legs = policy.matcher.entries().iter().filter_map(|entry| {
        let path = policy.paths.get(entry.id.index())?;
        Some((entry.id, flow.of_leg(path, entry)?))
    });
    let past = (0_u32..).zip(&policy.paths).filter_map(|(number, path)| {
        path.via?;
        let id = EntryId {
            path: number,
            leg: Leg::Whole,
        };
        Some((id, flow.past_gateway(path)?))
    });
    legs.chain(past)
        .map(|(id, nearest)| {
            let by_hosts = nearest.differs.iter().any(|differs| differs.is_of_hosts());
            ((nearest.differs.len(), by_hosts, id), nearest)
        })
        .collect()
}

struct Flow<'a> {
    policy: &'a Policy,
    record: &'a FlowRecord,
    zones: [ZoneId; 2],
    /// Whether an address is in a list, of those that were asked for: lists may be long.
    in_lists: RefCell<HashMap<(usize, IpAddr), bool>>,
}

/// How an end of a flow meets that of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meets {
    Yes,
    /// The zone does, the host does not; whether the zone is named.
    NotHosts(bool),
    NotZone,
}

impl Flow<'_> {
    fn of_leg<'p>(&self, path: &'p Path, entry: &'p Entry) -> Option<Nearest<'p>> {
        let hosts = [entry.from_hosts.as_deref(), entry.to_hosts.as_deref()];
        let differs = self.differences(&entry.conditions, hosts)?;
        (!differs.is_empty()).then_some(Nearest {
            path,
            service: &entry.conditions.service,
            hosts,
            differs,
        })
    }

    /// The way from end to end of a path that leads over a gateway.
    fn past_gateway<'p>(&self, path: &'p Path) -> Option<Nearest<'p>> {
        let hosts = [path.from_hosts.as_deref(), path.to_hosts.as_deref()];
        let mut differs = self.differences(&path.conditions, hosts)?;
        differs.insert(0, Difference::Via);
        Some(Nearest {
            path,
            service: &path.conditions.service,
            hosts,
            differs,
        })
    }

    fn differences(&self, conditions: &Conditions, hosts: [Option<&[Host]>; 2]) -> Option<Vec<Difference>> {
        let Conditions { from, to, service } = conditions;
        let record = self.record;
        let [orig, resp] = self.zones;
        let (one, other) = (record.orig.address, record.resp.address);
        let [from_hosts, to_hosts] = hosts;
        let reversed = self.meets(from, from_hosts, resp, other) == Meets::Yes
            && self.meets(to, to_hosts, orig, one) == Meets::Yes;
        let ends = (
            self.meets(from, from_hosts, orig, one),
            self.meets(to, to_hosts, resp, other),
        );
        let mut differs = match ends {
            (Meets::Yes, Meets::Yes) => Vec::new(),
            _ if reversed && from.is_explicit() && to.is_explicit() => vec![Difference::Direction],
            (Meets::NotZone, Meets::Yes) => vec![Difference::From],
            (Meets::Yes, Meets::NotZone) => vec![Difference::To],
            (Meets::NotHosts(_), Meets::Yes) => vec![Difference::FromHosts],
            (Meets::Yes, Meets::NotHosts(_)) => vec![Difference::ToHosts],
            _ if reversed => vec![Difference::Direction],
            (Meets::NotHosts(true), Meets::NotHosts(_)) | (Meets::NotHosts(_), Meets::NotHosts(true)) => {
                vec![Difference::FromHosts, Difference::ToHosts]
            }
            (Meets::NotHosts(true), Meets::NotZone) => vec![Difference::FromHosts, Difference::To],
            (Meets::NotZone, Meets::NotHosts(true)) => vec![Difference::From, Difference::ToHosts],
            _ => return None,
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

    fn meets(&self, end: &End, hosts: Option<&[Host]>, zone: ZoneId, address: IpAddr) -> Meets {
        let is_host = || hosts.is_none_or(|hosts| hosts.iter().any(|host| self.is_host(*host, address)));
        if !end.has(zone) {
            Meets::NotZone
        } else if is_host() {
            Meets::Yes
        } else {
            Meets::NotHosts(end.is_explicit())
        }
    }

    fn is_host(&self, host: Host, address: IpAddr) -> bool {
        match host {
            Host::Network(network, _) => network.contains(&address),
            Host::List(list) => *self
                .in_lists
                .borrow_mut()
                .entry((list, address))
                .or_insert_with(|| {
                    let list = self.policy.lists.get(list);
                    list.is_some_and(|list| list.has(address, self.record.start))
                }),
        }
    }
}
