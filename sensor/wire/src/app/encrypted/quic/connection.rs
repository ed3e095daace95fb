//! One connection: opens Initial packets of both ends until both hellos are read.
//!
//! Memory: two handshake streams of at most 16 KiB and one datagram. A connection is given up after
//! [`MAX_DATAGRAMS`] datagrams without a whole hello, keys are derived at most [`MAX_DERIVED`] times,
//! and the server's hello is waited for [`AFTER_HELLO`] datagrams.

use arrayvec::ArrayVec;
use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::facts::{self, Looked};
use super::frame;
use super::google;
use super::header::{self, Kind, Long};
use super::keys::{Keys, Side};
use super::stream::Stream;
use super::version::Version;
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Datagrams that are looked at for a hello.
const MAX_DATAGRAMS: u16 = 32;
/// Datagrams after the client's hello that may bring the server's.
const AFTER_HELLO: u16 = 12;
/// Datagrams without any long header that are looked at.
const MAX_SHORT: u16 = 6;
/// Times that keys are derived: a client's first ID, another after a Retry, another version.
const MAX_DERIVED: u8 = 8;
/// Packets of one datagram.
const MAX_COALESCED: usize = 8;
/// Letters of the history.
const MAX_HISTORY: usize = 32;
/// Versions of a server's list that are kept.
const MAX_VERSIONS: usize = 16;

type Id = ArrayVec<u8, 20>;

#[derive(Default)]
pub(super) struct Connection {
    began: Option<Timestamp>,
    /// Which end is the client, once a packet of its was opened, and the ID that its keys are of.
    client: Option<(End, Id)>,
    /// Keys of client and server, with the version they are for.
    keys: [Option<(Version, Keys)>; 2],
    derived: u8,
    streams: [Stream; 2],
    /// What was opened last.
    opened: Vec<u8>,
    /// The version of the last packet that was opened, else of the first one seen.
    version: Option<Version>,
    history: String,
    datagrams: u16,
    /// Datagrams since the client's hello was whole.
    since_hello: Option<u16>,
    has_server_hello: bool,
    short: Short,
    facts: Facts,
    is_written: bool,
}

/// What packets with short headers look like, where nothing else came.
#[derive(Default)]
struct Short {
    seen: u16,
    /// First octet of the first one of each end.
    first: [Option<u8>; 2],
    /// Whether a later one's differs: header protection makes it look random.
    varies: bool,
    /// Whether something came that is no packet.
    is_other: bool,
}

impl Parser for Connection {
    fn held(&self) -> usize {
        let [orig, resp] = &self.streams;
        let streams = orig.room().saturating_add(resp.room());
        streams
            .saturating_add(self.opened.capacity())
            .saturating_add(self.facts.held())
            .saturating_add(self.history.capacity())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.began.get_or_insert(chunk.at);
        self.datagrams = self.datagrams.saturating_add(1);
        if let Some(since) = &mut self.since_hello {
            *since = since.saturating_add(1);
        }
        if let Some(version) = google::version(chunk.octets) {
            return self.google(version, chunk, sheet);
        }
        let Some(first) = chunk.octets.first() else {
            return Read::Took(0);
        };
        if header::is_long(*first) {
            self.datagram(chunk, sheet);
        } else if self.version.is_none() {
            return self.short.look(chunk.from, *first);
        }
        self.go_on(chunk, sheet)
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.write(sheet);
    }
}

impl Connection {
    /// Reads the packets of one datagram.
    fn datagram(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        let mut rest = chunk.octets;
        for _ in 0..MAX_COALESCED {
            let Some(long) = rest
                .first()
                .filter(|first| header::is_long(**first))
                .and_then(|_| header::long(rest, chunk.cut))
            else {
                return;
            };
            self.packet(chunk.from, &long, sheet);
            rest = long.rest;
        }
    }

