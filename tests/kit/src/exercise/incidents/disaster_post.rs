//! Incident 8: heavy rain, and a warning that must be posted at once.
//!
//! A terminal of the LGWAN side is set to the proxy by hand and so skips the sanitising gateway.

use super::super::city;
use super::super::script::{Denial, MILLISECOND, SECOND, Script, at};
use super::super::talk;

const DENIAL: Denial = Denial {
    incident: (8, "disaster_post"),
    rule: "PATH-DENY",
    boundary: "BOUND-11",
    clause: "6(3)イ",
    also_ok: &[],
    note: "a post to a social network in a disaster, without the sanitising gateway; clause 6(8) on social media is touched too",
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("disaster_post");
    for post in 0..3 {
        let link = script.link(city::joho_terminal(77), city::cloud_proxy(), 8080);
        let conversation = link.tcp().round_trip(17 * MILLISECOND);
        let rounds = [(700, 5_000, 400), (60_000, 900, 3_000), (500, 1_500, 800)];
        let packets = talk::proxied(conversation, "social.example", &rounds, &mut random)
            .play(at(17, 5) + post * 70 * SECOND, &mut random);
        script.deny(&link, "tcp", DENIAL, packets);
    }
}
