//! Paths and exceptions as they are written, and their legs as flows are judged by them.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use sekisho_model::{MacAddress, Text, Timestamp};

use crate::calendar::Window;
use crate::conditions::{Conditions, Ports, Service, Tunnels};
use crate::parse::Services;

/// Minutes of a week: the width of a window that is always open.
const WEEK: u32 = 10_080;

/// How many ports there are; what an absent `ports` counts as.
const ALL_PORTS: u32 = 65_536;

/// Which part of the way a flow goes that a path allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// All of it: no gateway lies between.
    Whole,
    /// To the near side of the gateway.
    Near,
    /// From the far side of the gateway.
    Far,
}

/// A path or an exception, or one leg of it, in one compiled policy; means nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    pub(crate) path: u32,
    pub(crate) leg: Leg,
}

impl EntryId {
    /// Which part of the way it is.
    #[must_use]
    pub const fn leg(self) -> Leg {
        self.leg
    }

    pub(crate) fn index(self) -> usize {
        usize::try_from(self.path).unwrap_or(usize::MAX)
    }
}

/// A host that takes communication apart and sends it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its name, the part after `gateway.`.
    pub id: Arc<str>,
    /// What the originators talk to.
    pub near: Vec<IpNet>,
    /// From where it goes on.
    pub far: Vec<IpNet>,
    /// How long after one leg the other may begin.
    pub pair_within: Duration,
    /// What people call it; the id where a language has no label.
    pub label: Text,
    /// Who keeps it.
    pub owner: String,
}

/// One item of `from_hosts` or `to_hosts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// A network or one address, that with the MAC address it must have where it is seen.
    Network(IpNet, Option<MacAddress>),
    /// A list by its position among the policy's.
    List(usize),
}

/// A path or an exception as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Conditions,
    pub(crate) from_hosts: Option<Vec<Host>>,
    pub(crate) to_hosts: Option<Vec<Host>>,
    pub(crate) services: Option<Services>,
    /// Position of the gateway among the policy's.
    pub(crate) via: Option<usize>,
    pub(crate) onward: Onward,
    /// Sorted, each with the end of its term.
    pub(crate) next_hops: Option<Vec<(MacAddress, Option<Timestamp>)>>,
    pub(crate) tunnel: Option<Tunnels>,
    pub(crate) window: Option<Window>,
    pub(crate) starts: Option<Timestamp>,
    /// The first instant after its term.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) title: Text,
    pub(crate) clause: String,
    pub(crate) owner: String,
    pub(crate) approver: String,
    pub(crate) contract: String,
    pub(crate) review: String,
    pub(crate) exception: Option<Exception>,
}

/// What an exception says beyond a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) application: String,
    pub(crate) applicant: String,
    pub(crate) purpose: String,
}

/// In what the second leg over a gateway differs from the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Onward {
    pub(crate) service: Option<Service>,
    pub(crate) services: Option<Services>,
}

/// One leg: what of a flow decides whether it is a candidate. The rest is asked of its path.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) conditions: Conditions,
    pub(crate) from_hosts: Option<Vec<Host>>,
    pub(crate) to_hosts: Option<Vec<Host>>,
    pub(crate) services: Option<Vec<&'static str>>,
    /// Nothing further is asked of a candidate.
    pub(crate) plain: bool,
}

/// The most specific sorts first.
type Rank = (u8, u8, bool, bool, u32, u32, EntryId);

impl Entry {
    /// Hosts at both ends, at one; both zones named, one; then services, then protocols given;
    /// fewest ports, the narrower window, the order of the files.
    fn rank(&self, path: &Path) -> Rank {
        let missing = |from: bool, to: bool| u8::from(!from).saturating_add(u8::from(!to));
        let Conditions { from, to, service } = &self.conditions;
        (
            missing(self.from_hosts.is_some(), self.to_hosts.is_some()),
            missing(from.is_explicit(), to.is_explicit()),
            self.services.is_none(),
            !service.protocol_given,
            service.ports.as_ref().map_or(ALL_PORTS, Ports::count),
            path.window.as_ref().map_or(WEEK, |window| window.week().count()),
            self.id,
        )
    }

    /// Whether every flow that `other` allows is allowed here too, as far as that is told cheaply.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let hosts = |mine: &Option<Vec<Host>>, theirs: &Option<Vec<Host>>| mine.is_none() || mine == theirs;
        let plain = self.from_hosts.iter().chain(&self.to_hosts).flatten();
        let mut plain = plain.map(|host| matches!(host, Host::Network(_, None)));
        self.plain
            && plain.all(|plain| plain)
            && hosts(&self.from_hosts, &other.from_hosts)
            && hosts(&self.to_hosts, &other.to_hosts)
            && self.conditions.covers(&other.conditions)
    }
}

/// The legs of all paths, the most specific first.
pub(crate) fn ranked(paths: &[Path], gateways: &[Gateway]) -> Vec<Entry> {
    let mut entries: Vec<(Rank, Entry)> = (0_u32..)
        .zip(paths)
        .flat_map(|(number, path)| legs(number, path, gateways))
        .map(|(path, entry)| (entry.rank(path), entry))
        .collect();
    entries.sort_by_key(|(rank, _)| *rank);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn legs<'p>(number: u32, path: &'p Path, gateways: &[Gateway]) -> Vec<(&'p Path, Entry)> {
    let services = |services: &Option<Services>| services.as_ref().map(|services| services.meant.clone());
    let whole = Entry {
        id: EntryId {
            path: number,
            leg: Leg::Whole,
        },
        conditions: path.conditions.clone(),
        from_hosts: path.from_hosts.clone(),
        to_hosts: path.to_hosts.clone(),
        services: services(&path.services),
        plain: is_plain(path, path.services.is_none()),
    };
    let Some(via) = path.via else {
        return vec![(path, whole)];
    };
    let Some(gateway) = gateways.get(via) else {
        return Vec::new();
    };
    let side = |networks: &[IpNet]| {
        let hosts = networks.iter().map(|network| Host::Network(*network, None));
        Some(hosts.collect())
    };
    let onward = path.onward.services.as_ref().or(path.services.as_ref()).cloned();
    let near = Entry {
        id: EntryId {
            leg: Leg::Near,
            ..whole.id
        },
        conditions: Conditions {
            to: crate::conditions::End::Any,
            ..path.conditions.clone()
        },
        to_hosts: side(&gateway.near),
        ..whole.clone()
    };
    let far = Entry {
        id: EntryId {
            leg: Leg::Far,
            ..whole.id
        },
        conditions: Conditions {
            from: crate::conditions::End::Any,
            to: path.conditions.to.clone(),
            service: path
                .onward
                .service
                .clone()
                .unwrap_or_else(|| path.conditions.service.clone()),
        },
        from_hosts: side(&gateway.far),
        plain: is_plain(path, onward.is_none()),
        services: services(&onward),
        ..whole
    };
    vec![(path, near), (path, far)]
}

fn is_plain(path: &Path, any_service: bool) -> bool {
    any_service
        && path.tunnel.is_none()
        && path.next_hops.is_none()
        && path.starts.is_none()
        && path.expires.is_none()
        && path.window.as_ref().is_none_or(Window::is_always)
}
