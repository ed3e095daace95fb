//! What a handshake says, gathered message by message until nothing more of it is in clear.
//!
//! TLS and DTLS write the same facts under their own names. A hello that is answered with
//! `HelloRetryRequest` is a transaction of its own, since the one that the client sends next differs;
//! the flow is named by the first.

use sekisho_model::Timestamp;
use sekisho_model::app::{Below, Essential, Fact, Facts};

use super::certificate;
use super::hello::{ClientHello, SERVER_NAME, ServerHello, is_grease};
use super::{facts, words};
use crate::app::held::Held;
use crate::app::parser::End;
use crate::app::sheet::Sheet;
use crate::app::text;
use crate::fingerprint::ja3::Ja3;
use crate::fingerprint::ja4::Carrier;
use crate::fingerprint::{self, gathered};

/// Facts of a usual handshake, and octets of their words: the JA3 strings are long.
const USUAL: usize = 24;
const USUAL_TEXT: usize = 768;
/// Application protocols of an offer that are kept.
const MAX_ALPNS: usize = 16;
/// Characters of a JA3 string that are kept; its hash is of the whole.
const MAX_JA3: usize = 4096;
/// Cipher suites of an offer that are remembered until the server's choice is known.
const MAX_CIPHERS: usize = 512;
/// Extensions of a hello that are looked at for repetition.
const MAX_EXTENSIONS: usize = 256;
/// Last octets of a server's `random` that say it could have spoken TLS 1.3, or TLS 1.2 (RFC 8446
/// section 4.1.3).
const DOWNGRADED: [[u8; 8]; 2] = [*b"DOWNGRD\x01", *b"DOWNGRD\x00"];

/// One handshake.
pub(in crate::app::encrypted) struct Handshake {
    carrier: Carrier,
    from: &'static facts::Sources,
    begun: Option<Timestamp>,
    facts: Facts,
    client: Option<End>,
    /// Whether the client's hello was answered with `HelloRetryRequest`, once (RFC 8446 section
    /// 4.1.4), and the next is still to come.
    is_refused: Option<bool>,
    /// Anomalies that were noted, each once.
    noted: Vec<&'static str>,
    offer: Option<Offer>,
    server: Server,
}

/// What the server's choice is compared with.
struct Offer {
    ciphers: Vec<u16>,
    best_version: u16,
    session: Vec<u8>,
    has_psk: bool,
    has_early_data: bool,
}

/// What was seen of the server.
#[derive(Default)]
struct Server {
    has_said_hello: bool,
    version: u16,
    /// Whether it sent what only a handshake from scratch has: certificate, key or end of its part.
    is_full: bool,
    has_certificate: bool,
}

impl Handshake {
    pub(in crate::app::encrypted) fn new(carrier: Carrier, from: &'static facts::Sources) -> Self {
        Self {
            carrier,
            from,
            begun: None,
            facts: Facts::new(),
            client: None,
            is_refused: None,
            noted: Vec::new(),
            offer: None,
            server: Server::default(),
        }
    }

    /// Octets that it holds besides its own size.
    pub(in crate::app::encrypted) fn held(&self) -> usize {
        let offer = self.offer.as_ref().map_or(0, |offer| {
            size_of_val(offer.ciphers.as_slice()).saturating_add(offer.session.len())
        });
        self.facts
            .held()
            .saturating_add(size_of_val(self.noted.as_slice()))
            .saturating_add(offer)
    }

    /// Whether one end is the server, as far as the messages or else the direction say.
    pub(in crate::app::encrypted) fn is_server(&self, end: End) -> bool {
        self.client.map_or(end == End::Resp, |client| client != end)
    }

    /// Whether a server's hello that decides was read.
    pub(in crate::app::encrypted) const fn is_answered(&self) -> bool {
        self.server.has_said_hello
    }

    /// Whether the server's chain was seen.
    pub(in crate::app::encrypted) const fn has_certificate(&self) -> bool {
        self.server.has_certificate
    }

    /// Whether what follows the server's hello is encrypted.
    pub(in crate::app::encrypted) const fn is_tls13(&self) -> bool {
        self.server.has_said_hello && words::is_tls13(self.server.version)
    }

