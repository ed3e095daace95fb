//! Incident 10: an employee uploads to a file-sharing site, through the proxy that everyone uses.

use super::super::city;
use super::super::labels::Event;
use super::super::script::{MILLISECOND, Script, at, span};
use super::super::talk;

/// Octets uploaded.
const UPLOADED: usize = 1_560_000;

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("insider");
    let link = script.link(city::kokai_terminal(55), city::cloud_proxy(), 8080);
    let rounds: Vec<_> = std::iter::repeat_n((UPLOADED / 26, 120, 1_100), 26).collect();
    let conversation = link.tcp().round_trip(12 * MILLISECOND);
    let conversation = talk::proxied(conversation, "storage.example", &rounds, &mut random);
    let packets = conversation.play(at(18, 20), &mut random);
    let (start, end) = span(&packets);
    script.add(&link, packets);
    script.note(Event {
        kind: "exfiltration",
        also_ok: vec!["data_upload", "large_upload"],
        src: vec![link.client.address.to_string()],
        dst: vec![link.server.address.to_string(), "storage.example".to_owned()],
        start,
        end,
        proto: Some("tcp"),
        dport: vec![8080],
        difficulty: "medium",
        note: "through the allowed proxy; found by a detector, not by the policy",
        bytes_out: u64::try_from(UPLOADED).ok(),
        incident: 10,
        incident_name: "insider",
        ..Event::default()
    });
}
