//! rsync's own server: version, module, whether it wants a password.
//!
//! Source: rsync's csprotocol.txt and clientserver.c.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const MAGIC: &[u8] = b"@RSYNCD: ";
/// Octets of the longest line.
const MAX_LINE: usize = 1024;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rsync",
    title: "rsync",
    transports: &[Transport::Tcp],
    ports: &[873],
    kin: &[],
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
    row("module", FactKind::Text, "モジュール", "Module"),
    row(
        "auth_required",
        FactKind::Flag,
        "認証要求",
        "Authentication required",
    ),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("result", FactKind::Text, "結果", "Result"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.octets.starts_with(MAGIC) {
        Probe::Sure
    } else if MAGIC.starts_with(hint.octets) {
        Probe::More
    } else {
        Probe::No
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Rsync::default())
}

#[derive(Default)]
struct Rsync {
    at: Option<Timestamp>,
    facts: Facts,
}

impl Parser for Rsync {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        let seen = chunk.octets.get(..MAX_LINE).unwrap_or(chunk.octets);
        let Some(end) = seen.iter().position(|octet| *octet == b'\n') else {
            return if chunk.octets.len() >= MAX_LINE {
                Read::Done
            } else {
                Read::Took(0)
            };
        };
        let line = seen.get(..end).unwrap_or_default();
        let took = Read::Took(end.saturating_add(1));
        match (chunk.from, line.strip_prefix(MAGIC)) {
            (End::Resp, Some(b"OK")) => {
                self.facts.put("result", "ok");
                return Read::Done;
            }
            (End::Resp, Some(b"EXIT")) => {
                self.facts.put("result", "exit");
                return Read::Done;
            }
            (End::Resp, Some(word)) if word.starts_with(b"AUTHREQD") => {
                _ = self.facts.put("auth_required", true);
            }
            (from, Some(version)) => {
                let version = version.split(|octet| *octet == b' ').next().unwrap_or_default();
                let version = text::bounded(version, 32).0;
                let key = if from == End::Orig {
                    "client_version"
                } else {
                    "server_version"
                };
                if from == End::Resp {
                    sheet.essential(Essential::Version, version.clone(), "rsync.server_version");
                }
                self.facts.put(key, version);
            }
            (End::Resp, None) if line.starts_with(b"@ERROR") => {
                self.facts.put("result", "error");
                return Read::Done;
            }
            (End::Orig, None) if self.facts.get("module").is_none() => {
                _ = self.facts.put("module", text::of(line));
            }
            (End::Orig, None) => {
                // A user and a digest of the password.
                let user = line.split(|octet| *octet == b' ').next().unwrap_or_default();
                let digest = text::user_digest(user);
                sheet.essential(Essential::User, digest.clone(), "rsync.user");
                self.facts.put("user_digest", digest);
            }
            // The message of the day.
            (End::Resp, None) => {}
        }
        took
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_module_and_its_user_are_read() {
        // The exchange of csprotocol.txt.
        let chunks: &[(End, &[u8])] = &[
            (End::Resp, b"@RSYNCD: 31.0 sha512 md5\n"),
            (End::Orig, b"@RSYNCD: 30.0\nbackup\n"),
            (End::Resp, b"@RSYNCD: AUTHREQD OXunZg\n"),
            (End::Orig, b"alice Zm9vYmFy\n"),
            (End::Resp, b"@RSYNCD: OK\n"),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        let [facts] = &whole.transactions("rsync")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            (facts.text("server_version"), facts.text("module")),
            (Some("31.0"), Some("backup"))
        );
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(facts.text("result"), Some("ok"));
        assert!(!format!("{whole:?}").contains("Zm9v"));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("rsync"), single.transactions("rsync"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
