//! THE field table: every field of a flow record, once.
//!
//! The filter language, the store's columns, the EVE keys and the labels of the dashboard come
//! from these rows; a new field is a new row.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::app::{Essential, ServiceBy};
use crate::{FlowRecord, Timestamp};

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Words.
    Text,
    /// An unsigned number.
    Number,
    /// An IPv4 or IPv6 address.
    Address,
    /// An instant of packet time.
    Time,
    /// A length of time in seconds, with fractions.
    Seconds,
}

/// The value of a field in one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// An unsigned number.
    Number(u64),
    /// An address.
    Address(IpAddr),
    /// An instant.
    Time(Timestamp),
    /// A length of time in seconds.
    Seconds(f64),
    /// The record has none.
    Absent,
}

/// One row of the table.
pub struct Field {
    /// Name in filter expressions.
    pub name: &'static str,
    /// Type.
    pub kind: FieldKind,
    /// Whether a text may be several words with a space between them, each of which is a value.
    pub several: bool,
    /// Column of the flow store.
    pub column: &'static str,
    /// Path in an EVE flow record; empty where EVE has the fact in another form.
    pub eve: &'static str,
    /// IPFIX information element; 0 where there is none.
    pub ipfix: u16,
    /// Japanese label.
    pub label_ja: &'static str,
    /// English label.
    pub label_en: &'static str,
    /// Reads the value from a record.
    pub get: for<'a> fn(&'a FlowRecord) -> Value<'a>,
}

/// Finds a field by its name in filter expressions.
#[must_use]
pub fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// Names that stand for the same field of either end: `address` is `orig.address or resp.address`.
pub const EITHER: &[(&str, [&str; 2])] = &[
    ("address", ["orig.address", "resp.address"]),
    ("port", ["orig.port", "resp.port"]),
    ("zone", ["orig.zone", "resp.zone"]),
    ("mac", ["orig.mac", "resp.mac"]),
];

const fn is_several(name: &str) -> bool {
    matches!(name.as_bytes(), b"query_name" | b"risk")
}

const fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

fn optional_text<T: std::fmt::Display>(value: Option<T>) -> Value<'static> {
    value.map_or(Value::Absent, |value| Value::Text(Cow::Owned(value.to_string())))
}

fn essential(record: &FlowRecord, what: Essential) -> Value<'_> {
    record
        .app
        .as_ref()
        .and_then(|app| app.get(what))
        .map_or(Value::Absent, text)
}

/// Words, none where they are empty.
fn said(words: Option<&'static str>) -> Value<'static> {
    words
        .filter(|words| !words.is_empty())
        .map_or(Value::Absent, text)
}

fn optional_number(value: Option<u16>) -> Value<'static> {
    value.map_or(Value::Absent, |value| Value::Number(u64::from(value)))
}

fn seconds(value: Option<std::time::Duration>) -> Value<'static> {
    value.map_or(Value::Absent, |value| Value::Seconds(value.as_secs_f64()))
}

macro_rules! fields {
    ($($name:literal $kind:ident $column:literal $eve:literal $ipfix:literal $ja:literal $en:literal $get:expr;)*) => {
        /// Every field of a flow record.
        pub static FIELDS: &[Field] = &[$(Field {
            name: $name,
            kind: FieldKind::$kind,
            several: is_several($name),
            column: $column,
            eve: $eve,
            ipfix: $ipfix,
            label_ja: $ja,
            label_en: $en,
            get: $get,
        },)*];
    };
}

