//! Syslog: facility, severity, who writes; of the message only its length.
//!
//! Source: RFC 5424 section 6, RFC 3164 section 4.1, framing in streams RFC 6587 section 3.4.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::ends::Ends;
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Messages of one flow that are written; a log is for the log's own server.
const MAX_MESSAGES: u16 = 256;
/// Octets of a message in which its head must end.
const MAX_HEAD: usize = 1024;
/// Octets of the longest message in a stream.
const MAX_FRAME: usize = 16 * 1024;
const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "syslog",
    title: "syslog",
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[514, 601, 1514],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("facility", FactKind::Number, "ファシリティ", "Facility"),
    row("severity", FactKind::Number, "重大度", "Severity"),
    row("version", FactKind::Number, "版", "Version"),
    row("hostname", FactKind::Text, "ホスト名", "Host name"),
    row("app", FactKind::Text, "アプリケーション", "Application"),
    row("octets", FactKind::Number, "長さ", "Octets"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = match frame(hint.octets) {
        Frame::Counted { head, .. } if hint.transport == Transport::Tcp => {
            hint.octets.get(head..).unwrap_or_default()
        }
        _ => hint.octets,
    };
    let more = if hint.transport == Transport::Tcp {
        Probe::More
    } else {
        Probe::No
    };
    let Some((_, rest)) = priority(octets) else {
        let is_begun = octets.len() < 5
            && octets
                .iter()
                .all(|octet| octet.is_ascii_digit() || *octet == b'<');
        return if is_begun { more } else { Probe::No };
    };
    if rest.len() < 16 && hint.transport == Transport::Tcp {
        return Probe::More;
    }
    if rest.starts_with(b"1 ") && is_rfc5424_time(rest.get(2..).unwrap_or_default())
        || after_time(rest).is_some()
    {
        Probe::Sure
    } else {
        Probe::Likely
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    let is_stream = start.transport == Transport::Tcp;
    Box::new(Syslog {
        is_stream,
        ends: Ends::default(),
        written: 0,
    })
}

struct Syslog {
    is_stream: bool,
    ends: Ends,
    written: u16,
}

impl Parser for Syslog {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if self.written == MAX_MESSAGES {
            sheet.partial();
            return Read::Done;
        }
        let mut took = chunk.octets.len();
        let mut octets = chunk.octets;
        if self.is_stream {
            let (head, length, end) = match frame(chunk.octets) {
                Frame::Counted { head, length } => {
                    // Its first octets alone may have been taken for those of a line.
                    self.ends.forget(chunk.from);
                    (head, length, 0)
                }
                Frame::Line => match self.ends.find(chunk.from, chunk.octets, b"\n") {
                    Some(length) => (0, length, 1),
                    None if chunk.octets.len() > MAX_FRAME => return Read::Done,
                    None => return Read::Took(0),
                },
            };
            took = head.saturating_add(length).saturating_add(end);
            if chunk.octets.len() < took {
                return Read::Need(took);
            }
            octets = chunk
                .octets
                .get(head..head.saturating_add(length))
                .unwrap_or_default();
        }
        if let Some(facts) = message(octets, sheet) {
            self.written = self.written.saturating_add(1);
            sheet.transaction(chunk.at, facts);
        }
        Read::Took(took)
    }

    fn gap(&mut self, from: crate::app::parser::End, _: u64, _: &mut Sheet<'_>) -> Gap {
        self.ends.forget(from);
        // The rest of a torn line is read as a message without a priority, and passed over.
        Gap::Resume
    }
}

/// How a message stands in a stream.
enum Frame {
    /// Its length comes first: octets of that, and of the message.
    Counted { head: usize, length: usize },
    /// It ends with a line feed.
    Line,
}

fn frame(octets: &[u8]) -> Frame {
    let digits = octets
        .iter()
        .take(6)
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let length = decimal(octets.get(..digits).unwrap_or_default());
    match (length, octets.get(digits..)) {
        (Some(length @ 1..=MAX_FRAME), Some([b' ', b'<', ..])) => Frame::Counted {
            head: digits.saturating_add(1),
            length,
        },
        _ => Frame::Line,
    }
}

