//! Incident 1: malware of a targeted mail reports to its masters, straight to the Internet and past the security cloud.
//!
//! After the leak from Japan's pension service in 2015: one host, two servers, short and regular connections.

use super::super::city::{self, Host, OUTSIDE};
use super::super::script::{Denial, MILLISECOND, SECOND, Script, at};
use super::super::talk;
use crate::payload::dns;

const DENIAL: Denial = Denial {
    incident: (1, "direct_c2"),
    rule: "PATH-DENY",
    boundary: "BOUND-21",
    clause: "6(3)ウ",
    also_ok: &["c2", "beaconing"],
    note: "straight to the Internet, not through the security cloud's proxy",
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("direct_c2");
    let host = city::kokai_terminal(37);
    let (first, second) = (
        Host::new(&OUTSIDE, "198.51.100.23"),
        Host::new(&OUTSIDE, "192.0.2.66"),
    );

    let asked = script.link(host, city::kokai_dns(), 53);
    let (id, name) = (random.word(), "update.c2.example");
    let exchange = asked
        .udp()
        .query(&dns::query(id, name, dns::A))
        .answer(&dns::answer(id, name, first.address, 60));
    let packets = exchange.play(at(4, 2), &mut random);
    script.add(&asked, packets);

    let mut now = at(4, 3);
    for _ in 0..32 {
        let link = script.link(host, first, 443);
        let conversation = link.tcp().round_trip(38 * MILLISECOND);
        let packets = talk::tls(conversation, name, &[(180, 96, 0)], &mut random).play(now, &mut random);
        script.deny(&link, "tcp", DENIAL, packets);
        now += 45 * SECOND + random.between(0, 3 * SECOND);
    }
    for minute in [5, 10, 15, 20, 25] {
        let link = script.link(host, second, 80);
        let conversation = link.tcp().round_trip(52 * MILLISECOND);
        let packets =
            talk::web(conversation, "192.0.2.66", &[240], &mut random).play(at(minute, 31), &mut random);
        script.deny(&link, "tcp", DENIAL, packets);
    }
}
