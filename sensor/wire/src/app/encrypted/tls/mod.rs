//! TLS and SSL: what a handshake says before it is encrypted.
//!
//! Source: RFC 8446, RFC 5246, RFC 6101 (SSL 3.0), RFC 7301, RFC 6066; SSL 2.0 hellos are told and
//! read. One transaction a handshake, written once nothing more of it is in clear: at the server's
//! hello of TLS 1.3, when the server encrypts in the older ones, at a fatal alert, or at the end of
//! the flow. A flow whose handshake was not seen is told by its records and says nothing more.
//!
//! After a gap an end is read on from the next record that begins with a packet and can only be one
//! of a handshake.

pub(super) mod certificate;
pub(super) mod facts;
pub(super) mod handshake;
pub mod hello;
pub(super) mod messages;
pub(super) mod record;
#[cfg(test)]
pub(crate) mod sample;
mod sslv2;
pub(super) mod words;

use handshake::Handshake;
use hello::{ClientHello, ServerHello};
use messages::{Fed, Messages};

use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Protocol, Start, Transport};
use crate::app::sheet::Sheet;
use crate::fingerprint::ja4::Carrier;

/// Records of application data after which a server's hello that never came is waited for no more.
const MAX_UNANSWERED: u8 = 3;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "tls",
    title: "TLS",
    transports: &[Transport::Tcp],
    ports: &[
        443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 3269, 5061, 5671, 5986, 6443, 6514,
        6697, 8443, 8883, 9443,
    ],
    kin: &[],
    facts: facts::FACTS,
    probe: record::probe,
    parser,
};

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Tls {
        handshake: Handshake::new(Carrier::Tcp, &facts::TLS),
        ends: [Direction::default(), Direction::default()],
        unanswered: 0,
    })
}

struct Tls {
    handshake: Handshake,
    ends: [Direction; 2],
    /// Records of application data that were seen.
    unanswered: u8,
}

/// One end's records.
#[derive(Default)]
struct Direction {
    messages: Messages,
    has_begun: bool,
    /// Whether a handshake message was read.
    has_spoken: bool,
    is_encrypted: bool,
    /// Whether octets were lost, and the start of a record is looked for.
    is_lost: bool,
    /// Whether octets were ever lost.
    had_gap: bool,
    /// Whether it said that it encrypts from here while the version was open: TLS 1.3 says so without
    /// meaning it (RFC 8446 appendix D.4).
    has_changed: bool,
}

impl Parser for Tls {
    fn held(&self) -> usize {
        let [orig, resp] = &self.ends;
        self.handshake
            .held()
            .saturating_add(orig.messages.held())
            .saturating_add(resp.messages.held())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let [orig, resp] = &mut self.ends;
        let direction = if chunk.from == End::Orig { orig } else { resp };
        if direction.is_lost {
            if !record::is_hello(chunk.octets) && !record::is_change(chunk.octets) {
                return Read::Took(chunk.octets.len());
            }
            direction.is_lost = false;
        }
        if chunk.octets.len() < record::HEADER_LEN {
            return Read::Need(record::HEADER_LEN);
        }
        let Some(header) = record::header(chunk.octets) else {
            if !direction.has_begun
                && let Some(len) = sslv2::record_len(chunk.octets)
            {
                return self.read_sslv2(chunk, len, sheet);
            }
            sheet.anomaly("invalid_record");
            return Read::Done;
        };
        direction.has_begun = true;
        let end = record::HEADER_LEN.saturating_add(header.len);
        let is_plain = !direction.is_encrypted && header.kind != record::APPLICATION_DATA;
        if !is_plain {
            if header.kind == record::APPLICATION_DATA && self.is_past(chunk.from) {
                return Read::Done;
            }
            return Read::Skip {
                took: record::HEADER_LEN,
                skip: header.len as u64,
            };
        }
        let Some(body) = chunk.octets.get(record::HEADER_LEN..end) else {
            return Read::Need(end);
        };
        let is_plain = direction.messages.is_within() || record::is_hello(chunk.octets);
        if header.kind == record::HANDSHAKE && direction.has_changed && !is_plain {
            direction.is_encrypted = true;
            return Read::Took(end);
        }
        let is_over = match header.kind {
            record::HANDSHAKE => self.read_handshake(chunk.from, body, sheet),
            record::CHANGE_CIPHER_SPEC => self.read_change(chunk.from),
            record::ALERT => self.read_alert(chunk.from, body, sheet),
            _ => {
                // RFC 6520 section 4: a request that claims more than it brought asks for what is
                // not its own.
                if let [1, high, low, rest @ ..] = body
                    && usize::from(u16::from_be_bytes([*high, *low])) > rest.len()
                {
                    self.handshake.note("heartbeat_overread", sheet);
                }
                false
            }
        };
        if is_over { Read::Done } else { Read::Took(end) }
    }