fn message(octets: &[u8], sheet: &mut Sheet<'_>) -> Option<Facts> {
    let (priority, rest) = priority(octets)?;
    let mut facts = Facts::new();
    facts
        .put("facility", priority >> 3)
        .put("severity", priority & 7)
        .put("octets", octets.len() as u64);
    let rest = rest.get(..MAX_HEAD).unwrap_or(rest);
    let (hostname, app) = if let Some(rest) = rest.strip_prefix(b"1 ") {
        facts.put("version", 1_u8);
        let mut words = rest.split(|octet| *octet == b' ').skip(1);
        (words.next(), words.next())
    } else {
        // RFC 3164: the tag ends with whatever is no letter and no digit; programs write more.
        let mut head = Octets(after_time(rest)?);
        let hostname = head
            .until(b' ')
            .filter(|word| !word.ends_with(b":") && !word.contains(&b'['));
        let end = |octet: &u8| matches!(octet, b':' | b'[' | b' ');
        (
            hostname,
            head.0.iter().position(end).and_then(|at| head.0.get(..at)),
        )
    };
    let named = |word: &&[u8]| is_word(word) && *word != b"-";
    if let Some(hostname) = hostname.filter(named) {
        let hostname = text::of(hostname);
        sheet.essential(Essential::ClientHost, hostname.clone(), "syslog.hostname");
        facts.put("hostname", hostname);
    }
    facts.put_some("app", app.filter(named).map(|app| text::bounded(app, 48).0));
    Some(facts)
}

/// The number between angle brackets, at most 191, and what follows.
fn priority(octets: &[u8]) -> Option<(u8, &[u8])> {
    let rest = octets.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|octet| *octet == b'>')?;
    let priority = decimal(rest.get(..end)?)?;
    let priority = u8::try_from(priority).ok().filter(|priority| *priority <= 191)?;
    Some((priority, rest.get(end.saturating_add(1)..)?))
}

/// What follows `Mmm dd hh:mm:ss `.
fn after_time(octets: &[u8]) -> Option<&[u8]> {
    let is_time = MONTHS.contains(&octets.get(..3)?)
        && octets.get(3) == Some(&b' ')
        && octets.get(6) == Some(&b' ')
        && octets.get(9) == Some(&b':')
        && octets.get(12) == Some(&b':')
        && octets.get(15) == Some(&b' ');
    octets.get(16..).filter(|_| is_time)
}

/// `-`, or a year, a month and a day.
fn is_rfc5424_time(octets: &[u8]) -> bool {
    octets.starts_with(b"- ")
        || octets.get(4) == Some(&b'-') && octets.get(7) == Some(&b'-') && octets.get(10) == Some(&b'T')
}

fn decimal(octets: &[u8]) -> Option<usize> {
    if octets.is_empty() || octets.len() > 6 || !octets.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(octets).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// RFC 3164 section 5.4 example 1, RFC 5424 section 6.5 example 1.
    const OLD: &[u8] = b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8";
    const NEW: &[u8] =
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed";

    #[test]
    fn the_examples_of_both_specifications_are_read() {
        for (octets, hostname) in [(OLD, "mymachine"), (NEW, "mymachine.example.com")] {
            let seen = test::converse(Transport::Udp, [40_000, 5140], &[(End::Orig, octets)]);

            let [facts] = &seen.transactions("syslog")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(facts.number("facility"), Some(4));
            assert_eq!(facts.number("severity"), Some(2));
            assert_eq!(facts.text("hostname"), Some(hostname));
            assert_eq!(facts.text("app"), Some("su"));
            assert!(!format!("{seen:?}").contains("lonvick"));
            hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Orig, octets)]);
        }
    }

    #[test]
    fn both_framings_of_a_stream_are_read_octet_by_octet() {
        let counted = [format!("{} ", NEW.len()).as_bytes(), NEW].concat().repeat(2);
        let lines = [OLD, b"\n"].concat().repeat(2);
        for stream in [&counted, &lines] {
            let chunks: &[(End, &[u8])] = &[(End::Orig, stream)];

            let whole = test::converse(Transport::Tcp, [40_000, 5140], chunks);
            let single = test::in_single_octets([40_000, 5140], chunks);

            assert_eq!(whole.transactions("syslog").len(), 2, "{whole:?}");
            assert_eq!(whole.transactions("syslog"), single.transactions("syslog"));
            hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
        }
    }

    #[test]
    fn octets_that_wait_are_looked_at_once() {
        use sekisho_model::Timestamp;
        let (mut app, mut events) = (sekisho_model::app::App::default(), Vec::new());
        let mut sheet = Sheet::new(&mut app, &mut events, "syslog", Timestamp::MIN);
        let mut parser = parser(&Start {
            transport: Transport::Tcp,
            ports: [40_000, 514],
        });
        let mut read = |octets: &[u8]| {
            let chunk = Chunk {
                from: crate::app::parser::End::Orig,
                at: Timestamp::MIN,
                octets,
                cut: 0,
            };
            parser.read(&chunk, &mut sheet)
        };

        assert!(matches!(read(b"<34>a b"), Read::Took(0)));
        // An end in what was looked at before is one that is not looked for.
        assert!(matches!(read(b"<34>\nb"), Read::Took(0)));
        assert!(matches!(read(b"<34>a b\n"), Read::Took(8)));
    }
}
