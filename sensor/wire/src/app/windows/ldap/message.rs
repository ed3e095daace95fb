//! One message of LDAP.
//!
//! Source: RFC 4511 sections 4.1.1 (envelope), 4.2 (bind), 4.5 (search), 4.12 (extended).

use sekisho_model::app::Facts;

use super::{name, netlogon, search, words};
use crate::app::text;
use crate::app::windows::asn1::{self, expect};
use crate::app::windows::spnego;

/// Octets of a diagnostic message that are kept.
const MAX_MESSAGE: usize = 256;
/// Object identifier of StartTLS (RFC 4511 section 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// A message.
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) op: Op,
    pub(super) facts: Facts,
}

/// Its part in an exchange.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Request,
    /// The request for TLS.
    StartTls,
    /// A request that has no answer: unbind, abandon.
    Unanswered,
    /// An answer before the last: an entry, with what a domain controller says of itself in it.
    Entry(Option<Facts>),
    /// The last answer, with its code.
    Result(u64),
}

/// Reads a message.
pub(super) fn read(mut octets: &[u8]) -> Option<Message> {
    let mut fields = expect(&mut octets, 0x30)?;
    let id = asn1::number(expect(&mut fields, 0x02)?)?;
    let operation = asn1::next(&mut fields)?;
    let name = words::operation(operation.tag)?;
    let mut facts = Facts::new();
    facts.put("operation", name);
    let mut body = operation.value;
    let op = match operation.tag {
        0x60 => {
            facts.put("message_id", id);
            facts.put_some("bind_request", bind(body));
            Op::Request
        }
        0x63 => {
            facts.put("message_id", id);
            facts.put_some("search_request", search::read(body));
            Op::Request
        }
        0x77 => {
            let name = expect(&mut body, 0x80)?;
            let mut request = Facts::new();
            request.put("name", text::bounded(name, 64).0);
            facts.put("message_id", id).put("extended_request", request);
            if name == START_TLS {
                Op::StartTls
            } else {
                Op::Request
            }
        }
        0x66 | 0x68 | 0x6c | 0x6e => {
            let object = expect(&mut body, 0x04)?;
            facts.put("message_id", id).put("object", name::of(object));
            Op::Request
        }
        0x4a => {
            facts.put("message_id", id).put("object", name::of(body));
            Op::Request
        }
        0x42 | 0x50 => {
            facts.put("message_id", id);
            Op::Unanswered
        }
        0x64 => Op::Entry(netlogon::read(body)),
        0x73 | 0x79 => Op::Entry(None),
        _ => {
            let code = asn1::number(expect(&mut body, 0x0a)?)?;
            let _matched = expect(&mut body, 0x04);
            let message = expect(&mut body, 0x04).unwrap_or_default();
            facts.put("result_code", words::result(code));
            if !message.is_empty() {
                facts.put("message", text::bounded(message, MAX_MESSAGE).0);
            }
            Op::Result(code)
        }
    };
    Some(Message { id, op, facts })
}

fn bind(mut body: &[u8]) -> Option<Facts> {
    let version = asn1::number(expect(&mut body, 0x02)?)?;
    let name = expect(&mut body, 0x04)?;
    let authentication = asn1::next(&mut body)?;
    let mut facts = Facts::new();
    facts.put("version", version);
    facts.put_some("user_digest", account(name).map(text::user_digest));
    let mut token = authentication.value;
    match authentication.tag {
        0x80 => {
            let is_anonymous = name.is_empty() && token.is_empty();
            let word = if is_anonymous { "anonymous" } else { "simple" };
            facts
                .put("authentication", word)
                .put("has_password", !token.is_empty());
            return Some(facts);
        }
        0xa3 => {
            let mechanism = expect(&mut token, 0x04)?;
            let mut sasl = Facts::new();
            sasl.put("mechanism", text::bounded(mechanism, 32).0);
            facts.put("authentication", "sasl").put("sasl", sasl);
        }
        // MS-ADTS section 5.1.1.1.2: NTLM outside SASL.
        0x89..=0x8b => {
            facts.put("authentication", "sicily");
        }
        _ => return Some(facts),
    }
    let token = spnego::read(token);
    if let Some(ntlm) = token.ntlm {
        let mut inner = Facts::new();
        ntlm.facts(&mut inner);
        if !inner.is_empty() {
            facts.put("ntlmssp", inner);
        }
    }
    if let Some(ticket) = token.ticket {
        let mut inner = Facts::new();
        inner.put("realm", ticket.realm).put("sname", ticket.sname);
        facts.put("kerberos", inner);
    }
    Some(facts)
}

/// The account in a name: of `cn=alice,dc=…` and `DOMAIN\alice` and `alice@domain` it is alice.
fn account(name: &[u8]) -> Option<&[u8]> {
    let first = name.split(|octet| *octet == b',').next()?;
    let value = first.rsplit(|octet| matches!(octet, b'=' | b'\\')).next()?;
    let account = value.split(|octet| *octet == b'@').next()?;
    (!account.is_empty()).then_some(account)
}
