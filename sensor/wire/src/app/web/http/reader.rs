//! Reads both ends of a connection and pairs responses with requests.
//!
//! Which end asks is found in what it says, so that a flow that was taken the wrong way round, or of
//! which one end alone is seen, is read as well. State: two heads and at most [`MAX_PENDING`]
//! requests. After a gap an end is passed over until its next start line.

use std::collections::VecDeque;

use super::super::lines::{Lines, MAX_LINE, Next};
use super::exchange::{Exchange, Head};
use super::start_line::{StartLine, is_sure, may_begin, parse};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::sheet::Sheet;

/// Requests that wait for their responses; the oldest is written without one when there are more.
pub(super) const MAX_PENDING: usize = 16;
/// Octets of a head of which fields are kept; what follows is passed over.
const MAX_HEAD: usize = 64 * 1024;

/// Where an end is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a start line.
    #[default]
    Start,
    /// In a head, so many octets after its start line.
    Head(usize),
    /// Before the size of a chunk.
    ChunkSize,
    /// Before the end of line that ends a chunk.
    ChunkEnd,
    /// After the last chunk.
    Trailer,
    /// In a body that ends with the connection.
    UntilClose,
    /// Somewhere: looks for the next start line.
    Lost,
}

#[derive(Debug, Default)]
struct Side {
    place: Place,
    lines: Lines,
    /// The message that is read is a request.
    is_request: bool,
    /// What the message belongs to; none where a response took the request before its head's end.
    exchange: Option<Box<Exchange>>,
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Http {
    sides: [Side; 2],
    pending: VecDeque<Box<Exchange>>,
    /// The last request wants another protocol.
    is_leaving: bool,
    /// A response may have been lost: the next request means that none of those that wait is
    /// answered any more.
    is_torn: bool,
    /// A start line was read.
    is_believed: bool,
}

/// What a step took.
enum Step {
    Took(usize),
    Wait,
    Other(Read),
}

impl Parser for Http {
    fn held(&self) -> usize {
        let open = self.sides.iter().filter_map(|side| side.exchange.as_ref());
        let room = self.pending.capacity().saturating_mul(size_of::<Box<Exchange>>());
        open.chain(&self.pending)
            .map(|exchange| exchange.held())
            .fold(room, usize::saturating_add)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut taken = 0_usize;
        loop {
            let rest = chunk.octets.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                return Read::Took(taken);
            }
            match self.step(chunk.from, rest, sheet) {
                Step::Took(took) => taken = taken.saturating_add(took),
                Step::Wait => return Read::Took(taken),
                Step::Other(Read::Skip { took, skip }) => {
                    let took = taken.saturating_add(took);
                    return Read::Skip { took, skip };
                }
                Step::Other(Read::Became { took, protocol }) => {
                    let took = taken.saturating_add(took);
                    return Read::Became { took, protocol };
                }
                Step::Other(read) => return read,
            }
        }
    }

    fn cut(&mut self, from: End, octets: &[u8], sheet: &mut Sheet<'_>) {
        // Of a field half a value may say something else than the whole; a start line that is cut is
        // unmistakable still.
        if self.side(from).place == Place::Start
            && is_sure(octets)
            && let Some(start) = parse(octets.get(..MAX_LINE).unwrap_or(octets), true)
        {
            sheet.partial();
            self.begin(from, &start, sheet);
        }
    }

    fn gap(&mut self, from: End, octets: u64, sheet: &mut Sheet<'_>) -> Gap {
        let side = self.side(from);
        side.lines.forget();
        if side.place == Place::UntilClose {
            if let Some(exchange) = &mut side.exchange {
                add(&mut exchange.response.length, octets);
            }
            return Gap::Resume;
        }
        if let (Place::Head(_), Some(exchange)) = (side.place, &mut side.exchange) {
            exchange.is_cut = true;
        }
        side.place = Place::Lost;
        let was_request = side.is_request;
        self.put_away(from, sheet);
        self.is_torn |= !was_request;
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let [orig, resp] = &mut self.sides;
        let mut open = [orig.exchange.take(), resp.exchange.take()];
        // Responses first: their requests came before those that wait.
        open.sort_by_key(|exchange| exchange.as_ref().is_none_or(|one| one.status.is_none()));
        let waiting = std::mem::take(&mut self.pending);
        let (answered, asked): (Vec<_>, Vec<_>) = open
            .into_iter()
            .flatten()
            .partition(|exchange| exchange.status.is_some());
        for exchange in answered.into_iter().chain(waiting).chain(asked) {
            exchange.name_request(sheet);
            exchange.name_response(sheet);
            exchange.write(sheet);
        }
    }
}

