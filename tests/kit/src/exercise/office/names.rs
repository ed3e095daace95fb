//! DNS: each zone asks its own resolver, the resolvers ask the cloud and LGWAN.

use super::super::city::{self, Host};
use super::super::names;
use super::super::script::{MILLISECOND, Script};
use super::sometime;
use crate::Random;
use crate::payload::dns;

const INSIDE: [&str; 8] = [
    "dc01.joho.city.example",
    "file.joho.city.example",
    "groupware.joho.city.example",
    "mail.joho.city.example",
    "print.joho.city.example",
    "ntp.joho.city.example",
    "gateway.joho.city.example",
    "wpad.joho.city.example",
];
const BUSINESS: [&str; 4] = [
    "jumin.gyomu.city.example",
    "zei.gyomu.city.example",
    "fukushi.gyomu.city.example",
    "file.gyomu.city.example",
];
const CLOUD: [&str; 4] = [
    "proxy.cloud.example",
    "mail.kokai.city.example",
    "pages.kokai.city.example",
    "dc01.kokai.city.example",
];
const WORLD: [&str; 6] = [
    "mx.town-a.example",
    "mx.company-b.example",
    "www.ministry.example",
    "update.vendor-c.example",
    "mx.town-d.example",
    "time.example",
];

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("names");
    for host in city::joho_terminals().into_iter().chain(city::shisho_terminals()) {
        for _ in 0..random.between(6, 11) {
            ask(
                script,
                host,
                city::joho_dns(),
                random.pick::<&str>(&INSIDE),
                1,
                &mut random,
            );
        }
        if random.chance(35) {
            let resolver = city::joho_dns().also("2001:db8:20:1::53");
            ask(
                script,
                city::over_ipv6(host),
                resolver,
                random.pick::<&str>(&INSIDE),
                1,
                &mut random,
            );
        }
    }
    for host in city::gyomu_terminals() {
        for _ in 0..random.between(4, 8) {
            ask(
                script,
                host,
                city::gyomu_dns(),
                random.pick::<&str>(&BUSINESS),
                1,
                &mut random,
            );
        }
    }
    for host in city::kokai_terminals()
        .into_iter()
        .chain(city::virtual_desktops())
    {
        for _ in 0..random.between(4, 9) {
            ask(
                script,
                host,
                city::kokai_dns(),
                random.pick::<&str>(&CLOUD),
                1,
                &mut random,
            );
        }
    }
    for number in 0..140 {
        let name = if number % 7 == 0 {
            format!("host{number}.world.example")
        } else {
            (*random.pick(&WORLD)).to_owned()
        };
        ask(
            script,
            city::kokai_dns(),
            city::cloud_dns(),
            &name,
            9,
            &mut random,
        );
    }
    for number in 0..60 {
        let name = format!("asp{}.lgwan.example", number % 9);
        ask(script, city::joho_dns(), city::lgwan_dns(), &name, 5, &mut random);
    }
}

fn ask(script: &mut Script, client: Host, server: Host, name: &str, round_trip_ms: u64, random: &mut Random) {
    let id = random.word();
    let link = script.link(client, server, 53);
    let kind = if random.chance(8) { dns::AAAA } else { dns::A };
    let known = names::address_of(name, true);
    let answer = match names::address_of(name, kind == dns::A) {
        Some(address) => dns::answer(id, name, address, 300),
        None if known.is_some() => dns::no_data(id, name, kind),
        None => elsewhere(id, name, kind),
    };
    let exchange = link
        .udp()
        .round_trip(round_trip_ms * MILLISECOND / 2)
        .query(&dns::query(id, name, kind));
    let packets = exchange.answer(&answer).play(sometime(random), random);
    script.add(&link, packets);
}

/// The answer for a name outside the city, as far as anyone has it.
fn elsewhere(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let number = name.bytes().map(u32::from).sum::<u32>() % 90 + 100;
    let is_world = !name.ends_with("city.example");
    match format!("198.51.100.{number}").parse() {
        Ok(address) if is_world && kind == dns::A => dns::answer(id, name, address, 300),
        _ => dns::no_such_name(id, name, kind),
    }
}
