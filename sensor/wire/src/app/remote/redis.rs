//! Redis: the names of commands and what came of them; never an argument.
//!
//! Source: Redis serialization protocol (RESP2 and RESP3).

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets in which a line must end.
const MAX_LINE: usize = 1024;
/// Octets of a command's name.
const MAX_NAME: usize = 32;
/// Parts of a command of which the octets are looked at: the name, and a user.
const MAX_PARTS: u64 = 3;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "redis",
    title: "Redis",
    transports: &[Transport::Tcp],
    ports: &[6379],
    kin: &["tls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("command", FactKind::Text, "命令", "Command"),
    row(
        "auth_present",
        FactKind::Flag,
        "認証あり",
        "Authentication present",
    ),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row("error", FactKind::Text, "エラー", "Error"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let words: [&[u8]; 6] = [
        b"-NOAUTH ",
        b"-ERR ",
        b"-WRONGPASS ",
        b"-DENIED Redis",
        b"+PONG\r\n",
        b"-MISCONF ",
    ];
    if words.iter().any(|word| octets.starts_with(word)) {
        // Other protocols have such words too (POP3's "-ERR").
        return if octets.starts_with(b"-ERR ") {
            Probe::Likely
        } else {
            Probe::Sure
        };
    }
    let Some(rest) = octets.strip_prefix(b"*") else {
        return if octets.starts_with(b"+OK\r\n") {
            Probe::Likely
        } else {
            Probe::No
        };
    };
    // A count, then the length of a name, then letters.
    let Some((count, rest)) = number(rest) else {
        return begun(rest);
    };
    let Some(rest) = rest.strip_prefix(b"$") else {
        return if rest.is_empty() { Probe::More } else { Probe::No };
    };
    let Some((length, rest)) = number(rest) else {
        return begun(rest);
    };
    let is_name = rest.iter().take(length.min(8)).all(u8::is_ascii_alphabetic);
    match (1..=1_048_576).contains(&count) && (1..=MAX_NAME).contains(&length) && is_name {
        false => Probe::No,
        true if rest.len() < length.min(3) => Probe::More,
        true => Probe::Sure,
    }
}

/// Digits whose line is not over yet.
fn begun(rest: &[u8]) -> Probe {
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let is_begun = digits <= 7 && matches!(rest.get(digits..), Some([] | [b'\r']));
    if is_begun { Probe::More } else { Probe::No }
}

fn number(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (line, rest) = line(octets)?;
    if line.is_empty() || line.len() > 7 || !line.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((std::str::from_utf8(line).ok()?.parse().ok()?, rest))
}

/// A line without its end, and what follows.
fn line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let seen = octets.get(..MAX_LINE).unwrap_or(octets);
    let at = seen.windows(2).position(|two| two == b"\r\n")?;
    Some((octets.get(..at)?, octets.get(at.saturating_add(2)..)?))
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Redis::default())
}

#[derive(Default)]
struct Redis {
    exchanges: Exchanges,
    asked: u64,
    answered: u64,
    /// Parts of the command that is being read: those to come and those that came.
    parts: u64,
    part: u64,
    facts: Facts,
    /// Elements of the answer that is being read that are still to come.
    elements: u64,
}

