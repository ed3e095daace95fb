//! Requests and their answers on one flow.
//!
//! Memory: at most [`MAX_WAITING`] requests without an answer; the oldest is written as it is.

use std::net::IpAddr;

use arrayvec::ArrayVec;
use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::message::{self, Class, HEADER_LEN, Header};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::Transport;
use crate::app::sheet::Sheet;
use crate::app::text;

/// Requests that wait for their answer.
const MAX_WAITING: usize = 16;
/// Transactions of one flow that are written; ICE asks again every few seconds.
const MAX_WRITTEN: u16 = 32;
/// Transactions whose repetitions are told.
const MAX_RECENT: usize = 8;
/// Peers of one transaction that are kept.
const MAX_PEERS: usize = 16;
/// Datagrams in a row that are something else before nothing more is looked at.
const MAX_OTHER: u16 = 256;
/// A record of DTLS: handshake.
const DTLS: u8 = 22;

pub(super) struct Stun {
    is_stream: bool,
    waiting: Vec<Exchange>,
    /// Transactions that are written: what comes of them again is a repetition.
    recent: ArrayVec<[u8; 16], MAX_RECENT>,
    written: u16,
    other: u16,
}

struct Exchange {
    at: Timestamp,
    transaction: [u8; 16],
    from: End,
    facts: Facts,
    peers: Vec<Facts>,
}

impl Held for Exchange {
    fn held(&self) -> usize {
        self.facts.held().saturating_add(self.peers.held())
    }
}

impl Parser for Stun {
    fn held(&self) -> usize {
        self.waiting.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        let header = message::header(octets);
        if self.is_stream {
            return self.stream(header, chunk, sheet);
        }
        let len = octets.len().saturating_add(chunk.cut);
        match header.filter(|header| header.len.saturating_add(HEADER_LEN) == len) {
            Some(header) if header.has_cookie || message::is_classic(&header, octets) => {
                self.other = 0;
                self.message(&header, octets, chunk, sheet);
            }
            _ if octets.first() == Some(&DTLS) && octets.get(1) == Some(&0xfe) => {
                return Read::Became {
                    took: 0,
                    protocol: Some("dtls"),
                };
            }
            _ => self.other = self.other.saturating_add(1),
        }
        if self.written >= MAX_WRITTEN || self.other >= MAX_OTHER {
            return Read::Done;
        }
        Read::Took(octets.len())
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        if self.is_stream { Gap::Stop } else { Gap::Resume }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for exchange in std::mem::take(&mut self.waiting) {
            exchange.write(None, sheet);
        }
    }
}

impl Stun {
    pub(super) const fn new(transport: Transport) -> Self {
        Self {
            is_stream: matches!(transport, Transport::Tcp),
            waiting: Vec::new(),
            recent: ArrayVec::new_const(),
            written: 0,
            other: 0,
        }
    }

    /// A message of a stream, or data of a channel between two.
    fn stream(&mut self, header: Option<Header>, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        if let Some(header) = header.filter(|header| header.has_cookie) {
            let whole = header.len.saturating_add(HEADER_LEN);
            let Some(octets) = octets.get(..whole) else {
                return Read::Need(whole);
            };
            self.message(&header, octets, chunk, sheet);
            if self.written >= MAX_WRITTEN {
                return Read::Done;
            }
            return Read::Took(whole);
        }
        let Some([first, _, high, low]) = octets.first_chunk::<4>() else {
            return Read::Need(4);
        };
        match first {
            // Data of a channel, padded to four octets (RFC 8656 section 12.5).
            0x40..=0x4f => Read::Skip {
                took: 4,
                skip: u64::from(u16::from_be_bytes([*high, *low])).next_multiple_of(4),
            },
            0 | 1 if octets.len() < HEADER_LEN => Read::Need(HEADER_LEN),
            _ => Read::Done,
        }
    }

