//! Calls of one association: binds and requests paired with their answers.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::Facts;

use super::pdu::{self, Pdu};
use super::{endpoints, interfaces};
use crate::app::held::Held;
use crate::app::octets::{octet, utf16, uuid};
use crate::app::windows::ntlm::Ntlm;
use crate::app::windows::{kerberos, spnego};

/// Presentation contexts that are kept.
const MAX_CONTEXTS: usize = 32;
/// Calls that wait for their answer.
const MAX_PENDING: usize = 32;
/// Letters of a service's name.
const MAX_NAME: usize = 128;

/// The calls of one association.
#[derive(Debug, Default)]
pub(in crate::app::windows) struct Calls {
    contexts: Vec<Context>,
    /// Oldest first. A call is some hundred octets, which do not move when the oldest leaves.
    pending: VecDeque<Call>,
}

/// An interface that was bound.
#[derive(Debug)]
struct Context {
    id: u16,
    call_id: u32,
    uuid: String,
    version: (u16, u16),
    /// Result and reason.
    ack: Option<(u16, u16)>,
}

/// A request and what it asks.
#[derive(Debug)]
pub(in crate::app::windows) struct Call {
    pub(in crate::app::windows) at: Timestamp,
    minor: u8,
    call_id: u32,
    request: Option<u8>,
    response: Option<u8>,
    context: u16,
    opnum: Option<u16>,
    asked: Fragments,
    answered: Fragments,
    name: Option<Box<str>>,
    fault: Option<u32>,
    endpoints: Vec<Facts>,
    security: Option<(u8, u8)>,
    pub(in crate::app::windows) ntlm: Option<Ntlm>,
    ticket: Option<kerberos::Ticket>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Fragments {
    count: u64,
    octets: u64,
}

impl Held for Call {
    fn held(&self) -> usize {
        [
            self.name.held(),
            self.endpoints.held(),
            self.ntlm.held(),
            self.ticket.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Held for Context {
    fn held(&self) -> usize {
        self.uuid.held()
    }
}

impl Held for Calls {
    fn held(&self) -> usize {
        [self.contexts.held(), self.pending.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Calls {
    /// Reads a unit; a call that is complete with it is handed out.
    pub(in crate::app::windows) fn read(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Option<Call> {
        match pdu.kind {
            pdu::REQUEST => self.request(pdu, at),
            pdu::BIND | pdu::ALTER | pdu::AUTH3 => self.bind(pdu, at),
            pdu::RESPONSE | pdu::FAULT => self.response(pdu, at),
            pdu::BIND_ACK | pdu::ALTER_RESPONSE | pdu::BIND_NAK => self.acknowledge(pdu, at),
            _ => None,
        }
    }

    /// Calls that nobody answered.
    pub(in crate::app::windows) fn unanswered(&mut self) -> VecDeque<Call> {
        std::mem::take(&mut self.pending)
    }

    /// The facts of a call. `is_in_pipe`: Suricata writes the operation elsewhere then.
    pub(in crate::app::windows) fn facts(&self, call: Call, is_in_pipe: bool) -> Facts {
        let mut facts = Facts::new();
        facts
            .put("request", call.request.map_or("REQUEST_LOST", pdu::name))
            .put("response", call.response.map_or("UNREPLIED", pdu::name));
        let is_call = call.request == Some(pdu::REQUEST);
        let contexts = self.contexts.iter().filter(|context| {
            if is_call {
                context.id == call.context
            } else {
                context.call_id == call.call_id
            }
        });
        let interfaces: Vec<Facts> = contexts
            .filter(|_| call.request.is_some())
            .map(|context| context.facts(call.opnum))
            .collect();
        if !interfaces.is_empty() {
            facts.put("interfaces", interfaces);
        }
        if let Some(opnum) = call.opnum {
            let mut request = Facts::new();
            if is_in_pipe {
                facts.put("opnum", opnum);
            } else {
                request.put("opnum", opnum);
            }
            call.asked.write(&mut request);
            facts.put("req", request);
        }
        if call.response == Some(pdu::RESPONSE) {
            let mut response = Facts::new();
            call.answered.write(&mut response);
            facts.put("res", response);
        }
        facts
            .put_some("service_name", call.name)
            .put_some("fault", call.fault.map(|status| format!("0x{status:08x}")));
        if !call.endpoints.is_empty() {
            facts.put("endpoints", call.endpoints);
        }
        if let Some((kind, level)) = call.security {
            facts
                .put("auth_type", auth_type(kind))
                .put("auth_level", auth_level(level));
        }
        if let Some(ntlm) = call.ntlm {
            let mut inner = Facts::new();
            ntlm.facts(&mut inner);
            facts.put("ntlmssp", inner);
        }
        if let Some(ticket) = call.ticket {
            let mut inner = Facts::new();
            inner.put("realm", ticket.realm).put("sname", ticket.sname);
            facts.put("kerberos", inner);
        }
        facts.put("call_id", call.call_id);
        facts.put("rpc_version", format!("5.{}", call.minor));
        facts
    }

    fn bind(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Option<Call> {
        let mut call = Call::new(pdu, at);
        call.request = Some(pdu.kind);
        call.secured(pdu);
        if pdu.kind == pdu::AUTH3 {
            // Nobody answers it.
            return Some(call);
        }
        let count = octet(pdu.body, 8)?;
        let mut rest = pdu.body.get(12..)?;
        for _ in 0..count {
            let (Some(id), Some(transfers), Some(syntax), Some(major), Some(minor)) = (
                pdu.u16(rest, 0),
                octet(rest, 2),
                pdu.uuid(rest, 4),
                pdu.u16(rest, 20),
                pdu.u16(rest, 22),
            ) else {
                break;
            };
            rest = rest
                .get(usize::from(transfers).saturating_mul(20).saturating_add(24)..)
                .unwrap_or_default();
            let offered = Context {
                id,
                call_id: pdu.call_id,
                uuid: uuid(&syntax),
                version: (major, minor),
                ack: None,
            };
            // A number that is given again stands for what was offered last.
            if let Some(context) = self.contexts.iter_mut().find(|context| context.id == id) {
                *context = offered;
            } else if self.contexts.len() < MAX_CONTEXTS {
                self.contexts.push(offered);
            }
        }
        self.wait(call)
    }

    fn acknowledge(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Option<Call> {
        let mut call = self.asked(pdu, at);
        call.response = Some(pdu.kind);
        call.secured(pdu);
        if pdu.kind != pdu::BIND_NAK {
            self.results(pdu);
        }
        Some(call)
    }

    /// Results stand in the order of the contexts that were offered.
    fn results(&mut self, pdu: &Pdu<'_>) -> Option<()> {
        let port = usize::from(pdu.u16(pdu.body, 8)?);
        // The port's name is filled up to four octets, counted from the unit's start.
        let at = port.saturating_add(10).next_multiple_of(4);
        let count = octet(pdu.body, at)?;
        let offered = self
            .contexts
            .iter_mut()
            .filter(|context| context.call_id == pdu.call_id && context.ack.is_none());
        for (number, context) in offered.take(usize::from(count)).enumerate() {
            let at = at.saturating_add(4).saturating_add(number.saturating_mul(24));
            context.ack = Some((pdu.u16(pdu.body, at)?, pdu.u16(pdu.body, at.saturating_add(2))?));
        }
        Some(())
    }

    fn request(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Option<Call> {
        let head = if pdu.flags & 0x80 == 0 { 8 } else { 24 };
        let octets = pdu.stub_len(head);
        if !pdu.is_first() {
            if let Some(call) = self.pending.iter_mut().find(|call| call.call_id == pdu.call_id) {
                call.asked.add(octets);
            }
            return None;
        }
        let mut call = Call::new(pdu, at);
        call.request = Some(pdu::REQUEST);
        call.context = pdu.u16(pdu.body, 4)?;
        call.opnum = pdu.u16(pdu.body, 6);
        call.asked.add(octets);
        call.security = pdu.security();
        // A stub that is sealed says nothing.
        let is_clear = call.security.is_none_or(|(_, level)| level < 6);
        let stub = pdu.body.get(head..).unwrap_or_default();
        if let ("svcctl", Some(12 | 16 | 45)) = (self.service(call.context), call.opnum)
            && is_clear
        {
            // A handle, and the service's name behind its three counts.
            call.name = stub.get(32..).map(|name| utf16(name, MAX_NAME));
        }
        self.wait(call)
    }

    fn response(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Option<Call> {
        let mut call = self.asked(pdu, at);
        call.response = Some(pdu.kind);
        call.answered.add(pdu.stub_len(8));
        if pdu.kind == pdu::FAULT {
            call.fault = pdu.u32(pdu.body, 8);
        } else if ("epmapper", Some(3)) == (self.service(call.context), call.opnum)
            && call.endpoints.is_empty()
        {
            call.endpoints = endpoints::read(pdu.body.get(8..).unwrap_or_default());
        }
        if pdu.is_last() || call.request.is_none() {
            return Some(call);
        }
        self.wait(call)
    }

    /// Lets a call wait; the oldest is handed out where there are too many.
    fn wait(&mut self, call: Call) -> Option<Call> {
        let is_full = self.pending.len() >= MAX_PENDING;
        let oldest = is_full.then(|| self.pending.pop_front()).flatten();
        self.pending.push_back(call);
        oldest
    }

    /// The call that a unit answers, or one of which nothing was heard.
    fn asked(&mut self, pdu: &Pdu<'_>, at: Timestamp) -> Call {
        let found = self.pending.iter().position(|call| call.call_id == pdu.call_id);
        found
            .and_then(|found| self.pending.remove(found))
            .unwrap_or_else(|| Call::new(pdu, at))
    }

    fn service(&self, context: u16) -> &'static str {
        self.contexts
            .iter()
            .find(|bound| bound.id == context)
            .and_then(|bound| interfaces::of(&bound.uuid))
            .map_or("", |interface| interface.service)
    }
}

impl Call {
    const fn new(pdu: &Pdu<'_>, at: Timestamp) -> Self {
        Self {
            at,
            minor: pdu.minor,
            call_id: pdu.call_id,
            request: None,
            response: None,
            context: 0,
            opnum: None,
            asked: Fragments { count: 0, octets: 0 },
            answered: Fragments { count: 0, octets: 0 },
            name: None,
            fault: None,
            endpoints: Vec::new(),
            security: None,
            ntlm: None,
            ticket: None,
        }
    }

    /// Reads the security token; the client's message stays where the server's follows it.
    fn secured(&mut self, pdu: &Pdu<'_>) {
        self.security = self.security.or(pdu.security());
        let token = pdu.token().map(spnego::read).unwrap_or_default();
        self.ntlm = token.ntlm.or(self.ntlm.take());
        self.ticket = token.ticket.or(self.ticket.take());
    }
}

impl Context {
    fn facts(&self, opnum: Option<u16>) -> Facts {
        let known = interfaces::of(&self.uuid);
        let (major, minor) = self.version;
        let mut facts = Facts::new();
        facts
            .put("uuid", self.uuid.as_str())
            .put("version", format!("{major}.{minor}"));
        if let Some((result, reason)) = self.ack {
            facts.put("ack_result", result).put("ack_reason", reason);
        }
        facts.put_some("service", known.map(|known| known.service));
        let procedure = known.zip(opnum).and_then(|(known, opnum)| known.procedure(opnum));
        facts.put_some("procedure", procedure);
        facts
    }
}

impl Fragments {
    fn add(&mut self, octets: usize) {
        self.count = self.count.saturating_add(1);
        self.octets = self
            .octets
            .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
    }

    fn write(self, into: &mut Facts) {
        into.put("frag_cnt", self.count)
            .put("stub_data_size", self.octets);
    }
}

/// MS-RPCE section 2.2.1.1.7.
fn auth_type(kind: u8) -> String {
    match kind {
        9 => "spnego".to_owned(),
        10 => "ntlm".to_owned(),
        14 => "schannel".to_owned(),
        16 => "kerberos".to_owned(),
        68 => "netlogon".to_owned(),
        _ => kind.to_string(),
    }
}

/// MS-RPCE section 2.2.1.1.8.
fn auth_level(level: u8) -> String {
    match level {
        1 => "none".to_owned(),
        2 => "connect".to_owned(),
        3 => "call".to_owned(),
        4 => "packet".to_owned(),
        5 => "integrity".to_owned(),
        6 => "privacy".to_owned(),
        _ => level.to_string(),
    }
}
