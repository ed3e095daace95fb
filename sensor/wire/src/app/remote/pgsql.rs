//! PostgreSQL: who starts a session with which data base, how it is authenticated, the way into TLS.
//!
//! Source: PostgreSQL's "Frontend/Backend Protocol", Message Formats.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of the longest start and of an answer that is read.
const MAX_MESSAGE: usize = 8 * 1024;
const TLS_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "pgsql",
    title: "PostgreSQL",
    transports: &[Transport::Tcp],
    ports: &[5432],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.message", FactKind::Text, "要求", "Request"),
    row("request.protocol_version", FactKind::Text, "版", "Version"),
    row(
        "request.user_digest",
        FactKind::Text,
        "利用者(要約値)",
        "User (digest)",
    ),
    row("request.database", FactKind::Text, "データベース", "Data base"),
    row(
        "request.application_name",
        FactKind::Text,
        "アプリケーション",
        "Application",
    ),
    row(
        "request.password_present",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row(
        "response.ssl_accepted",
        FactKind::Flag,
        "TLS 受諾",
        "TLS accepted",
    ),
    row(
        "response.authentication",
        FactKind::Text,
        "認証方式",
        "Authentication",
    ),
    row(
        "response.server_version",
        FactKind::Text,
        "サーバの版",
        "Server version",
    ),
    row("response.result", FactKind::Text, "結果", "Result"),
    row("response.code", FactKind::Text, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let mut octets = Octets(hint.octets);
    let Some(length) = octets.be32() else {
        let is_begun = hint.octets.iter().take(2).all(|octet| *octet == 0);
        return if is_begun && hint.ports.contains(&5432) {
            Probe::More
        } else {
            Probe::No
        };
    };
    if !(8..=10_000).contains(&length) {
        // A server's first message: authentication is asked for, or refused.
        return match hint.octets {
            [b'R', 0, 0, 0, 8..=64, 0, 0, 0, ..] | [b'E', 0, 0, _, _, b'S', ..] => Probe::Likely,
            _ => Probe::No,
        };
    }
    match octets.be32() {
        None => Probe::More,
        Some(TLS_REQUEST | GSS_REQUEST) if length == 8 => Probe::Sure,
        Some(CANCEL_REQUEST) if length == 16 => Probe::Sure,
        Some(0x0003_0000..=0x0003_0002) => {
            if octets.0.starts_with(b"user\0") || octets.0.starts_with(b"database\0") {
                Probe::Sure
            } else if octets.len() < 9 {
                Probe::More
            } else {
                Probe::Likely
            }
        }
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Pgsql::default())
}

#[derive(Default)]
struct Pgsql {
    at: Option<Timestamp>,
    request: Facts,
    response: Facts,
    /// A single letter answers a request for encryption.
    asked: Option<u32>,
    has_started: bool,
}

impl Parser for Pgsql {
    fn held(&self) -> usize {
        self.request.held().saturating_add(self.response.held())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        if chunk.from == End::Orig && !self.has_started {
            return self.start(chunk.octets, sheet);
        }
        if chunk.from == End::Resp
            && let Some(asked) = self.asked.take()
        {
            let is_accepted = chunk
                .octets
                .first()
                .is_some_and(|letter| matches!(letter, b'S' | b'G'));
            if asked == TLS_REQUEST {
                self.response.put("ssl_accepted", is_accepted);
            }
            return match (is_accepted, asked) {
                (true, TLS_REQUEST) => Read::Became {
                    took: 1,
                    protocol: Some("tls"),
                },
                (true, _) => Read::Done,
                (false, _) => Read::Took(1),
            };
        }
        let mut octets = Octets(chunk.octets);
        let (Some(kind), Some(length)) = (octets.u8(), octets.be32()) else {
            return Read::Need(5);
        };
        let Some(length) = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_sub(4))
        else {
            return Read::Done;
        };
        if length > MAX_MESSAGE {
            return Read::Done;
        }
        let end = length.saturating_add(5);
        let Some(body) = octets.take(length) else {
            return Read::Need(end);
        };
        match (chunk.from, kind) {
            (End::Orig, b'p') => _ = self.request.put("password_present", true),
            (End::Orig, _) => return Read::Done,
            (End::Resp, b'R') => {
                let mut body = Octets(body);
                match body.be32() {
                    Some(0) => _ = self.response.put("result", "ok"),
                    Some(method) => _ = self.response.put("authentication", authentication(method, body)),
                    None => {}
                }
            }
            (End::Resp, b'S') => {
                let mut body = Octets(body);
                if body.until(0) == Some(b"server_version")
                    && let Some(version) = body.until(0)
                {
                    let version = text::bounded(version, 64).0;
                    sheet.essential(Essential::ServerSoftware, version.clone(), "pgsql.server_version");
                    self.response.put("server_version", version);
                }
            }
            (End::Resp, b'E') => {
                self.response.put("result", "error");
                let code = body
                    .split(|octet| *octet == 0)
                    .find_map(|field| field.strip_prefix(b"C"));
                self.response
                    .put_some("code", code.map(|code| text::bounded(code, 8).0));
                return Read::Done;
            }
            // Ready: what follows are statements.
            (End::Resp, b'Z') => return Read::Done,
            _ => {}
        }
        Read::Took(end)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let Some(at) = self.at.take() else { return };
        let mut facts = Facts::new();
        for (name, half) in [("request", &mut self.request), ("response", &mut self.response)] {
            if !half.is_empty() {
                facts.put(name, std::mem::take(half));
            }
        }
        if !facts.is_empty() {
            sheet.transaction(at, facts);
        }
    }
}