    fn message(&mut self, header: &Header, octets: &[u8], chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        if self.recent.contains(&header.transaction) {
            return;
        }
        match header.class {
            Class::Request => {
                // The same request again, unanswered.
                if self
                    .waiting
                    .iter()
                    .any(|one| one.transaction == header.transaction)
                {
                    return;
                }
                if self.waiting.len() >= MAX_WAITING {
                    let oldest = self.waiting.remove(0);
                    self.write(oldest, None, sheet);
                }
                let mut exchange = Exchange::new(header, chunk);
                exchange.read(header, octets, sheet);
                self.waiting.push(exchange);
            }
            Class::Indication => {
                let mut exchange = Exchange::new(header, chunk);
                exchange.read(header, octets, sheet);
                self.write(exchange, Some("indication"), sheet);
            }
            Class::Success | Class::Error => {
                let at = self
                    .waiting
                    .iter()
                    .position(|one| one.transaction == header.transaction);
                let mut exchange = match at {
                    Some(at) => self.waiting.remove(at),
                    None => Exchange {
                        from: chunk.from.other(),
                        ..Exchange::new(header, chunk)
                    },
                };
                exchange.read(header, octets, sheet);
                let class = if header.class == Class::Success {
                    "success"
                } else {
                    "error"
                };
                self.write(exchange, Some(class), sheet);
            }
        }
    }

    fn write(&mut self, exchange: Exchange, class: Option<&'static str>, sheet: &mut Sheet<'_>) {
        self.written = self.written.saturating_add(1);
        if self.recent.is_full() {
            self.recent.remove(0);
        }
        self.recent.push(exchange.transaction);
        exchange.write(class, sheet);
    }
}

impl Exchange {
    fn new(header: &Header, chunk: &Chunk<'_>) -> Self {
        let mut facts = Facts::new();
        let number = if header.has_cookie {
            header.transaction.get(4..).unwrap_or_default()
        } else {
            &header.transaction
        };
        facts
            .put("trans_id", text::hex(number))
            .put_some("method", message::method_name(header.method))
            .put_some("classic", (!header.has_cookie).then_some(true));
        Self {
            at: chunk.at,
            transaction: header.transaction,
            from: chunk.from,
            facts,
            peers: Vec::new(),
        }
    }

    /// Reads the attributes of a message of this exchange.
    fn read(&mut self, header: &Header, octets: &[u8], sheet: &mut Sheet<'_>) {
        let is_answer = matches!(header.class, Class::Success | Class::Error);
        let (plain, masked) = ([0; 16], header.transaction);
        for (kind, value) in message::attributes(octets) {
            match kind {
                0x0001 => self.address("mapped_address", "mapped_port", value, &plain),
                0x0020 => self.address("mapped_address", "mapped_port", value, &masked),
                0x0016 => self.address("relayed_address", "relayed_port", value, &masked),
                0x8023 => self.address("other_address", "other_port", value, &plain),
                0x0012 => self.peer(value, &masked),
                0x0006 if !is_answer && !value.is_empty() => {
                    let digest = text::user_digest(value);
                    sheet.essential(Essential::User, digest.as_str(), "stun.user_digest");
                    self.facts.put("user_digest", digest);
                }
                0x0014 => {
                    self.facts.put("realm", text::of(value));
                }
                0x8022 => self.software(is_answer, value, sheet),
                0x0009 => self.error(value),
                0x000c => {
                    let channel = value.first_chunk::<2>().map(|value| u16::from_be_bytes(*value));
                    self.facts.put_some("channel", channel);
                }
                0x000d => {
                    // The answer's is the one that holds.
                    let lifetime = value.first_chunk::<4>().map(|value| u32::from_be_bytes(*value));
                    if is_answer {
                        self.facts.put_some("lifetime", lifetime);
                    }
                }
                0x0019 => {
                    self.facts.put_some("transport", value.first().copied());
                }
                0x0025 => {
                    self.facts.put("nominated", true);
                }
                0x8029 => {
                    self.facts.put("ice_role", "controlled");
                }
                0x802a => {
                    self.facts.put("ice_role", "controlling");
                }
                _ => {}
            }
        }
    }

