//! STUN and TURN: what an address looks like from outside, and who is relayed to whom.
//!
//! Sources: RFC 8489 (STUN), RFC 8656 (TURN), RFC 8445 (ICE), RFC 3489 (classic STUN). Requests and
//! answers are paired by their transaction; what is carried beside them (DTLS, media) is not read
//! here.

mod message;
mod parser;

use sekisho_model::app::{FactKind, FactRow};

use crate::app::parser::Parser;
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "stun",
    title: "STUN/TURN",
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[3478, 3479, 3480, 3481, 5349, 19302, 19305],
    kin: &["dtls", "rtp"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("trans_id", FactKind::Text, "トランザクション", "Transaction"),
    row("method", FactKind::Text, "方式", "Method"),
    row("class", FactKind::Text, "結果", "Class"),
    row("by_responder", FactKind::Flag, "応答側から", "From the responder"),
    row("classic", FactKind::Flag, "旧 STUN", "Classic STUN"),
    row(
        "client_software",
        FactKind::Text,
        "クライアントソフト",
        "Client software",
    ),
    row(
        "server_software",
        FactKind::Text,
        "サーバーソフト",
        "Server software",
    ),
    row("user_digest", FactKind::Text, "利用者の要約値", "User digest"),
    row("realm", FactKind::Text, "領域", "Realm"),
    row(
        "mapped_address",
        FactKind::Text,
        "外から見た宛先",
        "Mapped address",
    ),
    row("mapped_port", FactKind::Number, "外から見たポート", "Mapped port"),
    row(
        "relayed_address",
        FactKind::Text,
        "中継アドレス",
        "Relayed address",
    ),
    row("relayed_port", FactKind::Number, "中継ポート", "Relayed port"),
    row(
        "other_address",
        FactKind::Text,
        "代わりのサーバー",
        "Other server",
    ),
    row("other_port", FactKind::Number, "代わりのポート", "Other port"),
    row("peers.address", FactKind::Text, "相手アドレス", "Peer's address"),
    row("peers.port", FactKind::Number, "相手ポート", "Peer's port"),
    row("channel", FactKind::Number, "チャネル", "Channel"),
    row("lifetime", FactKind::Number, "有効秒数", "Lifetime in seconds"),
    row(
        "transport",
        FactKind::Number,
        "中継するプロトコル",
        "Transport that is relayed",
    ),
    row("ice_role", FactKind::Text, "ICE の役割", "ICE role"),
    row("nominated", FactKind::Flag, "ICE の選定", "ICE nomination"),
    row("error_code", FactKind::Number, "エラー番号", "Error code"),
    row("error_reason", FactKind::Text, "エラー理由", "Error reason"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let Some(header) = message::header(octets) else {
        let may_be = hint.transport == Transport::Tcp
            && octets.len() < message::HEADER_LEN
            && message::may_begin(octets);
        return if may_be { Probe::More } else { Probe::No };
    };
    let whole = header.len.saturating_add(message::HEADER_LEN);
    let fits = match hint.transport {
        Transport::Udp => whole == octets.len(),
        Transport::Tcp => true,
    };
    if header.has_cookie && (fits || whole > octets.len()) {
        Probe::Sure
    } else if fits && hint.transport == Transport::Udp && message::is_classic(&header, octets) {
        Probe::Likely
    } else {
        Probe::No
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(parser::Stun::new(start.transport))
}
