//! TDS, the protocol of SQL Server: whether the login is encrypted, and who logs in from where if not.
//!
//! Source: MS-TDS sections 2.2.3.1, 2.2.6.4 (LOGIN7) and 2.2.6.5 (PRELOGIN).

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const HEADER_LEN: usize = 8;
/// Octets of the longest packet that is read.
const MAX_PACKET: usize = 32 * 1024;
/// Characters of a name that are kept.
const MAX_NAME: usize = 128;
const RESPONSE: u8 = 0x04;
const LOGIN7: u8 = 0x10;
const PRELOGIN: u8 = 0x12;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "tds",
    title: "SQL Server (TDS)",
    transports: &[Transport::Tcp],
    ports: &[1433],
    kin: &["tls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "client_version",
        FactKind::Text,
        "クライアントの版",
        "Client version",
    ),
    row("server_version", FactKind::Text, "サーバの版", "Server version"),
    row(
        "client_encryption",
        FactKind::Text,
        "暗号化の要求",
        "Encryption asked for",
    ),
    row(
        "server_encryption",
        FactKind::Text,
        "暗号化の回答",
        "Encryption answered",
    ),
    row("tls", FactKind::Flag, "TLS", "TLS"),
    row("host", FactKind::Text, "端末名", "Host"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row(
        "password_present",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row("app", FactKind::Text, "アプリケーション", "Application"),
    row("server", FactKind::Text, "サーバ", "Server"),
    row("library", FactKind::Text, "ライブラリ", "Library"),
    row("database", FactKind::Text, "データベース", "Data base"),
    row("result", FactKind::Text, "結果", "Result"),
    row("error", FactKind::Number, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let [first, rest @ ..] = hint.octets else {
        return Probe::More;
    };
    if !matches!(first, &PRELOGIN | &LOGIN7 | &RESPONSE) || rest.first().is_some_and(|status| *status > 1) {
        return Probe::No;
    }
    if hint.octets.len() < HEADER_LEN + 2 {
        return if hint.ports.contains(&1433) || hint.octets.len() >= 6 {
            Probe::More
        } else {
            Probe::No
        };
    }
    let Some(packet) = packet(hint.octets) else {
        return Probe::No;
    };
    let body = hint.octets.get(HEADER_LEN..).unwrap_or_default();
    match packet.kind {
        PRELOGIN if hint.octets.len() < packet.length => {
            if body.first() == Some(&0) {
                Probe::More
            } else {
                Probe::No
            }
        }
        PRELOGIN | RESPONSE
            if options(
                body.get(..packet.length.saturating_sub(HEADER_LEN))
                    .unwrap_or(body),
            )
            .is_some() =>
        {
            Probe::Sure
        }
        RESPONSE => Probe::Likely,
        LOGIN7 => {
            let mut body = Octets(body);
            let length = body.le32();
            let version = body.le32();
            match (length, version) {
                (Some(length), Some(version)) => {
                    // 7.0 to 7.4.
                    let is_seven = matches!(version >> 24, 0x70..=0x74) || version & 0xff == 0x70;
                    if is_seven && length >= 94 {
                        Probe::Sure
                    } else {
                        Probe::No
                    }
                }
                _ => Probe::More,
            }
        }
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Tds::default())
}

#[derive(Default)]
struct Tds {
    at: Option<Timestamp>,
    facts: Facts,
    has_login: bool,
}

struct Packet {
    kind: u8,
    length: usize,
}

impl Parser for Tds {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER_LEN {
            return Read::Need(HEADER_LEN);
        }
        let Some(packet) = packet(chunk.octets) else {
            return Read::Done;
        };
        if chunk.octets.len() < packet.length {
            return Read::Need(packet.length);
        }
        self.at.get_or_insert(chunk.at);
        let body = chunk.octets.get(HEADER_LEN..packet.length).unwrap_or_default();
        match packet.kind {
            // The handshake of TLS travels in packets of this kind.
            PRELOGIN if body.first() == Some(&0x16) => {
                self.facts.put("tls", true);
                return Read::Done;
            }
            PRELOGIN => self.prelogin(body, "client_version", "client_encryption"),
            RESPONSE if !self.has_login => {
                self.prelogin(body, "server_version", "server_encryption");
                if let Some(version) = self.facts.text("server_version") {
                    sheet.essential(
                        Essential::ServerSoftware,
                        format!("SQL Server {version}"),
                        "tds.server_version",
                    );
                }
            }
            RESPONSE => {
                self.answer(body);
                return Read::Done;
            }
            LOGIN7 if !self.has_login => {
                self.has_login = true;
                self.facts.put("tls", false);
                // What was read of a broken login stays.
                let _ = self.login(body, sheet);
            }
            // Batches: nothing about the login is left to come.
            _ if chunk.from == End::Orig => return Read::Done,
            _ => {}
        }
        Read::Took(packet.length)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

impl Tds {
    fn prelogin(&mut self, body: &[u8], version: &'static str, encryption: &'static str) {
        let Some(options) = options(body) else { return };
        if let Some([major, minor, high, low, ..]) = options.version {
            let build = u16::from_be_bytes([*high, *low]);
            self.facts.put(version, format!("{major}.{minor}.{build}"));
        }
        let word = options
            .encryption
            .and_then(|octets| octets.first())
            .map(|octet| match octet {
                0 => "off",
                1 => "on",
                2 => "not_supported",
                3 => "required",
                _ => "other",
            });
        self.facts.put_some(encryption, word);
    }

    fn login(&mut self, body: &[u8], sheet: &mut Sheet<'_>) -> Option<()> {
        let mut places = Octets(body);
        places.skip(36)?;
        let mut name = || {
            let offset = usize::from(places.le16()?);
            let length = usize::from(places.le16()?);
            let octets = body.get(offset..offset.checked_add(length.checked_mul(2)?)?)?;
            Some(wide(octets)).filter(|name| !name.is_empty())
        };
        let (host, user, password, app, server) = (name(), name(), name(), name(), name());
        let _extension = name();
        let (library, _language, database) = (name(), name(), name());
        if let Some(user) = user {
            let digest = text::user_digest(user.as_bytes());
            sheet.essential(Essential::User, digest.clone(), "tds.user");
            self.facts.put("user_digest", digest);
        }
        for (what, value, from) in [
            (Essential::ClientHost, &host, "tds.host"),
            (Essential::ClientSoftware, &app, "tds.app"),
            (Essential::ServerName, &server, "tds.server"),
        ] {
            if let Some(value) = value {
                sheet.essential(what, value.clone(), from);
            }
        }
        self.facts
            .put("password_present", password.is_some())
            .put_some("host", host)
            .put_some("app", app)
            .put_some("server", server)
            .put_some("library", library)
            .put_some("database", database);
        Some(())
    }

    /// The tokens of an answer up to the one that decides.
    fn answer(&mut self, body: &[u8]) {
        let mut tokens = Octets(body);
        while let (Some(token), Some(length)) = (tokens.u8(), tokens.le16()) {
            let Some(value) = tokens.take(usize::from(length)) else {
                break;
            };
            match token {
                0xad => {
                    self.facts.put("result", "ok");
                    return;
                }
                0xaa => {
                    self.facts
                        .put("result", "error")
                        .put_some("error", Octets(value).le32());
                    return;
                }
                // Changes of the environment and messages come before it.
                0xab | 0xe3 | 0xed => {}
                _ => return,
            }
        }
    }
}

fn packet(octets: &[u8]) -> Option<Packet> {
    let mut octets = Octets(octets);
    let kind = octets.u8()?;
    octets.u8()?;
    let length = usize::from(octets.be16()?);
    octets.be16()?;
    octets.u8()?;
    // The window is not used and zero.
    octets.u8().filter(|window| *window == 0)?;
    (HEADER_LEN..=MAX_PACKET)
        .contains(&length)
        .then_some(Packet { kind, length })
}

struct Options<'a> {
    version: Option<&'a [u8]>,
    encryption: Option<&'a [u8]>,
}

/// The options of PRELOGIN: the version comes first and the list has an end.
fn options(body: &[u8]) -> Option<Options<'_>> {
    let mut places = Octets(body);
    let mut options = Options {
        version: None,
        encryption: None,
    };
    for at in 0..10 {
        let token = places.u8()?;
        if token == 0xff {
            return options.version.is_some().then_some(options);
        }
        let offset = usize::from(places.be16()?);
        let length = usize::from(places.be16()?);
        let value = body.get(offset..offset.checked_add(length)?)?;
        match token {
            0 if at == 0 && length == 6 => options.version = Some(value),
            1 if length == 1 => options.encryption = Some(value),
            2..=8 => {}
            _ => return None,
        }
    }
    None
}

/// Text of two octets a character.
fn wide(octets: &[u8]) -> Box<str> {
    let (pairs, _) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    char::decode_utf16(units)
        .take(MAX_NAME)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// MS-TDS section 4.1 "Pre-Login Request" and the head of 4.2 "Login Request".
    const ASK: &[u8] = &[
        0x12, 0x01, 0x00, 0x2f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x1a, 0x00, 0x06, 0x01, 0x00, 0x20, 0x00,
        0x01, 0x02, 0x00, 0x21, 0x00, 0x01, 0x03, 0x00, 0x22, 0x00, 0x04, 0x04, 0x00, 0x26, 0x00, 0x01, 0xff,
        0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0xb8, 0x0d, 0x00, 0x00, 0x01,
    ];

    fn login() -> Vec<u8> {
        let names: [&str; 9] = ["skostov1", "sa", "x", "OSQL-32", "db7", "", "ODBC", "", "ledger"];
        let mut body = vec![0; 36];
        body[4..8].copy_from_slice(&[0x04, 0, 0, 0x74]);
        let mut offset = 94;
        for name in names {
            let length = u16::try_from(name.len()).unwrap();
            body.extend(u16::try_from(offset).unwrap().to_le_bytes());
            body.extend(length.to_le_bytes());
            offset += 2 * name.len();
        }
        body.resize(94, 0);
        body.extend(
            names
                .iter()
                .flat_map(|name| name.encode_utf16().flat_map(u16::to_le_bytes)),
        );
        let all = u32::try_from(body.len()).unwrap();
        body[..4].copy_from_slice(&all.to_le_bytes());
        let length = u16::try_from(HEADER_LEN + body.len()).unwrap().to_be_bytes();
        [&[LOGIN7, 1, length[0], length[1], 0, 0, 1, 0], &body[..]].concat()
    }

    #[test]
    fn a_login_in_clear_is_read_and_its_password_is_not() {
        let login = login();
        let refused = b"\x04\x01\0\x12\0\0\x01\0\xaa\x07\0\x18\x48\0\0\x01\x0e\0";
        let chunks: &[(End, &[u8])] = &[(End::Orig, ASK), (End::Orig, &login), (End::Resp, refused)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.service, "tds");
        let [facts] = &whole.transactions("tds")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("client_version"), Some("9.0.0"));
        assert_eq!(facts.text("client_encryption"), Some("on"));
        assert_eq!(facts.text("host"), Some("skostov1"));
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"sa")));
        assert_eq!(
            (facts.text("app"), facts.text("server")),
            (Some("OSQL-32"), Some("db7"))
        );
        assert_eq!(facts.text("database"), Some("ledger"));
        assert_eq!(facts.number("error"), Some(18456));
        let single = test::in_single_octets([40_000, 1433], chunks);
        assert_eq!(whole.transactions("tds"), single.transactions("tds"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
