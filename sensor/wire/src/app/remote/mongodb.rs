//! MongoDB: which program with which driver, which commands on which data base, which account.
//!
//! Source: MongoDB's "Wire Protocol" and "MongoDB Handshake" specifications; BSON 1.1.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const HEADER_LEN: usize = 16;
/// Octets of a message that are read; the rest is passed over.
const MAX_READ: usize = 4096;
/// Octets of the longest message there is (48 MB and its head).
const MAX_MESSAGE: usize = 48_000_000 + 4096;
/// Elements of a document that are looked at.
const MAX_ELEMENTS: usize = 64;
const REPLY: u32 = 1;
const QUERY: u32 = 2004;
const COMPRESSED: u32 = 2012;
const MSG: u32 = 2013;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "mongodb",
    title: "MongoDB",
    transports: &[Transport::Tcp],
    ports: &[27017],
    kin: &["tls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("command", FactKind::Text, "命令", "Command"),
    row("database", FactKind::Text, "データベース", "Data base"),
    row("application", FactKind::Text, "アプリケーション", "Application"),
    row("driver", FactKind::Text, "ドライバ", "Driver"),
    row("os", FactKind::Text, "OS", "Operating system"),
    row("mechanism", FactKind::Text, "認証方式", "Mechanism"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("compressed", FactKind::Flag, "圧縮", "Compressed"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row(
        "max_wire_version",
        FactKind::Number,
        "サーバのプロトコル版",
        "Server wire version",
    ),
    row("error_code", FactKind::Text, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.octets.len() < HEADER_LEN {
        let is_begun = hint.octets.get(3).is_none_or(|high| *high <= 2);
        return if is_begun && (hint.ports.contains(&27017) || hint.octets.len() >= 12) {
            Probe::More
        } else {
            Probe::No
        };
    }
    let Some(header) = header(hint.octets) else {
        return Probe::No;
    };
    let mut body = Octets(hint.octets.get(HEADER_LEN..).unwrap_or_default());
    match header.code {
        MSG if body.len() < 5 => Probe::More,
        MSG => match (body.le32(), body.u8()) {
            // Checksum, more to come, exhaust allowed; a body or a sequence of documents.
            (Some(flags), Some(0 | 1)) if flags & !0x0001_0003 == 0 => Probe::Sure,
            _ => Probe::No,
        },
        QUERY => match body.le32() {
            None => Probe::More,
            Some(_) => {
                let is_name = body
                    .0
                    .iter()
                    .take_while(|octet| **octet != 0)
                    .all(u8::is_ascii_graphic);
                if is_name { Probe::Sure } else { Probe::No }
            }
        },
        REPLY if header.answers != 0 => Probe::Likely,
        COMPRESSED => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Mongodb::default())
}

#[derive(Default)]
struct Mongodb {
    exchanges: Exchanges,
}

struct Header {
    length: usize,
    id: u32,
    answers: u32,
    code: u32,
}

impl Parser for Mongodb {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.exchanges.is_enough() {
            sheet.partial();
            return Read::Done;
        }
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let Some(header) = header(chunk.octets) else {
            return Read::Done;
        };
        let wanted = header.length.min(MAX_READ);
        let Some(message) = chunk.octets.get(..wanted) else {
            return Read::Need(wanted);
        };
        let document = document(&header, message);
        if header.answers != 0
            && let Some(mut open) = self.exchanges.answer(u64::from(header.answers))
        {
            open.facts.put("answered", true);
            answer(document, &mut open.facts);
            self.exchanges.write(open, sheet);
        } else if header.answers == 0 {
            let mut facts = Facts::new();
            if header.code == COMPRESSED {
                facts.put("compressed", true);
            }
            request(document, &mut facts, sheet);
            let kind = facts.text("command").unwrap_or_default().bytes();
            let kind = kind.fold(0_u64, |sum, octet| {
                sum.wrapping_mul(31).wrapping_add(u64::from(octet))
            });
            self.exchanges.ask(
                Open {
                    key: u64::from(header.id),
                    kind,
                    at: chunk.at,
                    facts,
                },
                sheet,
            );
        }
        Read::Skip {
            took: wanted,
            skip: header.length.saturating_sub(wanted) as u64,
        }
    }

    fn gap(&mut self, _: crate::app::parser::End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // The next segment either begins with a header or ends the reading.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

fn header(octets: &[u8]) -> Option<Header> {
    let mut octets = Octets(octets);
    let length = usize::try_from(octets.le32()?).ok()?;
    let id = octets.le32()?;
    let answers = octets.le32()?;
    let code = octets.le32()?;
    let is_known = matches!(code, REPLY | QUERY | COMPRESSED | MSG | 2001..=2007);
    (is_known && (HEADER_LEN..=MAX_MESSAGE).contains(&length)).then_some(Header {
        length,
        id,
        answers,
        code,
    })
}

/// The document of a message, where it is in clear.
fn document<'a>(header: &Header, message: &'a [u8]) -> Octets<'a> {
    let mut body = Octets(message.get(HEADER_LEN..).unwrap_or_default());
    let found = match header.code {
        MSG => body.skip(4).and_then(|()| body.u8()).filter(|kind| *kind == 0),
        QUERY => body
            .skip(4)
            .and_then(|()| body.until(0))
            .and_then(|_| body.skip(8))
            .map(|()| 0),
        REPLY => body.skip(20).map(|()| 0),
        _ => None,
    };
    match found {
        Some(_) => body,
        None => Octets(&[]),
    }
}

/// One element of a document.
struct Element<'a> {
    name: &'a [u8],
    kind: u8,
    value: Octets<'a>,
}

/// The elements of a document as far as they are there.
fn elements(mut octets: Octets<'_>) -> impl Iterator<Item = Element<'_>> {
    let is_document = octets.le32().is_some();
    std::iter::from_fn(move || {
        let kind = octets.u8().filter(|kind| is_document && *kind != 0)?;
        let name = octets.until(0)?;
        let start = octets;
        let length = match kind {
            0x01 | 0x09 | 0x11 | 0x12 => 8,
            0x02 | 0x0d => {
                let mut ahead = octets;
                usize::try_from(ahead.le32()?).ok()?.checked_add(4)?
            }
            // A document's length counts itself.
            0x03 | 0x04 => {
                let mut ahead = octets;
                usize::try_from(ahead.le32()?).ok()?.max(5)
            }
            0x05 => {
                let mut ahead = octets;
                usize::try_from(ahead.le32()?).ok()?.checked_add(5)?
            }
            0x06 | 0x0a | 0x7f | 0xff => 0,
            0x07 => 12,
            0x08 => 1,
            0x10 => 4,
            0x13 => 16,
            _ => return None,
        };
        let length = length.min(start.len());
        Some(Element {
            name,
            kind,
            value: Octets(octets.take(length)?),
        })
    })
    .take(MAX_ELEMENTS)
}

impl<'a> Element<'a> {
    fn text(&self) -> Option<&'a [u8]> {
        let mut value = self.value;
        value.le32().filter(|_| self.kind == 2)?;
        value.until(0)
    }

    fn is(&self, name: &str) -> bool {
        self.name == name.as_bytes()
    }
}

fn request(document: Octets<'_>, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    for (at, element) in elements(document).enumerate() {
        if at == 0 {
            facts.put("command", text::bounded(element.name, 32).0);
        }
        if element.is("$db") {
            facts.put_some("database", element.text().map(|name| text::bounded(name, 64).0));
        } else if element.is("client") && element.kind == 3 {
            client(element.value, facts, sheet);
        } else if element.is("mechanism") {
            facts.put_some("mechanism", element.text().map(|name| text::bounded(name, 32).0));
        } else if element.is("saslSupportedMechs") {
            // The data base and the user of it.
            let name = element.text().and_then(|name| {
                let at = name.iter().position(|octet| *octet == b'.')?;
                name.get(at.saturating_add(1)..)
            });
            user(name, facts, sheet);
        } else if element.is("payload") && element.kind == 5 {
            let payload = element.value.0.get(5..).unwrap_or_default();
            // RFC 5802: n,,n=user,r=nonce
            let name = payload
                .split(|octet| *octet == b',')
                .find_map(|part| part.strip_prefix(b"n="));
            user(name, facts, sheet);
        }
    }
}

