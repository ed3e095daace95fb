//! ARP and RARP: which hardware address has which IP address.
//!
//! Sources: RFC 826, RFC 903 (RARP), RFC 5227 (probes and announcements). The keys are Suricata's;
//! `gratuitous` and `probe` are ours.

use std::net::Ipv4Addr;

use sekisho_model::MacAddress;
use sekisho_model::app::{FactKind, FactRow, Facts};

use super::Local;
use crate::app::protocol::row;

/// ARP's row of the table.
pub const LOCAL: Local = Local {
    name: "arp",
    title: "ARP",
    facts: FACTS,
};

const FACTS: &[FactRow] = &[
    row("hw_type", FactKind::Text, "ハードウェア種別", "Hardware type"),
    row("proto_type", FactKind::Text, "プロトコル種別", "Protocol type"),
    row("opcode", FactKind::Text, "操作", "Operation"),
    row(
        "src_mac",
        FactKind::Text,
        "送信元 MAC アドレス",
        "Sender's MAC address",
    ),
    row(
        "src_ip",
        FactKind::Text,
        "送信元 IP アドレス",
        "Sender's IP address",
    ),
    row(
        "dest_mac",
        FactKind::Text,
        "対象 MAC アドレス",
        "Target's MAC address",
    ),
    row(
        "dest_ip",
        FactKind::Text,
        "対象 IP アドレス",
        "Target's IP address",
    ),
    row("gratuitous", FactKind::Flag, "自己通知", "About itself"),
    row("probe", FactKind::Flag, "重複確認", "Probe for a conflict"),
];

/// Octets of a message about IPv4 on Ethernet.
const LEN: usize = 28;
/// Facts of one.
const USUAL: usize = 9;

/// Reads a message about IPv4 addresses on Ethernet (or on 802.11, which has its addresses).
#[must_use]
pub fn read(payload: &[u8]) -> Option<Facts> {
    let message: &[u8; LEN] = payload.first_chunk()?;
    let (head, rest) = message.split_first_chunk::<8>()?;
    let &[0, hardware @ (1 | 6), 0x08, 0x00, 6, 4, 0, opcode] = head else {
        return None;
    };
    let (source_mac, rest) = rest.split_first_chunk::<6>()?;
    let (source_ip, rest) = rest.split_first_chunk::<4>()?;
    let (target_mac, rest) = rest.split_first_chunk::<6>()?;
    let source = Ipv4Addr::from(*source_ip);
    let target = Ipv4Addr::from(*rest.first_chunk()?);
    let mut facts = Facts::with_room(USUAL);
    facts
        .add("hw_type", if hardware == 1 { "ethernet" } else { "ieee802" })
        .add("proto_type", "ipv4")
        .add("opcode", word(opcode)?)
        .add("src_mac", MacAddress(*source_mac))
        .add("src_ip", source)
        .add("dest_mac", MacAddress(*target_mac))
        .add("dest_ip", target);
    if matches!(opcode, 1 | 2) {
        if source.is_unspecified() && !target.is_unspecified() {
            facts.add("probe", opcode == 1);
        } else if source == target {
            facts.add("gratuitous", true);
        }
    }
    Some(facts)
}

/// The word of an operation (RFC 826, 903, 2390).
const fn word(opcode: u8) -> Option<&'static str> {
    Some(match opcode {
        1 => "request",
        2 => "reply",
        3 => "request_reverse",
        4 => "reply_reverse",
        8 => "request_inverse",
        9 => "reply_inverse",
        _ => return None,
    })
}
