//! Exchanges of IKE: a message with its answer.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::message::{self, Algorithm, Header};
use super::register;
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Exchanges of one flow that are written.
const MAX_EXCHANGES: u8 = 16;
/// Datagrams of one flow that are looked at.
const MAX_DATAGRAMS: u16 = 64;
/// Vendor IDs and notifications of one exchange that are kept.
const MAX_KEPT: usize = 16;
/// Octets of a vendor ID that are kept.
const MAX_VENDOR: usize = 32;
const SECURITY_ASSOCIATION: [u8; 2] = [1, 33];
const NOTIFICATION: [u8; 2] = [11, 41];
const VENDOR_ID: [u8; 2] = [13, 43];

/// Reads the exchanges of one flow.
#[derive(Default)]
pub(super) struct Ike {
    waiting: Option<Exchange>,
    written: u8,
    datagrams: u16,
}

/// A message, and its answer when it came.
struct Exchange {
    at: Timestamp,
    from: End,
    header: Header,
    has_marker: bool,
    is_answered: bool,
    is_encrypted: bool,
    payloads: Vec<&'static str>,
    offered: Vec<Algorithm>,
    chosen: Vec<Algorithm>,
    vendor_ids: Vec<String>,
    vendors: Vec<&'static str>,
    notify: Vec<String>,
}