// name, type, column, EVE key, IPFIX, Japanese, English, getter
fields! {
    "flow_id" Number "flow_id" "flow_id" 148 "フローID" "Flow ID" |r| Value::Number(r.flow_id);
    "part" Number "part" "sekisho.part" 0 "記録番号" "Part" |r| Value::Number(u64::from(r.part));
    "start" Time "start" "flow.start" 156 "開始" "Start" |r| Value::Time(r.start);
    "end" Time "end" "flow.end" 157 "終了" "End" |r| Value::Time(r.end);
    "duration" Seconds "duration" "" 0 "継続時間" "Duration"
        |r| Value::Seconds(r.end.since(r.start).as_secs_f64());
    "orig.address" Address "orig_address" "src_ip" 8 "発信元アドレス" "Originator address"
        |r| Value::Address(r.orig.address);
    "orig.port" Number "orig_port" "src_port" 7 "発信元ポート" "Originator port"
        |r| Value::Number(u64::from(r.orig.port));
    "orig.zone" Text "orig_zone" "sekisho.orig_zone" 0 "発信元ゾーン" "Originator zone" |r| text(&r.orig_zone);
    "orig.mac" Text "orig_mac" "ether.src_mac" 56 "発信元MAC" "Originator MAC" |r| optional_text(r.orig_mac);
    "resp.address" Address "resp_address" "dest_ip" 12 "宛先アドレス" "Responder address"
        |r| Value::Address(r.resp.address);
    "resp.port" Number "resp_port" "dest_port" 11 "宛先ポート" "Responder port"
        |r| Value::Number(u64::from(r.resp.port));
    "resp.zone" Text "resp_zone" "sekisho.resp_zone" 0 "宛先ゾーン" "Responder zone" |r| text(&r.resp_zone);
    "resp.mac" Text "resp_mac" "ether.dest_mac" 80 "宛先MAC" "Responder MAC" |r| optional_text(r.resp_mac);
    "protocol" Text "protocol" "proto" 4 "プロトコル" "Protocol" |r| optional_text(Some(r.protocol));
    "verdict" Text "verdict" "sekisho.verdict" 0 "判定" "Verdict" |r| text(r.verdict.name());
    "rule" Text "rule" "sekisho.rule" 0 "規則" "Rule" |r| text(&r.rule);
    "policy_version" Text "policy_version" "sekisho.policy_version" 0 "ポリシー版" "Policy version"
        |r| text(&r.policy_version);
    "packets" Number "packets" "" 86 "パケット数" "Packets" |r| Value::Number(r.packets());
    "octets" Number "octets" "" 85 "オクテット数" "Octets" |r| Value::Number(r.octets());
    "orig.packets" Number "orig_packets" "flow.pkts_toserver" 298 "発信パケット数" "Packets from originator"
        |r| Value::Number(r.to_resp.packets);
    "orig.octets" Number "orig_octets" "sekisho.orig_octets" 0 "発信オクテット数" "Octets from originator"
        |r| Value::Number(r.to_resp.octets);
    "orig.payload_octets" Number "orig_payload_octets" "sekisho.orig_payload_octets" 231 "発信ペイロード" "Payload octets from originator"
        |r| Value::Number(r.to_resp.payload_octets);
    "orig.frame_octets" Number "orig_frame_octets" "flow.bytes_toserver" 0 "発信フレームオクテット数" "Frame octets from originator"
        |r| Value::Number(r.to_resp.frame_octets);
    "orig.tcp_flags" Number "orig_tcp_flags" "tcp.tcp_flags_ts" 0 "発信TCPフラグ" "TCP flags from originator"
        |r| Value::Number(u64::from(r.to_resp.tcp_flags.0));
    "resp.packets" Number "resp_packets" "flow.pkts_toclient" 299 "応答パケット数" "Packets from responder"
        |r| Value::Number(r.to_orig.packets);
    "resp.octets" Number "resp_octets" "sekisho.resp_octets" 0 "応答オクテット数" "Octets from responder"
        |r| Value::Number(r.to_orig.octets);
    "resp.payload_octets" Number "resp_payload_octets" "sekisho.resp_payload_octets" 232 "応答ペイロード" "Payload octets from responder"
        |r| Value::Number(r.to_orig.payload_octets);
    "resp.frame_octets" Number "resp_frame_octets" "flow.bytes_toclient" 0 "応答フレームオクテット数" "Frame octets from responder"
        |r| Value::Number(r.to_orig.frame_octets);
    "resp.tcp_flags" Number "resp_tcp_flags" "tcp.tcp_flags_tc" 0 "応答TCPフラグ" "TCP flags from responder"
        |r| Value::Number(u64::from(r.to_orig.tcp_flags.0));
    "conn_state" Text "conn_state" "sekisho.conn_state" 0 "接続状態" "Connection state"
        |r| r.conn_state.map_or(Value::Absent, |state| text(state.name()));
    "history" Text "history" "sekisho.history" 0 "経過" "History" |r| text(&r.history);
    "end_reason" Text "end_reason" "sekisho.end_reason" 136 "終了理由" "End reason" |r| text(r.end_reason.name());
    "direction_by" Text "direction_by" "sekisho.direction_by" 239 "方向の根拠" "Direction by"
        |r| text(r.direction_by.name());
    "vlan" Number "vlan" "vlan" 58 "VLAN" "VLAN" |r| optional_number(r.vlan);
    "inner_vlan" Number "inner_vlan" "" 0 "内側VLAN" "Inner VLAN" |r| optional_number(r.inner_vlan);
    "community_id" Text "community_id" "community_id" 0 "コミュニティID" "Community ID" |r| text(&r.community_id);
    "handshake_rtt" Seconds "handshake_rtt" "sekisho.handshake_rtt" 0 "ハンドシェイク往復時間" "Handshake round-trip time"
        |r| seconds(r.handshake_rtt);
    "data_rtt" Seconds "data_rtt" "sekisho.data_rtt" 0 "データ往復時間" "Data round-trip time" |r| seconds(r.data_rtt);
    "orig.retransmitted" Number "orig_retransmitted" "sekisho.orig_retransmitted" 0 "発信側の再送" "Retransmissions from originator"
        |r| Value::Number(u64::from(r.to_resp.retransmitted));
    "orig.out_of_order" Number "orig_out_of_order" "sekisho.orig_out_of_order" 0 "発信側の順序逆転" "Out of order from originator"
        |r| Value::Number(u64::from(r.to_resp.out_of_order));
    "orig.zero_windows" Number "orig_zero_windows" "sekisho.orig_zero_windows" 0 "発信側のウィンドウゼロ" "Zero windows from originator"
        |r| Value::Number(u64::from(r.to_resp.zero_windows));
    "orig.missed_octets" Number "orig_missed_octets" "sekisho.orig_missed_octets" 0 "発信側の欠落オクテット" "Octets missed from originator"
        |r| Value::Number(r.to_resp.missed_octets);
    "orig.duplicates" Number "orig_duplicates" "sekisho.orig_duplicates" 0 "発信側の重複パケット" "Duplicates from originator"
        |r| Value::Number(u64::from(r.to_resp.duplicates));
    "resp.retransmitted" Number "resp_retransmitted" "sekisho.resp_retransmitted" 0 "応答側の再送" "Retransmissions from responder"
        |r| Value::Number(u64::from(r.to_orig.retransmitted));
    "resp.out_of_order" Number "resp_out_of_order" "sekisho.resp_out_of_order" 0 "応答側の順序逆転" "Out of order from responder"
        |r| Value::Number(u64::from(r.to_orig.out_of_order));
    "resp.zero_windows" Number "resp_zero_windows" "sekisho.resp_zero_windows" 0 "応答側のウィンドウゼロ" "Zero windows from responder"
        |r| Value::Number(u64::from(r.to_orig.zero_windows));
    "resp.missed_octets" Number "resp_missed_octets" "sekisho.resp_missed_octets" 0 "応答側の欠落オクテット" "Octets missed from responder"
        |r| Value::Number(r.to_orig.missed_octets);
    "resp.duplicates" Number "resp_duplicates" "sekisho.resp_duplicates" 0 "応答側の重複パケット" "Duplicates from responder"
        |r| Value::Number(u64::from(r.to_orig.duplicates));
    "icmp_errors" Number "icmp_errors" "sekisho.icmp_errors" 0 "ICMPエラー数" "ICMP errors about it"
        |r| Value::Number(u64::from(r.icmp_errors));
    "tunnel" Text "tunnel" "sekisho.tunnel.kind" 0 "運ぶトンネル" "Carried in"
        |r| r.carrier.as_ref().map_or(Value::Absent, |carrier| text(carrier.kind));
    "tunnel.community_id" Text "tunnel_community_id" "sekisho.tunnel.community_id" 0 "トンネルのコミュニティID" "Community ID of the tunnel"
        |r| r.carrier.as_ref().map_or(Value::Absent, |carrier| text(&carrier.community_id));
    "carries" Text "carries" "sekisho.carries" 0 "トンネルの種類" "Carries"
        |r| if r.carries.is_empty() { Value::Absent } else { text(r.carries) };
    "service" Text "service" "app_proto" 96 "サービス" "Service"
        |r| said(r.app.as_ref().map(|app| app.service));
    "service_by" Text "service_by" "sekisho.service_by" 0 "サービスの判定根拠" "Service found by"
        |r| said(r.app.as_ref().and_then(|app| app.service_by).map(ServiceBy::name));
    "port_says" Text "port_says" "sekisho.port_says" 0 "ポートの示すサービス" "Service the port stands for"
        |r| said(r.app.as_ref().and_then(|app| app.port_says));
    "app" Text "app" "sekisho.app" 0 "製品" "Product"
        |r| essential(r, Essential::Application);
    "app_by" Text "app_by" "sekisho.app_by" 0 "製品の判定の確かさ" "Product found by"
        |r| essential(r, Essential::ApplicationBy);
    "server_name" Text "server_name" "sekisho.server_name" 0 "サーバー名" "Server name"
        |r| essential(r, Essential::ServerName);
    "client_software" Text "client_software" "sekisho.client_software" 0 "クライアントのソフトウェア" "Client software"
        |r| essential(r, Essential::ClientSoftware);
    "server_software" Text "server_software" "sekisho.server_software" 0 "サーバーのソフトウェア" "Server software"
        |r| essential(r, Essential::ServerSoftware);
    "client_host" Text "client_host" "sekisho.client_host" 0 "端末名" "Client host name"
        |r| essential(r, Essential::ClientHost);
    "user" Text "user" "sekisho.user" 0 "利用者(ダイジェスト)" "User (digest)"
        |r| essential(r, Essential::User);
    "service_version" Text "service_version" "sekisho.service_version" 0 "サービスの版" "Service version"
        |r| essential(r, Essential::Version);
    "alpn" Text "alpn" "sekisho.alpn" 0 "ALPN" "ALPN"
        |r| essential(r, Essential::Alpn);
    "ja3" Text "ja3" "sekisho.ja3" 0 "JA3" "JA3"
        |r| essential(r, Essential::Ja3);
    "ja3s" Text "ja3s" "sekisho.ja3s" 0 "JA3S" "JA3S"
        |r| essential(r, Essential::Ja3s);
    "ja4" Text "ja4" "sekisho.ja4" 0 "JA4" "JA4"
        |r| essential(r, Essential::Ja4);
    "hassh" Text "hassh" "sekisho.hassh" 0 "HASSH" "HASSH"
        |r| essential(r, Essential::Hassh);
    "hassh_server" Text "hassh_server" "sekisho.hassh_server" 0 "HASSH(サーバー)" "HASSH of the server"
        |r| essential(r, Essential::HasshServer);
    "certificate_subject" Text "certificate_subject" "sekisho.certificate_subject" 0 "証明書の主体者" "Certificate subject"
        |r| essential(r, Essential::CertificateSubject);
    "certificate_issuer" Text "certificate_issuer" "sekisho.certificate_issuer" 0 "証明書の発行者" "Certificate issuer"
        |r| essential(r, Essential::CertificateIssuer);
    "certificate_sha256" Text "certificate_sha256" "sekisho.certificate_sha256" 0 "証明書のSHA-256" "Certificate SHA-256"
        |r| essential(r, Essential::CertificateSha256);
    "query_name" Text "query_name" "sekisho.query_name" 0 "DNSで尋ねた名前" "Names asked in DNS"
        |r| essential(r, Essential::QueryName);
    "risk" Text "risk" "sekisho.risk" 0 "弱点" "Risks"
        |r| essential(r, Essential::Risk);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_essential_has_a_field_of_its_name() {
        for what in Essential::ALL {
            let mut app = Box::new(crate::App::default());
            app.set(what, "value", "tls.sni");
            let record = FlowRecord {
                app: Some(app),
                ..FlowRecord::example()
            };

            assert_eq!(
                (find(what.name()).unwrap().get)(&record),
                text("value"),
                "{what:?}"
            );
        }
    }

    #[test]
    fn names_and_columns_are_unique_and_labels_complete() {
        for (index, field) in FIELDS.iter().enumerate() {
            assert!(
                !field.label_ja.is_empty() && !field.label_en.is_empty(),
                "{}",
                field.name
            );
            for other in &FIELDS[index + 1..] {
                assert_ne!(field.name, other.name);
                assert_ne!(field.column, other.column);
            }
        }
    }

    #[test]
    fn every_getter_gives_the_type_of_its_row() {
        let record = FlowRecord::example();

        for field in FIELDS {
            let kind = match (field.get)(&record) {
                Value::Text(_) => FieldKind::Text,
                Value::Number(_) => FieldKind::Number,
                Value::Address(_) => FieldKind::Address,
                Value::Time(_) => FieldKind::Time,
                Value::Seconds(_) => FieldKind::Seconds,
                Value::Absent => continue,
            };
            assert_eq!(kind, field.kind, "{}", field.name);
        }
    }

    #[test]
    fn names_for_either_end_point_at_fields() {
        for (name, both) in EITHER {
            assert!(find(name).is_none());
            assert!(both.iter().all(|name| find(name).is_some()));
        }
    }
}
