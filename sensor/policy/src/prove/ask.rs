//! What each path and exception of a policy asks of a flow, in one form for the prover.

use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{MacAddress, Timestamp};

use crate::Policy;
use crate::calendar::{Calendar, Window};
use crate::conditions::{End, Ports, Protocols};

/// One entry, most of it borrowed from the policy.
#[derive(Debug)]
pub(crate) struct Ask<'p> {
    pub(crate) id: &'p Arc<str>,
    pub(crate) exception: bool,
    pub(crate) from: EndAsk<'p>,
    pub(crate) to: EndAsk<'p>,
    pub(crate) protocols: Protocols,
    /// Any where absent.
    pub(crate) ports: Option<&'p Ports>,
    /// Application protocols; any where absent.
    pub(crate) services: Option<Vec<&'p str>>,
    /// Kinds of tunnels; where absent it does not matter whether one carries the flow.
    pub(crate) tunnels: Option<TunnelAsk<'p>>,
    /// MAC addresses that the originator's frames go to.
    pub(crate) next_hops: Option<Vec<MacAddress>>,
    /// With the calendar that made it.
    pub(crate) window: Option<(&'p Calendar, &'p Window)>,
    pub(crate) starts: Option<Timestamp>,
    /// The first instant after its term.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) owner: &'p str,
    pub(crate) contract: &'p str,
    pub(crate) review: &'p str,
}

/// One end of an entry.
#[derive(Debug)]
pub(crate) struct EndAsk<'p> {
    pub(crate) zones: &'p End,
    /// Hosts of the zones; all of them where absent.
    pub(crate) hosts: Option<Vec<HostAsk>>,
}

/// Hosts that an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostAsk {
    /// The MAC address that the host must have, where it is seen.
    pub(crate) mac: Option<MacAddress>,
    /// The first instant at which it is not named any more.
    pub(crate) until: Option<Timestamp>,
    pub(crate) network: IpNet,
}

/// Which tunnels may carry the flow.
#[derive(Debug)]
pub(crate) struct TunnelAsk<'p> {
    /// It may come without any.
    pub(crate) bare: bool,
    /// Kinds; every kind where absent.
    pub(crate) kinds: Option<Vec<&'p str>>,
}

/// The entries of a policy, those that win over others first.
pub(crate) fn asks(policy: &Policy) -> Vec<Ask<'_>> {
    let mut paths: Vec<_> = policy.paths.iter().enumerate().collect();
    paths.sort_by_key(|(index, path)| (path.conditions.rank(), *index));
    paths
        .into_iter()
        .map(|(_, path)| Ask {
            id: &path.id,
            exception: false,
            from: EndAsk {
                zones: &path.conditions.from,
                hosts: None,
            },
            to: EndAsk {
                zones: &path.conditions.to,
                hosts: None,
            },
            protocols: path.conditions.service.protocols,
            ports: path.conditions.service.ports.as_ref(),
            services: None,
            tunnels: None,
            next_hops: None,
            window: None,
            starts: None,
            expires: None,
            owner: &path.owner,
            contract: &path.contract,
            review: &path.review,
        })
        .collect()
}
