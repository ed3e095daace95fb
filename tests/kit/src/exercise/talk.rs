//! What is said on a connection, by protocol.

use super::city::Host;
use super::names;
use super::script::{MILLISECOND, SECOND};
use crate::payload::{http, rdp, smb, smtp, ssh, tls};
use crate::{Conversation, Random};

/// A TLS session: handshake, then rounds of (octets up, octets down, pause before in milliseconds).
pub(super) fn tls(
    conversation: Conversation,
    name: &str,
    rounds: &[(usize, usize, u64)],
    random: &mut Random,
) -> Conversation {
    let start = conversation
        .request(&tls::client_hello(name, random))
        .response(&tls::server_hello(random))
        .request(&tls::client_finished(random));
    rounds.iter().fold(start, |conversation, (up, down, pause)| {
        let conversation = if *pause > 0 {
            conversation.wait(pause * MILLISECOND)
        } else {
            conversation
        };
        let conversation = conversation.request(&tls::application_data(*up, random));
        if *down > 0 {
            conversation.response(&tls::application_data(*down, random))
        } else {
            conversation
        }
    })
}

/// TLS inside a proxy's tunnel.
pub(super) fn proxied(
    conversation: Conversation,
    name: &str,
    rounds: &[(usize, usize, u64)],
    random: &mut Random,
) -> Conversation {
    let conversation = conversation
        .request(&http::connect(name, 443))
        .response(&http::connected());
    tls(conversation, name, rounds, random)
}

/// Pages of a web site in clear text, asked for by a terminal's browser.
pub(super) fn web(
    conversation: Conversation,
    name: &str,
    sizes: &[usize],
    random: &mut Random,
) -> Conversation {
    web_as(conversation, name, http::WINDOWS, sizes, random)
}

/// The same by another browser.
pub(super) fn web_as(
    conversation: Conversation,
    name: &str,
    user_agent: &str,
    sizes: &[usize],
    random: &mut Random,
) -> Conversation {
    sizes
        .iter()
        .enumerate()
        .fold(conversation, |conversation, (number, size)| {
            let conversation = if number > 0 {
                conversation.wait(120 * MILLISECOND)
            } else {
                conversation
            };
            conversation
                .request(&http::get(name, &format!("/page/{number}"), user_agent))
                .response(&http::ok(*size, random))
        })
}

/// An SMB 3 session on a server's share, encrypted from there on: rounds of (octets up, octets down, pause before in milliseconds).
pub(super) fn smb(
    conversation: Conversation,
    server: Host,
    rounds: &[(usize, usize, u64)],
    random: &mut Random,
) -> Conversation {
    let session = random.next();
    let start = conversation
        .request(&smb::negotiate_request(random))
        .response(&smb::negotiate_response(random))
        .request(&smb::session_setup_request())
        .response(&smb::session_setup_response(session))
        .request(&smb::tree_connect_request(session, &share_of(server)))
        .response(&smb::tree_connect_response(session));
    rounds.iter().fold(start, |conversation, (up, down, pause)| {
        conversation
            .wait(pause * MILLISECOND)
            .request(&smb::encrypted(*up, session, random))
            .response(&smb::encrypted(*down, session, random))
    })
}

/// A server's share by the name that clients know, or by its address.
fn share_of(server: Host) -> String {
    let name = names::of_server(server.address).next().map(str::to_owned);
    let name = name.unwrap_or_else(|| server.address.to_string());
    format!(r"\\{name}\kyoyu")
}

/// Octets of one screen update; a record never crosses a segment.
const UPDATE: usize = 1_300;

/// A remote desktop: rounds as in [`tls()`].
pub(super) fn rdp(
    conversation: Conversation,
    user: &str,
    rounds: &[(usize, usize, u64)],
    random: &mut Random,
) -> Conversation {
    let start = conversation
        .request(&rdp::connection_request(user))
        .response(&rdp::connection_confirm());
    rounds
        .iter()
        .fold(tls(start, "", &[], random), |conversation, (up, down, pause)| {
            let conversation = conversation
                .wait(pause * MILLISECOND)
                .request(&tls::application_data(*up, random));
            let updates = down.div_ceil(UPDATE);
            (0..updates).fold(conversation, |conversation, update| {
                let octets = UPDATE.min(down - update * UPDATE);
                conversation.response(&tls::application_data(octets, random))
            })
        })
}

/// A shell: the key exchange, then keystrokes and their echo.
pub(super) fn ssh(conversation: Conversation, keystrokes: u64, random: &mut Random) -> Conversation {
    let start = conversation
        .request(&ssh::banner("OpenSSH_9.6"))
        .response(&ssh::banner("OpenSSH_9.2p1 Debian-2"))
        .request(&ssh::key_exchange_init(random))
        .response(&ssh::key_exchange_init(random))
        .request(&ssh::new_keys(random))
        .response(&ssh::new_keys(random));
    (0..keystrokes).fold(start, |conversation, _| {
        let pause = random.between(90, 1_500) * MILLISECOND;
        let echo = usize::try_from(36 + 8 * random.between(0, 40)).expect("small");
        conversation
            .wait(pause)
            .request(&random.octets(36))
            .response(&random.octets(echo))
    })
}

/// One mail between two relays.
pub(super) fn mail(
    conversation: Conversation,
    (from, to): (&str, &str),
    (client, server): (&str, &str),
    octets: usize,
) -> Conversation {
    smtp::delivery(client, server, from, to, octets).into_iter().fold(
        conversation,
        |conversation, (by_client, line)| {
            if by_client {
                conversation.request(&line)
            } else {
                conversation.response(&line)
            }
        },
    )
}

/// Rounds of a screen that is shown: little goes up, pictures come down.
pub(super) fn screen(duration_s: u64, random: &mut Random) -> Vec<(usize, usize, u64)> {
    let (mut rounds, mut spent) = (Vec::new(), 0);
    while spent < duration_s * SECOND / MILLISECOND {
        let pause = random.between(1_500, 18_000);
        let down = random.between(300, 3_200);
        rounds.push((
            usize::try_from(random.between(40, 160)).expect("small"),
            usize::try_from(down).expect("small"),
            pause,
        ));
        spent += pause;
    }
    rounds
}

/// `count` rounds of a dialogue with sizes and pauses up to the given ones.
pub(super) fn rounds(
    count: u64,
    up: u64,
    down: u64,
    pause_ms: u64,
    random: &mut Random,
) -> Vec<(usize, usize, u64)> {
    (0..count)
        .map(|_| {
            let size = |octets: u64| usize::try_from(octets).expect("small");
            let up = size(random.between(up / 3, up));
            let down = size(random.between(down / 5, down));
            (up, down, random.between(1, pause_ms))
        })
        .collect()
}
