//! The web: the Internet side through the cloud's proxy, the intranet, the city's own site and its visitors.

use super::super::city::{self, Host, OUTSIDE};
use super::super::script::{MILLISECOND, Script};
use super::super::talk;
use super::sometime;
use crate::Random;

const SITES: [&str; 8] = [
    "www.ministry.example",
    "news.example",
    "maps.example",
    "weather.example",
    "law.example",
    "procurement.example",
    "www.prefecture.example",
    "cdn.example",
];

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("web");
    for host in city::kokai_terminals()
        .into_iter()
        .chain(city::virtual_desktops())
    {
        for _ in 0..random.between(3, 7) {
            browse(script, host, city::cloud_proxy(), &mut random);
        }
        if random.chance(30) {
            browse(
                script,
                city::over_ipv6(host),
                city::cloud_proxy().also("2001:db8:c0:1::80"),
                &mut random,
            );
        }
    }
    for host in city::joho_terminals().into_iter().chain(city::shisho_terminals()) {
        for _ in 0..random.between(2, 4) {
            intranet(script, host, &mut random);
        }
    }
    for visitor in 0..90 {
        visit(script, visitor, &mut random);
    }
    for _ in 0..3 {
        publish(script, &mut random);
    }
}

fn browse(script: &mut Script, client: Host, proxy: Host, random: &mut Random) {
    let link = script.link(client, proxy, 8080);
    let count = random.between(1, 4);
    let rounds = talk::rounds(count, 900, 6_000, 2_500, random);
    let conversation = link.tcp().round_trip(random.between(8, 25) * MILLISECOND);
    let conversation = talk::proxied(conversation, random.pick::<&str>(&SITES), &rounds, random);
    let packets = conversation.play(sometime(random), random);
    script.add(&link, packets);
}

fn intranet(script: &mut Script, client: Host, random: &mut Random) {
    let secure = random.chance(60);
    let link = script.link(client, city::joho_groupware(), if secure { 443 } else { 80 });
    let conversation = if secure {
        let rounds = talk::rounds(2, 700, 6_000, 1_500, random);
        talk::tls(link.tcp(), "groupware.joho.city.example", &rounds, random)
    } else {
        let sizes = [random.index(6_000) + 400, random.index(3_000) + 200];
        talk::web(link.tcp(), "portal.joho.city.example", &sizes, random)
    };
    let packets = conversation.play(sometime(random), random);
    script.add(&link, packets);
}

/// A citizen reads the city's site, every fourth over IPv6.
fn visit(script: &mut Script, number: u64, random: &mut Random) {
    let host = random.between(100, 250);
    let (visitor, site) = match number % 4 {
        0 => (
            format!("2001:db8:ffff:{host:x}::{number:x}"),
            city::web().also("2001:db8:30:80::80"),
        ),
        1 => (format!("192.0.2.{host}"), city::web()),
        _ => (format!("198.51.100.{host}"), city::web()),
    };
    let link = script.link(Host::new(&OUTSIDE, visitor), site, 443);
    let count = random.between(1, 3);
    let rounds = talk::rounds(count, 600, 5_000, 6_000, random);
    let conversation = link.tcp().round_trip(MILLISECOND);
    let packets = talk::tls(conversation, "www.city.example", &rounds, random).play(sometime(random), random);
    script.add(&link, packets);
}

/// The page editor's server puts a page on the public site.
fn publish(script: &mut Script, random: &mut Random) {
    let link = script.link(city::kokai_pages(), city::web(), 8443);
    let rounds = talk::rounds(3, 20_000, 400, 500, random);
    let packets =
        talk::tls(link.tcp(), "publish.city.example", &rounds, random).play(sometime(random), random);
    script.add(&link, packets);
}
