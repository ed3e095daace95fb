//! DTLS: TLS over datagrams, of which the handshake says the same.
//!
//! Source: RFC 6347 (DTLS 1.2), RFC 4347 (1.0), RFC 9147 (1.3, its hellos only). A datagram holds
//! several records, a record several fragments of messages; fragments are put together where they
//! come in order, and a message that is sent again is read once. A hello that is answered with
//! `HelloVerifyRequest` comes again with a cookie and is the same hello.

use super::tls::facts;
use super::tls::handshake::Handshake;
use super::tls::hello::{ClientHello, ServerHello};
use super::tls::messages::{self, MAX_MESSAGE};
use super::tls::record::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEARTBEAT};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport};
use crate::app::sheet::Sheet;
use crate::fingerprint::ja4::Carrier;

/// Octets of a record's header.
const HEADER_LEN: usize = 13;
/// Octets of a handshake message's header.
const MESSAGE_HEADER_LEN: usize = 12;
/// Records of one datagram that are read.
const MAX_RECORDS: usize = 64;
/// Records, or datagrams without one, that are encrypted and after which the rest of a handshake is waited for no more.
const MAX_ENCRYPTED: u8 = 8;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dtls",
    title: "DTLS",
    transports: &[Transport::Udp],
    ports: &[2083, 3391, 5061, 5246, 5247, 5349, 5684, 10161],
    kin: &["stun"],
    facts: facts::FACTS,
    probe,
    parser,
};

/// A record's header and body.
struct Record<'a> {
    kind: u8,
    epoch: u16,
    /// What of the body is there; all of it, unless the datagram was cut off.
    body: &'a [u8],
    is_whole: bool,
}

