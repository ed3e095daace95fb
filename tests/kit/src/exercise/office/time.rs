//! NTP: hosts ask their zone's server, the servers ask the cloud, LGWAN and each other's upstream.

use super::super::city::{self, Host};
use super::super::script::{MILLISECOND, SECOND, START_NS, Script};
use crate::Random;
use crate::payload::ntp;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("time");
    for host in city::joho_terminals().into_iter().chain(city::shisho_terminals()) {
        ask(script, host, city::joho_ntp(), 1_024, &mut random);
    }
    for host in city::gyomu_terminals() {
        ask(script, host, city::gyomu_ntp(), 1_024, &mut random);
    }
    for host in city::kokai_terminals() {
        ask(script, host, city::kokai_ntp(), 1_024, &mut random);
    }
    ask(script, city::kokai_ntp(), city::cloud_ntp(), 64, &mut random);
    ask(script, city::joho_ntp(), city::lgwan_ntp(), 64, &mut random);
    ask(
        script,
        city::mugai_joho_screen(),
        city::joho_ntp(),
        256,
        &mut random,
    );
    ask(
        script,
        city::mugai_kokai_screen(),
        city::kokai_ntp(),
        256,
        &mut random,
    );
    ask(script, city::admin(), city::joho_ntp(), 256, &mut random);
}

/// Asks every `interval_s` from port 123, as an NTP daemon does.
fn ask(script: &mut Script, client: Host, server: Host, interval_s: u64, random: &mut Random) {
    let link = script.link_from(client, 123, server, 123);
    let mut now = START_NS + random.between(0, interval_s * SECOND);
    for _ in 0..1_800 / interval_s {
        let exchange = link
            .udp()
            .query(&ntp::request(now))
            .answer(&ntp::response(now, now + MILLISECOND));
        let packets = exchange.play(now, random);
        script.add(&link, packets);
        now += interval_s * SECOND + random.between(0, SECOND);
    }
}
