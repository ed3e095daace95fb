//! The drill: each condition that a path can have, kept once and broken once.
//!
//! Wednesday 2026-11-04 in Japan. Every violation stands beside its permitted twin, so that a judge that denies too
//! much is found as one that denies too little. The policy is in `tests/drill` of the repository; a violation is named
//! by the rule that has to deny it.

use std::net::IpAddr;

use crate::frame::ip_packet;
use crate::payload::{ssh, tls};
use crate::{Capture, Conversation, Endpoint, Frame, Packet, Random};

/// 2026-11-04 10:00:00 in Japan, a working day, as nanoseconds of Unix time.
pub const MORNING_NS: u64 = 1_793_754_000_000_000_000;
const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

/// The router of the Internet side that leads to the security cloud, and another one.
const ROUTER: [u8; 6] = [0x02, 0x00, 0x0a, 0x1e, 0x10, 0xfe];
const MOBILE_ROUTER: [u8; 6] = [0x02, 0x00, 0x0a, 0x1e, 0x10, 0x63];

/// A flow that has to raise one alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Rule that denies it.
    pub rule: &'static str,
    /// Originator.
    pub orig: IpAddr,
    /// Responder.
    pub resp: IpAddr,
    /// Port of the responder.
    pub port: u16,
}

/// The packets, and what has to be said of them.
#[derive(Debug, Clone)]
pub struct Drill {
    /// Packets in order of time.
    pub capture: Capture,
    /// Every alert that has to be raised; each once.
    pub violations: Vec<Violation>,
}

impl Drill {
    /// Plays the day.
    #[must_use]
    pub fn new() -> Self {
        let mut day = Day {
            random: Random::new(0x4b45_4e4d_4f4e),
            capture: Capture::new(),
            violations: Vec::new(),
            port: 49_152,
        };
        for play in [
            services, tunnels, gateway, next_hops, stations, terms, exceptions, fragments, midstream,
        ] {
            play(&mut day);
        }
        day.capture.sort();
        day.violations.sort();
        Self {
            capture: day.capture,
            violations: day.violations,
        }
    }
}

impl Default for Drill {
    fn default() -> Self {
        Self::new()
    }
}

struct Day {
    random: Random,
    capture: Capture,
    violations: Vec<Violation>,
    port: u16,
}

impl Day {
    /// The ends of a new connection.
    fn ends(&mut self, orig: &str, resp: &str, port: u16) -> (Endpoint, Endpoint) {
        self.port += 1;
        (Endpoint::new(orig, self.port), Endpoint::new(resp, port))
    }

    fn expect(&mut self, rule: &'static str, (orig, resp): (Endpoint, Endpoint)) {
        self.violations.push(Violation {
            rule,
            orig: orig.address,
            resp: resp.address,
            port: resp.port,
        });
    }

    fn play(&mut self, time_ns: u64, conversation: &Conversation) {
        let packets = conversation.play(time_ns, &mut self.random);
        self.capture.extend(packets);
    }

    /// A connection that says something of no known protocol.
    fn some(&mut self, time_ns: u64, (orig, resp): (Endpoint, Endpoint)) {
        let up = self.random.octets(600);
        let down = self.random.octets(2_000);
        self.play(
            time_ns,
            &Conversation::new(orig, resp).request(&up).response(&down),
        );
    }

    fn tls(&mut self, (orig, resp): (Endpoint, Endpoint)) -> Conversation {
        Conversation::new(orig, resp)
            .request(&tls::client_hello("groupware.example", &mut self.random))
            .response(&tls::server_hello(&mut self.random))
            .request(&tls::client_finished(&mut self.random))
            .response(&tls::application_data(900, &mut self.random))
    }

    fn ssh(&mut self, (orig, resp): (Endpoint, Endpoint)) -> Conversation {
        Conversation::new(orig, resp)
            .request(&ssh::banner("OpenSSH_9.6"))
            .response(&ssh::banner("OpenSSH_9.2p1 Debian-2"))
            .request(&ssh::key_exchange_init(&mut self.random))
            .response(&ssh::key_exchange_init(&mut self.random))
    }
}

