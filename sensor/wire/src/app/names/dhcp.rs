//! DHCP and BOOTP: who asked for an address, what it calls itself, and what it was given.
//!
//! Sources: RFC 2131 section 2, RFC 2132, RFC 3396 (long options), RFC 4702 (client FQDN). The keys
//! are Suricata's; those it has not are Zeek's. `params` lists the options that a client asks for
//! in its own order (option 55), which tells systems apart.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use dhcproto::v4::borrowed::DhcpOptionIterator;
use sekisho_model::MacAddress;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use super::dns::name;
use crate::app::parser::{Chunk, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets before the options.
const HEADER: usize = 236;
/// What the options begin with.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Addresses of a list that are kept.
const MAX_ADDRESSES: usize = 16;
/// Facts of a usual message.
const USUAL: usize = 16;
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    title: "DHCP",
    transports: &[Transport::Udp],
    ports: &[67, 68],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("type", FactKind::Text, "向き", "Direction"),
    row("id", FactKind::Number, "識別子", "Identifier"),
    row("dhcp_type", FactKind::Text, "メッセージ", "Message"),
    row(
        "client_mac",
        FactKind::Text,
        "端末の MAC アドレス",
        "Client's MAC address",
    ),
    row(
        "client_ip",
        FactKind::Text,
        "端末の現アドレス",
        "Client's present address",
    ),
    row(
        "assigned_ip",
        FactKind::Text,
        "割り当てアドレス",
        "Assigned address",
    ),
    row("next_server_ip", FactKind::Text, "起動サーバー", "Next server"),
    row("relay_ip", FactKind::Text, "中継", "Relay"),
    row(
        "requested_ip",
        FactKind::Text,
        "希望アドレス",
        "Requested address",
    ),
    row("hostname", FactKind::Text, "ホスト名", "Host name"),
    row("client_fqdn", FactKind::Text, "端末の FQDN", "Client's full name"),
    row("client_id", FactKind::Text, "端末識別子", "Client identifier"),
    row(
        "vendor_class_identifier",
        FactKind::Text,
        "ベンダー種別",
        "Vendor class",
    ),
    row("user_class", FactKind::Text, "利用者種別", "User class"),
    row("params", FactKind::Text, "要求オプション", "Options asked for"),
    row("server_id", FactKind::Text, "サーバー識別子", "Server identifier"),
    row("lease_time", FactKind::Number, "貸出秒数", "Lease (s)"),
    row(
        "renewal_time",
        FactKind::Number,
        "更新までの秒数",
        "Renewal after (s)",
    ),
    row(
        "rebinding_time",
        FactKind::Number,
        "再結合までの秒数",
        "Rebinding after (s)",
    ),
    row("subnet_mask", FactKind::Text, "サブネットマスク", "Subnet mask"),
    row("routers", FactKind::Text, "ルーター", "Routers"),
    row("dns_servers", FactKind::Text, "DNS サーバー", "DNS servers"),
    row("ntp_servers", FactKind::Text, "NTP サーバー", "NTP servers"),
    row("domain", FactKind::Text, "ドメイン", "Domain"),
    row(
        "proxy_url",
        FactKind::Text,
        "プロキシ自動設定",
        "Proxy configuration",
    ),
    row("message", FactKind::Text, "サーバーの言葉", "Server's words"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    let Some(&[op, kind, length, hops, ..]) = hint.octets.first_chunk::<28>() else {
        return Probe::No;
    };
    if !matches!(op, REQUEST | REPLY) || length > 16 || hops > 32 {
        return Probe::No;
    }
    match hint.octets.get(HEADER..).and_then(|rest| rest.first_chunk()) {
        Some(&COOKIE) => Probe::Sure,
        // BOOTP without options, or the beginning of a message; Ethernet is the kind nearly always.
        _ if kind == 1 && length == 6 => Probe::Likely,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Dhcp)
}

/// Messages stand alone: a flow of broadcasts is that of many clients.
struct Dhcp;

impl Parser for Dhcp {
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let Some(facts) = message(chunk.octets) else {
            sheet.anomaly("malformed_data");
            return Read::Took(chunk.octets.len());
        };
        if facts.text("type") == Some("request") {
            let full = facts.text("client_fqdn").map(|name| (name, "dhcp.client_fqdn"));
            let short = facts.text("hostname").map(|name| (name, "dhcp.hostname"));
            if let Some((host, from)) = short.or(full) {
                sheet.essential(Essential::ClientHost, host, from);
            }
        }
        if chunk.cut > 0 {
            sheet.partial();
        }
        sheet.transaction(chunk.at, facts);
        Read::Took(chunk.octets.len())
    }
}

