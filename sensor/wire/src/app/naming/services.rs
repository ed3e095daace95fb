//! Services that are carried by another protocol.

use sekisho_model::app::{App, Essential, ServiceBy};

use super::Words;
use crate::app::protocol::Start;

/// A service that is carried by another protocol.
#[derive(Debug)]
pub struct Service {
    /// The word in every output.
    pub name: &'static str,
    /// The name a person reads.
    pub title: &'static str,
    /// Protocols that carry it.
    pub within: &'static [&'static str],
    /// What tells it.
    pub told_by: Words,
    /// Where that is written.
    pub source: &'static str,
}

/// Every one.
pub static SERVICES: &[Service] = &[
    Service {
        name: "dot",
        title: "DNS over TLS",
        within: &["tls"],
        told_by: Words {
            ja: "ALPN `dot`。ALPN がなければ応答側のポート 853",
            en: "ALPN `dot`; without ALPN, the responder's port 853",
        },
        source: "RFC 7858, RFC 8310",
    },
    Service {
        name: "doq",
        title: "DNS over QUIC",
        within: &["quic"],
        told_by: Words {
            ja: "ALPN `doq`。ALPN が見えなければ応答側のポート 853",
            en: "ALPN `doq`; where ALPN was not seen, the responder's port 853",
        },
        source: "RFC 9250",
    },
    Service {
        name: "doh",
        title: "DNS over HTTP",
        within: &["http"],
        told_by: Words {
            ja: "平文の HTTP で、内容の種類 `application/dns-message` の要求か、クエリ付きの `/dns-query`。TLS の中は判定しない",
            en: "over HTTP in clear: a request of the type `application/dns-message`, or for `/dns-query` with a query. \
                 Inside TLS it is not told",
        },
        source: "RFC 8484",
    },
    Service {
        name: "winrm",
        title: "WinRM",
        within: &["http", "tls"],
        told_by: Words {
            ja: "`/wsman` への SOAP か暗号化された SOAP の要求(Intel AMT のポート 16992~16995 を除く)。TLS では応答側のポート 5986",
            en: "a request for `/wsman` that holds SOAP, sealed or not, but for Intel AMT's ports 16992 to 16995; \
                 over TLS, the responder's port 5986",
        },
        source: "DMTF DSP0226, MS-WSMV 2.1",
    },
];

/// Port of DNS over TLS and over QUIC.
const DNS_PORT: u16 = 853;
/// Port of WinRM over TLS.
const WINRM_PORT: u16 = 5986;

/// The service of a flow by what is known of it, where it is another one than the protocol.
pub(super) fn of(app: &App, start: &Start, is_over: bool) -> Option<(&'static str, ServiceBy)> {
    let [_, port] = start.ports;
    let alpn = app.get(Essential::Alpn);
    // Whether nothing more will be said of what is spoken inside.
    let has_chosen = match app.service {
        // The server's hello says version and choice at once.
        "tls" => is_over || app.get(Essential::Version).is_some(),
        "quic" => is_over,
        _ => return None,
    };
    match (app.service, alpn, port) {
        ("tls", Some("dot"), _) => Some(("dot", ServiceBy::Content)),
        ("tls", None, DNS_PORT) if has_chosen => Some(("dot", ServiceBy::Port)),
        ("tls", None | Some("http/1.1"), WINRM_PORT) if has_chosen => Some(("winrm", ServiceBy::Port)),
        // Drafts wrote their number behind it: `doq-i11`.
        ("quic", Some(name), _) if name == "doq" || name.starts_with("doq-i") => {
            Some(("doq", ServiceBy::Content))
        }
        ("quic", None, DNS_PORT) if has_chosen => Some(("doq", ServiceBy::Port)),
        _ => None,
    }
}
