//! SIP: who calls whom at which domain, with which software, and what came of it.
//!
//! The user parts of addresses are accounts or telephone numbers and are kept as digests. Bodies are
//! passed over, but for the media that an offer names.
//! Source: RFC 3261 sections 7, 20 and 25; SDP RFC 8866.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::ends::Ends;
use super::exchanges::{Exchanges, Open};
use crate::app::octets::is_word;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets in which the head of a message must end.
const MAX_HEAD: usize = 16 * 1024;
/// Media of an offer that are kept.
const MAX_MEDIA: usize = 4;
const METHODS: [&[u8]; 14] = [
    b"INVITE",
    b"ACK",
    b"OPTIONS",
    b"BYE",
    b"CANCEL",
    b"REGISTER",
    b"PRACK",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"PUBLISH",
    b"INFO",
    b"REFER",
    b"MESSAGE",
    b"UPDATE",
];

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "sip",
    title: "SIP",
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[5060],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("method", FactKind::Text, "メソッド", "Method"),
    row("uri_host", FactKind::Text, "宛先ホスト", "Request host"),
    row("version", FactKind::Text, "版", "Version"),
    row("code", FactKind::Text, "応答コード", "Response code"),
    row("reason", FactKind::Text, "応答文", "Reason"),
    row("from.domain", FactKind::Text, "発信ドメイン", "From domain"),
    row(
        "from.user_digest",
        FactKind::Text,
        "発信者(要約値)",
        "From user (digest)",
    ),
    row("to.domain", FactKind::Text, "着信ドメイン", "To domain"),
    row(
        "to.user_digest",
        FactKind::Text,
        "着信者(要約値)",
        "To user (digest)",
    ),
    row("user_agent", FactKind::Text, "ソフトウェア", "User agent"),
    row("server", FactKind::Text, "サーバソフトウェア", "Server software"),
    row("authorization", FactKind::Text, "認証方式", "Authorisation kind"),
    row("media", FactKind::Text, "メディア", "Media"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let more = if hint.transport == Transport::Tcp {
        Probe::More
    } else {
        Probe::No
    };
    if octets.starts_with(b"SIP/2.0 ") {
        return Probe::Sure;
    }
    if b"SIP/2.0 ".starts_with(octets) {
        return more;
    }
    for method in METHODS {
        if let Some(rest) = octets.strip_prefix(method) {
            return match rest {
                [] | [b' '] => more,
                [b' ', rest @ ..] => {
                    let schemes: [&[u8]; 3] = [b"sip:", b"sips:", b"tel:"];
                    if schemes.iter().any(|scheme| rest.starts_with(scheme)) {
                        Probe::Sure
                    } else if schemes.iter().any(|scheme| scheme.starts_with(rest)) {
                        more
                    } else {
                        Probe::No
                    }
                }
                _ => Probe::No,
            };
        }
        if method.starts_with(octets) {
            return more;
        }
    }
    Probe::No
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Sip {
        is_stream: start.transport == Transport::Tcp,
        ends: Ends::default(),
        exchanges: Exchanges::default(),
    })
}

struct Sip {
    is_stream: bool,
    ends: Ends,
    exchanges: Exchanges,
}