    /// Whether the client sends data before the server's hello.
    pub(in crate::app::encrypted) fn has_early_data(&self) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.has_early_data)
    }

    /// Notes an anomaly, unless it was noted before.
    pub(in crate::app::encrypted) fn note(&mut self, event: &'static str, sheet: &mut Sheet<'_>) {
        if !self.noted.contains(&event) {
            self.noted.push(event);
            sheet.anomaly(event);
        }
    }

    /// Begins at this packet, unless it has begun.
    pub(in crate::app::encrypted) fn begin(&mut self, sheet: &Sheet<'_>) -> &mut Facts {
        self.begun.get_or_insert(sheet.at());
        &mut self.facts
    }

    /// Reads a client's hello.
    pub(in crate::app::encrypted) fn client_hello(
        &mut self,
        from: End,
        hello: Option<&ClientHello<'_>>,
        sheet: &mut Sheet<'_>,
    ) {
        if self.is_refused == Some(true) {
            self.is_refused = Some(false);
            self.write(sheet);
            self.offer = None;
        }
        self.begin(sheet);
        self.client = Some(from);
        let Some(hello) = hello else {
            sheet.anomaly("invalid_client_hello");
            return;
        };
        if self.offer.is_some() {
            return;
        }
        if self.facts.is_empty() {
            self.facts = Facts::with_room_for_words(USUAL, USUAL_TEXT);
        }
        let fingerprints = fingerprint::of_client(hello, self.carrier);
        let (ja3, ja4) = (&fingerprints.ja3, fingerprints.ja4.as_str());
        let best_version = hello.best_version();
        for event in faults(hello).into_iter().flatten() {
            self.note(event, sheet);
        }
        if let Some(sni) = hello.sni().filter(|sni| !sni.is_empty()) {
            let sni = text::shown(sni, text::MAX);
            sheet.essential(Essential::ServerName, &sni, self.from.sni);
            self.facts.put("sni", sni);
        }
        sheet.essential(Essential::Ja3, ja3.hash.as_str(), self.from.ja3);
        sheet.essential(Essential::Ja4, ja4, self.from.ja4);
        self.facts
            .put("client_version", &*words::version(best_version))
            .put_group("ja3", |group| add_ja3(group, ja3))
            .put("ja4", ja4)
            .put_list("client_alpns", |list| alpns(list, hello));
        for (key, is_there) in [("ech", hello.has_ech()), ("early_data", hello.has_early_data())] {
            if is_there {
                self.facts.put(key, true);
            }
        }
        self.offer = Some(Offer {
            ciphers: hello.ciphers().take(MAX_CIPHERS).collect(),
            best_version,
            session: hello.session_id.to_vec(),
            has_psk: hello.has_psk(),
            has_early_data: hello.has_early_data(),
        });
    }

    /// Reads what there is of a client's hello of which the capture lacks the rest. Its fingerprints
    /// are those of the whole, so there are none.
    pub(in crate::app::encrypted) fn cut_client_hello(
        &mut self,
        from: End,
        body: &[u8],
        sheet: &mut Sheet<'_>,
    ) {
        let Some(hello) = ClientHello::parse_cut(body).filter(|_| self.offer.is_none()) else {
            return;
        };
        self.begin(sheet);
        self.client = Some(from);
        if let Some(sni) = hello.sni().filter(|sni| !sni.is_empty()) {
            let sni = text::shown(sni, text::MAX);
            sheet.essential(Essential::ServerName, &sni, self.from.sni);
            self.facts.put("sni", sni);
        }
        let version = hello.supported_versions().next().map(|_| hello.best_version());
        self.facts.put_some("client_version", version.map(words::version));
        self.facts.put_list("client_alpns", |list| alpns(list, &hello));
        self.facts.put("cut", true);
    }

    /// Reads a server's hello.
    pub(in crate::app::encrypted) fn server_hello(
        &mut self,
        from: End,
        hello: Option<&ServerHello<'_>>,
        sheet: &mut Sheet<'_>,
    ) {
        self.begin(sheet);
        self.client = Some(from.other());
        let Some(hello) = hello else {
            sheet.anomaly("invalid_server_hello");
            return;
        };
        if hello.is_retry() {
            self.hello_retry(sheet);
            return;
        }
        if self.server.has_said_hello {
            return;
        }
        let version = hello.chosen_version();
        self.server.has_said_hello = true;
        self.server.version = version;
        let ja3s = fingerprint::of_server(hello);
        self.version(version, sheet);
        sheet.essential(Essential::Ja3s, ja3s.hash.as_str(), self.from.ja3s);
        self.facts
            .put("cipher", &*words::cipher(hello.cipher))
            .put_group("ja3s", |group| add_ja3(group, &ja3s))
            .put_some("curve", hello.group().map(words::group));
        if let Some(alpn) = hello.alpn() {
            let alpn = text::shown(alpn, text::MAX);
            sheet.essential(Essential::Alpn, &alpn, self.from.server_alpn);
            self.facts.put("server_alpn", alpn);
        }
        let mut faults = [None; 2];
        if let Some(offer) = &self.offer {
            let is_psk = hello.has_psk() && offer.has_psk;
            let is_same = !words::is_tls13(version)
                && !hello.session_id.is_empty()
                && hello.session_id == offer.session;
            if is_psk || is_same {
                self.facts.put("session_resumed", true);
            }
            faults = offer.faults(hello, version);
        }
        for event in faults.into_iter().flatten() {
            self.note(event, sheet);
        }
    }

    /// The server wants another hello.
    pub(in crate::app::encrypted) fn hello_retry(&mut self, sheet: &Sheet<'_>) {
        self.begin(sheet).put("hello_retry", true);
        self.is_refused.get_or_insert(true);
    }

    /// Notes a client's hello in the form of SSL 2.0.
    pub(super) fn sslv2_client_hello(&mut self, from: End, version: u16, sheet: &Sheet<'_>) {
        self.client = Some(from);
        self.begin(sheet).put("client_version", &*words::version(version));
    }

    /// Notes that SSL 2.0 is spoken, and with which certificate.
    pub(super) fn sslv2_server_hello(&mut self, from: End, certificate: &[u8], sheet: &mut Sheet<'_>) {
        self.client = Some(from.other());
        self.begin(sheet);
        self.version(0x0002, sheet);
        if !certificate.is_empty() {
            self.certificate(from, certificate, sheet);
        }
    }

    /// Notes the version that is spoken.
    fn version(&mut self, version: u16, sheet: &mut Sheet<'_>) {
        let version = words::version(version);
        sheet.essential(Essential::Version, &*version, self.from.version);
        self.facts.put("version", &*version);
    }

    /// Reads a message that carries a chain of certificates (RFC 5246 section 7.4.2).
    pub(in crate::app::encrypted) fn chain(&mut self, from: End, body: &[u8], sheet: &mut Sheet<'_>) {
        self.begin(sheet);
        let chain = || Chain(body.get(3..).unwrap_or_default());
        let Some(first) = chain().next() else {
            // A client that has none sends an empty list.
            if self.is_server(from) || body != [0; 3] {
                sheet.anomaly("invalid_certificate");
            }
            return;
        };
        if self.is_server(from) {
            self.facts.put("chain_length", chain().count() as u64);
        }
        self.certificate(from, first, sheet);
    }

    /// Reads one end's certificate.
    pub(in crate::app::encrypted) fn certificate(&mut self, from: End, der: &[u8], sheet: &mut Sheet<'_>) {
        self.begin(sheet);
        let certificate = certificate::read(der);
        if certificate.names.is_none() {
            sheet.anomaly("invalid_certificate");
        }
        if certificate.is_cut {
            sheet.partial();
        }
        if !self.is_server(from) {
            let mut facts = certificate.facts.clone();
            facts.put("sha256", certificate.sha256.as_str());
            self.facts.put("client", facts);
            return;
        }
        self.server.is_full = true;
        self.server.has_certificate = true;
        if let Some([subject, issuer]) = &certificate.names {
            sheet.essential(Essential::CertificateSubject, subject, self.from.subject);
            sheet.essential(Essential::CertificateIssuer, issuer, self.from.issuer);
        }
        sheet.essential(
            Essential::CertificateSha256,
            &certificate.sha256,
            self.from.certificate_sha256,
        );
        self.facts.put_all(&certificate.facts);
        self.facts.put("certificate", &certificate.more);
    }

    /// Reads a server's part of the key exchange: the curve that it names (RFC 8422 section 5.4).
    pub(in crate::app::encrypted) fn server_key_exchange(&mut self, body: &[u8]) {
        self.server.is_full = true;
        if let [3, high, low, ..] = body
            && let Some(cipher) = self.facts.text("cipher")
            && (cipher.contains("_ECDHE_") || cipher.contains("_ECDH_anon_"))
        {
            let group = u16::from_be_bytes([*high, *low]);
            self.facts.put("curve", words::group(group).into_owned());
        }
    }

    /// The server's part is over, and it was not that of a resumed session.
    pub(in crate::app::encrypted) const fn server_hello_done(&mut self) {
        self.server.is_full = true;
    }

    /// One end encrypts from here (TLS 1.2 and before). A server that does so right after its hello
    /// takes up an earlier session.
    pub(in crate::app::encrypted) fn is_encrypted_from(&mut self, from: End) {
        if self.is_server(from) && self.server.has_said_hello && !self.server.is_full {
            self.facts.put("session_resumed", true);
        }
    }

    /// Reads an alert in clear.
    pub(in crate::app::encrypted) fn alert(&mut self, from: End, body: &[u8], sheet: &mut Sheet<'_>) {
        let &[level @ 1..=2, description] = body else {
            sheet.anomaly("invalid_alert");
            return;
        };
        let mut alert = Facts::new();
        alert
            .put("level", if level == 2 { "fatal" } else { "warning" })
            .put("description", &*words::alert(description))
            .put("by", if self.is_server(from) { "server" } else { "client" });
        self.begin(sheet).put("alert", alert);
    }

    /// Writes what is known, once.
    pub(in crate::app::encrypted) fn write(&mut self, sheet: &mut Sheet<'_>) {
        let Some(at) = self.begun.take() else {
            return;
        };
        // What a server chose is encrypted in TLS 1.3; an offer of one leaves it no choice.
        if let Some(Fact::List(offer)) = self.facts.get("client_alpns")
            && let (Some(Fact::Text(alpn)), 1) = (offer.iter().next(), offer.len())
        {
            sheet.essential(Essential::Alpn, alpn, self.from.client_alpns);
        }
        let facts = std::mem::take(&mut self.facts);
        if !facts.is_empty() {
            sheet.transaction(at, facts);
        }
    }
}

