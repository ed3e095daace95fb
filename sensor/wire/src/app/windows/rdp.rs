//! RDP: who connects (the cookie's name as a digest), which security is asked for and chosen, and,
//! where the connection goes on in the clear, the client's host and build. Behind the choice of TLS
//! the flow is TLS.
//!
//! Source: MS-RDPBCGR sections 2.2.1.1 to 2.2.1.4; RFC 1006 (TPKT); T.124 (conference data).

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::held::Held;
use crate::app::octets::{be16, le16, le32, octet, span, until_nul, utf16};
use crate::app::parser::{Chunk, End, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of TPKT, and of it with X.224's connection header.
const TPKT: usize = 4;
const CONNECTION: usize = 11;
/// Octets of a packet that are read.
const MAX_PACKET: usize = 4 * 1024;
/// Packets in the clear after which nothing more is expected.
const MAX_PACKETS: u8 = 8;
/// Blocks of settings, and channels, that are read.
const MAX_BLOCKS: usize = 16;
const COOKIE: &[u8] = b"Cookie: mstshash=";
const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rdp",
    title: "RDP",
    transports: &[Transport::Tcp],
    ports: &[3389],
    kin: &["tls"],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("tx_id", FactKind::Number, "番号", "Number"),
    row("event_type", FactKind::Text, "段階", "Step"),
    row("user_digest", FactKind::Text, "利用者（要約値）", "User (digest)"),
    row(
        "has_routing_token",
        FactKind::Flag,
        "負荷分散の印",
        "Routing token present",
    ),
    row(
        "requested_protocols",
        FactKind::Text,
        "求めた保護",
        "Protocols asked for",
    ),
    row("flags", FactKind::Text, "求めた機能", "Flags asked for"),
    row("protocol", FactKind::Text, "選ばれた保護", "Protocol chosen"),
    row(
        "server_supports",
        FactKind::Text,
        "サーバの機能",
        "Server supports",
    ),
    row("error_code", FactKind::Number, "エラー番号", "Error code"),
    row("reason", FactKind::Text, "理由", "Reason"),
    row(
        "client.version",
        FactKind::Text,
        "クライアントの版",
        "Client version",
    ),
    row(
        "client.desktop_width",
        FactKind::Number,
        "画面の幅",
        "Desktop width",
    ),
    row(
        "client.desktop_height",
        FactKind::Number,
        "画面の高さ",
        "Desktop height",
    ),
    row(
        "client.keyboard_layout",
        FactKind::Text,
        "キーボード",
        "Keyboard layout",
    ),
    row("client.build", FactKind::Text, "ビルド", "Build"),
    row("client.client_name", FactKind::Text, "端末名", "Client name"),
    row("channels", FactKind::Text, "チャネル", "Channels"),
    row(
        "encryption_method",
        FactKind::Text,
        "暗号の方式",
        "Encryption method",
    ),
    row(
        "encryption_level",
        FactKind::Text,
        "暗号の水準",
        "Encryption level",
    ),
];

/// TPKT with X.224's connection request or confirmation, and in it what only RDP has there; without
/// that the port must say it (S7 and others use the same envelope).
fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    let is_start = [3, 0].iter().zip(octets).all(|(want, have)| want == have);
    let is_kind = octets
        .get(5)
        .is_none_or(|kind| matches!(*kind, REQUEST | CONFIRM));
    let len = be16(octets, 2).map(usize::from);
    let is_len = len.is_none_or(|len| (CONNECTION..=512).contains(&len));
    let is_inner = len
        .zip(octet(octets, 4))
        .is_none_or(|(len, inner)| usize::from(inner).saturating_add(5) == len);
    if octets.is_empty() || !is_start || !is_kind || !is_len || !is_inner {
        return Probe::No;
    }
    let Some(rest) = octets.get(CONNECTION..) else {
        return if octets.len() < 8 {
            Probe::More
        } else {
            Probe::Likely
        };
    };
    let is_sure = rest.starts_with(b"Cookie: ")
        || matches!(
            (octet(octets, 5), rest),
            (Some(REQUEST), [1, _, 8, 0, ..]) | (Some(CONFIRM), [2 | 3, _, 8, 0, ..])
        );
    match (is_sure, rest) {
        (true, _) => Probe::Sure,
        // Parameters of a transport connection: not RDP's.
        (false, [0xc0..=0xc2, ..]) => Probe::No,
        (false, _) => Probe::Likely,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Rdp {
        waiting: None,
        number: 0,
        packets: 0,
    })
}

