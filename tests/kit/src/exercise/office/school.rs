//! The education network: out of scope, so that a sensor counts it and keeps nothing of it.

use super::super::city::{self, Host, KYOIKU, OUTSIDE};
use super::super::script::{MILLISECOND, Script};
use super::super::talk;
use super::sometime;
use crate::payload::dns;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("school");
    for number in 0..45 {
        let pupil = if number % 5 == 0 {
            Host::new(&KYOIKU, format!("2001:db8:80:1::{number:x}"))
        } else {
            Host::new(&KYOIKU, format!("10.80.4.{}", 20 + number))
        };
        let server = if number % 5 == 0 {
            "2001:db8:ffff:e::443"
        } else {
            "198.51.100.77"
        };
        let link = script.link(pupil, Host::new(&OUTSIDE, server), 443);
        let rounds = talk::rounds(2, 500, 5_000, 3_000, &mut random);
        let conversation = link.tcp().round_trip(12 * MILLISECOND);
        let packets = talk::tls(conversation, "learning.example", &rounds, &mut random)
            .play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for number in 0..40 {
        let link = script.link(
            Host::new(&KYOIKU, format!("10.80.4.{}", 20 + number)),
            city::cloud_dns(),
            53,
        );
        let (id, name) = (random.word(), "learning.example");
        let answer = dns::answer(id, name, Host::new(&OUTSIDE, "198.51.100.77").address, 60);
        let exchange = link.udp().query(&dns::query(id, name, dns::A)).answer(&answer);
        let packets = exchange.play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
}
