//! Queries with their answers, one transaction each.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Below, Essential, Facts};

use super::dialect::Dialect;
use super::message::{HEADER, Message, Question};
use super::name::Fault;
use super::registry;
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::sheet::Sheet;
use crate::app::text::push_short_hex;

/// Queries of a flow that wait for their answer; the oldest is written unanswered for a new one.
const MAX_PENDING: usize = 32;
/// Facts of a usual exchange besides its records.
const USUAL: usize = 20;
/// Octets of the length before a message in a stream.
const PREFIX: usize = 2;

/// Faults that are told once a flow.
const FAULTS: [(Fault, &str); 3] = [
    (Fault::Cut, "malformed_data"),
    (Fault::Malformed, "malformed_data"),
    (Fault::Loop, "infinite_loop"),
];

/// Reads one flow.
#[derive(Debug)]
pub(super) struct Exchanges {
    dialect: Dialect,
    is_stream: bool,
    pending: VecDeque<Query>,
    /// Transactions written.
    written: u64,
    /// Whether a message was read.
    has_read: bool,
    /// Anomalies that were told.
    told: Vec<&'static str>,
}

/// A query that waits.
#[derive(Debug)]
struct Query {
    from: End,
    at: Timestamp,
    message: Message,
}

impl Exchanges {
    pub(super) const fn new(dialect: Dialect, is_stream: bool) -> Self {
        Self {
            dialect,
            is_stream,
            pending: VecDeque::new(),
            written: 0,
            has_read: false,
            told: Vec::new(),
        }
    }

    /// Reads a message; false where there is none.
    fn message(&mut self, chunk: &Chunk<'_>, octets: &[u8], sheet: &mut Sheet<'_>) -> bool {
        let Some(message) = Message::read(self.dialect, octets) else {
            return false;
        };
        if let Some(host) = message.host.as_deref()
            && chunk.from == End::Orig
        {
            let from = if self.dialect == Dialect::Mdns {
                "mdns.answers.rrname"
            } else {
                "nbns.additionals.rrname"
            };
            sheet.essential(Essential::ClientHost, host, from);
        }
        if message.is_bounded || chunk.cut > 0 && message.fault == Some(Fault::Cut) {
            sheet.partial();
        } else if let Some(fault) = message.fault {
            self.tell(fault, sheet);
        }
        self.has_read = true;
        let octets = octets.len().saturating_add(chunk.cut);
        let message = Message { octets, ..message };
        match (self.dialect.pairs(), message.header.is_response()) {
            (true, true) => {
                let query = self.take(chunk.from, &message);
                let at = query.as_ref().map_or(chunk.at, |query| query.at);
                self.write(at, query, Some((chunk.at, message)), sheet);
            }
            (true, false) => {
                if self.pending.len() >= MAX_PENDING {
                    self.write_oldest(sheet);
                }
                let (from, at) = (chunk.from, chunk.at);
                let mut message = message;
                message.keep_questions();
                self.pending.push_back(Query { from, at, message });
            }
            (false, true) => self.write(chunk.at, None, Some((chunk.at, message)), sheet),
            (false, false) => {
                let (from, at) = (chunk.from, chunk.at);
                self.write(at, Some(Query { from, at, message }), None, sheet);
            }
        }
        true
    }

    /// The query that a message answers: same identifier, from the other end, and the same question
    /// where the answer repeats one.
    fn take(&mut self, from: End, answer: &Message) -> Option<Query> {
        let is_asked = |query: &Query| {
            query.from != from
                && query.message.header.id == answer.header.id
                && match (query.message.questions.first(), answer.questions.first()) {
                    (Some(asked), Some(said)) => is_same(asked, said),
                    _ => true,
                }
        };
        let at = self.pending.iter().position(is_asked)?;
        self.pending.remove(at)
    }

    fn write_oldest(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(query) = self.pending.pop_front() {
            self.write(query.at, Some(query), None, sheet);
        }
    }

