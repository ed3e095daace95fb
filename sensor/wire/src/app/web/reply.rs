//! Replies of three digits, and how an FTP server is told from a mail server by what it says.
//!
//! Source: RFC 959 section 4.2, RFC 5321 section 4.2: `220 words`, `220-words` where lines follow.

use super::super::protocol::{Hint, Probe};
use super::lines::word;

/// One line of a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReplyLine<'a> {
    pub(super) code: u16,
    /// No further line belongs to the reply.
    pub(super) is_last: bool,
    pub(super) words: &'a [u8],
}

/// Reads a line that begins with a code.
pub(super) fn parse(line: &[u8]) -> Option<ReplyLine<'_>> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(rest.first(), None | Some(b' ' | b'-')) {
        return None;
    }
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (100..700).contains(&code).then(|| ReplyLine {
        code,
        is_last: rest.first() != Some(&b'-'),
        words: rest.get(1..).unwrap_or_default().trim_ascii(),
    })
}

/// What speaks in replies of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Ftp,
    Smtp,
}

/// Octets of the first line that are looked at.
const MAX_GREETING: usize = 1024;
/// Commands that one of the two alone knows, as a client's first line.
const FTP_COMMANDS: &[&[u8]] = &[
    b"AUTH TLS",
    b"AUTH SSL",
    b"AUTH TLS-C",
    b"FEAT",
    b"OPTS UTF8 ON",
    b"PASV",
    b"EPSV",
];
/// Beginnings of a client's first line.
const COMMANDS: &[&[u8]] = &[
    b"USER ",
    b"AUTH ",
    b"FEAT",
    b"OPTS ",
    b"PASV",
    b"EPSV",
    b"EHLO ",
    b"HELO ",
    b"LHLO ",
    b"MAIL FROM:",
    b"RCPT TO:",
];
const SMTP_COMMANDS: &[&[u8]] = &[b"EHLO", b"HELO", b"LHLO"];

/// Ports of either, by which a greeting without a word is told.
pub(super) const FTP_PORTS: &[u16] = &[21, 2121];
pub(super) const SMTP_PORTS: &[u16] = &[25, 24, 587, 2525];

/// The probe of both: `mine` asks.
pub(super) fn probe(hint: &Hint<'_>, mine: Speaks) -> Probe {
    let octets = hint.octets.get(..MAX_GREETING).unwrap_or(hint.octets);
    let said = lines(octets).chain(lines(hint.other)).find_map(says);
    if let Some(speaks) = said {
        return if speaks == mine { Probe::Sure } else { Probe::No };
    }
    let is_at = |ports: &[u16]| hint.ports.iter().any(|port| ports.contains(port));
    let by_port = if is_at(FTP_PORTS) {
        Some(Speaks::Ftp)
    } else if is_at(SMTP_PORTS) {
        Some(Speaks::Smtp)
    } else {
        None
    };
    match (first_line(octets), by_port) {
        (Some(line), Some(speaks)) if is_undecided(line) && speaks == mine => Probe::Likely,
        // The client's first command, or a further line, will tell.
        (Some(line), None) if parse(line).is_some() && is_undecided(line) && octets.len() < MAX_GREETING => {
            Probe::More
        }
        (None, Some(speaks)) if speaks != mine => Probe::No,
        (None, _) if may_begin(octets) => Probe::More,
        _ => Probe::No,
    }
}

/// Whether octets without an end of line may become a line of either.
fn may_begin(octets: &[u8]) -> bool {
    let is_text = octets
        .iter()
        .all(|octet| (b' '..0x7f).contains(octet) || *octet == b'\r');
    let is_greeting = is_beginning(octets, b"220");
    let is_command = COMMANDS.iter().any(|known| {
        octets
            .iter()
            .zip(*known)
            .all(|(left, right)| left.eq_ignore_ascii_case(right))
    });
    is_text && octets.len() < MAX_GREETING && (is_greeting || is_command)
}

/// The first lines that have their end.
fn lines(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    const MAX: usize = 16;
    let octets = octets.get(..MAX_GREETING).unwrap_or(octets);
    octets
        .split_inclusive(|octet| *octet == b'\n')
        .take(MAX)
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(<[u8]>::trim_ascii_end)
}

/// Whether it may be either: a greeting without a word, a login.
fn is_undecided(line: &[u8]) -> bool {
    let (command, rest) = word(line);
    let is_login = command.eq_ignore_ascii_case(b"USER") && word(rest).1.is_empty() && !rest.is_empty();
    is_login || parse(line).is_some_and(|reply| matches!(reply.code, 120 | 220 | 230 | 331 | 421 | 530 | 554))
}

/// What a line alone tells.
fn says(line: &[u8]) -> Option<Speaks> {
    let starts = |word: &[u8]| {
        line.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let holds = |word: &[u8]| {
        line.windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word))
    };
    if let Some(reply) = parse(line) {
        return match reply.code {
            227 if holds(b"(") => Some(Speaks::Ftp),
            229 if holds(b"|||") => Some(Speaks::Ftp),
            220 if holds(b"SMTP") || holds(b"LMTP") || holds(b"sendmail") => Some(Speaks::Smtp),
            220 if holds(b"FTP") || holds(b"FileZilla") => Some(Speaks::Ftp),
            _ => None,
        };
    }
    let (command, rest) = word(line);
    if SMTP_COMMANDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(command))
    {
        // A name and nothing else.
        return (word(rest).1.is_empty() && !rest.is_empty()).then_some(Speaks::Smtp);
    }
    if starts(b"MAIL FROM:") || starts(b"RCPT TO:") {
        return Some(Speaks::Smtp);
    }
    FTP_COMMANDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(line.trim_ascii()))
        .then_some(Speaks::Ftp)
}

/// The first line where it has its end.
pub(super) fn first_line(octets: &[u8]) -> Option<&[u8]> {
    lines(octets).next()
}

/// Whether octets begin with `word`, or `word` with them.
pub(super) fn is_beginning(octets: &[u8], word: &[u8]) -> bool {
    octets.iter().zip(word).all(|(left, right)| left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_have_three_digits_and_a_blank_or_a_hyphen() {
        let reply = parse(b"220-mail.example ESMTP").unwrap();
        assert_eq!(
            (reply.code, reply.is_last, reply.words),
            (220, false, &b"mail.example ESMTP"[..])
        );
        assert!(parse(b"250").unwrap().is_last);
        assert_eq!(parse(b"2200 x"), None);
        assert_eq!(parse(b"099 x"), None);
    }

    #[test]
    fn words_decide_and_not_the_code() {
        assert_eq!(says(b"220 (vsFTPd 3.0.3)"), Some(Speaks::Ftp));
        assert_eq!(says(b"220 mx.example ESMTP Postfix"), Some(Speaks::Smtp));
        assert_eq!(says(b"220 welcome"), None);
        assert_eq!(says(b"ehlo [192.0.2.1]"), Some(Speaks::Smtp));
        assert_eq!(says(b"HELO a b c"), None);
        assert_eq!(says(b"AUTH TLS"), Some(Speaks::Ftp));
        assert_eq!(says(b"AUTH LOGIN"), None);
    }
}
