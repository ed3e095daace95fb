//! Incident 6: data in DNS names: a host asks its own resolver, as every host may, and the resolver passes the questions on.

use super::super::city;
use super::super::labels::Event;
use super::super::script::{MILLISECOND, Script, at, span};
use crate::Random;
use crate::payload::dns;

const DOMAIN: &str = "t.tunnel.example";

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("name_tunnel");
    let host = city::kokai_terminal(44);
    let inner = script.link(host, city::kokai_dns(), 53);
    let outer = script.link(city::kokai_dns(), city::cloud_dns(), 53);
    let (mut asked, mut passed_on, mut now) = (Vec::new(), Vec::new(), at(16, 30));
    for number in 0..420_u16 {
        let name = format!(
            "{}.{}.{number:04x}.{DOMAIN}",
            label(52, &mut random),
            label(48, &mut random)
        );
        let (id, text) = (random.word(), random.octets(140));
        let (query, answer) = (
            dns::query(id, &name, dns::TXT),
            dns::text_answer(id, &name, &text, 0),
        );
        asked.extend(
            inner
                .udp()
                .round_trip(22 * MILLISECOND)
                .query(&query)
                .answer(&answer)
                .play(now, &mut random),
        );
        let exchange = outer
            .udp()
            .round_trip(18 * MILLISECOND)
            .query(&query)
            .answer(&answer);
        passed_on.extend(exchange.play(now + MILLISECOND, &mut random));
        now += random.between(90, 330) * MILLISECOND;
    }
    let (start, end) = span(&asked);
    script.add(&inner, asked);
    script.add(&outer, passed_on);
    script.note(Event {
        kind: "dns_tunnel",
        also_ok: vec!["dns_exfiltration", "c2"],
        src: vec![host.address.to_string()],
        dst: vec![city::kokai_dns().address.to_string(), DOMAIN.to_owned()],
        start,
        end,
        proto: Some("udp"),
        dport: vec![53],
        difficulty: "easy",
        note: "through the allowed resolver; found by a detector, not by the policy",
        domain: Some(DOMAIN),
        incident: 6,
        incident_name: "name_tunnel",
        ..Event::default()
    });
}

/// A label of base32 letters.
fn label(len: usize, random: &mut Random) -> String {
    random
        .octets(len)
        .into_iter()
        .map(|octet| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(octet % 32)]))
        .collect()
}