struct Rdp {
    /// A request that was not answered.
    waiting: Option<(Timestamp, Facts)>,
    number: u64,
    packets: u8,
}

impl Parser for Rdp {
    fn held(&self) -> usize {
        self.waiting.as_ref().map_or(0, |(_, facts)| facts.held())
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        if octets.first().is_some_and(|first| *first != 3) {
            // TLS without a confirmation that was seen, or fast-path output: no more names.
            return Read::Became {
                took: 0,
                protocol: None,
            };
        }
        let Some(len) = be16(octets, 2).map(usize::from) else {
            return Read::Need(TPKT);
        };
        let wanted = len.clamp(TPKT, MAX_PACKET);
        let Some(packet) = octets.get(..wanted) else {
            return Read::Need(wanted);
        };
        let is_tls = match octet(packet, 5) {
            Some(REQUEST) => {
                self.request(packet, chunk.at, sheet);
                false
            }
            Some(CONFIRM) => self.confirm(packet, chunk.at, sheet),
            _ => self.settings(packet, chunk, sheet),
        };
        self.packets = self.packets.saturating_add(1);
        if is_tls {
            return Read::Became {
                took: wanted,
                protocol: Some("tls"),
            };
        }
        if self.packets == MAX_PACKETS {
            return Read::Done;
        }
        Read::Skip {
            took: wanted,
            skip: u64::try_from(len.saturating_sub(wanted)).unwrap_or(u64::MAX),
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        if let Some((at, facts)) = self.waiting.take() {
            sheet.transaction(at, facts);
        }
    }
}

impl Rdp {
    fn begin(&mut self, step: &'static str) -> Facts {
        let mut facts = Facts::new();
        facts.put("tx_id", self.number).put("event_type", step);
        self.number = self.number.saturating_add(1);
        facts
    }

    /// A request with its answer: the step is the answer's, all else of both.
    fn answer(&mut self, step: &'static str, at: Timestamp) -> (Timestamp, Facts) {
        let Some((at, request)) = self.waiting.take() else {
            return (at, self.begin(step));
        };
        let mut facts = Facts::new();
        for (key, fact) in request.iter() {
            if key == "event_type" {
                facts.put(key, step);
            } else {
                facts.put(key, fact);
            }
        }
        (at, facts)
    }

    fn request(&mut self, packet: &[u8], at: Timestamp, sheet: &mut Sheet<'_>) {
        let mut facts = self.begin("initial_request");
        let mut rest = packet.get(CONNECTION..).unwrap_or_default();
        if rest.starts_with(b"Cookie: ") {
            let end = rest
                .iter()
                .position(|octet| *octet == b'\r')
                .unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            match line.strip_prefix(COOKIE) {
                Some(name) => {
                    let account = name.rsplit(|octet| *octet == b'\\').next().unwrap_or(name);
                    let digest = text::user_digest(account);
                    sheet.essential(Essential::User, digest.clone(), "rdp.cookie");
                    facts.put("user_digest", digest);
                }
                None => {
                    facts.put("has_routing_token", true);
                }
            }
            rest = rest.get(end.saturating_add(2)..).unwrap_or_default();
        }
        if let ([1, flags, 8, 0, ..], Some(asked)) = (rest, le32(rest, 4)) {
            let words = [
                (0, "rdp"),
                (1, "ssl"),
                (2, "hybrid"),
                (4, "rds_tls"),
                (8, "hybrid_ex"),
                (16, "rds_aad"),
            ];
            let asked = words.iter().filter(|(bit, _)| asked & bit != 0 || asked == *bit);
            facts.put(
                "requested_protocols",
                asked.map(|(_, word)| *word).collect::<Vec<_>>(),
            );
            let words = [
                (1, "restricted_admin_mode_required"),
                (2, "redirected_authentication_mode_required"),
                (8, "correlation_info_present"),
            ];
            flags_of(*flags, &words, "flags", &mut facts);
        }
        self.waiting = Some((at, facts));
    }