impl Http {
    const fn side(&mut self, from: End) -> &mut Side {
        let [orig, resp] = &mut self.sides;
        match from {
            End::Orig => orig,
            End::Resp => resp,
        }
    }

    fn step(&mut self, from: End, octets: &[u8], sheet: &mut Sheet<'_>) -> Step {
        match self.side(from).place {
            Place::UntilClose => {
                if let Some(exchange) = &mut self.side(from).exchange {
                    add(&mut exchange.response.length, octets.len() as u64);
                }
                return Step::Took(octets.len());
            }
            Place::Start if !starts(octets) => return self.not_a_message(from),
            Place::Lost if !starts(octets) => return self.side(from).pass_line(octets),
            _ => {}
        }
        let side = self.side(from);
        let (line, took, is_cut) = match side.lines.next(octets) {
            Next::Line { line, took, is_cut } => (line, took, is_cut),
            Next::Passed(took) => return Step::Took(took),
            Next::Wait => return Step::Wait,
        };
        if is_cut {
            sheet.partial();
        }
        match side.place {
            Place::Start | Place::Lost => match parse(line, is_cut) {
                Some(start) => self.begin(from, &start, sheet),
                None if line.is_empty() => {}
                // A line that looked like HTTP's and is none, before any that was.
                None if !self.is_believed && is_sure(line) => return Step::Other(Read::NotMine),
                None => self.side(from).place = Place::Lost,
            },
            Place::Head(_) if line.is_empty() => return self.end_head(from, took, sheet),
            Place::Head(octets) => {
                let octets = octets.saturating_add(took);
                side.place = Place::Head(octets);
                if octets > MAX_HEAD {
                    sheet.partial();
                } else if let Some(head) = side.head() {
                    head.take(line, sheet);
                }
            }
            Place::ChunkSize => return self.begin_chunk(from, line, took, sheet),
            Place::ChunkEnd => side.place = Place::ChunkSize,
            Place::Trailer if line.is_empty() => self.end_message(from, sheet),
            Place::Trailer | Place::UntilClose => {}
        }
        Step::Took(took)
    }

    /// Octets that begin no message stand where one should.
    fn not_a_message(&mut self, from: End) -> Step {
        if self.is_leaving {
            return Step::Other(Read::Became {
                took: 0,
                protocol: None,
            });
        }
        self.side(from).place = Place::Lost;
        Step::Took(0)
    }

    fn begin(&mut self, from: End, start: &StartLine<'_>, sheet: &mut Sheet<'_>) {
        self.is_believed = true;
        let exchange = match start {
            StartLine::Request {
                method,
                target,
                version,
            } => {
                if std::mem::take(&mut self.is_torn) {
                    for unanswered in std::mem::take(&mut self.pending) {
                        unanswered.write(sheet);
                    }
                }
                Box::new(Exchange::asked(sheet.at(), method, target, version))
            }
            StartLine::Response { version, status } => {
                self.is_torn = false;
                let mut exchange = self
                    .pending
                    .pop_front()
                    .or_else(|| self.side(from.other()).unfinished_request())
                    .unwrap_or_else(|| Box::new(Exchange::unasked(sheet.at())));
                exchange.answered(version, *status);
                exchange
            }
        };
        let side = self.side(from);
        side.is_request = matches!(start, StartLine::Request { .. });
        side.exchange = Some(exchange);
        side.place = Place::Head(0);
    }

