//! What each path and exception of a policy asks of a flow, in one form for the prover.

use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{MacAddress, Timestamp};

use crate::Policy;
use crate::calendar::{Calendar, Window};
use crate::conditions::{End, Ports, Protocols};
use crate::entry::{Entry, Host, Path};
use crate::lists::List;

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
    policy
        .matcher
        .entries()
        .iter()
        .filter_map(|entry| Some(ask(policy, entry, policy.paths.get(entry.id.index())?)))
        .collect()
}

fn ask<'p>(policy: &'p Policy, entry: &'p Entry, path: &'p Path) -> Ask<'p> {
    let service = &entry.conditions.service;
    let window = path.window.as_ref();
    Ask {
        id: &path.id,
        exception: path.exception.is_some(),
        from: EndAsk {
            zones: &entry.conditions.from,
            hosts: hosts(policy, entry.from_hosts.as_deref()),
        },
        to: EndAsk {
            zones: &entry.conditions.to,
            hosts: hosts(policy, entry.to_hosts.as_deref()),
        },
        protocols: service.protocols,
        ports: service.ports.as_ref(),
        services: entry.services.clone(),
        tunnels: path.tunnel.as_ref().map(|tunnels| TunnelAsk {
            bare: tunnels.bare,
            kinds: tunnels.kinds.clone(),
        }),
        next_hops: path
            .next_hops
            .as_ref()
            .map(|hops| hops.iter().map(|(hop, _)| *hop).collect()),
        window: window.map(|window| (policy.calendar(), window)),
        starts: path.starts,
        expires: path.expires,
        owner: &path.owner,
        contract: &path.contract,
        review: &path.review,
    }
}

fn hosts(policy: &Policy, hosts: Option<&[Host]>) -> Option<Vec<HostAsk>> {
    let mut asks = Vec::new();
    for host in hosts? {
        match host {
            Host::Network(network, mac) => asks.push(HostAsk {
                mac: *mac,
                until: None,
                network: *network,
            }),
            Host::List(list) => {
                let listed = policy.lists.get(*list).into_iter().flat_map(List::networks);
                asks.extend(listed.map(|(network, until)| HostAsk {
                    mac: None,
                    until,
                    network,
                }));
            }
        }
    }
    Some(asks)
}
