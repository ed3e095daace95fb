//! Every machine finds its router: ARP for IPv4, neighbour discovery for IPv6, each on its own segment.
//!
//! Switches and other devices are managed on a segment that no tap mirrors, so they are heard of only
//! behind a router.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use super::super::city::{Host, KIKI};
use super::super::script::{MILLISECOND, Script};
use super::link::{frame, resolve_router};
use super::sometime;
use crate::payload::ndp;
use crate::{Packet, Random};

/// Comes after everything else: who has said anything has said this before.
pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("hello");
    let speakers: BTreeSet<IpAddr> = script.speakers();
    for host in script.hosts() {
        if host.segment.tap.is_none() || host.segment == &KIKI || !speakers.contains(&host.address) {
            continue;
        }
        match host.address {
            IpAddr::V4(_) => resolve_router(script, host, &mut random),
            IpAddr::V6(address) => find_router(script, host, address, &mut random),
        }
    }
}

fn find_router(script: &mut Script, host: Host, address: Ipv6Addr, random: &mut Random) {
    let router: Ipv6Addr = "fe80::1".parse().expect("an address");
    let station = host.segment.router;
    let group = ndp::solicited_node(router);
    let now = sometime(random);
    let ask = frame(host.segment, host.mac, ndp::multicast_mac(group))
        .ip(address.into(), group.into())
        .ttl(255)
        .icmp(135, 0, &ndp::neighbour_solicitation(router, Some(host.mac)));
    let tell = frame(host.segment, station, host.mac)
        .ip(router.into(), address.into())
        .ttl(255)
        .icmp(136, 0, &ndp::neighbour_advertisement(router, station));
    script.add_on(
        host.segment,
        vec![Packet::new(now, ask), Packet::new(now + MILLISECOND, tell)],
    );
    script.announce(host, now);
    let router = Host {
        address: router.into(),
        mac: station,
        segment: host.segment,
    };
    script.announce(router, now + MILLISECOND);
}
