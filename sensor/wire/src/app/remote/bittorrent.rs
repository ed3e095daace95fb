//! BitTorrent between peers: what is shared, by which programs; and the search for peers in a LAN.
//!
//! Source: BEP 3 (handshake), BEP 20 (peer IDs), BEP 14 (local service discovery).

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::{Octets, is_word};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

const MAGIC: &[u8] = b"\x13BitTorrent protocol";
const SEARCH: &[u8] = b"BT-SEARCH * HTTP/1.";
/// Octets of a handshake.
const LEN: usize = 68;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "bittorrent",
    title: "BitTorrent",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889],
    kin: &["bittorrent_dht"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("info_hash", FactKind::Text, "共有物", "Info hash"),
    row(
        "client_id",
        FactKind::Text,
        "発信側ソフトウェア",
        "Originator's client",
    ),
    row(
        "server_id",
        FactKind::Text,
        "応答側ソフトウェア",
        "Responder's client",
    ),
    row("dht", FactKind::Flag, "DHT 対応", "DHT supported"),
    row("local_search", FactKind::Flag, "LAN 内探索", "Local search"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let magic = if hint.transport == Transport::Tcp {
        MAGIC
    } else {
        SEARCH
    };
    if hint.octets.starts_with(magic) {
        Probe::Sure
    } else if hint.transport == Transport::Tcp && magic.starts_with(hint.octets) {
        Probe::More
    } else {
        Probe::No
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Bittorrent {
        is_stream: start.transport == Transport::Tcp,
        ..Bittorrent::default()
    })
}

#[derive(Default)]
struct Bittorrent {
    is_stream: bool,
    at: Option<Timestamp>,
    facts: Facts,
    heard: [bool; 2],
}

impl Parser for Bittorrent {
    fn held(&self) -> usize {
        self.facts.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if !self.is_stream {
            sheet.transaction(chunk.at, search(chunk.octets));
            return Read::Done;
        }
        let Some(heard) = self.heard.get_mut(chunk.from.index()) else {
            return Read::Done;
        };
        if *heard {
            // Pieces follow; the other end may still say what it is.
            return Read::Took(chunk.octets.len());
        }
        if chunk.octets.len() < LEN {
            return Read::Need(LEN);
        }
        *heard = true;
        self.at.get_or_insert(chunk.at);
        let mut octets = Octets(chunk.octets);
        let fields = (|| {
            octets.take(MAGIC.len()).filter(|magic| *magic == MAGIC)?;
            Some((octets.take(8)?, octets.take(20)?, octets.take(20)?))
        })();
        let Some((reserved, info_hash, peer)) = fields else {
            return Read::Done;
        };
        self.facts
            .put("info_hash", text::hex(info_hash))
            .put("dht", reserved.last().is_some_and(|bits| bits & 1 != 0));
        // Letters and numbers of a program between dashes; other forms say nothing.
        if let Some(id) = peer.get(..8).filter(|id| is_word(id)) {
            let (key, what) = match chunk.from {
                End::Orig => ("client_id", Essential::ClientSoftware),
                End::Resp => ("server_id", Essential::ServerSoftware),
            };
            self.facts.put(key, text::of(id));
            sheet.essential(what, text::of(id), "bittorrent.peer_id");
        }
        if self.heard == [true, true] {
            Read::Done
        } else {
            Read::Took(LEN)
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.at.take() {
            sheet.transaction(at, std::mem::take(&mut self.facts));
        }
    }
}

fn search(octets: &[u8]) -> Facts {
    let mut facts = Facts::new();
    facts.put("local_search", true);
    let lines = octets.split(|octet| *octet == b'\n').take(16);
    let hash = lines
        .map(<[u8]>::trim_ascii)
        .find_map(|line| line.strip_prefix(b"Infohash: "));
    facts.put_some("info_hash", hash.map(|hash| text::bounded(hash, 64).0));
    facts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    fn handshake() -> Vec<u8> {
        [
            MAGIC,
            &[0, 0, 0, 0, 0, 0x10, 0, 1],
            &[0xab; 20],
            b"-UM1860-123456789012",
        ]
        .concat()
    }

    #[test]
    fn a_handshake_names_what_is_shared_and_by_what() {
        let ours = handshake();
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ours), (End::Resp, &ours)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        let [facts] = &whole.transactions("bittorrent")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("client_id"), Some("-UM1860-"));
        assert_eq!(facts.get("dht"), Some(true.into()));
        let single = test::in_single_octets([40_000, 7000], chunks);
        assert_eq!(
            whole.transactions("bittorrent"),
            single.transactions("bittorrent")
        );
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }

    #[test]
    fn the_peers_of_a_capture_are_those_that_tshark_names() {
        let Some(path) = test::capture("benign/bittorrent-p2p.pcap") else {
            return;
        };

        let mut shared = BTreeMap::new();
        for flow in test::flows_of(&path) {
            for facts in flow.seen.transactions("bittorrent") {
                *shared
                    .entry(facts.text("info_hash").unwrap_or_default().to_owned())
                    .or_insert(0) += 1;
            }
        }

        // tshark -Y bittorrent.protocol.name -T fields -e tcp.stream -e bittorrent.info_hash
        let expected = [("dcfcdccfb9e670ccc3dd40c78c161f2bea243126".to_owned(), 24)];
        assert_eq!(shared.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_search_in_the_lan_is_told() {
        // BEP 14's message.
        let search = b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n\
            Infohash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n\r\n";

        let seen = test::converse(Transport::Udp, [6771, 6771], &[(End::Orig, search)]);

        assert_eq!(
            seen.transactions("bittorrent")[0].get("local_search"),
            Some(true.into())
        );
        hostile::bend(&PROTOCOL, Transport::Udp, &[(End::Orig, search)]);
    }
}