/// TLS is allowed on 443; a shell on the same port is not.
fn services(day: &mut Day) {
    let kept = day.ends("10.20.16.21", "10.20.1.80", 443);
    let conversation = day.tls(kept);
    day.play(MORNING_NS, &conversation);

    let broken = day.ends("10.20.16.22", "10.20.1.80", 443);
    let conversation = day.ssh(broken);
    day.play(MORNING_NS + 5 * SECOND, &conversation);
    day.expect("PATH-SERVICE", broken);
}

/// A tunnel that is allowed carries what its own path allows, and two flows that theirs do not.
fn tunnels(day: &mut Day) {
    let (near, far) = ("10.20.1.2", "10.20.1.3");
    let inside = day.ends("10.20.16.23", "10.20.1.80", 443);
    let conversation = day.tls(inside);
    let packets = conversation.play(MORNING_NS + 10 * SECOND, &mut day.random);
    day.capture.extend(in_gre(&packets, inside.0, near, far));
    day.expect("PATH-TUNNEL", inside);

    let inside = day.ends("10.20.16.24", "10.10.1.10", 445);
    let conversation = Conversation::new(inside.0, inside.1)
        .request(&[7; 80])
        .response(&[8; 80]);
    let packets = conversation.play(MORNING_NS + 12 * SECOND, &mut day.random);
    day.capture.extend(in_gre(&packets, inside.0, near, far));
    day.expect("PATH-DENY", inside);
}

/// The packets of a conversation inside GRE (RFC 2784), the client's from `near` and the server's from `far`.
fn in_gre(packets: &[Packet], client: Endpoint, near: &str, far: &str) -> Vec<Packet> {
    packets
        .iter()
        .map(|packet| {
            let inner = ip_packet(&packet.octets).expect("IP");
            let length = usize::from(u16::from_be_bytes([inner[2], inner[3]]));
            let by_client = IpAddr::from([inner[12], inner[13], inner[14], inner[15]]) == client.address;
            let (from, to) = if by_client { (near, far) } else { (far, near) };
            let payload = [&[0, 0, 0x08, 0x00], &inner[..length]].concat();
            Packet::new(packet.time_ns, Frame::between(from, to).ip_payload(47, &payload))
        })
        .collect()
}

/// Screens come over the gateway in two legs; one leg alone and none at all are bypasses.
fn gateway(day: &mut Day) {
    let start = MORNING_NS + 30 * SECOND;
    let leg = day.ends("10.20.16.31", "10.25.1.1", 8_443);
    let onward = day.ends("10.25.2.1", "10.30.16.31", 8_443);
    day.some(start, leg);
    day.some(start + SECOND, onward);

    let alone = day.ends("10.20.16.32", "10.25.1.1", 8_443);
    day.some(start + 600 * SECOND, alone);
    day.expect("GATEWAY-GAP", alone);

    let direct = day.ends("10.20.16.33", "10.30.16.33", 8_443);
    day.some(start + 2 * SECOND, direct);
    day.expect("PATH-DENY", direct);
}

/// The security cloud is reached by its router and not by another one.
fn next_hops(day: &mut Day) {
    let start = MORNING_NS + 60 * SECOND;
    let (orig, resp) = day.ends("10.30.16.41", "172.20.1.80", 8_080);
    day.some(start, (orig, resp.via(ROUTER)));

    let (orig, resp) = day.ends("10.30.16.42", "172.20.1.80", 8_080);
    day.some(start + SECOND, (orig, resp.via(MOBILE_ROUTER)));
    day.expect("PATH-NEXT-HOP", (orig, resp));
}

/// A host that a path names keeps its address, and comes back on another machine an hour later.
fn stations(day: &mut Day) {
    let (orig, resp) = day.ends("10.10.1.40", "172.24.200.4", 443);
    day.some(MORNING_NS + 90 * SECOND, (orig, resp));

    let (orig, resp) = day.ends("10.10.1.40", "172.24.200.4", 443);
    day.some(
        MORNING_NS + HOUR,
        (orig.via([0x02, 0x00, 0x0a, 0x0a, 0x01, 0x99]), resp),
    );
    day.expect("PATH-MAC", (orig, resp));
}

