//! The maintenance vendor under contract: its line to the jump host, from there to the server it maintains.

use super::super::city;
use super::super::script::{MILLISECOND, SECOND, Script, at};
use super::super::talk;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("vendor");
    let rounds = talk::screen(420, &mut random);
    let start = at(6, 30);

    let outer = script.link(city::vendor(), city::jump_host(), 3389);
    let conversation = outer.tcp().round_trip(14 * MILLISECOND);
    let packets = talk::rdp(conversation, "hoshu01", &rounds, &mut random).play(start, &mut random);
    script.add(&outer, packets);

    let inner = script.link(city::jump_host(), city::joho_accounting(), 22);
    let packets = talk::ssh(inner.tcp(), 60, &mut random).play(start + 40 * SECOND, &mut random);
    script.add(&inner, packets);
}
