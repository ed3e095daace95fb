//! A judge written from the manual alone, over a space that can be walked through.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use sekisho_model::{Protocol, Timestamp, Verdict};

use super::sketch::{Entry, Sketch, Statement, UNKNOWN, WINDOWS};
use crate::Question;

/// One flow: positions in the lists of the space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) orig: usize,
    pub(super) resp: usize,
    pub(super) service: usize,
    pub(super) application: usize,
    pub(super) time: usize,
}

/// A time: in which of the windows, and when.
#[derive(Debug, Clone, Copy)]
struct Time {
    window: Option<usize>,
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
    (Protocol::TCP, 50),
    (Protocol::TCP, 443),
    (Protocol::TCP, 100),
    (Protocol::TCP, 9),
    (Protocol::TCP, 200),
    (Protocol::UDP, 50),
    (Protocol::UDP, 443),
    (Protocol::UDP, 100),
    (Protocol::UDP, 9),
    (Protocol::UDP, 200),
    (Protocol::SCTP, 50),
    (Protocol::SCTP, 443),
    (Protocol::SCTP, 100),
    (Protocol::SCTP, 9),
    (Protocol::SCTP, 200),
    (Protocol::ICMP, 0),
    (Protocol(47), 0),
];

const APPLICATIONS: [Option<&str>; 4] = [None, Some("tls"), Some("ssh"), Some("http")];

/// The instant from which proofs are asked for.
pub(super) const AT: &str = "2026-11-01T00:00:00+09:00";

/// Within each term, a time within each of the windows and one within none. The 31st of December
/// is no holiday of Japan's.
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

/// The lists, read once.
struct Space {
    addresses: Vec<IpAddr>,
    instants: Vec<Timestamp>,
    points: Vec<Point>,
}

static SPACE: LazyLock<Space> = LazyLock::new(|| {
    let instant = |time: &Time| format!("{}T{}:00+09:00", time.date, time.clock);
    let mut points = Vec::new();
    for orig in 0..ADDRESSES.len() {
        for resp in 0..ADDRESSES.len() {
            for service in 0..SERVICES.len() {
                for application in 0..APPLICATIONS.len() {
                    points.extend((0..TIMES.len()).map(|time| Point {
                        orig,
                        resp,
                        service,
                        application,
                        time,
                    }));
                }
            }
        }
    }
    Space {
        addresses: ADDRESSES.map(|address| address.parse().unwrap()).to_vec(),
        instants: TIMES
            .iter()
            .map(|time| Timestamp::parse(&instant(time)).unwrap())
            .collect(),
        points,
    }
});

/// Every flow of the space.
pub(super) fn points() -> &'static [Point] {
    &SPACE.points
}

impl Point {
    pub(super) fn question(self) -> Question<'static> {
        let (protocol, port) = SERVICES[self.service];
        let (orig, resp) = (SPACE.addresses[self.orig], SPACE.addresses[self.resp]);
        Question {
            service: APPLICATIONS[self.application],
            ..Question::new(orig, resp, protocol, port, SPACE.instants[self.time])
        }
    }
}

/// Number of the built-in zone `link`.
const LINK: usize = 5;

/// A sketch looked up for every address.
pub(super) struct Places {
    zones: Vec<usize>,
}

