//! WireGuard: that two peers shake hands, and with which indices.
//!
//! Source: Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", section 5.4. Messages have
//! fixed lengths, a type, three zeros, and otherwise what only the peers can read.

use sekisho_model::Timestamp;
use sekisho_model::app::{FactKind, FactRow, Facts};

use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

const INITIATION_LEN: usize = 148;
const RESPONSE_LEN: usize = 92;
const COOKIE_LEN: usize = 64;
/// Header and tag; the packet inside is padded to whole blocks.
const MIN_DATA: usize = 32;
const BLOCK: usize = 16;
/// Zeros among 32 random octets that are still believed.
const MAX_ZEROS: usize = 4;
/// Messages that are looked at for one handshake.
const MAX_MESSAGES: u16 = 64;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "wireguard",
    title: "WireGuard",
    transports: &[Transport::Udp],
    ports: &[51820],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "initiator_index",
        FactKind::Number,
        "開始側の番号",
        "Initiator's index",
    ),
    row(
        "responder_index",
        FactKind::Number,
        "応答側の番号",
        "Responder's index",
    ),
    row("initiations", FactKind::Number, "開始の数", "Initiations"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
    row("cookie", FactKind::Flag, "クッキー応答", "Cookie reply"),
    row(
        "first_data_octets",
        FactKind::Number,
        "最初のデータ長",
        "Octets of the first data",
    ),
    row(
        "by_responder",
        FactKind::Flag,
        "応答側から開始",
        "Begun by the responder",
    ),
];

/// A message as far as it is in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Initiation { sender: u32 },
    Response { sender: u32, receiver: u32 },
    Cookie { receiver: u32 },
    Data,
}

/// Reads a datagram of `len` octets, of which the first are there.
fn message(octets: &[u8], len: usize) -> Option<Message> {
    let (kind, rest) = octets.split_first_chunk::<4>()?;
    let index = |at: usize| {
        let index = rest.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*index))
    };
    match (*kind, len) {
        ([1, 0, 0, 0], INITIATION_LEN) if is_random(rest.get(4..)?) => {
            Some(Message::Initiation { sender: index(0)? })
        }
        ([2, 0, 0, 0], RESPONSE_LEN) if is_random(rest.get(8..)?) => Some(Message::Response {
            sender: index(0)?,
            receiver: index(4)?,
        }),
        ([3, 0, 0, 0], COOKIE_LEN) => Some(Message::Cookie { receiver: index(0)? }),
        ([4, 0, 0, 0], MIN_DATA..) if len.is_multiple_of(BLOCK) => Some(Message::Data),
        _ => None,
    }
}

/// Whether an ephemeral key may stand at the start of these octets.
fn is_random(octets: &[u8]) -> bool {
    let key = octets.get(..32).unwrap_or(octets);
    key.iter().filter(|octet| **octet == 0).count() <= MAX_ZEROS
}

fn probe(hint: &Hint<'_>) -> Probe {
    match message(hint.octets, hint.octets.len()) {
        Some(Message::Initiation { .. } | Message::Response { .. }) => Probe::Sure,
        Some(_) => Probe::Likely,
        None => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Wireguard::default())
}

/// One handshake; a flow's later ones say the same.
#[derive(Default)]
struct Wireguard {
    began: Option<(Timestamp, End)>,
    initiator: Option<u32>,
    responder: Option<u32>,
    initiations: u32,
    has_cookie: bool,
    messages: u16,
    first_data: Option<u32>,
}

