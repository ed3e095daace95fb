//! MySQL and MariaDB: the server's version, who logs in to which data base, and the way into TLS.
//!
//! Source: MySQL's "Client/Server Protocol", Connection Phase, HandshakeV10 and HandshakeResponse41.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of a packet's length and number.
const HEADER_LEN: usize = 4;
/// Octets of the longest packet of a login.
const MAX_PACKET: usize = 8 * 1024;
/// Octets of a login that has gone no further than its flags: the request for TLS.
const TLS_REQUEST_LEN: usize = 32;
const CONNECT_WITH_DB: u32 = 1 << 3;
const PROTOCOL_41: u32 = 1 << 9;
const TLS: u32 = 1 << 11;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const ATTRIBUTES: u32 = 1 << 20;
const LENGTH_ENCODED: u32 = 1 << 21;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "mysql",
    title: "MySQL",
    transports: &[Transport::Tcp],
    ports: &[3306],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Text, "サーバの版", "Server version"),
    row("tls", FactKind::Flag, "TLS", "TLS"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row(
        "password_present",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row("database", FactKind::Text, "データベース", "Data base"),
    row("auth_plugin", FactKind::Text, "認証方式", "Authentication"),
    row("client", FactKind::Text, "クライアント", "Client"),
    row("program", FactKind::Text, "プログラム", "Program"),
    row("result", FactKind::Text, "結果", "Result"),
    row("error_code", FactKind::Number, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let mut octets = Octets(hint.octets);
    let Some((length, number)) = header(&mut octets) else {
        // The second and third octet of a greeting's length are zero.
        let is_begun = hint.octets.get(1).is_none_or(|octet| *octet == 0)
            && hint.octets.get(2).is_none_or(|octet| *octet == 0);
        return if is_begun && hint.ports.contains(&3306) {
            Probe::More
        } else {
            Probe::No
        };
    };
    match number {
        0 if (40..=512).contains(&length) => greeting_probe(octets),
        1 if (TLS_REQUEST_LEN..=MAX_PACKET).contains(&length) => {
            let flags = octets.le32();
            let is_sized = octets.len().saturating_add(4) <= length.saturating_add(600);
            if flags.is_some_and(|flags| flags & PROTOCOL_41 != 0) && is_sized {
                Probe::Likely
            } else {
                Probe::No
            }
        }
        _ => Probe::No,
    }
}

fn greeting_probe(mut octets: Octets<'_>) -> Probe {
    match octets.u8() {
        Some(10) => {}
        Some(_) => return Probe::No,
        None => return Probe::More,
    }
    let is_version = |version: &[u8]| {
        version.first().is_none_or(u8::is_ascii_digit) && version.iter().all(u8::is_ascii_graphic)
    };
    let Some(version) = octets.until(0) else {
        return if is_version(octets.0) && octets.len() < 80 {
            Probe::More
        } else {
            Probe::No
        };
    };
    if version.len() < 3 || !version.contains(&b'.') || !is_version(version) {
        return Probe::No;
    }
    if octets.len() < 13 {
        return Probe::More;
    }
    // Thread, eight octets of salt, a filler that is zero.
    if octets.0.get(12) == Some(&0) {
        Probe::Sure
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Mysql::default())
}

#[derive(Default)]
struct Mysql {
    at: Option<Timestamp>,
    facts: Facts,
    has_login: bool,
}

impl Parser for Mysql {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut octets = Octets(chunk.octets);
        let Some((length, number)) = header(&mut octets) else {
            return Read::Need(HEADER_LEN);
        };
        if length > MAX_PACKET {
            return Read::Done;
        }
        let end = HEADER_LEN.saturating_add(length);
        let Some(body) = octets.take(length) else {
            return Read::Need(end);
        };
        let body = Octets(body);
        self.at.get_or_insert(chunk.at);
        match (chunk.from, number) {
            (End::Resp, 0) if self.greeting(body, sheet).is_none() => return Read::Done,
            (End::Resp, 0) => {}
            (End::Orig, 1 | 2) if !self.has_login => {
                let flags = Octets(body.0).le32().unwrap_or_default();
                if length == TLS_REQUEST_LEN && flags & TLS != 0 {
                    self.facts.put("tls", true);
                    return Read::Became {
                        took: end,
                        protocol: Some("tls"),
                    };
                }
                self.has_login = true;
                self.facts.put("tls", false);
                // What was read of a broken login stays.
                let _ = self.login(body, sheet);
            }
            (End::Resp, _) if self.has_login => match body.0.first() {
                Some(0) => {
                    self.facts.put("result", "ok");
                    return Read::Done;
                }
                Some(0xff) => {
                    self.refusal(body);
                    return Read::Done;
                }
                // Another method is asked for, or more of this one.
                _ => {}
            },
            (End::Resp, _) if body.0.first() == Some(&0xff) => {
                self.refusal(body);
                return Read::Done;
            }
            _ => {}
        }
        Read::Took(end)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

impl Mysql {
    fn greeting(&mut self, mut body: Octets<'_>, sheet: &mut Sheet<'_>) -> Option<()> {
        if body.0.first() == Some(&0xff) {
            self.refusal(body);
        }
        body.u8().filter(|version| *version == 10)?;
        let version = text::bounded(body.until(0)?, 64).0;
        sheet.essential(Essential::ServerSoftware, version.clone(), "mysql.version");
        self.facts.put("version", version);
        Some(())
    }

    fn login(&mut self, mut body: Octets<'_>, sheet: &mut Sheet<'_>) -> Option<()> {
        let flags = body.le32()?;
        body.skip(28)?;
        let user = body.until(0)?;
        if !user.is_empty() {
            let digest = text::user_digest(user);
            sheet.essential(Essential::User, digest.clone(), "mysql.user");
            self.facts.put("user_digest", digest);
        }
        let secret = if flags & LENGTH_ENCODED != 0 {
            let length = lenenc(&mut body)?;
            body.take(length)?
        } else if flags & SECURE_CONNECTION != 0 {
            let length = usize::from(body.u8()?);
            body.take(length)?
        } else {
            body.until(0)?
        };
        self.facts.put("password_present", !secret.is_empty());
        if flags & CONNECT_WITH_DB != 0 {
            self.facts.put("database", text::bounded(body.until(0)?, 64).0);
        }
        if flags & PLUGIN_AUTH != 0 {
            self.facts.put("auth_plugin", text::bounded(body.until(0)?, 64).0);
        }
        if flags & ATTRIBUTES == 0 {
            return Some(());
        }
        let length = lenenc(&mut body)?;
        let mut pairs = Octets(body.take(length.min(body.len()))?);
        while let Some(name) = lenenc(&mut pairs).and_then(|length| pairs.take(length)) {
            let length = lenenc(&mut pairs)?;
            let value = pairs.take(length).filter(|value| is_word(value))?;
            match name {
                b"_client_name" => {
                    sheet.essential(
                        Essential::ClientSoftware,
                        text::bounded(value, 64).0,
                        "mysql.client",
                    );
                    self.facts.put("client", text::bounded(value, 64).0);
                }
                b"program_name" => _ = self.facts.put("program", text::bounded(value, 64).0),
                _ => {}
            }
        }
        Some(())
    }

    fn refusal(&mut self, mut body: Octets<'_>) {
        body.u8();
        self.facts
            .put("result", "error")
            .put_some("error_code", body.le16());
    }
}

/// Length and number of a packet.
fn header(octets: &mut Octets<'_>) -> Option<(usize, u8)> {
    let low = octets.le16()?;
    let high = octets.u8()?;
    Some((usize::from(high) << 16 | usize::from(low), octets.u8()?))
}

fn lenenc(octets: &mut Octets<'_>) -> Option<usize> {
    match octets.u8()? {
        short @ 0..=250 => Some(usize::from(short)),
        0xfc => octets.le16().map(usize::from),
        // Longer ones do not fit a login.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// The greeting of MySQL 5.5.2-m2 and the login of "pam" to "test" in the manual's examples of
    /// the two packets.
    const GREETING: &[u8] =
        b"\x36\0\0\0\x0a5.5.2-m2\0\x0b\0\0\0\x64\x76\x48\x40\x49\x2d\x43\x4a\0\xff\xf7\x08\x02\0\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\x2a\x34\x64\x7c\x63\x5a\x77\x6b\x34\x5e\x5d\x3a\0";
    const LOGIN: &[u8] = b"\x54\0\0\x01\x8d\xa6\x0f\0\0\0\0\x01\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
        pam\0\x14\xab\x09\xee\xf6\xbc\xb1\x32\x3e\x61\x14\x38\x65\xc0\x99\x1d\x95\x7d\x75\xd4\x47test\0mysql_native_password\0";
    const OK: &[u8] = b"\x07\0\0\x02\0\0\0\x02\0\0\0";

    #[test]
    fn the_login_of_the_manual_is_read() {
        let login = LOGIN.to_vec();
        let chunks: &[(End, &[u8])] = &[(End::Resp, GREETING), (End::Orig, &login), (End::Resp, OK)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.get(Essential::ServerSoftware), Some("5.5.2-m2"));
        let [facts] = &whole.transactions("mysql")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"pam")));
        assert_eq!(facts.text("database"), Some("test"));
        assert_eq!(facts.text("result"), Some("ok"));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("mysql"), single.transactions("mysql"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn a_capture_goes_over_to_tls() {
        let Some(path) = test::capture("formats/pcapng-example.pcapng") else {
            return;
        };

        let flows = test::flows_of(&path);

        let flow = flows.iter().find(|flow| flow.resp.1 == 3306).unwrap();
        let [facts] = &flow.seen.transactions("mysql")[..] else {
            panic!("{flow:?}")
        };
        // tshark: "Server Greeting proto=10 version=5.5.40-MariaDB-0ubuntu0.14.04.1", "SSL Handshake".
        assert_eq!(facts.text("version"), Some("5.5.40-MariaDB-0ubuntu0.14.04.1"));
        assert_eq!(facts.get("tls"), Some(true.into()));
    }
}
