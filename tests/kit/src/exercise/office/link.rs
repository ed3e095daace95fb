//! Chatter of the link: ARP, DHCP, mDNS, LLMNR, NetBIOS names, SSDP, IPv6 neighbour discovery, LLDP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::city::{self, Host, JOHO, KOKAI, SHISHO, Segment};
use super::super::names;
use super::super::script::{MILLISECOND, SECOND, START_NS, Script};
use super::leases::{WINDOWS, lease};
use super::sometime;
use crate::frame::BROADCAST;
use crate::payload::dhcp::Client;
use crate::payload::{dns, ndp};
use crate::{Frame, Mac, Packet, Random};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("link");
    let terminals = [
        city::gyomu_terminals(),
        city::joho_terminals(),
        city::shisho_terminals(),
        city::kokai_terminals(),
    ];
    for (index, host) in terminals.into_iter().flatten().enumerate() {
        resolve_router(script, host, &mut random);
        if host.segment == &JOHO || host.segment == &KOKAI {
            neighbours(script, city::over_ipv6(host), &mut random);
            names(script, host, &mut random);
        }
        if host.segment != &SHISHO && random.chance(25) {
            announce(script, host, &mut random);
        }
        let server = if host.segment == &JOHO {
            city::joho_dhcp()
        } else {
            city::kokai_dhcp()
        };
        if (host.segment == &JOHO || host.segment == &KOKAI) && index % 4 == 0 {
            let name = names::of_terminal(host);
            let client = Client {
                name: &name,
                ..WINDOWS
            };
            let now = sometime(&mut random);
            lease(script, host, server, client, index % 8 == 0, now, &mut random);
        }
        if index % 9 == 0 && host.segment != &SHISHO {
            discover(script, host, &mut random);
        }
    }
    for (segment, prefix) in [(&JOHO, "2001:db8:20:16::"), (&KOKAI, "2001:db8:30:16::")] {
        advertise(script, segment, prefix.parse().expect("a prefix"), &mut random);
    }
    for segment in [&JOHO, &KOKAI, &city::KANRI, &city::GYOMU] {
        switches(script, segment);
    }
}

/// An untagged or tagged frame of the segment.
pub(super) fn frame(segment: &Segment, source: Mac, destination: Mac) -> Frame {
    segment
        .vlans
        .iter()
        .fold(Frame::new(source, destination), |frame, id| frame.vlan(*id))
        .padded()
}

/// The router's address on the segment.
pub(super) fn router_of(host: Host) -> Ipv4Addr {
    host.segment.gateway.parse().expect("an IPv4 address")
}

pub(super) fn resolve_router(script: &mut Script, host: Host, random: &mut Random) {
    let IpAddr::V4(address) = host.address else { return };
    let (router, router_mac) = (router_of(host), host.segment.router);
    for _ in 0..random.between(1, 2) {
        let now = sometime(random);
        let request =
            frame(host.segment, host.mac, BROADCAST).arp(true, (host.mac, address), ([0; 6], router));
        let reply =
            frame(host.segment, router_mac, host.mac).arp(false, (router_mac, router), (host.mac, address));
        let later = now + random.between(60_000, 400_000);
        script.add_on(
            host.segment,
            vec![Packet::new(now, request), Packet::new(later, reply)],
        );
        script.announce(host, now);
        script.announce(Host::gateway(host.segment), later);
    }
}

/// Solicitation of the router, and reports of the groups that the host joins; all of it stays on the link.
fn neighbours(script: &mut Script, host: Host, random: &mut Random) {
    let IpAddr::V6(address) = host.address else { return };
    let IpAddr::V6(local) = city::link_local(host).address else {
        return;
    };
    let now = sometime(random);
    let group = ndp::solicited_node(address);
    let icmp = |source: Ipv6Addr, destination: Ipv6Addr, kind: u8, body: &[u8]| {
        let frame = frame(host.segment, host.mac, ndp::multicast_mac(destination));
        frame
            .ip(source.into(), destination.into())
            .ttl(255)
            .icmp(kind, 0, body)
    };
    let tentative = icmp(
        Ipv6Addr::UNSPECIFIED,
        group,
        135,
        &ndp::neighbour_solicitation(address, None),
    );
    let routers = "ff02::2".parse().expect("an address");
    let ask = icmp(local, routers, 133, &ndp::router_solicitation(host.mac));
    let listeners: Ipv6Addr = "ff02::16".parse().expect("an address");
    let report = frame(host.segment, host.mac, ndp::multicast_mac(listeners))
        .ip(local.into(), listeners.into())
        .ttl(1)
        .router_alert()
        .icmp(143, 0, &ndp::listener_report(group));
    let router: Ipv6Addr = "fe80::1".parse().expect("an address");
    let who = icmp(
        address,
        ndp::solicited_node(router),
        135,
        &ndp::neighbour_solicitation(router, Some(host.mac)),
    );
    let here = frame(host.segment, host.segment.router, host.mac)
        .ip(router.into(), address.into())
        .ttl(255)
        .icmp(136, 0, &ndp::neighbour_advertisement(router, host.segment.router));
    for (owner, address) in [
        (host.mac, address),
        (host.mac, local),
        (host.segment.router, router),
    ] {
        let owner = Host {
            address: address.into(),
            mac: owner,
            segment: host.segment,
        };
        script.announce(owner, now + 160 * MILLISECOND);
    }
    let packets = [tentative, ask, report, who, here];
    let times = (0..).map(|step: u64| now + step * 40 * MILLISECOND);
    script.add_on(
        host.segment,
        times
            .zip(packets)
            .map(|(time, octets)| Packet::new(time, octets))
            .collect(),
    );
}

