//! POP3: logins and how they ended, the change to TLS.
//!
//! Source: RFC 1939, RFC 5034 (AUTH), RFC 2595 (STLS). One transaction a command up to the login;
//! mailboxes and mails are not read. Keys are Suricata's (`pop3.request.command`,
//! `pop3.response.success`) with `user_digest` and `auth` of ours.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::lines::{Lines, Next, word};
use super::reply::first_line;
use super::smtp::{account, mechanism_of};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Commands that wait for their replies.
const MAX_PENDING: usize = 16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "pop3",
    title: "POP3",
    transports: &[Transport::Tcp],
    ports: &[110],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.command", FactKind::Text, "コマンド", "Command"),
    row("response.success", FactKind::Flag, "成功", "Success"),
    row("auth", FactKind::Text, "認証の方式", "Authentication"),
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row("banner", FactKind::Text, "バナー", "Banner"),
];

/// Commands; a line that is none may be a secret.
const COMMANDS: &[&[u8]] = &[
    b"USER", b"PASS", b"APOP", b"AUTH", b"CAPA", b"STLS", b"STAT", b"LIST", b"RETR", b"DELE", b"NOOP",
    b"RSET", b"QUIT", b"TOP", b"UIDL", b"UTF8", b"LANG",
];

/// Beginnings of either end's first line.
const BEGINNINGS: &[&[u8]] = &[b"+OK ", b"USER ", b"APOP ", b"AUTH ", b"CAPA", b"STLS"];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some(line) = first_line(hint.octets) else {
        let begins = |known: &&[u8]| {
            let pairs = hint.octets.iter().zip(*known);
            pairs
                .into_iter()
                .all(|(left, right)| left.eq_ignore_ascii_case(right))
        };
        return if hint.octets.len() < 512 && BEGINNINGS.iter().any(begins) {
            Probe::More
        } else {
            Probe::No
        };
    };
    let answer = first_line(hint.other);
    let is_server = |line: &[u8]| line.starts_with(b"+OK") || line.starts_with(b"-ERR ");
    if is_server(line) {
        let is_named = line.windows(3).any(|window| window.eq_ignore_ascii_case(b"POP"));
        return match answer {
            _ if line.starts_with(b"+OK") && is_named => Probe::Sure,
            Some(command) if is_command(command) => Probe::Sure,
            None if line.starts_with(b"+OK ") && !hint.ports.contains(&110) => Probe::More,
            _ => Probe::Likely,
        };
    }
    if line.eq_ignore_ascii_case(b"CAPA") || line.eq_ignore_ascii_case(b"STLS") {
        return Probe::Sure;
    }
    match (is_command(line), answer) {
        (true, Some(answer)) if is_server(answer) => Probe::Sure,
        (true, _) => Probe::Likely,
        _ => Probe::No,
    }
}

fn is_command(line: &[u8]) -> bool {
    let (verb, _) = word(line);
    [&b"USER"[..], b"APOP", b"AUTH", b"CAPA", b"STLS", b"QUIT"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(verb))
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Pop3::default())
}

#[derive(Default)]
struct Pop3 {
    lines: [Lines; 2],
    client: Option<End>,
    has_greeted: bool,
    pending: VecDeque<Command>,
    user: Option<String>,
    /// Mechanism of a login whose responses come line by line.
    login: Option<Box<str>>,
    /// Server's lines up to one with a point belong to CAPA.
    is_listing: bool,
}

struct Command {
    at: Timestamp,
    verb: Vec<u8>,
    auth: Option<Box<str>>,
    user: Option<String>,
}

