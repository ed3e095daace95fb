//! The script that office and incidents are written into: packets by tap, and the ground truth beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::city::{Host, Segment, TAP_SHISHO};
use super::inventory::{self, Device, Seen};
use super::labels::{Event, seconds};
use crate::{Capture, Conversation, Endpoint, Exchange, Packet, Random};

/// 2026-11-04 09:00:00 in Japan, a Wednesday, as nanoseconds of Unix time.
pub(super) const START_NS: u64 = 1_793_750_400_000_000_000;
/// Half an hour later.
pub(super) const END_NS: u64 = START_NS + 1_800 * SECOND;
/// One second in nanoseconds.
pub(super) const SECOND: u64 = 1_000_000_000;
/// One millisecond in nanoseconds.
pub(super) const MILLISECOND: u64 = 1_000_000;

/// The instant `minutes:seconds` after nine.
pub(super) const fn at(minutes: u64, seconds: u64) -> u64 {
    START_NS + (minutes * 60 + seconds) * SECOND
}

/// When the branch office's tap falls silent.
pub(super) const TAP_DIES_NS: u64 = at(19, 40);

/// Everything written so far.
pub(super) struct Script {
    pub(super) random: Random,
    capture: Capture,
    events: Vec<Event>,
    ports: BTreeMap<IpAddr, u16>,
    /// Who took part, by address and station.
    hosts: BTreeMap<(IpAddr, crate::Mac), Host>,
    pub(super) told: Told,
}

/// What machines told of themselves, for the ground truth of the inventory.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Who announced its address by ARP, neighbour discovery, DHCP or mDNS.
    pub(super) announced: Vec<Host>,
    /// Names by station.
    pub(super) names: BTreeSet<(crate::Mac, String)>,
    /// Addresses that several machines share.
    pub(super) shared: BTreeSet<IpAddr>,
    /// Stations of machines that forward, beside the routers of the segments.
    pub(super) routers: BTreeSet<crate::Mac>,
}

/// Two hosts that talk, and where they are seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    segment: &'static Segment,
}

impl Link {
    pub(super) fn tcp(&self) -> Conversation {
        let start = Conversation::new(self.client, self.server);
        self.segment
            .vlans
            .iter()
            .fold(start, |conversation, id| conversation.vlan(*id))
    }

    pub(super) fn udp(&self) -> Exchange {
        let start = Exchange::new(self.client, self.server);
        self.segment
            .vlans
            .iter()
            .fold(start, |exchange, id| exchange.vlan(*id))
    }

    pub(super) fn vlans(&self) -> &'static [u16] {
        self.segment.vlans
    }

    /// The server's frames come from another station than the router.
    pub(super) fn through(mut self, station: crate::Mac) -> Self {
        self.server = self.server.via(station);
        self
    }
}

