//! IRC: who joins which channel on which server; never what is said.
//!
//! Source: RFC 2812 sections 2.3 and 3, IRCv3 capability negotiation.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::ends::Ends;
use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::is_word;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of the longest line: 512, and 8191 of tags before it.
const MAX_LINE: usize = 8192 + 512;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "irc",
    title: "IRC",
    transports: &[Transport::Tcp],
    ports: &[6667, 6666, 6668, 6669],
    kin: &["tls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("command", FactKind::Text, "命令", "Command"),
    row(
        "nick_digest",
        FactKind::Text,
        "ニックネーム(要約値)",
        "Nick (digest)",
    ),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("channel", FactKind::Text, "チャンネル", "Channel"),
    row(
        "password_present",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row("server", FactKind::Text, "サーバ", "Server"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets.get(..512).unwrap_or(hint.octets);
    let starts: [&[u8]; 5] = [b"NICK ", b"USER ", b"PASS ", b"CAP LS", b":"];
    let Some(start) = starts.iter().find(|start| octets.starts_with(start)) else {
        let is_begun = starts.iter().any(|start| start.starts_with(octets));
        return if is_begun { Probe::More } else { Probe::No };
    };
    let end = octets.iter().position(|octet| *octet == b'\n');
    let Some(end) = end else {
        let is_text = octets
            .iter()
            .all(|octet| (b' '..=b'~').contains(octet) || *octet == b'\r');
        return if is_text && octets.len() < 512 {
            Probe::More
        } else {
            Probe::No
        };
    };
    let line = octets.get(..end).unwrap_or_default().trim_ascii();
    let next = octets.get(end.saturating_add(1)..).unwrap_or_default();
    let words: Vec<&[u8]> = line.splitn(5, |octet| *octet == b' ').collect();
    let is_sure = match *start {
        // A server's name, a number or a notice, whom it is for.
        b":" => matches!(&words[..], [server, code, _, ..]
            if server.contains(&b'.') && matches!(*code, b"001" | b"020" | b"NOTICE")),
        b"CAP LS" => true,
        // Other protocols name a user in one word (FTP, POP3); this one has four.
        b"USER " => matches!(&words[..], [_, _, _, _, real] if real.starts_with(b":")),
        b"NICK " => matches!(&words[..], [_, nick] if is_word(nick) && nick.len() <= 64),
        _ => next.starts_with(b"NICK ") || next.starts_with(b"CAP "),
    };
    match (is_sure, *start) {
        (true, _) => Probe::Sure,
        (false, b"PASS ") if next.len() < 5 => Probe::More,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Irc::default())
}

#[derive(Default)]
struct Irc {
    ends: Ends,
    exchanges: Exchanges,
}

impl Parser for Irc {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.exchanges.is_enough() {
            sheet.partial();
            return Read::Done;
        }
        let Some(end) = self.ends.find(chunk.from, chunk.octets, b"\n") else {
            return if chunk.octets.len() > MAX_LINE {
                Read::Done
            } else {
                Read::Took(0)
            };
        };
        let took = end.saturating_add(1);
        let line = chunk.octets.get(..end).unwrap_or_default().trim_ascii();
        let mut words = line
            .split(|octet| *octet == b' ')
            .filter(|word| !word.is_empty())
            .peekable();
        if words.peek().is_some_and(|word| word.starts_with(b"@")) {
            words.next();
        }
        let from = words.next_if(|word| word.starts_with(b":"));
        let command = words.next().unwrap_or_default();
        let first = words.next().unwrap_or_default();
        if chunk.from == End::Resp {
            if command == b"001"
                && let Some(server) = from.and_then(|from| from.get(1..))
            {
                sheet.essential(Essential::ServerName, text::of(server), "irc.server");
                let mut facts = Facts::new();
                facts.put("command", "001").put("server", text::of(server));
                self.exchanges.write(
                    Open {
                        key: 0,
                        kind: 1,
                        at: chunk.at,
                        facts,
                    },
                    sheet,
                );
            }
            // After this both ends speak TLS.
            if command == b"670" {
                return Read::Became {
                    took,
                    protocol: Some("tls"),
                };
            }
            return Read::Took(took);
        }
        let mut facts = Facts::new();
        let kind = match &command.to_ascii_uppercase()[..] {
            b"NICK" => {
                let digest = text::user_digest(first.strip_prefix(b":").unwrap_or(first));
                sheet.essential(Essential::User, digest.clone(), "irc.nick");
                facts.put("command", "NICK").put("nick_digest", digest);
                2
            }
            b"USER" => {
                facts
                    .put("command", "USER")
                    .put("user_digest", text::user_digest(first));
                3
            }
            b"JOIN" => {
                // Keys of channels stand behind them and are left out.
                let channels: Vec<_> = first
                    .split(|octet| *octet == b',')
                    .take(8)
                    .map(|name| text::bounded(name, 64).0)
                    .collect();
                facts.put("command", "JOIN").put("channel", channels);
                4
            }
            b"PASS" => {
                facts.put("command", "PASS").put("password_present", true);
                5
            }
            _ => return Read::Took(took),
        };
        self.exchanges.write(
            Open {
                key: 0,
                kind,
                at: chunk.at,
                facts,
            },
            sheet,
        );
        Read::Took(took)
    }

    fn gap(&mut self, from: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        self.ends.forget(from);
        // A torn line is no command that is kept.
        Gap::Resume
    }
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    #[test]
    fn who_joins_what_is_kept_and_what_is_said_is_not() {
        // RFC 2812 sections 3.1.1 to 3.1.3 and 3.2.1.
        let chunks: &[(End, &[u8])] = &[
            (
                End::Orig,
                b"PASS secretpasswordhere\r\nNICK Wiz\r\nUSER guest 0 * :Ronnie Reagan\r\n",
            ),
            (End::Resp, b":irc.example.net 001 Wiz :Welcome\r\n"),
            (
                End::Orig,
                b"JOIN #foo,&bar fubar\r\nPRIVMSG #foo :hello there\r\n",
            ),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 8000], chunks);

        assert_eq!(whole.app.service, "irc");
        assert_eq!(whole.app.get(Essential::ServerName), Some("irc.example.net"));
        let found = whole.transactions("irc");
        let one = |command: &str| {
            *found
                .iter()
                .find(|facts| facts.text("command") == Some(command))
                .unwrap()
        };
        assert_eq!(one("NICK").text("nick_digest"), Some(&*text::user_digest(b"wiz")));
        assert_eq!(one("JOIN").text("channel"), Some("#foo"));
        for secret in ["secretpass", "hello there", "fubar", "Ronnie"] {
            assert!(!format!("{whole:?}").contains(secret), "{secret}");
        }
        let single = test::in_single_octets([40_000, 8000], chunks);
        assert_eq!(whole.transactions("irc"), single.transactions("irc"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn other_logins_are_not_claimed() {
        for line in [
            &b"USER anonymous\r\n"[..],
            b"PASS x\r\nLIST\r\n",
            b"USER bob\r\nPASS x\r\n",
        ] {
            let seen = test::converse(Transport::Tcp, [40_000, 8000], &[(End::Orig, line)]);

            assert_eq!(seen.app.service, "");
        }
    }

    #[test]
    fn octets_that_wait_are_looked_at_once() {
        use sekisho_model::Timestamp;
        let (mut app, mut events) = (sekisho_model::app::App::default(), Vec::new());
        let mut sheet = Sheet::new(&mut app, &mut events, "irc", Timestamp::MIN);
        let mut parser = Irc::default();
        let mut read = |octets: &[u8]| {
            let chunk = Chunk {
                from: End::Orig,
                at: Timestamp::MIN,
                octets,
                cut: 0,
            };
            parser.read(&chunk, &mut sheet)
        };

        assert!(matches!(read(b"NICK Wiz"), Read::Took(0)));
        // An end in what was looked at before is one that is not looked for.
        assert!(matches!(read(b"NICK\nWiz\r"), Read::Took(0)));
        assert!(matches!(read(b"NICK Wiz\r\n"), Read::Took(10)));
    }
}
