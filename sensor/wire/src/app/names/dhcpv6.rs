//! DHCPv6: who asked for an address or a prefix, and what it was given.
//!
//! Sources: RFC 8415 sections 8, 9, 11 and 21, RFC 3646 (DNS), RFC 4704 (client FQDN). Neither
//! Suricata nor Zeek reads it; keys are those of `dhcp` where the meaning is the same.

use std::net::Ipv6Addr;

use sekisho_model::MacAddress;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::dns::name;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Relays that a message may have passed (RFC 8415 section 7.6: HOP_COUNT_LIMIT).
const MAX_RELAYS: usize = 8;
/// Addresses, prefixes and names of each kind that are kept.
const MAX_LIST: usize = 16;
/// Octets of an identifier of client or server (RFC 8415 section 11.1).
const MAX_DUID: usize = 130;
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
const CLIENT_ID: u16 = 1;
const RELAYED: u16 = 9;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dhcpv6",
    title: "DHCPv6",
    transports: &[Transport::Udp],
    ports: &[546, 547],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("type", FactKind::Text, "向き", "Direction"),
    row("id", FactKind::Number, "識別子", "Identifier"),
    row("dhcp_type", FactKind::Text, "メッセージ", "Message"),
    row("client_id", FactKind::Text, "端末の DUID", "Client's DUID"),
    row(
        "client_mac",
        FactKind::Text,
        "DUID 中の MAC アドレス",
        "MAC address in the DUID",
    ),
    row("server_id", FactKind::Text, "サーバーの DUID", "Server's DUID"),
    row(
        "assigned_ip",
        FactKind::Text,
        "割り当てアドレス",
        "Assigned addresses",
    ),
    row(
        "assigned_prefix",
        FactKind::Text,
        "割り当てプレフィックス",
        "Assigned prefixes",
    ),
    row("lease_time", FactKind::Number, "貸出秒数", "Lease (s)"),
    row("hostname", FactKind::Text, "ホスト名", "Host name"),
    row(
        "vendor_class_identifier",
        FactKind::Text,
        "ベンダー種別",
        "Vendor class",
    ),
    row("enterprise", FactKind::Number, "ベンダー番号", "Vendor number"),
    row("params", FactKind::Text, "要求オプション", "Options asked for"),
    row("dns_servers", FactKind::Text, "DNS サーバー", "DNS servers"),
    row("domain", FactKind::Text, "ドメイン", "Domains"),
    row("status", FactKind::Number, "状態コード", "Status code"),
    row("relay_ip", FactKind::Text, "中継", "Relay"),
    row("peer_ip", FactKind::Text, "中継の相手", "Relay's peer"),
];

/// Codes with their data, until the octets end or do not fit.
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[c0, c1, l0, l1], rest) = self.0.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
        self.0 = rest;
        Some((u16::from_be_bytes([c0, c1]), data))
    }
}

/// The options of a message behind its head, and whether it is a relay's.
fn options(octets: &[u8]) -> Option<(Options<'_>, bool)> {
    match *octets.first()? {
        RELAY_FORWARD | RELAY_REPLY => Some((Options(octets.get(34..)?), true)),
        1..=11 => Some((Options(octets.get(4..)?), false)),
        _ => None,
    }
}

/// Believed at its ports; anywhere where every option fits and one is a client's identifier of a
/// known kind or the message that a relay passes on.
fn probe(hint: &Hint<'_>) -> Probe {
    let Some((mut options, is_relay)) = options(hint.octets) else {
        return Probe::No;
    };
    let mut is_known = false;
    for (code, data) in options.by_ref() {
        let of_kind = matches!(data, [0, 1..=4, _, _, ..]);
        is_known |= code == if is_relay { RELAYED } else { CLIENT_ID } && (is_relay || of_kind);
    }
    if options.0.is_empty() && is_known && !is_relay {
        Probe::Sure
    } else {
        Probe::Likely
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Dhcpv6)
}

/// Messages stand alone.
struct Dhcpv6;

impl Parser for Dhcpv6 {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let took = Read::Took(chunk.octets.len());
        let Some(facts) = message(chunk.octets) else {
            sheet.anomaly("malformed_data");
            return took;
        };
        if let (Some(host), Some("request")) = (facts.text("hostname"), facts.text("type")) {
            sheet.essential(Essential::ClientHost, host, "dhcpv6.hostname");
        }
        if chunk.cut > 0 {
            sheet.partial();
        }
        sheet.transaction(chunk.at, facts);
        took
    }
}

