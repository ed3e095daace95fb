//! IMAP: logins and how they ended, the change to TLS.
//!
//! Source: RFC 9051 (commands, literals), RFC 2971 (ID). One transaction a command up to the login;
//! mailboxes and mails are not read. Suricata has no keys for it: they are shaped as those of POP3.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::lines::{Lines, Next, word};
use super::reply::{first_line, is_beginning};
use super::smtp::{account, mechanism_of};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Commands that wait for their completion.
const MAX_PENDING: usize = 16;
const MAX_TAG: usize = 32;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "imap",
    title: "IMAP",
    transports: &[Transport::Tcp],
    ports: &[143, 220],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.command", FactKind::Text, "コマンド", "Command"),
    row("response.status", FactKind::Text, "結果", "Status"),
    row("auth", FactKind::Text, "認証の方式", "Authentication"),
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row("banner", FactKind::Text, "バナー", "Banner"),
];

/// Commands before a login that no other protocol has behind a tag.
const COMMANDS: &[&[u8]] = &[
    b"CAPABILITY",
    b"LOGIN",
    b"AUTHENTICATE",
    b"STARTTLS",
    b"ID",
    b"LOGOUT",
    b"SELECT",
    b"EXAMINE",
    b"IDLE",
    b"UID",
    b"FETCH",
    b"NAMESPACE",
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let Some(line) = first_line(octets) else {
        let may_be = octets.len() < 512 && (is_beginning(octets, b"* OK ") || may_begin(octets));
        return if may_be { Probe::More } else { Probe::No };
    };
    if [&b"* OK"[..], b"* PREAUTH", b"* BYE"]
        .iter()
        .any(|start| line.starts_with(start))
    {
        let is_named = line.windows(4).any(|window| window.eq_ignore_ascii_case(b"IMAP"));
        let is_answered = first_line(hint.other).is_some_and(is_command);
        return if is_named || is_answered {
            Probe::Sure
        } else {
            Probe::Likely
        };
    }
    if is_command(line) { Probe::Sure } else { Probe::No }
}

/// Whether octets without an end of line may become a tag and a command.
fn may_begin(octets: &[u8]) -> bool {
    const USUAL_TAG: usize = 12;
    let end = octets.iter().position(|octet| *octet == b' ');
    let (tag, rest) = octets
        .split_at_checked(end.unwrap_or(octets.len()))
        .unwrap_or((octets, &[]));
    let is_tag = tag.len() <= USUAL_TAG && tag.iter().all(u8::is_ascii_alphanumeric) && !tag.is_empty();
    let verb = rest.get(1..).unwrap_or_default();
    let is_verb = COMMANDS.iter().any(|known| {
        verb.iter()
            .zip(*known)
            .all(|(left, right)| left.eq_ignore_ascii_case(right))
    });
    is_tag && is_verb
}

fn is_command(line: &[u8]) -> bool {
    command(line).is_some_and(|(_, verb, _)| COMMANDS.iter().any(|known| *known == verb))
}

/// Tag, command in capitals and what follows.
fn command(line: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let (tag, rest) = word(line);
    let (verb, data) = word(rest);
    let is_tag = (1..=MAX_TAG).contains(&tag.len())
        && tag
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b'$'));
    let is_verb = (2..=16).contains(&verb.len()) && verb.iter().all(u8::is_ascii_alphabetic);
    (is_tag && is_verb).then(|| (tag, verb.to_ascii_uppercase(), data))
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Imap::default())
}

#[derive(Default)]
struct Imap {
    lines: [Lines; 2],
    client: Option<End>,
    has_greeted: bool,
    pending: VecDeque<Command>,
    /// The client's line goes on behind a literal.
    is_continued: bool,
    /// Octets of a literal that hold the account of a LOGIN.
    name: Option<usize>,
    /// The server asked for a response of AUTHENTICATE.
    is_asked: bool,
}

struct Command {
    at: Timestamp,
    tag: Vec<u8>,
    verb: Vec<u8>,
    auth: Option<Box<str>>,
    user: Option<String>,
}

