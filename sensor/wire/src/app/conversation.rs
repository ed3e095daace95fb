//! One flow's conversation: finds its protocol, feeds the parser, keeps what it left.
//!
//! What a sender can grow: octets that wait ([`MAX_BUFFER`] of each end), and how often it goes over
//! to another protocol ([`CHANGES`]); a conversation that meets a limit ends and is marked partial.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sekisho_model::Timestamp;
use sekisho_model::app::{App, ServiceBy};

use super::naming;
use super::parser::{Chunk, End, Gap, Parser, Read};
use super::protocol::{self, Hint, Probe, Protocol, Start, Transport, protocols};
use super::sheet::{Event, Sheet};

/// Octets of one end that wait for more: a parser that wants more than this gets none.
pub const MAX_BUFFER: usize = 64 * 1024;
/// Chunks of both ends that are looked at before a protocol counts as unknown.
pub const PROBED_CHUNKS: u8 = 8;
/// Octets of a stream that are looked at in however many chunks, while a probe asks for more: a
/// client that writes octet by octet is not unknown for that.
const PROBED_OCTETS: usize = 1024;
/// How often a conversation may go over to another protocol: through a proxy, and into TLS. One that
/// does so without end has nothing to say.
const CHANGES: u8 = 8;

/// What stands for the protocol where it is not known.
const UNKNOWN: &str = "unknown";

/// The application side of one flow.
pub struct Conversation {
    start: Start,
    app: App,
    state: State,
    /// What each end sent and nobody took yet.
    waiting: [Vec<u8>; 2],
    /// Octets that must wait before the parser looks again.
    need: [usize; 2],
    /// Octets of each end that nobody wants.
    skip: [u64; 2],
    /// How often it went over to another protocol.
    changes: u8,
    /// Essentials that were known, with the service, when it was named last.
    named: usize,
}

