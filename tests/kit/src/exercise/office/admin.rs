//! Administration from its own segment: shells, remote desktops, device pages, SNMP, pings, logs.

use super::super::city::{self, Host, JOHO, KIKI};
use super::super::script::{SECOND, START_NS, Script, at};
use super::super::talk;
use super::sometime;
use crate::Random;
use crate::exchange::ping;
use crate::payload::snmp;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("admin");
    let servers = [
        city::joho_dns(),
        city::joho_mail(),
        city::kokai_dns(),
        city::kokai_pages(),
        city::web(),
    ];
    for server in servers {
        let link = script.link(city::admin(), server, 22);
        let keystrokes = random.between(15, 45);
        let packets = talk::ssh(link.tcp(), keystrokes, &mut random).play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    let over_ipv6 = city::admin().also("2001:db8:90:1::11");
    let link = script.link(over_ipv6, city::kokai_dns().also("2001:db8:30:1::53"), 22);
    let packets = talk::ssh(link.tcp(), 20, &mut random).play(at(11, 0), &mut random);
    script.add(&link, packets);
    for (client, server) in [
        (city::admin(), city::joho_directory()),
        (city::admin(), city::joho_terminal(44)),
        (city::gyomu_admin(), city::gyomu_app()),
    ] {
        let link = script.link(client, server, 3389);
        let rounds = talk::screen(180, &mut random);
        let packets =
            talk::rdp(link.tcp(), "kanri01", &rounds, &mut random).play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for number in 1..=6 {
        let device = Host::new(&KIKI, format!("10.90.8.{number}"));
        watch(script, city::log_server(), device, &mut random);
        let link = script.link(city::admin(), device, 443);
        let rounds = talk::rounds(2, 400, 3_000, 900, &mut random);
        let packets =
            talk::tls(link.tcp(), "", &rounds, &mut random).play(sometime(&mut random), &mut random);
        script.add(&link, packets);
        logs(script, device, &mut random);
    }
    let (watcher, gyomu, joho) = (city::log_server(), city::gyomu_admin(), city::joho_terminal(41));
    for (client, server) in [
        (watcher, city::joho_file()),
        (watcher, city::kokai_mail()),
        (watcher, city::web()),
        (watcher, city::mugai_joho_screen()),
        (watcher, Host::gateway(&JOHO)),
        (gyomu, city::gyomu_file()),
        (joho, city::joho_groupware()),
        (city::over_ipv6(joho), city::joho_dns().also("2001:db8:20:1::53")),
    ] {
        let link = script.link(client, server, 0);
        for minute in [1, 11, 21] {
            let start = at(minute, 0) + random.between(0, 20 * SECOND);
            let packets = ping(
                link.client,
                link.server,
                link.vlans(),
                3,
                true,
                start,
                &mut random,
            );
            script.add(&link, packets);
        }
    }
    watch(script, city::gyomu_admin(), city::gyomu_app(), &mut random);
    watch(script, watcher, city::joho_file(), &mut random);
}

/// SNMP every five minutes.
fn watch(script: &mut Script, watcher: Host, device: Host, random: &mut Random) {
    for round in 0..6 {
        let link = script.link(watcher, device, 161);
        let id = random.word();
        let ticks = 8_640_000 + round * 30_000;
        let exchange = link
            .udp()
            .query(&snmp::get_request(id))
            .answer(&snmp::response(id, ticks));
        let start = START_NS + u64::from(round) * 300 * SECOND + random.between(0, 20 * SECOND);
        let packets = exchange.play(start, random);
        script.add(&link, packets);
    }
}

/// Syslog, one line now and then, from one port.
fn logs(script: &mut Script, device: Host, random: &mut Random) {
    let link = script.link_from(device, 514, city::log_server(), 514);
    for _ in 0..30 {
        let port = random.between(1, 24);
        let line = format!(
            "<189>Nov  4 09:00:00 switch %LINK-5-CHANGED: Interface Gi1/0/{port}, changed state to up"
        );
        let packets = link.udp().query(line.as_bytes()).play(sometime(random), random);
        script.add(&link, packets);
    }
}