    fn cut(&mut self, from: End, octets: &[u8], sheet: &mut Sheet<'_>) {
        let Some(direction) = self.ends.get(from.index()) else {
            return;
        };
        let is_handshake = record::header(octets).is_some_and(|header| header.kind == record::HANDSHAKE);
        let is_plain = direction.messages.is_within() || record::is_hello(octets);
        if !is_handshake || direction.is_encrypted || direction.is_lost || direction.has_changed && !is_plain
        {
            return;
        }
        let body = octets.get(record::HEADER_LEN..).unwrap_or_default();
        if self.read_handshake(from, body, sheet) {
            return;
        }
        if let Some(direction) = self.ends.get(from.index())
            && let Some((messages::CLIENT_HELLO, body)) = direction.messages.begun()
        {
            self.handshake.cut_client_hello(from, body, sheet);
        }
    }

    fn gap(&mut self, from: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        if self.handshake.is_tls13() {
            return Gap::Stop;
        }
        if let Some(direction) = self.ends.get_mut(from.index()) {
            direction.is_lost = true;
            direction.had_gap = true;
            direction.messages = Messages::default();
        }
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.handshake.write(sheet);
    }
}

impl Tls {
    /// Reads the body of a handshake record and says whether the clear part is over.
    fn read_handshake(&mut self, from: End, body: &[u8], sheet: &mut Sheet<'_>) -> bool {
        let Self { handshake, ends, .. } = self;
        let Some(direction) = ends.get_mut(from.index()) else {
            return true;
        };
        let has_spoken = &mut direction.has_spoken;
        let fed = direction.messages.feed(body, |kind, body| {
            *has_spoken = true;
            match kind {
                messages::CLIENT_HELLO => {
                    handshake.client_hello(from, ClientHello::parse(body).as_ref(), sheet);
                }
                messages::SERVER_HELLO => {
                    handshake.server_hello(from, ServerHello::parse(body).as_ref(), sheet);
                }
                messages::HELLO_RETRY_DRAFT => handshake.hello_retry(sheet),
                messages::CERTIFICATE => handshake.chain(from, body, sheet),
                messages::SERVER_KEY_EXCHANGE => handshake.server_key_exchange(body),
                messages::SERVER_HELLO_DONE => handshake.server_hello_done(),
                _ => {}
            }
            !handshake.is_tls13()
        });
        match fed {
            Fed::Fine => {}
            Fed::TooLong => sheet.partial(),
            // What was not seen from its beginning may be encrypted already.
            Fed::Unknown if !direction.has_spoken || direction.had_gap => direction.is_encrypted = true,
            Fed::Unknown => handshake.note("invalid_handshake", sheet),
        }
        handshake.is_tls13()
    }

    /// One end encrypts from here; says whether the clear part is over.
    fn read_change(&mut self, from: End) -> bool {
        let is_answered = self.handshake.is_answered();
        if let Some(direction) = self.ends.get_mut(from.index()) {
            direction.is_encrypted = is_answered;
            direction.has_changed = true;
        }
        self.handshake.is_encrypted_from(from);
        let is_all = self.ends.iter().all(|end| end.has_changed);
        is_answered && (self.handshake.is_server(from) || self.handshake.has_certificate() || is_all)
    }

    fn read_alert(&mut self, from: End, body: &[u8], sheet: &mut Sheet<'_>) -> bool {
        // Two octets; what is longer is encrypted.
        if body.len() == 2 {
            self.handshake.alert(from, body, sheet);
        }
        body.first() == Some(&2)
    }

    /// Whether application data of an end says that the handshake is over.
    fn is_past(&mut self, from: End) -> bool {
        if self.handshake.has_early_data() && !self.handshake.is_server(from) {
            return false;
        }
        self.unanswered = self.unanswered.saturating_add(1);
        self.unanswered >= MAX_UNANSWERED
    }

    fn read_sslv2(&mut self, chunk: &Chunk<'_>, len: usize, sheet: &mut Sheet<'_>) -> Read {
        let Some(octets) = chunk.octets.get(..len) else {
            return Read::Need(len);
        };
        match sslv2::read(octets) {
            Some(sslv2::Hello::Client(version)) => {
                self.handshake.sslv2_client_hello(chunk.from, version, sheet);
                if let Some(direction) = self.ends.get_mut(chunk.from.index()) {
                    direction.has_begun = true;
                }
                Read::Took(len)
            }
            Some(sslv2::Hello::Server(certificate)) => {
                self.handshake.sslv2_server_hello(chunk.from, certificate, sheet);
                Read::Done
            }
            None => {
                sheet.anomaly("invalid_record");
                Read::Done
            }
        }
    }
}

#[cfg(test)]
mod tests;