enum State {
    /// The protocol is not known yet; chunks seen, and who spoke first.
    Probing(u8, End),
    /// It is read.
    Reading(Box<dyn Parser>, &'static str),
    /// Nothing more is read.
    Over,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

impl Conversation {
    /// A conversation of which nothing was heard.
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self {
            start,
            app: App::default(),
            state: State::Probing(0, End::Orig),
            waiting: [Vec::new(), Vec::new()],
            need: [0, 0],
            skip: [0, 0],
            changes: 0,
            named: 0,
        }
    }

    /// A conversation that is known to be in a protocol: its parser reads from the first octet on,
    /// and no probe is asked. For tools that try one parser alone.
    #[must_use]
    pub fn speaking(start: Start, protocol: &Protocol) -> Self {
        let mut conversation = Self::new(start);
        conversation.app.service = protocol.name;
        conversation.state = State::Reading((protocol.parser)(&start), protocol.name);
        conversation
    }

    /// Whether further octets can change anything.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// What is known so far.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Marks what is known as partial: it is read no further.
    pub const fn mark_partial(&mut self) {
        self.app.is_partial = true;
    }

    /// What is left when it is over.
    #[must_use]
    pub fn into_app(self) -> App {
        self.app
    }

    /// Octets held for later.
    #[must_use]
    pub fn held(&self) -> usize {
        let parser = match &self.state {
            State::Reading(parser, _) => parser.held(),
            State::Probing(..) | State::Over => 0,
        };
        let [orig, resp] = &self.waiting;
        parser
            .saturating_add(orig.capacity())
            .saturating_add(resp.capacity())
    }

    /// Reads what one end sent next.
    pub fn read(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let octets = pass_over(&mut self.skip, chunk.from, chunk.octets);
        if octets.is_empty() {
            return;
        }
        let chunk = Chunk { octets, ..*chunk };
        match &mut self.state {
            State::Over => {}
            State::Reading(..) => self.feed(&chunk, out),
            State::Probing(chunks, first) => {
                if *chunks == 0 {
                    *first = chunk.from;
                }
                *chunks = chunks.saturating_add(1);
                self.probe(&chunk, out);
            }
        }
        self.name();
    }

    /// Octets of one end that were lost and will not come.
    pub fn gap(&mut self, from: End, octets: u64, at: Timestamp, out: &mut Vec<Event>) {
        let Some(skip) = self.skip.get_mut(from.index()) else {
            return;
        };
        let unexpected = octets.saturating_sub(*skip);
        *skip = skip.saturating_sub(octets);
        if unexpected == 0 {
            return;
        }
        if self.is_over() {
            return; // What was to be learned was learned before.
        }
        self.app.is_partial = true;
        if let State::Probing(..) = self.state
            && !self.believe_likely(at, out)
        {
            // What comes after it may tell still.
            if let Some(waiting) = self.waiting.get_mut(from.index()) {
                waiting.clear();
            }
            return;
        }
        let State::Reading(parser, name) = &mut self.state else {
            return;
        };
        let name = *name;
        let sheet = &mut Sheet::new(&mut self.app, out, name, at);
        let waiting = self.waiting.get(from.index()).map_or(&[][..], Vec::as_slice);
        let gap = catch_unwind(AssertUnwindSafe(|| {
            if !waiting.is_empty() {
                parser.cut(from, waiting, sheet);
            }
            parser.gap(from, unexpected, sheet)
        }));
        match gap {
            Ok(Gap::Resume) => {
                if let Some(waiting) = self.waiting.get_mut(from.index()) {
                    waiting.clear();
                }
                if let Some(need) = self.need.get_mut(from.index()) {
                    *need = 0;
                }
            }
            Ok(Gap::Stop) => self.finish(at, out),
            Err(_) => self.fault(name, at, out),
        }
    }

    /// The flow is over.
    pub fn finish(&mut self, at: Timestamp, out: &mut Vec<Event>) {
        if let State::Probing(1.., _) = self.state {
            self.settle(at, out);
        }
        if let State::Reading(mut parser, name) = std::mem::replace(&mut self.state, State::Over) {
            let sheet = &mut Sheet::new(&mut self.app, out, name, at);
            if catch_unwind(AssertUnwindSafe(|| parser.end(sheet))).is_err() {
                self.fault(name, at, out);
            }
        }
        naming::name(&mut self.app, &self.start, true);
        self.close(false);
    }

    /// Looks for the names that follow from what is known, where more is known than before.
    fn name(&mut self) {
        let is_told = usize::from(!self.app.service.is_empty());
        let known = self.app.essentials.len().saturating_add(is_told);
        if known != self.named {
            naming::name(&mut self.app, &self.start, false);
            self.named = self.app.essentials.len().saturating_add(is_told);
        }
    }

    fn probe(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let is_stream = self.start.transport == Transport::Tcp;
        let [orig, resp] = &mut self.waiting;
        let (own, other) = match chunk.from {
            End::Orig => (orig, resp),
            End::Resp => (resp, orig),
        };
        // The first octets of an end are looked at where they are: mostly they tell.
        let is_first = own.is_empty();
        if !is_first {
            own.extend_from_slice(chunk.octets);
        }
        let octets = if is_first { chunk.octets } else { &own[..] };
        let other = &other[..];
        let hint = Hint {
            from: chunk.from,
            octets,
            other,
            transport: self.start.transport,
            ports: self.start.ports,
        };
        let Ok(found) = catch_unwind(AssertUnwindSafe(|| protocol::find(&hint))) else {
            self.fault(UNKNOWN, chunk.at, out);
            return;
        };
        let held = octets.len().saturating_add(other.len());
        match found {
            Ok((protocol, probe)) => self.begin(protocol, probe, chunk, out),
            Err(more) => {
                if is_first
                    && is_stream
                    && let Some(waiting) = self.waiting.get_mut(chunk.from.index())
                {
                    waiting.extend_from_slice(chunk.octets);
                }
                let State::Probing(chunks, _) = self.state else {
                    return;
                };
                // An end that was not heard yet may still say what it is.
                let may_tell = more || chunks < 4 || !is_stream;
                let is_slow = is_stream && more && held < PROBED_OCTETS;
                if chunks >= PROBED_CHUNKS && !is_slow || held > MAX_BUFFER / 8 || !may_tell {
                    self.settle(chunk.at, out);
                }
            }
        }
    }

    /// No more octets will tell: takes what is likely at the port, or gives up.
    fn settle(&mut self, at: Timestamp, out: &mut Vec<Event>) {
        if !self.believe_likely(at, out) {
            self.contradict();
            self.close(false);
        }
    }

    /// Takes what is likely at the port; false where nothing is.
    fn believe_likely(&mut self, at: Timestamp, out: &mut Vec<Event>) -> bool {
        let [orig, resp] = &self.waiting;
        let found = [(End::Orig, orig, resp), (End::Resp, resp, orig)]
            .into_iter()
            .filter(|(_, octets, _)| !octets.is_empty())
            .find_map(|(from, octets, other)| {
                let hint = Hint {
                    from,
                    octets,
                    other,
                    transport: self.start.transport,
                    ports: self.start.ports,
                };
                // A probe that fails is no likely protocol.
                catch_unwind(AssertUnwindSafe(|| protocol::settle(&hint))).ok()?
            });
        let Some((protocol, probe)) = found else {
            return false;
        };
        let chunk = Chunk {
            from: End::Orig,
            at,
            octets: &[],
            cut: 0,
        };
        self.begin(protocol, probe, &chunk, out);
        true
    }

    /// The protocol is found: reads what waits, and of an end of which nothing waits the chunk.
    fn begin(&mut self, protocol: &'static Protocol, probe: Probe, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        if self.app.service.is_empty() {
            self.app.service = protocol.name;
            self.app.service_by = Some(match probe {
                Probe::Sure => ServiceBy::Content,
                _ => ServiceBy::Port,
            });
            self.contradict();
        }
        let State::Probing(_, first) = self.state else {
            return;
        };
        self.state = State::Reading((protocol.parser)(&self.start), protocol.name);
        if self.start.transport == Transport::Udp {
            self.feed(chunk, out);
            return;
        }
        for from in [first, first.other()] {
            let waiting = self
                .waiting
                .get_mut(from.index())
                .map(std::mem::take)
                .unwrap_or_default();
            let octets = if waiting.is_empty() && from == chunk.from {
                chunk.octets
            } else {
                &waiting
            };
            if !octets.is_empty() {
                let (at, cut) = (chunk.at, 0);
                self.read(
                    &Chunk {
                        from,
                        at,
                        octets,
                        cut,
                    },
                    out,
                );
            }
        }
    }

