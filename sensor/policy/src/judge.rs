//! The verdict on one flow.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{FlowRecord, MacAddress, Protocol, Timestamp, Verdict};

use crate::entry::Entry;
use crate::matcher::{Failure, Found};
use crate::zones::ZoneId;
use crate::{EntryId, Policy, builtin};

/// What has to be known of a flow to judge it.
///
/// What is not known contradicts nothing: a flow whose service was not seen may be of any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Address of the originator.
    pub orig: IpAddr,
    /// Address of the responder.
    pub resp: IpAddr,
    /// Outer VLAN id, where tagged.
    pub vlan: Option<u16>,
    /// MAC address of the originator's side, where known.
    pub orig_mac: Option<MacAddress>,
    /// MAC address of the responder's side, where known.
    pub resp_mac: Option<MacAddress>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port of the responder; without meaning for protocols without ports.
    pub resp_port: u16,
    /// Whether the port is known; of a protocol with ports it is not in fragments that could not be
    /// put together. Neither is the direction then.
    pub has_ports: bool,
    /// Packet time.
    pub at: Timestamp,
    /// The application protocol, where it was found.
    pub service: Option<&'a str>,
    /// Kind of the tunnel that carries the flow, where one does.
    pub tunnel: Option<&'a str>,
    /// The flow is an ICMP error that quotes another flow which was seen.
    pub related: bool,
}

impl<'a> Question<'a> {
    /// A flow of which no more is known than its ends, protocol and port.
    #[must_use]
    pub fn new(orig: IpAddr, resp: IpAddr, protocol: Protocol, resp_port: u16, at: Timestamp) -> Self {
        Self {
            orig,
            resp,
            vlan: None,
            orig_mac: None,
            resp_mac: None,
            protocol,
            resp_port,
            has_ports: protocol.has_ports(),
            at,
            service: None,
            tunnel: None,
            related: false,
        }
    }

    /// What is known of a flow when a record of it is written.
    ///
    /// An ICMP error that was found to be about another flow stays one.
    #[must_use]
    pub fn of(record: &'a FlowRecord) -> Self {
        Self {
            orig: record.orig.address,
            resp: record.resp.address,
            vlan: record.vlan,
            orig_mac: record.orig_mac,
            resp_mac: record.resp_mac,
            protocol: record.protocol,
            resp_port: record.resp.port,
            has_ports: record.has_ports,
            at: record.start,
            service: record
                .app
                .as_ref()
                .map(|app| app.service)
                .filter(|service| !service.is_empty()),
            tunnel: record.carrier.as_ref().map(|carrier| carrier.kind),
            related: &*record.rule == builtin::ICMP_RELATED.id,
        }
    }
}

/// What the policy says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Zone of the originator.
    pub orig_zone: ZoneId,
    /// Zone of the responder.
    pub resp_zone: ZoneId,
    /// Allowed, denied, or not judged.
    pub verdict: Verdict,
    /// Id of the path, exception or built-in rule that gave the verdict; empty where not judged.
    pub rule: Arc<str>,
    /// The path or exception that allowed the flow, or that would have but for one condition.
    pub entry: Option<EntryId>,
    /// One end lies in an excluded zone: count the flow, store nothing of it.
    pub excluded: bool,
}

impl Policy {
    /// Judges one flow. Allocates nothing and looks up each end once.
    ///
    /// Where the ports are not known and a path allows the protocol one way or the other at some
    /// port, the flow may be what that path carries, and it is not judged.
    #[must_use]
    pub fn judge(&self, question: &Question<'_>) -> Judgement {
        let (orig_zone, resp_zone) = self.zones.of_both(question);
        let excluded = self.is_excluded(orig_zone) || self.is_excluded(resp_zone);
        let (verdict, rule, entry) = if excluded {
            (Verdict::Unknown, &self.rules.none, None)
        } else {
            self.decide(orig_zone, resp_zone, question)
        };
        Judgement {
            orig_zone,
            resp_zone,
            verdict,
            rule: Arc::clone(rule),
            entry,
            excluded,
        }
    }

    /// Whether what happens in a zone is counted and never stored.
    #[must_use]
    pub fn is_excluded(&self, zone: ZoneId) -> bool {
        self.zones.get(zone).is_some_and(|zone| zone.excluded)
    }

    fn decide(
        &self,
        orig: ZoneId,
        resp: ZoneId,
        question: &Question<'_>,
    ) -> (Verdict, &Arc<str>, Option<EntryId>) {
        let unknown = (Verdict::Unknown, &self.rules.none, None);
        if orig == ZoneId::LINK || resp == ZoneId::LINK {
            return if orig == ZoneId::UNKNOWN || resp == ZoneId::UNKNOWN {
                unknown
            } else {
                (Verdict::Allowed, &self.rules.link_local, None)
            };
        }
        if orig == ZoneId::UNKNOWN && resp == ZoneId::UNKNOWN {
            return unknown;
        }
        let inside = orig == resp;
        if inside && !self.zones.get(orig).is_some_and(|zone| zone.intra_deny) {
            return (Verdict::Allowed, &self.rules.intra_allow, None);
        }
        let found = self
            .matcher
            .find(&self.paths, &self.calendar, (orig, resp), question);
        if let Found::Allowed(entry) = found {
            return (Verdict::Allowed, self.entry_name(entry.id), Some(entry.id));
        }
        if question.related && matches!(question.protocol, Protocol::ICMP | Protocol::ICMPV6) {
            return (Verdict::Allowed, &self.rules.icmp_related, None);
        }
        let may_be_allowed = || {
            self.matcher.speaks_of_protocol(orig, resp, question) || {
                let turned = Question {
                    orig: question.resp,
                    resp: question.orig,
                    ..*question
                };
                self.matcher.speaks_of_protocol(resp, orig, &turned)
            }
        };
        if question.protocol.has_ports() && !question.has_ports && may_be_allowed() {
            return unknown;
        }
        if let Found::Failed(entry, failure) = found {
            return (Verdict::Denied, self.failed_rule(entry, failure), Some(entry.id));
        }
        let rule = if inside {
            &self.rules.intra_deny
        } else {
            &self.rules.path_deny
        };
        (Verdict::Denied, rule, None)
    }

    pub(crate) fn failed_rule(&self, entry: &Entry, failure: Failure) -> &Arc<str> {
        let path = self.paths.get(entry.id.index());
        let exception = path.is_some_and(|path| path.exception.is_some());
        let rules = &self.rules;
        match failure {
            Failure::Service => &rules.path_service,
            Failure::Tunnel => &rules.path_tunnel,
            Failure::Mac => &rules.path_mac,
            Failure::NextHop => &rules.path_next_hop,
            Failure::Early => &rules.path_early,
            Failure::Expired if exception => &rules.exception_expired,
            Failure::Expired => &rules.path_expired,
            Failure::Window if exception => &rules.exception_window,
            Failure::Window => &rules.path_window,
        }
    }
}
