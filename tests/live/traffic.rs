//! What is sent over the wire, and what is compared of the answer.

use std::collections::BTreeMap;
use std::path::Path;

use sekisho_kit::{Capture, Close, Conversation, Endpoint, Exchange, Random};

use crate::support::read_eve;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;

pub(crate) const POLICY: &str = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
    [zone.office]\nnetworks = [\"192.0.2.0/24\"]\n[zone.server]\nnetworks = [\"198.51.100.0/24\"]\n\
    [[path]]\nid = \"PATH-0001\"\nfrom = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [80]\n";

/// Connections and exchanges of some seconds, in the order of time: allowed, denied, tagged, refused.
pub(crate) fn traffic() -> Capture {
    let (mut random, mut capture) = (Random::new(7), Capture::new());
    for number in 0..120_u16 {
        let client = Endpoint::new(&format!("192.0.2.{}", 1 + number % 50), 40_000 + number);
        let at = BEGIN_NS + u64::from(number) * 20_000_000;
        let port = [80, 80, 22, 443][usize::from(number % 4)];
        let server = Endpoint::new(&format!("198.51.100.{}", 1 + number % 9), port);
        let mut conversation = Conversation::new(client, server)
            .request(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
            .response(&vec![b'x'; 400 * usize::from(number % 7)])
            .close([Close::ClientFin, Close::ServerRst][usize::from(number % 5 == 0)]);
        if number % 6 == 0 {
            conversation = conversation.vlan(30);
        }
        capture.extend(conversation.play(at, &mut random));
        let resolver = Endpoint::new("198.51.100.53", 53);
        let exchange = Exchange::new(Endpoint::new("192.0.2.77", 50_000 + number), resolver);
        capture.extend(exchange.query(b"q").answer(b"a").play(at + 1_000, &mut random));
    }
    capture.packets.sort_by_key(|packet| packet.time_ns);
    capture
}

/// What of a flow does not depend on when it was: ends, counts, state and verdict, each with its number.
pub(crate) fn flows(eve: &Path) -> BTreeMap<String, u32> {
    let mut flows = BTreeMap::new();
    for line in read_eve(eve) {
        if line["event_type"] != "flow" {
            continue;
        }
        let (flow, own) = (&line["flow"], &line["sekisho"]);
        let key = [
            &line["community_id"],
            &line["vlan"],
            &line["src_ip"],
            &flow["pkts_toserver"],
            &flow["pkts_toclient"],
            &flow["bytes_toserver"],
            &flow["bytes_toclient"],
            &own["conn_state"],
            &own["history"],
            &own["verdict"],
            &own["rule"],
            &line["app_proto"],
        ];
        let key: Vec<String> = key.iter().map(ToString::to_string).collect();
        *flows.entry(key.join(" ")).or_default() += 1;
    }
    flows
}

/// The same of alerts.
pub(crate) fn alerts(eve: &Path) -> BTreeMap<String, u32> {
    let mut alerts = BTreeMap::new();
    for line in read_eve(eve) {
        if line["event_type"] == "alert" {
            let own = &line["sekisho"];
            let key = format!(
                "{} {} {} {}",
                own["rule"], line["src_ip"], line["dest_ip"], line["dest_port"]
            );
            *alerts.entry(key).or_default() += 1;
        }
    }
    alerts
}