/// The facts of a message; of one that relays pass on those of the message inside.
fn message(mut octets: &[u8]) -> Option<Facts> {
    let mut facts = Facts::new();
    for _ in 0..MAX_RELAYS {
        let (mut options, is_relay) = options(octets)?;
        if !is_relay {
            break;
        }
        for (key, at) in [("relay_ip", 2), ("peer_ip", 18)] {
            let address = octets.get(at..).and_then(|octets| octets.first_chunk::<16>());
            facts.put_some(key, address.map(|octets| Ipv6Addr::from(*octets).to_string()));
        }
        octets = options.find_map(|(code, data)| (code == RELAYED).then_some(data))?;
    }
    let &[kind, i0, i1, i2] = octets.first_chunk()?;
    facts
        .put(
            "type",
            if matches!(kind, 2 | 7 | 10) {
                "reply"
            } else {
                "request"
            },
        )
        .put("id", u32::from_be_bytes([0, i0, i1, i2]))
        .put("dhcp_type", kind_name(kind)?);
    let (options, _) = options(octets)?;
    let mut leases = Leases::default();
    for (code, data) in options {
        option(code, data, &mut facts, &mut leases);
    }
    leases.put(&mut facts);
    Some(facts)
}

fn kind_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "solicit",
        2 => "advertise",
        3 => "request",
        4 => "confirm",
        5 => "renew",
        6 => "rebind",
        7 => "reply",
        8 => "release",
        9 => "decline",
        10 => "reconfigure",
        11 => "information_request",
        _ => return None,
    })
}

fn option(code: u16, data: &[u8], facts: &mut Facts, leases: &mut Leases) {
    match code {
        CLIENT_ID => {
            facts.put("client_id", duid(data));
            facts.put_some("client_mac", mac(data));
        }
        2 => _ = facts.put("server_id", duid(data)),
        // Addresses, temporary ones, prefixes; each with its own options.
        3 | 25 => leases.read(data.get(12..)),
        4 => leases.read(data.get(4..)),
        6 => {
            let (list, _) = data.as_chunks::<2>();
            let list: Vec<String> = list
                .iter()
                .take(text::MAX)
                .map(|octets| u16::from_be_bytes(*octets).to_string())
                .collect();
            facts.put("params", list.join(","));
        }
        13 => leases.status(data),
        16 => {
            if let Some((&enterprise, rest)) = data.split_first_chunk() {
                facts.put("enterprise", u32::from_be_bytes(enterprise));
                facts.put_some("vendor_class_identifier", rest.get(2..).map(text::of));
            }
        }
        23 => {
            let (list, _) = data.as_chunks::<16>();
            let list: Vec<String> = list
                .iter()
                .take(MAX_LIST)
                .map(|octets| Ipv6Addr::from(*octets).to_string())
                .collect();
            facts.put("dns_servers", list);
        }
        24 => _ = facts.put("domain", domains(data)),
        39 => {
            let host = data.get(1..).filter(|name| !name.is_empty()).map(name::partial);
            facts.put_some("hostname", host);
        }
        _ => {}
    }
}

fn duid(data: &[u8]) -> String {
    text::hex(data.get(..MAX_DUID).unwrap_or(data))
}

/// The Ethernet address in an identifier made of one, with a time or without.
fn mac(duid: &[u8]) -> Option<MacAddress> {
    let address = match duid {
        [0, 1, 0, 1, _, _, _, _, address @ ..] | [0, 3, 0, 1, address @ ..] => address,
        _ => return None,
    };
    Some(MacAddress(address.try_into().ok()?))
}

fn domains(data: &[u8]) -> Vec<Box<str>> {
    let (mut list, mut at) = (Vec::new(), 0);
    while list.len() < MAX_LIST
        && at < data.len()
        && let Ok((name, after)) = name::read(data, at)
    {
        list.push(name);
        at = after;
    }
    list
}

/// What was given.
#[derive(Default)]
struct Leases {
    addresses: Vec<String>,
    prefixes: Vec<String>,
    lifetime: Option<u32>,
    status: Option<u16>,
}

impl Leases {
    fn read(&mut self, options: Option<&[u8]>) {
        for (code, data) in Options(options.unwrap_or_default()) {
            match (code, data) {
                (5, data) => {
                    if let Some((address, rest)) = data.split_first_chunk::<16>()
                        && self.addresses.len() < MAX_LIST
                    {
                        self.addresses.push(Ipv6Addr::from(*address).to_string());
                        self.valid(rest.get(4..));
                    }
                }
                (26, data) => {
                    if let Some((&[_, _, _, _, v0, v1, v2, v3, length], rest)) = data.split_first_chunk()
                        && let Some(prefix) = rest.first_chunk::<16>()
                        && self.prefixes.len() < MAX_LIST
                    {
                        self.prefixes
                            .push(format!("{}/{length}", Ipv6Addr::from(*prefix)));
                        self.valid(Some(&[v0, v1, v2, v3]));
                    }
                }
                (13, data) => self.status(data),
                _ => {}
            }
        }
    }

