//! LDAP: who signs in how, what is searched for, what comes of it; over UDP the question which
//! domain controller is there (CLDAP). Passwords and values of entries are not kept; names of
//! accounts stand as digests.
//!
//! Source: RFC 4511 section 4; RFC 4513 section 3 (StartTLS); MS-ADTS sections 5.1.1.1 and 6.3.

mod message;
mod name;
mod netlogon;
mod search;
mod words;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use self::message::{Message, Op};
use super::asn1::{self, Head};
use crate::app::held::Held;
use crate::app::octets::span;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// Octets of a message that are read.
const MAX_MESSAGE: usize = 16 * 1024;
/// Requests that wait for their last answer.
const MAX_PENDING: usize = 32;
/// Transactions that a flow writes.
const MAX_TRANSACTIONS: u16 = 512;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ldap",
    title: "LDAP",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[389, 3268],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.operation", FactKind::Text, "要求", "Request"),
    row(
        "request.message_id",
        FactKind::Number,
        "メッセージ番号",
        "Message ID",
    ),
    row("request.bind_request.version", FactKind::Number, "版", "Version"),
    row(
        "request.bind_request.user_digest",
        FactKind::Text,
        "利用者（要約値）",
        "User (digest)",
    ),
    row(
        "request.bind_request.authentication",
        FactKind::Text,
        "認証方式",
        "Authentication",
    ),
    row(
        "request.bind_request.has_password",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row(
        "request.bind_request.sasl.mechanism",
        FactKind::Text,
        "SASLの方式",
        "SASL mechanism",
    ),
    row(
        "request.bind_request.ntlmssp.domain",
        FactKind::Text,
        "NTLMのドメイン",
        "NTLM domain",
    ),
    row(
        "request.bind_request.ntlmssp.user_digest",
        FactKind::Text,
        "NTLMの利用者（要約値）",
        "NTLM user (digest)",
    ),
    row(
        "request.bind_request.ntlmssp.host",
        FactKind::Text,
        "NTLMの端末名",
        "NTLM workstation",
    ),
    row(
        "request.bind_request.ntlmssp.version",
        FactKind::Text,
        "NTLMのソフトウェア",
        "NTLM software version",
    ),
    row(
        "request.bind_request.ntlmssp.response",
        FactKind::Text,
        "NTLMの応答方式",
        "NTLM response kind",
    ),
    row(
        "request.bind_request.kerberos.realm",
        FactKind::Text,
        "Kerberosのレルム",
        "Kerberos realm",
    ),
    row(
        "request.bind_request.kerberos.sname",
        FactKind::Text,
        "Kerberosのサービス名",
        "Kerberos service name",
    ),
    row(
        "request.search_request.base_object",
        FactKind::Text,
        "検索の起点",
        "Search base",
    ),
    row(
        "request.search_request.scope",
        FactKind::Number,
        "検索の範囲",
        "Search scope",
    ),
    row(
        "request.search_request.filter",
        FactKind::Text,
        "検索条件",
        "Search filter",
    ),
    row(
        "request.search_request.attributes",
        FactKind::Text,
        "求めた属性",
        "Attributes asked for",
    ),
    row("request.object", FactKind::Text, "対象", "Object"),
    row(
        "request.extended_request.name",
        FactKind::Text,
        "拡張操作",
        "Extended operation",
    ),
    row("responses.operation", FactKind::Text, "応答", "Response"),
    row(
        "responses.message_id",
        FactKind::Number,
        "応答のメッセージ番号",
        "Response message ID",
    ),
    row("responses.result_code", FactKind::Text, "結果", "Result"),
    row("responses.message", FactKind::Text, "診断", "Diagnostic message"),
    row(
        "search_entries",
        FactKind::Number,
        "見つかった件数",
        "Entries found",
    ),
    row("netlogon.dns_forest", FactKind::Text, "フォレスト", "Forest"),
    row("netlogon.dns_domain", FactKind::Text, "ドメイン", "Domain"),
    row(
        "netlogon.dns_host",
        FactKind::Text,
        "ドメインコントローラ",
        "Domain controller",
    ),
    row(
        "netlogon.nb_domain",
        FactKind::Text,
        "NetBIOSドメイン",
        "NetBIOS domain",
    ),
    row("netlogon.nb_host", FactKind::Text, "NetBIOS名", "NetBIOS name"),
    row("netlogon.site", FactKind::Text, "サイト", "Site"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let Some(0x30) = octets.first() else {
        return Probe::No;
    };
    let Ok(outer) = asn1::head(octets) else {
        return Probe::No;
    };
    let Some((outer, rest)) = outer.and_then(|outer| Some((outer, octets.get(outer.head..)?))) else {
        return Probe::More;
    };
    // A number of one to four octets, and one of the operations behind it.
    let (id, operation) = match rest {
        [] | [0x02] => return Probe::More,
        [0x02, id @ 1..=4, behind @ ..] => (
            usize::from(*id),
            behind.get(usize::from(*id)..).unwrap_or_default(),
        ),
        _ => return Probe::No,
    };
    match asn1::head(operation) {
        Ok(Some(Head { tag, head, len })) if words::operation(tag).is_some() => {
            let used = id.saturating_add(2).saturating_add(head).saturating_add(len);
            let has_controls = used < outer.len && operation.get(head.saturating_add(len)) == Some(&0xa0);
            if used == outer.len || has_controls {
                Probe::Sure
            } else {
                Probe::No
            }
        }
        Ok(None) if octets.len() < 8 => Probe::More,
        Ok(None) => Probe::Likely,
        Ok(Some(_)) | Err(_) => Probe::No,
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Ldap {
        is_stream: start.transport == Transport::Tcp,
        pending: Vec::new(),
        written: 0,
    })
}

struct Ldap {
    is_stream: bool,
    pending: Vec<Exchange>,
    written: u16,
}

/// A request and its answers so far.
struct Exchange {
    at: Timestamp,
    id: u64,
    request: Option<Facts>,
    is_start_tls: bool,
    entries: u64,
    netlogon: Option<Facts>,
}

impl Held for Exchange {
    fn held(&self) -> usize {
        [self.request.held(), self.netlogon.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Parser for Ldap {
    fn held(&self) -> usize {
        self.pending.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let head = match (chunk.octets.first(), asn1::head(chunk.octets)) {
            (Some(0x30), Ok(Some(head))) => head,
            (Some(0x30), Ok(None)) => return Read::Need(chunk.octets.len().saturating_add(1)),
            // Behind a sign-in everything may be sealed.
            _ => return Read::Done,
        };
        let wanted = head.head.saturating_add(head.len.min(MAX_MESSAGE));
        let whole = if self.is_stream {
            chunk.octets.get(..wanted)
        } else {
            span(chunk.octets, 0, wanted)
        };
        let Some(octets) = whole else {
            return Read::Need(wanted);
        };
        let is_tls = message::read(octets).is_some_and(|message| self.message(message, chunk.at, sheet));
        if is_tls {
            return Read::Became {
                took: wanted,
                protocol: Some("tls"),
            };
        }
        Read::Skip {
            took: wanted,
            skip: u64::try_from(head.len.saturating_sub(MAX_MESSAGE)).unwrap_or(u64::MAX),
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Stop
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for exchange in std::mem::take(&mut self.pending) {
            self.write(exchange, None, sheet);
        }
    }
}

impl Ldap {
    /// Whether TLS begins behind this message.
    fn message(&mut self, message: Message, at: Timestamp, sheet: &mut Sheet<'_>) -> bool {
        let Message { id, op, facts } = message;
        let is_start_tls = op == Op::StartTls;
        match op {
            Op::Request | Op::StartTls | Op::Unanswered => {
                essentials(&facts, sheet);
                let exchange = Exchange {
                    at,
                    id,
                    request: Some(facts),
                    is_start_tls,
                    entries: 0,
                    netlogon: None,
                };
                if op == Op::Unanswered || self.pending.len() == MAX_PENDING {
                    self.write(exchange, None, sheet);
                } else {
                    self.pending.push(exchange);
                }
                false
            }
            Op::Entry(netlogon) => {
                let index = self.pending.iter().position(|exchange| exchange.id == id);
                if index.is_none() && self.pending.len() < MAX_PENDING {
                    self.pending.push(Exchange::unasked(id, at));
                }
                let index = index.unwrap_or(self.pending.len().saturating_sub(1));
                if let Some(exchange) = self.pending.get_mut(index).filter(|exchange| exchange.id == id) {
                    exchange.entries = exchange.entries.saturating_add(1);
                    exchange.netlogon = netlogon.or(exchange.netlogon.take());
                }
                false
            }
            Op::Result(code) => {
                let index = self.pending.iter().position(|exchange| exchange.id == id);
                let exchange =
                    index.map_or_else(|| Exchange::unasked(id, at), |index| self.pending.remove(index));
                let is_tls = exchange.is_start_tls && code == 0;
                self.write(exchange, Some(facts), sheet);
                is_tls
            }
        }
    }

    fn write(&mut self, exchange: Exchange, answer: Option<Facts>, sheet: &mut Sheet<'_>) {
        if self.written == MAX_TRANSACTIONS {
            sheet.partial();
            return;
        }
        self.written = self.written.saturating_add(1);
        let mut facts = Facts::new();
        let is_asked = exchange.request.is_some();
        facts.put_some("request", exchange.request);
        if let Some(mut answer) = answer {
            if !is_asked {
                answer.put("message_id", exchange.id);
            }
            facts.put("responses", vec![answer]);
        }
        if exchange.entries > 0 {
            facts.put("search_entries", exchange.entries);
        }
        if let Some(host) = exchange
            .netlogon
            .as_ref()
            .and_then(|netlogon| netlogon.text("dns_host"))
        {
            sheet.essential(Essential::ServerName, host, "ldap.netlogon.dns_host");
        }
        facts.put_some("netlogon", exchange.netlogon);
        sheet.transaction(exchange.at, facts);
    }
}

impl Exchange {
    const fn unasked(id: u64, at: Timestamp) -> Self {
        Self {
            at,
            id,
            request: None,
            is_start_tls: false,
            entries: 0,
            netlogon: None,
        }
    }
}

fn essentials(facts: &Facts, sheet: &mut Sheet<'_>) {
    let text = |path| facts.text(path);
    if let Some(version) = facts.number("bind_request.version") {
        sheet.essential(Essential::Version, version.to_string(), "ldap.version");
    }
    for path in ["bind_request.user_digest", "bind_request.ntlmssp.user_digest"] {
        if let Some(digest) = text(path) {
            sheet.essential(Essential::User, digest, "ldap.bind_request.name");
        }
    }
    if let Some(host) = text("bind_request.ntlmssp.host") {
        sheet.essential(Essential::ClientHost, host, "ldap.ntlmssp.host");
    }
    if let Some((_, host)) = text("bind_request.kerberos.sname").and_then(|name| name.split_once('/')) {
        let host = host.split('/').next().unwrap_or(host);
        sheet.essential(Essential::ServerName, host, "ldap.kerberos.sname");
    }
}

#[cfg(test)]
mod tests;