    fn address(&mut self, key: &'static str, port_key: &'static str, value: &[u8], mask: &[u8; 16]) {
        if let Some((address, port)) = message::address(value, mask) {
            // An address that is masked beside one that is not says the same.
            if self.facts.get(key).is_none() {
                self.facts.put(key, address.to_string()).put(port_key, port);
            }
        }
    }

    fn peer(&mut self, value: &[u8], mask: &[u8; 16]) {
        if let Some((address, port)) = message::address(value, mask)
            && self.peers.len() < MAX_PEERS
        {
            self.peers.push(peer(address, port));
        }
    }

    fn software(&mut self, is_answer: bool, value: &[u8], sheet: &mut Sheet<'_>) {
        let end = value
            .iter()
            .rposition(|octet| *octet != 0)
            .map_or(0, |at| at.saturating_add(1));
        let software = text::of(value.get(..end).unwrap_or(value));
        let (key, what, from) = if is_answer {
            (
                "server_software",
                Essential::ServerSoftware,
                "stun.server_software",
            )
        } else {
            (
                "client_software",
                Essential::ClientSoftware,
                "stun.client_software",
            )
        };
        // The flow is named by what its own client and server say, not by a peer that asks back.
        if self.from == End::Orig {
            sheet.essential(what, software.clone(), from);
        }
        self.facts.put(key, software);
    }

    fn error(&mut self, value: &[u8]) {
        let Some(([_, _, hundreds, rest], reason)) = value.split_first_chunk::<4>() else {
            return;
        };
        let code = u16::from(hundreds & 7)
            .saturating_mul(100)
            .saturating_add(u16::from(*rest));
        self.facts.put("error_code", code);
        if !reason.is_empty() {
            self.facts.put("error_reason", text::of(reason));
        }
    }

    fn write(mut self, class: Option<&'static str>, sheet: &mut Sheet<'_>) {
        self.facts.put("class", class.unwrap_or("unanswered"));
        if self.from == End::Resp {
            self.facts.put("by_responder", true);
        }
        if !self.peers.is_empty() {
            self.facts.put("peers", std::mem::take(&mut self.peers));
        }
        sheet.transaction(self.at, self.facts);
    }
}