/// The facts of a message; none where not even its addresses are there.
fn message(octets: &[u8]) -> Option<Facts> {
    let &[op, kind, length, _, id @ .., h0, h1, h2, h3, h4, h5] = octets.first_chunk::<34>()?;
    let (id, _) = id.split_first_chunk()?;
    let mut facts = Facts::with_room(USUAL);
    facts
        .put("type", if op == REQUEST { "request" } else { "reply" })
        .put("id", u32::from_be_bytes(*id));
    if (kind, length) == (1, 6) {
        facts.put("client_mac", MacAddress([h0, h1, h2, h3, h4, h5]));
    }
    let options = octets.get(HEADER..).and_then(|rest| rest.strip_prefix(&COOKIE));
    let overload = options.map_or(0, |options| read(options, &mut facts));
    // The fields of boot file and server name may hold further options (RFC 2132 section 9.3).
    for (bit, field) in [(1, 108..HEADER), (2, 44..108)] {
        if overload & bit != 0 {
            read(octets.get(field).unwrap_or_default(), &mut facts);
        }
    }
    for (key, at) in [
        ("client_ip", 12),
        ("assigned_ip", 16),
        ("next_server_ip", 20),
        ("relay_ip", 24),
    ] {
        let address = octets.get(at..).and_then(address);
        facts.put_some(key, address.filter(|address| !address.is_unspecified()));
    }
    Some(facts)
}

/// Reads options; answers which other fields hold some more.
fn read(octets: &[u8], facts: &mut Facts) -> u8 {
    let mut overload = 0;
    for option in DhcpOptionIterator::new(octets) {
        let data = option.data();
        match u8::from(option.code()) {
            1 => one_address("subnet_mask", data, facts),
            3 => addresses("routers", data, facts),
            6 => addresses("dns_servers", data, facts),
            12 => words("hostname", data, facts),
            15 => words("domain", data, facts),
            42 => addresses("ntp_servers", data, facts),
            50 => one_address("requested_ip", data, facts),
            51 => number("lease_time", data, facts),
            52 => overload = data.first().copied().unwrap_or(0),
            53 => _ = facts.put_some("dhcp_type", data.first().map(|kind| kind_name(*kind))),
            54 => one_address("server_id", data, facts),
            55 => _ = facts.put("params", numbers(data)),
            56 => words("message", data, facts),
            58 => number("renewal_time", data, facts),
            59 => number("rebinding_time", data, facts),
            60 => words("vendor_class_identifier", data, facts),
            61 => _ = facts.put("client_id", client_id(data)),
            77 => words("user_class", data, facts),
            81 => _ = facts.put_some("client_fqdn", full_name(data)),
            252 => words("proxy_url", data, facts),
            _ => {}
        }
    }
    overload
}

fn kind_name(kind: u8) -> Cow<'static, str> {
    match kind {
        1 => "discover".into(),
        2 => "offer".into(),
        3 => "request".into(),
        4 => "decline".into(),
        5 => "ack".into(),
        6 => "nak".into(),
        7 => "release".into(),
        8 => "inform".into(),
        9 => "force_renew".into(),
        10 => "lease_query".into(),
        11 => "lease_unassigned".into(),
        12 => "lease_unknown".into(),
        13 => "lease_active".into(),
        other => other.to_string().into(),
    }
}

fn address(octets: &[u8]) -> Option<Ipv4Addr> {
    octets.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets))
}

fn one_address(key: &'static str, data: &[u8], facts: &mut Facts) {
    facts.put_some(key, address(data));
}

fn addresses(key: &'static str, data: &[u8], facts: &mut Facts) {
    let (list, _) = data.as_chunks::<4>();
    facts.put_list(key, |below| {
        for octets in list.iter().take(MAX_ADDRESSES) {
            below.add("", Ipv4Addr::from(*octets));
        }
    });
}

fn number(key: &'static str, data: &[u8], facts: &mut Facts) {
    facts.put_some(key, data.first_chunk().map(|octets| u32::from_be_bytes(*octets)));
}

/// Some senders end their words with a zero.
fn words(key: &'static str, data: &[u8], facts: &mut Facts) {
    let end = data.iter().rposition(|octet| *octet != 0);
    let end = end.map_or(0, |last| last.saturating_add(1));
    if end > 0 {
        facts.put(key, text::of(data.get(..end).unwrap_or_default()));
    }
}

fn numbers(data: &[u8]) -> String {
    let mut list = String::with_capacity(data.len().saturating_mul(4));
    for (at, number) in data.iter().enumerate() {
        if at > 0 {
            list.push(',');
        }
        text::push_decimal(u16::from(*number), &mut list);
    }
    list
}

/// A MAC address behind its kind as one, anything else as hexadecimal digits.
fn client_id(data: &[u8]) -> String {
    match data {
        &[1, a, b, c, d, e, f] => MacAddress([a, b, c, d, e, f]).to_string(),
        _ => text::hex(data.get(..text::MAX).unwrap_or(data)),
    }
}