/// Vendors: in the window, after it, after the contract and before it.
fn terms(day: &mut Day) {
    let mut visit = |time_ns, vendor, server, rule: Option<&'static str>| {
        let ends = day.ends(vendor, server, 22);
        let conversation = day.ssh(ends);
        day.play(time_ns, &conversation);
        if let Some(rule) = rule {
            day.expect(rule, ends);
        }
    };
    let evening = MORNING_NS + 10 * HOUR;
    visit(MORNING_NS + 120 * SECOND, "172.28.5.4", "10.20.1.10", None);
    visit(evening, "172.28.5.4", "10.20.1.11", Some("PATH-WINDOW"));
    visit(
        MORNING_NS + 130 * SECOND,
        "172.28.5.34",
        "10.20.1.10",
        Some("PATH-EXPIRED"),
    );
    visit(
        MORNING_NS + 140 * SECOND,
        "172.28.5.66",
        "10.20.1.10",
        Some("PATH-EARLY"),
    );
}

/// Exceptions: after the end, in the window, outside it.
fn exceptions(day: &mut Day) {
    let mut copy = |time_ns, server, rule: Option<&'static str>| {
        let ends = day.ends(server, "10.10.1.10", 445);
        day.some(time_ns, ends);
        if let Some(rule) = rule {
            day.expect(rule, ends);
        }
    };
    let evening = MORNING_NS + 9 * HOUR;
    copy(MORNING_NS + 150 * SECOND, "10.20.1.81", Some("EXCEPTION-EXPIRED"));
    copy(evening, "10.20.1.82", None);
    copy(MORNING_NS + 160 * SECOND, "10.20.1.82", Some("EXCEPTION-WINDOW"));
}

/// A datagram in three fragments: the port stands in the first one only.
fn fragments(day: &mut Day) {
    let (orig, resp) = day.ends("10.20.16.51", "10.10.1.53", 5_353);
    let payload = day.random.octets(3_200);
    let whole = Frame::new(orig.mac, resp.mac)
        .ip(orig.address, resp.address)
        .ident(0x5151)
        .udp(orig.port, resp.port, &payload);
    let datagram = &whole[34..];
    let frames = datagram.chunks(1_480).enumerate().map(|(index, part)| {
        let mut frame = Frame::new(orig.mac, resp.mac)
            .ip(orig.address, resp.address)
            .ident(0x5151)
            .ip_payload(17, part);
        let offset = u16::try_from(index * 1_480 / 8).expect("small");
        let more = if (index + 1) * 1_480 < datagram.len() {
            0x2000
        } else {
            0
        };
        frame[20..22].copy_from_slice(&(offset | more).to_be_bytes());
        frame[24..26].copy_from_slice(&[0, 0]);
        let sum = crate::checksum::internet(&frame[14..34]);
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
        frame
    });
    // The last fragment comes first, as some senders do.
    let mut frames: Vec<_> = frames.collect();
    frames.reverse();
    for (frame, nanos) in frames.into_iter().zip((0..).step_by(40_000)) {
        day.capture.push(MORNING_NS + 180 * SECOND + nanos, frame);
    }
    day.expect("PATH-DENY", (orig, resp));
}

/// The capture begins after the handshake.
fn midstream(day: &mut Day) {
    let ends = day.ends("10.20.16.52", "10.10.1.20", 445);
    let conversation = Conversation::new(ends.0, ends.1)
        .midstream()
        .request(&[1; 300])
        .response(&[2; 900])
        .request(&[3; 40]);
    day.play(MORNING_NS + 200 * SECOND, &conversation);
    day.expect("PATH-DENY", ends);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_has_a_rule_and_ends_of_its_own() {
        let drill = Drill::new();
        let mut ends: Vec<_> = drill
            .violations
            .iter()
            .map(|violation| (violation.orig, violation.resp, violation.port, violation.rule))
            .collect();
        ends.dedup();

        assert_eq!((drill.violations.len(), ends.len()), (14, 14));
        assert!(drill.capture.packets.is_sorted_by_key(|packet| packet.time_ns));
    }

    #[test]
    fn fragments_join_to_the_datagram_by_rfc_791() {
        let drill = Drill::new();
        let parts: Vec<_> = drill
            .capture
            .packets
            .iter()
            .filter(|packet| packet.octets[18..20] == [0x51, 0x51])
            .map(|packet| {
                let flags = u16::from_be_bytes([packet.octets[20], packet.octets[21]]);
                (flags & 0x2000 != 0, flags & 0x1fff, packet.octets.len() - 34)
            })
            .collect();

        assert_eq!(parts, [(false, 370, 248), (true, 185, 1_480), (true, 0, 1_480)]);
    }
}
