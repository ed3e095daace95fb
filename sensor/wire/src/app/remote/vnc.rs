//! VNC (RFB): versions, the security that is offered and chosen, whether the sign-in succeeds, the
//! name of the screen. Challenge and response of a sign-in are not kept.
//!
//! Source: RFC 6143 section 7.1 to 7.3; IANA "Remote Framebuffer" (security types).

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of a version: `RFB 003.008` and a line feed.
const VERSION: usize = 12;
/// Octets of challenge and response each.
const CHALLENGE: usize = 16;
/// Octets of a reason or a screen's name.
const MAX_TEXT: usize = 256;
/// Octets of the server's first settings before the screen's name.
const INIT: usize = 24;
const NONE: u8 = 1;
const VNC: u8 = 2;
const TLS: u8 = 18;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rfb",
    title: "VNC",
    transports: &[Transport::Tcp],
    ports: &[5900, 5901, 5902, 5903],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "server_protocol_version.major",
        FactKind::Text,
        "サーバの版（主）",
        "Server version, major",
    ),
    row(
        "server_protocol_version.minor",
        FactKind::Text,
        "サーバの版（副）",
        "Server version, minor",
    ),
    row(
        "client_protocol_version.major",
        FactKind::Text,
        "クライアントの版（主）",
        "Client version, major",
    ),
    row(
        "client_protocol_version.minor",
        FactKind::Text,
        "クライアントの版（副）",
        "Client version, minor",
    ),
    row(
        "authentication.offered",
        FactKind::Text,
        "提示された認証",
        "Security offered",
    ),
    row(
        "authentication.security_type",
        FactKind::Number,
        "選ばれた認証",
        "Security chosen",
    ),
    row(
        "authentication.security",
        FactKind::Text,
        "選ばれた認証の名前",
        "Security chosen, name",
    ),
    row(
        "authentication.security_result",
        FactKind::Text,
        "認証の結果",
        "Security result",
    ),
    row(
        "server_security_failure_reason",
        FactKind::Text,
        "拒否の理由",
        "Failure reason",
    ),
    row("screen_shared", FactKind::Flag, "画面の共有", "Screen shared"),
    row("framebuffer.width", FactKind::Number, "画面の幅", "Width"),
    row("framebuffer.height", FactKind::Number, "画面の高さ", "Height"),
    row("framebuffer.name", FactKind::Text, "画面の名前", "Screen name"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let digits = hint.octets.iter().zip(b"RFB 000.000\n");
    let is_version = digits.clone().all(|(have, want)| match want {
        b'0' => have.is_ascii_digit(),
        _ => have == want,
    });
    match digits.count() {
        _ if !is_version => Probe::No,
        0 => Probe::No,
        // The word, a major number and the point.
        8.. => Probe::Sure,
        _ => Probe::More,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Vnc {
        at: None,
        facts: Facts::new(),
        authentication: Facts::new(),
        minor: 8,
        chosen: None,
        server: ServerStep::Version,
        client: ClientStep::Version,
    })
}

/// What the server says next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServerStep {
    Version,
    Security,
    Challenge,
    Result,
    Reason,
    Init,
}

/// What the client says next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientStep {
    Version,
    Security,
    Response,
    Init,
    Over,
}

struct Vnc {
    at: Option<Timestamp>,
    facts: Facts,
    authentication: Facts,
    /// The lower of the two minor versions: 3, 7 or 8.
    minor: u8,
    chosen: Option<u8>,
    server: ServerStep,
    client: ClientStep,
}

impl Parser for Vnc {
    fn held(&self) -> usize {
        self.facts.held().saturating_add(self.authentication.held())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        let read = match chunk.from {
            End::Orig => self.client(chunk.octets),
            End::Resp => self.server(chunk.octets, sheet),
        };
        read.unwrap_or_else(Read::Need)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let Some(at) = self.at else { return };
        let mut facts = std::mem::take(&mut self.facts);
        let authentication = std::mem::take(&mut self.authentication);
        if !authentication.is_empty() {
            facts.put("authentication", authentication);
        }
        sheet.transaction(at, facts);
    }
}

impl Vnc {
    /// Takes what the client says next; an error is the number of octets that it needs.
    fn client(&mut self, octets: &[u8]) -> Result<Read, usize> {
        let (took, next) = match self.client {
            ClientStep::Version => {
                let version = octets.first_chunk::<VERSION>().ok_or(VERSION)?;
                let Some((facts, minor)) = version_of(version) else {
                    return Ok(Read::NotMine);
                };
                self.facts.put("client_protocol_version", facts);
                self.minor = self.minor.min(minor);
                // Before 3.7 the server chooses alone.
                let next = match (self.minor, self.chosen) {
                    (3, Some(VNC)) => ClientStep::Response,
                    (3, Some(_)) => ClientStep::Init,
                    (3, None) => ClientStep::Response,
                    _ => ClientStep::Security,
                };
                (VERSION, next)
            }
            ClientStep::Security => {
                let kind = octets.first().copied().ok_or(1_usize)?;
                self.choose(kind);
                match kind {
                    TLS => {
                        return Ok(Read::Became {
                            took: 1,
                            protocol: Some("tls"),
                        });
                    }
                    VNC => (1, ClientStep::Response),
                    NONE => (1, ClientStep::Init),
                    // The others have their own way, most of them encrypted.
                    _ => return Ok(Read::Done),
                }
            }
            ClientStep::Response if self.chosen == Some(NONE) => (0, ClientStep::Init),
            ClientStep::Response => {
                octets.get(..CHALLENGE).ok_or(CHALLENGE)?;
                (CHALLENGE, ClientStep::Init)
            }
            ClientStep::Init => {
                let shared = octets.first().copied().ok_or(1_usize)?;
                self.facts.put("screen_shared", shared != 0);
                (1, ClientStep::Over)
            }
            ClientStep::Over => (octets.len(), ClientStep::Over),
        };
        self.client = next;
        if took == 0 {
            return self.client(octets);
        }
        Ok(Read::Took(took))
    }

