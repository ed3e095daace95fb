//! What the fields of Sigma's log sources are called here.
//!
//! Source: Sigma taxonomy appendix 2.1.0, sections "Specific" and "Network category"; the columns of
//! Zeek's logs; Sysmon's events 3 and 22.

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, in any case of the letters.
    Text,
    /// Words in which the case of the letters has a meaning.
    Cased,
    /// An address.
    Address,
    /// A whole number.
    Number,
    /// A length of time in seconds.
    Seconds,
    /// A word for which there may be another one here.
    Words(&'static [(&'static str, &'static [&'static str])]),
    /// The name in a certificate. Zeek writes its parts in the other order, so that only one part of it
    /// can be compared.
    Distinguished,
    /// True of every flow, where the value says so.
    Given(&'static str),
}

/// One field of a log source.
#[derive(Debug)]
pub(super) struct Row {
    /// Its name in Sigma, in small letters.
    pub(super) sigma: &'static str,
    /// The field of a flow record.
    pub(super) field: &'static str,
    pub(super) kind: Kind,
}

const fn row(sigma: &'static str, field: &'static str, kind: Kind) -> Row {
    Row { sigma, field, kind }
}

use Kind::{Address, Cased, Distinguished, Given, Number, Seconds, Text, Words};

/// The two ends, which every log of the network names.
pub(super) const ENDS: &[Row] = &[
    row("src_ip", "orig.address", Address),
    row("source.ip", "orig.address", Address),
    row("sourceip", "orig.address", Address),
    row("id.orig_h", "orig.address", Address),
    row("c-ip", "orig.address", Address),
    row("dst_ip", "resp.address", Address),
    row("destination.ip", "resp.address", Address),
    row("destinationip", "resp.address", Address),
    row("id.resp_h", "resp.address", Address),
    row("s-ip", "resp.address", Address),
    row("src_port", "orig.port", Number),
    row("source.port", "orig.port", Number),
    row("sourceport", "orig.port", Number),
    row("id.orig_p", "orig.port", Number),
    row("dst_port", "resp.port", Number),
    row("destination.port", "resp.port", Number),
    row("destinationport", "resp.port", Number),
    row("id.resp_p", "resp.port", Number),
    row("s-port", "resp.port", Number),
    row("community_id", "community_id", Cased),
    row("network.community_id", "community_id", Cased),
];

/// What is said of a connection.
pub(super) const CONNECTION: &[Row] = &[
    row("proto", "protocol", Text),
    row("protocol", "protocol", Text),
    row("network.transport", "protocol", Text),
    row("service", "service", Words(SERVICES)),
    row("network.protocol", "service", Words(SERVICES)),
    row("conn_state", "conn_state", Text),
    row("network.state", "conn_state", Text),
    row("history", "history", Cased),
    row("network.history", "history", Cased),
    row("duration", "duration", Seconds),
    row("event.duration", "duration", Seconds),
    row("orig_bytes", "orig.payload_octets", Number),
    row("resp_bytes", "resp.payload_octets", Number),
    row("orig_ip_bytes", "orig.octets", Number),
    row("resp_ip_bytes", "resp.octets", Number),
    row("source.bytes", "orig.octets", Number),
    row("destination.bytes", "resp.octets", Number),
    row("orig_pkts", "orig.packets", Number),
    row("resp_pkts", "resp.packets", Number),
    row("source.packets", "orig.packets", Number),
    row("destination.packets", "resp.packets", Number),
    row("orig_l2_addr", "orig.mac", Text),
    row("resp_l2_addr", "resp.mac", Text),
    row("vlan", "vlan", Number),
    row("inner_vlan", "inner_vlan", Number),
    row("destinationhostname", "server_name", Text),
    // A flow has an originator, which is the host that Sysmon says it of.
    row("initiated", "", Given("true")),
];

/// What is asked of name servers.
pub(super) const DNS: &[Row] = &[
    row("query", "query_name", Text),
    row("queryname", "query_name", Text),
    row("dns.question.name", "query_name", Text),
    row("proto", "protocol", Text),
];

/// Requests of the web.
pub(super) const WEB: &[Row] = &[
    row("host", "server_name", Text),
    row("cs-host", "server_name", Text),
    row("r-dns", "server_name", Text),
    row("url.domain", "server_name", Text),
    row("user_agent", "client_software", Text),
    row("c-useragent", "client_software", Text),
    row("cs-user-agent", "client_software", Text),
    row("user_agent.original", "client_software", Text),
];