/// The segment's own router, every 200 seconds.
fn advertise(script: &mut Script, segment: &'static Segment, prefix: Ipv6Addr, random: &mut Random) {
    let router: Ipv6Addr = "fe80::1".parse().expect("an address");
    let all: Ipv6Addr = "ff02::1".parse().expect("an address");
    for round in 0..9 {
        let frame = frame(segment, segment.router, ndp::multicast_mac(all))
            .ip(router.into(), all.into())
            .ttl(255);
        let octets = frame.icmp(134, 0, &ndp::router_advertisement(segment.router, prefix));
        let now = START_NS + round * 200 * SECOND + random.between(0, 10 * SECOND);
        script.add_on(segment, vec![Packet::new(now, octets)]);
    }
}

/// mDNS and LLMNR by multicast over both IP versions.
fn names(script: &mut Script, host: Host, random: &mut Random) {
    let (id, now) = (random.word(), sometime(random));
    let local = city::link_local(city::over_ipv6(host));
    let to = |source: Host, group: &str, port: u16, payload: &[u8]| {
        let group: IpAddr = group.parse().expect("an address");
        let mac = match group {
            IpAddr::V4(group) => {
                let [_, b, c, d] = group.octets();
                [0x01, 0x00, 0x5e, b & 0x7f, c, d]
            }
            IpAddr::V6(group) => ndp::multicast_mac(group),
        };
        let (source_port, ttl) = if port == 5353 {
            (5353, 255)
        } else {
            (60_000 + id % 5_000, 1)
        };
        frame(host.segment, host.mac, mac)
            .ip(source.address, group)
            .ttl(ttl)
            .udp(source_port, port, payload)
    };
    let mdns = dns::multicast_query(0, "_ipp._tcp.local", 12);
    let llmnr = dns::multicast_query(id, "wpad", dns::A);
    let packets = vec![
        Packet::new(now, to(host, "224.0.0.251", 5353, &mdns)),
        Packet::new(now + MILLISECOND, to(local, "ff02::fb", 5353, &mdns)),
        Packet::new(now + 3 * SECOND, to(host, "224.0.0.252", 5355, &llmnr)),
        Packet::new(
            now + 3 * SECOND + MILLISECOND,
            to(local, "ff02::1:3", 5355, &llmnr),
        ),
    ];
    script.add_on(host.segment, packets);
}

/// A NetBIOS name by broadcast to the whole segment.
fn announce(script: &mut Script, host: Host, random: &mut Random) {
    let IpAddr::V4(address) = host.address else { return };
    let [a, b, ..] = address.octets();
    let broadcast = IpAddr::from([a, b, 31, 255]);
    let mut query = vec![0, 7, 0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(b"\x20EOFCEBENFJCACACACACACACACACACAAA\x00\x00\x20\x00\x01");
    let frame = frame(host.segment, host.mac, BROADCAST)
        .ip(host.address, broadcast)
        .ttl(128);
    script.add_on(
        host.segment,
        vec![Packet::new(sometime(random), frame.udp(137, 137, &query))],
    );
}

/// A host looks for devices in the whole organisation.
fn discover(script: &mut Script, host: Host, random: &mut Random) {
    let group = IpAddr::from([239, 255, 255, 250]);
    let search = b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n";
    let source_port = 50_000 + random.word() % 10_000;
    let start = sometime(random);
    let packets = (0..3).map(|step| {
        let frame = frame(host.segment, host.mac, [0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa])
            .ip(host.address, group)
            .ttl(1);
        Packet::new(start + step * SECOND, frame.udp(source_port, 1900, search))
    });
    script.add_on(host.segment, packets.collect());
}

/// LLDP from the switch, which carries no IP at all.
fn switches(script: &mut Script, segment: &'static Segment) {
    let mut body = vec![0x02, 7, 4];
    body.extend(segment.router);
    body.extend(b"\x04\x08\x05Gi1/0/1\x06\x02\x00\x78");
    let name = format!("core-{}", segment.zone);
    body.extend([0x0a, u8::try_from(name.len()).expect("a short name")]);
    body.extend(name.as_bytes());
    body.extend([0, 0]);
    script.call(Host::gateway(segment), name);
    let packets = (0..15).map(|round| {
        let frame = Frame::new(segment.router, [0x01, 0x80, 0xc2, 0, 0, 0x0e]).padded();
        Packet::new(
            START_NS + round * 120 * SECOND + 7 * SECOND,
            frame.ethernet(0x88cc, &body),
        )
    });
    script.add_on(segment, packets.collect());
}