    fn write(
        &mut self,
        at: Timestamp,
        query: Option<Query>,
        answer: Option<(Timestamp, Message)>,
        sheet: &mut Sheet<'_>,
    ) {
        let octets = |message: &Message| message.octets as u64;
        let query_octets = query.as_ref().map(|query| octets(&query.message));
        let response_octets = answer.as_ref().map(|(_, message)| octets(message));
        let took = answer
            .as_ref()
            .zip(query.as_ref())
            .map(|((answered, _), query)| answered.since(query.at));
        let (message, asked) = match (answer, query) {
            (Some((_, message)), query) => (message, query.map(|query| query.message.questions)),
            (None, Some(query)) => (query.message, None),
            (None, None) => return,
        };
        let asked = asked.filter(|_| message.questions.is_empty());
        let questions = asked.as_ref().unwrap_or(&message.questions);
        let mut facts = head(self.dialect, &message, response_octets.is_some(), self.written);
        facts.add_list("queries", |list| {
            for question in questions {
                list.add_group("", |facts| add_question(facts, self.dialect, question));
            }
        });
        add_details(&mut facts, message);
        facts.add_some("query_octets", query_octets);
        facts.add_some("response_octets", response_octets);
        facts.add_some("rtt", took.map(|took| took.as_secs_f64()));
        self.written = self.written.saturating_add(1);
        sheet.transaction(at, facts);
    }

    fn tell(&mut self, fault: Fault, sheet: &mut Sheet<'_>) {
        let event = FAULTS
            .iter()
            .find(|(kind, _)| *kind == fault)
            .map(|(_, event)| *event);
        if let Some(event) = event.filter(|event| !self.told.contains(event)) {
            self.told.push(event);
            sheet.anomaly(event);
        }
    }
}

impl Held for Query {
    fn held(&self) -> usize {
        self.message.held()
    }
}

impl Parser for Exchanges {
    fn held(&self) -> usize {
        let told = self.told.capacity().saturating_mul(size_of::<&str>());
        self.pending.held().saturating_add(told)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if !self.is_stream {
            return match self.message(chunk, chunk.octets, sheet) {
                true => Read::Took(chunk.octets.len()),
                false if !self.has_read => Read::NotMine,
                false => {
                    self.tell(Fault::Malformed, sheet);
                    Read::Took(chunk.octets.len())
                }
            };
        }
        let Some((length, rest)) = chunk.octets.split_first_chunk() else {
            return Read::Need(PREFIX);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let whole = PREFIX.saturating_add(length);
        let Some(message) = rest.get(..length) else {
            return Read::Need(whole);
        };
        if length < HEADER {
            return match self.has_read {
                true => {
                    self.tell(Fault::Malformed, sheet);
                    Read::Done
                }
                false => Read::NotMine,
            };
        }
        self.message(chunk, message, sheet);
        Read::Took(whole)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        while !self.pending.is_empty() {
            self.write_oldest(sheet);
        }
    }
}

fn is_same(one: &Question, other: &Question) -> bool {
    one.kind == other.kind && one.name.eq_ignore_ascii_case(&other.name)
}

fn head(dialect: Dialect, message: &Message, is_answered: bool, number: u64) -> Facts {
    let header = &message.header;
    let mut facts = Facts::with_room(message.records.count().saturating_add(USUAL));
    let mut flags = String::with_capacity(4);
    push_short_hex(header.flags, &mut flags);
    facts
        .add("version", 3_u8)
        .add("type", if is_answered { "response" } else { "request" })
        .add("tx_id", number)
        .add("id", header.id)
        .add("flags", flags);
    // Those that are not set are left out, as Suricata does.
    let bits = [("qr", 15), ("aa", 10), ("tc", 9), ("rd", 8), ("ra", 7), ("z", 6)];
    for (key, bit) in bits {
        if header.flags >> bit & 1 == 1 {
            facts.add(key, true);
        }
    }
    facts.add("opcode", header.opcode());
    if is_answered {
        facts.add("rcode", registry::rcode(dialect, message.rcode));
    }
    facts
}

fn add_question(facts: &mut Below<'_>, dialect: Dialect, question: &Question) {
    facts.add("rrname", &*question.name);
    if question.kind != 0 {
        facts.add("rrtype", registry::rrtype(dialect, question.kind));
    }
}

fn add_details(facts: &mut Facts, message: Message) {
    facts.add_all(&message.records);
    if let Some(edns) = message.edns {
        facts.add_group("edns", |group| {
            group
                .add("udp_size", edns.udp_size)
                .add("version", edns.version)
                .add("do", edns.wants_signatures);
        });
    }
    if let Some((names, mac)) = message.status {
        facts.add("names", names).add_some("mac", mac);
    }
}
