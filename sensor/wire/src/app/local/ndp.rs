//! Neighbour discovery of IPv6: routers, prefixes, name servers, and whose address is whose.
//!
//! Sources: RFC 4861 sections 4.1 to 4.6, RFC 8106 (name servers), RFC 4191 (preference, routes).
//! Suricata has no such event; the words are those of the RFC.

use std::net::Ipv6Addr;

use sekisho_model::MacAddress;
use sekisho_model::app::{FactKind, FactRow, Facts};

use super::Local;
use crate::app::protocol::row;

/// NDP's row of the table.
pub const LOCAL: Local = Local {
    name: "ndp",
    title: "Neighbor Discovery",
    facts: FACTS,
};

const FACTS: &[FactRow] = &[
    row("type", FactKind::Text, "種別", "Message"),
    row(
        "hop_limit",
        FactKind::Number,
        "ホップ制限",
        "Hop limit of the packet",
    ),
    row("src_ip", FactKind::Text, "送信元アドレス", "Sender's address"),
    row("dest_ip", FactKind::Text, "宛先アドレス", "Receiver's address"),
    row(
        "src_mac",
        FactKind::Text,
        "送信元 MAC アドレス",
        "Sender's MAC address",
    ),
    row(
        "target_mac",
        FactKind::Text,
        "対象 MAC アドレス",
        "Target's MAC address",
    ),
    row("target", FactKind::Text, "対象アドレス", "Target"),
    row("destination", FactKind::Text, "宛先", "Destination"),
    row("probe", FactKind::Flag, "重複確認", "Probe for a conflict"),
    row("router", FactKind::Flag, "ルーターである", "Is a router"),
    row(
        "solicited",
        FactKind::Flag,
        "問い合わせへの応答",
        "Answers a question",
    ),
    row("override", FactKind::Flag, "上書き", "Overrides"),
    row(
        "current_hop_limit",
        FactKind::Number,
        "推奨ホップ制限",
        "Hop limit to use",
    ),
    row(
        "managed",
        FactKind::Flag,
        "DHCPv6 でアドレス",
        "Addresses by DHCPv6",
    ),
    row(
        "other",
        FactKind::Flag,
        "DHCPv6 でその他",
        "Other settings by DHCPv6",
    ),
    row("preference", FactKind::Text, "優先度", "Preference"),
    row(
        "router_lifetime",
        FactKind::Number,
        "ルーター有効秒数",
        "Router lifetime (s)",
    ),
    row("mtu", FactKind::Number, "MTU", "MTU"),
    row("prefixes.prefix", FactKind::Text, "プレフィックス", "Prefix"),
    row("prefixes.on_link", FactKind::Flag, "同一リンク", "On link"),
    row("prefixes.autonomous", FactKind::Flag, "自動設定", "Autonomous"),
    row(
        "prefixes.valid_lifetime",
        FactKind::Number,
        "有効秒数",
        "Valid lifetime (s)",
    ),
    row(
        "prefixes.preferred_lifetime",
        FactKind::Number,
        "推奨秒数",
        "Preferred lifetime (s)",
    ),
    row("routes", FactKind::Text, "経路", "Routes"),
    row("dns_servers", FactKind::Text, "DNS サーバー", "DNS servers"),
];

/// The word of a neighbour solicitation.
pub(super) const SOLICITATION: &str = "neighbor_solicitation";
/// Prefixes, routes and name servers of a message that are kept, each.
const MAX_LIST: usize = 16;
/// Octets of the whole head of each message.
const HEAD: usize = 8;

