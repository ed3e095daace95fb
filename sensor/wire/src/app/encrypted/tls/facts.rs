//! What is read from a handshake of TLS or DTLS, under the keys of Suricata's `tls`.

use sekisho_model::app::{FactKind, FactRow};

use crate::app::protocol::row;

/// Where the essentials of a flow were read.
pub(in crate::app::encrypted) struct Sources {
    pub(super) sni: &'static str,
    pub(super) version: &'static str,
    pub(super) ja3: &'static str,
    pub(super) ja3s: &'static str,
    pub(super) ja4: &'static str,
    pub(super) client_alpns: &'static str,
    pub(super) server_alpn: &'static str,
    pub(super) subject: &'static str,
    pub(super) issuer: &'static str,
    pub(super) certificate_sha256: &'static str,
}

macro_rules! sources {
    ($protocol:literal) => {
        Sources {
            sni: concat!($protocol, ".sni"),
            version: concat!($protocol, ".version"),
            ja3: concat!($protocol, ".ja3.hash"),
            ja3s: concat!($protocol, ".ja3s.hash"),
            ja4: concat!($protocol, ".ja4"),
            client_alpns: concat!($protocol, ".client_alpns"),
            server_alpn: concat!($protocol, ".server_alpn"),
            subject: concat!($protocol, ".subject"),
            issuer: concat!($protocol, ".issuerdn"),
            certificate_sha256: concat!($protocol, ".certificate.sha256"),
        }
    };
}
pub(super) static TLS: Sources = sources!("tls");
pub(in crate::app::encrypted) static DTLS: Sources = sources!("dtls");

pub(in crate::app::encrypted) const FACTS: &[FactRow] = &[
    row("sni", FactKind::Text, "サーバー名 (SNI)", "Server name (SNI)"),
    row("version", FactKind::Text, "版", "Version"),
    row(
        "client_version",
        FactKind::Text,
        "クライアントの最高版",
        "Highest version offered",
    ),
    row("cipher", FactKind::Text, "暗号スイート", "Cipher suite"),
    row("curve", FactKind::Text, "鍵交換の群", "Key exchange group"),
    row("ja3.hash", FactKind::Text, "JA3", "JA3"),
    row("ja3.string", FactKind::Text, "JA3 の元の文字列", "JA3 string"),
    row("ja3s.hash", FactKind::Text, "JA3S", "JA3S"),
    row("ja3s.string", FactKind::Text, "JA3S の元の文字列", "JA3S string"),
    row("ja4", FactKind::Text, "JA4", "JA4"),
    row("client_alpns", FactKind::Text, "提示された ALPN", "Offered ALPN"),
    row("server_alpn", FactKind::Text, "選ばれた ALPN", "Chosen ALPN"),
    row(
        "session_resumed",
        FactKind::Flag,
        "セッション再開",
        "Session resumed",
    ),
    row(
        "hello_retry",
        FactKind::Flag,
        "再提示の要求",
        "Hello retry request",
    ),
    row("early_data", FactKind::Flag, "早期データ", "Early data"),
    row("cut", FactKind::Flag, "途中までの記録", "Not captured to its end"),
    row(
        "ech",
        FactKind::Flag,
        "名前の暗号化 (ECH)",
        "Encrypted Client Hello",
    ),
    row("subject", FactKind::Text, "証明書の主体者", "Certificate subject"),
    row("issuerdn", FactKind::Text, "証明書の発行者", "Certificate issuer"),
    row(
        "serial",
        FactKind::Text,
        "証明書のシリアル番号",
        "Certificate serial",
    ),
    row(
        "fingerprint",
        FactKind::Text,
        "証明書の SHA-1",
        "Certificate SHA-1",
    ),
    row(
        "notbefore",
        FactKind::Time,
        "証明書の有効期間の始め",
        "Certificate valid from",
    ),
    row(
        "notafter",
        FactKind::Time,
        "証明書の有効期間の終わり",
        "Certificate valid until",
    ),
    row(
        "subjectaltname",
        FactKind::Text,
        "証明書の別名",
        "Certificate alternative names",
    ),
    row(
        "certificate.sha256",
        FactKind::Text,
        "証明書の SHA-256",
        "Certificate SHA-256",
    ),
    row(
        "certificate.key_type",
        FactKind::Text,
        "証明書の鍵の種類",
        "Certificate key type",
    ),
    row(
        "certificate.key_bits",
        FactKind::Number,
        "証明書の鍵のビット数",
        "Certificate key bits",
    ),
    row(
        "certificate.signature",
        FactKind::Text,
        "証明書の署名方式",
        "Certificate signature algorithm",
    ),
    row(
        "certificate.self_signed",
        FactKind::Flag,
        "自己発行",
        "Issued by itself",
    ),
    row(
        "chain_length",
        FactKind::Number,
        "証明書の数",
        "Certificates in the chain",
    ),
    row(
        "client.subject",
        FactKind::Text,
        "クライアント証明書の主体者",
        "Client certificate subject",
    ),
    row(
        "client.issuerdn",
        FactKind::Text,
        "クライアント証明書の発行者",
        "Client certificate issuer",
    ),
    row(
        "client.serial",
        FactKind::Text,
        "クライアント証明書のシリアル番号",
        "Client certificate serial",
    ),
    row(
        "client.fingerprint",
        FactKind::Text,
        "クライアント証明書の SHA-1",
        "Client certificate SHA-1",
    ),
    row(
        "client.notbefore",
        FactKind::Time,
        "クライアント証明書の有効期間の始め",
        "Client certificate valid from",
    ),
    row(
        "client.notafter",
        FactKind::Time,
        "クライアント証明書の有効期間の終わり",
        "Client certificate valid until",
    ),
    row(
        "client.subjectaltname",
        FactKind::Text,
        "クライアント証明書の別名",
        "Client certificate alternative names",
    ),
    row(
        "client.sha256",
        FactKind::Text,
        "クライアント証明書の SHA-256",
        "Client certificate SHA-256",
    ),
    row("alert.level", FactKind::Text, "警報の重さ", "Alert level"),
    row(
        "alert.description",
        FactKind::Text,
        "警報の内容",
        "Alert description",
    ),
    row("alert.by", FactKind::Text, "警報の送り手", "Alert sent by"),
];