impl Held for Command {
    fn held(&self) -> usize {
        [self.verb.held(), self.auth.held(), self.user.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Parser for Pop3 {
    fn held(&self) -> usize {
        [self.pending.held(), self.user.held(), self.login.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut taken = 0_usize;
        loop {
            let rest = chunk.octets.get(taken..).unwrap_or_default();
            let Some(lines) = self.lines.get_mut(chunk.from.index()) else {
                return Read::NotMine;
            };
            let (line, took) = match lines.next(rest) {
                _ if rest.is_empty() => return Read::Took(taken),
                Next::Wait => return Read::Took(taken),
                Next::Passed(took) => (None, took),
                Next::Line { line, took, .. } => (Some(line), took),
            };
            taken = taken.saturating_add(took);
            let Some(line) = line else { continue };
            let is_reply = line.starts_with(b"+") || line.starts_with(b"-ERR");
            let client = *self
                .client
                .get_or_insert(if is_reply { chunk.from.other() } else { chunk.from });
            if chunk.from == client {
                self.take_command(line, sheet);
            } else if let Some(read) = self.take_reply(line, taken, sheet) {
                return read;
            }
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for command in std::mem::take(&mut self.pending) {
            command.write(None, sheet);
        }
    }
}

impl Pop3 {
    fn take_command(&mut self, line: &[u8], sheet: &mut Sheet<'_>) {
        if let Some(mechanism) = self.login.take() {
            if let Some(login) = self.pending.back_mut()
                && login.user.is_none()
                && let Some(user) = account(&mechanism, line)
            {
                sheet.essential(Essential::User, user.clone(), "pop3.user_digest");
                login.user = Some(user);
            }
            return;
        }
        let (verb, data) = word(line);
        let verb = verb.to_ascii_uppercase();
        if !COMMANDS.contains(&&verb[..]) {
            return;
        }
        let mut command = Command {
            at: sheet.at(),
            verb,
            auth: None,
            user: None,
        };
        match &command.verb[..] {
            b"USER" | b"APOP" => {
                let (name, _) = if command.verb == b"APOP" {
                    word(data)
                } else {
                    (data, data)
                };
                self.user = Some(text::user_digest(name));
                command.user.clone_from(&self.user);
            }
            b"PASS" => command.user.clone_from(&self.user),
            b"AUTH" if !data.is_empty() => {
                let (mechanism, initial) = word(data);
                let mechanism = mechanism_of(mechanism);
                command.user = account(&mechanism, initial);
                command.auth = Some(mechanism);
            }
            _ => {}
        }
        if let Some(user) = &command.user {
            sheet.essential(Essential::User, user.clone(), "pop3.user_digest");
        }
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.write(None, sheet);
        }
        self.pending.push_back(command);
    }

    fn take_reply(&mut self, line: &[u8], took: usize, sheet: &mut Sheet<'_>) -> Option<Read> {
        if self.is_listing {
            self.is_listing = line != b".";
            return None;
        }
        if line.starts_with(b"+ ") || line == b"+" {
            self.login = self.pending.back().and_then(|command| command.auth.clone());
            return None;
        }
        let is_success = line.starts_with(b"+OK");
        if !is_success && !line.starts_with(b"-ERR") {
            return None;
        }
        if !std::mem::replace(&mut self.has_greeted, true) && self.pending.is_empty() {
            let (_, words) = word(line);
            // A time stamp for APOP is no part of the software's name.
            let words = words
                .split(|octet| *octet == b'<')
                .next()
                .unwrap_or(words)
                .trim_ascii();
            let mut facts = Facts::new();
            if !words.is_empty() {
                sheet.essential(Essential::ServerSoftware, text::of(words), "pop3.banner");
                facts.put("banner", text::of(words));
                sheet.transaction(sheet.at(), facts);
            }
            return None;
        }
        let command = self.pending.pop_front()?;
        command.write(Some(is_success), sheet);
        match &command.verb[..] {
            b"STLS" if is_success => Some(Read::Became {
                took,
                protocol: Some("tls"),
            }),
            // What follows is the mailbox.
            b"PASS" | b"APOP" if is_success => Some(Read::Done),
            b"AUTH" if is_success && command.auth.is_some() => Some(Read::Done),
            b"CAPA" | b"AUTH" => {
                self.is_listing = is_success;
                None
            }
            _ => None,
        }
    }
}

impl Command {
    fn write(&self, is_success: Option<bool>, sheet: &mut Sheet<'_>) {
        let mut request = Facts::new();
        request.put("command", text::of(&self.verb));
        let mut facts = Facts::new();
        facts.put("request", request);
        if let Some(is_success) = is_success {
            let mut response = Facts::new();
            response.put("success", is_success);
            facts.put("response", response);
        }
        facts
            .put_some("auth", self.auth.clone())
            .put_some("user_digest", self.user.clone());
        sheet.transaction(self.at, facts);
    }
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    #[test]
    fn the_sessions_of_rfc_1939_and_rfc_5034_are_read_up_to_the_login() {
        // RFC 1939 sections 7 and 10, RFC 5034 section 5.
        let apop: &[(End, &[u8])] = &[
            (
                Resp,
                b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n",
            ),
            (Orig, b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"),
            (Resp, b"+OK mrose's maildrop has 2 messages (320 octets)\r\n"),
            (Orig, b"RETR 1\r\n"),
        ];
        let guess: &[(End, &[u8])] = &[
            (Resp, b"+OK ready\r\n"),
            (Orig, b"CAPA\r\n"),
            (Resp, b"+OK list\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
            (Orig, b"USER mrose\r\n"),
            (Resp, b"+OK send\r\n"),
            (Orig, b"PASS secret\r\n"),
            (Resp, b"-ERR no\r\n"),
            (Orig, b"AUTH PLAIN\r\n"),
            (Resp, b"+ \r\n"),
            (Orig, b"dGVzdAB0aW0AdGFuc3RhYWZ0YW5zdGFhZg==\r\n"),
            (Resp, b"+OK\r\n"),
        ];
        let rows = |chunks: &[(End, &[u8])]| -> Vec<_> {
            let seen = test::converse(Transport::Tcp, [40_000, 9110], chunks);
            let split = test::in_single_octets([40_000, 9110], chunks);
            assert_eq!(seen.app.service, "pop3");
            assert_eq!(split.transactions("pop3"), seen.transactions("pop3"));
            assert!(!format!("{:?}", seen.events).contains("mrose"));
            seen.transactions("pop3")
                .iter()
                .filter_map(|facts| {
                    Some((
                        facts.text("request.command")?.to_owned(),
                        facts.at("response.success") == Some(true.into()),
                        facts.text("user_digest").map(str::to_owned),
                    ))
                })
                .collect()
        };
        let row = |command: &str, success, user: Option<&[u8]>| {
            (command.to_owned(), success, user.map(text::user_digest))
        };

        assert_eq!(rows(apop), [row("APOP", true, Some(b"mrose"))]);
        assert_eq!(
            rows(guess),
            [
                row("CAPA", true, None),
                row("USER", true, Some(b"mrose")),
                row("PASS", false, Some(b"mrose")),
                row("AUTH", true, Some(b"tim")),
            ]
        );
    }

    #[test]
    fn an_answer_of_redis_is_not_taken_for_pop3() {
        let seen = test::converse(
            Transport::Tcp,
            [40_000, 6379],
            &[(Resp, b"+OK\r\n"), (Orig, b"PING\r\n")],
        );

        assert_ne!(seen.app.service, "pop3");
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Resp, &b"+OK POP3\r\n"[..])];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, [40_000, 110], &chunks);
        }
    }
}
