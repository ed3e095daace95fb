//! FTP: commands with their replies, where data goes, the change to TLS.
//!
//! Source: RFC 959, RFC 2428 (EPRT, EPSV), RFC 4217 (AUTH TLS). Keys are those of Suricata's EVE
//! (`ftp.command`, `ftp.completion_code`); `user_digest`, `data_address` and `banner` are ours.
//! Replies' words are not kept, since they repeat accounts; what PASS and ACCT say never is.

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::lines::{Lines, Next, word};
use super::reply::{self, ReplyLine, Speaks};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Commands that wait for their replies; the oldest is written without one when there are more.
const MAX_PENDING: usize = 16;
/// Codes of one reply that are kept (a preliminary one and the final one).
const MAX_CODES: usize = 4;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    title: "FTP",
    transports: &[Transport::Tcp],
    ports: reply::FTP_PORTS,
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("command", FactKind::Text, "コマンド", "Command"),
    row("command_data", FactKind::Text, "コマンドの引数", "Command's data"),
    row("completion_code", FactKind::Text, "応答コード", "Reply codes"),
    row(
        "user_digest",
        FactKind::Text,
        "利用者 (ダイジェスト)",
        "User (digest)",
    ),
    row("mode", FactKind::Text, "転送の向き", "Mode"),
    row("dynamic_port", FactKind::Number, "データのポート", "Data port"),
    row("data_address", FactKind::Text, "データのアドレス", "Data address"),
    row("banner", FactKind::Text, "バナー", "Banner"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    reply::probe(hint, Speaks::Ftp)
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Ftp::default())
}

#[derive(Default)]
struct Ftp {
    lines: [Lines; 2],
    /// The end that sends commands, once a line told.
    client: Option<End>,
    pending: VecDeque<Command>,
    /// Digest of the account that was named last.
    user: Option<String>,
    /// Code of a reply of several lines that has no end yet.
    open: Option<u16>,
    /// First line of a greeting of several.
    banner: Option<Box<str>>,
}

struct Command {
    at: Timestamp,
    verb: Vec<u8>,
    facts: Facts,
    codes: Vec<Box<str>>,
}