    /// Whether TLS follows.
    fn confirm(&mut self, packet: &[u8], at: Timestamp, sheet: &mut Sheet<'_>) -> bool {
        let (at, mut facts) = self.answer("initial_response", at);
        let rest = packet.get(CONNECTION..).unwrap_or_default();
        let mut is_tls = false;
        match (rest, le32(rest, 4)) {
            ([2, flags, 8, 0, ..], Some(chosen)) => {
                is_tls = chosen != 0;
                let word = match chosen {
                    0 => "rdp",
                    1 => "ssl",
                    2 => "hybrid",
                    4 => "rds_tls",
                    8 => "hybrid_ex",
                    16 => "rds_aad",
                    _ => "unknown",
                };
                facts.put("protocol", word);
                let words = [
                    (1, "extended_client_data"),
                    (2, "dynvc_gfx"),
                    (8, "restricted_admin"),
                    (16, "redirected_authentication"),
                ];
                flags_of(*flags, &words, "server_supports", &mut facts);
            }
            ([3, _, 8, 0, ..], Some(code)) => {
                let reason = match code {
                    1 => "ssl required by server",
                    2 => "ssl not allowed by server",
                    3 => "ssl cert not on server",
                    4 => "inconsistent flags",
                    5 => "hybrid required by server",
                    6 => "ssl with user auth required by server",
                    _ => "unknown",
                };
                facts.put("error_code", code).put("reason", reason);
            }
            _ => {
                facts.put("protocol", "rdp");
            }
        }
        sheet.transaction(at, facts);
        is_tls
    }