fn peer(address: IpAddr, port: u16) -> Facts {
    let mut facts = Facts::new();
    facts.put("address", address.to_string()).put("port", port);
    facts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::app::test::{self, Seen};

    use super::*;

    fn octets(digits: &str) -> Vec<u8> {
        let digits: String = digits.split_whitespace().collect();
        digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// RFC 5769 section 2.1: SOFTWARE "STUN test client", USERNAME "evtj:h6vY".
    fn request() -> Vec<u8> {
        octets(
            "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
             00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014
             9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf",
        )
    }

    /// RFC 5769 section 2.2: SOFTWARE "test vector", mapped address 192.0.2.1 port 32853.
    fn response() -> Vec<u8> {
        octets(
            "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008
             0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96",
        )
    }

    /// RFC 5769 section 2.3: mapped address 2001:db8:1234:5678:11:2233:4455:6677 port 32853.
    fn response_v6() -> Vec<u8> {
        octets(
            "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014
             0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275
             bfe3ed41 80280004 c8fb0b4c",
        )
    }

    fn converse(transport: Transport, chunks: &[(End, &[u8])]) -> Seen {
        test::converse(transport, [40_000, 9999], chunks)
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let (request, response, v6) = (request(), response(), response_v6());
        let chunks = [(End::Orig, &request[..]), (End::Resp, &response)];
        let in_order = [
            converse(Transport::Udp, &chunks),
            converse(Transport::Tcp, &chunks),
            test::in_single_octets([40_000, 9999], &chunks),
        ];

        for seen in in_order {
            assert_eq!(seen.app.service, "stun");
            let [facts] = seen.transactions("stun")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(facts.text("method"), Some("binding"));
            assert_eq!(facts.text("class"), Some("success"));
            assert_eq!(facts.text("trans_id"), Some("b7e7a701bc34d686fa87dfae"));
            assert_eq!(facts.text("client_software"), Some("STUN test client"));
            assert_eq!(facts.text("server_software"), Some("test vector"));
            assert_eq!(facts.text("mapped_address"), Some("192.0.2.1"));
            assert_eq!(facts.number("mapped_port"), Some(32853));
            assert_eq!(facts.text("ice_role"), Some("controlled"));
            assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"evtj:h6vY")));
            assert_eq!(seen.app.get(Essential::ServerSoftware), Some("test vector"));
        }
        let seen = converse(Transport::Udp, &[(End::Resp, &v6)]);
        let facts = seen.transactions("stun")[0];
        assert_eq!(
            facts.text("mapped_address"),
            Some("2001:db8:1234:5678:11:2233:4455:6677")
        );
    }

    #[test]
    fn a_permission_names_its_peers() {
        // RFC 8656 section 18.3: XOR-PEER-ADDRESS 192.0.2.1, here of port 32853.
        let request = octets("0008000c 2112a442 b7e7a701 bc34d686 fa87dfae 00120008 0001a147 e112a643");
        let refusal = octets(
            "0118001c 2112a442 b7e7a701 bc34d686 fa87dfae 00090010 00000403 466f7262 69646465 6e202020
             000d0004 0000003c",
        );

        let seen = converse(Transport::Udp, &[(End::Orig, &request), (End::Resp, &refusal)]);

        let facts = seen.transactions("stun")[0];
        assert_eq!(facts.text("method"), Some("create permission"));
        assert_eq!(facts.text("peers.address"), Some("192.0.2.1"));
        assert_eq!(
            (facts.text("class"), facts.number("error_code")),
            (Some("error"), Some(403))
        );
    }

    #[test]
    fn classic_stun_is_believed_at_its_port() {
        // A binding request and its answer in the message format of RFC 3489 section 11.
        let request = octets("00010000 c15dae63585d14392e582c260403bf30");
        let answer = octets("0101000c c15dae63585d14392e582c260403bf30 00010008 0001ff75 c0000201");
        let chunks = [(End::Orig, &request[..]), (End::Resp, &answer)];

        let seen = test::converse(Transport::Udp, [40_000, 3478], &chunks);

        assert_eq!(converse(Transport::Udp, &chunks).app.service, "");
        let facts = seen.transactions("stun")[0];
        assert_eq!(facts.text("mapped_address"), Some("192.0.2.1"));
        assert_eq!(facts.number("mapped_port"), Some(65397));
        assert_eq!(facts.get("classic"), Some(true.into()));
    }

    #[test]
    fn a_call_of_a_capture_is_paired() {
        let Some(path) = test::capture("benign/whatsapp-call.pcap") else {
            return;
        };

        let flows = test::flows_of(&path);

        // tshark -Y stun: 20 conversations; 16 answers to allocations, each of them sent twice, all
        // with the same address.
        let stun = || flows.iter().filter(|flow| flow.seen.app.service == "stun");
        assert_eq!(stun().count(), 20);
        let mapped: Vec<&str> = stun()
            .flat_map(|flow| flow.seen.transactions("stun"))
            .filter(|facts| facts.text("method") == Some("allocate"))
            .filter_map(|facts| facts.text("mapped_address"))
            .collect();
        assert_eq!(mapped, ["79.35.21.197"; 16]);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(at: usize, with: u8, octets: Vec<u8>, tcp: bool) {
            let mut changed = request();
            let len = changed.len();
            changed[at % len] = with;
            let transport = if tcp { Transport::Tcp } else { Transport::Udp };
            let first = request();
            converse(transport, &[(End::Orig, &first), (End::Orig, &changed), (End::Resp, &octets), (End::Resp, &changed)]);
        }

        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..100), tcp: bool) {
            let transport = if tcp { Transport::Tcp } else { Transport::Udp };
            prop_assert_ne!(test::converse(transport, [40_000, 3478], &[(End::Orig, &octets)]).app.service, "stun");
        }
    }
}
