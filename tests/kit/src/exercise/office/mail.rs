//! Mail: terminals to their server, and from relay to relay through the sanitising gateway.

use super::super::city::{self, Host};
use super::super::names;
use super::super::script::{MILLISECOND, SECOND, Script};
use super::super::talk;
use super::sometime;
use crate::Random;

/// One relay after another: client, its name, server, its name, milliseconds there and back.
type Leg = (fn() -> Host, &'static str, fn() -> Host, &'static str, u64);

const INCOMING: [Leg; 4] = [
    (
        city::cloud_mail,
        "relay.cloud.example",
        city::kokai_mail,
        "mx.kokai.city.example",
        9,
    ),
    (
        city::kokai_mail,
        "mx.kokai.city.example",
        city::mugai_kokai_mail,
        "mugai.city.example",
        1,
    ),
    (
        city::mugai_kokai_mail,
        "mugai.city.example",
        city::mugai_joho_mail,
        "mugai.city.example",
        1,
    ),
    (
        city::mugai_joho_mail,
        "mugai.city.example",
        city::joho_mail,
        "mail.joho.city.example",
        1,
    ),
];
const OUTGOING: [Leg; 4] = [
    (
        city::joho_mail,
        "mail.joho.city.example",
        city::mugai_joho_mail,
        "mugai.city.example",
        1,
    ),
    (
        city::mugai_joho_mail,
        "mugai.city.example",
        city::mugai_kokai_mail,
        "mugai.city.example",
        1,
    ),
    (
        city::mugai_kokai_mail,
        "mugai.city.example",
        city::kokai_mail,
        "mx.kokai.city.example",
        1,
    ),
    (
        city::kokai_mail,
        "mx.kokai.city.example",
        city::cloud_mail,
        "relay.cloud.example",
        9,
    ),
];
const TO_LGWAN: [Leg; 1] = [(
    city::joho_mail,
    "mail.joho.city.example",
    city::lgwan_mail,
    "relay.lgwan.example",
    5,
)];
const FROM_LGWAN: [Leg; 1] = [(
    city::lgwan_mail,
    "relay.lgwan.example",
    city::joho_mail,
    "mail.joho.city.example",
    5,
)];

pub(in super::super) fn play(script: &mut Script) {
    let mut random = script.random.fork("mail");
    for (legs, count) in [
        (&INCOMING[..], 22),
        (&OUTGOING, 12),
        (&TO_LGWAN, 8),
        (&FROM_LGWAN, 9),
    ] {
        for _ in 0..count {
            deliver(script, legs, &mut random);
        }
    }
    let lgwan_side = city::joho_terminals().into_iter().chain(city::shisho_terminals());
    let lgwan_side = lgwan_side.map(|host| (host, city::joho_mail(), "mail.joho.city.example"));
    let internet_side = city::kokai_terminals().into_iter().step_by(4);
    let internet_side = internet_side.map(|host| (host, city::kokai_mail(), "mail.kokai.city.example"));
    for (host, server, name) in lgwan_side.chain(internet_side) {
        let link = script.link(host, server, 993);
        let rounds = talk::rounds(3, 300, 4_000, 30_000, &mut random);
        let conversation = talk::tls(link.tcp(), name, &rounds, &mut random);
        let packets = conversation.play(sometime(&mut random), &mut random);
        script.add(&link, packets);
    }
    for number in 0..18 {
        submit(script, city::joho_terminal(21 + number * 3), &mut random);
    }
}

/// Each relay passes the mail on some seconds after it came.
fn deliver(script: &mut Script, legs: &[Leg], random: &mut Random) {
    let octets = 800 + random.index(6_000);
    let mut now = sometime(random);
    for (client, client_name, server, server_name, round_trip) in legs {
        let link = script.link(client(), server(), 25);
        let conversation = link.tcp().round_trip(round_trip * MILLISECOND);
        let people = ("someone@company-b.example", "shomu@city.example");
        let conversation = talk::mail(conversation, people, (client_name, server_name), octets);
        let packets = conversation.play(now, random);
        script.add(&link, packets);
        now += random.between(1, 4) * SECOND;
    }
}

/// A terminal hands in a mail: STARTTLS on the submission port.
fn submit(script: &mut Script, client: Host, random: &mut Random) {
    let link = script.link(client, city::joho_mail(), 587);
    let name = format!("{}.joho.city.example", names::of_terminal(client));
    let conversation = link
        .tcp()
        .response(b"220 mail.joho.city.example ESMTP\r\n")
        .request(format!("EHLO {name}\r\n").as_bytes())
        .response(b"250-mail.joho.city.example\r\n250 STARTTLS\r\n")
        .request(b"STARTTLS\r\n")
        .response(b"220 2.0.0 Ready to start TLS\r\n");
    let rounds = talk::rounds(4, 2_500, 200, 100, random);
    let packets =
        talk::tls(conversation, "mail.joho.city.example", &rounds, random).play(sometime(random), random);
    script.add(&link, packets);
    script.call(client, name);
}
