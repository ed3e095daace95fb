//! What transactions say of devices.

use std::net::IpAddr;

use sekisho_model::MacAddress;
use sekisho_model::app::{Fact, Facts, Transaction};

/// One piece of evidence, with where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Evidence {
    /// A device has an address.
    Binding(MacAddress, IpAddr, &'static str),
    /// A device has a name.
    NameOfMac(MacAddress, String, &'static str),
    /// A device shows something of its software.
    FingerprintOfMac(MacAddress, String, &'static str),
    /// An address has a name.
    NameOfAddress(IpAddr, String, &'static str),
}

/// Evidence in a transaction.
pub(super) fn of(transaction: &Transaction) -> Vec<Evidence> {
    let facts = &transaction.facts;
    match transaction.protocol {
        "arp" => arp(facts).into_iter().collect(),
        "ndp" => ndp(facts).into_iter().collect(),
        "dhcp" => dhcp(facts),
        "dhcpv6" => dhcpv6(facts),
        "lldp" => named(facts, "lldp.system_name", "system_name"),
        "cdp" => named(facts, "cdp.device_id", "device_id"),
        "dns" | "mdns" | "llmnr" | "nbns" => answers(facts, transaction.protocol),
        _ => Vec::new(),
    }
}

fn mac(facts: &Facts, path: &str) -> Option<MacAddress> {
    MacAddress::parse(facts.text(path)?)
}

fn address(facts: &Facts, path: &str) -> Option<IpAddr> {
    facts.text(path)?.parse().ok()
}

fn arp(facts: &Facts) -> Option<Evidence> {
    Some(Evidence::Binding(
        mac(facts, "src_mac")?,
        address(facts, "src_ip")?,
        "arp",
    ))
}

fn ndp(facts: &Facts) -> Option<Evidence> {
    let owner = match facts.text("type")? {
        "neighbor_advertisement" => "target",
        "neighbor_solicitation" | "router_advertisement" | "router_solicitation" => "src_ip",
        _ => return None,
    };
    Some(Evidence::Binding(
        mac(facts, "mac")?,
        address(facts, owner)?,
        "ndp",
    ))
}

fn dhcp(facts: &Facts) -> Vec<Evidence> {
    let Some(client) = mac(facts, "client_mac") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if facts.text("dhcp_type") == Some("ack")
        && let Some(address) = address(facts, "assigned_ip")
    {
        found.push(Evidence::Binding(client, address, "dhcp"));
    }
    // What a server says of itself is not said of the client.
    if facts.text("type") == Some("request") {
        for (path, from) in [
            ("params_list", "dhcp.params_list"),
            ("vendor_class", "dhcp.vendor_class"),
        ] {
            if let Some(value) = facts.text(path) {
                found.push(Evidence::FingerprintOfMac(client, value.to_owned(), from));
            }
        }
        if let Some(name) = facts.text("hostname") {
            found.push(Evidence::NameOfMac(client, name.to_owned(), "dhcp.hostname"));
        }
    }
    found
}

fn dhcpv6(facts: &Facts) -> Vec<Evidence> {
    let Some(client) = mac(facts, "client_mac") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if facts.text("dhcp_type") == Some("reply")
        && let Some(address) = address(facts, "assigned_ip")
    {
        found.push(Evidence::Binding(client, address, "dhcpv6"));
    }
    if let Some(name) = facts.text("hostname") {
        found.push(Evidence::NameOfMac(client, name.to_owned(), "dhcpv6.hostname"));
    }
    found
}

fn named(facts: &Facts, from: &'static str, path: &str) -> Vec<Evidence> {
    match (mac(facts, "src_mac"), facts.text(path)) {
        (Some(mac), Some(name)) => vec![Evidence::NameOfMac(mac, name.to_owned(), from)],
        _ => Vec::new(),
    }
}

/// Names that answers give to addresses.
fn answers(facts: &Facts, protocol: &'static str) -> Vec<Evidence> {
    let from = match protocol {
        "mdns" => "mdns.answers",
        "llmnr" => "llmnr.answers",
        "nbns" => "nbns.answers",
        _ => "dns.answers",
    };
    let Some(Fact::List(answers)) = facts.get("answers") else {
        return Vec::new();
    };
    answers
        .iter()
        .filter_map(|answer| {
            let Fact::Group(answer) = answer else { return None };
            let address = address(answer, "rdata")?;
            let name = answer.text("rrname")?.trim_end_matches('.');
            (!name.is_empty()).then(|| Evidence::NameOfAddress(address, name.to_owned(), from))
        })
        .collect()
}
