//! QUIC: which server is asked for, by which client, from the Initial packets that anyone can open.
//!
//! Sources: RFC 8999, 9000, 9001 and 9369, the drafts 23 to 34, and Google's versions. What follows
//! the hellos is encrypted with keys that nobody but the two ends has; nothing of it is read.

mod connection;
mod facts;
mod frame;
mod google;
mod header;
mod keys;
#[cfg(test)]
mod rfc;
mod stream;
#[cfg(test)]
mod tests;
mod version;

use sekisho_model::app::{FactKind, FactRow};

use crate::app::parser::Parser;
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use connection::Connection;
use header::{Kind, Long};

/// Octets of the smallest datagram that may begin a connection (RFC 9000 section 14.1).
const MIN_FIRST: usize = 1200;
/// Octets of the smallest packet with a short header that is worth a look.
const MIN_SHORT: usize = 21;
/// The snap length may have cut so much off a datagram that a probe is shown.
const MAX_CUT: usize = 64 * 1024;
/// Versions of one negotiation that a server may list.
const MAX_VERSIONS: usize = 64;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "quic",
    title: "QUIC",
    transports: &[Transport::Udp],
    ports: &[443, 784, 853, 8853],
    kin: &["dtls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Text, "版", "Version"),
    row("sni", FactKind::Text, "サーバー名 (SNI)", "Server name (SNI)"),
    row("ua", FactKind::Text, "利用者エージェント", "User agent"),
    row("client_alpns", FactKind::Text, "提示 ALPN", "Offered ALPN"),
    row("ja3.hash", FactKind::Text, "JA3", "JA3"),
    row("ja3.string", FactKind::Text, "JA3 の元", "JA3 string"),
    row("ja3s.hash", FactKind::Text, "JA3S", "JA3S"),
    row("ja3s.string", FactKind::Text, "JA3S の元", "JA3S string"),
    row("ja4", FactKind::Text, "JA4", "JA4"),
    row("cyu.hash", FactKind::Text, "CYU", "CYU"),
    row("cyu.string", FactKind::Text, "CYU の元", "CYU string"),
    row(
        "ech",
        FactKind::Flag,
        "名前の暗号化 (ECH)",
        "Encrypted Client Hello",
    ),
    row("tls_version", FactKind::Text, "TLS の版", "TLS version"),
    row("cipher", FactKind::Text, "暗号スイート", "Cipher suite"),
    row(
        "client_initial_dcid",
        FactKind::Text,
        "最初の宛先接続 ID",
        "First destination connection ID",
    ),
    row(
        "client_scid",
        FactKind::Text,
        "クライアントの接続 ID",
        "Client's connection ID",
    ),
    row(
        "server_scid",
        FactKind::Text,
        "サーバーの接続 ID",
        "Server's connection ID",
    ),
    row(
        "server_versions",
        FactKind::Text,
        "サーバーの版一覧",
        "Server's versions",
    ),
    row("history", FactKind::Text, "経過", "History"),
];

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Connection::default())
}

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let Some(first) = octets.first() else {
        return Probe::No;
    };
    if google::version(octets).is_some() {
        return Probe::Sure;
    }
    if !header::is_long(*first) {
        // Nothing but one bit is told by the octets.
        let may_be = first & 0x40 != 0 && octets.len() >= MIN_SHORT;
        return if may_be { Probe::Likely } else { Probe::No };
    }
    match header::long(octets, MAX_CUT) {
        Some(long) => judge(&long, octets.len()),
        None => Probe::No,
    }
}

fn judge(long: &Long<'_>, len: usize) -> Probe {
    match long.kind {
        Kind::VersionNegotiation => {
            let count = long.versions().count();
            let knows = long
                .versions()
                .any(|version| version.shape().is_some() || version.is_reserved());
            let is_list = long.packet.len().saturating_sub(long.number_at).is_multiple_of(4);
            if is_list && knows && count <= MAX_VERSIONS && !long.dcid.is_empty() | !long.scid.is_empty() {
                Probe::Sure
            } else {
                Probe::No
            }
        }
        Kind::Unknown if long.version.is_reserved() && len >= MIN_FIRST => Probe::Likely,
        Kind::Unknown => Probe::No,
        // Version 1 says little by its number: the lengths must say the rest.
        Kind::Retry if long.version.0 == 1 => Probe::Likely,
        Kind::Retry => Probe::Sure,
        Kind::Initial | Kind::ZeroRtt | Kind::Handshake => {
            let follows = match long.rest.first() {
                None | Some(0) => true,
                Some(first) if header::is_long(*first) => {
                    long.rest.get(1..5) == Some(&long.version.0.to_be_bytes()[..])
                }
                Some(first) => first & 0x40 != 0,
            };
            let is_whole = long.cut == 0 || long.cut.saturating_add(len) <= 1500;
            if follows && is_whole {
                Probe::Sure
            } else {
                Probe::Likely
            }
        }
    }
}
