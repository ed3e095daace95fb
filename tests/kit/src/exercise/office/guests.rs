//! What makes an inventory hard: a tablet with a made-up station, two machines behind one address, an
//! address that passes from one machine to the next, and one machine with three addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::city::{self, Host, JOHO, JOHO_PRINTER};
use super::super::names;
use super::super::script::{MILLISECOND, SECOND, Script, at};
use super::super::talk;
use super::leases::{WINDOWS, lease};
use super::link::frame;
use crate::payload::dhcp::Client;
use crate::payload::{dns, http, ndp};
use crate::{Packet, Random};

/// What Android asks for.
const ANDROID: Client<'_> = Client {
    name: "tablet-1",
    vendor: "android-dhcp-14",
    parameters: &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108],
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("guests");
    tablet(script, &mut random);
    shared(script, &mut random);
    passed_on(script, &mut random);
    private_address(script, &mut random);
    printer(script);
}

/// A tablet of the Internet side, whose station is administered locally.
fn tablet(script: &mut Script, random: &mut Random) {
    let tablet = Host {
        mac: [0xda, 0xa1, 0x19, 0x4f, 0x20, 0x07],
        ..city::kokai_terminal(99)
    };
    lease(
        script,
        tablet,
        city::kokai_dhcp(),
        ANDROID,
        false,
        at(3, 0),
        random,
    );
    ask(
        script,
        tablet,
        city::kokai_dns(),
        "proxy.cloud.example",
        at(3, 5),
        random,
    );
    for number in 0..3 {
        let link = script.link(tablet, city::cloud_proxy(), 8080);
        let conversation = link.tcp().round_trip(14 * MILLISECOND);
        let packets = talk::proxied(conversation, "news.example", &[(500, 4_000, 300)], random)
            .play(at(3 + number, 10), random);
        script.add(&link, packets);
    }
}

/// Someone has put a small router before a terminal and shares its address.
fn shared(script: &mut Script, random: &mut Random) {
    let host = city::joho_terminal(66);
    for (number, browser) in (0..).zip([http::WINDOWS, http::MACOS, http::WINDOWS, http::MACOS]) {
        let link = script.link(host, city::joho_groupware(), 80);
        let name = "portal.joho.city.example";
        let packets = talk::web_as(link.tcp(), name, browser, &[2_000, 700], random)
            .play(at(7, 12) + number * 9 * SECOND, random);
        script.add(&link, packets);
    }
    script.share(host);
}

/// Two notebooks have the same address one after the other.
fn passed_on(script: &mut Script, random: &mut Random) {
    for (start, last) in [(at(2, 0), 0x31), (at(20, 0), 0x32)] {
        let notebook = Host {
            mac: [0xac, 0xde, 0x48, 0x90, 0x00, last],
            ..city::joho_terminal(190)
        };
        let name = format!("note-{last:x}");
        let client = Client {
            name: &name,
            ..WINDOWS
        };
        lease(script, notebook, city::joho_dhcp(), client, false, start, random);
        for number in 0..4 {
            let start = start + (5 + number * 30) * SECOND;
            ask(
                script,
                notebook,
                city::joho_dns(),
                "file.joho.city.example",
                start,
                random,
            );
        }
    }
}

/// A terminal makes itself a second IPv6 address (RFC 8981), asks whether it is free, and uses it.
fn private_address(script: &mut Script, random: &mut Random) {
    let host = city::joho_terminal(33).also("2001:db8:20:16:a1b2:c3d4:e5f6:789a");
    let IpAddr::V6(address) = host.address else { return };
    let group = ndp::solicited_node(address);
    let now = at(5, 0);
    let tentative = frame(&JOHO, host.mac, ndp::multicast_mac(group))
        .ip(Ipv6Addr::UNSPECIFIED.into(), group.into())
        .ttl(255)
        .icmp(135, 0, &ndp::neighbour_solicitation(address, None));
    script.add_on(&JOHO, vec![Packet::new(now, tentative)]);
    script.announce(host, now);
    let resolver = city::joho_dns().also("2001:db8:20:1::53");
    for number in 0..3 {
        let start = now + (2 + number * 60) * SECOND;
        ask(script, host, resolver, "file.joho.city.example", start, random);
    }
}

/// The printer announces itself and what it can do by mDNS.
fn printer(script: &mut Script) {
    let printer = city::printer();
    let IpAddr::V4(address) = printer.address else {
        return;
    };
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let name = "print01.local";
    let said = dns::announcement(name, "Floor 1", "_ipp._tcp.local", address);
    for minute in [1, 2, 16] {
        let octets = frame(&JOHO_PRINTER, printer.mac, [0x01, 0x00, 0x5e, 0, 0, 0xfb])
            .ip(printer.address, group.into())
            .ttl(255)
            .udp(5353, 5353, &said);
        script.add_on(&JOHO_PRINTER, vec![Packet::new(at(minute, 30), octets)]);
    }
    script.call(printer, name);
    script.announce(printer, at(1, 30));
}

fn ask(script: &mut Script, client: Host, server: Host, name: &str, start: u64, random: &mut Random) {
    let link = script.link(client, server, 53);
    let id = random.word();
    let address = names::address_of(name, true).expect("a name of a server");
    let exchange = link
        .udp()
        .query(&dns::query(id, name, dns::A))
        .answer(&dns::answer(id, name, address, 300));
    let packets = exchange.play(start, random);
    script.add(&link, packets);
}