impl Parser for Wireguard {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let len = chunk.octets.len().saturating_add(chunk.cut);
        self.messages = self.messages.saturating_add(1);
        match message(chunk.octets, len) {
            Some(Message::Initiation { sender }) => {
                self.began.get_or_insert((chunk.at, chunk.from));
                self.initiations = self.initiations.saturating_add(1);
                self.initiator = Some(sender);
            }
            Some(Message::Response { sender, receiver }) => {
                self.began.get_or_insert((chunk.at, chunk.from.other()));
                self.initiator = Some(receiver);
                self.responder = Some(sender);
            }
            Some(Message::Cookie { receiver }) => {
                self.began.get_or_insert((chunk.at, chunk.from.other()));
                self.initiator.get_or_insert(receiver);
                self.has_cookie = true;
            }
            Some(Message::Data) => {
                self.first_data = u32::try_from(len).ok();
            }
            None if self.messages == 1 => return Read::NotMine,
            None => {}
        }
        let is_done = self.began.is_some() && self.first_data.is_some();
        let is_over = is_done || self.messages >= MAX_MESSAGES;
        if is_over {
            self.write(sheet);
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.write(sheet);
    }
}

impl Wireguard {
    fn write(&mut self, sheet: &mut Sheet<'_>) {
        let Some((at, initiator)) = self.began.take() else {
            return;
        };
        let mut facts = Facts::new();
        facts
            .put_some("initiator_index", self.initiator)
            .put_some("responder_index", self.responder)
            .put("initiations", self.initiations)
            .put("answered", self.responder.is_some())
            .put_some("cookie", self.has_cookie.then_some(true))
            .put_some("first_data_octets", self.first_data)
            .put_some("by_responder", (initiator == End::Resp).then_some(true));
        sheet.transaction(at, facts);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::test;

    use super::*;

    /// A message of the paper's section 5.4: type, zeros, indices, then what looks random.
    fn octets(kind: u8, indices: &[u32], len: usize) -> Vec<u8> {
        let mut octets = vec![kind, 0, 0, 0];
        for index in indices {
            octets.extend(index.to_le_bytes());
        }
        let mut state = 7_u32;
        octets.resize_with(len, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        octets
    }

    fn converse(ports: [u16; 2], chunks: &[(End, &[u8])]) -> test::Seen {
        test::converse(Transport::Udp, ports, chunks)
    }

    #[test]
    fn a_handshake_is_one_transaction() {
        let initiation = octets(1, &[11], INITIATION_LEN);
        let response = octets(2, &[22, 11], RESPONSE_LEN);
        let data = octets(4, &[22, 0, 0], 128);

        let seen = converse(
            [40_000, 9999],
            &[
                (End::Orig, &initiation),
                (End::Orig, &initiation),
                (End::Resp, &response),
                (End::Orig, &data),
                (End::Resp, &data),
            ],
        );

        assert_eq!(seen.app.service, "wireguard");
        let [facts] = seen.transactions("wireguard")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.number("initiator_index"), Some(11));
        assert_eq!(facts.number("responder_index"), Some(22));
        assert_eq!(facts.number("initiations"), Some(2));
        assert_eq!(facts.number("first_data_octets"), Some(128));
    }

    #[test]
    fn a_handshake_without_an_answer_is_written_at_the_end() {
        let initiation = octets(1, &[11], INITIATION_LEN);

        let seen = converse([40_000, 51820], &[(End::Orig, &initiation)]);

        let facts = seen.transactions("wireguard")[0];
        assert_eq!(facts.get("answered"), Some(false.into()));
    }

    #[test]
    fn data_alone_is_believed_at_its_port() {
        let data = octets(4, &[22, 9, 0], 96);

        assert_eq!(
            converse([40_000, 51820], &[(End::Orig, &data)]).app.service,
            "wireguard"
        );
        assert_eq!(converse([40_000, 9999], &[(End::Orig, &data)]).app.service, "");
    }

    #[test]
    fn other_lengths_and_keys_of_zeros_are_not_it() {
        let longer = octets(1, &[11], INITIATION_LEN + 1);
        let mut zeros = vec![0; INITIATION_LEN];
        zeros[0] = 1;

        for octets in [longer, zeros] {
            assert_eq!(converse([40_000, 51820], &[(End::Orig, &octets)]).app.service, "");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(kind: u8, octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut octets = octets;
            if let Some(first) = octets.first_mut() { *first = kind & 7; }
            converse([40_000, 51820], &[(End::Orig, &octets), (End::Resp, &octets)]);
        }
    }
}