    /// Lets the parser read what waits together with what came, and keeps what it left.
    fn feed(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        let is_stream = self.start.transport == Transport::Tcp;
        let Some(waiting) = self.waiting.get_mut(chunk.from.index()) else {
            return;
        };
        let mut held = std::mem::take(waiting);
        let octets = if held.is_empty() {
            chunk.octets
        } else {
            held.extend_from_slice(chunk.octets);
            &held
        };
        let mut left = octets;
        let is_enough = self.need.get_mut(chunk.from.index()).is_some_and(|need| {
            let is_enough = octets.len() >= *need;
            *need = if is_enough { 0 } else { *need };
            is_enough
        });
        while is_enough && !left.is_empty() {
            let State::Reading(parser, name) = &mut self.state else {
                break;
            };
            let name = *name;
            let sheet = &mut Sheet::new(&mut self.app, out, name, chunk.at);
            let chunk = Chunk {
                octets: left,
                ..*chunk
            };
            let Ok(read) = catch_unwind(AssertUnwindSafe(|| parser.read(&chunk, sheet))) else {
                self.fault(name, chunk.at, out);
                return;
            };
            match read {
                Read::Took(0) => break,
                Read::Need(octets) => {
                    if let Some(need) = self.need.get_mut(chunk.from.index()) {
                        *need = octets;
                    }
                    break;
                }
                Read::Took(took) => left = left.get(took..).unwrap_or_default(),
                Read::Skip { took, skip } => {
                    left = left.get(took..).unwrap_or_default();
                    if let Some(wanted) = self.skip.get_mut(chunk.from.index()) {
                        *wanted = wanted.saturating_add(skip);
                    }
                    left = pass_over(&mut self.skip, chunk.from, left);
                }
                Read::Became { took, protocol } => {
                    let rest = left.get(took..).unwrap_or_default().to_vec();
                    self.become_another(
                        protocol,
                        &Chunk {
                            octets: &rest,
                            ..chunk
                        },
                        out,
                    );
                    return;
                }
                Read::Done => {
                    self.finish(chunk.at, out);
                    return;
                }
                Read::NotMine => {
                    (self.app.service, self.app.service_by) = ("", None);
                    self.close(false);
                    return;
                }
            }
            if !is_stream {
                return;
            }
        }
        if left.len() > MAX_BUFFER {
            self.app.is_partial = true;
            self.finish(chunk.at, out);
        } else if !left.is_empty() && is_stream {
            let kept = left.len();
            let waiting = if held.is_empty() {
                left.to_vec()
            } else {
                held.drain(..held.len().saturating_sub(kept));
                held
            };
            if let Some(place) = self.waiting.get_mut(chunk.from.index()) {
                *place = waiting;
            }
        }
    }