    fn packet(&mut self, from: End, long: &Long<'_>, sheet: &mut Sheet<'_>) {
        match long.kind {
            Kind::Initial => {
                self.version.get_or_insert(long.version);
                self.note(from, 'i');
                self.initial(from, long, sheet);
            }
            Kind::ZeroRtt => {
                self.version.get_or_insert(long.version);
                self.note(from, 'z');
            }
            Kind::Handshake => {
                self.version.get_or_insert(long.version);
                self.note(from, 'h');
            }
            Kind::Retry => {
                self.version.get_or_insert(long.version);
                self.note(from, 'r');
            }
            Kind::VersionNegotiation => {
                let versions: Vec<String> = long.versions().take(MAX_VERSIONS).map(Version::name).collect();
                self.facts.put("server_versions", versions);
                self.note(from, 'v');
            }
            Kind::Unknown => {
                self.version.get_or_insert(long.version);
                self.note(from, 'u');
            }
        }
    }

    /// Adds what was seen to the history: small letters for the responder, as Zeek writes them.
    fn note(&mut self, from: End, letter: char) {
        if self.history.len() < MAX_HISTORY {
            self.history.push(match from {
                End::Orig => letter.to_ascii_uppercase(),
                End::Resp => letter,
            });
        }
    }

    fn initial(&mut self, from: End, long: &Long<'_>, sheet: &mut Sheet<'_>) {
        let Some(side) = self.open(from, long) else {
            return;
        };
        self.version = Some(long.version);
        if long.version.speaks_google() {
            self.google_in(long.version, sheet);
            return;
        }
        let [client, server] = &mut self.streams;
        let stream = match side {
            Side::Client => client,
            Side::Server => server,
        };
        let mut is_taken = true;
        let frames = frame::walk(&self.opened, long.cut > 0, |offset, octets| {
            is_taken &= stream.take(offset, octets);
        });
        if !is_taken {
            sheet.partial();
        }
        if !frames.is_sound {
            sheet.anomaly("bad_frame");
        }
        if frames.closes {
            self.note(from, 'c');
        }
        match side {
            Side::Client => {
                self.facts.put("client_scid", text::hex(long.scid));
                self.client_hello(from, sheet);
            }
            Side::Server => {
                self.facts.put("server_scid", text::hex(long.scid));
                self.server_hello(from, sheet);
            }
        }
    }

    /// Opens an Initial packet with the keys at hand, or with new ones where they may have changed.
    fn open(&mut self, from: End, long: &Long<'_>) -> Option<Side> {
        let Some((client, id)) = self.client.clone() else {
            return self.open_anew(from, long);
        };
        let side = if from == client {
            Side::Client
        } else {
            Side::Server
        };
        if self.open_with(side, &id, long) {
            return Some(side);
        }
        // A Retry has put another ID in the place of the first one.
        (side == Side::Client && long.dcid != &id[..])
            .then(|| self.open_anew(from, long))
            .flatten()
    }

    /// Opens it as the client's, with keys of its own destination.
    fn open_anew(&mut self, from: End, long: &Long<'_>) -> Option<Side> {
        let id = Id::try_from(long.dcid).ok()?;
        let keys = self.derive(long.version, &id, Side::Client)?;
        if !self.opens(&keys, long) {
            return None;
        }
        if self.client.is_none() {
            self.facts.put("client_initial_dcid", text::hex(&id));
        }
        self.client = Some((from, id));
        self.keys = [Some((long.version, keys)), None];
        Some(Side::Client)
    }

    fn open_with(&mut self, side: Side, id: &Id, long: &Long<'_>) -> bool {
        let [client, server] = &mut self.keys;
        let slot = match side {
            Side::Client => client,
            Side::Server => server,
        };
        let keys = match slot.take() {
            Some((version, keys)) if version == long.version => Some(keys),
            _ => self.derive(long.version, id, side),
        };
        let Some(keys) = keys else { return false };
        let opens = self.opens(&keys, long);
        let [client, server] = &mut self.keys;
        let slot = match side {
            Side::Client => client,
            Side::Server => server,
        };
        *slot = Some((long.version, keys));
        opens
    }