impl Held for Command {
    fn held(&self) -> usize {
        [
            self.tag.held(),
            self.verb.held(),
            self.auth.held(),
            self.user.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Parser for Imap {
    fn held(&self) -> usize {
        self.pending.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if let (Some(octets), true) = (self.name, self.client == Some(chunk.from)) {
            let Some(name) = chunk.octets.get(..octets) else {
                return Read::Need(octets);
            };
            self.name = None;
            self.set_user(Some(text::user_digest(name)), sheet);
            return Read::Took(octets);
        }
        let Some(lines) = self.lines.get_mut(chunk.from.index()) else {
            return Read::NotMine;
        };
        let (line, took) = match lines.next(chunk.octets) {
            Next::Wait => return Read::Took(0),
            Next::Passed(took) => return Read::Took(took),
            Next::Line { line, took, .. } => (line, took),
        };
        let is_server = line.starts_with(b"* ") || line.starts_with(b"+");
        let client = *self
            .client
            .get_or_insert(if is_server { chunk.from.other() } else { chunk.from });
        let literal = literal(line);
        if chunk.from == client {
            self.take_command(line, literal, sheet);
            self.is_continued = literal.is_some();
            if self.name.is_some() {
                return Read::Took(took);
            }
        } else if let Some(read) = self.take_reply(line, took, sheet) {
            return read;
        }
        match literal {
            Some(skip) if skip > 0 => Read::Skip { took, skip },
            _ => Read::Took(took),
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for command in std::mem::take(&mut self.pending) {
            command.write(None, sheet);
        }
    }
}

impl Imap {
    fn take_command(&mut self, line: &[u8], literal: Option<u64>, sheet: &mut Sheet<'_>) {
        if self.is_continued {
            return;
        }
        if std::mem::take(&mut self.is_asked) {
            let mechanism = self.pending.back().and_then(|command| command.auth.clone());
            let user = mechanism.and_then(|mechanism| account(&mechanism, line));
            self.set_user(user, sheet);
            return;
        }
        let Some((tag, verb, data)) = command(line) else {
            return;
        };
        let (mut auth, mut user) = (None, None);
        match &verb[..] {
            b"LOGIN" => match (literal, data.starts_with(b"{")) {
                // The account itself comes as a literal, where it is not too long to be one.
                (Some(octets @ 1..=256), true) => self.name = usize::try_from(octets).ok(),
                _ => user = (!data.is_empty()).then(|| text::user_digest(&astring(data))),
            },
            b"AUTHENTICATE" => {
                let (mechanism, initial) = word(data);
                let mechanism = mechanism_of(mechanism);
                user = account(&mechanism, initial);
                auth = Some(mechanism);
            }
            _ => {}
        }
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.write(None, sheet);
        }
        self.pending.push_back(Command {
            at: sheet.at(),
            tag: tag.to_vec(),
            verb,
            auth,
            user: None,
        });
        self.set_user(user, sheet);
    }

    /// The account of the last command.
    fn set_user(&mut self, user: Option<String>, sheet: &mut Sheet<'_>) {
        if let (Some(user), Some(command)) = (user, self.pending.back_mut())
            && command.user.is_none()
        {
            sheet.essential(Essential::User, user.clone(), "imap.user_digest");
            command.user = Some(user);
        }
    }

    fn take_reply(&mut self, line: &[u8], took: usize, sheet: &mut Sheet<'_>) -> Option<Read> {
        if line.starts_with(b"+") {
            // Of a literal's continuation nothing is asked.
            let is_login = self.pending.back().is_some_and(|command| command.auth.is_some());
            self.is_asked = is_login && self.pending.back().is_some_and(|command| command.user.is_none());
            return None;
        }
        let (tag, rest) = word(line);
        let (status, words) = word(rest);
        if tag == b"*" {
            if !std::mem::replace(&mut self.has_greeted, true) && matches!(status, b"OK" | b"PREAUTH") {
                let words = without_code(words);
                if !words.is_empty() {
                    sheet.essential(Essential::ServerSoftware, text::of(words), "imap.banner");
                }
                let mut facts = Facts::new();
                facts.put("banner", text::of(words));
                sheet.transaction(sheet.at(), facts);
                return (status == b"PREAUTH").then_some(Read::Done);
            }
            return None;
        }
        let at = self.pending.iter().position(|command| command.tag == tag)?;
        let status = match &status.to_ascii_uppercase()[..] {
            b"OK" => "OK",
            b"NO" => "NO",
            b"BAD" => "BAD",
            _ => return None,
        };
        let command = self.pending.remove(at)?;
        self.is_asked = false;
        command.write(Some(status), sheet);
        match (&command.verb[..], status) {
            (b"STARTTLS", "OK") => Some(Read::Became {
                took,
                protocol: Some("tls"),
            }),
            // What follows is the mailbox; so it is where such a command succeeds.
            (b"LOGIN" | b"AUTHENTICATE" | b"SELECT" | b"EXAMINE", "OK") => Some(Read::Done),
            _ => None,
        }
    }
}

impl Command {
    fn write(&self, status: Option<&str>, sheet: &mut Sheet<'_>) {
        let mut request = Facts::new();
        request.put("command", text::of(&self.verb));
        let mut facts = Facts::new();
        facts.put("request", request);
        if let Some(status) = status {
            let mut response = Facts::new();
            response.put("status", status);
            facts.put("response", response);
        }
        facts
            .put_some("auth", self.auth.clone())
            .put_some("user_digest", self.user.clone());
        sheet.transaction(self.at, facts);
    }
}

/// Octets of the literal that a line ends with: `{12}`, `{12+}`.
fn literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"}")?;
    let at = line.iter().rposition(|octet| *octet == b'{')?;
    let digits = line.get(at.saturating_add(1)..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits)
        .ok()?
        .parse::<u32>()
        .ok()
        .map(u64::from)
}

/// The first word of arguments, quoted or not.
fn astring(data: &[u8]) -> Vec<u8> {
    let Some(quoted) = data.strip_prefix(b"\"") else {
        return word(data).0.to_vec();
    };
    let mut name = Vec::new();
    let mut octets = quoted.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => break,
            b'\\' => name.extend(octets.next()),
            _ => name.push(*octet),
        }
    }
    name
}

