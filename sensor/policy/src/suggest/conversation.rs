//! Who talked to whom by which protocol, port and application protocol, and how often.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{MacAddress, Protocol, Timestamp, Verdict};

use crate::observation::Observation;
use crate::whatif::Volume;
use crate::{Judgement, Question, ZoneId};

/// What makes a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Zones of both ends; absent where there is no policy yet.
    pub(super) zones: Option<(ZoneId, ZoneId)>,
    pub(super) protocol: Protocol,
    /// Port of the responder; absent where the protocol has none, or it is not known.
    pub(super) port: Option<u16>,
    /// Number of the application protocol; 0 where none was found.
    pub(super) service: u16,
    pub(super) orig: IpAddr,
    pub(super) resp: IpAddr,
}

impl Key {
    pub(super) fn of(question: &Question<'_>, zones: Option<(ZoneId, ZoneId)>, service: u16) -> Self {
        let has_port = question.protocol.has_ports() && question.has_ports;
        Self {
            zones,
            protocol: question.protocol,
            port: has_port.then_some(question.resp_port),
            service,
            orig: question.orig,
            resp: question.resp,
        }
    }

    /// The ports of a protocol that has some are not known.
    pub(super) fn is_portless(&self) -> bool {
        self.protocol.has_ports() && self.port.is_none()
    }
}

/// What was seen of it.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) volume: Volume,
    /// Records that were answered by a responder of whom it is certain that it is one.
    pub(super) answered: u64,
    /// Records that were answered, and it is not certain who began.
    pub(super) undirected: u64,
    /// Records that the policy in force denies, and the rule by which it does.
    pub(super) denied: u64,
    pub(super) rule: Arc<str>,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Days on which flows began, by bit from the first day of all.
    pub(super) days: u128,
    vlan: Option<u16>,
    macs: (Option<MacAddress>, Option<MacAddress>),
}

impl Conversation {
    pub(super) fn new(question: &Question<'_>) -> Self {
        Self {
            volume: Volume::default(),
            answered: 0,
            undirected: 0,
            denied: 0,
            rule: Arc::from(""),
            first: question.at,
            last: question.at,
            days: 0,
            vlan: question.vlan,
            macs: (question.orig_mac, question.resp_mac),
        }
    }

    pub(super) fn add(&mut self, seen: &Observation<'_>, day: i32, judged: Option<&Judgement>) {
        self.volume.add(seen);
        // Of a datagram the first sender is who began; a TCP connection may have begun before.
        let directed = seen.directed || seen.question.protocol != Protocol::TCP;
        let count = match (seen.answered, directed) {
            (true, true) => Some(&mut self.answered),
            (true, false) => Some(&mut self.undirected),
            (false, _) => None,
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        if let Some(judged) = judged {
            self.rule = Arc::clone(&judged.rule);
            if judged.verdict == Verdict::Denied {
                self.denied = self.denied.saturating_add(1);
            }
        }
        self.first = self.first.min(seen.question.at);
        self.last = self.last.max(seen.end);
        let bit = u32::try_from(day.clamp(0, 127)).unwrap_or(0);
        self.days |= 1_u128.checked_shl(bit).unwrap_or(0);
    }

    /// What a policy is asked about it.
    pub(super) fn question<'a>(&self, key: &Key, service: Option<&'a str>) -> Question<'a> {
        Question {
            vlan: self.vlan,
            orig_mac: self.macs.0,
            resp_mac: self.macs.1,
            has_ports: key.port.is_some(),
            service,
            ..Question::new(
                key.orig,
                key.resp,
                key.protocol,
                key.port.unwrap_or(0),
                self.first,
            )
        }
    }
}