    /// A head is whole: says what its body is.
    fn end_head(&mut self, from: End, took: usize, sheet: &mut Sheet<'_>) -> Step {
        let side = self.side(from);
        side.place = Place::Start;
        let is_request = side.is_request;
        let Some(mut exchange) = side.exchange.take() else {
            // Its response came before the head's end; whatever follows is looked at anew.
            side.place = Place::Lost;
            return Step::Took(took);
        };
        let head = if is_request {
            &mut exchange.request
        } else {
            &mut exchange.response
        };
        if head.is_chunked && head.length.take().is_some() {
            sheet.anomaly("content_length_and_chunked");
        }
        let (is_chunked, length) = (head.is_chunked, head.length);
        if is_request {
            exchange.name_request(sheet);
            self.is_leaving = exchange.is_connect() || exchange.upgrade().is_some();
            self.wait_for_response(exchange, sheet);
            if is_chunked {
                self.side(from).place = Place::ChunkSize;
            }
            return skip(took, length.unwrap_or(0));
        }
        exchange.name_response(sheet);
        let status = exchange.status.unwrap_or_default();
        if status == 101 || exchange.is_connect() && (200..300).contains(&status) {
            let protocol = exchange.upgrade().and_then(agreed);
            exchange.write(sheet);
            return Step::Other(Read::Became { took, protocol });
        }
        if status < 200 {
            // An interim response: the final one follows.
            exchange.response = Head::default();
            exchange.status = None;
            self.pending.push_front(exchange);
            return Step::Took(took);
        }
        self.is_leaving = false;
        let side = self.side(from);
        if exchange.is_head() || matches!(status, 204 | 304) {
            exchange.write(sheet);
            return Step::Took(took);
        }
        if is_chunked {
            side.place = Place::ChunkSize;
        } else if let Some(length) = length {
            exchange.write(sheet);
            return skip(took, length);
        } else {
            side.place = Place::UntilClose;
        }
        side.exchange = Some(exchange);
        Step::Took(took)
    }

    fn begin_chunk(&mut self, from: End, line: &[u8], took: usize, sheet: &mut Sheet<'_>) -> Step {
        let side = self.side(from);
        let Some(size) = chunk_size(line) else {
            sheet.anomaly("chunk_size_invalid");
            side.place = Place::Lost;
            self.put_away(from, sheet);
            return Step::Took(took);
        };
        if let (false, Some(exchange)) = (side.is_request, &mut side.exchange) {
            add(&mut exchange.response.length, size);
        }
        side.place = if size == 0 {
            Place::Trailer
        } else {
            Place::ChunkEnd
        };
        skip(took, size)
    }

    fn end_message(&mut self, from: End, sheet: &mut Sheet<'_>) {
        self.side(from).place = Place::Start;
        self.put_away(from, sheet);
    }

    /// An end is done with its message, be it whole or not.
    fn put_away(&mut self, from: End, sheet: &mut Sheet<'_>) {
        let side = self.side(from);
        let is_request = side.is_request;
        match side.exchange.take() {
            Some(exchange) if is_request => {
                exchange.name_request(sheet);
                self.wait_for_response(exchange, sheet);
            }
            Some(exchange) => {
                exchange.name_response(sheet);
                exchange.write(sheet);
            }
            None => {}
        }
    }

    fn wait_for_response(&mut self, exchange: Box<Exchange>, sheet: &mut Sheet<'_>) {
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.write(sheet);
        }
        self.pending.push_back(exchange);
    }
}

impl Side {
    fn head(&mut self) -> Option<&mut Head> {
        let exchange = self.exchange.as_mut()?;
        Some(if self.is_request {
            &mut exchange.request
        } else {
            &mut exchange.response
        })
    }

    /// A request of which the head is still read.
    fn unfinished_request(&mut self) -> Option<Box<Exchange>> {
        let is_open = self.is_request && matches!(self.place, Place::Head(_));
        is_open.then(|| self.exchange.take()).flatten()
    }

    /// Passes over the line at hand, or what is there of it.
    fn pass_line(&mut self, octets: &[u8]) -> Step {
        self.lines.forget();
        let end = octets.iter().position(|octet| *octet == b'\n');
        Step::Took(end.map_or(octets.len(), |end| end.saturating_add(1)))
    }
}

/// Whether a start line, or blank lines before it, may stand here.
fn starts(octets: &[u8]) -> bool {
    matches!(octets.first(), Some(b'\r' | b'\n')) || may_begin(octets)
}

const fn skip(took: usize, skip: u64) -> Step {
    if skip == 0 {
        Step::Took(took)
    } else {
        Step::Other(Read::Skip { took, skip })
    }
}

fn add(length: &mut Option<u64>, octets: u64) {
    *length = Some(length.unwrap_or(0).saturating_add(octets));
}

/// Size of a chunk (RFC 9112 section 7.1), extensions left aside.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|octet| *octet == b';').next()?.trim_ascii();
    if digits.len() > MAX_LINE.min(16) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The protocol that an upgrade leads to, where it is one that is read.
fn agreed(upgrade: &[u8]) -> Option<&'static str> {
    if upgrade.eq_ignore_ascii_case(b"h2c") {
        Some("http2")
    } else if upgrade.len() >= 4
        && upgrade
            .get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"TLS/"))
    {
        Some("tls")
    } else {
        None
    }
}
