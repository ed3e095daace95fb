//! Incident 9: ransomware on one terminal tries every host that it can think of.
//!
//! Terminals beside it, the Internet side, the business zone, and the remote desktop of a server. Each pair of hosts
//! is one event.

use super::super::city::{self, GYOMU_SERVER, Host};
use super::super::script::{Denial, MILLISECOND, Script, at};
use super::super::talk;

const BESIDE: Denial = Denial {
    incident: (9, "smb_sweep"),
    rule: "INTRA-DENY",
    boundary: "BOUND-41",
    clause: "6(6)",
    also_ok: &["host_sweep", "lateral_movement"],
    note: "terminal to terminal inside one zone",
};
const INTERNET_SIDE: Denial = Denial {
    rule: "PATH-DENY",
    boundary: "BOUND-11",
    clause: "6(3)イ",
    note: "to the Internet side, not through the sanitising gateway",
    ..BESIDE
};
const BUSINESS: Denial = Denial {
    rule: "PATH-DENY",
    boundary: "BOUND-02",
    clause: "6(3)ア",
    note: "to the business zone",
    ..BESIDE
};
const ADMINISTRATION: Denial = Denial {
    rule: "PATH-DENY",
    boundary: "BOUND-31",
    clause: "6(6)",
    note: "remote desktop of a server, not from the administration segment",
    ..BESIDE
};

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("smb_sweep");
    let host = city::joho_terminal(71);
    let mut now = at(22, 30);
    for number in 21..=44 {
        let link = script.link(host, city::joho_terminal(number), 445);
        let conversation = match number % 4 {
            0 => link.tcp().refused(),
            1 | 2 => link.tcp().unanswered(0),
            _ => talk::smb(
                link.tcp(),
                city::joho_terminal(number),
                &[(3_000, 400, 5), (40_000, 300, 20)],
                &mut random,
            ),
        };
        let packets = conversation.play(now, &mut random);
        script.deny(&link, "tcp", BESIDE, packets);
        now += random.between(120, 900) * MILLISECOND;
    }
    let further = [
        (city::kokai_terminal(21), 445, INTERNET_SIDE),
        (city::kokai_terminal(22), 445, INTERNET_SIDE),
        (city::kokai_terminal(23), 445, INTERNET_SIDE),
        (city::kokai_pages(), 445, INTERNET_SIDE),
        (city::gyomu_file(), 445, BUSINESS),
        (Host::new(&GYOMU_SERVER, "10.10.1.21"), 445, BUSINESS),
        (city::joho_accounting(), 3389, ADMINISTRATION),
    ];
    for (server, port, denial) in further {
        let link = script.link(host, server, port);
        let packets = link.tcp().unanswered(1).play(now, &mut random);
        script.deny(&link, "tcp", denial, packets);
        now += random.between(200, 900) * MILLISECOND;
    }
}
