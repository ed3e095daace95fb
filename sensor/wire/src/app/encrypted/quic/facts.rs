//! What a connection is known by, as facts.

use sekisho_model::app::{Below, Essential, Facts};

use super::google;
use super::stream::Stream;
use super::version::Version;
use crate::app::encrypted::tls::hello::{ClientHello, ServerHello};
use crate::app::sheet::Sheet;
use crate::app::text;
use crate::fingerprint::ja3::Ja3;
use crate::fingerprint::ja4::Carrier;
use crate::fingerprint::{self, Client};

/// Handshake types of TLS.
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// Application protocols of one hello that are kept.
const MAX_ALPNS: usize = 16;
/// A hello that is not whole is filled up to at most so many octets.
const MAX_FILLED: usize = super::stream::MAX_OCTETS;

/// What came of looking for a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Octets are missing.
    Waits,
    /// It was read.
    Read,
    /// What is there is no hello.
    Broken,
}

/// Reads the client's hello of TLS, when it is whole.
pub(super) fn client(stream: &Stream, facts: &mut Facts, sheet: &mut Sheet<'_>) -> Looked {
    let Some((kind, body)) = stream.message() else {
        let is_other = stream.prefix().first().is_some_and(|kind| *kind != CLIENT_HELLO);
        return if is_other { Looked::Broken } else { Looked::Waits };
    };
    let Some(hello) = ClientHello::parse(body).filter(|_| kind == CLIENT_HELLO) else {
        return Looked::Broken;
    };
    names(&hello, facts, sheet);
    let Client { ja3, ja4 } = &*fingerprint::of_client(&hello, Carrier::Quic);
    sheet.essential(Essential::Ja3, ja3.hash.as_str(), "quic.ja3.hash");
    facts.put_group("ja3", |group| add_ja3(group, ja3));
    sheet.essential(Essential::Ja4, ja4.as_str(), "quic.ja4");
    facts.put("ja4", ja4.as_str());
    if hello.has_ech() {
        facts.put("ech", true);
    }
    Looked::Read
}

/// Reads from a hello that will not become whole what stands before the first missing octet. No
/// fingerprint is made of it.
pub(super) fn client_in_part(stream: &Stream, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let Some((CLIENT_HELLO, len, body)) = stream.begun() else {
        return;
    };
    if len > MAX_FILLED {
        return;
    }
    // Zeros stand for an extension without data, again and again.
    let mut filled = body.to_vec();
    filled.resize(len, 0);
    if let Some(hello) = ClientHello::parse(&filled) {
        names(&hello, facts, sheet);
    }
}

fn names(hello: &ClientHello<'_>, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let is_whole = |name: &&[u8]| !name.is_empty() && !name.contains(&0);
    if let Some(sni) = hello.sni().filter(is_whole) {
        let sni = text::of(sni);
        sheet.essential(Essential::ServerName, sni.clone(), "quic.sni");
        facts.put("sni", sni);
    }
    let alpns: Vec<Box<str>> = hello
        .alpn()
        .filter(is_whole)
        .take(MAX_ALPNS)
        .map(text::of)
        .collect();
    if let Some(first) = alpns.first() {
        sheet.essential(Essential::Alpn, first.clone(), "quic.client_alpns");
        facts.put("client_alpns", alpns);
    }
}

/// Reads the server's hello of TLS, when it is whole.
pub(super) fn server(stream: &Stream, facts: &mut Facts, sheet: &mut Sheet<'_>) -> Looked {
    let Some((kind, body)) = stream.message() else {
        return Looked::Waits;
    };
    let Some(hello) = ServerHello::parse(body).filter(|_| kind == SERVER_HELLO) else {
        return Looked::Broken;
    };
    let version = hello.chosen_version();
    let version = match version {
        0x0304 => "TLS 1.3".to_owned(),
        other => format!("0x{other:04x}"),
    };
    facts
        .put("tls_version", version)
        .put("cipher", cipher(hello.cipher));
    let ja3s = fingerprint::of_server(&hello);
    sheet.essential(Essential::Ja3s, ja3s.hash.as_str(), "quic.ja3s.hash");
    facts.put_group("ja3s", |group| add_ja3(group, &ja3s));
    Looked::Read
}

fn add_ja3(group: &mut Below<'_>, ja3: &Ja3) {
    group
        .add("hash", ja3.hash.as_str())
        .add("string", ja3.string.as_str());
}

/// The suites of TLS 1.3, the only ones in QUIC (RFC 8446 appendix B.4).
fn cipher(number: u16) -> String {
    match number {
        0x1301 => "TLS_AES_128_GCM_SHA256".to_owned(),
        0x1302 => "TLS_AES_256_GCM_SHA384".to_owned(),
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256".to_owned(),
        0x1304 => "TLS_AES_128_CCM_SHA256".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

/// Puts what Google's hello says.
pub(super) fn google(hello: &google::Hello<'_>, version: Version, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    if let Some(sni) = hello.sni.map(text::of) {
        sheet.essential(Essential::ServerName, sni.clone(), "quic.sni");
        facts.put("sni", sni);
    }
    if let Some(ua) = hello.ua.map(text::of) {
        sheet.essential(Essential::ClientSoftware, ua.clone(), "quic.ua");
        facts.put("ua", ua);
    }
    let (string, hash) = hello.cyu(version);
    let mut fingerprint = Facts::new();
    fingerprint.put("hash", hash).put("string", string);
    facts.put("cyu", vec![fingerprint]);
    if hello.is_cut {
        sheet.partial();
    }
}
