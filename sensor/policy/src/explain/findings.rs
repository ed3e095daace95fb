//! What alerts say of flows of the same kind, put into words once.
//!
//! A flood raises an alert for every originator, and all of them say the same but for the addresses.
//! Memory: at most [`KINDS`] kinds; then all are forgotten, and made again when they are met again.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_model::{FlowRecord, Protocol, Verdict};

use super::condition::Failed;
use super::facts::{self, Stranger};
use super::{Finding, Violation, service};
use crate::matcher::Failure;
use crate::zones::ZoneId;
use crate::{EntryId, Mode, Policy};

/// Kinds that are kept; one takes about 4 KiB.
const KINDS: usize = 1024;

/// Everything of a flow and its zones that the words depend on, but for the addresses themselves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    orig: ZoneId,
    resp: ZoneId,
    protocol: Protocol,
    /// The ICMP type; of others the port only where a path names it, for a path that leads the other way.
    orig_port: Option<u16>,
    resp_port: u16,
    answered: bool,
    stranger: Option<Stranger>,
    has_mac: bool,
    /// The entry that would have allowed it, and the condition that it did not meet.
    failed: Option<(EntryId, Failure)>,
    /// What was seen of that condition, where it is in the words.
    seen: Option<&'static str>,
    /// Which ends have another MAC address than they must; their addresses are in no text.
    differing: [bool; 2],
    /// The networks and lists of hosts that paths name and the two ends are in.
    orig_hosts: Box<[u32]>,
    resp_hosts: Box<[u32]>,
}

/// The findings of one policy after the other, by kind.
#[derive(Debug, Default)]
pub struct Findings {
    /// A handle that no other policy has.
    policy: Option<Arc<str>>,
    kinds: HashMap<Kind, Finding>,
    /// Whether a path names a port, of the ports that were asked for.
    named: HashMap<u16, bool>,
}

impl Findings {
    /// What [`Policy::finding`] says.
    #[must_use]
    pub fn finding(&mut self, policy: &Policy, record: &FlowRecord) -> Option<Violation> {
        let finding = self.of(policy, record)?;
        Some(finding.violation(policy, record))
    }

    /// The same without title and explanation, where nobody reads them.
    #[must_use]
    pub fn bare(&mut self, policy: &Policy, record: &FlowRecord) -> Option<Violation> {
        let finding = self.of(policy, record)?;
        Some(finding.bare())
    }

    fn of(&mut self, policy: &Policy, record: &FlowRecord) -> Option<&Finding> {
        if policy.mode == Mode::Learn || record.verdict != Verdict::Denied {
            return None;
        }
        let handle = &policy.rules.path_deny;
        if !self
            .policy
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, handle))
        {
            *self = Self {
                policy: Some(Arc::clone(handle)),
                ..Self::default()
            };
        }
        let kind = self.kind(policy, record);
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(&kind) {
            self.kinds.clear();
        }
        match self.kinds.entry(kind) {
            std::collections::hash_map::Entry::Occupied(known) => Some(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(place) => {
                Some(place.insert(Finding::of(policy, record)?))
            }
        }
    }

    fn kind(&mut self, policy: &Policy, record: &FlowRecord) -> Kind {
        let orig = facts::zone(
            policy,
            record,
            &record.orig_zone,
            record.orig.address,
            record.orig_mac,
        );
        let resp = facts::zone(
            policy,
            record,
            &record.resp_zone,
            record.resp.address,
            record.resp_mac,
        );
        let port = record.orig.port;
        let is_named = service::is_icmp(record) || self.is_named(policy, port);
        let failed = Failed::find(policy, record, orig, resp);
        let seen = failed.as_ref().and_then(|failed| match failed.what {
            Failure::Service => facts::service_of(record),
            Failure::Tunnel => record.carrier.as_ref().map(|carrier| carrier.kind),
            _ => None,
        });
        Kind {
            seen,
            differing: failed
                .as_ref()
                .map_or([false; 2], |failed| failed.differing(record)),
            failed: failed.map(|failed| (failed.entry.id, failed.what)),
            orig_hosts: policy.matcher.host_keys(record.orig.address, record.start),
            resp_hosts: policy.matcher.host_keys(record.resp.address, record.start),
            orig,
            resp,
            protocol: record.protocol,
            orig_port: is_named.then_some(port),
            resp_port: record.resp.port,
            answered: facts::answered(record),
            stranger: Stranger::of(orig, record.orig.address),
            has_mac: record.orig_mac.is_some(),
        }
    }

    fn is_named(&mut self, policy: &Policy, port: u16) -> bool {
        *self.named.entry(port).or_insert_with(|| {
            policy.matcher.entries().iter().any(|entry| {
                let ports = &entry.conditions.service.ports;
                ports.as_ref().is_some_and(|ports| ports.has(port))
            })
        })
    }
}
