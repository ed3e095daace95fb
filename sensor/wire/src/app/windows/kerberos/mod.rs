//! Kerberos 5: who asks the key distribution centre for what, with which encryption, and what fails.
//! A client is named by the digest of its name. Tickets and authenticators are not kept.
//!
//! Source: RFC 4120 sections 5.4 to 5.10 and 7.2 (transport).

mod message;
mod words;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

pub(super) use message::{Ticket, ap_req};

use self::message::Message;
use super::asn1::{self, Head};
use crate::app::held::Held;
use crate::app::octets::{be32, span};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// Octets of a message that are read; what follows is ticket or error data.
const MAX_MESSAGE: usize = 16 * 1024;
/// Requests that wait for an answer.
const MAX_PENDING: usize = 8;
/// Transactions that a flow writes.
const MAX_TRANSACTIONS: u16 = 512;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "krb5",
    title: "Kerberos",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[88],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("msg_type", FactKind::Text, "メッセージ", "Message"),
    row("user_digest", FactKind::Text, "利用者（要約値）", "User (digest)"),
    row("realm", FactKind::Text, "レルム", "Realm"),
    row("sname", FactKind::Text, "サービス名", "Service name"),
    row("client_host", FactKind::Text, "端末名", "Client host"),
    row(
        "pre_authenticated",
        FactKind::Flag,
        "事前認証",
        "Pre-authenticated",
    ),
    row(
        "request_encryption",
        FactKind::Text,
        "要求された暗号",
        "Encryption asked for",
    ),
    row("encryption", FactKind::Text, "暗号", "Encryption"),
    row("weak_encryption", FactKind::Flag, "弱い暗号", "Weak encryption"),
    row(
        "ticket_encryption",
        FactKind::Text,
        "チケットの暗号",
        "Ticket encryption",
    ),
    row(
        "ticket_weak_encryption",
        FactKind::Flag,
        "チケットの弱い暗号",
        "Weak ticket encryption",
    ),
    row("error_code", FactKind::Text, "エラー", "Error"),
    row("failed_request", FactKind::Text, "失敗した要求", "Failed request"),
];

/// A stream is told by its first eight octets: the length before the message is the one that the
/// message's own tag and length give.
fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport == Transport::Udp {
        let is_message = is_message(hint.octets, Some(hint.octets.len()));
        return if is_message { Probe::Sure } else { Probe::No };
    }
    let octets = hint.octets;
    let is_length = matches!(
        octets,
        [] | [0] | [0, 0..16] | [0, 0..16, _] | [0, 0..16, _, _, ..]
    );
    let is_tag = octets.get(4).is_none_or(|tag| words::message(*tag).is_some());
    if octets.is_empty() || !is_length || !is_tag {
        return Probe::No;
    }
    let (Some(len), Some(message), 8..) = (be32(octets, 0), octets.get(4..), octets.len()) else {
        return Probe::More;
    };
    let is_whole = match (asn1::head(message), usize::try_from(len)) {
        (Ok(Some(head)), Ok(len)) => len > 16 && head.head.saturating_add(head.len) == len,
        _ => false,
    };
    let is_read = octets.len() < 24 || is_message(message, usize::try_from(len).ok());
    if is_whole && is_read {
        Probe::Sure
    } else {
        Probe::No
    }
}

/// Whether a message of version 5 begins here: its tag, its lengths and its version agree.
fn is_message(octets: &[u8], len: Option<usize>) -> bool {
    let Some(kind) = octets.first().and_then(|tag| words::message(*tag)) else {
        return false;
    };
    let Ok(Some(outer)) = asn1::head(octets) else {
        return false;
    };
    let rest = octets.get(outer.head..).unwrap_or_default();
    let Ok(Some(Head {
        tag: 0x30,
        head,
        len: inner,
    })) = asn1::head(rest)
    else {
        return false;
    };
    let version = if kind.is_request() { 0xa1 } else { 0xa0 };
    len.is_none_or(|len| len == outer.head.saturating_add(outer.len))
        && outer.len == head.saturating_add(inner)
        && rest
            .get(head..)
            .is_some_and(|rest| rest.starts_with(&[version, 3, 2, 1, 5]))
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Kerberos {
        is_stream: start.transport == Transport::Tcp,
        pending: Vec::new(),
        written: 0,
    })
}

struct Kerberos {
    is_stream: bool,
    pending: Vec<(Timestamp, Message)>,
    written: u16,
}

impl Parser for Kerberos {
    fn held(&self) -> usize {
        let room = self
            .pending
            .capacity()
            .saturating_mul(size_of::<(Timestamp, Message)>());
        let messages = self.pending.iter().map(|(_, message)| message.held());
        messages.fold(room, usize::saturating_add)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if !self.is_stream {
            self.message(chunk.octets, chunk.at, sheet);
            return Read::Took(chunk.octets.len());
        }
        let Some(len) = be32(chunk.octets, 0).and_then(|len| usize::try_from(len).ok()) else {
            return Read::Need(4);
        };
        let wanted = len.min(MAX_MESSAGE);
        let Some(message) = chunk.octets.get(4..wanted.saturating_add(4)) else {
            return Read::Need(wanted.saturating_add(4));
        };
        if !is_message(message, Some(len)) {
            sheet.partial();
            return Read::Done;
        }
        self.message(message, chunk.at, sheet);
        Read::Skip {
            took: wanted.saturating_add(4),
            skip: u64::try_from(len.saturating_sub(wanted)).unwrap_or(u64::MAX),
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        if self.is_stream { Gap::Stop } else { Gap::Resume }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for (at, request) in std::mem::take(&mut self.pending) {
            self.write(at, request.facts(), sheet);
        }
    }
}

impl Kerberos {
    fn message(&mut self, octets: &[u8], at: Timestamp, sheet: &mut Sheet<'_>) {
        let Some(message) = message::read(span(octets, 0, MAX_MESSAGE).unwrap_or_default()) else {
            return;
        };
        if let Some(digest) = &message.user_digest {
            sheet.essential(Essential::User, digest.clone(), "krb5.cname");
        }
        if let Some(host) = &message.client_host {
            sheet.essential(Essential::ClientHost, host.clone(), "krb5.addresses");
        }
        if message.kind.is_request() {
            if self.pending.len() < MAX_PENDING {
                self.pending.push((at, message));
            } else {
                self.write(at, message.facts(), sheet);
            }
            return;
        }
        // An error answers whatever was asked first.
        let is_error = message.error.is_some();
        let asked = self
            .pending
            .iter()
            .position(|(_, request)| is_error || request.kind.is_answered_by(message.kind));
        let (at, request) = match asked {
            Some(asked) => {
                let (at, request) = self.pending.remove(asked);
                (at, Some(request))
            }
            None => (at, None),
        };
        self.write(at, message.answering(request).facts(), sheet);
    }

    fn write(&mut self, at: Timestamp, facts: Facts, sheet: &mut Sheet<'_>) {
        if self.written == MAX_TRANSACTIONS {
            sheet.partial();
            return;
        }
        self.written = self.written.saturating_add(1);
        sheet.transaction(at, facts);
    }
}

#[cfg(test)]
mod tests;