    /// The same of the server.
    fn server(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Result<Read, usize> {
        let (took, next) = match self.server {
            ServerStep::Version => {
                let version = octets.first_chunk::<VERSION>().ok_or(VERSION)?;
                let Some((facts, minor)) = version_of(version) else {
                    return Ok(Read::NotMine);
                };
                self.minor = self.minor.min(minor);
                let version = text::of(version.get(4..11).unwrap_or_default());
                sheet.essential(Essential::Version, version, "rfb.server_protocol_version");
                self.facts.put("server_protocol_version", facts);
                (VERSION, ServerStep::Security)
            }
            ServerStep::Security if self.minor == 3 => {
                let kind = octets.first_chunk().copied().ok_or(4_usize)?;
                let kind = u8::try_from(u32::from_be_bytes(kind)).unwrap_or(u8::MAX);
                if kind == 0 {
                    (4, ServerStep::Reason)
                } else {
                    self.choose(kind);
                    (4, self.behind_choice(kind))
                }
            }
            ServerStep::Security => {
                let count = usize::from(octets.first().copied().ok_or(1_usize)?);
                let end = count.saturating_add(1);
                let types = octets.get(1..end).ok_or(end)?;
                if types.is_empty() {
                    (1, ServerStep::Reason)
                } else {
                    let offered: Vec<String> = types.iter().take(16).map(|kind| security(*kind)).collect();
                    self.authentication.put("offered", offered);
                    (end, ServerStep::Challenge)
                }
            }
            // The client has chosen by now, where it is seen.
            ServerStep::Challenge => match self.chosen {
                Some(kind) if kind != VNC => (0, self.behind_choice(kind)),
                _ => {
                    octets.get(..CHALLENGE).ok_or(CHALLENGE)?;
                    (CHALLENGE, ServerStep::Result)
                }
            },
            ServerStep::Result => {
                let result = octets.first_chunk().copied().ok_or(4_usize)?;
                let result = u32::from_be_bytes(result);
                let word = match result {
                    0 => "OK".to_owned(),
                    1 => "FAIL".to_owned(),
                    2 => "TOOMANY".to_owned(),
                    _ => format!("UNKNOWN ({result})"),
                };
                self.authentication.put("security_result", word);
                match (result, self.minor) {
                    (0, _) => (4, ServerStep::Init),
                    (_, 8) => (4, ServerStep::Reason),
                    _ => return Ok(Read::Done),
                }
            }
            ServerStep::Reason => {
                let reason = counted(octets, 0)?;
                self.facts.put(
                    "server_security_failure_reason",
                    text::bounded(reason, MAX_TEXT).0,
                );
                return Ok(Read::Done);
            }
            ServerStep::Init => {
                let name = counted(octets, INIT.saturating_sub(4))?;
                let size = |at: usize| octets.get(at..).and_then(|rest| rest.first_chunk()).copied();
                let mut screen = Facts::new();
                screen
                    .put_some("width", size(0).map(u16::from_be_bytes))
                    .put_some("height", size(2).map(u16::from_be_bytes))
                    .put("name", text::bounded(name, MAX_TEXT).0);
                self.facts.put("framebuffer", screen);
                return Ok(Read::Done);
            }
        };
        self.server = next;
        if took == 0 {
            return self.server(octets, sheet);
        }
        Ok(Read::Took(took))
    }

    fn choose(&mut self, kind: u8) {
        self.chosen = Some(kind);
        self.authentication
            .put("security_type", kind)
            .put("security", security(kind));
    }

    /// What the server says behind the choice of a type.
    const fn behind_choice(&self, kind: u8) -> ServerStep {
        match (kind, self.minor) {
            (VNC, _) => ServerStep::Challenge,
            // Only 3.8 says that nothing was asked for.
            (NONE, 3 | 7) => ServerStep::Init,
            _ => ServerStep::Result,
        }
    }
}

/// Text behind its length, at most [`MAX_TEXT`] of it.
fn counted(octets: &[u8], at: usize) -> Result<&[u8], usize> {
    let start = at.saturating_add(4);
    let len = octets
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(start)?;
    let len = usize::try_from(u32::from_be_bytes(len))
        .unwrap_or(MAX_TEXT)
        .min(MAX_TEXT);
    let end = start.saturating_add(len);
    octets.get(start..end).ok_or(end)
}

/// Facts of a version, and the minor number that is spoken.
fn version_of(octets: &[u8; VERSION]) -> Option<(Facts, u8)> {
    let [b'R', b'F', b'B', b' ', version @ ..] = octets else {
        return None;
    };
    let [major @ .., b'.', _, _, _, b'\n'] = version else {
        return None;
    };
    let minor = version.get(4..7)?;
    let mut facts = Facts::new();
    facts.put("major", text::of(major)).put("minor", text::of(minor));
    // Whatever is newer speaks 3.8 first; 3.5 is spoken as 3.3 (RFC 6143 section 7.1.1).
    let spoken = match (major, minor) {
        (b"003", b"007") => 7,
        (b"003", b"003" | b"004" | b"005" | b"006") => 3,
        _ => 8,
    };
    Some((facts, spoken))
}

/// IANA's name of a security type.
fn security(kind: u8) -> String {
    let word = match kind {
        NONE => "None",
        VNC => "VNC Authentication",
        5 => "RA2",
        6 => "RA2ne",
        16 => "Tight",
        17 => "Ultra",
        TLS => "TLS",
        19 => "VeNCrypt",
        20 => "SASL",
        21 => "MD5",
        22 => "xvp",
        30..=35 => "Apple",
        _ => return kind.to_string(),
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::test;

    /// RFC 6143 sections 7.1 to 7.3: version 3.8, VNC authentication, accepted; a screen of 1024 by 768
    /// named "desk".
    const ACCEPTED: &[(End, &[u8])] = &[
        (End::Resp, b"RFB 003.008\n"),
        (End::Orig, b"RFB 003.008\n"),
        (End::Resp, &[2, 2, 16]),
        (End::Orig, &[2]),
        (End::Resp, &[0x5a; 16]),
        (End::Orig, &[0xa5; 16]),
        (End::Resp, &[0; 4]),
        (End::Orig, &[1]),
        (
            End::Resp,
            b"\x04\0\x03\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x04desk",
        ),
    ];

    #[test]
    fn an_accepted_sign_in_is_read_and_cutting_it_changes_nothing() {
        let seen = test::converse(Transport::Tcp, [50000, 15900], ACCEPTED);
        let cut = test::in_single_octets([50000, 15900], ACCEPTED);

        assert_eq!(seen.app.service, "rfb");
        assert_eq!(seen.app.get(Essential::Version), Some("003.008"));
        let [facts] = &seen.transactions("rfb")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("client_protocol_version.minor"), Some("008"));
        assert_eq!(facts.number("authentication.security_type"), Some(2));
        assert_eq!(facts.text("authentication.security_result"), Some("OK"));
        assert_eq!(facts.number("framebuffer.width"), Some(1024));
        assert_eq!(facts.text("framebuffer.name"), Some("desk"));
        assert!(!format!("{seen:?}").contains("5a5a"));
        assert_eq!(cut.transactions("rfb"), [*facts]);
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let mut chunks = ACCEPTED[..6].to_vec();
        chunks.push((End::Resp, b"\0\0\0\x01\0\0\0\x0dno such thing"));

        let seen = test::converse(Transport::Tcp, [50000, 5900], &chunks);

        let facts = seen.transactions("rfb")[0];
        assert_eq!(facts.text("authentication.security_result"), Some("FAIL"));
        assert_eq!(
            facts.text("server_security_failure_reason"),
            Some("no such thing")
        );
    }

    #[test]
    fn before_version_3_7_the_server_chooses() {
        let chunks: &[(End, &[u8])] = &[
            (End::Resp, b"RFB 003.003\n"),
            (End::Orig, b"RFB 003.003\n"),
            (End::Resp, &[0, 0, 0, 1]),
            (End::Orig, &[0]),
            (
                End::Resp,
                b"\0\x10\0\x08\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x01x",
            ),
        ];

        let seen = test::converse(Transport::Tcp, [50000, 5900], chunks);

        let facts = seen.transactions("rfb")[0];
        assert_eq!(facts.text("authentication.security"), Some("None"));
        assert_eq!(facts.number("framebuffer.height"), Some(8));
    }

    #[test]
    fn the_server_alone_says_what_it_offers() {
        let chunks = [ACCEPTED[0], ACCEPTED[2]];

        let seen = test::converse(Transport::Tcp, [50000, 5900], &chunks);

        let facts = seen.transactions("rfb")[0];
        assert_eq!(facts.text("authentication.offered"), Some("VNC Authentication"));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(orig: Vec<u8>, resp: Vec<u8>, minor in b'0'..=b'9') {
            let version = [b"RFB 003.00", &[minor][..], b"\n"].concat();
            test::converse(
                Transport::Tcp,
                [50000, 5900],
                &[(End::Resp, &version), (End::Orig, &version), (End::Resp, &resp), (End::Orig, &orig), (End::Resp, &resp)],
            );
        }
    }
}
