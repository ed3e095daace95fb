//! Incident 7: a flood on the site that shows the election results: many sources, each on the path that visitors use.

use super::super::city::{self, Host, OUTSIDE};
use super::super::labels::Event;
use super::super::script::{MILLISECOND, SECOND, Script, at, span};
use super::super::talk;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("election_ddos");
    let sources: Vec<_> = (1..=240)
        .map(|number| {
            let network = if number % 2 == 0 { "192.0.2" } else { "198.51.100" };
            Host::new(&OUTSIDE, format!("{network}.{}", 100 + number / 2))
        })
        .collect();
    let mut all = Vec::new();
    let mut last = None;
    for _ in 0..2_400 {
        let link = script.link(*random.pick(&sources), city::web(), 443);
        let start = at(21, 0) + random.between(0, 60 * SECOND);
        let conversation = link.tcp().round_trip(MILLISECOND);
        let conversation = if random.chance(94) {
            conversation.unanswered(0)
        } else {
            talk::tls(conversation, "senkyo.city.example", &[(300, 900, 0)], &mut random)
        };
        all.extend(conversation.play(start, &mut random));
        last = Some(link);
    }
    let (start, end) = span(&all);
    if let Some(link) = last {
        script.add(&link, all);
    }
    script.note(Event {
        kind: "ddos",
        also_ok: vec!["syn_flood", "dos"],
        src: vec!["192.0.2.0/24".to_owned(), "198.51.100.0/24".to_owned()],
        dst: vec![city::web().address.to_string()],
        start,
        end,
        proto: Some("tcp"),
        dport: vec![443],
        difficulty: "medium",
        note: "on the path of the public site's visitors; found by a detector, not by the policy",
        incident: 7,
        incident_name: "election_ddos",
        ..Event::default()
    });
}
