//! Incident 12: LGWAN names are asked in the wrong place.
//!
//! A forwarder points at the cloud; a terminal of the Internet side and a server of the business zone point at LGWAN.

use super::super::city::{self, Host};
use super::super::script::{Denial, MILLISECOND, SECOND, Script, at};
use crate::payload::dns;

const TO_CLOUD: Denial = Denial {
    incident: (12, "lgwan_names"),
    rule: "PATH-DENY",
    boundary: "BOUND-11",
    clause: "6(3)イ",
    also_ok: &["rogue_dns"],
    note: "the LGWAN side's resolver asks the security cloud for names of LGWAN",
};
const FROM_INTERNET_SIDE: Denial = Denial {
    boundary: "BOUND-13",
    note: "a terminal of the Internet side asks LGWAN's resolver",
    ..TO_CLOUD
};
const FROM_BUSINESS: Denial = Denial {
    boundary: "BOUND-01",
    clause: "6(3)ア",
    note: "the business zone's resolver asks LGWAN's resolver",
    ..TO_CLOUD
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("lgwan_names");
    let misroutes: [(Host, Host, Denial, u64, bool); 3] = [
        (city::joho_dns(), city::cloud_dns(), TO_CLOUD, at(25, 0), true),
        (
            city::kokai_terminal(29),
            city::lgwan_dns(),
            FROM_INTERNET_SIDE,
            at(26, 10),
            false,
        ),
        (
            city::gyomu_dns(),
            city::lgwan_dns(),
            FROM_BUSINESS,
            at(27, 20),
            false,
        ),
    ];
    for (client, server, denial, start, answered) in misroutes {
        for round in 0..6 {
            let link = script.link(client, server, 53);
            let (id, name) = (random.word(), format!("asp{round}.lgwan.example"));
            let exchange = link
                .udp()
                .round_trip(8 * MILLISECOND)
                .query(&dns::query(id, &name, dns::A));
            let exchange = if answered {
                exchange.answer(&dns::no_such_name(id, &name, dns::A))
            } else {
                exchange
            };
            let packets = exchange.play(start + round * 9 * SECOND, &mut random);
            script.deny(&link, "udp", denial, packets);
        }
    }
}
