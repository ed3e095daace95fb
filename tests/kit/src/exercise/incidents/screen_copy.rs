//! Incident 4: files go up through a screen session: the shape of the traffic is wrong, its path is not.

use super::super::city;
use super::super::labels::Event;
use super::super::script::{Script, at, span};
use super::super::talk;

/// Octets copied.
const COPIED: usize = 1_200_000;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("screen_copy");
    let link = script.link(city::joho_terminal(63), city::mugai_joho_screen(), 8443);
    let mut rounds = talk::screen(25, &mut random);
    rounds.extend(std::iter::repeat_n((COPIED / 20, 90, 700), 20));
    rounds.extend(talk::screen(20, &mut random));
    let packets =
        talk::tls(link.tcp(), "screen.mugai.city.example", &rounds, &mut random).play(at(13, 5), &mut random);
    let (start, end) = span(&packets);
    script.add(&link, packets);
    script.note(Event {
        kind: "exfiltration",
        also_ok: vec!["data_upload", "large_upload"],
        src: vec![link.client.address.to_string()],
        dst: vec![link.server.address.to_string()],
        start,
        end,
        proto: Some("tcp"),
        dport: vec![8443],
        difficulty: "hard",
        note: "behaviour inside an allowed path: bulk upstream in a screen session; found by a detector, not by the policy",
        bytes_out: u64::try_from(COPIED).ok(),
        incident: 4,
        incident_name: "screen_copy",
        ..Event::default()
    });
}
