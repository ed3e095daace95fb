//! HTTP/2 with prior knowledge, or after an upgrade: told by its preface; the settings of both ends.
//!
//! Source: RFC 9113 sections 3.4, 4.1 and 6.5. Header blocks are compressed (RFC 7541) and are not
//! read: inside TLS, where nearly all of HTTP/2 is, nothing of it is seen either way.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER_LEN: usize = 9;
const SETTING_LEN: usize = 6;
const SETTINGS: u8 = 4;
/// Settings of one end that are kept; a frame with more than [`MAX_SETTINGS_OCTETS`] is none.
const MAX_SETTINGS: usize = 16;
const MAX_SETTINGS_OCTETS: usize = 1024;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "http2",
    title: "HTTP/2",
    transports: &[Transport::Tcp],
    ports: &[],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "request.settings.settings_id",
        FactKind::Number,
        "設定番号 (クライアント)",
        "Setting of the client",
    ),
    row(
        "request.settings.settings_value",
        FactKind::Number,
        "設定値 (クライアント)",
        "Value of the client's setting",
    ),
    row(
        "response.settings.settings_id",
        FactKind::Number,
        "設定番号 (サーバー)",
        "Setting of the server",
    ),
    row(
        "response.settings.settings_value",
        FactKind::Number,
        "設定値 (サーバー)",
        "Value of the server's setting",
    ),
];

fn probe(hint: &Hint<'_>) -> Probe {
    // Eight octets: no method of HTTP/1 is called so.
    if hint.octets.starts_with(b"PRI * HT") {
        return Probe::Sure;
    }
    match settings(hint.octets) {
        Settings::Whole(list) if !list.is_empty() && list.iter().all(|(id, _)| (1..=9).contains(id)) => {
            Probe::Sure
        }
        Settings::Cut(_) | Settings::Whole(_) if hint.octets.len() >= HEADER_LEN => Probe::More,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Http2::default())
}

#[derive(Default)]
struct Http2 {
    at: Option<Timestamp>,
    client: Option<Vec<(u16, u32)>>,
    server: Option<Vec<(u16, u32)>>,
}

impl Parser for Http2 {
    fn held(&self) -> usize {
        [&self.client, &self.server]
            .into_iter()
            .flatten()
            .map(|settings| size_of_val(settings.as_slice()))
            .fold(0, usize::saturating_add)
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        let octets = chunk.octets;
        let shared = octets.len().min(PREFACE.len());
        let is_client = octets.get(..shared) == PREFACE.get(..shared);
        if is_client && shared < PREFACE.len() {
            return Read::Need(PREFACE.len());
        }
        let before = if is_client { PREFACE.len() } else { 0 };
        match settings(octets.get(before..).unwrap_or_default()) {
            Settings::Cut(need) => return Read::Need(before.saturating_add(need)),
            Settings::No if is_client => return Read::NotMine,
            Settings::Whole(list) if is_client => self.client = Some(list),
            // The first frame of a server; later ones and those of a client change nothing.
            Settings::Whole(list) if self.server.is_none() => self.server = Some(list),
            Settings::Whole(_) | Settings::No => {}
        }
        sheet.essential(Essential::Version, "2", "http2.preface");
        if self.client.is_some() && self.server.is_some() {
            return Read::Done;
        }
        Read::Took(octets.len())
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let mut facts = Facts::new();
        for (key, list) in [("request", self.client.take()), ("response", self.server.take())] {
            let list: Vec<Facts> = list.unwrap_or_default().into_iter().map(setting).collect();
            if !list.is_empty() {
                let mut end = Facts::new();
                end.put("settings", list);
                facts.put(key, end);
            }
        }
        sheet.transaction(self.at.unwrap_or_else(|| sheet.at()), facts);
    }
}

fn setting((id, value): (u16, u32)) -> Facts {
    let mut facts = Facts::new();
    facts.put("settings_id", id).put("settings_value", value);
    facts
}

enum Settings {
    /// The settings.
    Whole(Vec<(u16, u32)>),
    /// It may be one with so many octets.
    Cut(usize),
    No,
}

/// Reads a SETTINGS frame that is no acknowledgement.
fn settings(octets: &[u8]) -> Settings {
    let Some([l0, l1, l2, kind, flags, stream @ ..]) = octets.first_chunk::<HEADER_LEN>() else {
        return Settings::Cut(HEADER_LEN);
    };
    let length = u32::from_be_bytes([0, *l0, *l1, *l2]) as usize;
    let is_settings = *kind == SETTINGS
        && *flags == 0
        && stream.iter().all(|octet| *octet == 0)
        && length.is_multiple_of(SETTING_LEN)
        && length <= MAX_SETTINGS_OCTETS;
    if !is_settings {
        return Settings::No;
    }
    let end = HEADER_LEN.saturating_add(length);
    let Some(body) = octets.get(HEADER_LEN..end) else {
        return Settings::Cut(end);
    };
    let (list, _) = body.as_chunks::<SETTING_LEN>();
    let list = list
        .iter()
        .take(MAX_SETTINGS)
        .map(|[i0, i1, value @ ..]| (u16::from_be_bytes([*i0, *i1]), u32::from_be_bytes(*value)));
    Settings::Whole(list.collect())
}

#[cfg(test)]
mod tests {
    use crate::app::parser::End;
    use crate::app::test;

    use super::*;

    /// RFC 9113 section 6.5.2: SETTINGS_MAX_CONCURRENT_STREAMS (3) = 100.
    const SERVER: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];

    fn client() -> Vec<u8> {
        // SETTINGS_INITIAL_WINDOW_SIZE (4) = 65535.
        [PREFACE, &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0xff, 0xff]].concat()
    }

    #[test]
    fn the_preface_is_known_on_any_port_and_settings_are_read() {
        let client = client();
        let chunks = [(End::Orig, &client[..]), (End::Resp, SERVER)];

        let seen = test::converse(Transport::Tcp, [40_000, 50_051], &chunks);

        assert_eq!(seen.app.service, "http2");
        let [facts] = &seen.transactions("http2")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.number("request.settings.settings_id"), Some(4));
        assert_eq!(facts.number("response.settings.settings_value"), Some(100));
        let split = test::in_single_octets([40_000, 50_051], &chunks);
        assert_eq!(split.transactions("http2"), seen.transactions("http2"));
    }

    #[test]
    fn a_server_alone_is_known_by_its_settings() {
        let seen = test::converse(Transport::Tcp, [40_000, 50_051], &[(End::Resp, SERVER)]);

        assert_eq!(seen.app.service, "http2");
    }
}