impl Held for Exchange {
    fn held(&self) -> usize {
        [
            size_of_val(self.payloads.as_slice()),
            algorithms(&self.offered),
            algorithms(&self.chosen),
            size_of_val(self.vendors.as_slice()),
            self.vendor_ids.held(),
            self.notify.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

fn algorithms(list: &[Algorithm]) -> usize {
    list.iter()
        .map(|(_, name, _)| name.held())
        .fold(size_of_val(list), usize::saturating_add)
}

impl Parser for Ike {
    fn held(&self) -> usize {
        self.waiting.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.datagrams = self.datagrams.saturating_add(1);
        let (octets, has_marker) = message::behind_marker(chunk.octets);
        let header = message::header(octets).filter(Header::is_plausible);
        if let Some(header) = header {
            self.take(header, octets, has_marker, chunk, sheet);
        }
        if self.written >= MAX_EXCHANGES || self.datagrams >= MAX_DATAGRAMS {
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

impl Ike {
    fn take(
        &mut self,
        header: Header,
        octets: &[u8],
        has_marker: bool,
        chunk: &Chunk<'_>,
        sheet: &mut Sheet<'_>,
    ) {
        if let Some(waiting) = &mut self.waiting
            && waiting.is_same(&header)
        {
            // The same end again: it was not answered and says it once more.
            if waiting.from != chunk.from {
                waiting.is_answered = true;
                waiting.header.resp_spi = header.resp_spi;
                waiting.read(&header, octets);
                self.write(sheet);
            }
            return;
        }
        self.write(sheet);
        let mut exchange = Exchange::new(header, has_marker, chunk);
        exchange.read(&header, octets);
        self.waiting = Some(exchange);
    }

    fn write(&mut self, sheet: &mut Sheet<'_>) {
        if let Some(exchange) = self.waiting.take() {
            self.written = self.written.saturating_add(1);
            exchange.write(sheet);
        }
    }
}

impl Exchange {
    const fn new(header: Header, has_marker: bool, chunk: &Chunk<'_>) -> Self {
        Self {
            at: chunk.at,
            from: chunk.from,
            header,
            has_marker,
            is_answered: false,
            is_encrypted: false,
            payloads: Vec::new(),
            offered: Vec::new(),
            chosen: Vec::new(),
            vendor_ids: Vec::new(),
            vendors: Vec::new(),
            notify: Vec::new(),
        }
    }

    fn is_same(&self, header: &Header) -> bool {
        let own = &self.header;
        own.init_spi == header.init_spi
            && own.exchange == header.exchange
            && own.message_id == header.message_id
            && own.major() == header.major()
    }

    /// Reads the payloads of a message of this exchange.
    fn read(&mut self, header: &Header, octets: &[u8]) {
        let major = header.major();
        self.is_encrypted |= header.is_encrypted();
        for (kind, body) in message::payloads(header, octets) {
            if let Some(name) = register::payload(major, kind)
                && !self.payloads.contains(&name)
            {
                self.payloads.push(name);
            }
            if SECURITY_ASSOCIATION.contains(&kind) {
                let list = if header.is_answer() {
                    &mut self.chosen
                } else {
                    &mut self.offered
                };
                *list = message::algorithms(major, body);
            } else if VENDOR_ID.contains(&kind) {
                self.vendor(body);
            } else if NOTIFICATION.contains(&kind) {
                self.notification(major, body);
            }
        }
    }

    fn vendor(&mut self, id: &[u8]) {
        let digits = text::hex(id.get(..MAX_VENDOR).unwrap_or(id));
        if self.vendor_ids.len() < MAX_KEPT && !self.vendor_ids.contains(&digits) {
            self.vendor_ids.push(digits);
        }
        if let Some(name) = register::vendor(id)
            && !self.vendors.contains(&name)
        {
            self.vendors.push(name);
        }
    }

    fn notification(&mut self, major: u8, body: &[u8]) {
        // Version 1 has its domain of interpretation before.
        let at = if major == 1 { 6 } else { 2 };
        let Some(kind) = body.get(at..).and_then(|rest| rest.first_chunk::<2>()) else {
            return;
        };
        let kind = u16::from_be_bytes(*kind);
        let name = register::notification(kind).filter(|_| major == 2);
        let name = name.map_or_else(|| kind.to_string(), str::to_owned);
        if self.notify.len() < MAX_KEPT && !self.notify.contains(&name) {
            self.notify.push(name);
        }
    }

    fn write(self, sheet: &mut Sheet<'_>) {
        let header = self.header;
        let (major, minor) = (header.major(), header.minor());
        let mut facts = Facts::new();
        facts
            .put("version_major", major)
            .put("version_minor", minor)
            .put("init_spi", text::hex(&header.init_spi))
            .put("resp_spi", text::hex(&header.resp_spi))
            .put("message_id", header.message_id)
            .put("exchange_type", header.exchange)
            .put_some(
                "exchange_type_verbose",
                register::exchange(major, header.exchange),
            )
            .put("answered", self.is_answered)
            .put_some("encrypted", self.is_encrypted.then_some(true))
            .put_some("nat_traversal", self.has_marker.then_some(true))
            .put_some("payload", some(self.payloads))
            .put_some("vendor_ids", some(self.vendor_ids))
            .put_some("vendors", some(self.vendors))
            .put_some("notify", some(self.notify));
        if !self.offered.is_empty() {
            let mut client = Facts::new();
            client.put("proposals", by_kind(&self.offered));
            facts.put("client", client);
            facts.put_some("weak_offered", some(weak(&self.offered)));
        }
        for (key, name, _) in &self.chosen {
            facts.put(key, name.as_str());
        }
        facts.put_some("weak_chosen", some(weak(&self.chosen)));
        sheet.essential(
            Essential::Version,
            format!("{major}.{minor}"),
            "ike.version_major",
        );
        sheet.transaction(self.at, facts);
    }
}

/// Each kind's algorithms as one list.
fn by_kind(algorithms: &[Algorithm]) -> Facts {
    let mut facts = Facts::new();
    for (kind, ..) in algorithms {
        let names: Vec<&str> = algorithms
            .iter()
            .filter(|(other, ..)| other == kind)
            .map(|(_, name, _)| name.as_str())
            .collect();
        facts.put(kind, names);
    }
    facts
}

fn weak(algorithms: &[Algorithm]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (_, name, is_weak) in algorithms {
        if *is_weak && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::app::Fact;

    use crate::app::protocol::Transport;
    use crate::app::test;

    use super::*;

    /// A message of RFC 7296 section 3.1 with the given flags and payloads.
    fn message(flags: u8, resp_spi: u8, exchange: u8, payloads: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (index, (_, payload)) in payloads.iter().enumerate() {
            body.push(payloads.get(index + 1).map_or(0, |(kind, _)| *kind));
            body.push(0);
            body.extend(u16::try_from(payload.len() + 4).unwrap().to_be_bytes());
            body.extend(payload);
        }
        let mut octets = vec![7; 8];
        octets.extend([resp_spi; 8]);
        octets.extend([
            payloads.first().map_or(0, |(kind, _)| *kind),
            0x20,
            exchange,
            flags,
        ]);
        octets.extend([0; 4]);
        octets.extend(u32::try_from(body.len() + 28).unwrap().to_be_bytes());
        octets.extend(body);
        octets
    }

    /// A security association of one proposal (RFC 7296 sections 3.3.1 and 3.3.2).
    fn proposal(transforms: &[(u8, u16, Option<u16>)]) -> Vec<u8> {
        let mut list = Vec::new();
        for (index, (kind, id, length)) in transforms.iter().enumerate() {
            let more = if index + 1 < transforms.len() { 3 } else { 0 };
            let len = if length.is_some() { 12 } else { 8 };
            list.extend([more, 0, 0, len, *kind, 0]);
            list.extend(id.to_be_bytes());
            if let Some(length) = length {
                list.extend([0x80, 14]);
                list.extend(length.to_be_bytes());
            }
        }
        let count = u8::try_from(transforms.len()).unwrap();
        let mut octets = vec![0, 0];
        octets.extend(u16::try_from(list.len() + 8).unwrap().to_be_bytes());
        octets.extend([1, 1, 0, count]);
        octets.extend(list);
        octets
    }

    fn words(facts: &Facts, path: &str) -> Vec<String> {
        let mut at = facts.all();
        for key in path.split('.') {
            match at.get(key) {
                Some(Fact::Group(group)) => at = group,
                Some(Fact::List(list)) => {
                    return list
                        .iter()
                        .map(|fact| match fact {
                            Fact::Text(text) => text.to_string(),
                            other => format!("{other:?}"),
                        })
                        .collect();
                }
                _ => return Vec::new(),
            }
        }
        Vec::new()
    }

    #[test]
    fn an_exchange_says_what_was_offered_and_what_was_chosen() {
        let offer = proposal(&[
            (1, 12, Some(256)),
            (1, 3, None),
            (2, 5, None),
            (4, 2, None),
            (4, 19, None),
        ]);
        let choice = proposal(&[(1, 12, Some(256)), (2, 5, None), (3, 12, None), (4, 2, None)]);
        let strongswan = [0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc, 0x22, 0x51].to_vec();
        let request = message(0x08, 0, 34, &[(33, offer), (43, strongswan)]);
        let answer = message(0x20, 9, 34, &[(33, choice), (41, vec![0, 0, 0x40, 0x04])]);
        let auth = message(0x08, 9, 35, &[(46, vec![1; 40])]);

        for marker in [&[][..], &[0, 0, 0, 0]] {
            let [request, answer, auth] =
                [&request, &answer, &auth].map(|message| [marker, message].concat());
            let seen = test::converse(
                Transport::Udp,
                [40_000, 9999],
                &[
                    (End::Orig, &request),
                    (End::Orig, &request),
                    (End::Resp, &answer),
                    (End::Orig, &auth),
                ],
            );

            assert_eq!(seen.app.service, "ike");
            let [init, auth] = seen.transactions("ike")[..] else {
                panic!("{seen:?}")
            };
            assert_eq!(init.text("exchange_type_verbose"), Some("IKE_SA_INIT"));
            assert_eq!(words(init, "client.proposals.alg_enc"), ["AES_CBC_256", "3DES"]);
            assert_eq!(words(init, "weak_offered"), ["3DES", "MODP_1024"]);
            assert_eq!(words(init, "weak_chosen"), ["MODP_1024"]);
            assert_eq!(init.text("alg_auth"), Some("HMAC_SHA2_256_128"));
            assert_eq!(init.text("resp_spi"), Some("0909090909090909"));
            assert_eq!(words(init, "vendors"), ["strongSwan"]);
            assert_eq!(words(init, "notify"), ["NAT_DETECTION_SOURCE_IP"]);
            assert_eq!(init.get("nat_traversal").is_some(), !marker.is_empty());
            assert_eq!(auth.get("encrypted"), Some(true.into()));
            assert_eq!(auth.get("answered"), Some(false.into()));
        }
    }

    #[test]
    fn a_probe_of_version_1_names_its_algorithms_and_makers() {
        let Some(path) = test::capture("scan/gen-nmap-udp-top60.pcap") else {
            return;
        };
        let flows = test::flows_of(&path);
        let mut of_500 = flows
            .iter()
            .filter(|flow| flow.resp.1 == 500 && flow.seen.app.service == "ike");

        // tshark: two transforms with 3DES-CBC and DES-CBC, SHA and MD5, group 2, RTP ID 3.
        let facts = of_500.clone().flat_map(|flow| flow.seen.transactions("ike"));
        let makers = facts
            .clone()
            .find(|facts| facts.get("vendors").is_some())
            .unwrap();
        assert_eq!(
            words(makers, "vendors"),
            [
                "Windows",
                "Cisco Fragmentation",
                "NAT-T draft 02",
                "Microsoft Vid-Initial-Contact"
            ]
        );
        assert_eq!(words(makers, "client.proposals.alg_enc"), ["3DES"]);
        assert_eq!(words(makers, "client.proposals.alg_hash"), ["SHA1", "MD5"]);
        assert_eq!(words(makers, "client.proposals.alg_dh"), ["MODP_1024"]);
        assert!(of_500.all(|flow| flow.seen.app.get(Essential::Version) == Some("1.0")));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(flags: u8, kind in 0_u8..60, exchange in 30_u8..45, body: Vec<u8>) {
            let octets = message(flags, 1, exchange, &[(kind, body)]);
            test::converse(Transport::Udp, [500, 500], &[(End::Orig, &octets), (End::Resp, &octets)]);
        }

        #[test]
        fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let seen = test::converse(Transport::Udp, [500, 500], &[(End::Orig, &octets)]);
            prop_assert_ne!(seen.app.service, "ike");
        }
    }
}
