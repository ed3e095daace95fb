//! A judge written from the manual alone, over a space that can be walked through.

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::{Protocol, Timestamp, Verdict};

use super::sketch::{Entry, Sketch, Statement, UNKNOWN, WINDOWS};
use crate::Question;

/// One flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) orig: &'static str,
    pub(super) resp: &'static str,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) service: Option<&'static str>,
    pub(super) time: Time,
}

/// A time: in which of the windows, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) window: Option<usize>,
    /// The day, with which terms are compared.
    date: &'static str,
    clock: &'static str,
}

/// Two hosts that entries name, one of each further network, one that is in none, one of the link.
const ADDRESSES: [&str; 8] = [
    "10.0.0.7",
    "10.0.0.9",
    "10.0.1.5",
    "10.0.1.200",
    "10.0.2.5",
    "10.0.3.5",
    "192.0.2.1",
    "169.254.0.1",
];

/// Each port that some entry tells from the others, of each protocol that one does.
const SERVICES: [(Protocol, u16); 17] = [
    (Protocol::TCP, 22),
    (Protocol::TCP, 443),
    (Protocol::TCP, 100),
    (Protocol::TCP, 9),
    (Protocol::TCP, 80),
    (Protocol::UDP, 22),
    (Protocol::UDP, 443),
    (Protocol::UDP, 100),
    (Protocol::UDP, 9),
    (Protocol::UDP, 80),
    (Protocol::SCTP, 22),
    (Protocol::SCTP, 443),
    (Protocol::SCTP, 100),
    (Protocol::SCTP, 9),
    (Protocol::SCTP, 80),
    (Protocol::ICMP, 0),
    (Protocol(47), 0),
];

const APPLICATIONS: [Option<&str>; 4] = [None, Some("tls"), Some("ssh"), Some("http")];

/// The instant from which proofs are asked for.
pub(super) const AT: &str = "2026-11-01T00:00:00+09:00";

/// Working days within each term, at a time within each of the windows and within none. The 31st of
/// December is no holiday.
const TIMES: [Time; 12] = {
    const fn at(window: Option<usize>, date: &'static str, clock: &'static str) -> Time {
        Time { window, date, clock }
    }
    [
        at(Some(0), "2026-11-04", "10:00"),
        at(Some(1), "2026-11-04", "23:30"),
        at(None, "2026-11-07", "10:00"),
        at(Some(0), "2026-11-30", "08:30"),
        at(Some(1), "2026-11-30", "04:59"),
        at(None, "2026-11-30", "17:15"),
        at(Some(0), "2026-12-31", "17:14"),
        at(Some(1), "2026-12-31", "23:59"),
        at(None, "2026-12-31", "05:00"),
        at(Some(0), "2027-01-04", "10:00"),
        at(Some(1), "2027-01-01", "00:00"),
        at(None, "2027-01-01", "10:00"),
    ]
};

/// Every flow of the space.
pub(super) fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for orig in ADDRESSES {
        for resp in ADDRESSES {
            for (protocol, port) in SERVICES {
                for service in APPLICATIONS {
                    points.extend(TIMES.map(|time| Point {
                        orig,
                        resp,
                        protocol,
                        port,
                        service,
                        time,
                    }));
                }
            }
        }
    }
    points
}

impl Point {
    pub(super) fn question(&self) -> Question<'static> {
        let at = format!("{}T{}:00+09:00", self.time.date, self.time.clock);
        let at = Timestamp::parse(&at).unwrap();
        let (orig, resp) = (self.orig.parse().unwrap(), self.resp.parse().unwrap());
        Question {
            service: self.service,
            ..Question::new(orig, resp, self.protocol, self.port, at)
        }
    }
}

/// The answers for the two ends of all flows are looked up, not made anew.
const LINK: usize = 5;

impl Sketch {
    /// Longest prefix, else `link`, else `unknown`.
    pub(super) fn zone(&self, address: &str) -> usize {
        if address.starts_with("169.254.") {
            return LINK;
        }
        let address: IpAddr = address.parse().unwrap();
        let networks = self.zones.iter().enumerate().flat_map(|(number, zone)| {
            let networks = zone
                .networks
                .iter()
                .map(|network| network.parse::<IpNet>().unwrap());
            networks.map(move |network| (network, number))
        });
        networks
            .filter(|(network, _)| network.contains(&address))
            .max_by_key(|(network, _)| network.prefix_len())
            .map_or(UNKNOWN, |(_, zone)| zone)
    }

    fn excluded(&self, zone: usize) -> bool {
        self.zones.get(zone).is_some_and(|zone| zone.excluded)
    }

