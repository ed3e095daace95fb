//! OpenVPN: the first exchange of a session, and how its control channel is protected.
//!
//! Source: OpenVPN's `ssl_pkt.h` and "Wire protocol of OpenVPN" (draft), `doc/tls-crypt-v2.txt`. A
//! control message is: operation and key, session of the sender, [HMAC, packet number, time],
//! acknowledgements, session of the receiver where there are some, message number. Over TCP a length
//! of two octets stands before it.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::octets::Octets;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// HMAC lengths of the digests that are in use: SHA-1, SHA-256, SHA-512, MD5, SHA-384, SHA-224.
const DIGESTS: [(usize, &str); 6] = [
    (20, "tls-auth SHA1"),
    (32, "tls-auth SHA256"),
    (64, "tls-auth SHA512"),
    (16, "tls-auth MD5"),
    (48, "tls-auth SHA384"),
    (28, "tls-auth SHA224"),
];
/// HMAC of tls-crypt.
const CRYPT_TAG: usize = 32;
/// A client's key wrapped for the server (tls-crypt-v2): at most so many octets, with its length.
const MAX_WRAPPED: usize = 1024;
/// Number of a first message; a client that is not answered counts on.
const MAX_FIRST: u32 = 64;
/// The 9th of September 2001: clocks show no less.
const MIN_TIME: u32 = 1_000_000_000;
/// Octets of the smallest message that begins a session.
const MIN_RESET: usize = 14;
/// Octets of the largest one.
const MAX_RESET: usize = 1200;
/// Messages that acknowledgements may name at once.
const MAX_ACKS: usize = 8;
/// Messages that are looked at for an answer.
const MAX_MESSAGES: u8 = 16;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "openvpn",
    title: "OpenVPN",
    transports: &[Transport::Udp, Transport::Tcp],
    ports: &[1194],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "reset_version",
        FactKind::Number,
        "開始メッセージの版",
        "Version of the reset",
    ),
    row(
        "protection",
        FactKind::Text,
        "制御チャネルの保護",
        "Protection of the control channel",
    ),
    row(
        "client_session_id",
        FactKind::Text,
        "クライアントのセッション",
        "Client's session",
    ),
    row(
        "server_session_id",
        FactKind::Text,
        "サーバーのセッション",
        "Server's session",
    ),
    row("resets", FactKind::Number, "開始の数", "Resets"),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

/// What begins a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reset {
    by_client: bool,
    /// 1 to 3.
    version: u8,
    protection: &'static str,
    session: [u8; 8],
    /// The receiver's session, where it is in clear.
    remote: Option<[u8; 8]>,
}

/// Reads a whole message that begins a session.
fn reset(message: &[u8]) -> Option<Reset> {
    if !(MIN_RESET..=MAX_RESET).contains(&message.len()) {
        return None;
    }
    let mut cursor = Octets(message);
    let (by_client, version) = match cursor.u8()? {
        // Operation in the high five bits; a session begins with key 0.
        0x08 => (true, 1),
        0x10 => (false, 1),
        0x38 => (true, 2),
        0x40 => (false, 2),
        0x50 => (true, 3),
        _ => return None,
    };
    let session = cursor.array::<8>()?;
    if session == [0; 8] || is_dns(session) {
        return None;
    }
    let (protection, remote) = body(cursor, by_client, version)?;
    Some(Reset {
        by_client,
        version,
        protection,
        session,
        remote,
    })
}

/// Whether a session, which is drawn at random, reads as the middle of a DNS message's header: one
/// question, fewer than 256 answers and as few authorities. A query whose first label is 15 octets
/// long would otherwise pass for tls-crypt; one session in 2^32 goes untold for it.
const fn is_dns(session: [u8; 8]) -> bool {
    matches!(session, [_, _, _, 0, 1, 0, _, 0])
}

/// How what follows the session is protected, and the receiver's session.
fn body(cursor: Octets<'_>, by_client: bool, version: u8) -> Option<(&'static str, Option<[u8; 8]>)> {
    if let Some(remote) = acknowledged(cursor, by_client) {
        return Some(("none", remote));
    }
    if let Some(name) = crypt(cursor, by_client, version) {
        return Some((name, None));
    }
    DIGESTS.iter().find_map(|(len, name)| {
        let mut cursor = cursor;
        cursor.take(*len)?;
        replay(&mut cursor)?;
        Some((*name, acknowledged(cursor, by_client)?))
    })
}

/// Packet number and time against replays.
fn replay(cursor: &mut Octets<'_>) -> Option<()> {
    let number = cursor.be32()?;
    let time = cursor.be32()?;
    ((1..=MAX_FIRST).contains(&number) && time >= MIN_TIME).then_some(())
}

