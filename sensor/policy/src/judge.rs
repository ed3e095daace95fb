//! The verdict on one flow.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{Protocol, Verdict};

use crate::Policy;
use crate::zones::ZoneId;

/// What has to be known of a flow to judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Address of the originator.
    pub orig: IpAddr,
    /// Address of the responder.
    pub resp: IpAddr,
    /// Outer VLAN id, where tagged.
    pub vlan: Option<u16>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port of the responder; without meaning for protocols without ports.
    pub resp_port: u16,
    /// The flow is an ICMP error that quotes another flow which was seen.
    pub related: bool,
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
    /// Id of the path or built-in rule that gave the verdict; empty where not judged.
    pub rule: Arc<str>,
    /// One end lies in an excluded zone: count the flow, store nothing of it.
    pub excluded: bool,
}

impl Policy {
    /// Judges one flow. Allocates nothing and looks up each end once.
    #[must_use]
    pub fn judge(&self, question: &Question) -> Judgement {
        let (orig_zone, resp_zone) = self.zones.of_both(question.orig, question.resp, question.vlan);
        let excluded = self.is_excluded(orig_zone) || self.is_excluded(resp_zone);
        let (verdict, rule) = if excluded {
            (Verdict::Unknown, &self.rules.none)
        } else {
            self.decide(orig_zone, resp_zone, question)
        };
        Judgement {
            orig_zone,
            resp_zone,
            verdict,
            rule: Arc::clone(rule),
            excluded,
        }
    }

    /// Judges a flow whose ports are not known, as of fragments that could not be put together.
    ///
    /// Neither is its direction. Where a path allows the protocol one way or the other at some
    /// port, it may be what that path carries, and it is not judged.
    #[must_use]
    pub fn judge_without_ports(&self, question: &Question) -> Judgement {
        let judgement = self.judge(question);
        let (orig, resp) = (judgement.orig_zone, judgement.resp_zone);
        let may_be_allowed = || {
            self.matrix.allows_protocol(orig, resp, question.protocol)
                || self.matrix.allows_protocol(resp, orig, question.protocol)
        };
        if judgement.verdict == Verdict::Denied && may_be_allowed() {
            return Judgement {
                verdict: Verdict::Unknown,
                rule: Arc::clone(&self.rules.none),
                ..judgement
            };
        }
        judgement
    }

    /// Whether what happens in a zone is counted and never stored.
    #[must_use]
    pub fn is_excluded(&self, zone: ZoneId) -> bool {
        self.zones.get(zone).is_some_and(|zone| zone.excluded)
    }

    fn decide(&self, orig: ZoneId, resp: ZoneId, question: &Question) -> (Verdict, &Arc<str>) {
        if orig == ZoneId::LINK || resp == ZoneId::LINK {
            return if orig == ZoneId::UNKNOWN || resp == ZoneId::UNKNOWN {
                (Verdict::Unknown, &self.rules.none)
            } else {
                (Verdict::Allowed, &self.rules.link_local)
            };
        }
        if orig == ZoneId::UNKNOWN && resp == ZoneId::UNKNOWN {
            return (Verdict::Unknown, &self.rules.none);
        }
        let inside = orig == resp;
        if inside && !self.zones.get(orig).is_some_and(|zone| zone.intra_deny) {
            return (Verdict::Allowed, &self.rules.intra_allow);
        }
        let path = self
            .matrix
            .find(orig, resp, question.protocol, question.resp_port);
        if let Some(path) = path.and_then(|path| self.paths.get(path)) {
            return (Verdict::Allowed, &path.id);
        }
        if question.related && matches!(question.protocol, Protocol::ICMP | Protocol::ICMPV6) {
            return (Verdict::Allowed, &self.rules.icmp_related);
        }
        (
            Verdict::Denied,
            if inside {
                &self.rules.intra_deny
            } else {
                &self.rules.path_deny
            },
        )
    }
}
