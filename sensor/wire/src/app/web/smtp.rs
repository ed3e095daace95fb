//! SMTP and LMTP: who greets whom, each mail's envelope, each login, the change to TLS.
//!
//! Source: RFC 5321, RFC 4954 (AUTH), RFC 3207 (STARTTLS), RFC 3030 (BDAT). `helo`, `mail_from` and
//! `rcpt_to` are Suricata's keys; the local part of an address stands as the account's digest. A
//! mail's content is passed over: neither its subject nor its header is read.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::lines::{Lines, Next, base64, word};
use super::reply::{self, ReplyLine, Speaks};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Receivers of one mail that are kept; all are counted.
const MAX_RECEIVERS: usize = 32;
/// Commands of which the replies are awaited (PIPELINING).
const MAX_PENDING: usize = 128;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "smtp",
    title: "SMTP",
    transports: &[Transport::Tcp],
    ports: reply::SMTP_PORTS,
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("banner", FactKind::Text, "バナー", "Banner"),
    row("helo", FactKind::Text, "名乗り (HELO)", "HELO"),
    row(
        "mail_from",
        FactKind::Text,
        "差出人 (ダイジェスト)",
        "Sender (digest)",
    ),
    row(
        "rcpt_to",
        FactKind::Text,
        "宛先 (ダイジェスト)",
        "Receivers (digests)",
    ),
    row("rcpt_count", FactKind::Number, "宛先の数", "Receivers"),
    row(
        "mail_octets",
        FactKind::Number,
        "メールのオクテット数",
        "Octets of the mail",
    ),
    row("auth", FactKind::Text, "認証の方式", "Authentication"),
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row("starttls", FactKind::Flag, "TLS への切り替え", "STARTTLS"),
    row("completion_code", FactKind::Text, "応答コード", "Reply code"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    reply::probe(hint, Speaks::Smtp)
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Smtp::default())
}

/// What the client's next octets are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Commands,
    /// A line of a login.
    Login,
    /// A mail up to a line with a point.
    Mail,
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Other,
    Login,
    Starttls,
    /// DATA, to which 354 is the answer that lets the mail come.
    Data,
    /// The end of a mail.
    Mail,
}

#[derive(Default)]
struct Smtp {
    lines: [Lines; 2],
    /// The end that sends commands, once a line told.
    client: Option<End>,
    mode: Mode,
    pending: VecDeque<Asked>,
    banner: Option<Box<str>>,
    helo: Option<Box<str>>,
    login: Option<Login>,
    mail: Option<Mail>,
    /// A transaction was written.
    is_told: bool,
}

struct Login {
    at: Timestamp,
    mechanism: Box<str>,
    user: Option<String>,
    /// Client's responses so far.
    responses: u8,
}

#[derive(Default)]
struct Mail {
    at: Option<Timestamp>,
    from: Option<String>,
    to: Vec<String>,
    receivers: u32,
    octets: u64,
}