impl Places {
    /// Longest prefix, else `link`, else `unknown`.
    pub(super) fn new(sketch: &Sketch) -> Self {
        let zone = |address: &&str| {
            if address.starts_with("169.254.") {
                return LINK;
            }
            let address: IpAddr = address.parse().unwrap();
            let networks = sketch.zones.iter().enumerate().flat_map(|(number, zone)| {
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
        };
        Self {
            zones: ADDRESSES.iter().map(zone).collect(),
        }
    }

    /// What is said before any path is asked: a verdict, or nothing.
    pub(super) fn before_paths(&self, sketch: &Sketch, point: &Point) -> Option<Verdict> {
        let (orig, resp) = (self.zones[point.orig], self.zones[point.resp]);
        let excluded = |zone: usize| sketch.zones.get(zone).is_some_and(|zone| zone.excluded);
        if excluded(orig) || excluded(resp) {
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
        let open = sketch.zones.get(orig).is_some_and(|zone| !zone.intra_deny);
        (orig == resp && open).then_some(Verdict::Allowed)
    }

    /// Whether both ends are in one zone.
    pub(super) fn inside(&self, point: &Point) -> bool {
        self.zones[point.orig] == self.zones[point.resp]
    }

    /// Whether a statement speaks of the flow.
    pub(super) fn states(&self, statement: &Statement, point: &Point) -> bool {
        let (protocol, port) = SERVICES[point.service];
        let open = TIMES[point.time].window.map(|window| WINDOWS[window]);
        statement.window.is_none_or(|window| open == Some(window))
            && statement
                .port
                .is_none_or(|asked| protocol == Protocol::TCP && port == asked)
            && statement.from.contains(&self.zones[point.orig])
            && statement.to.contains(&self.zones[point.resp])
    }

    /// An entry looked up for every value that a flow may have.
    pub(super) fn entry(&self, entry: &Entry) -> Answers {
        let end = |zones: &Option<Vec<usize>>, hosts: &Option<Vec<&str>>| -> Vec<bool> {
            let address = |place: usize| {
                let address = SPACE.addresses[place];
                let named = zones
                    .as_ref()
                    .is_none_or(|zones| zones.contains(&self.zones[place]));
                let host = |host: &&str| match host.parse::<IpNet>() {
                    Ok(network) => network.contains(&address),
                    Err(_) => host.parse::<IpAddr>().unwrap() == address,
                };
                named && hosts.as_ref().is_none_or(|hosts| hosts.iter().any(host))
            };
            (0..ADDRESSES.len()).map(address).collect()
        };
        let service = |(protocol, port): (Protocol, u16)| {
            let named = match &entry.protocols {
                None => entry.ports.is_none() || protocol.has_ports(),
                Some(names) => names.contains(&protocol.to_string().as_str()),
            };
            named && (entry.ports.is_none() || entry.has_port(port))
        };
        let application = |application: Option<&str>| {
            let services = entry.services.as_ref();
            services.is_none_or(|services| application.is_none_or(|name| services.contains(&name)))
        };
        Answers {
            from: end(&entry.from, &entry.from_hosts),
            to: end(&entry.to, &entry.to_hosts),
            service: SERVICES.map(service).to_vec(),
            application: APPLICATIONS.map(application).to_vec(),
            time: TIMES.map(|time| entry.failed_at(&time)).to_vec(),
        }
    }
}

/// What an entry says of each value that a flow may have.
pub(super) struct Answers {
    from: Vec<bool>,
    to: Vec<bool>,
    service: Vec<bool>,
    application: Vec<bool>,
    time: Vec<Option<&'static str>>,
}

impl Answers {
    /// Whether the entry speaks of the flow: zones, hosts, protocol and port.
    pub(super) fn speaks_of(&self, point: &Point) -> bool {
        self.from[point.orig] && self.to[point.resp] && self.service[point.service]
    }

    /// Whether its further conditions hold.
    pub(super) fn holds(&self, point: &Point) -> bool {
        self.failed(point).is_none()
    }

    /// The rule by which a flow is denied where they do not.
    pub(super) fn failed(&self, point: &Point) -> Option<&'static str> {
        if self.application[point.application] {
            self.time[point.time]
        } else {
            Some("PATH-SERVICE")
        }
    }
}

/// The order in which entries are asked.
pub(super) fn order(sketch: &Sketch) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sketch.entries.len()).collect();
    order.sort_by_cached_key(|entry| (sketch.entries[*entry].rank(), *entry));
    order
}

impl Entry {
    /// The most specific first.
    fn rank(&self) -> (usize, usize, bool, bool, usize, u32) {
        let hosts = usize::from(self.from_hosts.is_none()) + usize::from(self.to_hosts.is_none());
        let any = usize::from(self.from.is_none()) + usize::from(self.to.is_none());
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
            (0..=u16::MAX).filter(|port| self.has_port(*port)).count(),
            minutes,
        )
    }

    fn has_port(&self, port: u16) -> bool {
        let ports = self.ports.as_ref();
        ports.is_none_or(|ports| ports.iter().any(|(low, high)| (*low..=*high).contains(&port)))
    }

    fn failed_at(&self, time: &Time) -> Option<&'static str> {
        let kind = |path, exception| Some(if self.exception { exception } else { path });
        if self.starts.is_some_and(|starts| time.date < starts) {
            return Some("PATH-EARLY");
        }
        if self.expires.is_some_and(|expires| expires < time.date) {
            return kind("PATH-EXPIRED", "EXCEPTION-EXPIRED");
        }
        let open = time.window.map(|window| WINDOWS[window]);
        match self.window {
            Some(window) if open != Some(window) => kind("PATH-WINDOW", "EXCEPTION-WINDOW"),
            _ => None,
        }
    }
}
