//! Incident 5: a host advertises itself as IPv6 router; nothing of it leaves the link.

use std::net::{IpAddr, Ipv6Addr};

use super::super::city::{self, JOHO};
use super::super::labels::Event;
use super::super::script::{SECOND, Script, at, span};
use crate::payload::ndp;
use crate::{Frame, Packet};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("rogue_router");
    let host = city::link_local(city::joho_terminal(58));
    let IpAddr::V6(source) = host.address else { return };
    let all: Ipv6Addr = "ff02::1".parse().expect("an address");
    let prefix: Ipv6Addr = "2001:db8:dead::".parse().expect("a prefix");
    let packets: Vec<_> = (0..24)
        .map(|round| {
            let frame = Frame::new(host.mac, ndp::multicast_mac(all)).vlan(JOHO.vlans[0]);
            let frame = frame.ip(source.into(), all.into()).ttl(255);
            let octets = frame.icmp(134, 0, &ndp::router_advertisement(host.mac, prefix));
            Packet::new(
                at(10, 20) + round * 10 * SECOND + random.between(0, SECOND),
                octets,
            )
        })
        .collect();
    let (start, end) = span(&packets);
    script.add_on(&JOHO, packets);
    script.announce(host, at(10, 21));
    let mac = host.mac.map(|octet| format!("{octet:02x}")).join(":");
    script.note(Event {
        kind: "rogue_ra",
        also_ok: vec!["rogue_router", "new_device"],
        src: vec![source.to_string(), mac],
        dst: vec![all.to_string()],
        start,
        end,
        proto: Some("icmpv6"),
        difficulty: "easy",
        note: "stays on the link, which the policy always allows; found by a detector, not by the policy",
        incident: 5,
        incident_name: "rogue_router",
        ..Event::default()
    });
}
