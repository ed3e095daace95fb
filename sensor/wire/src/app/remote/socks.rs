//! SOCKS 4, 4a and 5: where a client wants to be taken, and what then is spoken inside.
//!
//! Source: RFC 1928, RFC 1929, and the memos "SOCKS: A protocol for TCP proxy" and its 4A extension.

use std::net::{Ipv4Addr, Ipv6Addr};

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Methods that a client offers; real ones offer a few.
const MAX_METHODS: usize = 16;
/// Octets of a request of version 4 with its texts.
const MAX_REQUEST: usize = 600;
const CONNECT: u8 = 1;
const PASSWORD: u8 = 2;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "socks",
    title: "SOCKS",
    transports: &[Transport::Tcp],
    ports: &[1080],
    // What is carried counts as the flow's own.
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Number, "版", "Version"),
    row("methods", FactKind::Number, "認証方式候補", "Methods offered"),
    row("method", FactKind::Number, "認証方式", "Method chosen"),
    row("user_digest", FactKind::Text, "利用者(要約値)", "User (digest)"),
    row(
        "password_present",
        FactKind::Flag,
        "パスワードあり",
        "Password present",
    ),
    row("command", FactKind::Text, "命令", "Command"),
    row("request.host", FactKind::Text, "宛先", "Destination"),
    row("request.port", FactKind::Number, "宛先ポート", "Destination port"),
    row("status", FactKind::Number, "状態", "Status"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    match hint.octets {
        [] => Probe::More,
        [5] => Probe::More,
        [5, count, methods @ ..] => {
            let count = usize::from(*count);
            let is_method = |method: &u8| matches!(method, 0..=9 | 0x80..=0xfe);
            let is_rising = methods.windows(2).all(|two| matches!(two, [a, b] if a < b));
            if !(1..=MAX_METHODS).contains(&count) || !methods.iter().all(is_method) || !is_rising {
                Probe::No
            } else if methods.len() < count {
                Probe::More
            } else if methods.len() == count {
                Probe::Sure
            } else {
                Probe::No
            }
        }
        [4] => Probe::More,
        [4, CONNECT | 2, ..] => match four(hint.octets) {
            Four::More => Probe::More,
            Four::No => Probe::No,
            Four::Whole(request) if request.octets == hint.octets.len() => Probe::Sure,
            Four::Whole(_) => Probe::Likely,
        },
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Socks::default())
}

#[derive(Default)]
struct Socks {
    at: Option<Timestamp>,
    facts: Facts,
    /// Who asks: the one that spoke first.
    client: Option<End>,
    state: State,
    is_connect: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Greeting,
    /// The server is to choose a method.
    Offered,
    /// The client is to name itself.
    Password,
    /// The server is to answer that.
    Named,
    /// The client is to say where it wants to go.
    Chosen,
    /// The server is to say whether it took it there, in version 4 or 5.
    Asked(u8),
}