    fn derive(&mut self, version: Version, id: &Id, side: Side) -> Option<Keys> {
        self.derived = self
            .derived
            .checked_add(1)
            .filter(|count| *count <= MAX_DERIVED)?;
        Keys::derive(version.protection()?, id, side)
    }

    /// Opens a packet into `opened`. One that was cut off has no tag: its frames must be sound.
    fn opens(&mut self, keys: &Keys, long: &Long<'_>) -> bool {
        keys.open(long, &mut self.opened)
            && (long.cut == 0 || frame::walk(&self.opened, true, |_, _| {}).is_sound)
    }

    fn client_hello(&mut self, from: End, sheet: &mut Sheet<'_>) {
        if self.since_hello.is_some() {
            return;
        }
        let [stream, _] = &self.streams;
        match facts::client(stream, &mut self.facts, sheet) {
            Looked::Waits => return,
            Looked::Read => self.note(from, 's'),
            Looked::Broken => sheet.anomaly("bad_client_hello"),
        }
        self.since_hello = Some(0);
    }

    fn server_hello(&mut self, from: End, sheet: &mut Sheet<'_>) {
        if self.has_server_hello {
            return;
        }
        let [_, stream] = &self.streams;
        match facts::server(stream, &mut self.facts, sheet) {
            Looked::Waits => return,
            Looked::Read => self.note(from, 's'),
            Looked::Broken => sheet.anomaly("bad_server_hello"),
        }
        self.has_server_hello = true;
    }

    /// A packet of Google's in clear.
    fn google(&mut self, version: Version, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.version.is_none() {
            self.version = Some(version);
        }
        if let Some(hello) = google::hello(chunk.octets) {
            facts::google(&hello, version, &mut self.facts, sheet);
            self.since_hello = Some(0);
            self.has_server_hello = true;
        }
        self.go_on(chunk, sheet)
    }

    /// Google's hello in a packet that was opened.
    fn google_in(&mut self, version: Version, sheet: &mut Sheet<'_>) {
        if let Some(hello) = google::hello(&self.opened) {
            facts::google(&hello, version, &mut self.facts, sheet);
            self.since_hello = Some(0);
            self.has_server_hello = true;
        }
    }

    /// Whether anything more may come.
    fn go_on(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let is_over = match self.since_hello {
            Some(since) => self.has_server_hello || since >= AFTER_HELLO,
            None => self.datagrams >= MAX_DATAGRAMS,
        };
        if is_over {
            self.write(sheet);
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }

    /// Writes the one transaction, with what was read by now.
    fn write(&mut self, sheet: &mut Sheet<'_>) {
        let (Some(version), Some(at), false) = (self.version, self.began, self.is_written) else {
            return;
        };
        self.is_written = true;
        if self.since_hello.is_none() {
            let [client, _] = &self.streams;
            facts::client_in_part(client, &mut self.facts, sheet);
            sheet.partial();
        }
        let name = version.name();
        sheet.essential(Essential::Version, name.as_str(), "quic.version");
        let mut facts = Facts::new();
        facts.put("version", name);
        facts.put_all(&self.facts);
        if !self.history.is_empty() {
            facts.put("history", self.history.as_str());
        }
        sheet.transaction(at, facts);
    }
}

impl Short {
    /// Looks at a packet with a short header of which nothing but the first octet can be judged.
    fn look(&mut self, from: End, first: u8) -> Read {
        self.seen = self.seen.saturating_add(1);
        self.is_other |= first & 0x40 == 0;
        if let Some(seen) = self.first.get_mut(from.index()) {
            self.varies |= *seen.get_or_insert(first) != first;
        }
        if self.seen < MAX_SHORT {
            return Read::Took(usize::MAX);
        }
        if self.varies && !self.is_other {
            Read::Done
        } else {
            Read::NotMine
        }
    }
}