    /// Settings of client and server in the clear.
    fn settings(&mut self, packet: &[u8], chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> bool {
        let (mark, step): (&[u8], _) = match chunk.from {
            End::Orig => (b"Duca", "connect_request"),
            End::Resp => (b"McDn", "connect_response"),
        };
        let Some(at) = packet.windows(4).position(|window| window == mark) else {
            return false;
        };
        // A length of one or two octets stands before the blocks.
        let at = at.saturating_add(4);
        let long = octet(packet, at).is_some_and(|first| first & 0x80 != 0);
        let mut rest = packet
            .get(at.saturating_add(if long { 2 } else { 1 })..)
            .unwrap_or_default();
        let (time, mut facts) = match chunk.from {
            End::Orig => (chunk.at, self.begin(step)),
            End::Resp => self.answer(step, chunk.at),
        };
        for _ in 0..MAX_BLOCKS {
            let (Some(kind), Some(len @ 4..)) = (le16(rest, 0), le16(rest, 2)) else {
                break;
            };
            let block = span(rest, 0, len.into()).unwrap_or_default();
            match kind {
                0xc001 => client(block, &mut facts, sheet),
                0xc003 => channels(block, &mut facts),
                0x0c02 => security(block, &mut facts),
                _ => {}
            }
            rest = rest.get(usize::from(len)..).unwrap_or_default();
        }
        match chunk.from {
            End::Orig => self.waiting = Some((time, facts)),
            End::Resp => {
                sheet.transaction(time, facts);
                // What follows is encrypted, or says nothing of who it is.
                self.packets = MAX_PACKETS.saturating_sub(1);
            }
        }
        false
    }
}

fn flags_of(flags: u8, words: &[(u8, &'static str)], key: &'static str, facts: &mut Facts) {
    let set = words.iter().filter(|(bit, _)| flags & bit != 0);
    let set: Vec<&str> = set.map(|(_, word)| *word).collect();
    if !set.is_empty() {
        facts.put(key, set);
    }
}

/// Client core data (MS-RDPBCGR section 2.2.1.3.2).
fn client(block: &[u8], facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let mut client = Facts::new();
    if let (Some(minor), Some(major)) = (le16(block, 4), le16(block, 6)) {
        sheet.essential(
            Essential::Version,
            format!("{major}.{minor}"),
            "rdp.client.version",
        );
        client.put("version", format!("{major}.{minor}"));
    }
    client
        .put_some("desktop_width", le16(block, 8))
        .put_some("desktop_height", le16(block, 10))
        .put_some(
            "keyboard_layout",
            le32(block, 16).map(|layout| format!("0x{layout:08x}")),
        )
        .put_some("build", le32(block, 20).map(|build| build.to_string()));
    let name = span(block, 24, 32)
        .map(|name| utf16(name, 16))
        .unwrap_or_default();
    if !name.is_empty() {
        sheet.essential(Essential::ClientHost, name.clone(), "rdp.client.client_name");
        client.put("client_name", name);
    }
    facts.put("client", client);
}

/// Client network data (section 2.2.1.3.4).
fn channels(block: &[u8], facts: &mut Facts) {
    let names = block
        .get(8..)
        .unwrap_or_default()
        .chunks_exact(12)
        .take(MAX_BLOCKS);
    let names: Vec<_> = names
        .map(|channel| text::of(until_nul(span(channel, 0, 8).unwrap_or_default())))
        .collect();
    if !names.is_empty() {
        facts.put("channels", names);
    }
}

/// Server security data (section 2.2.1.4.3).
fn security(block: &[u8], facts: &mut Facts) {
    let method = le32(block, 4).map(|method| match method {
        0 => "none",
        1 => "40bit",
        2 => "128bit",
        8 => "56bit",
        16 => "fips",
        _ => "unknown",
    });
    let level = le32(block, 8).map(|level| match level {
        0 => "none",
        1 => "low",
        2 => "client compatible",
        3 => "high",
        4 => "fips",
        _ => "unknown",
    });
    facts
        .put_some("encryption_method", method)
        .put_some("encryption_level", level);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::test;

    /// MS-RDPBCGR section 4.1.1: "Cookie: mstshash=eltons", RDP security asked for.
    const EXAMPLE: &[u8] = b"\x03\0\0\x2c\x27\xe0\0\0\0\0\0Cookie: mstshash=eltons\r\n\x01\0\x08\0\0\0\0\0";
    /// Section 4.1.2: RDP security chosen.
    const CONFIRMED: &[u8] = b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\0\0\0\0";

    #[test]
    fn the_specifications_example_is_read() {
        let chunks = [(End::Orig, EXAMPLE), (End::Resp, CONFIRMED)];

        let seen = test::converse(Transport::Tcp, [50000, 13389], &chunks);
        let cut = test::in_single_octets([50000, 3389], &chunks);

        let [facts] = &seen.transactions("rdp")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("event_type"), Some("initial_response"));
        assert_eq!(facts.text("user_digest"), Some(&*text::user_digest(b"eltons")));
        assert_eq!(facts.text("requested_protocols"), Some("rdp"));
        assert_eq!(facts.text("protocol"), Some("rdp"));
        assert_eq!(cut.transactions("rdp"), [*facts]);
    }

    #[test]
    fn a_host_in_the_clear_is_named_and_a_choice_of_tls_ends_the_reading() {
        let (Some(clear), Some(tls)) = (
            test::capture("brute_force/gen-ncrack-rdp-fast.pcap"),
            test::capture("app/zeek-rdp-rdp-to-ssl.pcap"),
        ) else {
            return;
        };

        let clear = test::flows_of(&clear);
        let tls = test::flows_of(&tls);

        let clear: Vec<_> = clear.iter().filter(|flow| flow.resp.1 == 3389).collect();
        let all = clear[0].seen.transactions("rdp");
        assert_eq!(clear[0].seen.app.service, "rdp");
        // tshark: rdp.rt_cookie, rdp.client.name and build, rdp.encryptionMethod and Level,
        // rdp.negReq.selectedProtocol.
        assert_eq!(
            all[0].text("user_digest"),
            Some(&*text::user_digest(b"NCRACK_USER"))
        );
        assert_eq!(all[1].text("event_type"), Some("connect_response"));
        assert_eq!(clear[0].seen.app.get(Essential::ClientHost), Some("NCRACK"));
        assert_eq!(all[1].text("client.build"), Some("2600"));
        assert_eq!(all[1].text("encryption_method"), Some("128bit"));
        assert_eq!(all[1].text("encryption_level"), Some("high"));
        assert_eq!(
            tls[0].seen.transactions("rdp")[0].text("protocol"),
            Some("hybrid")
        );
        assert_eq!(
            tls[0].seen.app.get(Essential::User),
            Some(&*text::user_digest(b"AWAKECODI"))
        );
    }

    #[test]
    fn the_envelope_of_a_plant_protocol_is_not_claimed() {
        // S7comm's connection request to port 102: TSAPs as parameters.
        let s7 = b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02";

        let seen = test::converse(Transport::Tcp, [50000, 3389], &[(End::Orig, s7)]);

        assert_ne!(seen.app.service, "rdp");
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>, mark: bool) {
            let mark: &[u8] = if mark { b"Duca" } else { b"McDn" };
            let packet = [b"\x03\0\0\x80\x02\xf0\x80", mark, &octets[..]].concat();
            let mut packet = packet;
            packet.resize(128, 0);
            test::converse(
                Transport::Tcp,
                [50000, 3389],
                &[(End::Orig, EXAMPLE), (End::Orig, &packet), (End::Resp, &packet), (End::Resp, &octets)],
            );
        }
    }
}