impl Pgsql {
    fn start(&mut self, all: &[u8], sheet: &mut Sheet<'_>) -> Read {
        let mut octets = Octets(all);
        let Some(length) = octets.be32() else {
            return Read::Need(8);
        };
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| (8..=MAX_MESSAGE).contains(length))
        else {
            return Read::Done;
        };
        if all.len() < length {
            return Read::Need(length);
        }
        let code = octets.be32().unwrap_or_default();
        match code {
            TLS_REQUEST | GSS_REQUEST => {
                self.asked = Some(code);
                self.request.put(
                    "message",
                    if code == TLS_REQUEST {
                        "ssl_request"
                    } else {
                        "gss_request"
                    },
                );
            }
            CANCEL_REQUEST => {
                self.request.put("message", "cancel_request");
                return Read::Done;
            }
            0x0003_0000..=0x0003_ffff => {
                self.has_started = true;
                self.request.put("message", "startup");
                self.request
                    .put("protocol_version", format!("{}.{}", code >> 16, code & 0xffff));
                let mut pairs = Octets(octets.take(length.saturating_sub(8)).unwrap_or_default());
                while let (Some(name), Some(value)) = (pairs.until(0), pairs.until(0)) {
                    self.parameter(name, value, sheet);
                }
            }
            _ => return Read::Done,
        }
        Read::Took(length)
    }

    fn parameter(&mut self, name: &[u8], value: &[u8], sheet: &mut Sheet<'_>) {
        match name {
            b"user" => {
                let digest = text::user_digest(value);
                sheet.essential(Essential::User, digest.clone(), "pgsql.user");
                self.request.put("user_digest", digest);
            }
            b"database" => _ = self.request.put("database", text::bounded(value, 64).0),
            b"application_name" => {
                let name = text::bounded(value, 64).0;
                sheet.essential(Essential::ClientSoftware, name.clone(), "pgsql.application_name");
                self.request.put("application_name", name);
            }
            _ => {}
        }
    }
}

/// What the server wants; for SASL the first of its mechanisms.
fn authentication(method: u32, mut body: Octets<'_>) -> Box<str> {
    match method {
        2 => "kerberos_v5".into(),
        3 => "cleartext_password".into(),
        5 => "md5_password".into(),
        7 | 8 => "gss".into(),
        9 => "sspi".into(),
        10 => body
            .until(0)
            .filter(|name| is_word(name))
            .map_or("sasl".into(), |name| text::bounded(name, 32).0),
        11 | 12 => "sasl".into(),
        _ => "other".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// Messages as the manual's "Message Formats" lays them out.
    const TLS: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
    const START: &[u8] = b"\0\0\0\x3e\0\x03\0\0user\0alice\0database\0ledger\0application_name\0psql\0\0\0\0";
    const ASK: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    const READY: &[u8] = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0016.4\0Z\0\0\0\x05I";

    #[test]
    fn a_start_without_encryption_is_read() {
        let start = [
            &u32::try_from(START.len() - 2).unwrap().to_be_bytes(),
            &START[4..START.len() - 2],
        ]
        .concat();
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, TLS),
            (End::Resp, b"N"),
            (End::Orig, &start),
            (End::Resp, ASK),
            (End::Orig, b"p\0\0\0\x0dsecretsec"),
            (End::Resp, READY),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.service, "pgsql");
        let [facts] = &whole.transactions("pgsql")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            facts.text("request.user_digest"),
            Some(&*text::user_digest(b"alice"))
        );
        assert_eq!(facts.text("request.database"), Some("ledger"));
        assert_eq!(facts.text("response.authentication"), Some("SCRAM-SHA-256"));
        assert_eq!(facts.text("response.server_version"), Some("16.4"));
        assert_eq!(facts.text("response.result"), Some("ok"));
        assert!(!format!("{whole:?}").contains("secret"));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("pgsql"), single.transactions("pgsql"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn an_accepted_request_for_tls_hands_over() {
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, TLS),
            (End::Resp, b"S"),
            (End::Orig, b"\x16\x03\x01\0\x05hello"),
        ];

        let seen = test::converse(Transport::Tcp, [40_000, 5432], chunks);

        assert_eq!(
            seen.transactions("pgsql")[0].at("response.ssl_accepted"),
            Some(true.into()),
            "{seen:?}"
        );
        assert_eq!(seen.app.service, "pgsql");
    }
}
