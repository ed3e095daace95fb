//! SNMP: version, kind of request, the first objects, the user and engine of version 3.
//!
//! The community is a password: only whether there is one, and whether it is one of the two that
//! every scanner tries, is kept.
//! Source: RFC 1157 section 4, RFC 3416 section 3, RFC 3412 section 6, RFC 3414 section 2.4; BER as
//! in X.690.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Objects of one message that are kept.
const MAX_OIDS: usize = 8;
/// Numbers of one object identifier that are kept.
const MAX_ARCS: usize = 32;
/// The communities that products are shipped with.
const DEFAULTS: [&[u8]; 2] = [b"public", b"private"];
const INTEGER: u8 = 2;
const OCTET_STRING: u8 = 4;
const OBJECT_IDENTIFIER: u8 = 6;
const SEQUENCE: u8 = 0x30;
const RESPONSE: u8 = 2;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "snmp",
    title: "SNMP",
    transports: &[Transport::Udp],
    ports: &[161, 162],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Number, "版", "Version"),
    row(
        "community_present",
        FactKind::Flag,
        "コミュニティあり",
        "Community present",
    ),
    row(
        "default_community",
        FactKind::Flag,
        "既定のコミュニティ",
        "Default community",
    ),
    row("pdu_type", FactKind::Text, "操作", "Operation"),
    row("vars", FactKind::Text, "オブジェクト", "Objects"),
    row("vars_cut", FactKind::Flag, "オブジェクト省略", "Objects cut"),
    row("trap_oid", FactKind::Text, "トラップの企業", "Trap enterprise"),
    row("trap_type", FactKind::Number, "トラップの種別", "Trap type"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row("error", FactKind::Number, "エラー", "Error"),
    row(
        "response_octets",
        FactKind::Number,
        "応答の長さ",
        "Response octets",
    ),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("engine_id", FactKind::Text, "エンジン ID", "Engine ID"),
    row("auth", FactKind::Flag, "認証", "Authenticated"),
    row("encrypted", FactKind::Flag, "暗号化", "Encrypted"),
];

/// A message as far as it is read.
struct Message<'a> {
    version: u8,
    community: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
    engine: &'a [u8],
    flags: u8,
    id: u64,
    /// Kind and contents of the PDU; none where it is encrypted.
    pdu: Option<(u8, Octets<'a>)>,
}

fn probe(hint: &Hint<'_>) -> Probe {
    match message(hint.octets) {
        Some(message) if message.pdu.is_some() || message.version == 3 => Probe::Sure,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Snmp::default())
}

#[derive(Default)]
struct Snmp {
    exchanges: Exchanges,
}

impl Parser for Snmp {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some(message) = message(chunk.octets) else {
            return took;
        };
        let version = match message.version {
            0 => "1",
            1 => "2c",
            _ => "3",
        };
        sheet.essential(Essential::Version, version, "snmp.version");
        let kind = message.pdu.map_or(u8::MAX, |(kind, _)| kind);
        let body = message.pdu.and_then(|(kind, pdu)| body(kind, pdu));
        let id = body.as_ref().and_then(|body| body.id).unwrap_or(message.id);
        let mut facts = facts_of(&message, kind, body.as_ref());
        if let Some(user) = message.user.filter(|user| !user.is_empty()) {
            let digest = text::user_digest(user);
            sheet.essential(Essential::User, digest.clone(), "snmp.usm");
            facts.put("user_digest", digest);
        }
        if kind == RESPONSE
            && let Some(mut open) = self.exchanges.answer(id)
        {
            open.facts
                .put("answered", true)
                .put("response_octets", chunk.octets.len() as u64)
                .put_some(
                    "error",
                    body.and_then(|body| body.error).filter(|error| *error != 0),
                );
            self.exchanges.write(open, sheet);
            return took;
        }
        let open = Open {
            key: id,
            kind: u64::from(kind),
            at: chunk.at,
            facts,
        };
        if matches!(kind, 0 | 1 | 3 | 5 | 6) {
            self.exchanges.ask(open, sheet);
        } else {
            self.exchanges.write(open, sheet);
        }
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

fn facts_of(message: &Message<'_>, kind: u8, body: Option<&Body>) -> Facts {
    let mut facts = Facts::new();
    facts.put(
        "version",
        if message.version == 1 {
            2
        } else {
            message.version.max(1)
        },
    );
    if let Some(community) = message.community {
        facts
            .put("community_present", !community.is_empty())
            .put("default_community", DEFAULTS.contains(&community));
    }
    if message.version == 3 {
        facts
            .put("auth", message.flags & 1 != 0)
            .put("encrypted", message.flags & 2 != 0);
        if !message.engine.is_empty() {
            // RFC 3411: at most 32 octets.
            let engine = message.engine.get(..32).unwrap_or(message.engine);
            facts.put("engine_id", text::hex(engine));
        }
    }
    facts.put("pdu_type", word(kind));
    if let Some(body) = body {
        facts
            .put_some("trap_oid", body.trap.as_ref().map(|(oid, _)| oid.clone()))
            .put_some("trap_type", body.trap.as_ref().map(|(_, kind)| *kind))
            .put_some(
                "error",
                body.error.filter(|error| *error != 0 && kind == RESPONSE),
            );
        if !body.vars.is_empty() {
            facts.put("vars", body.vars.clone());
        }
        if body.is_cut {
            facts.put("vars_cut", true);
        }
    }
    facts
}

/// Suricata's words.
const fn word(kind: u8) -> &'static str {
    match kind {
        0 => "get_request",
        1 => "get_next_request",
        2 => "response",
        3 => "set_request",
        4 => "trap_v1",
        5 => "get_bulk_request",
        6 => "inform_request",
        7 => "trap_v2",
        8 => "report",
        _ => "encrypted",
    }
}

