//! LLDP: what a device on the other end of a cable says it is.
//!
//! Sources: IEEE 802.1AB section 8 (mandatory and basic TLVs), IEEE 802.1Q annex D (port VLAN),
//! ANSI/TIA-1057 section 10.2 (inventory of LLDP-MED).

use std::net::{Ipv4Addr, Ipv6Addr};

use sekisho_model::MacAddress;
use sekisho_model::app::{FactKind, FactRow, Facts};

use super::Local;
use crate::app::protocol::row;
use crate::app::text;

/// LLDP's row of the table.
pub const LOCAL: Local = Local {
    name: "lldp",
    title: "LLDP",
    facts: FACTS,
};

const FACTS: &[FactRow] = &[
    row("chassis_id", FactKind::Text, "筐体識別子", "Chassis"),
    row("port_id", FactKind::Text, "ポート識別子", "Port"),
    row("ttl", FactKind::Number, "有効秒数", "Lifetime (s)"),
    row(
        "port_description",
        FactKind::Text,
        "ポートの説明",
        "Port description",
    ),
    row("system_name", FactKind::Text, "機器名", "System name"),
    row(
        "system_description",
        FactKind::Text,
        "機器の説明",
        "System description",
    ),
    row("capabilities", FactKind::Text, "機能", "Capabilities"),
    row(
        "enabled_capabilities",
        FactKind::Text,
        "有効な機能",
        "Enabled capabilities",
    ),
    row(
        "management_addresses",
        FactKind::Text,
        "管理アドレス",
        "Management addresses",
    ),
    row("port_vlan", FactKind::Number, "ポート VLAN", "Port VLAN"),
    row(
        "hardware_revision",
        FactKind::Text,
        "ハードウェア版",
        "Hardware revision",
    ),
    row(
        "firmware_revision",
        FactKind::Text,
        "ファームウェア版",
        "Firmware revision",
    ),
    row(
        "software_revision",
        FactKind::Text,
        "ソフトウェア版",
        "Software revision",
    ),
    row("serial", FactKind::Text, "シリアル番号", "Serial number"),
    row("manufacturer", FactKind::Text, "製造者", "Manufacturer"),
    row("model", FactKind::Text, "型番", "Model"),
    row("asset_id", FactKind::Text, "資産番号", "Asset number"),
];

/// TLVs of a message that are read.
const MAX_TLVS: usize = 64;
/// Management addresses that are kept.
const MAX_ADDRESSES: usize = 8;
/// Bits of the capabilities, lowest first.
const CAPABILITIES: [&str; 11] = [
    "other",
    "repeater",
    "bridge",
    "wlan_access_point",
    "router",
    "telephone",
    "docsis",
    "station",
    "c_vlan",
    "s_vlan",
    "two_port_mac_relay",
];

/// Reads a message; none where it does not begin with chassis and port.
#[must_use]
pub fn read(payload: &[u8]) -> Option<Facts> {
    let mut facts = Facts::new();
    let mut addresses = Vec::new();
    let mut rest = payload;
    for _ in 0..MAX_TLVS {
        let Some((head, after)) = rest.split_first_chunk::<2>() else {
            break;
        };
        let head = u16::from_be_bytes(*head);
        let Some((value, after)) = after.split_at_checked(usize::from(head & 0x01ff)) else {
            break;
        };
        rest = after;
        match head >> 9 {
            0 => break,
            1 => _ = facts.put_some("chassis_id", identifier(value, [4, 5])),
            2 => _ = facts.put_some("port_id", identifier(value, [3, 4])),
            3 => {
                let ttl = value.first_chunk().map(|octets| u16::from_be_bytes(*octets));
                facts.put_some("ttl", ttl);
            }
            4 => words("port_description", value, &mut facts),
            5 => words("system_name", value, &mut facts),
            6 => words("system_description", value, &mut facts),
            7 => {
                if let Some(&[c0, c1, e0, e1]) = value.first_chunk() {
                    facts
                        .put("capabilities", capabilities([c0, c1]))
                        .put("enabled_capabilities", capabilities([e0, e1]));
                }
            }
            8 if addresses.len() < MAX_ADDRESSES => addresses.extend(management(value)),
            127 => organisation(value, &mut facts),
            _ => {}
        }
    }
    facts.get("chassis_id")?;
    facts.get("port_id")?;
    if !addresses.is_empty() {
        facts.put("management_addresses", addresses);
    }
    Some(facts)
}

/// An identifier behind its kind; `kinds` are those of a MAC address and of a network address.
fn identifier(value: &[u8], kinds: [u8; 2]) -> Option<Box<str>> {
    let (kind, value) = value.split_first()?;
    let [mac, network] = kinds;
    let shown = if *kind == mac {
        value.try_into().ok().map(|octets| MacAddress(octets).to_string())
    } else if *kind == network {
        value
            .split_first()
            .and_then(|(family, address)| network_address(*family, address))
    } else {
        None
    };
    Some(shown.map_or_else(|| plain(value), Into::into))
}

/// Words where the octets are some, hexadecimal digits where not.
fn plain(value: &[u8]) -> Box<str> {
    if value.iter().all(|octet| matches!(octet, 0x20..=0x7e)) {
        text::of(value)
    } else {
        text::hex(value.get(..text::MAX).unwrap_or(value)).into()
    }
}

/// An address of a family of IANA's "Address Family Numbers".
fn network_address(family: u8, octets: &[u8]) -> Option<String> {
    match family {
        1 => Some(Ipv4Addr::from(*octets.first_chunk::<4>()?).to_string()),
        2 => Some(Ipv6Addr::from(*octets.first_chunk::<16>()?).to_string()),
        6 => Some(MacAddress(*octets.first_chunk()?).to_string()),
        _ => None,
    }
}

fn management(value: &[u8]) -> Option<String> {
    let (length, rest) = value.split_first()?;
    let (family, address) = rest.get(..usize::from(*length))?.split_first()?;
    network_address(*family, address)
}

fn capabilities(bits: [u8; 2]) -> Vec<&'static str> {
    let bits = u16::from_be_bytes(bits);
    let names = CAPABILITIES.iter().enumerate();
    names
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}

fn organisation(value: &[u8], facts: &mut Facts) {
    let Some((&[o0, o1, o2, kind], value)) = value.split_first_chunk() else {
        return;
    };
    let key = match ([o0, o1, o2], kind) {
        ([0x00, 0x80, 0xc2], 1) => {
            let vlan = value.first_chunk().map(|octets| u16::from_be_bytes(*octets));
            facts.put_some("port_vlan", vlan);
            return;
        }
        ([0x00, 0x12, 0xbb], 5) => "hardware_revision",
        ([0x00, 0x12, 0xbb], 6) => "firmware_revision",
        ([0x00, 0x12, 0xbb], 7) => "software_revision",
        ([0x00, 0x12, 0xbb], 8) => "serial",
        ([0x00, 0x12, 0xbb], 9) => "manufacturer",
        ([0x00, 0x12, 0xbb], 10) => "model",
        ([0x00, 0x12, 0xbb], 11) => "asset_id",
        _ => return,
    };
    words(key, value, facts);
}

fn words(key: &'static str, value: &[u8], facts: &mut Facts) {
    if !value.is_empty() {
        facts.put(key, text::of(value));
    }
}