impl Offer {
    /// A server that chooses what was not offered, or an older version than both ends speak, is
    /// not the one that the client wanted to talk to, or someone stands between them.
    fn faults(&self, hello: &ServerHello<'_>, version: u16) -> [Option<&'static str>; 2] {
        let [from_13, from_12] = DOWNGRADED.map(|mark| hello.random.ends_with(&mark));
        let is_downgraded = from_13 && self.best_version == 0x0304 && version < 0x0304
            || from_12 && (0x0303..=0x0304).contains(&self.best_version) && version < 0x0303;
        let is_whole = self.ciphers.len() < MAX_CIPHERS;
        let is_foreign = is_whole && !self.ciphers.is_empty() && !self.ciphers.contains(&hello.cipher);
        [
            is_downgraded.then_some("version_downgrade"),
            is_foreign.then_some("cipher_not_offered"),
        ]
    }
}

/// Certificates after one another, each with a length of three octets before it.
struct Chain<'a>(&'a [u8]);

impl<'a> Iterator for Chain<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (&[high, middle, low], rest) = self.0.split_first_chunk::<3>()?;
        let len = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
        let (certificate, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(certificate)
    }
}

/// What a client's hello must not have: two names, an extension twice.
fn faults(hello: &ClientHello<'_>) -> [Option<&'static str>; 2] {
    let kinds = hello.extensions().take(MAX_EXTENSIONS);
    let kinds = kinds
        .map(|extension| extension.kind)
        .filter(|kind| !is_grease(*kind));
    let mut kinds: Vec<u16> = gathered(kinds);
    kinds.sort_unstable();
    let twice = |wanted: Option<u16>| {
        kinds
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b && wanted.is_none_or(|wanted| wanted == *a)))
    };
    let has_two_names = hello.names().nth(1).is_some() || twice(Some(SERVER_NAME));
    [
        has_two_names.then_some("several_server_names"),
        twice(None).then_some("extension_repeated"),
    ]
}

fn add_ja3(group: &mut Below<'_>, ja3: &Ja3) {
    group
        .add("hash", ja3.hash.as_str())
        .add("string", text::shown(ja3.string.as_bytes(), MAX_JA3));
}

fn alpns(list: &mut Below<'_>, hello: &ClientHello<'_>) {
    for alpn in hello.alpn().take(MAX_ALPNS) {
        list.add("", text::shown(alpn, text::MAX));
    }
}
