//! The business zone: its applications, and the one specified communication that leaves it.

use super::super::city;
use super::super::script::{MILLISECOND, Script};
use super::super::talk;
use super::sometime;

const APPLICATIONS: [&str; 3] = [
    "jumin.gyomu.city.example",
    "zei.gyomu.city.example",
    "fukushi.gyomu.city.example",
];

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("business");
    for host in city::gyomu_terminals() {
        for _ in 0..random.between(3, 6) {
            let port = if random.chance(70) { 443 } else { 8443 };
            let link = script.link(host, city::gyomu_app(), port);
            let count = random.between(2, 6);
            let rounds = talk::rounds(count, 900, 5_000, 4_000, &mut random);
            let conversation = talk::tls(
                link.tcp(),
                random.pick::<&str>(&APPLICATIONS),
                &rounds,
                &mut random,
            );
            let packets = conversation.play(sometime(&mut random), &mut random);
            script.add(&link, packets);
        }
    }
    for _ in 0..12 {
        let link = script.link(city::gyomu_link(), city::intermediate_server(), 443);
        let rounds = talk::rounds(2, 1_500, 3_000, 300, &mut random);
        let conversation = link.tcp().round_trip(11 * MILLISECOND);
        let conversation = talk::tls(conversation, "renkei.lgwan.example", &rounds, &mut random);
        let packets = conversation.play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
}