impl Parser for Sip {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.exchanges.is_enough() {
            sheet.partial();
            return Read::Done;
        }
        // Line ends between messages keep a connection open.
        let blank = chunk
            .octets
            .iter()
            .take_while(|octet| matches!(octet, b'\r' | b'\n' | 0))
            .count();
        if blank > 0 && self.is_stream {
            return Read::Took(blank);
        }
        let seen = chunk.octets.get(..MAX_HEAD).unwrap_or(chunk.octets);
        let end = self.ends.find(chunk.from, seen, b"\r\n\r\n");
        if !self.is_stream {
            self.ends.forget(chunk.from);
        }
        let head = match end {
            Some(end) => seen.get(..end).unwrap_or_default(),
            None if !self.is_stream => seen,
            None if chunk.octets.len() >= MAX_HEAD => return Read::Done,
            None => return Read::Took(0),
        };
        let after = end.map_or(chunk.octets.len(), |end| end.saturating_add(4));
        let body = chunk.octets.get(after..).unwrap_or_default();
        let Some(length) = self.message(chunk, head, body, sheet) else {
            return if self.is_stream {
                Read::Done
            } else {
                Read::Took(chunk.octets.len())
            };
        };
        if self.is_stream {
            Read::Skip {
                took: after,
                skip: length,
            }
        } else {
            Read::Took(chunk.octets.len())
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Sip {
    /// Reads a head; answers the length of the body.
    fn message(&mut self, chunk: &Chunk<'_>, head: &[u8], body: &[u8], sheet: &mut Sheet<'_>) -> Option<u64> {
        let mut lines = head.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next()?;
        let mut facts = Facts::new();
        let mut length = 0;
        let mut key = 0;
        let status = first.strip_prefix(b"SIP/2.0 ");
        if status.is_none() {
            let mut words = first.split(|octet| *octet == b' ');
            let method = words
                .next()
                .filter(|method| is_word(method) && method.len() <= 32)?;
            let uri = words.next()?;
            let version = words.next().filter(|version| version.starts_with(b"SIP/"))?;
            facts.put("method", text::of(method));
            facts.put_some("uri_host", address(uri).1.map(text::of));
            facts.put("version", text::bounded(version, 16).0);
        }
        for line in lines {
            let Some((name, value)) = header(line) else {
                continue;
            };
            match &name[..] {
                b"from" | b"f" => _ = facts.put("from", party(value)),
                b"to" | b"t" => _ = facts.put("to", party(value)),
                b"user-agent" => {
                    let agent = text::of(value);
                    let what = if status.is_some() {
                        Essential::ServerSoftware
                    } else {
                        Essential::ClientSoftware
                    };
                    sheet.essential(what, agent.clone(), "sip.user_agent");
                    facts.put("user_agent", agent);
                }
                b"server" => {
                    sheet.essential(Essential::ServerSoftware, text::of(value), "sip.server");
                    facts.put("server", text::of(value));
                }
                b"authorization" | b"proxy-authorization" => {
                    let kind = value.split(|octet| *octet == b' ').next().unwrap_or_default();
                    facts.put("authorization", text::bounded(kind, 32).0);
                }
                b"content-length" | b"l" => {
                    length = std::str::from_utf8(value)
                        .ok()
                        .and_then(|value| value.parse().ok())
                        .unwrap_or(0);
                }
                // An answer repeats the call, the number and the method of its request.
                b"call-id" | b"i" | b"cseq" => key = mix(key, value),
                _ => {}
            }
        }
        let media = media(body);
        if !media.is_empty() {
            facts.put("media", media);
        }
        self.file(chunk, status, key, facts, sheet);
        Some(length)
    }

    fn file(
        &mut self,
        chunk: &Chunk<'_>,
        status: Option<&[u8]>,
        key: u64,
        facts: Facts,
        sheet: &mut Sheet<'_>,
    ) {
        let at = chunk.at;
        let Some(status) = status else {
            if let Some(domain) = facts.text("uri_host") {
                sheet.essential(Essential::ServerName, domain, "sip.uri_host");
            }
            if let Some(user) = facts.text("from.user_digest") {
                sheet.essential(Essential::User, user, "sip.from");
            }
            let kind = mix(0, facts.text("method").unwrap_or_default().as_bytes());
            let open = Open { key, kind, at, facts };
            if open.facts.text("method") == Some("ACK") {
                self.exchanges.write(open, sheet);
            } else {
                self.exchanges.ask(open, sheet);
            }
            return;
        };
        let code = status.get(..3).unwrap_or(status);
        if code.first() == Some(&b'1') {
            return;
        }
        let mut open = self.exchanges.answer(key).unwrap_or(Open {
            key,
            kind: u64::MAX,
            at,
            facts: Facts::new(),
        });
        open.facts.put("code", text::of(code));
        open.facts.put_some(
            "reason",
            status.get(4..).map(|reason| text::bounded(reason, 64).0),
        );
        open.facts.put_all(&facts);
        self.exchanges.write(open, sheet);
    }
}

/// Name in lower case and value of a header line.
fn header(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let colon = line.iter().take(64).position(|octet| *octet == b':')?;
    let name = line.get(..colon)?.trim_ascii().to_ascii_lowercase();
    Some((name, line.get(colon.saturating_add(1)..)?.trim_ascii()))
}

fn party(value: &[u8]) -> Facts {
    let (user, host) = address(value);
    let mut facts = Facts::new();
    facts
        .put_some("domain", host.map(text::of))
        .put_some("user_digest", user.map(text::user_digest));
    facts
}

/// User and host of the first address in a header or a request line.
fn address(value: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let value = value.get(..512).unwrap_or(value);
    let Some(start) = value
        .windows(4)
        .position(|four| matches!(four, b"sip:" | b"ips:"))
    else {
        let tel = value.windows(4).position(|four| four == b"tel:");
        let number = tel.and_then(|at| value.get(at.saturating_add(4)..));
        return (number.map(|number| until(number, b">; ")), None);
    };
    let uri = until(value.get(start.saturating_add(4)..).unwrap_or_default(), b">;? ");
    let (user, place) = match uri.iter().rposition(|octet| *octet == b'@') {
        Some(at) => (uri.get(..at), uri.get(at.saturating_add(1)..).unwrap_or_default()),
        None => (None, uri),
    };
    let host = if place.starts_with(b"[") {
        until(place, b"]").get(1..).unwrap_or_default()
    } else {
        until(place, b":")
    };
    (
        user.map(|user| until(user, b":")),
        Some(host).filter(|host| !host.is_empty()),
    )
}

fn until<'a>(octets: &'a [u8], ends: &[u8]) -> &'a [u8] {
    octets
        .split(|octet| ends.contains(octet))
        .next()
        .unwrap_or_default()
}