/// The name behind flags and two codes: as in DNS, or as words in old clients.
fn full_name(data: &[u8]) -> Option<Box<str>> {
    let (&[flags, _, _], rest) = data.split_first_chunk()?;
    if rest.is_empty() {
        None
    } else if flags & 0x04 == 0 {
        Some(text::of(rest))
    } else {
        Some(name::partial(rest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::parser::End::{Orig, Resp};
    use crate::app::test;

    fn message_of(op: u8, options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; HEADER];
        message[..4].copy_from_slice(&[op, 1, 6, 0]);
        message[4..8].copy_from_slice(&7_u32.to_be_bytes());
        message[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
        message.extend(COOKIE);
        message.extend(options);
        message
    }

    #[test]
    fn a_client_says_its_name_and_what_it_wants() {
        let options = b"\x35\x01\x01\x0c\x05alice\x3c\x08MSFT 5.0\x37\x04\x01\x03\x06\x0f\
                        \x3d\x07\x01\x02\0\0\0\0\x01\x32\x04\xc0\0\x02\x09\xff";

        let seen = test::converse(Transport::Udp, [68, 67], &[(Orig, &message_of(REQUEST, options))]);

        assert_eq!(seen.app.service, "dhcp");
        assert_eq!(seen.app.get(Essential::ClientHost), Some("alice"));
        assert_eq!(
            serde_json::to_value(seen.transactions("dhcp")[0]).unwrap(),
            serde_json::json!({
                "type": "request", "id": 7, "client_mac": "02:00:00:00:00:01", "dhcp_type": "discover",
                "hostname": "alice", "vendor_class_identifier": "MSFT 5.0", "params": "1,3,6,15",
                "client_id": "02:00:00:00:00:01", "requested_ip": "192.0.2.9",
            })
        );
    }

    #[test]
    fn options_in_the_fields_of_boot_file_and_server_are_read() {
        let mut message = message_of(REPLY, b"\x34\x01\x03\xff");
        message[108..113].copy_from_slice(b"\x0f\x02jp\xff");
        message[44..51].copy_from_slice(b"\x33\x04\0\0\x0e\x10\xff");

        let seen = test::converse(Transport::Udp, [68, 67], &[(Resp, &message)]);

        let facts = seen.transactions("dhcp");
        assert_eq!(
            (facts[0].text("domain"), facts[0].number("lease_time")),
            (Some("jp"), Some(3600))
        );
    }

    #[test]
    fn a_full_name_may_be_words_or_labels() {
        assert_eq!(full_name(b"\x05\0\0\x02pc\x03lan\0").as_deref(), Some("pc.lan"));
        assert_eq!(full_name(b"\x04\0\0\x02pc").as_deref(), Some("pc"));
        assert_eq!(full_name(b"\0\0\0pc.lan").as_deref(), Some("pc.lan"));
    }

    /// tshark -Y dhcp -T fields on the capture.
    #[test]
    fn a_capture_is_read_as_tshark_reads_it() {
        let Some(path) = test::capture("app/zeek-dhcp-dhcp.pcap") else {
            return;
        };
        let flows = test::flows_of(&path);
        let all: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("dhcp"))
            .collect();

        assert_eq!(all.len(), 9);
        let of = |kind| {
            *all.iter()
                .find(|facts| facts.text("dhcp_type") == Some(kind))
                .unwrap()
        };
        assert_eq!(of("discover").text("hostname"), Some("btest.is.cool"));
        assert_eq!(of("discover").text("requested_ip"), Some("192.168.211.194"));
        let offer = serde_json::to_value(of("offer")).unwrap();
        assert_eq!(offer["vendor_class_identifier"], "ArubaAP");
        assert_eq!(offer["server_id"], "128.2.6.152");
        assert_eq!(offer["lease_time"], 900);
        assert_eq!(offer["assigned_ip"], "128.2.6.97");
        assert_eq!(offer["routers"], serde_json::json!(["128.2.6.1"]));
        assert_eq!(
            offer["dns_servers"],
            serde_json::json!(["128.2.1.11", "128.2.1.10"])
        );
        assert_eq!(offer["domain"], "cmu.edu");
    }

    proptest! {
        #[test]
        fn no_octets_make_a_reader_panic(
            op in 1..=2_u8,
            options: Vec<u8>,
            length in 0..300_usize,
        ) {
            let mut message = message_of(op, &options);
            message.truncate(length.max(30));
            test::converse(Transport::Udp, [68, 67], &[(Orig, &message)]);
        }

        #[test]
        fn random_octets_are_no_message(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let seen = test::converse(Transport::Udp, [4000, 9999], &[(Orig, &octets)]);

            prop_assert!(seen.app.service != "dhcp");
        }
    }
}