/// Reads the head of a message, down to the PDU.
fn message(octets: &[u8]) -> Option<Message<'_>> {
    let mut all = Octets(octets);
    let mut outer = expect(&mut all, SEQUENCE)?;
    let version = u8::try_from(integer(&mut outer)?).ok()?;
    match version {
        0 | 1 => {
            let community = expect(&mut outer, OCTET_STRING)?.0;
            let (tag, pdu) = element(&mut outer)?;
            let kind = tag.checked_sub(0xa0).filter(|kind| *kind <= 8)?;
            let community = Some(community);
            let pdu = Some((kind, pdu));
            Some(Message {
                version,
                community,
                user: None,
                engine: &[],
                flags: 0,
                id: 0,
                pdu,
            })
        }
        3 => {
            let mut header = expect(&mut outer, SEQUENCE)?;
            let id = integer(&mut header)?;
            // RFC 3412: at least 484 octets.
            integer(&mut header).filter(|size| *size >= 484)?;
            let flags = expect(&mut header, OCTET_STRING)?.u8()?;
            integer(&mut header)?;
            let mut security = expect(&mut outer, OCTET_STRING)?;
            let usm = usm(&mut security);
            let (engine, user) = usm.unwrap_or_default();
            let pdu = if flags & 2 == 0 { scoped(&mut outer) } else { None };
            let user = Some(user);
            Some(Message {
                version,
                community: None,
                user,
                engine,
                flags,
                id,
                pdu,
            })
        }
        _ => None,
    }
}

/// Engine and user of the user-based security model.
fn usm<'a>(security: &mut Octets<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let mut usm = expect(security, SEQUENCE)?;
    let engine = expect(&mut usm, OCTET_STRING)?.0;
    integer(&mut usm)?;
    integer(&mut usm)?;
    Some((engine, expect(&mut usm, OCTET_STRING)?.0))
}

fn scoped<'a>(outer: &mut Octets<'a>) -> Option<(u8, Octets<'a>)> {
    let mut scoped = expect(outer, SEQUENCE)?;
    expect(&mut scoped, OCTET_STRING)?;
    expect(&mut scoped, OCTET_STRING)?;
    let (tag, pdu) = element(&mut scoped)?;
    Some((tag.checked_sub(0xa0).filter(|kind| *kind <= 8)?, pdu))
}

/// What a PDU says.
struct Body {
    id: Option<u64>,
    error: Option<u64>,
    trap: Option<(Box<str>, u64)>,
    vars: Vec<Box<str>>,
    is_cut: bool,
}

fn body(kind: u8, mut pdu: Octets<'_>) -> Option<Body> {
    let mut body = Body {
        id: None,
        error: None,
        trap: None,
        vars: Vec::new(),
        is_cut: false,
    };
    if kind == 4 {
        let enterprise = oid(expect(&mut pdu, OBJECT_IDENTIFIER)?.0);
        element(&mut pdu)?;
        body.trap = Some((enterprise, integer(&mut pdu)?));
        integer(&mut pdu)?;
        element(&mut pdu)?;
    } else {
        body.id = Some(integer(&mut pdu)?);
        // A bulk request has its repetitions where others have their error.
        body.error = integer(&mut pdu).filter(|_| kind != 5);
        integer(&mut pdu)?;
    }
    let mut list = expect(&mut pdu, SEQUENCE).unwrap_or(Octets(&[]));
    while let Some(mut one) = expect(&mut list, SEQUENCE) {
        if body.vars.len() == MAX_OIDS {
            body.is_cut = true;
            break;
        }
        if let Some(name) = expect(&mut one, OBJECT_IDENTIFIER) {
            body.vars.push(oid(name.0));
        }
    }
    Some(body)
}