/// Kind and transport of the media that an offer names.
fn media(body: &[u8]) -> Vec<Box<str>> {
    body.get(..4096)
        .unwrap_or(body)
        .split(|octet| *octet == b'\n')
        .filter_map(|line| line.strip_prefix(b"m="))
        .take(MAX_MEDIA)
        .map(|line| text::bounded(line.trim_ascii(), 64).0)
        .collect()
}

/// FNV-1a: enough to pair what one flow says.
fn mix(from: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(from ^ 0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// RFC 3261 section 24.2, messages F1 and F2, with a body as in section 24.2's first INVITE.
    const INVITE: &[u8] = b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8\r\nMax-Forwards: 70\r\n\
        To: Bob <sip:bob@biloxi.example.com>\r\nFrom: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\n\
        Call-ID: a84b4c76e66710\r\nCSeq: 314159 INVITE\r\nUser-Agent: Softphone Beta1.5\r\n\
        Authorization: Digest username=\"alice\", response=\"dfe56131d1958046689d83306477ecc\"\r\n\
        Content-Type: application/sdp\r\nContent-Length: 35\r\n\r\nv=0\r\nm=audio 49172 RTP/AVP 0\r\ns=-\r\n";
    const OK: &[u8] = b"SIP/2.0 200 OK\r\nTo: Bob <sip:bob@biloxi.example.com>;tag=a6c85cf\r\n\
        From: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\nCall-ID: a84b4c76e66710\r\n\
        CSeq: 314159 INVITE\r\nServer: Example/1\r\nContent-Length: 0\r\n\r\n";

    fn check(seen: &test::Seen) {
        assert_eq!(seen.app.service, "sip");
        assert_eq!(seen.app.get(Essential::ClientSoftware), Some("Softphone Beta1.5"));
        let [facts] = &seen.transactions("sip")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("method"), Some("INVITE"));
        assert_eq!(facts.text("uri_host"), Some("biloxi.example.com"));
        assert_eq!(facts.text("from.domain"), Some("atlanta.example.com"));
        assert_eq!(
            facts.text("from.user_digest"),
            Some(&*text::user_digest(b"alice"))
        );
        assert_eq!(facts.text("to.user_digest"), Some(&*text::user_digest(b"bob")));
        assert_eq!(facts.text("authorization"), Some("Digest"));
        assert_eq!(facts.text("code"), Some("200"));
        assert_eq!(facts.text("server"), Some("Example/1"));
        assert!(!format!("{seen:?}").contains("alice"));
        assert!(!format!("{seen:?}").contains("dfe561"));
    }

    #[test]
    fn the_call_of_the_specification_is_one_exchange() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, INVITE), (End::Resp, OK)];

        let datagrams = test::converse(Transport::Udp, [40_000, 7000], chunks);
        check(&datagrams);
        let media = datagrams.transactions("sip")[0].text("media");
        assert_eq!(media, Some("audio 49172 RTP/AVP 0"));
        check(&test::converse(Transport::Tcp, [40_000, 7000], chunks));
        check(&test::in_single_octets([40_000, 7000], chunks));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn an_answer_alone_is_told() {
        let seen = test::converse(Transport::Tcp, [40_000, 7000], &[(End::Resp, OK)]);

        assert_eq!(seen.transactions("sip")[0].text("code"), Some("200"), "{seen:?}");
    }

    #[test]
    fn octets_that_wait_are_looked_at_once() {
        use sekisho_model::Timestamp;
        let (mut app, mut events) = (sekisho_model::app::App::default(), Vec::new());
        let mut sheet = Sheet::new(&mut app, &mut events, "sip", Timestamp::MIN);
        let mut parser = parser(&Start {
            transport: Transport::Tcp,
            ports: [40_000, 5060],
        });
        let mut read = |octets: &[u8]| {
            let chunk = Chunk {
                from: crate::app::parser::End::Orig,
                at: Timestamp::MIN,
                octets,
                cut: 0,
            };
            parser.read(&chunk, &mut sheet)
        };

        assert!(matches!(read(b"OPTIONS sip:a.example SIP/2.0"), Read::Took(0)));
        // An end in what was looked at before is one that is not looked for.
        assert!(matches!(read(b"OPTIONS\r\n\r\nsip:a.example S"), Read::Took(0)));
        assert!(matches!(
            read(b"OPTIONS sip:a.example SIP/2.0\r\n\r\n"),
            Read::Skip { took: 33, skip: 0 }
        ));
    }
}