    fn valid(&mut self, octets: Option<&[u8]>) {
        let lifetime = octets.and_then(|octets| octets.first_chunk());
        let lifetime = lifetime.map(|octets| u32::from_be_bytes(*octets));
        self.lifetime = self.lifetime.or(lifetime);
    }

    fn status(&mut self, data: &[u8]) {
        let status = data.first_chunk().map(|octets| u16::from_be_bytes(*octets));
        self.status = self.status.or(status);
    }

    fn put(self, facts: &mut Facts) {
        for (key, list) in [
            ("assigned_ip", self.addresses),
            ("assigned_prefix", self.prefixes),
        ] {
            if !list.is_empty() {
                facts.put(key, list);
            }
        }
        facts.put_some("lease_time", self.lifetime);
        facts.put_some("status", self.status);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::parser::End::Orig;
    use crate::app::test;

    /// A solicitation with a link-layer identifier, a name and a vendor, as RFC 8415 lays it out.
    const SOLICIT: &[u8] = b"\x01\x12\x34\x56\0\x01\0\x0e\0\x01\0\x01\x1c\0\0\0\x02\0\0\0\0\x07\
        \0\x06\0\x04\0\x17\0\x18\0\x10\0\x0e\0\0\x01\x37\0\x08MSFT 5.0\0\x27\0\x05\0\x03pc1";

    #[test]
    fn a_client_says_its_name_and_what_it_wants() {
        let seen = test::converse(Transport::Udp, [546, 547], &[(Orig, SOLICIT)]);

        assert_eq!(seen.app.service, "dhcpv6");
        assert_eq!(seen.app.get(Essential::ClientHost), Some("pc1"));
        assert_eq!(
            serde_json::to_value(seen.transactions("dhcpv6")[0]).unwrap(),
            serde_json::json!({
                "type": "request", "id": 0x12_3456, "dhcp_type": "solicit",
                "client_id": "000100011c000000020000000007", "client_mac": "02:00:00:00:00:07",
                "params": "23,24", "enterprise": 311, "vendor_class_identifier": "MSFT 5.0",
                "hostname": "pc1",
            })
        );
    }

    #[test]
    fn a_relayed_message_is_read_inside() {
        let mut relayed = vec![RELAY_FORWARD, 0];
        relayed.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        relayed.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        relayed.extend([0, 9, 0, u8::try_from(SOLICIT.len()).unwrap()]);
        relayed.extend(SOLICIT);

        let seen = test::converse(Transport::Udp, [547, 547], &[(Orig, &relayed)]);

        let facts = seen.transactions("dhcpv6");
        assert_eq!(facts[0].text("dhcp_type"), Some("solicit"));
        assert_eq!(facts[0].text("relay_ip"), Some("2001:db8::1"));
        assert_eq!(facts[0].text("peer_ip"), Some("fe80::2"));
    }

    /// tshark -Y dhcpv6 -V on the capture.
    #[test]
    fn a_capture_is_read_as_tshark_reads_it() {
        let Some(path) = test::capture("encap/zeek-pppoe.pcap") else {
            return;
        };
        let flows = test::flows_of(&path);
        let all: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("dhcpv6"))
            .collect();

        let kinds: Vec<_> = all.iter().filter_map(|facts| facts.text("dhcp_type")).collect();
        assert_eq!(kinds, ["solicit", "request", "advertise", "reply"]);
        assert_eq!(
            serde_json::to_value(all[2]).unwrap(),
            serde_json::json!({
                "type": "reply", "id": 0xfc_24ab, "dhcp_type": "advertise",
                "server_id": "00030001ca010e880008", "client_id": "00030001cc050e880000",
                "client_mac": "cc:05:0e:88:00:00", "domain": ["ipv6.test.com"],
                "assigned_prefix": ["fc00:0:2:100::/56"], "lease_time": 125,
            })
        );
    }

    proptest! {
        #[test]
        fn no_octets_make_a_reader_panic(kind in 0..14_u8, rest: Vec<u8>, options: Vec<(u8, Vec<u8>)>) {
            let mut message = vec![kind];
            message.extend(&rest);
            test::converse(Transport::Udp, [546, 547], &[(Orig, &message)]);
            let mut message = vec![kind.clamp(1, 11), 0, 0, 0];
            for (code, data) in &options {
                message.extend([0, code % 40]);
                message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                message.extend(data);
            }
            test::converse(Transport::Udp, [546, 547], &[(Orig, &message)]);
        }

        #[test]
        fn random_octets_are_no_message(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let seen = test::converse(Transport::Udp, [4000, 9999], &[(Orig, &octets)]);

            prop_assert!(seen.app.service != "dhcpv6");
        }
    }
}
