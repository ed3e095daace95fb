//! X11: a display that is reached over the network, and whether its key was shown.
//!
//! Source: X Window System Protocol, X11R7.7, section 8 "Connection Setup".

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::is_word;
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of the client's set-up before its authorisation.
const SETUP_LEN: usize = 12;
/// Octets of the longest name of an authorisation.
const MAX_NAME: usize = 64;
/// Octets of the server's answer up to and with the vendor's name.
const VENDOR_AT: usize = 40;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "x11",
    title: "X11",
    transports: &[Transport::Tcp],
    ports: &[6000, 6001, 6002, 6003, 6010, 6011],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Text, "版", "Version"),
    row("authorization", FactKind::Text, "認証方式", "Authorisation"),
    row(
        "authorization_present",
        FactKind::Flag,
        "認証データあり",
        "Authorisation present",
    ),
    row("status", FactKind::Text, "結果", "Result"),
    row("vendor", FactKind::Text, "製造者", "Vendor"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let is_begun = match octets {
        [b'l', rest @ ..] => rest
            .iter()
            .zip([0, 11, 0, 0, 0])
            .all(|(octet, wanted)| *octet == wanted),
        [b'B', rest @ ..] => rest
            .iter()
            .zip([0, 0, 11, 0, 0])
            .all(|(octet, wanted)| *octet == wanted),
        _ => false,
    };
    match (is_begun, setup(octets)) {
        (false, _) => Probe::No,
        (true, None) if octets.len() < SETUP_LEN => Probe::More,
        (true, Some(setup)) if setup.name <= MAX_NAME && setup.data <= 1024 => Probe::Sure,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(X11::default())
}

#[derive(Default)]
struct X11 {
    at: Option<Timestamp>,
    facts: Facts,
    is_little: bool,
    has_asked: bool,
}

impl Parser for X11 {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        match chunk.from {
            End::Orig if self.has_asked => Read::Took(chunk.octets.len()),
            End::Orig => self.ask(chunk.octets, sheet),
            End::Resp => self.answer(chunk.octets, sheet),
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

impl X11 {
    fn ask(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Read {
        let Some(setup) = setup(octets) else {
            return Read::Need(SETUP_LEN);
        };
        if setup.name > MAX_NAME {
            return Read::Done;
        }
        let end = SETUP_LEN.saturating_add(setup.name);
        let Some(name) = octets.get(SETUP_LEN..end) else {
            return Read::Need(end);
        };
        self.is_little = setup.is_little;
        self.has_asked = true;
        let version = format!("{}.{}", setup.major, setup.minor);
        sheet.essential(Essential::Version, version.clone(), "x11.version");
        self.facts
            .put("version", version)
            .put("authorization_present", setup.data > 0);
        if is_word(name) {
            self.facts.put("authorization", text::of(name));
        }
        Read::Took(octets.len())
    }

    fn answer(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Read {
        let number = |at: usize| {
            let octets = octets.get(at..)?.first_chunk().copied()?;
            Some(usize::from(if self.is_little {
                u16::from_le_bytes(octets)
            } else {
                u16::from_be_bytes(octets)
            }))
        };
        let status = match octets.first() {
            Some(0) => "failed",
            Some(1) => "success",
            Some(2) => "authenticate",
            _ => return Read::Done,
        };
        if status == "success" {
            let Some(length) = number(24).filter(|length| *length <= 256) else {
                return if octets.len() < VENDOR_AT {
                    Read::Need(VENDOR_AT)
                } else {
                    Read::Done
                };
            };
            let end = VENDOR_AT.saturating_add(length);
            let Some(vendor) = octets.get(VENDOR_AT..end) else {
                return Read::Need(end);
            };
            sheet.essential(Essential::ServerSoftware, text::of(vendor), "x11.vendor");
            self.facts.put("vendor", text::of(vendor));
        }
        self.facts.put("status", status);
        Read::Done
    }
}

struct Setup {
    is_little: bool,
    major: u16,
    minor: u16,
    name: usize,
    data: usize,
}

fn setup(octets: &[u8]) -> Option<Setup> {
    let is_little = octets.first()? == &b'l';
    let number = |at: usize| {
        let octets = octets.get(at..)?.first_chunk().copied()?;
        Some(if is_little {
            u16::from_le_bytes(octets)
        } else {
            u16::from_be_bytes(octets)
        })
    };
    let (major, minor) = (number(2)?, number(4)?);
    let (name, data) = (usize::from(number(6)?), usize::from(number(8)?));
    octets.get(..SETUP_LEN)?;
    Some(Setup {
        is_little,
        major,
        minor,
        name,
        data,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    #[test]
    fn a_client_shows_a_cookie_and_the_display_says_who_made_it() {
        // Section 8 of the specification: little end first, MIT-MAGIC-COOKIE-1 with sixteen octets.
        let ask = [
            b"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0".to_vec(),
            vec![0xaa; 16],
        ]
        .concat();
        let mut answer = vec![1, 0, 11, 0, 0, 0, 0x20, 0];
        answer.resize(VENDOR_AT, 0);
        answer[24] = 10;
        answer.extend(*b"The X.Org ");
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, &answer)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        assert_eq!(whole.app.service, "x11");
        let [facts] = &whole.transactions("x11")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("authorization"), Some("MIT-MAGIC-COOKIE-1"));
        assert_eq!(facts.text("vendor"), Some("The X.Org "));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(whole.transactions("x11"), single.transactions("x11"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
