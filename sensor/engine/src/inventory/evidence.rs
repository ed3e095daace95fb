//! What transactions say of devices.
//!
//! Who owns an address is read from ARP (RFC 826), neighbour discovery (RFC 4861), DHCP (RFC 2131,
//! RFC 9915) and from announcements of one's own name (RFC 6762).

use std::net::IpAddr;

use sekisho_model::MacAddress;
use sekisho_model::app::{Event, Fact, Facts, FlowRef, Group, Said};

use super::names;

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
    /// An address leases addresses; with the MAC address of its frames.
    Leases(IpAddr, MacAddress),
    /// An address speaks for others: the names that it is asked for are not its own.
    Proxy(IpAddr),
}

/// Evidence in what was said.
pub(super) fn of(said: &Said) -> Vec<Evidence> {
    let Event::Transaction(transaction) = &said.event else {
        return Vec::new();
    };
    let facts = &transaction.facts;
    let flow = said.flow.as_ref();
    match transaction.protocol {
        "arp" => arp(facts).into_iter().collect(),
        "ndp" => ndp(facts, said.mac).into_iter().collect(),
        "dhcp" => dhcp(facts, flow),
        "dhcpv6" => dhcpv6(facts),
        "lldp" => named(said, facts, "lldp.system_name", "system_name"),
        "cdp" => named(said, facts, "cdp.device_id", "device_id"),
        "dns" => answers(facts, "dns.answers"),
        "mdns" => [announced(facts, flow), answers(facts, "mdns.answers")].concat(),
        "llmnr" => answers(facts, "llmnr.answers"),
        "nbns" => answers(facts, "nbns.answers"),
        "http" => proxy(facts, flow).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn mac(facts: &Facts, path: &str) -> Option<MacAddress> {
    MacAddress::parse(facts.text(path)?)
}

fn address(facts: &Facts, path: &str) -> Option<IpAddr> {
    facts.text(path)?.parse().ok()
}

/// The sender of either message; who is asked says so himself when he answers.
fn arp(facts: &Facts) -> Option<Evidence> {
    let is_plain = matches!(facts.text("opcode"), Some("request" | "reply"));
    let (mac, address) = (mac(facts, "src_mac")?, address(facts, "src_ip")?);
    is_plain.then_some(Evidence::Binding(mac, address, "arp"))
}

fn ndp(facts: &Facts, sender: Option<MacAddress>) -> Option<Evidence> {
    let (mac, address) = match facts.text("type")? {
        "neighbor_advertisement" => (mac(facts, "target_mac").or(sender), address(facts, "target")?),
        "neighbor_solicitation" => match address(facts, "src_ip")? {
            // Asked by nobody for an address: the asker is about to take it (RFC 4862 5.4.2).
            nobody if nobody.is_unspecified() => (sender, address(facts, "target")?),
            asker => (mac(facts, "src_mac"), asker),
        },
        "router_advertisement" | "router_solicitation" => (mac(facts, "src_mac"), address(facts, "src_ip")?),
        _ => return None,
    };
    Some(Evidence::Binding(mac?, address, "ndp"))
}

fn dhcp(facts: &Facts, flow: Option<&FlowRef>) -> Vec<Evidence> {
    let Some(client) = mac(facts, "client_mac") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // A client that keeps its address and asks for the rest is not given one again.
    let given = address(facts, "assigned_ip").or_else(|| address(facts, "client_ip"));
    if facts.text("dhcp_type") == Some("ack")
        && let Some(address) = given
    {
        found.push(Evidence::Binding(client, address, "dhcp"));
    }
    // What a server says of itself is not said of the client.
    if facts.text("type") == Some("request") {
        software(facts, client, ["dhcp.params", "dhcp.vendor_class"], &mut found);
        for (path, from) in [("hostname", "dhcp.hostname"), ("client_fqdn", "dhcp.client_fqdn")] {
            if let Some(name) = facts.text(path).and_then(names::of_host) {
                found.push(Evidence::NameOfMac(client, name, from));
            }
        }
    } else if let (Some(server), Some(flow)) = (address(facts, "server_id"), flow) {
        let ends = [(flow.orig, flow.orig_mac), (flow.resp, flow.resp_mac)];
        let own = ends.into_iter().find(|(end, _)| end.address == server);
        if let Some((_, Some(mac))) = own {
            found.push(Evidence::Leases(server, mac));
        }
    }
    found
}

fn dhcpv6(facts: &Facts) -> Vec<Evidence> {
    let Some(client) = mac(facts, "client_mac") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if facts.text("dhcp_type") == Some("reply") {
        if let Some(address) = address(facts, "assigned_ip") {
            found.push(Evidence::Binding(client, address, "dhcpv6"));
        }
        return found;
    }
    software(
        facts,
        client,
        ["dhcpv6.params", "dhcpv6.vendor_class"],
        &mut found,
    );
    if let Some(name) = facts.text("hostname").and_then(names::of_host) {
        found.push(Evidence::NameOfMac(client, name, "dhcpv6.hostname"));
    }
    found
}

/// Which options a client asks for, and what it calls its software.
fn software(facts: &Facts, client: MacAddress, from: [&'static str; 2], found: &mut Vec<Evidence>) {
    for (path, from) in ["params", "vendor_class_identifier"].into_iter().zip(from) {
        if let Some(value) = facts.text(path).filter(|value| !value.is_empty()) {
            found.push(Evidence::FingerprintOfMac(client, value.to_owned(), from));
        }
    }
}

fn named(said: &Said, facts: &Facts, from: &'static str, path: &str) -> Vec<Evidence> {
    match (said.mac, facts.text(path).and_then(names::of_host)) {
        (Some(mac), Some(name)) => vec![Evidence::NameOfMac(mac, name, from)],
        _ => Vec::new(),
    }
}

/// Names that answers give to addresses, forwards and backwards.
fn answers(facts: &Facts, from: &'static str) -> Vec<Evidence> {
    let named = |answer: Group<'_>| {
        let owner = answer.text("rrname")?;
        let data = answer.text("rdata")?;
        let (address, name) = match data.parse() {
            Ok(address) => (address, owner),
            Err(_) => (names::of_pointer(owner)?, data),
        };
        Some(Evidence::NameOfAddress(address, names::of_host(name)?, from))
    };
    records(facts).filter_map(named).collect()
}

/// A host that announces its own address by multicast, which no router passes on.
fn announced(facts: &Facts, flow: Option<&FlowRef>) -> Vec<Evidence> {
    let Some((mac, own)) = flow.and_then(|flow| Some((flow.orig_mac?, flow.orig.address))) else {
        return Vec::new();
    };
    let is_own =
        records(facts).any(|answer| answer.text("rdata").and_then(|data| data.parse().ok()) == Some(own));
    is_own
        .then_some(Evidence::Binding(mac, own, "mdns"))
        .into_iter()
        .collect()
}

fn records(facts: &Facts) -> impl Iterator<Item = Group<'_>> {
    let answers = match facts.get("answers") {
        Some(Fact::List(answers)) => Some(answers),
        _ => None,
    };
    let answers = answers.into_iter().flat_map(|answers| answers.iter());
    answers.filter_map(|answer| match answer {
        Fact::Group(answer) => Some(answer),
        _ => None,
    })
}

/// A request that names a whole address, or asks for a tunnel, is for a proxy (RFC 9112 3.2); who grants
/// it is one. An address within the query of another is none.
fn proxy(facts: &Facts, flow: Option<&FlowRef>) -> Option<Evidence> {
    let is_tunnel = facts.text("http_method") == Some("CONNECT");
    let is_absolute = facts.text("url").is_some_and(is_whole);
    let is_granted = facts
        .number("status")
        .is_some_and(|status| (200..400).contains(&status));
    flow.filter(|_| (is_tunnel || is_absolute) && is_granted)
        .map(|flow| Evidence::Proxy(flow.resp.address))
}

/// Whether a URL begins with its scheme, in any case of letters (RFC 3986 3.1).
fn is_whole(url: &str) -> bool {
    ["http://", "https://"].into_iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}
