//! One message of Kerberos.
//!
//! Source: RFC 4120 section 5.4 (KDC exchange), 5.5 (AP-REQ), 5.9 (KRB-ERROR), 5.2 (common types).

use sekisho_model::app::Facts;

use super::words::{self, Kind};
use crate::app::held::Held;
use crate::app::text;
use crate::app::windows::asn1::{self, expect};

/// Parts of a name that are read.
const MAX_PARTS: usize = 8;
/// Encryption types of a request that are kept.
const MAX_ETYPES: usize = 16;
/// Fields of a sequence, pre-authentication data and addresses that are looked at.
const MAX_FIELDS: usize = 32;

/// What is kept of a message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) user_digest: Option<String>,
    pub(super) client_host: Option<Box<str>>,
    pub(super) error: Option<u64>,
    realm: Option<Box<str>>,
    sname: Option<Box<str>>,
    is_pre_authenticated: Option<bool>,
    asked: Vec<u64>,
    etype: Option<u64>,
    ticket_etype: Option<u64>,
    failed: Option<Kind>,
}

/// A ticket: what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app::windows) struct Ticket {
    /// Realm that issued it.
    pub(in crate::app::windows) realm: Box<str>,
    /// Service that it opens.
    pub(in crate::app::windows) sname: Box<str>,
    /// Encryption type, by IANA's name or number.
    pub(in crate::app::windows) encryption: Option<String>,
}

/// The ticket of an AP-REQ.
pub(in crate::app::windows) fn ap_req(mut octets: &[u8]) -> Option<Ticket> {
    let mut body = expect(&mut octets, 0x6e)?;
    let fields = expect(&mut body, 0x30)?;
    let (realm, sname, etype) = ticket(field(fields, 3)?)?;
    let encryption = etype.map(words::etype);
    Some(Ticket {
        realm,
        sname,
        encryption,
    })
}

/// Reads a message.
pub(super) fn read(mut octets: &[u8]) -> Option<Message> {
    let outer = asn1::next(&mut octets)?;
    let kind = words::message(u8::try_from(outer.tag).ok()?)?;
    let mut body = outer.value;
    let fields = expect(&mut body, 0x30)?;
    let mut message = Message {
        kind,
        user_digest: None,
        client_host: None,
        error: None,
        realm: None,
        sname: None,
        is_pre_authenticated: None,
        asked: Vec::new(),
        etype: None,
        ticket_etype: None,
        failed: None,
    };
    match kind {
        Kind::AsReq | Kind::TgsReq => request(fields, &mut message),
        Kind::AsRep | Kind::TgsRep => reply(fields, &mut message),
        Kind::ApReq => {
            if let Some((realm, sname, etype)) = field(fields, 3).and_then(ticket) {
                (message.realm, message.sname, message.ticket_etype) = (Some(realm), Some(sname), etype);
            }
        }
        Kind::Error => {
            message.error = field(fields, 6).and_then(integer);
            message.user_digest = field(fields, 8).and_then(digest);
            message.realm = field(fields, 9).and_then(string);
            message.sname = field(fields, 10).and_then(principal);
        }
        Kind::ApRep | Kind::Safe | Kind::Priv | Kind::Cred => {}
    }
    Some(message)
}

