//! Screen transfer through the sanitising gateway: both legs of each session, and files handed over the right way.

use super::super::city;
use super::super::script::{END_NS, MILLISECOND, SECOND, Script, at};
use super::super::talk;
use super::sometime;
use crate::Close;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("screens");
    for (number, desktop) in (0..).zip(city::virtual_desktops()) {
        let terminal = city::joho_terminal(24 + number * 6);
        let start = at(0, 20) + random.between(0, 400) * SECOND;
        let duration = random.between(300, (END_NS - start) / SECOND);
        let rounds = talk::screen(duration, &mut random);

        let shown = script.link(terminal, city::mugai_joho_screen(), 8443);
        let conversation = talk::tls(shown.tcp(), "screen.mugai.city.example", &rounds, &mut random);
        let packets = conversation.play(start, &mut random);
        script.add(&shown, packets);

        let inside = script.link(city::mugai_joho_screen(), city::mugai_kokai_screen(), 8443);
        let login = talk::rounds(2, 400, 400, 20, &mut random);
        let packets =
            talk::tls(inside.tcp(), "leg.mugai.city.example", &login, &mut random).play(start, &mut random);
        script.add(&inside, packets);

        let drawn = script.link(city::mugai_kokai_screen(), desktop, 3389);
        let user = format!("user{number:02}");
        let conversation = talk::rdp(drawn.tcp(), &user, &rounds, &mut random).close(Close::ServerRst);
        let packets = conversation.play(start + 300 * MILLISECOND, &mut random);
        script.add(&drawn, packets);
    }
    for number in 0..10 {
        let handed_in = script.link(
            city::kokai_terminal(22 + number * 3),
            city::mugai_kokai_screen(),
            443,
        );
        let rounds = talk::rounds(2, 24_000, 500, 900, &mut random);
        let conversation = talk::tls(handed_in.tcp(), "files.mugai.city.example", &rounds, &mut random);
        let start = sometime(&mut random);
        let packets = conversation.play(start, &mut random);
        script.add(&handed_in, packets);

        let fetched = script.link(
            city::joho_terminal(23 + number * 5),
            city::mugai_joho_screen(),
            443,
        );
        let rounds = talk::rounds(2, 500, 24_000, 900, &mut random);
        let conversation = talk::tls(fetched.tcp(), "files.mugai.city.example", &rounds, &mut random);
        let packets = conversation.play(start + 45 * SECOND, &mut random);
        script.add(&fetched, packets);
    }
}