/// Hellos and certificates of TLS.
pub(super) const TLS: &[Row] = &[
    row("server_name", "server_name", Text),
    row("sni", "server_name", Text),
    row("tls.client.server_name", "server_name", Text),
    row("version", "service_version", Words(VERSIONS)),
    row("next_protocol", "alpn", Text),
    row("ja3", "ja3", Text),
    row("tls.client.ja3", "ja3", Text),
    row("ja3s", "ja3s", Text),
    row("tls.server.ja3s", "ja3s", Text),
    row("ja4", "ja4", Text),
    row("tls.client.ja4", "ja4", Text),
    row("subject", "certificate_subject", Distinguished),
    row("issuer", "certificate_issuer", Distinguished),
    row("tls.server.subject", "certificate_subject", Distinguished),
    row("tls.server.issuer", "certificate_issuer", Distinguished),
    row("certificate.subject", "certificate_subject", Distinguished),
    row("certificate.issuer", "certificate_issuer", Distinguished),
    row("fingerprint", "certificate_sha256", Text),
    row("tls.server.hash.sha256", "certificate_sha256", Text),
];

/// Banners of SSH.
pub(super) const SSH: &[Row] = &[
    row("client", "client_software", Text),
    row("server", "server_software", Text),
    row("hassh", "hassh", Text),
    row("hasshserver", "hassh_server", Text),
];

/// Zeek's and others' words for services that have another one here.
const SERVICES: &[(&str, &[&str])] = &[
    ("ssl", &["tls", "dot", "winrm"]),
    ("https", &["tls", "quic"]),
    ("krb", &["krb5"]),
    ("kerberos", &["krb5"]),
    ("krb_tcp", &["krb5"]),
    ("dce_rpc", &["dcerpc"]),
    ("ldap_tcp", &["ldap"]),
    ("ldap_udp", &["ldap"]),
    ("postgresql", &["pgsql"]),
    ("vnc", &["rfb"]),
    ("ayiya", &[]),
    ("gssapi", &[]),
    ("ntlm", &[]),
];

/// Zeek's and the Elastic schema's words for versions of TLS.
const VERSIONS: &[(&str, &[&str])] = &[
    ("sslv2", &["SSLv2"]),
    ("sslv3", &["SSLv3"]),
    ("tlsv10", &["TLSv1"]),
    ("tlsv11", &["TLS 1.1"]),
    ("tlsv12", &["TLS 1.2"]),
    ("tlsv13", &["TLS 1.3"]),
    ("dtlsv10", &["DTLS 1.0"]),
    ("dtlsv12", &["DTLS 1.2"]),
];

/// What cannot be compared, and why that is no oversight.
pub(super) fn unmapped(sigma: &str) -> super::why::Field {
    use super::why::Field;
    const URLS: &[&str] = &[
        "uri",
        "url",
        "c-uri",
        "c-uri-extension",
        "c-uri-query",
        "c-uri-stem",
        "cs-uri",
        "cs-uri-stem",
        "cs-uri-query",
        "url.original",
        "url.path",
        "url.query",
        "referrer",
        "cs-referrer",
        "cs-referer",
    ];
    const OTHERS: &[&str] = &[
        "action",
        "blocked",
        "outcome",
        "event.action",
        "event.outcome",
        "rule",
        "policy",
    ];
    const HOST: &[&str] = &[
        "image",
        "commandline",
        "parentimage",
        "parentcommandline",
        "user",
        "username",
        "processid",
        "processguid",
        "cs-username",
        "logonid",
        "hashes",
        "eventid",
        "computer",
    ];
    if URLS.contains(&sigma) {
        Field::Url
    } else if OTHERS.contains(&sigma) {
        Field::OfAnotherDevice
    } else if HOST.contains(&sigma) {
        Field::OfTheHost
    } else {
        Field::None
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::fields::{FieldKind, find};

    use super::*;

    #[test]
    fn every_row_names_a_field_of_its_kind() {
        for row in [ENDS, CONNECTION, DNS, WEB, TLS, SSH].into_iter().flatten() {
            assert_eq!(row.sigma, row.sigma.to_lowercase());
            if matches!(row.kind, Given(_)) {
                continue;
            }
            let field = find(row.field).unwrap_or_else(|| panic!("{}", row.field));
            let right = match row.kind {
                Address => field.kind == FieldKind::Address,
                Number => field.kind == FieldKind::Number,
                Seconds => field.kind == FieldKind::Seconds,
                _ => field.kind == FieldKind::Text,
            };
            assert!(right, "{}", row.sigma);
        }
    }

    #[test]
    fn services_have_the_words_of_records() {
        for word in SERVICES.iter().flat_map(|(_, words)| *words) {
            assert!(crate::SERVICES.contains(word), "{word}");
        }
    }
}