/// The record at the start of `octets`, and what follows it.
fn record(octets: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (&[kind, 0xfe, minor, e0, e1, .., l0, l1], rest) = octets.split_first_chunk::<HEADER_LEN>()? else {
        return None;
    };
    if !(CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&kind) || minor < 0xfc || minor == 0xfe {
        return None;
    }
    let epoch = u16::from_be_bytes([e0, e1]);
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    let (body, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    let is_whole = body.len() == len;
    let record = Record {
        kind,
        epoch,
        body,
        is_whole,
    };
    Some((record, rest))
}

/// Tells DTLS by a datagram that its records fill exactly, or by a hello that is cut off.
fn probe(hint: &Hint<'_>) -> Probe {
    let mut rest = hint.octets;
    let mut records = 0_usize;
    while let Some((record, after)) = record(rest) {
        let is_hello = record.kind == HANDSHAKE
            && record.epoch == 0
            && matches!(record.body, [1..=3, 0, _, _, 0, 0 | 1, ..]);
        if !record.is_whole {
            return if is_hello { Probe::Sure } else { Probe::No };
        }
        records = records.saturating_add(1);
        rest = after;
        if records == MAX_RECORDS {
            break;
        }
    }
    match records {
        0 => Probe::No,
        _ if rest.is_empty() || records == MAX_RECORDS => Probe::Sure,
        // DTLS 1.3 puts records of another form behind.
        _ => Probe::Likely,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Dtls {
        handshake: Handshake::new(Carrier::Dtls, &facts::DTLS),
        ends: [Fragments::default(), Fragments::default()],
        encrypted: 0,
    })
}

struct Dtls {
    handshake: Handshake,
    ends: [Fragments; 2],
    /// Encrypted records that were seen.
    encrypted: u8,
}

/// The message of one end that is put together.
#[derive(Debug, Default)]
struct Fragments {
    sequence: u16,
    held: Vec<u8>,
}

impl Parser for Dtls {
    fn held(&self) -> usize {
        let [orig, resp] = &self.ends;
        self.handshake
            .held()
            .saturating_add(orig.held.capacity())
            .saturating_add(resp.held.capacity())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let mut rest = chunk.octets;
        // What is no record is data that another protocol carries behind the handshake.
        let mut is_over = record(rest).is_none() && self.is_past();
        for _ in 0..MAX_RECORDS {
            let Some((record, after)) = record(rest) else {
                break;
            };
            rest = after;
            is_over |= match record.kind {
                _ if record.epoch > 0 || record.kind == APPLICATION_DATA => self.is_past(),
                HANDSHAKE => self.read_handshake(chunk.from, record.body, sheet),
                CHANGE_CIPHER_SPEC => {
                    self.handshake.is_encrypted_from(chunk.from);
                    self.handshake.is_answered()
                        && (self.handshake.is_server(chunk.from) || self.handshake.has_certificate())
                }
                ALERT => {
                    self.handshake.alert(chunk.from, record.body, sheet);
                    record.body.first() == Some(&2)
                }
                _ => false,
            };
        }
        if is_over {
            Read::Done
        } else {
            Read::Took(chunk.octets.len())
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.handshake.write(sheet);
    }
}

impl Dtls {
    /// Reads the fragments of a handshake record and says whether the clear part is over.
    fn read_handshake(&mut self, from: End, body: &[u8], sheet: &mut Sheet<'_>) -> bool {
        let mut rest = body;
        while let Some((&[kind, t0, t1, t2, s0, s1, o0, o1, o2, f0, f1, f2], after)) =
            rest.split_first_chunk::<MESSAGE_HEADER_LEN>()
        {
            let [total, offset, len] = [[t0, t1, t2], [o0, o1, o2], [f0, f1, f2]]
                .map(|[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
                .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
            let Some((fragment, after)) = after.split_at_checked(len) else {
                break;
            };
            rest = after;
            if !messages::is_known(kind) || offset.saturating_add(len) > total {
                self.handshake.note("invalid_handshake", sheet);
                return false;
            }
            if total > MAX_MESSAGE {
                sheet.partial();
                continue;
            }
            if len == total {
                self.message(from, kind, fragment, sheet);
                continue;
            }
            let sequence = u16::from_be_bytes([s0, s1]);
            let Some(end) = self.ends.get_mut(from.index()) else {
                return true;
            };
            if let Some(message) = end.join(sequence, total, offset, fragment) {
                self.message(from, kind, &message, sheet);
            }
        }
        self.handshake.is_tls13()
    }

    fn message(&mut self, from: End, kind: u8, body: &[u8], sheet: &mut Sheet<'_>) {
        let handshake = &mut self.handshake;
        match kind {
            messages::CLIENT_HELLO => {
                handshake.client_hello(from, ClientHello::parse_dtls(body).as_ref(), sheet);
            }
            messages::SERVER_HELLO => {
                handshake.server_hello(from, ServerHello::parse(body).as_ref(), sheet);
            }
            messages::CERTIFICATE => handshake.chain(from, body, sheet),
            messages::SERVER_KEY_EXCHANGE => handshake.server_key_exchange(body),
            messages::SERVER_HELLO_DONE => handshake.server_hello_done(),
            _ => {}
        }
    }

    /// Whether an encrypted record says that the handshake is over.
    fn is_past(&mut self) -> bool {
        self.encrypted = self.encrypted.saturating_add(1);
        self.encrypted >= MAX_ENCRYPTED
    }
}

impl Fragments {
    /// Joins a fragment to what is held of its message and hands out the message once it is whole.
    fn join(&mut self, sequence: u16, total: usize, offset: usize, fragment: &[u8]) -> Option<Vec<u8>> {
        if sequence != self.sequence || offset == 0 {
            self.sequence = sequence;
            self.held.clear();
        }
        // What was held already is sent again, what came before it was lost.
        let is_next = offset == self.held.len();
        if is_next {
            self.held.extend_from_slice(fragment);
        }
        (is_next && self.held.len() == total).then(|| std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::test;
    use crate::app::text::hex;

    /// A record of DTLS 1.2 with one fragment of a `ClientHello` of 60 octets: `sni.example`, no
    /// cookie, one cipher.
    fn hello(from: usize, to: usize) -> Vec<u8> {
        let name = [&[0, 0, 0, 16, 0, 14, 0, 0, 11][..], b"sni.example"].concat();
        let tail = [0, 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 20];
        let body = [&[0xfe, 0xfd][..], &[7; 32], &tail, &name].concat();
        let [whole, offset, len] =
            [body.len(), from, to.min(body.len()) - from].map(|number| u8::try_from(number).unwrap());
        let head = [1, 0, 0, whole, 0, 0, 0, 0, offset, 0, 0, len];
        let fragment = &body[from..to.min(body.len())];
        let record = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, len + 12];
        [&record[..], &head, fragment].concat()
    }

    fn names(chunks: &[(End, &[u8])]) -> Vec<String> {
        let seen = test::converse(Transport::Udp, [40_000, 40_001], chunks);
        let all = seen.transactions("dtls");
        all.iter()
            .filter_map(|facts| facts.text("sni"))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_hello_is_read_whole_and_in_fragments() {
        assert_eq!(names(&[(End::Orig, &hello(0, 99))]), ["sni.example"]);
        let parts = [hello(0, 30), hello(30, 50), hello(30, 50), hello(50, 99)];
        let parts: Vec<_> = parts.iter().map(|part| (End::Orig, &part[..])).collect();
        assert_eq!(names(&parts), ["sni.example"]);
        // Two fragments in one datagram, after the whole was lost once.
        let both = [hello(0, 30), hello(30, 99)].concat();
        assert_eq!(
            names(&[(End::Orig, &hello(30, 99)), (End::Orig, &both)]),
            ["sni.example"]
        );
    }

    #[test]
    fn clients_of_a_capture_have_the_fingerprints_that_ndpi_gives_them() {
        let Some(path) = test::capture("tls_ja4/ndpi-dtls.pcap") else {
            return;
        };
        let flows = test::flows_of(&path);
        let all = flows.iter().flat_map(|flow| flow.seen.transactions("dtls"));
        let found: Vec<_> = all
            .filter_map(|facts| Some((facts.text("ja4")?, facts.text("ja3.hash")?)))
            .collect();

        // nDPI writes `d2` by the old field of the version and `d` where no name is asked for, unlike
        // the definition; the rest is the same.
        for (ja4, ja3) in [
            (
                "270600_991e33d7eb74_10f9deb96590",
                "320d2222212f652e923c3458b463c5b4",
            ),
            (
                "120700_7c0e62f61317_d9dd6182da81",
                "bd743610892cec1efed851b2b5efd4f5",
            ),
        ] {
            let is_there = found.iter().any(|one| one.0.ends_with(ja4) && one.1 == ja3);
            assert!(is_there, "{ja4} {ja3}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn damaged_datagrams_do_no_harm(
            at in proptest::collection::vec((0_usize..99, any::<u8>()), 0..6),
            from in 0_usize..50,
            to in 50_usize..99,
        ) {
            let mut datagram = hello(from, to);
            for (at, octet) in at {
                let at = at % datagram.len();
                datagram[at] = octet;
            }

            names(&[(End::Orig, &hello(0, from)), (End::Orig, &datagram), (End::Resp, &datagram)]);
        }

        #[test]
        fn random_datagrams_are_not_claimed(octets: Vec<u8>) {
            let seen = test::converse(Transport::Udp, [40_000, 9000], &[(End::Orig, &octets)]);

            prop_assert_ne!(seen.app.service, "dtls", "{}", hex(&octets));
        }
    }
}