/// Acknowledgements and the message's number, which is 0 and ends the message. A server acknowledges
/// the client's, a client nothing.
fn acknowledged(mut cursor: Octets<'_>, by_client: bool) -> Option<Option<[u8; 8]>> {
    let count = usize::from(cursor.u8()?);
    if by_client != (count == 0) || count > MAX_ACKS {
        return None;
    }
    let mut remote = None;
    if count > 0 {
        let acks = cursor.take(count.saturating_mul(4))?;
        if acks.iter().any(|octet| *octet != 0) {
            return None;
        }
        remote = Some(cursor.array::<8>()?);
    }
    (cursor.be32()? == 0 && cursor.0.is_empty()).then_some(remote)
}

/// tls-crypt, and tls-crypt-v2, whose client puts its wrapped key with its length at the end.
fn crypt(mut cursor: Octets<'_>, by_client: bool, version: u8) -> Option<&'static str> {
    replay(&mut cursor)?;
    cursor.take(CRYPT_TAG)?;
    // Encrypted: count of acknowledgements, and for a server one of them and the session, number.
    cursor.take(if by_client { 5 } else { 17 })?;
    if cursor.0.is_empty() {
        return Some("tls-crypt");
    }
    let len = usize::from(u16::from_be_bytes(*cursor.0.last_chunk::<2>()?));
    let is_wrapped = version == 3 && len == cursor.0.len() && len <= MAX_WRAPPED;
    is_wrapped.then_some("tls-crypt-v2")
}

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    if hint.transport == Transport::Udp {
        return match (reset(octets), octets.first()) {
            (Some(_), _) => Probe::Sure,
            (None, Some(first)) if is_later(*first) && octets.len() > MIN_RESET => Probe::Likely,
            (None, _) => Probe::No,
        };
    }
    let Some((len, rest)) = octets.split_first_chunk::<2>() else {
        return Probe::More;
    };
    let len = usize::from(u16::from_be_bytes(*len));
    let is_reset = rest
        .first()
        .is_none_or(|first| matches!(first, 0x08 | 0x10 | 0x38 | 0x40 | 0x50));
    match rest.get(..len) {
        _ if !(MIN_RESET..=MAX_RESET).contains(&len) || !is_reset => Probe::No,
        None => Probe::More,
        Some(message) if reset(message).is_some() => Probe::Sure,
        Some(_) => Probe::No,
    }
}

/// Control, acknowledgement or data of a session that has begun.
const fn is_later(first: u8) -> bool {
    matches!(first >> 3, 4 | 5 | 6 | 9 | 11)
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Openvpn {
        is_stream: start.transport == Transport::Tcp,
        ..Openvpn::default()
    })
}

#[derive(Default)]
struct Openvpn {
    is_stream: bool,
    began: Option<Timestamp>,
    client: Option<Reset>,
    server: Option<Reset>,
    resets: u32,
    messages: u8,
}

impl Parser for Openvpn {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let (message, took) = if self.is_stream {
            let Some((len, rest)) = chunk.octets.split_first_chunk::<2>() else {
                return Read::Need(2);
            };
            let len = usize::from(u16::from_be_bytes(*len));
            let whole = len.saturating_add(2);
            match rest.get(..len) {
                Some(message) => (message, whole),
                None => return Read::Need(whole),
            }
        } else {
            (chunk.octets, chunk.octets.len())
        };
        self.messages = self.messages.saturating_add(1);
        match (reset(message), message.first()) {
            (Some(reset), _) => self.take(reset, chunk, sheet),
            (None, Some(first)) if is_later(*first) => {}
            // A first message alone may look like one by chance.
            (None, _) if self.server.is_none() => return Read::NotMine,
            (None, _) => {}
        }
        if self.server.is_some() && self.client.is_some() || self.messages >= MAX_MESSAGES {
            self.write(sheet);
            return Read::Done;
        }
        Read::Took(took)
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.write(sheet);
    }
}

impl Openvpn {
    fn take(&mut self, reset: Reset, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        self.began.get_or_insert(chunk.at);
        if reset.by_client {
            self.resets = self.resets.saturating_add(1);
            self.client = Some(reset);
            return;
        }
        if let (Some(client), Some(remote)) = (self.client, reset.remote)
            && client.session != remote
        {
            sheet.anomaly("other_session");
        }
        self.server = Some(reset);
    }

