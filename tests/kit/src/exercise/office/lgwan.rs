//! LGWAN: applications of the providers under contract, and updates fetched through them.

use super::super::city;
use super::super::script::{MILLISECOND, Script};
use super::super::talk;
use super::sometime;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("lgwan");
    for host in city::joho_terminals().into_iter().chain(city::shisho_terminals()) {
        if !random.chance(70) {
            continue;
        }
        let link = script.link(host, city::lgwan_asp(), 443);
        let count = random.between(2, 5);
        let rounds = talk::rounds(count, 800, 7_000, 5_000, &mut random);
        let conversation = link.tcp().round_trip(6 * MILLISECOND);
        let packets = talk::tls(conversation, "asp1.lgwan.example", &rounds, &mut random)
            .play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for _ in 0..4 {
        let link = script.link(city::joho_update(), city::lgwan_updates(), 443);
        let rounds = talk::rounds(3, 300, 50_000, 500, &mut random);
        let conversation = link.tcp().round_trip(6 * MILLISECOND);
        let packets = talk::tls(conversation, "updates.lgwan.example", &rounds, &mut random)
            .play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
}
