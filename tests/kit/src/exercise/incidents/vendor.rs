//! Incident 3: a vendor whose contract has ended logs in, and the vendor under contract leaves its path.

use super::super::city;
use super::super::script::{Denial, MILLISECOND, Script, at};
use super::super::talk;

const ENDED: Denial = Denial {
    incident: (3, "vendor"),
    rule: "PATH-DENY",
    boundary: "BOUND-51",
    clause: "6(8)",
    also_ok: &["remote_access"],
    note: "the contract of this address has ended",
};
const BESIDE: Denial = Denial {
    also_ok: &["lateral_movement"],
    note: "past the jump host, straight to a server",
    ..ENDED
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("vendor after contract");

    let link = script.link(city::vendor_of_ended_contract(), city::jump_host(), 3389);
    let conversation = link.tcp().round_trip(21 * MILLISECOND);
    let rounds = talk::screen(90, &mut random);
    let packets = talk::rdp(conversation, "hoshu09", &rounds, &mut random).play(at(12, 15), &mut random);
    script.deny(&link, "tcp", ENDED, packets);

    let link = script.link(city::vendor(), city::joho_directory(), 22);
    let conversation = link.tcp().round_trip(14 * MILLISECOND);
    let packets = talk::ssh(conversation, 35, &mut random).play(at(15, 50), &mut random);
    script.deny(&link, "tcp", BESIDE, packets);
}
