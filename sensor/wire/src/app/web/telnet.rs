//! Telnet: options, the terminal, logins as prompts show them.
//!
//! Source: RFC 854 and 855 (commands and negotiation), RFC 1091 (terminal type). Names of the keys
//! are ours. An account is what the client types after a prompt that asks for one; what it types
//! after a prompt for a password is passed over unread. Reading ends after [`MAX_OCTETS`] octets of
//! either end.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::reply::is_beginning;
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;
const WILL: u8 = 251;
const DONT: u8 = 254;
const TERMINAL_TYPE: u8 = 24;
/// The highest option of IANA's registry that is in use.
const MAX_OPTION: u8 = 49;

/// Octets of an end after which no login is expected.
const MAX_OCTETS: u64 = 64 * 1024;
/// Octets of a typed line, and of the server's last words.
const MAX_TYPED: usize = 128;
/// Octets of a subnegotiation.
const MAX_OPTION_DATA: usize = 64;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    title: "Telnet",
    transports: &[Transport::Tcp],
    ports: &[23, 2323],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row(
        "has_password",
        FactKind::Flag,
        "パスワードの入力あり",
        "Has a password",
    ),
    row("is_refused", FactKind::Flag, "ログイン拒否", "Login refused"),
    row("terminal", FactKind::Text, "端末", "Terminal"),
    row("options", FactKind::Number, "オプション", "Options"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let is_at_port = PROTOCOL.is_at(hint.ports);
    let octets = hint.octets;
    match (negotiation(octets), octets.get(3..).map(negotiation)) {
        (Some(true), Some(Some(true))) => Probe::Sure,
        // A whole one, alone or before words.
        (Some(true), _) if is_at_port => Probe::Likely,
        (Some(true), Some(None)) => Probe::More,
        (None, _) if !octets.is_empty() => Probe::More,
        _ if is_at_port
            && [octets, hint.other]
                .into_iter()
                .any(|said| asks(said) != Asks::Nothing) =>
        {
            Probe::Likely
        }
        _ => Probe::No,
    }
}

/// Whether octets begin with a negotiation; none where there are too few.
fn negotiation(octets: &[u8]) -> Option<bool> {
    match octets {
        [] | [IAC] | [IAC, WILL..=DONT] => None,
        [IAC, WILL..=DONT, option, ..] => Some(*option <= MAX_OPTION),
        // A subnegotiation may follow the first negotiations.
        [IAC, SB, ..] => Some(true),
        _ => Some(false),
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Telnet::default())
}

/// What the server's last words ask for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Asks {
    #[default]
    Nothing,
    Account,
    Password,
}

/// Inside which command an end is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inside {
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After WILL, WONT, DO, DONT.
    Option,
    /// After SB.
    Data,
    /// After IAC within SB.
    DataCommand,
}

#[derive(Default)]
struct Side {
    inside: Inside,
    data: Vec<u8>,
    octets: u64,
}

#[derive(Default)]
struct Telnet {
    at: Option<Timestamp>,
    sides: [Side; 2],
    /// The server's last words, in lower case.
    said: Vec<u8>,
    /// What the client types.
    typed: Vec<u8>,
    /// The client is within a line.
    is_typing: bool,
    /// What that line answers.
    asked: Asks,
    user: Option<String>,
    has_password: bool,
    is_refused: bool,
    terminal: Option<Box<str>>,
    /// Options that were negotiated, a bit each.
    options: u64,
    is_told: bool,
}

impl Held for Side {
    fn held(&self) -> usize {
        self.data.held()
    }
}