/// Reads an ICMPv6 message of types 133 to 137, from its type on.
#[must_use]
pub fn read(message: &[u8]) -> Option<Facts> {
    let (&[kind, code, _, _, a, b, c, d], rest) = message.split_first_chunk::<HEAD>()?;
    if code != 0 {
        return None;
    }
    let mut facts = Facts::new();
    let options = match kind {
        133 => {
            facts.put("type", "router_solicitation");
            rest
        }
        134 => {
            facts
                .put("type", "router_advertisement")
                .put("current_hop_limit", a)
                .put("managed", b & 0x80 != 0)
                .put("other", b & 0x40 != 0)
                .put("preference", preference(b))
                .put("router_lifetime", u16::from_be_bytes([c, d]));
            // Reachable time and retransmission timer.
            rest.get(8..).unwrap_or_default()
        }
        135 => {
            facts.put("type", SOLICITATION);
            address("target", rest, &mut facts)?
        }
        136 => {
            facts
                .put("type", "neighbor_advertisement")
                .put("router", a & 0x80 != 0)
                .put("solicited", a & 0x40 != 0)
                .put("override", a & 0x20 != 0);
            address("target", rest, &mut facts)?
        }
        137 => {
            facts.put("type", "redirect");
            let rest = address("target", rest, &mut facts)?;
            address("destination", rest, &mut facts)?
        }
        _ => return None,
    };
    read_options(options, &mut facts);
    Some(facts)
}

/// The default router preference (RFC 4191 section 2.2).
const fn preference(flags: u8) -> &'static str {
    match flags >> 3 & 3 {
        1 => "high",
        3 => "low",
        _ => "medium",
    }
}

fn address<'a>(key: &'static str, octets: &'a [u8], facts: &mut Facts) -> Option<&'a [u8]> {
    let (address, rest) = octets.split_first_chunk::<16>()?;
    facts.put(key, Ipv6Addr::from(*address).to_string());
    Some(rest)
}

fn read_options(mut octets: &[u8], facts: &mut Facts) {
    let (mut prefixes, mut routes, mut servers) = (Vec::new(), Vec::new(), Vec::new());
    // A length of none would never end (RFC 4861 section 4.6).
    while let Some(&[kind, length]) = octets.first_chunk()
        && length != 0
        && let Some((option, rest)) = octets.split_at_checked(usize::from(length).saturating_mul(8))
    {
        octets = rest;
        let body = option.get(2..).unwrap_or_default();
        match kind {
            1 => _ = facts.put_some("src_mac", mac(body)),
            2 => _ = facts.put_some("target_mac", mac(body)),
            3 if prefixes.len() < MAX_LIST => prefixes.extend(prefix(body)),
            5 => {
                let mtu = body.get(2..).and_then(|body| body.first_chunk());
                facts.put_some("mtu", mtu.map(|octets| u32::from_be_bytes(*octets)));
            }
            24 if routes.len() < MAX_LIST => routes.extend(route(body)),
            25 => {
                let (list, _) = body.get(6..).unwrap_or_default().as_chunks::<16>();
                let room = MAX_LIST.saturating_sub(servers.len());
                let list = list.iter().take(room);
                servers.extend(list.map(|octets| Ipv6Addr::from(*octets).to_string()));
            }
            _ => {}
        }
    }
    if !prefixes.is_empty() {
        facts.put("prefixes", prefixes);
    }
    if !routes.is_empty() {
        facts.put("routes", routes);
    }
    if !servers.is_empty() {
        facts.put("dns_servers", servers);
    }
}

fn mac(body: &[u8]) -> Option<String> {
    body.first_chunk().map(|octets| MacAddress(*octets).to_string())
}

fn prefix(body: &[u8]) -> Option<Facts> {
    let (&[length, flags, v0, v1, v2, v3, p0, p1, p2, p3, ..], rest) = body.split_first_chunk::<14>()?;
    let address = Ipv6Addr::from(*rest.first_chunk::<16>()?);
    let mut facts = Facts::new();
    facts
        .put("prefix", format!("{address}/{length}"))
        .put("on_link", flags & 0x80 != 0)
        .put("autonomous", flags & 0x40 != 0)
        .put("valid_lifetime", u32::from_be_bytes([v0, v1, v2, v3]))
        .put("preferred_lifetime", u32::from_be_bytes([p0, p1, p2, p3]));
    Some(facts)
}

/// A route's prefix may have 0, 8 or 16 octets (RFC 4191 section 2.3).
fn route(body: &[u8]) -> Option<String> {
    let (&[length, ..], given) = body.split_first_chunk::<6>()?;
    let mut octets = [0; 16];
    for (place, octet) in octets.iter_mut().zip(given) {
        *place = *octet;
    }
    Some(format!("{}/{length}", Ipv6Addr::from(octets)))
}
