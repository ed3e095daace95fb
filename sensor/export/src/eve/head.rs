//! What every EVE line begins with: when, of which flow, what, and between whom.

use sekisho_model::app::FlowRef;
use sekisho_model::{Endpoint, FlowRecord, MacAddress, Protocol, Timestamp};

use crate::line::{Line, Word, begin, object, pairs};

/// The head of a line about a flow record.
pub(super) fn of_record(line: &mut Line, record: &FlowRecord, event_type: &'static str, at: Timestamp) {
    let is_icmp = matches!(record.protocol, Protocol::ICMP | Protocol::ICMPV6);
    let has_ports = record.protocol.has_ports() && record.has_ports;
    let has_type = is_icmp && record.has_ports;
    begin(
        line,
        at,
        record.flow_id,
        event_type,
        record.vlan,
        record.inner_vlan,
    );
    ends(line, record.orig, record.resp, has_ports);
    pairs!(line;
        "proto": proto(record.protocol),
        "icmp_type"?: has_type.then_some(record.orig.port),
        "icmp_code"?: has_type.then_some(record.resp.port),
        "community_id"?: some(&record.community_id),
        "ether"?: ether(record.orig_mac, record.resp_mac),
    );
}

/// The head of a line about a conversation: one over TCP or UDP with known ports.
pub(super) fn of_ref(line: &mut Line, flow: &FlowRef, event_type: &'static str, at: Timestamp) {
    begin(line, at, flow.flow_id, event_type, flow.vlan, flow.inner_vlan);
    ends(line, flow.orig, flow.resp, true);
    pairs!(line;
        "proto": proto(flow.protocol),
        "community_id"?: some(&flow.community_id),
        "ether"?: ether(flow.orig_mac, flow.resp_mac),
    );
}

/// The head of a line about no flow, with the MAC address that sent the frame where there is one.
pub(super) fn bare(line: &mut Line, mac: Option<MacAddress>, event_type: &'static str, at: Timestamp) {
    begin!(line;
        "timestamp": at,
        "event_type": Word(event_type),
        "ether"?: ether(mac, None),
    );
}

fn begin(
    line: &mut Line,
    at: Timestamp,
    flow_id: u64,
    event_type: &'static str,
    vlan: Option<u16>,
    inner_vlan: Option<u16>,
) {
    begin!(line;
        "timestamp": at,
        "flow_id": flow_id,
        "event_type": Word(event_type),
        "vlan"?: vlans(vlan, inner_vlan),
    );
}

fn ends(line: &mut Line, orig: Endpoint, resp: Endpoint, has_ports: bool) {
    pairs!(line;
        "src_ip": orig.address,
        "src_port"?: has_ports.then_some(orig.port),
        "dest_ip": resp.address,
        "dest_port"?: has_ports.then_some(resp.port),
    );
}

/// The tags, the outer one first.
fn vlans(outer: Option<u16>, inner: Option<u16>) -> Option<impl FnOnce(&mut Line)> {
    (outer.is_some() || inner.is_some())
        .then_some(move |line: &mut Line| line.list(outer.into_iter().chain(inner)))
}

/// A protocol as Suricata writes it.
fn proto(protocol: Protocol) -> impl FnOnce(&mut Line) {
    move |line| match (protocol, protocol.name()) {
        (Protocol::TCP, _) => line.raw("\"TCP\""),
        (Protocol::UDP, _) => line.raw("\"UDP\""),
        (Protocol::ICMPV6, _) => line.raw("\"IPv6-ICMP\""),
        (_, Some(name)) => line.text(&name.to_ascii_uppercase()),
        (Protocol(number), None) => {
            line.raw("\"");
            line.number(u64::from(number));
            line.raw("\"");
        }
    }
}

fn ether(source: Option<MacAddress>, target: Option<MacAddress>) -> Option<impl FnOnce(&mut Line)> {
    (source.is_some() || target.is_some()).then_some(move |line: &mut Line| match (source, target) {
        (Some(source), target) => {
            object!(line; "src_mac": source, "dest_mac"?: target,);
        }
        (None, target) => {
            object!(line; "dest_mac": target.unwrap_or_default(),);
        }
    })
}

/// Words that are left out where there are none.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
