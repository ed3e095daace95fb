//! What goes wrong on a good day: connections refused, unanswered, broken off, begun before the capture; and ICMP errors.

use super::super::city::{self, Host, JOHO_SERVER, KANRI, KOKAI_SERVER};
use super::super::script::{SECOND, START_NS, Script};
use super::super::talk;
use super::sometime;
use crate::payload::{ntp, snmp};
use crate::{Close, Endpoint};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("trouble");
    // A server that was taken out of service.
    for number in 0..12 {
        let link = script.link(city::joho_terminal(21 + number * 4), city::retired_server(), 443);
        let packets = link.tcp().refused().play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for number in 0..10 {
        let link = script.link(city::kokai_terminal(21 + number * 3), city::cloud_proxy(), 8080);
        let packets = link.tcp().unanswered(2).play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    // Broken off by either side in the middle of a transfer.
    for number in 0..14 {
        let link = script.link(city::joho_terminal(25 + number * 3), city::joho_file(), 445);
        let close = [Close::ClientRst, Close::ServerRst, Close::Open][usize::from(number % 3)];
        let rounds = talk::rounds(2, 400, 12_000, 2_000, &mut random);
        let packets = talk::smb(link.tcp(), city::joho_file(), &rounds, &mut random)
            .close(close)
            .play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    // Open since yesterday: the first packet that is seen comes from either side.
    for number in 0..10 {
        let link = script.link(city::joho_terminal(26 + number * 5), city::joho_groupware(), 443);
        let data = random.octets(300);
        let conversation = link.tcp().midstream();
        let conversation = if number % 2 == 0 {
            conversation.request(&data)
        } else {
            conversation.response(&data)
        };
        let packets = conversation
            .close(Close::Open)
            .play(START_NS + number_s(number), &mut random);
        script.add(&link, packets);
    }
    unreachable(script);
}

/// A closed UDP port, told by the host over IPv4 and IPv6 and by the router on its behalf.
fn unreachable(script: &mut Script) {
    let mut random = script.random.fork("unreachable");
    let silent = Host::new(&JOHO_SERVER, "10.20.1.91");
    for _ in 0..5 {
        let link = script.link(city::log_server(), silent, 161);
        let exchange = link.udp().query(&snmp::get_request(random.word())).unreachable();
        let packets = exchange.play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for _ in 0..4 {
        let client = city::over_ipv6(city::kokai_terminal(33));
        let link = script.link(client, Host::new(&KOKAI_SERVER, "2001:db8:30:1::99"), 123);
        let now = sometime(&mut random);
        let packets = link
            .udp()
            .query(&ntp::request(now))
            .unreachable()
            .play(now, &mut random);
        script.add(&link, packets);
    }
    let router = Host::gateway(&KANRI);
    let router = Endpoint {
        mac: router.mac,
        address: router.address,
        port: 0,
    };
    for _ in 0..4 {
        let link = script.link(city::log_server(), Host::new(&JOHO_SERVER, "10.20.1.250"), 161);
        let exchange = link
            .udp()
            .query(&snmp::get_request(random.word()))
            .unreachable_from(router);
        let packets = exchange.play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
}

fn number_s(number: u8) -> u64 {
    (u64::from(number) + 1) * SECOND
}
