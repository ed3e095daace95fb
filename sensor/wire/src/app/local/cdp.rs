//! CDP: what a device of Cisco's, or one that speaks like it, says it is.
//!
//! Source: Cisco's "Catalyst LAN switching: Cisco Discovery Protocol packet format", and the types
//! as Wireshark reads them.

use std::net::{Ipv4Addr, Ipv6Addr};

use sekisho_model::app::{FactKind, FactRow, Facts};

use super::Local;
use crate::app::protocol::row;
use crate::app::text;

/// CDP's row of the table.
pub const LOCAL: Local = Local {
    name: "cdp",
    title: "CDP",
    facts: FACTS,
};

const FACTS: &[FactRow] = &[
    row("version", FactKind::Number, "版", "Version"),
    row("ttl", FactKind::Number, "有効秒数", "Lifetime (s)"),
    row("device_id", FactKind::Text, "機器識別子", "Device"),
    row("port_id", FactKind::Text, "ポート識別子", "Port"),
    row("platform", FactKind::Text, "機種", "Platform"),
    row(
        "software_version",
        FactKind::Text,
        "ソフトウェア版",
        "Software version",
    ),
    row("capabilities", FactKind::Text, "機能", "Capabilities"),
    row("addresses", FactKind::Text, "アドレス", "Addresses"),
    row(
        "management_addresses",
        FactKind::Text,
        "管理アドレス",
        "Management addresses",
    ),
    row("vtp_domain", FactKind::Text, "VTP ドメイン", "VTP domain"),
    row("native_vlan", FactKind::Number, "ネイティブ VLAN", "Native VLAN"),
    row("duplex", FactKind::Text, "通信方式", "Duplex"),
];

/// TLVs of a message that are read.
const MAX_TLVS: usize = 64;
/// Addresses of each kind that are kept.
const MAX_ADDRESSES: usize = 8;
/// Bits of the capabilities, lowest first.
const CAPABILITIES: [&str; 10] = [
    "router",
    "transparent_bridge",
    "source_route_bridge",
    "switch",
    "host",
    "igmp",
    "repeater",
    "phone",
    "remote",
    "cvta",
];

/// Reads a message; none where it is not one of versions 1 and 2 or names nothing.
#[must_use]
pub fn read(payload: &[u8]) -> Option<Facts> {
    let (&[version @ 1..=2, ttl, _, _], mut rest) = payload.split_first_chunk()? else {
        return None;
    };
    let mut facts = Facts::new();
    facts.put("version", version).put("ttl", ttl);
    for _ in 0..MAX_TLVS {
        let Some((&[k0, k1, l0, l1], _)) = rest.split_first_chunk() else {
            break;
        };
        // The length counts its own four octets.
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let Some((tlv, after)) = rest.split_at_checked(length) else {
            break;
        };
        let Some(value) = tlv.get(4..) else {
            break;
        };
        rest = after;
        match u16::from_be_bytes([k0, k1]) {
            0x0001 => words("device_id", value, &mut facts),
            0x0002 => addresses("addresses", value, &mut facts),
            0x0003 => words("port_id", value, &mut facts),
            0x0004 => {
                if let Some(bits) = value.first_chunk().map(|octets| u32::from_be_bytes(*octets)) {
                    facts.put("capabilities", capabilities(bits));
                }
            }
            0x0005 => words("software_version", value, &mut facts),
            0x0006 => words("platform", value, &mut facts),
            0x0009 => words("vtp_domain", value, &mut facts),
            0x000a => {
                let vlan = value.first_chunk().map(|octets| u16::from_be_bytes(*octets));
                facts.put_some("native_vlan", vlan);
            }
            0x000b => {
                let duplex = value.first().map(|full| if *full == 0 { "half" } else { "full" });
                facts.put_some("duplex", duplex);
            }
            0x0016 => addresses("management_addresses", value, &mut facts),
            _ => {}
        }
    }
    let names = ["device_id", "port_id", "platform"];
    names.iter().any(|key| facts.get(key).is_some()).then_some(facts)
}

fn words(key: &'static str, value: &[u8], facts: &mut Facts) {
    if !value.is_empty() {
        facts.put(key, text::of(value));
    }
}

fn capabilities(bits: u32) -> Vec<&'static str> {
    let names = CAPABILITIES.iter().enumerate();
    names
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}

/// Addresses behind their number, each with its protocol: NLPID 0xcc for IPv4, an 802.2 header that
/// ends in the EtherType for IPv6.
fn addresses(key: &'static str, value: &[u8], facts: &mut Facts) {
    let mut list: Vec<String> = Vec::new();
    let mut rest = value.get(4..).unwrap_or_default();
    while list.len() < MAX_ADDRESSES
        && let Some((protocol, address, after)) = one_address(rest)
    {
        match (protocol, address) {
            (&[0xcc], address) => {
                let address = address.first_chunk::<4>();
                list.extend(address.map(|octets| Ipv4Addr::from(*octets).to_string()));
            }
            (&[.., 0x86, 0xdd], address) => {
                let address = address.first_chunk::<16>();
                list.extend(address.map(|octets| Ipv6Addr::from(*octets).to_string()));
            }
            _ => {}
        }
        rest = after;
    }
    if !list.is_empty() {
        facts.put(key, list);
    }
}

/// Protocol, address and what follows.
fn one_address(octets: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&[_, length], rest) = octets.split_first_chunk()?;
    let (protocol, rest) = rest.split_at_checked(usize::from(length))?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (address, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((protocol, address, rest))
}
