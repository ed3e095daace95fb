//! IKE, the key exchange of IPsec: versions, proposals, what was chosen, and who made it. And ESP in
//! UDP, which follows it.
//!
//! Sources: RFC 7296 (version 2), RFC 2408 and 2409 (version 1), RFC 3948 (NAT traversal). Messages
//! of an exchange are paired; what is encrypted stays closed.

mod esp;
mod exchange;
mod message;
mod register;

pub(super) use esp::PROTOCOL as ESP;

use sekisho_model::app::{FactKind, FactRow};

use crate::app::parser::Parser;
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ike",
    title: "IKE",
    transports: &[Transport::Udp],
    ports: &[500, 4500],
    kin: &["esp"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version_major", FactKind::Number, "版 (主)", "Major version"),
    row("version_minor", FactKind::Number, "版 (副)", "Minor version"),
    row("init_spi", FactKind::Text, "開始側 SPI", "Initiator's SPI"),
    row("resp_spi", FactKind::Text, "応答側 SPI", "Responder's SPI"),
    row("message_id", FactKind::Number, "メッセージ番号", "Message ID"),
    row("exchange_type", FactKind::Number, "交換の種類", "Exchange type"),
    row("exchange_type_verbose", FactKind::Text, "交換の名前", "Exchange"),
    row("payload", FactKind::Text, "ペイロード", "Payloads"),
    row("nat_traversal", FactKind::Flag, "NAT 越え", "NAT traversal"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row("encrypted", FactKind::Flag, "暗号化", "Encrypted"),
    row(
        "client.proposals.alg_enc",
        FactKind::Text,
        "提示暗号",
        "Offered encryption",
    ),
    row(
        "client.proposals.alg_auth",
        FactKind::Text,
        "提示完全性",
        "Offered integrity",
    ),
    row(
        "client.proposals.alg_prf",
        FactKind::Text,
        "提示 PRF",
        "Offered PRF",
    ),
    row(
        "client.proposals.alg_hash",
        FactKind::Text,
        "提示ハッシュ",
        "Offered hash",
    ),
    row(
        "client.proposals.alg_dh",
        FactKind::Text,
        "提示 DH",
        "Offered group",
    ),
    row(
        "client.proposals.alg_esn",
        FactKind::Text,
        "提示 ESN",
        "Offered ESN",
    ),
    row(
        "client.proposals.auth_method",
        FactKind::Text,
        "提示認証",
        "Offered authentication",
    ),
    row("alg_enc", FactKind::Text, "暗号", "Encryption"),
    row("alg_auth", FactKind::Text, "完全性", "Integrity"),
    row("alg_prf", FactKind::Text, "PRF", "PRF"),
    row("alg_hash", FactKind::Text, "ハッシュ", "Hash"),
    row("alg_dh", FactKind::Text, "DH グループ", "Group"),
    row("alg_esn", FactKind::Text, "ESN", "ESN"),
    row("auth_method", FactKind::Text, "認証方式", "Authentication"),
    row(
        "weak_offered",
        FactKind::Text,
        "提示された弱い算法",
        "Weak algorithms offered",
    ),
    row(
        "weak_chosen",
        FactKind::Text,
        "選ばれた弱い算法",
        "Weak algorithms chosen",
    ),
    row("vendor_ids", FactKind::Text, "ベンダー ID", "Vendor IDs"),
    row("vendors", FactKind::Text, "ベンダー", "Vendors"),
    row("notify", FactKind::Text, "通知", "Notifications"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let (octets, _) = message::behind_marker(hint.octets);
    match message::header(octets) {
        Some(header) if header.len == octets.len() && header.is_plausible() => Probe::Sure,
        Some(header) if header.len > octets.len() && header.is_plausible() => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(exchange::Ike::default())
}