/// What the policy is expected to say of a denied flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Denial {
    /// Number and name of the incident.
    pub(super) incident: (u8, &'static str),
    pub(super) rule: &'static str,
    pub(super) boundary: &'static str,
    pub(super) clause: &'static str,
    pub(super) also_ok: &'static [&'static str],
    pub(super) note: &'static str,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            capture: Capture::new(),
            events: Vec::new(),
            ports: BTreeMap::new(),
            hosts: BTreeMap::new(),
            told: Told {
                announced: Vec::new(),
                names: BTreeSet::new(),
                shared: BTreeSet::new(),
                routers: BTreeSet::new(),
            },
        }
    }

    /// A machine announced its address, at this time and on its own segment.
    pub(super) fn announce(&mut self, host: Host, time_ns: u64) {
        let tap = host.segment.tap.unwrap_or_default();
        if is_seen(tap, time_ns) {
            self.told.announced.push(host);
        }
    }

    /// A machine gave its name.
    pub(super) fn call(&mut self, host: Host, name: impl Into<String>) {
        self.told.names.insert((host.mac, name.into()));
    }

    /// Several machines stand behind a host's address.
    pub(super) fn share(&mut self, host: Host) {
        self.told.shared.insert(host.address);
    }

    /// Everyone who took part so far.
    pub(super) fn hosts(&self) -> Vec<Host> {
        self.hosts.values().copied().collect()
    }

    /// Addresses that sent anything so far.
    pub(super) fn speakers(&self) -> BTreeSet<IpAddr> {
        let packets = self.capture.packets.iter();
        packets
            .filter_map(|packet| Seen::of(&packet.octets))
            .map(|seen| seen.from.0)
            .collect()
    }

    /// A new connection's ends: the client at its next free port, each end at the station that its tap sees.
    pub(super) fn link(&mut self, client: Host, server: Host, port: u16) -> Link {
        let next = self.ports.entry(client.address).or_insert(49_152);
        let client_port = *next;
        *next = next.checked_add(1).unwrap_or(49_152);
        self.link_from(client, client_port, server, port)
    }

    /// The same from a fixed port.
    pub(super) fn link_from(&mut self, client: Host, client_port: u16, server: Host, port: u16) -> Link {
        let segment = if client.segment.tap.is_some() {
            client.segment
        } else {
            server.segment
        };
        self.link_on(segment, (client, client_port), (server, port))
    }

    /// The same as it is seen on a given segment.
    pub(super) fn link_on(
        &mut self,
        segment: &'static Segment,
        (client, client_port): (Host, u16),
        (server, port): (Host, u16),
    ) -> Link {
        for host in [client, server] {
            self.hosts.insert((host.address, host.mac), host);
        }
        let seen = |host: Host, port| Endpoint {
            mac: if host.segment == segment {
                host.mac
            } else {
                segment.router
            },
            address: host.address,
            port,
        };
        Link {
            client: seen(client, client_port),
            server: seen(server, port),
            segment,
        }
    }

    /// Adds packets where the link is seen.
    pub(super) fn add(&mut self, link: &Link, packets: Vec<Packet>) {
        self.add_on(link.segment, packets);
    }

    /// Adds packets where the segment is seen.
    pub(super) fn add_on(&mut self, segment: &Segment, packets: Vec<Packet>) {
        let tap = segment.tap.expect("a segment that has a tap");
        self.capture.extend_on(tap, packets);
    }

    /// Adds the packets of a denied flow and its event; flows of one originator, responder and port are one event.
    pub(super) fn deny(&mut self, link: &Link, protocol: &'static str, denial: Denial, packets: Vec<Packet>) {
        let (start, end) = span(&packets);
        let [src, dst] = [link.client, link.server].map(|end| vec![end.address.to_string()]);
        let dport = vec![link.server.port];
        self.add(link, packets);
        let known = self.events.iter_mut().find(|event| {
            event.kind == "policy_violation" && (&event.src, &event.dst, &event.dport) == (&src, &dst, &dport)
        });
        if let Some(event) = known {
            event.start = event.start.min(start);
            event.end = event.end.max(end);
            return;
        }
        let mut also_ok = vec!["unauthorized_communication", "zone_violation"];
        also_ok.extend(denial.also_ok);
        self.events.push(Event {
            kind: "policy_violation",
            also_ok,
            src,
            dst,
            start,
            end,
            proto: Some(protocol),
            dport,
            difficulty: "easy",
            note: denial.note,
            incident: denial.incident.0,
            incident_name: denial.incident.1,
            rule: Some(denial.rule),
            boundary: Some(denial.boundary),
            clause: Some(denial.clause),
            ..Event::default()
        });
    }

    /// Notes an event whose packets were added before.
    pub(super) fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The capture of the half hour, without what the dead tap missed, and the events in order of time.
    pub(super) fn finish(mut self) -> (Capture, Vec<Event>, Vec<Device>) {
        self.capture
            .packets
            .retain(|packet| is_seen(packet.interface, packet.time_ns));
        let devices = inventory::devices(&self.capture, &self.hosts(), &self.told);
        self.capture.sort();
        self.events
            .sort_by(|a, b| a.start.total_cmp(&b.start).then_with(|| a.dst.cmp(&b.dst)));
        (self.capture, self.events, devices)
    }
}

/// Whether a tap saw what happened at a time.
fn is_seen(tap: u32, time_ns: u64) -> bool {
    let is_missed = tap == TAP_SHISHO && time_ns >= TAP_DIES_NS;
    (START_NS..END_NS).contains(&time_ns) && !is_missed
}

/// First and last time of the packets, in seconds.
pub(super) fn span(packets: &[Packet]) -> (f64, f64) {
    let times = || packets.iter().map(|packet| packet.time_ns);
    (
        seconds(times().min().expect("packets")),
        seconds(times().max().expect("packets")),
    )
}