impl Held for Command {
    fn held(&self) -> usize {
        [self.verb.held(), self.facts.held(), self.codes.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Parser for Ftp {
    fn held(&self) -> usize {
        [self.pending.held(), self.user.held(), self.banner.held()]
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
            let line = match lines.next(rest) {
                _ if rest.is_empty() => return Read::Took(taken),
                Next::Wait => return Read::Took(taken),
                Next::Passed(took) => {
                    taken = taken.saturating_add(took);
                    continue;
                }
                Next::Line { line, took, .. } => {
                    taken = taken.saturating_add(took);
                    line
                }
            };
            let reply = reply::parse(line);
            let client = *self.client.get_or_insert(if reply.is_some() {
                chunk.from.other()
            } else {
                chunk.from
            });
            if chunk.from == client {
                self.take_command(line, sheet);
            } else if let Some(reply) = reply
                && self.take_reply(&reply, sheet)
            {
                return Read::Became {
                    took: taken,
                    protocol: Some("tls"),
                };
            }
        }
    }

    fn gap(&mut self, from: End, _: u64, sheet: &mut Sheet<'_>) -> Gap {
        if let Some(lines) = self.lines.get_mut(from.index()) {
            lines.forget();
        }
        self.open = None;
        self.end(sheet);
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for command in std::mem::take(&mut self.pending) {
            command.write(sheet);
        }
    }
}

impl Ftp {
    fn take_command(&mut self, line: &[u8], sheet: &mut Sheet<'_>) {
        // Telnet's signals may stand before ABOR (RFC 959 section 4.1.3).
        let start = line.iter().position(|octet| *octet < 0x80).unwrap_or(line.len());
        let (verb, data) = word(line.get(start..).unwrap_or_default());
        let is_verb = (3..=8).contains(&verb.len()) && verb.iter().all(u8::is_ascii_alphabetic);
        if !is_verb {
            return;
        }
        let verb = verb.to_ascii_uppercase();
        let mut facts = Facts::new();
        facts.put("command", text::of(&verb));
        match &verb[..] {
            b"USER" => {
                let user = text::user_digest(data);
                sheet.essential(Essential::User, user.clone(), "ftp.user_digest");
                self.user = Some(user);
            }
            // SITE changes passwords on some servers.
            b"PASS" | b"ACCT" | b"ADAT" | b"SITE" => {}
            b"PORT" => put_active(&mut facts, host_port(data)),
            b"EPRT" => put_active(&mut facts, extended(data)),
            _ if !data.is_empty() => {
                facts.put("command_data", text::of(data));
            }
            _ => {}
        }
        if matches!(&verb[..], b"USER" | b"PASS") {
            facts.put_some("user_digest", self.user.clone());
        }
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.write(sheet);
        }
        self.pending.push_back(Command {
            at: sheet.at(),
            verb,
            facts,
            codes: Vec::new(),
        });
    }

    /// Answers whether TLS follows.
    fn take_reply(&mut self, reply: &ReplyLine<'_>, sheet: &mut Sheet<'_>) -> bool {
        if let Some(open) = self.open {
            if !reply.is_last || reply.code != open {
                return false;
            }
            self.open = None;
        }
        if reply.code == 220 && self.pending.is_empty() {
            let banner = self.banner.take().unwrap_or_else(|| text::of(reply.words));
            if reply.is_last {
                if !banner.is_empty() {
                    sheet.essential(Essential::ServerSoftware, banner.clone(), "ftp.banner");
                }
                let mut facts = Facts::new();
                facts
                    .put("completion_code", vec![reply.code.to_string()])
                    .put("banner", banner);
                sheet.transaction(sheet.at(), facts);
            } else {
                self.open = Some(reply.code);
                self.banner = Some(banner);
            }
            return false;
        }
        if !reply.is_last {
            // The last line says the code again.
            self.open = Some(reply.code);
            return false;
        }
        let mut command = self.pending.pop_front().unwrap_or_else(|| Command {
            at: sheet.at(),
            verb: Vec::new(),
            facts: Facts::new(),
            codes: Vec::new(),
        });
        if command.codes.len() < MAX_CODES {
            command.codes.push(reply.code.to_string().into());
        }
        match reply.code {
            227 => put_passive(&mut command.facts, within(reply.words).and_then(host_port)),
            229 => put_passive(&mut command.facts, within(reply.words).and_then(extended)),
            _ => {}
        }
        if reply.code < 200 {
            self.pending.push_front(command);
            return false;
        }
        command.write(sheet);
        reply.code == 234 && command.verb == b"AUTH"
    }
}

impl Command {
    fn write(&self, sheet: &mut Sheet<'_>) {
        let mut facts = self.facts.clone();
        if !self.codes.is_empty() {
            facts.put("completion_code", self.codes.clone());
        }
        sheet.transaction(self.at, facts);
    }
}

type Endpoint = (Option<String>, u16);

fn put_active(facts: &mut Facts, endpoint: Option<Endpoint>) {
    facts.put("mode", "active");
    put_endpoint(facts, endpoint);
}

fn put_passive(facts: &mut Facts, endpoint: Option<Endpoint>) {
    facts.put("mode", "passive");
    put_endpoint(facts, endpoint);
}

fn put_endpoint(facts: &mut Facts, endpoint: Option<Endpoint>) {
    if let Some((address, port)) = endpoint {
        facts.put("dynamic_port", port).put_some("data_address", address);
    }
}

/// What stands between the first bracket and the last.
fn within(words: &[u8]) -> Option<&[u8]> {
    let start = words.iter().position(|octet| *octet == b'(')?.saturating_add(1);
    let end = words.iter().rposition(|octet| *octet == b')')?;
    words.get(start..end)
}

/// `h1,h2,h3,h4,p1,p2`.
fn host_port(octets: &[u8]) -> Option<Endpoint> {
    let mut numbers = std::str::from_utf8(octets)
        .ok()?
        .split(',')
        .map(|number| number.trim().parse::<u8>());
    let mut six = [0; 6];
    for place in &mut six {
        *place = numbers.next()?.ok()?;
    }
    let [a, b, c, d, high, low] = six;
    let address = std::net::Ipv4Addr::new(a, b, c, d).to_string();
    numbers
        .next()
        .is_none()
        .then(|| (Some(address), u16::from_be_bytes([high, low])))
}

/// `|1|192.0.2.1|6275|`, or `|||6446|` with the address of the connection.
fn extended(octets: &[u8]) -> Option<Endpoint> {
    let mark = char::from(*octets.first()?);
    let mut parts = std::str::from_utf8(octets).ok()?.split(mark).skip(2);
    let address = parts.next()?;
    let port = parts.next()?.parse().ok()?;
    let address: Option<std::net::IpAddr> = address.parse().ok();
    Some((address.map(|address| address.to_string()), port))
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    /// RFC 959 appendix II and RFC 2428 sections 2 and 3.
    const SESSION: &[(End, &[u8])] = &[
        (
            Resp,
            b"220-Welcome\r\n220-more\r\n220 files.example FTP server ready\r\n",
        ),
        (Orig, b"USER alice\r\n"),
        (Resp, b"331 Password required for alice\r\n"),
        (Orig, b"PASS s3cret\r\n"),
        (Resp, b"230 User alice logged in\r\n"),
        (Orig, b"PORT 132,235,1,2,24,131\r\n"),
        (Resp, b"200 PORT ok\r\n"),
        (Orig, b"EPSV\r\n"),
        (Resp, b"229 Entering Extended Passive Mode (|||6446|)\r\n"),
        (Orig, b"RETR report.pdf\n"),
        (Resp, b"150 opening\r\n226 done\r\n"),
        (Orig, b"AUTH TLS\r\n"),
        (Resp, b"234 go\r\n"),
    ];

    #[test]
    fn commands_meet_their_replies_and_secrets_stay_out() {
        let seen = test::converse(Transport::Tcp, [40_000, 5021], SESSION);

        assert_eq!(seen.app.service, "ftp");
        let all = seen.transactions("ftp");
        let commands: Vec<_> = all
            .iter()
            .map(|facts| (facts.text("command"), facts.text("completion_code")))
            .collect();
        assert_eq!(
            commands,
            [
                (None, Some("220")),
                (Some("USER"), Some("331")),
                (Some("PASS"), Some("230")),
                (Some("PORT"), Some("200")),
                (Some("EPSV"), Some("229")),
                (Some("RETR"), Some("150")),
                (Some("AUTH"), Some("234")),
            ]
        );
        assert_eq!(all[2].text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(
            (all[3].text("data_address"), all[3].number("dynamic_port")),
            (Some("132.235.1.2"), Some(24 * 256 + 131))
        );
        assert_eq!(
            (all[4].text("mode"), all[4].number("dynamic_port")),
            (Some("passive"), Some(6446))
        );
        assert_eq!(all[5].text("command_data"), Some("report.pdf"));
        let written = format!("{:?}", seen.events);
        assert!(
            !written.contains("alice") && !written.contains("s3cret"),
            "{written}"
        );
        let split = test::in_single_octets([40_000, 5021], SESSION);
        assert_eq!(split.transactions("ftp"), all);
    }

    #[test]
    fn either_end_alone_is_read() {
        for end in [Orig, Resp] {
            let chunks: Vec<_> = SESSION.iter().filter(|(from, _)| *from == end).copied().collect();

            let seen = test::converse(Transport::Tcp, [40_000, 21], &chunks);

            assert_eq!(seen.app.service, "ftp");
            assert!(seen.transactions("ftp").len() >= 6);
        }
    }

    /// `tshark -Y ftp.request.command==PASS | wc -l`, `-Y ftp.response.code==530`.
    #[test]
    fn guesses_of_a_capture_are_counted() {
        let Some(path) = test::capture("brute_force/gen-hydra-ftp.pcap") else {
            return;
        };

        let flows = test::flows_of(&path);

        let guesses: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("ftp"))
            .filter(|facts| facts.text("command") == Some("PASS"))
            .collect();
        let refused = guesses
            .iter()
            .filter(|facts| facts.text("completion_code") == Some("530"))
            .count();
        assert_eq!((guesses.len(), refused), (80, 80));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Resp, &b"220 FTP\r\n"[..])];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, [40_000, 21], &chunks);
        }

        #[test]
        fn random_octets_are_not_claimed(octets: Vec<u8>) {
            let seen = test::converse(Transport::Tcp, [40_000, 4000], &[(Resp, &octets)]);

            proptest::prop_assert_ne!(seen.app.service, "ftp");
        }
    }
}