impl Held for Ticket {
    fn held(&self) -> usize {
        [self.realm.held(), self.sname.held(), self.encryption.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Held for Message {
    fn held(&self) -> usize {
        [
            self.user_digest.held(),
            self.client_host.held(),
            self.realm.held(),
            self.sname.held(),
            self.asked.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Message {
    /// Takes from the request what the answer leaves out.
    pub(super) fn answering(mut self, request: Option<Self>) -> Self {
        let Some(request) = request else {
            return self;
        };
        if self.error.is_some() {
            self.failed = Some(request.kind);
        }
        self.user_digest = self.user_digest.or(request.user_digest);
        self.client_host = self.client_host.or(request.client_host);
        self.realm = self.realm.or(request.realm);
        self.sname = self.sname.or(request.sname);
        self.is_pre_authenticated = request.is_pre_authenticated;
        self.asked = request.asked;
        self
    }

    /// The facts of a transaction.
    pub(super) fn facts(self) -> Facts {
        let mut facts = Facts::new();
        facts
            .put("msg_type", self.kind.name())
            .put_some("user_digest", self.user_digest)
            .put_some("realm", self.realm)
            .put_some("sname", self.sname)
            .put_some("client_host", self.client_host)
            .put_some("pre_authenticated", self.is_pre_authenticated);
        if !self.asked.is_empty() {
            let asked: Vec<String> = self.asked.into_iter().map(words::etype).collect();
            facts.put("request_encryption", asked);
        }
        if let Some(etype) = self.etype {
            facts
                .put("encryption", words::etype(etype))
                .put("weak_encryption", words::is_weak(etype));
        }
        if let Some(etype) = self.ticket_etype {
            facts
                .put("ticket_encryption", words::etype(etype))
                .put("ticket_weak_encryption", words::is_weak(etype));
        }
        if let Some(error) = self.error {
            facts
                .put("error_code", words::error(error))
                .put("failed_request", self.failed.map_or("UNKNOWN", Kind::name));
        }
        facts
    }
}

fn request(fields: &[u8], message: &mut Message) {
    let padata = field(fields, 3).and_then(|mut octets| expect(&mut octets, 0x30));
    let types = padata.into_iter().flat_map(|list| items(list, 0x30));
    // Encrypted time stamp, public key, FAST's own.
    message.is_pre_authenticated = Some(
        types
            .filter_map(|item| field(item, 1).and_then(integer))
            .any(|kind| matches!(kind, 1 | 2 | 16 | 138)),
    );
    let Some(body) = field(fields, 4).and_then(|mut octets| expect(&mut octets, 0x30)) else {
        return;
    };
    message.user_digest = field(body, 1).and_then(digest);
    message.realm = field(body, 2).and_then(string);
    message.sname = field(body, 3).and_then(principal);
    if let Some(etypes) = field(body, 8).and_then(|mut octets| expect(&mut octets, 0x30)) {
        message.asked = items(etypes, 0x02)
            .filter_map(asn1::number)
            .take(MAX_ETYPES)
            .collect();
    }
    if let Some(addresses) = field(body, 9).and_then(|mut octets| expect(&mut octets, 0x30)) {
        // 20 is a NetBIOS name, filled up with blanks.
        message.client_host = items(addresses, 0x30)
            .filter(|item| field(item, 0).and_then(integer) == Some(20))
            .find_map(|item| field(item, 1).and_then(|mut octets| expect(&mut octets, 0x04)))
            .map(|name| text::of(name.trim_ascii_end()));
    }
}

fn reply(fields: &[u8], message: &mut Message) {
    message.realm = field(fields, 3).and_then(string);
    message.user_digest = field(fields, 4).and_then(digest);
    if let Some((_, sname, etype)) = field(fields, 5).and_then(ticket) {
        (message.sname, message.ticket_etype) = (Some(sname), etype);
    }
    message.etype = field(fields, 6).and_then(encrypted);
}

/// Realm, service and encryption type of a ticket.
fn ticket(mut octets: &[u8]) -> Option<(Box<str>, Box<str>, Option<u64>)> {
    let mut body = expect(&mut octets, 0x61)?;
    let fields = expect(&mut body, 0x30)?;
    let realm = field(fields, 1).and_then(string)?;
    let sname = field(fields, 2).and_then(principal)?;
    Some((realm, sname, field(fields, 3).and_then(encrypted)))
}

/// The type of encrypted data.
fn encrypted(mut octets: &[u8]) -> Option<u64> {
    integer(field(expect(&mut octets, 0x30)?, 0)?)
}

/// A name's parts, joined as they are written.
fn principal(octets: &[u8]) -> Option<Box<str>> {
    Some(text::of(&parts(octets)?.join(&b'/')))
}

/// A client's name as a digest. An enterprise name is the account before the realm.
fn digest(octets: &[u8]) -> Option<String> {
    let name = parts(octets)?.join(&b'/');
    let account = name.split(|octet| *octet == b'@').next()?;
    (!account.is_empty()).then(|| text::user_digest(account))
}

fn parts(mut octets: &[u8]) -> Option<Vec<&[u8]>> {
    let fields = expect(&mut octets, 0x30)?;
    let strings = field(fields, 1).and_then(|mut octets| expect(&mut octets, 0x30))?;
    Some(items(strings, 0x1b).take(MAX_PARTS).collect())
}

fn string(mut octets: &[u8]) -> Option<Box<str>> {
    expect(&mut octets, 0x1b).map(text::of)
}

fn integer(mut octets: &[u8]) -> Option<u64> {
    expect(&mut octets, 0x02).and_then(asn1::number)
}

/// The field of a sequence with a context number.
fn field(mut fields: &[u8], number: u16) -> Option<&[u8]> {
    for _ in 0..MAX_FIELDS {
        let tlv = asn1::next(&mut fields)?;
        if tlv.tag == number | 0xa0 {
            return Some(tlv.value);
        }
    }
    None
}

/// The items of a list that have a tag.
fn items(mut list: &[u8], tag: u16) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || asn1::next(&mut list))
        .take(MAX_FIELDS)
        .filter(move |tlv| tlv.tag == tag)
        .map(|tlv| tlv.value)
}