    /// What is said before any path is asked: a verdict, or nothing.
    pub(super) fn before_paths(&self, point: &Point) -> Option<Verdict> {
        let (orig, resp) = (self.zone(point.orig), self.zone(point.resp));
        if self.excluded(orig) || self.excluded(resp) {
            return Some(Verdict::Unknown);
        }
        if orig == LINK || resp == LINK {
            let unknown = orig == UNKNOWN || resp == UNKNOWN;
            return Some(if unknown {
                Verdict::Unknown
            } else {
                Verdict::Allowed
            });
        }
        if orig == UNKNOWN && resp == UNKNOWN {
            return Some(Verdict::Unknown);
        }
        let open = self.zones.get(orig).is_some_and(|zone| !zone.intra_deny);
        (orig == resp && open).then_some(Verdict::Allowed)
    }

    /// The order in which entries are asked.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|entry| (self.entries[*entry].rank(), *entry));
        order
    }
}

impl Entry {
    /// The most specific first.
    fn rank(&self) -> (usize, usize, bool, bool, u32, u32) {
        let hosts = usize::from(self.from_hosts.is_none()) + usize::from(self.to_hosts.is_none());
        let any = usize::from(self.from.is_none()) + usize::from(self.to.is_none());
        let ports = (0..=u16::MAX).filter(|port| self.has_port(*port)).count();
        let minutes = match self.window {
            Some(window) if window == WINDOWS[0] => 5 * 525,
            Some(_) => 7 * 420,
            None => 7 * 1440,
        };
        (
            hosts,
            any,
            self.services.is_none(),
            self.protocols.is_none(),
            u32::try_from(ports).unwrap(),
            minutes,
        )
    }

    fn has_port(&self, port: u16) -> bool {
        let ports = self.ports.as_ref();
        ports.is_none_or(|ports| ports.iter().any(|(low, high)| (*low..=*high).contains(&port)))
    }

    /// Whether it speaks of the flow: zones, hosts, protocol and port.
    pub(super) fn speaks_of(&self, sketch: &Sketch, point: &Point) -> bool {
        let end = |zones: &Option<Vec<usize>>, hosts: &Option<Vec<&str>>, address: &str| {
            let zone = sketch.zone(address);
            let named = zones.as_ref().is_none_or(|zones| zones.contains(&zone));
            let address: IpAddr = address.parse().unwrap();
            let host = |host: &&str| match host.parse::<IpNet>() {
                Ok(network) => network.contains(&address),
                Err(_) => host.parse::<IpAddr>().unwrap() == address,
            };
            named && hosts.as_ref().is_none_or(|hosts| hosts.iter().any(host))
        };
        let protocol = match &self.protocols {
            None => self.ports.is_none() || point.protocol.has_ports(),
            Some(names) => names.contains(&point.protocol.to_string().as_str()),
        };
        protocol
            && (self.ports.is_none() || self.has_port(point.port))
            && end(&self.from, &self.from_hosts, point.orig)
            && end(&self.to, &self.to_hosts, point.resp)
    }

    /// Whether its further conditions hold.
    pub(super) fn holds(&self, point: &Point) -> bool {
        let service = |services: &Vec<&str>| point.service.is_none_or(|service| services.contains(&service));
        self.services.as_ref().is_none_or(service)
            && self.in_window(point)
            && self.starts.is_none_or(|starts| starts <= point.time.date)
            && self.expires.is_none_or(|expires| point.time.date <= expires)
    }

    fn in_window(&self, point: &Point) -> bool {
        let open = point.time.window.map(|window| WINDOWS[window]);
        self.window.is_none_or(|window| open == Some(window))
    }

    /// The rule by which it denies a flow whose further conditions do not hold.
    pub(super) fn failed(&self, point: &Point) -> &'static str {
        let service = |services: &Vec<&str>| point.service.is_none_or(|service| services.contains(&service));
        let kind = |path: &'static str, exception: &'static str| {
            if self.exception { exception } else { path }
        };
        if !self.services.as_ref().is_none_or(service) {
            return "PATH-SERVICE";
        }
        if self.starts.is_some_and(|starts| point.time.date < starts) {
            return "PATH-EARLY";
        }
        if self.expires.is_some_and(|expires| expires < point.time.date) {
            return kind("PATH-EXPIRED", "EXCEPTION-EXPIRED");
        }
        kind("PATH-WINDOW", "EXCEPTION-WINDOW")
    }
}

impl Statement {
    pub(super) fn speaks_of(&self, sketch: &Sketch, point: &Point) -> bool {
        let in_window = self
            .window
            .is_none_or(|window| point.time.window.is_some_and(|open| WINDOWS[open] == window));
        let port = self
            .port
            .is_none_or(|port| point.protocol == Protocol::TCP && point.port == port);
        let (orig, resp) = (sketch.zone(point.orig), sketch.zone(point.resp));
        in_window && port && self.from.contains(&orig) && self.to.contains(&resp)
    }
}