/// Words of a response without the code in brackets before them.
fn without_code(words: &[u8]) -> &[u8] {
    let end = words.iter().position(|octet| *octet == b']');
    match end {
        Some(end) if words.starts_with(b"[") => words
            .get(end.saturating_add(1)..)
            .unwrap_or_default()
            .trim_ascii(),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    fn rows(chunks: &[(End, &[u8])]) -> Vec<(String, Option<String>, Option<String>)> {
        let seen = test::converse(Transport::Tcp, [40_000, 9143], chunks);
        let split = test::in_single_octets([40_000, 9143], chunks);
        assert_eq!(seen.app.service, "imap");
        assert_eq!(split.transactions("imap"), seen.transactions("imap"));
        let written = format!("{:?}", seen.events);
        for secret in ["mrc", "secret", "smith", "sesame", "fred", "foobar"] {
            assert!(!written.to_lowercase().contains(secret), "{written}");
        }
        seen.transactions("imap")
            .iter()
            .filter_map(|facts| {
                Some((
                    facts.text("request.command")?.to_owned(),
                    facts.text("response.status").map(str::to_owned),
                    facts.text("user_digest").map(str::to_owned),
                ))
            })
            .collect()
    }

    fn row(command: &str, status: &str, user: Option<&[u8]>) -> (String, Option<String>, Option<String>) {
        (command.into(), Some(status.into()), user.map(text::user_digest))
    }

    #[test]
    fn logins_are_read_with_words_quotes_and_literals() {
        // RFC 3501 section 8 and 6.2.3; literals as in RFC 9051 section 4.3.
        let quoted: &[(End, &[u8])] = &[
            (Resp, b"* OK [CAPABILITY IMAP4rev1] Service Ready\r\n"),
            (Orig, b"a001 login mrc secret\r\n"),
            (Resp, b"a001 NO LOGIN failed\r\n"),
            (Orig, b"a002 LOGIN \"s\\mith\" sesame\r\n"),
            (Resp, b"a002 OK LOGIN completed\r\n"),
            (Orig, b"a003 SELECT inbox\r\n"),
        ];
        let literals: &[(End, &[u8])] = &[
            (Resp, b"* OK IMAP4rev1 Service Ready\r\n"),
            (Orig, b"A001 LOGIN {4}\r\n"),
            (Resp, b"+ Ready for additional command text\r\n"),
            (Orig, b"FRED {6+}\r\nfoobar\r\n"),
            (Resp, b"A001 OK LOGIN completed\r\n"),
        ];
        let authenticate: &[(End, &[u8])] = &[
            (Resp, b"* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN]\r\n"),
            (Orig, b"a AUTHENTICATE PLAIN\r\n"),
            (Resp, b"+ \r\n"),
            (Orig, b"dGVzdAB0aW0AdGFuc3RhYWZ0YW5zdGFhZg==\r\n"),
            (Resp, b"a BAD no\r\n"),
        ];

        assert_eq!(
            rows(quoted),
            [
                row("LOGIN", "NO", Some(b"mrc")),
                row("LOGIN", "OK", Some(b"smith"))
            ]
        );
        assert_eq!(rows(literals), [row("LOGIN", "OK", Some(b"FRED"))]);
        assert_eq!(rows(authenticate), [row("AUTHENTICATE", "BAD", Some(b"tim"))]);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Resp, &b"* OK IMAP4\r\n"[..]), (Orig, b"a LOGIN {5}\r\n")];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, [40_000, 143], &chunks);
        }
    }
}