    fn write(&mut self, sheet: &mut Sheet<'_>) {
        let Some((at, reset)) = self.began.take().zip(self.client.or(self.server)) else {
            return;
        };
        let client = self.client.map(|client| client.session);
        let client = client.or(self.server.and_then(|server| server.remote));
        let mut facts = Facts::new();
        facts
            .put("reset_version", reset.version)
            .put("protection", reset.protection)
            .put_some("client_session_id", client.map(|session| text::hex(&session)))
            .put_some(
                "server_session_id",
                self.server.map(|server| text::hex(&server.session)),
            )
            .put("resets", self.resets)
            .put("answered", self.server.is_some());
        sheet.essential(
            Essential::Version,
            reset.version.to_string(),
            "openvpn.reset_version",
        );
        sheet.transaction(at, facts);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::parser::End;
    use crate::app::test::{self, Seen};

    use super::*;

    const CLIENT: [u8; 8] = [0xc1, 2, 3, 4, 5, 6, 7, 8];
    const SERVER: [u8; 8] = [0x51, 2, 3, 4, 5, 6, 7, 8];
    const REPLAY: [u8; 8] = [0, 0, 0, 1, 0x69, 0x55, 0x12, 0x34];

    /// A client's first message in each protection, as `ssl_pkt.h` and tls-crypt lay it out.
    fn client(protection: &str) -> Vec<u8> {
        let operation = if protection == "tls-crypt-v2" { 0x50 } else { 0x38 };
        let mut octets = vec![operation];
        octets.extend(CLIENT);
        match protection {
            "none" => octets.extend([0; 5]),
            "tls-crypt" | "tls-crypt-v2" => {
                octets.extend(REPLAY);
                octets.extend([0xee; 32 + 5]);
            }
            auth => {
                let (len, _) = DIGESTS.iter().find(|(_, name)| *name == auth).unwrap();
                octets.extend(vec![0xaa; *len]);
                octets.extend(REPLAY);
                octets.extend([0; 5]);
            }
        }
        if protection == "tls-crypt-v2" {
            octets.extend([0xbb; 288]);
            octets.extend(290_u16.to_be_bytes());
        }
        octets
    }

    fn server() -> Vec<u8> {
        let mut octets = vec![0x40];
        octets.extend(SERVER);
        octets.extend([1, 0, 0, 0, 0]);
        octets.extend(CLIENT);
        octets.extend([0; 4]);
        octets
    }

    fn framed(messages: &[(End, Vec<u8>)]) -> Vec<(End, Vec<u8>)> {
        let frame = |message: &Vec<u8>| {
            let len = u16::try_from(message.len()).unwrap();
            [&len.to_be_bytes()[..], message].concat()
        };
        messages
            .iter()
            .map(|(end, message)| (*end, frame(message)))
            .collect()
    }

    fn udp(messages: &[(End, Vec<u8>)]) -> Seen {
        let chunks: Vec<(End, &[u8])> = messages.iter().map(|(end, octets)| (*end, &octets[..])).collect();
        test::converse(Transport::Udp, [40_000, 9999], &chunks)
    }

    #[test]
    fn every_protection_is_told_by_its_lengths() {
        let digests = DIGESTS.map(|(_, name)| name);
        for protection in digests.into_iter().chain(["none", "tls-crypt", "tls-crypt-v2"]) {
            let seen = udp(&[(End::Orig, client(protection))]);

            assert_eq!(seen.app.service, "openvpn", "{protection}");
            let facts = seen.transactions("openvpn")[0];
            assert_eq!(facts.text("protection"), Some(protection));
            assert_eq!(facts.text("client_session_id"), Some("c102030405060708"));
        }
    }

    #[test]
    fn request_and_answer_are_one_transaction_over_udp_and_tcp() {
        let messages = [(End::Orig, client("none")), (End::Resp, server())];
        let framed = framed(&messages);
        let chunks: Vec<(End, &[u8])> = framed.iter().map(|(end, octets)| (*end, &octets[..])).collect();

        for seen in [
            udp(&messages),
            test::converse(Transport::Tcp, [40_000, 9999], &chunks),
            test::in_single_octets([40_000, 9999], &chunks),
        ] {
            let [facts] = seen.transactions("openvpn")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(facts.text("server_session_id"), Some("5102030405060708"));
            assert_eq!(facts.get("answered"), Some(true.into()));
            assert!(seen.anomalies().is_empty());
        }
    }

    #[test]
    fn a_first_message_that_nothing_confirms_is_taken_back() {
        let seen = udp(&[
            (End::Orig, client("tls-crypt")),
            (End::Resp, b"what else".to_vec()),
        ]);

        assert_eq!(seen.app.service, "");
    }

    #[test]
    fn a_server_heard_alone_names_both_sessions() {
        let seen = udp(&[(End::Resp, server())]);

        let facts = seen.transactions("openvpn")[0];
        assert_eq!(facts.text("client_session_id"), Some("c102030405060708"));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(first: u8, octets: Vec<u8>) {
            let mut message = vec![first];
            message.extend(&octets);
            udp(&[(End::Orig, client("none")), (End::Orig, message.clone()), (End::Resp, message)]);
        }

        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_ne!(udp(&[(End::Orig, octets)]).app.service, "openvpn");
        }
    }
}