fn user(name: Option<&[u8]>, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        let digest = text::user_digest(name);
        sheet.essential(Essential::User, digest.clone(), "mongodb.user");
        facts.put("user_digest", digest);
    }
}

fn client(document: Octets<'_>, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    for part in elements(document).filter(|part| part.kind == 3) {
        let named = |wanted: &str| {
            let found = elements(part.value).find(|element| element.is(wanted));
            found
                .and_then(|element| element.text())
                .map(|text| text::bounded(text, 64).0)
        };
        if part.is("application") {
            facts.put_some("application", named("name"));
        } else if part.is("driver") {
            let driver = format!(
                "{} {}",
                named("name").unwrap_or_default(),
                named("version").unwrap_or_default()
            );
            sheet.essential(Essential::ClientSoftware, driver.trim_end(), "mongodb.driver");
            facts.put("driver", driver.trim_end());
        } else if part.is("os") {
            facts.put_some("os", named("name").or_else(|| named("type")));
        }
    }
}

fn answer(document: Octets<'_>, facts: &mut Facts) {
    for mut element in elements(document) {
        if element.is("maxWireVersion") && element.kind == 0x10 {
            facts.put_some("max_wire_version", element.value.le32());
        } else if element.is("codeName") {
            facts.put_some("error_code", element.text().map(|name| text::bounded(name, 64).0));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    fn string(name: &str, value: &str) -> Vec<u8> {
        let length = u32::try_from(value.len() + 1).unwrap().to_le_bytes();
        [&[2], name.as_bytes(), &[0], &length, value.as_bytes(), &[0]].concat()
    }

    fn group(name: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        [&[3], name.as_bytes(), &[0], &bson(parts)[..]].concat()
    }

    fn bson(parts: &[Vec<u8>]) -> Vec<u8> {
        let inner = parts.concat();
        let length = u32::try_from(inner.len() + 5).unwrap().to_le_bytes();
        [&length[..], &inner, &[0]].concat()
    }

    fn number(name: &str, value: u32) -> Vec<u8> {
        [&[0x10], name.as_bytes(), &[0], &value.to_le_bytes()[..]].concat()
    }

    fn message(id: u32, answers: u32, document: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER_LEN + 5 + document.len()).unwrap();
        let head = [length, id, answers, MSG, 0].map(u32::to_le_bytes).concat();
        [&head[..], &[0], document].concat()
    }

    #[test]
    fn a_hello_names_application_driver_and_account() {
        let hello = bson(&[
            number("hello", 1),
            string("saslSupportedMechs", "admin.alice"),
            group(
                "client",
                &[
                    group("application", &[string("name", "payroll")]),
                    group("driver", &[string("name", "nodejs"), string("version", "6.3.0")]),
                    group("os", &[string("type", "Linux")]),
                ],
            ),
            string("$db", "admin"),
        ]);
        let (ask, answer) = (
            message(7, 0, &hello),
            message(9, 7, &bson(&[number("maxWireVersion", 21)])),
        );
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, &answer)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.get(Essential::ClientSoftware), Some("nodejs 6.3.0"));
        let [facts] = &whole.transactions("mongodb")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            (facts.text("command"), facts.text("database")),
            (Some("hello"), Some("admin"))
        );
        assert_eq!(
            (facts.text("application"), facts.text("os")),
            (Some("payroll"), Some("Linux"))
        );
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(facts.number("max_wire_version"), Some(21));
        let single = test::in_single_octets([40_000, 27017], chunks);
        assert_eq!(whole.transactions("mongodb"), single.transactions("mongodb"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