impl Parser for Redis {
    fn held(&self) -> usize {
        self.exchanges.held().saturating_add(self.facts.held())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.exchanges.is_enough() {
            sheet.partial();
            return Read::Done;
        }
        let Some((line, rest)) = line(chunk.octets) else {
            return if chunk.octets.len() >= MAX_LINE {
                Read::Done
            } else {
                Read::Took(0)
            };
        };
        let head = line.len().saturating_add(2);
        match chunk.from {
            End::Orig => self.command(chunk, line, rest, head, sheet),
            End::Resp => self.answer(line, head, sheet),
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Redis {
    fn command(
        &mut self,
        chunk: &Chunk<'_>,
        line: &[u8],
        rest: &[u8],
        head: usize,
        sheet: &mut Sheet<'_>,
    ) -> Read {
        let Some((kind, value)) = line.split_first() else {
            return Read::Took(head);
        };
        if self.parts == 0 {
            let count = decimal(value);
            match (kind, count) {
                (b'*', Some(0)) => {}
                (b'*', Some(count)) => (self.parts, self.part) = (count, 0),
                // A command as a person types it: words on one line.
                (letter, _) if letter.is_ascii_alphabetic() => {
                    let mut words = line.split(|octet| *octet == b' ').take(3);
                    self.name(words.next().unwrap_or_default());
                    self.ask(chunk, sheet);
                }
                _ => return Read::Done,
            }
            return Read::Took(head);
        }
        let (b'$', Some(length)) = (kind, decimal(value)) else {
            return Read::Done;
        };
        let mut took = head;
        let mut skip = length.saturating_add(2);
        if self.part < MAX_PARTS && length <= MAX_LINE as u64 {
            let length = usize::try_from(length).unwrap_or(MAX_LINE);
            let Some(value) = rest.get(..length) else {
                return Read::Need(head.saturating_add(length));
            };
            took = head.saturating_add(length);
            skip = 2;
            self.value(value, sheet);
        }
        self.part = self.part.saturating_add(1);
        self.parts = self.parts.saturating_sub(1);
        if self.parts == 0 {
            self.ask(chunk, sheet);
        }
        Read::Skip { took, skip }
    }

    fn name(&mut self, name: &[u8]) {
        let name = name.get(..MAX_NAME).unwrap_or(name).to_ascii_uppercase();
        self.facts
            .put("auth_present", name == b"AUTH")
            .put("command", text::of(&name));
    }

    fn value(&mut self, value: &[u8], sheet: &mut Sheet<'_>) {
        let is_auth = self.facts.text("command") == Some("AUTH");
        match self.part {
            0 => self.name(value),
            // Of two arguments the first is the user; of one it is the password.
            1 if is_auth && self.parts == 2 => {
                let digest = text::user_digest(value);
                sheet.essential(Essential::User, digest.clone(), "redis.user");
                self.facts.put("user_digest", digest);
            }
            _ => {}
        }
    }

    fn ask(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        let facts = std::mem::take(&mut self.facts);
        let kind = facts.text("command").unwrap_or_default().bytes();
        let kind = kind.fold(0_u64, |sum, octet| {
            sum.wrapping_mul(31).wrapping_add(u64::from(octet))
        });
        self.asked = self.asked.saturating_add(1);
        self.exchanges.ask(
            Open {
                key: self.asked,
                kind,
                at: chunk.at,
                facts,
            },
            sheet,
        );
    }

    fn answer(&mut self, line: &[u8], head: usize, sheet: &mut Sheet<'_>) -> Read {
        let Some((kind, value)) = line.split_first() else {
            return Read::Done;
        };
        // A null is written as a length below zero.
        let count = decimal(value);
        let (elements, skip) = match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => (0, 0),
            b'$' | b'=' | b'!' => (0, count.map_or(0, |count| count.saturating_add(2))),
            b'*' | b'~' | b'>' => (count.unwrap_or(0), 0),
            b'%' | b'|' => (count.unwrap_or(0).saturating_mul(2), 0),
            _ => return Read::Done,
        };
        let is_first = self.elements == 0;
        self.elements = self
            .elements
            .saturating_sub(u64::from(!is_first))
            .saturating_add(elements);
        if is_first && *kind != b'>' {
            self.answered = self.answered.saturating_add(1);
            if let Some(mut open) = self.exchanges.answer(self.answered) {
                open.facts.put("answered", true);
                if *kind == b'-' {
                    let word = value.split(|octet| *octet == b' ').next().unwrap_or_default();
                    open.facts.put("error", text::bounded(word, MAX_NAME).0);
                }
                self.exchanges.write(open, sheet);
            }
        }
        Read::Skip { took: head, skip }
    }
}

fn decimal(octets: &[u8]) -> Option<u64> {
    if octets.is_empty() || octets.len() > 10 || !octets.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(octets).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    /// Commands and answers as the specification's sections "Arrays" and "Bulk strings" write them.
    const ASK: &[u8] = b"*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$6\r\nhunter\r\n*2\r\n$4\r\nLLEN\r\n$6\r\nmylist\r\n*1\r\n$4\r\nPING\r\n";
    const ANSWER: &[u8] = b"-WRONGPASS invalid\r\n*2\r\n$3\r\nfoo\r\n:1\r\n+PONG\r\n";

    #[test]
    fn names_of_commands_are_kept_and_arguments_are_not() {
        let chunks: &[(End, &[u8])] = &[(End::Orig, ASK), (End::Resp, ANSWER)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        let [auth, length, ping] = &whole.transactions("redis")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(auth.get("auth_present"), Some(true.into()));
        assert_eq!(auth.text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(auth.text("error"), Some("WRONGPASS"));
        assert_eq!(
            (length.text("command"), ping.text("command")),
            (Some("LLEN"), Some("PING"))
        );
        assert_eq!(ping.get("answered"), Some(true.into()));
        for secret in ["hunter", "alice", "mylist", "foo"] {
            assert!(!format!("{whole:?}").contains(secret), "{secret}");
        }
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("redis"), single.transactions("redis"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