impl Parser for Socks {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        let client = *self.client.get_or_insert(chunk.from);
        let is_turn_of_client = matches!(self.state, State::Greeting | State::Password | State::Chosen);
        if (chunk.from == client) != is_turn_of_client {
            // It speaks before its turn; what it says waits for what comes before it.
            return Read::Took(0);
        }
        let read = match self.state {
            State::Greeting => self.greeting(chunk.octets, sheet),
            State::Offered => self.choice(chunk.octets),
            State::Password => self.password(chunk.octets, sheet),
            State::Named => self.named(chunk.octets),
            State::Chosen => self.request(chunk.octets, sheet),
            State::Asked(4) => self.answer_four(chunk.octets),
            State::Asked(_) => self.answer(chunk.octets),
        };
        // Too few octets so far.
        read.unwrap_or(Read::Took(0))
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

impl Socks {
    fn greeting(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Option<Read> {
        let mut cursor = Octets(octets);
        if cursor.u8()? == 5 {
            let count = usize::from(cursor.u8()?);
            let methods = cursor.take(count)?;
            self.facts.put("version", 5_u8);
            self.facts.put(
                "methods",
                methods.iter().take(MAX_METHODS).copied().collect::<Vec<u8>>(),
            );
            sheet.essential(Essential::Version, "5", "socks.version");
            self.state = State::Offered;
            return Some(Read::Took(count.saturating_add(2)));
        }
        let Four::Whole(request) = four(octets) else {
            return if octets.len() > MAX_REQUEST {
                Some(Read::Done)
            } else {
                None
            };
        };
        self.facts.put("version", 4_u8);
        sheet.essential(Essential::Version, "4", "socks.version");
        if !request.user.is_empty() {
            self.user(request.user, sheet);
        }
        self.target(request.command, request.host, request.port, sheet);
        self.state = State::Asked(4);
        Some(Read::Took(request.octets))
    }

    fn choice(&mut self, octets: &[u8]) -> Option<Read> {
        let [version, method] = *octets.first_chunk()?;
        self.facts.put("method", method);
        self.state = match (version, method) {
            (5, 0) => State::Chosen,
            (5, PASSWORD) => State::Password,
            // Refused, or a method that may encrypt.
            _ => return Some(Read::Done),
        };
        Some(Read::Took(2))
    }

    fn password(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Option<Read> {
        let mut cursor = Octets(octets);
        if cursor.u8()? != 1 {
            return Some(Read::Done);
        }
        let length = usize::from(cursor.u8()?);
        let user = cursor.take(length)?;
        let length = usize::from(cursor.u8()?);
        cursor.take(length)?;
        self.user(user, sheet);
        self.facts.put("password_present", length > 0);
        self.state = State::Named;
        Some(Read::Took(octets.len().saturating_sub(cursor.len())))
    }

    fn named(&mut self, octets: &[u8]) -> Option<Read> {
        let [_, status] = *octets.first_chunk()?;
        if status != 0 {
            self.facts.put("status", status);
            return Some(Read::Done);
        }
        self.state = State::Chosen;
        Some(Read::Took(2))
    }

    fn request(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Option<Read> {
        let mut cursor = Octets(octets);
        let version = cursor.u8()?;
        let command = cursor.u8()?;
        cursor.u8()?;
        let Some(host) = address(&mut cursor)? else {
            return Some(Read::Done);
        };
        let port = cursor.be16()?;
        if version != 5 {
            return Some(Read::Done);
        }
        self.target(command, host, port, sheet);
        self.state = State::Asked(5);
        Some(Read::Took(octets.len().saturating_sub(cursor.len())))
    }

    fn answer(&mut self, octets: &[u8]) -> Option<Read> {
        let mut cursor = Octets(octets);
        cursor.u8()?;
        let status = cursor.u8()?;
        cursor.u8()?;
        let host = address(&mut cursor)?;
        cursor.be16()?;
        self.facts.put("status", status);
        let took = octets.len().saturating_sub(cursor.len());
        Some(self.carried(status == 0 && host.is_some(), took))
    }

    fn answer_four(&mut self, octets: &[u8]) -> Option<Read> {
        let [_, status, ..] = *octets.first_chunk::<8>()?;
        self.facts.put("status", status);
        Some(self.carried(status == 0x5a, 8))
    }

    const fn carried(&self, is_granted: bool, took: usize) -> Read {
        if is_granted && self.is_connect {
            Read::Became { took, protocol: None }
        } else {
            Read::Done
        }
    }

    fn user(&mut self, user: &[u8], sheet: &mut Sheet<'_>) {
        let digest = text::user_digest(user);
        sheet.essential(Essential::User, digest.clone(), "socks.user");
        self.facts.put("user_digest", digest);
    }

    fn target(&mut self, command: u8, host: Box<str>, port: u16, sheet: &mut Sheet<'_>) {
        self.is_connect = command == CONNECT;
        self.facts.put(
            "command",
            match command {
                CONNECT => "connect",
                2 => "bind",
                3 => "udp_associate",
                _ => "other",
            },
        );
        sheet.essential(Essential::ServerName, host.clone(), "socks.request.host");
        let mut request = Facts::new();
        request.put("host", host).put("port", port);
        self.facts.put("request", request);
    }
}

/// An address behind its kind; `Some(None)` where the kind is none.
fn address(octets: &mut Octets<'_>) -> Option<Option<Box<str>>> {
    Some(match octets.u8()? {
        1 => Some(Ipv4Addr::from(octets.be32()?).to_string().into()),
        3 => {
            let length = usize::from(octets.u8()?);
            Some(text::of(octets.take(length)?))
        }
        4 => {
            let address = octets.take(16)?.first_chunk::<16>()?;
            Some(Ipv6Addr::from(*address).to_string().into())
        }
        _ => None,
    })
}

/// A request of version 4.
struct Request<'a> {
    command: u8,
    host: Box<str>,
    port: u16,
    user: &'a [u8],
    octets: usize,
}

enum Four<'a> {
    No,
    More,
    Whole(Request<'a>),
}

fn four(octets: &[u8]) -> Four<'_> {
    let mut cursor = Octets(octets);
    let (Some(_), Some(command), Some(port), Some(address)) =
        (cursor.u8(), cursor.u8(), cursor.be16(), cursor.be32())
    else {
        return Four::More;
    };
    if port == 0 || address == 0 {
        return Four::No;
    }
    let text = |cursor: &mut Octets<'_>| -> Result<usize, bool> {
        let end = cursor.0.iter().take(256).position(|octet| *octet == 0);
        let text = cursor.0.get(..end.unwrap_or(cursor.len())).unwrap_or_default();
        if !text.is_empty() && !is_word(text) {
            return Err(false);
        }
        end.ok_or(cursor.len() < 256)
    };
    let mut next = || match text(&mut cursor) {
        Ok(length) => {
            let text = cursor.take(length).unwrap_or_default();
            cursor.u8();
            Ok(text)
        }
        Err(more) => Err(if more { Four::More } else { Four::No }),
    };
    let user = match next() {
        Ok(user) => user,
        Err(other) => return other,
    };
    let mut host = Ipv4Addr::from(address).to_string().into();
    // 4A: an address that cannot be says that a name follows.
    if address < 256 {
        match next() {
            Ok([]) => return Four::No,
            Ok(name) => host = text::of(name),
            Err(other) => return other,
        }
    }
    let octets = octets.len().saturating_sub(cursor.len());
    Four::Whole(Request {
        command,
        host,
        port,
        user,
        octets,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    #[test]
    fn the_destination_of_a_client_with_a_password_is_read() {
        // RFC 1928 sections 3, 4 and 6, RFC 1929 section 2.
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, &[5, 2, 0, 2]),
            (End::Resp, &[5, 2]),
            (End::Orig, b"\x01\x05alice\x06secret"),
            (End::Resp, &[1, 0]),
            (End::Orig, b"\x05\x01\0\x03\x0bexample.org\x01\xbb"),
            (End::Resp, &[5, 0, 0, 1, 192, 0, 2, 1, 4, 0]),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.get(Essential::ServerName), Some("example.org"));
        let [facts] = &whole.transactions("socks")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.number("request.port"), Some(443));
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"alice")));
        assert_eq!(
            (facts.number("method"), facts.number("status")),
            (Some(2), Some(0))
        );
        assert!(!format!("{whole:?}").contains("secret"));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("socks"), single.transactions("socks"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn what_is_carried_is_found_by_its_own_content() {
        let chunks: &[(End, &[u8])] = &[
            (End::Orig, b"\x04\x01\x0d\x05\0\0\0\x01bob\0pool.example\0"),
            (End::Resp, &[0, 0x5a, 0, 0, 0, 0, 0, 0]),
            (
                End::Orig,
                b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"miner/1\"]}\n",
            ),
        ];

        let whole = test::converse(Transport::Tcp, [40_000, 1080], chunks);

        assert_eq!(
            whole.transactions("socks")[0].text("request.host"),
            Some("pool.example")
        );
        assert_eq!(
            whole.transactions("stratum")[0].text("agent"),
            Some("miner/1"),
            "{whole:?}"
        );
        hostile::bend(&PROTOCOL, Transport::Tcp, &chunks[..2]);
    }
}
