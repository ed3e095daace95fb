//! Incident 2: someone plugs a mobile router into the LGWAN side; a terminal takes it as its second exit.

use std::net::IpAddr;

use super::super::city::{self, Host, JOHO, MITOUROKU, OUTSIDE};
use super::super::script::{Denial, MILLISECOND, SECOND, Script, at};
use super::super::talk;
use crate::frame::BROADCAST;
use crate::payload::dns;
use crate::{Frame, Mac, Packet};

const ROUTER: Mac = [0x02, 0x4c, 0x54, 0x45, 0x00, 0x01];

const UNREGISTERED: Denial = Denial {
    incident: (2, "mobile_router"),
    rule: "PATH-DENY",
    boundary: "BOUND-61",
    clause: "3(2)",
    also_ok: &["new_device", "rogue_dns"],
    note: "names are asked of the mobile router, whose address nobody registered",
};
const EXIT: Denial = Denial {
    boundary: "BOUND-21",
    clause: "6(3)ウ",
    also_ok: &["anonymizer"],
    note: "to the Internet through the mobile router's station 02:4c:54:45:00:01",
    ..UNREGISTERED
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("mobile_router");
    let host = city::joho_terminal(52);
    let router = Host {
        mac: ROUTER,
        ..Host::new(&MITOUROKU, "192.168.8.1")
    };
    let over_ipv6 = city::over_ipv6(host);
    let sites = [
        (host, Host::new(&OUTSIDE, "198.51.100.80"), "webmail.example"),
        (host, Host::new(&OUTSIDE, "198.51.100.81"), "video.example"),
        (
            over_ipv6,
            Host::new(&OUTSIDE, "2001:db8:ffff:50::80"),
            "webmail.example",
        ),
    ];
    let found = Frame::new(host.mac, BROADCAST).vlan(JOHO.vlans[0]).padded();
    let told = Frame::new(ROUTER, host.mac).vlan(JOHO.vlans[0]).padded();
    if let (IpAddr::V4(asker), IpAddr::V4(asked)) = (host.address, router.address) {
        let request = found.arp(true, (host.mac, asker), ([0; 6], asked));
        let reply = told.arp(false, (ROUTER, asked), (host.mac, asker));
        let packets = vec![
            Packet::new(at(8, 9), request),
            Packet::new(at(8, 9) + MILLISECOND, reply),
        ];
        script.add_on(&JOHO, packets);
        script.announce(host, at(8, 9));
        script.announce(router, at(8, 9));
        script.told.routers.insert(ROUTER);
    }

    for round in 0..4 {
        for (step, (client, site, name)) in (0..).zip(sites) {
            let start = at(8, 10) + (round * 40 + step * 9) * SECOND;
            let asked = script.link(host, router, 53).through(ROUTER);
            let id = random.word();
            let kind = if site.address.is_ipv4() { dns::A } else { dns::AAAA };
            let answer = dns::answer(id, name, site.address, 60);
            let exchange = asked
                .udp()
                .round_trip(45 * MILLISECOND)
                .query(&dns::query(id, name, kind))
                .answer(&answer);
            let packets = exchange.play(start, &mut random);
            script.deny(&asked, "udp", UNREGISTERED, packets);

            let link = script.link(client, site, 443).through(ROUTER);
            let rounds = talk::rounds(2, 800, 7_000, 2_000, &mut random);
            let conversation = link.tcp().round_trip(48 * MILLISECOND);
            let packets = talk::tls(conversation, name, &rounds, &mut random)
                .play(start + 150 * MILLISECOND, &mut random);
            script.deny(&link, "tcp", EXIT, packets);
        }
    }
}