impl Held for Login {
    fn held(&self) -> usize {
        [self.mechanism.held(), self.user.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Held for Mail {
    fn held(&self) -> usize {
        [self.from.held(), self.to.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Parser for Smtp {
    fn held(&self) -> usize {
        [
            self.pending.capacity().saturating_mul(size_of::<Asked>()),
            self.banner.held(),
            self.helo.held(),
            self.login.held(),
            self.mail.held(),
        ]
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
            if self.mode == Mode::Mail && self.client == Some(chunk.from) {
                self.take_mail(line, took);
                continue;
            }
            let Some(line) = line else { continue };
            let reply = reply::parse(line);
            let client = *self.client.get_or_insert(if reply.is_some() {
                chunk.from.other()
            } else {
                chunk.from
            });
            if chunk.from == client {
                let skip = self.take_command(line, sheet);
                if skip > 0 {
                    return Read::Skip { took: taken, skip };
                }
            } else if let Some(reply) = reply
                && self.take_reply(&reply, sheet)
            {
                let protocol = Some("tls");
                return Read::Became {
                    took: taken,
                    protocol,
                };
            }
        }
    }

    fn gap(&mut self, from: End, octets: u64, _: &mut Sheet<'_>) -> Gap {
        if let Some(lines) = self.lines.get_mut(from.index()) {
            lines.forget();
        }
        if self.client == Some(from) {
            match (self.mode, &mut self.mail) {
                (Mode::Mail, Some(mail)) => mail.octets = mail.octets.saturating_add(octets),
                // The line may have been a secret's.
                _ => self.mode = Mode::Commands,
            }
        }
        self.pending.clear();
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.write_login(None, sheet);
        self.write_mail(None, sheet);
        if !self.is_told && (self.helo.is_some() || self.banner.is_some()) {
            let facts = self.session();
            sheet.transaction(sheet.at(), facts);
        }
    }
}

impl Smtp {
    /// Answers how many octets of a mail follow (BDAT).
    fn take_command(&mut self, line: &[u8], sheet: &mut Sheet<'_>) -> u64 {
        if self.mode == Mode::Login {
            self.take_login(line);
            return 0;
        }
        let (verb, data) = word(line);
        let mut asked = Asked::Other;
        let mut skip = 0;
        match &verb.to_ascii_uppercase()[..] {
            b"EHLO" | b"HELO" | b"LHLO" => {
                let name = text::of(data);
                if !name.is_empty() {
                    sheet.essential(Essential::ClientHost, name.clone(), "smtp.helo");
                }
                self.helo = Some(name);
            }
            b"AUTH" => {
                asked = Asked::Login;
                self.begin_login(data, sheet);
            }
            b"STARTTLS" => asked = Asked::Starttls,
            b"MAIL" => {
                self.write_mail(None, sheet);
                self.mail = Some(Mail {
                    at: Some(sheet.at()),
                    from: address(data),
                    ..Mail::default()
                });
            }
            b"RCPT" => {
                let mail = self.mail(sheet);
                mail.receivers = mail.receivers.saturating_add(1);
                if mail.to.len() < MAX_RECEIVERS {
                    mail.to.extend(address(data));
                }
            }
            b"DATA" => {
                asked = Asked::Data;
                self.mail(sheet);
                // Its answer, 354, is not waited for: it may not be seen.
                self.mode = Mode::Mail;
            }
            b"BDAT" => {
                let (octets, last) = word(data);
                skip = std::str::from_utf8(octets)
                    .ok()
                    .and_then(|octets| octets.parse().ok())
                    .unwrap_or(0);
                let mail = self.mail(sheet);
                mail.octets = mail.octets.saturating_add(skip);
                if last.eq_ignore_ascii_case(b"LAST") {
                    asked = Asked::Mail;
                }
            }
            b"RSET" if !self.pending.contains(&Asked::Mail) => self.write_mail(None, sheet),
            _ => {}
        }
        self.ask(asked);
        skip
    }

    fn ask(&mut self, asked: Asked) {
        if self.pending.len() < MAX_PENDING {
            self.pending.push_back(asked);
        }
    }

    fn mail(&mut self, sheet: &Sheet<'_>) -> &mut Mail {
        let mail = self.mail.get_or_insert_default();
        mail.at.get_or_insert(sheet.at());
        mail
    }

    /// A line of a mail, or of a long line the rest.
    fn take_mail(&mut self, line: Option<&[u8]>, took: usize) {
        if line == Some(b".") {
            self.mode = Mode::Commands;
            self.ask(Asked::Mail);
        } else if let Some(mail) = &mut self.mail {
            mail.octets = mail.octets.saturating_add(took as u64);
        }
    }

    fn begin_login(&mut self, data: &[u8], sheet: &Sheet<'_>) {
        let (mechanism, initial) = word(data);
        self.login = Some(Login {
            at: sheet.at(),
            mechanism: mechanism_of(mechanism),
            user: None,
            responses: 0,
        });
        self.mode = Mode::Login;
        if !initial.is_empty() {
            self.take_response(initial);
        }
    }

    fn take_login(&mut self, line: &[u8]) {
        self.take_response(line);
        if line == b"*" {
            self.mode = Mode::Commands;
        }
        self.ask(Asked::Login);
    }

    fn take_response(&mut self, response: &[u8]) {
        let Some(login) = &mut self.login else { return };
        if login.responses == 0 {
            login.user = account(&login.mechanism, response);
        }
        login.responses = login.responses.saturating_add(1);
        let whole = match &*login.mechanism {
            "PLAIN" | "CRAM-MD5" | "EXTERNAL" => 1,
            "LOGIN" | "XOAUTH2" => 2,
            _ => 8,
        };
        if login.responses >= whole {
            self.mode = Mode::Commands;
        }
    }

    /// Answers whether TLS follows.
    fn take_reply(&mut self, reply: &ReplyLine<'_>, sheet: &mut Sheet<'_>) -> bool {
        if self.banner.is_none() && reply.code == 220 && self.pending.is_empty() {
            let banner = text::of(reply.words);
            if !banner.is_empty() {
                sheet.essential(Essential::ServerSoftware, banner.clone(), "smtp.banner");
            }
            self.banner = Some(banner);
            return false;
        }
        if !reply.is_last {
            return false;
        }
        match self.pending.pop_front() {
            Some(Asked::Login) if reply.code != 334 => {
                self.mode = Mode::Commands;
                self.write_login(Some(reply.code), sheet);
            }
            Some(Asked::Starttls) if reply.code == 220 => {
                let mut facts = self.session();
                facts.put("starttls", true);
                sheet.transaction(sheet.at(), facts);
                self.is_told = true;
                return true;
            }
            // The mail was refused before it came.
            Some(Asked::Data) if reply.code >= 400 => {
                self.mode = Mode::Commands;
                self.write_mail(Some(reply.code), sheet);
            }
            Some(Asked::Mail) => self.write_mail(Some(reply.code), sheet),
            _ => {}
        }
        false
    }

    fn session(&self) -> Facts {
        let mut facts = Facts::new();
        facts
            .put_some("banner", self.banner.clone())
            .put_some("helo", self.helo.clone());
        facts
    }

    fn write_login(&mut self, code: Option<u16>, sheet: &mut Sheet<'_>) {
        let Some(login) = self.login.take() else { return };
        if let Some(user) = &login.user {
            sheet.essential(Essential::User, user.clone(), "smtp.user_digest");
        }
        let mut facts = self.session();
        facts
            .put("auth", login.mechanism)
            .put_some("user_digest", login.user)
            .put_some("completion_code", code.map(|code| code.to_string()));
        sheet.transaction(login.at, facts);
        self.is_told = true;
    }

    fn write_mail(&mut self, code: Option<u16>, sheet: &mut Sheet<'_>) {
        let Some(mail) = self.mail.take() else { return };
        let mut facts = self.session();
        facts.put_some("mail_from", mail.from);
        if !mail.to.is_empty() {
            facts.put("rcpt_to", mail.to);
        }
        facts
            .put("rcpt_count", mail.receivers)
            .put("mail_octets", mail.octets)
            .put_some("completion_code", code.map(|code| code.to_string()));
        sheet.transaction(mail.at.unwrap_or_else(|| sheet.at()), facts);
        self.is_told = true;
    }
}

/// `FROM:<local@domain> ...`: the local part's digest and the domain; nothing for `<>`.
fn address(data: &[u8]) -> Option<String> {
    let path = data.split(|octet| *octet == b':').nth(1)?;
    let start = path.iter().position(|octet| *octet == b'<');
    let path = path
        .get(start.map_or(0, |at| at.saturating_add(1))..)?
        .trim_ascii();
    let end = path.iter().position(|octet| matches!(octet, b'>' | b' '));
    let path = path.get(..end.unwrap_or(path.len()))?;
    let Some(at) = path.iter().rposition(|octet| *octet == b'@') else {
        return (!path.is_empty()).then(|| text::user_digest(path));
    };
    let (local, domain) = path.split_at_checked(at)?;
    let domain = text::of(domain.get(1..)?).to_ascii_lowercase();
    Some(format!("{}@{domain}", text::user_digest(local)))
}

/// A SASL mechanism; what is no name of one may be a secret.
pub(super) fn mechanism_of(name: &[u8]) -> Box<str> {
    let is_name = (1..=20).contains(&name.len())
        && name
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
    if is_name {
        text::of(&name.to_ascii_uppercase())
    } else {
        "other".into()
    }
}

/// Digest of the account in a client's first response (RFC 4616 PLAIN, draft LOGIN, XOAUTH2).
pub(super) fn account(mechanism: &str, response: &[u8]) -> Option<String> {
    const MAX_RESPONSE: usize = 1024;
    let clear = base64(response.get(..MAX_RESPONSE).unwrap_or(response));
    let name = match mechanism {
        "PLAIN" => clear.split(|octet| *octet == 0).nth(1)?,
        "LOGIN" => &clear[..],
        "CRAM-MD5" => clear.split(|octet| *octet == b' ').next()?,
        "XOAUTH2" => clear.strip_prefix(b"user=")?.split(|octet| *octet == 1).next()?,
        _ => return None,
    };
    (!name.is_empty()).then(|| text::user_digest(name))
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    #[test]
    fn an_envelope_and_a_login_are_written_without_secrets_and_content() {
        // RFC 4954 section 4.1 (tim, tanstaaftanstaaf), RFC 5321 appendix D.1.
        let chunks: &[(End, &[u8])] = &[
            (Resp, b"220 foo.com Simple Mail Transfer Service Ready\r\n"),
            (Orig, b"EHLO bar.com\r\n"),
            (Resp, b"250-foo.com greets bar.com\r\n250 AUTH PLAIN\r\n"),
            (Orig, b"AUTH PLAIN dGVzdAB0aW0AdGFuc3RhYWZ0YW5zdGFhZg==\r\n"),
            (Resp, b"235 ok\r\n"),
            (Orig, b"MAIL FROM:<Smith@bar.com> SIZE=100\r\nRCPT TO:<Jones@foo.com>\r\nRCPT TO:<Green@foo.com>\r\nDATA\r\n"),
            (Resp, b"250 OK\r\n250 OK\r\n550 No such user\r\n354 go\r\n"),
            (Orig, b"Subject: quarterly figures\r\n\r\nMAIL FROM:<x@y>\r\n..\r\n.\r\nQUIT\r\n"),
            (Resp, b"250 OK\r\n221 bye\r\n"),
        ];

        let seen = test::converse(Transport::Tcp, [40_000, 9925], chunks);

        assert_eq!(seen.app.service, "smtp");
        let [login, mail] = &seen.transactions("smtp")[..] else {
            panic!("{seen:?}")
        };
        let user = text::user_digest(b"tim");
        assert_eq!(
            (
                login.text("auth"),
                login.text("user_digest"),
                login.text("completion_code")
            ),
            (Some("PLAIN"), Some(&*user), Some("235"))
        );
        let sender = format!("{}@bar.com", text::user_digest(b"smith"));
        assert_eq!(
            (
                mail.text("helo"),
                mail.text("mail_from"),
                mail.text("completion_code")
            ),
            (Some("bar.com"), Some(&*sender), Some("250"))
        );
        assert_eq!(
            (mail.number("rcpt_count"), mail.number("mail_octets")),
            (Some(2), Some(51))
        );
        let written = format!("{:?}", seen.events);
        for secret in ["Smith", "Jones", "quarterly", "dGVz", "tanstaaf"] {
            assert!(!written.contains(secret), "{secret}");
        }
        let split = test::in_single_octets([40_000, 9925], chunks);
        assert_eq!(split.transactions("smtp"), seen.transactions("smtp"));
    }

    #[test]
    fn tls_begins_after_the_server_agreed() {
        let chunks: &[(End, &[u8])] = &[
            (Resp, b"220 mx ESMTP\r\n"),
            (Orig, b"EHLO a\r\n"),
            (Resp, b"250-mx\r\n250 STARTTLS\r\n"),
            (Orig, b"STARTTLS\r\n"),
            (Resp, b"220 go\r\n"),
            (Orig, b"\x16\x03\x01MAIL FROM:<a@b>\r\n"),
        ];

        let seen = test::converse(Transport::Tcp, [40_000, 25], chunks);

        let [facts] = &seen.transactions("smtp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.at("starttls"), Some(true.into()));
    }

    #[test]
    fn a_greeting_alone_is_told_by_its_words_its_port_or_the_answer() {
        let greeting = b"220 welcome\r\n";
        let service = |port, chunks: &[(End, &[u8])]| {
            test::converse(Transport::Tcp, [40_000, port], chunks).app.service
        };

        assert_eq!(service(9999, &[(Resp, greeting)]), "");
        assert_eq!(service(25, &[(Resp, greeting)]), "smtp");
        assert_eq!(service(21, &[(Resp, greeting)]), "ftp");
        assert_eq!(service(9999, &[(Resp, greeting), (Orig, b"EHLO a\r\n")]), "smtp");
        assert_eq!(service(9999, &[(Resp, greeting), (Orig, b"FEAT\r\n")]), "ftp");
        assert_eq!(service(21, &[(Resp, b"220 mx ESMTP\r\n")]), "smtp");
    }

    #[test]
    fn a_mail_of_a_capture_has_the_names_that_tshark_shows() {
        let Some(path) = test::capture("exfiltration/agenttesla-smtp.pcap") else {
            return;
        };

        let flows = test::flows_of(&path);

        let all: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("smtp"))
            .collect();
        let [login, mail] = &all[..] else {
            panic!("{all:?}")
        };
        assert_eq!(
            (login.text("auth"), login.text("completion_code")),
            (Some("LOGIN"), Some("235"))
        );
        let user = text::user_digest(b"shipping@oceanskylogistics.in");
        assert_eq!(login.text("user_digest"), Some(&*user));
        let receiver = format!("{}@gmail.com", text::user_digest(b"bkhin.supply"));
        assert_eq!(
            (mail.text("helo"), mail.text("rcpt_to")),
            (Some("User-PC"), Some(&*receiver))
        );
        // 234 + 594 + 2 octets of content, before the point's line.
        assert!(mail.number("mail_octets").is_some_and(|octets| octets > 800));
        assert_eq!(mail.text("completion_code"), Some("250"));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Resp, &b"220 ESMTP\r\n"[..]), (Orig, b"AUTH LOGIN\r\n")];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, [40_000, 25], &chunks);
        }
    }
}