/// One element of BER: its tag and its contents.
fn element<'a>(octets: &mut Octets<'a>) -> Option<(u8, Octets<'a>)> {
    let tag = octets.u8()?;
    let length = match octets.u8()? {
        short @ ..=0x7f => usize::from(short),
        0x81 => usize::from(octets.u8()?),
        0x82 => usize::from(octets.be16()?),
        // Some agents write every length in four octets.
        0x83 => usize::from(octets.u8().filter(|high| *high == 0).and(octets.be16())?),
        0x84 => usize::try_from(octets.be32()?).ok()?,
        _ => return None,
    };
    Some((tag, Octets(octets.take(length)?)))
}

fn expect<'a>(octets: &mut Octets<'a>, tag: u8) -> Option<Octets<'a>> {
    let mut ahead = *octets;
    let (found, contents) = element(&mut ahead)?;
    if found != tag {
        return None;
    }
    *octets = ahead;
    Some(contents)
}

/// A number of up to eight octets, as its octets say, without sign.
fn integer(octets: &mut Octets<'_>) -> Option<u64> {
    let contents = expect(octets, INTEGER)?.0;
    if contents.is_empty() || contents.len() > 8 {
        return None;
    }
    Some(contents.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
}

/// An object identifier with points.
fn oid(octets: &[u8]) -> Box<str> {
    use std::fmt::Write;
    let mut words = String::new();
    let mut arc: u64 = 0;
    let mut arcs = 0_usize;
    for octet in octets {
        arc = arc.wrapping_shl(7) | u64::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            continue;
        }
        if arcs == 0 {
            let first = (arc / 40).min(2);
            // Writing to a string cannot fail.
            let _ = write!(words, "{first}.{}", arc.saturating_sub(first.saturating_mul(40)));
        } else {
            let _ = write!(words, ".{arc}");
        }
        arc = 0;
        arcs = arcs.saturating_add(1);
        if arcs == MAX_ARCS {
            break;
        }
    }
    words.into()
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// A GetRequest for sysDescr.0 with community "public", written out by X.690 from the ASN.1 of
    /// RFC 1157.
    const GET: &[u8] = b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x2a\x02\x01\x00\x02\x01\x00\
        \x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00";
    const ANSWER: &[u8] = b"\x30\x29\x02\x01\x01\x04\x06public\xa2\x1c\x02\x01\x2a\x02\x01\x00\x02\x01\x00\
        \x30\x11\x30\x0f\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x04\x03abc";
    /// The discovery of RFC 3414 section 4: no user, no engine, reportable.
    const DISCOVERY: &[u8] = b"\x30\x3a\x02\x01\x03\x30\x0f\x02\x02\x4a\x69\x02\x03\x00\xff\xe3\x04\x01\x04\
        \x02\x01\x03\x04\x10\x30\x0e\x04\x00\x02\x01\x00\x02\x01\x00\x04\x00\x04\x00\x04\x00\
        \x30\x12\x04\x00\x04\x00\xa0\x0c\x02\x02\x37\xf0\x02\x01\x00\x02\x01\x00\x30\x00";

    #[test]
    fn a_request_and_its_answer_are_one_and_the_community_is_not_kept() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, GET), (End::Resp, ANSWER)];

        let seen = test::converse(Transport::Udp, [40_000, 9999], chunks);

        assert_eq!(seen.app.service, "snmp");
        assert_eq!(seen.app.get(Essential::Version), Some("2c"));
        let [facts] = &seen.transactions("snmp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("pdu_type"), Some("get_request"));
        assert_eq!(facts.text("vars"), Some("1.3.6.1.2.1.1.1.0"));
        assert_eq!(facts.get("default_community"), Some(true.into()));
        assert_eq!(facts.get("answered"), Some(true.into()));
        assert!(!format!("{seen:?}").contains("public"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn version_three_says_its_engine_and_a_digest_of_its_user() {
        let mut named = DISCOVERY.to_vec();
        // The user "bob" in place of none: three octets more in every length around it.
        named.splice(35..36, *b"\x03bob");
        for at in [1, 23, 25] {
            named[at] += 3;
        }
        let chunks: &[(End, &[u8])] = &[(End::Orig, DISCOVERY), (End::Orig, &named)];

        let seen = test::converse(Transport::Udp, [40_000, 161], chunks);

        let found = seen.transactions("snmp");
        assert_eq!(found.len(), 2, "{seen:?}");
        assert_eq!(found[0].number("version"), Some(3));
        assert_eq!(found[0].text("user_digest"), None);
        // printf 'sekisho-user:bob' | sha256sum
        assert_eq!(found[1].text("user_digest"), Some(&*text::user_digest(b"bob")));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn other_ber_is_not_claimed() {
        // The search request of LDAP over UDP begins as SNMP does.
        let hint = Hint {
            from: End::Orig,
            octets: b"\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\
                \x01\x01\x00\x87\x0b\x6f\x62\x6a\x65\x63\x74\x63\x6c\x61\x73\x73\x30\x00",
            other: &[],
            transport: Transport::Udp,
            ports: [40_000, 161],
        };

        assert_eq!(probe(&hint), Probe::No);
    }
}