    /// What follows speaks another protocol.
    fn become_another(&mut self, name: Option<&'static str>, rest: &Chunk<'_>, out: &mut Vec<Event>) {
        if let State::Reading(mut parser, name) = std::mem::replace(&mut self.state, State::Over) {
            let sheet = &mut Sheet::new(&mut self.app, out, name, rest.at);
            if catch_unwind(AssertUnwindSafe(|| parser.end(sheet))).is_err() {
                self.fault(name, rest.at, out);
                return;
            }
        }
        self.changes = self.changes.saturating_add(1);
        if self.changes > CHANGES {
            self.close(true);
            return;
        }
        self.need = [0, 0];
        let protocol = name.and_then(protocol::by_name);
        self.state = match protocol {
            Some(protocol) => State::Reading((protocol.parser)(&self.start), protocol.name),
            None => State::Probing(0, rest.from),
        };
        self.read(rest, out);
    }

    /// Notes that the responder's port stands for another protocol than the one found.
    fn contradict(&mut self) {
        let [_, port] = self.start.ports;
        let service = self.app.service;
        self.app.port_says = protocols()
            .filter(|protocol| protocol.transports.contains(&self.start.transport))
            .filter(|protocol| protocol.ports.contains(&port))
            .try_fold(None, |other, protocol| {
                let fits = protocol.name == service || protocol.kin.contains(&service);
                if fits {
                    Err(())
                } else {
                    Ok(other.or(Some(protocol.name)))
                }
            })
            .unwrap_or(None);
    }

    fn fault(&mut self, protocol: &'static str, at: Timestamp, out: &mut Vec<Event>) {
        let event = "parser_fault";
        out.push(Event::Anomaly { at, protocol, event });
        self.close(true);
    }

    fn close(&mut self, is_partial: bool) {
        self.state = State::Over;
        self.waiting = [Vec::new(), Vec::new()];
        self.app.is_partial |= is_partial;
    }
}

/// What is left of octets after those that nobody wants.
fn pass_over<'a>(skip: &mut [u64; 2], from: End, octets: &'a [u8]) -> &'a [u8] {
    let Some(skip) = skip.get_mut(from.index()) else {
        return octets;
    };
    let passed = usize::try_from(*skip).unwrap_or(usize::MAX).min(octets.len());
    *skip = skip.saturating_sub(passed as u64);
    octets.get(passed..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::app::test::converse;

    use super::*;

    #[test]
    fn octets_lost_before_the_protocol_is_known_do_not_end_the_conversation() {
        let start = Start {
            transport: Transport::Tcp,
            ports: [50_000, 80],
        };
        let (mut conversation, mut out) = (Conversation::new(start), Vec::new());
        let at = Timestamp::from_seconds(1, 0);
        conversation.gap(End::Orig, 500, at, &mut out);
        let request = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
        conversation.read(
            &Chunk {
                from: End::Orig,
                at,
                octets: request,
                cut: 0,
            },
            &mut out,
        );

        assert_eq!(conversation.app().service, "http");
        assert!(conversation.app().is_partial);
    }

    #[test]
    fn a_conversation_that_goes_over_to_another_protocol_without_end_is_given_up() {
        let tunnel = [
            (
                End::Orig,
                &b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"[..],
            ),
            (End::Resp, &b"HTTP/1.1 200 OK\r\n\r\n"[..]),
        ];

        let some = converse(Transport::Tcp, [50_000, 3128], &tunnel.repeat(8));
        let many = converse(Transport::Tcp, [50_000, 3128], &tunnel.repeat(1000));

        assert_eq!(some.transactions("http").len(), 8);
        assert!(!some.app.is_partial);
        assert_eq!(many.transactions("http").len(), 9);
        assert!(many.app.is_partial);
    }
}