impl Parser for Telnet {
    fn held(&self) -> usize {
        [
            self.sides.held(),
            self.said.held(),
            self.typed.held(),
            self.user.held(),
            self.terminal.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        for octet in chunk.octets {
            if let Some(octet) = self.take(chunk.from, *octet) {
                match chunk.from {
                    End::Orig => self.hear_client(octet, sheet),
                    End::Resp => self.hear_server(octet, sheet),
                }
            }
        }
        let is_over = self.sides.iter_mut().any(|side| side.octets > MAX_OCTETS);
        if is_over {
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.is_refused |= self.has_password && asks(&self.said) == Asks::Account;
        if self.user.is_some() || self.has_password || !self.is_told {
            self.write(sheet);
        }
    }
}

impl Telnet {
    /// Takes an octet; gives it back where it is text.
    fn take(&mut self, from: End, octet: u8) -> Option<u8> {
        let side = self.sides.get_mut(from.index())?;
        side.octets = side.octets.saturating_add(1);
        match (side.inside, octet) {
            (Inside::Text, IAC) => side.inside = Inside::Command,
            (Inside::Text, _) => return Some(octet),
            (Inside::Command, WILL..=DONT) => side.inside = Inside::Option,
            (Inside::Command, SB) => {
                side.inside = Inside::Data;
                side.data.clear();
            }
            (Inside::Command, IAC) => {
                side.inside = Inside::Text;
                return Some(octet);
            }
            (Inside::Command, _) => side.inside = Inside::Text,
            (Inside::Option, _) => {
                side.inside = Inside::Text;
                self.options |= 1_u64.checked_shl(octet.into()).unwrap_or(0);
            }
            (Inside::Data, IAC) => side.inside = Inside::DataCommand,
            (Inside::Data, _) | (Inside::DataCommand, IAC) => {
                side.inside = Inside::Data;
                if side.data.len() < MAX_OPTION_DATA {
                    side.data.push(octet);
                }
            }
            (Inside::DataCommand, SE) => {
                side.inside = Inside::Text;
                // IS and the type.
                if let [TERMINAL_TYPE, 0, kind @ ..] = &side.data[..] {
                    self.terminal.get_or_insert_with(|| text::of(kind));
                }
            }
            (Inside::DataCommand, _) => side.inside = Inside::Text,
        }
        None
    }

    fn hear_server(&mut self, octet: u8, sheet: &mut Sheet<'_>) {
        if matches!(octet, b'\r' | b'\n') {
            let is_refusal = [
                &b"incorrect"[..],
                b"failed",
                b"denied",
                b"invalid",
                b"bad password",
            ]
            .iter()
            .any(|word| holds(&self.said, word));
            if is_refusal && self.has_password {
                self.is_refused = true;
                self.write(sheet);
            }
            self.said.clear();
            return;
        }
        if self.said.len() >= MAX_TYPED {
            // A prompt is short: the older half goes.
            self.said.drain(..MAX_TYPED / 2);
        }
        self.said.push(octet.to_ascii_lowercase());
    }

    fn hear_client(&mut self, octet: u8, sheet: &mut Sheet<'_>) {
        if !self.is_typing {
            // LF or NUL after CR is no line of its own.
            if matches!(octet, 0 | b'\n') {
                return;
            }
            self.is_typing = true;
            self.asked = asks(&self.said);
            self.typed.clear();
            if self.asked == Asks::Account && self.has_password {
                // Asked again: the login before failed.
                self.is_refused = true;
                self.write(sheet);
            }
        }
        match octet {
            b'\r' | b'\n' => {
                self.is_typing = false;
                match self.asked {
                    Asks::Account if !self.typed.is_empty() => {
                        let user = text::user_digest(&self.typed);
                        sheet.essential(Essential::User, user.clone(), "telnet.user_digest");
                        self.user = Some(user);
                    }
                    Asks::Password => self.has_password = true,
                    Asks::Account | Asks::Nothing => {}
                }
                self.typed.clear();
                self.said.clear();
            }
            0x08 | 0x7f => {
                self.typed.pop();
            }
            // Nothing is kept of what answers no prompt, or one for a password.
            _ if self.asked == Asks::Account && self.typed.len() < MAX_TYPED => self.typed.push(octet),
            _ => {}
        }
    }

    fn write(&mut self, sheet: &mut Sheet<'_>) {
        let options: Vec<u8> = (0..=MAX_OPTION)
            .filter(|option| self.options & 1_u64.checked_shl((*option).into()).unwrap_or(0) != 0)
            .collect();
        let mut facts = Facts::new();
        facts.put_some("user_digest", self.user.take());
        if std::mem::take(&mut self.has_password) {
            facts.put("has_password", true);
        }
        if std::mem::take(&mut self.is_refused) {
            facts.put("is_refused", true);
        }
        facts.put_some("terminal", self.terminal.clone());
        if !options.is_empty() {
            facts.put("options", options);
        }
        sheet.transaction(self.at.take().unwrap_or_else(|| sheet.at()), facts);
        self.is_told = true;
    }
}

/// Whether words end with a prompt.
fn asks(words: &[u8]) -> Asks {
    let Some(words) = words.trim_ascii_end().strip_suffix(b":") else {
        return Asks::Nothing;
    };
    let words = words.trim_ascii_end();
    let ends = |word: &[u8]| {
        words
            .len()
            .checked_sub(word.len())
            .and_then(|at| words.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    if ends(b"password") || ends(b"passwd") || ends(b"passcode") {
        Asks::Password
    } else if ends(b"login") || ends(b"username") || ends(b"user name") || ends(b"user") || ends(b"account") {
        Asks::Account
    } else {
        Asks::Nothing
    }
}

fn holds(words: &[u8], word: &[u8]) -> bool {
    words.iter().enumerate().any(|(at, _)| {
        words
            .get(at..)
            .is_some_and(|rest| rest.len() >= word.len() && is_beginning(rest, word))
    })
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    /// RFC 855 section "Command format", RFC 1091 section 5.
    const SESSION: &[(End, &[u8])] = &[
        (Resp, b"\xff\xfd\x18\xff\xfd\x1f"),
        (Orig, b"\xff\xfb\x18\xff\xfc\x1f"),
        (Resp, b"\xff\xfa\x18\x01\xff\xf0"),
        (Orig, b"\xff\xfa\x18\x00XTERM\xff\xf0"),
        (Resp, b"\r\nDebian 12\r\nhost login: "),
        (Orig, b"alx\x7fice\r\0"),
        (Resp, b"alice\r\nPassword: "),
        (Orig, b"s3cret\r\n"),
        (Resp, b"\r\nLogin incorrect\r\nlogin: "),
        (Orig, b"bob\r\n"),
        (Resp, b"Password: "),
        (Orig, b"hunter2\r\n"),
        (Resp, b"\r\nLast login: Mon Nov 23\r\n$ "),
        (Orig, b"ls\r\n"),
    ];

    #[test]
    fn logins_are_seen_and_passwords_are_not() {
        let seen = test::converse(Transport::Tcp, [40_000, 4023], SESSION);

        assert_eq!(seen.app.service, "telnet");
        let [first, second] = &seen.transactions("telnet")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(first.text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(first.at("is_refused"), Some(true.into()));
        assert_eq!(first.text("terminal"), Some("XTERM"));
        assert_eq!(first.number("options"), Some(24));
        assert_eq!(second.text("user_digest"), Some(&*text::user_digest(b"bob")));
        assert_eq!(
            (second.at("has_password"), second.at("is_refused")),
            (Some(true.into()), None)
        );
        let split = test::in_single_octets([40_000, 4023], SESSION);
        assert_eq!(split.transactions("telnet"), seen.transactions("telnet"));
    }

    #[test]
    fn a_prompt_without_options_is_believed_at_its_port() {
        let chunks: &[(End, &[u8])] = &[(Resp, b"Username: "), (Orig, b"admin\r\n")];
        let service = |port| test::converse(Transport::Tcp, [40_000, port], chunks).app.service;

        assert_eq!((service(23), service(4023)), ("telnet", ""));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Resp, &b"\xff\xfd\x18\xff\xfd\x1f"[..])];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, [40_000, 23], &chunks);
        }

        #[test]
        fn random_octets_are_not_claimed(octets: Vec<u8>) {
            let seen = test::converse(Transport::Tcp, [40_000, 4000], &[(Resp, &octets)]);

            proptest::prop_assert_eq!(seen.app.service, "");
        }
    }
}
