//! The condition that keeps the most specific path of a flow from allowing it.

use std::sync::Arc;

use sekisho_model::{FlowRecord, MacAddress};

use crate::builtin::{self, Builtin};
use crate::conditions::Tunnels;
use crate::entry::{Entry, Host, Leg, Path};
use crate::judge::Question;
use crate::matcher::{Failure, Found};
use crate::zones::ZoneId;
use crate::{Gateway, Policy};

/// MAC addresses that are named at most.
const NAMED: usize = 4;

/// A path or exception that would have allowed a flow, and the condition that the flow does not meet.
pub(super) struct Failed<'a> {
    pub(super) policy: &'a Policy,
    pub(super) path: &'a Path,
    pub(super) entry: &'a Entry,
    pub(super) gateway: Option<&'a Gateway>,
    pub(super) what: Failure,
    pub(super) rule: &'a Arc<str>,
    pub(super) builtin: &'static Builtin,
    /// The MAC addresses that the hosts of the flow must have, originator first.
    pub(super) macs: [Vec<MacAddress>; 2],
}

fn found<'a>(
    policy: &'a Policy,
    record: &FlowRecord,
    orig: ZoneId,
    resp: ZoneId,
) -> Option<(&'a Entry, Failure)> {
    let question = Question::of(record);
    match policy
        .matcher
        .find(&policy.paths, &policy.calendar, (orig, resp), &question)
    {
        Found::Failed(entry, failure) => Some((entry, failure)),
        // Another policy, or the same one with less known of the flow, denied it.
        Found::Allowed(_) | Found::Nothing => None,
    }
}

impl<'a> Failed<'a> {
    pub(super) fn find(policy: &'a Policy, record: &FlowRecord, orig: ZoneId, resp: ZoneId) -> Option<Self> {
        let (entry, what) = found(policy, record, orig, resp)?;
        let path = policy.paths.get(entry.id.index())?;
        let rule = policy.failed_rule(entry, what);
        let macs = |hosts: &Option<Vec<Host>>, address| {
            let bound = hosts.iter().flatten().filter_map(|host| match host {
                Host::Network(network, Some(mac)) if network.contains(&address) => Some(*mac),
                _ => None,
            });
            bound.take(NAMED).collect()
        };
        Some(Self {
            policy,
            path,
            gateway: path.via.and_then(|via| policy.gateways.get(via)),
            macs: [
                macs(&entry.from_hosts, record.orig.address),
                macs(&entry.to_hosts, record.resp.address),
            ],
            entry,
            what,
            builtin: builtin::find(rule)?,
            rule,
        })
    }

    /// The word in `differs`.
    pub(super) const fn word(&self) -> &'static str {
        match self.what {
            Failure::Service => "service",
            Failure::Tunnel => "tunnel",
            Failure::Mac => "mac",
            Failure::NextHop => "next_hop",
            Failure::Early => "starts",
            Failure::Expired => "expires",
            Failure::Window => "window",
        }
    }

    pub(super) const fn is_exception(&self) -> bool {
        self.path.exception.is_some()
    }

    /// Whether it must come without any tunnel.
    pub(super) fn wants_no_tunnel(&self) -> bool {
        let words = self.path.tunnel.as_ref().map(Tunnels::words);
        words.is_some_and(|words| words == ["none"])
    }

    /// Whether it must not come without a tunnel.
    pub(super) fn wants_a_tunnel(&self) -> bool {
        self.path.tunnel.as_ref().is_some_and(|tunnels| !tunnels.bare)
    }

    /// The routers that frames may go to.
    pub(super) fn next_hops(&self) -> String {
        let hops: Vec<_> = self
            .path
            .next_hops
            .iter()
            .flatten()
            .map(|(hop, _)| *hop)
            .collect();
        listed(&hops)
    }

    /// The window as the policy writes it.
    pub(super) fn window(&self) -> &str {
        self.path.window.as_ref().map_or("", |window| window.text())
    }

    /// Whether the flow's ends have other MAC addresses than they must.
    pub(super) fn differing(&self, record: &FlowRecord) -> [bool; 2] {
        let [orig, resp] = &self.macs;
        let differs = |bound: &[MacAddress], seen: Option<MacAddress>| {
            !bound.is_empty() && seen.is_some_and(|seen| !bound.contains(&seen))
        };
        [differs(orig, record.orig_mac), differs(resp, record.resp_mac)]
    }
}

/// The services of a leg as the policy writes them.
pub(super) fn services(path: &Path, entry: &Entry) -> String {
    let (onward, own) = (path.onward.services.as_ref(), path.services.as_ref());
    let services = match entry.id.leg {
        Leg::Far => onward.or(own),
        Leg::Whole | Leg::Near => own,
    };
    services.map_or_else(String::new, |services| services.written.join(", "))
}

/// MAC addresses in one line.
pub(super) fn listed(macs: &[MacAddress]) -> String {
    let mut words: Vec<_> = macs.iter().take(NAMED).map(ToString::to_string).collect();
    if macs.len() > NAMED {
        words.push("…".to_owned());
    }
    words.join(", ")
}
