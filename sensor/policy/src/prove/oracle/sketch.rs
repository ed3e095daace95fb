//! Random small policies: as a sketch that the naive judge reads, and as the text of a policy.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::{Policy, Source};

/// A policy of four zones.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    pub(super) zones: Vec<Zone>,
    pub(super) entries: Vec<Entry>,
    pub(super) statements: Vec<Statement>,
}

/// A zone with one or two of the networks.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) networks: Vec<&'static str>,
    pub(super) intra_deny: bool,
    pub(super) excluded: bool,
}

/// A path or an exception.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) exception: bool,
    /// Zones by their numbers, [`UNKNOWN`] too; `None` is `*`.
    pub(super) from: Option<Vec<usize>>,
    pub(super) to: Option<Vec<usize>>,
    pub(super) from_hosts: Option<Vec<&'static str>>,
    pub(super) to_hosts: Option<Vec<&'static str>>,
    pub(super) protocols: Option<Vec<&'static str>>,
    pub(super) ports: Option<Vec<(u16, u16)>>,
    pub(super) services: Option<Vec<&'static str>>,
    pub(super) window: Option<&'static str>,
    pub(super) starts: Option<&'static str>,
    pub(super) expires: Option<&'static str>,
    pub(super) owner: Option<&'static str>,
}

/// A statement that nothing, or nothing but some entries, allows a crossing.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) from: Vec<usize>,
    pub(super) to: Vec<usize>,
    pub(super) port: Option<u16>,
    pub(super) window: Option<&'static str>,
    /// Numbers of entries.
    pub(super) only: Vec<usize>,
}

/// Number of the built-in zone `unknown`.
pub(super) const UNKNOWN: usize = 4;

/// Networks that zones are made of: no two zones have the same one, one lies in another.
const NETWORKS: [&str; 5] = [
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.0.1.128/25",
    "10.0.2.0/24",
    "10.0.3.0/24",
];

const HOSTS: [&str; 4] = ["10.0.0.7", "10.0.1.0/25", "10.0.1.128/25", "10.0.1.0/24"];

/// Two windows that are never open together.
pub(super) const WINDOWS: [&str; 2] = ["workday 08:30-17:15", "22:00-05:00"];

fn zones() -> impl Strategy<Value = Vec<Zone>> {
    let zone = (prop::bool::weighted(0.3), prop::bool::weighted(0.08));
    let owners = vec(0..4_usize, NETWORKS.len());
    (vec(zone, 4), owners).prop_map(|(zones, owners)| {
        let zones = zones.into_iter().enumerate();
        zones
            .map(|(number, (intra_deny, excluded))| Zone {
                networks: NETWORKS
                    .into_iter()
                    .zip(&owners)
                    .filter(|(_, owner)| **owner == number)
                    .map(|(network, _)| network)
                    .collect(),
                intra_deny,
                excluded,
            })
            .collect()
    })
}

fn end() -> impl Strategy<Value = Option<Vec<usize>>> {
    weighted(0.8, subsequence(vec![0, 1, 2, 3, UNKNOWN], 1..=2))
}

type Service = (
    Option<Vec<&'static str>>,
    Option<Vec<(u16, u16)>>,
    Option<Vec<&'static str>>,
);

fn service() -> impl Strategy<Value = Service> {
    let protocols = weighted(0.7, subsequence(vec!["tcp", "udp", "icmp"], 1..=2));
    let ports = weighted(0.6, subsequence(vec![(443, 443), (22, 100), (100, 443)], 1..=2));
    let services = maybe(
        "services = [\"tls\"]",
        0.3,
        subsequence(vec!["tls", "ssh"], 1..=2),
    );
    (protocols, ports, services).prop_map(|(mut protocols, ports, services)| {
        if let Some(protocols) = protocols.as_mut().filter(|_| ports.is_some()) {
            protocols.retain(|protocol| *protocol != "icmp");
            if protocols.is_empty() {
                protocols.push("tcp");
            }
        }
        (protocols, ports, services)
    })
}

/// An exception with all that it needs.
const EXCEPTION: &str = "[[exception]]\nid = \"E\"\nfrom = \"*\"\nto = \"*\"\napplication = \"1\"\n\
    applicant = \"a\"\napprover = \"b\"\npurpose = \"p\"\nstarts = \"2026-10-01\"\nexpires = \"2026-12-31\"";

/// Some of the values of a key that the language has; the oracle speaks no other language than the
/// compiler.
fn maybe<T: std::fmt::Debug + Clone + 'static>(
    line: &str,
    probability: f64,
    values: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    let text = format!(
        "schema = 1\n[policy]\nname = \"n\"\nversion = \"1\"\n[zone.z]\nnetworks = [\"10.0.0.0/24\"]\n\
         [[path]]\nid = \"P\"\nfrom = \"z\"\nto = \"*\"\n{line}\n"
    );
    let source = Source {
        name: "key.toml".to_owned(),
        text: text.into(),
    };
    match Policy::compile(&[source]) {
        Ok(_) => weighted(probability, values).boxed(),
        Err(_) => Just(None).boxed(),
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let hosts = || {
        maybe(
            "from_hosts = [\"10.0.0.7\"]",
            0.25,
            subsequence(HOSTS.to_vec(), 1..=2),
        )
    };
    let terms = (
        maybe(
            "starts = \"2026-12-01\"",
            0.2,
            select(vec!["2026-12-01", "2026-10-01"]),
        ),
        maybe(
            "expires = \"2026-12-31\"",
            0.3,
            select(vec!["2026-12-31", "2026-11-20", "2026-10-15"]),
        ),
    );
    let words = (
        maybe("window = \"all\"", 0.3, select(WINDOWS.to_vec())),
        weighted(0.3, select(vec!["soumu", "zeimu"])),
        maybe(EXCEPTION, 0.2, Just(())).prop_map(|it| it.is_some()),
    );
    (end(), end(), hosts(), hosts(), service(), terms, words).prop_map(
        |(from, to, from_hosts, to_hosts, service, terms, words)| {
            let (protocols, ports, services) = service;
            let (mut starts, mut expires) = terms;
            let (window, owner, exception) = words;
            if exception {
                starts.get_or_insert("2026-10-01");
                expires.get_or_insert("2026-12-31");
            }
            if starts >= expires && expires.is_some() {
                starts = Some("2026-10-01");
            }
            Entry {
                exception,
                from,
                to,
                from_hosts,
                to_hosts,
                protocols,
                ports,
                services,
                window,
                starts,
                expires,
                owner,
            }
        },
    )
}

fn statement() -> impl Strategy<Value = Statement> {
    let zones = || subsequence(vec![0, 1, 2, 3, UNKNOWN], 1..=2);
    (
        zones(),
        zones(),
        weighted(0.3, select(vec![50, 443, 9])),
        weighted(0.3, select(WINDOWS.to_vec())),
        prop_oneof![2 => Just(Vec::new()), 1 => subsequence(vec![0, 1, 2], 1..=2)],
    )
        .prop_map(|(from, to, port, window, only)| Statement {
            from,
            to,
            port,
            window,
            only,
        })
}

/// Any small policy.
pub(super) fn sketch() -> impl Strategy<Value = Sketch> {
    (zones(), vec(entry(), 0..7), vec(statement(), 2)).prop_map(|(zones, entries, mut statements)| {
        for statement in &mut statements {
            statement.only.retain(|entry| *entry < entries.len());
        }
        Sketch {
            zones,
            entries,
            statements,
        }
    })
}

/// A policy, and another that was made of it by a few changes or is quite another one.
pub(super) fn pair() -> impl Strategy<Value = (Sketch, Sketch)> {
    let other = (sketch(), any::<[bool; 3]>(), vec(any::<bool>(), 8));
    (sketch(), other).prop_map(|(first, (mut second, [zones, keep, extra], which))| {
        if zones {
            second.zones = first.zones.clone();
        }
        if keep {
            let fresh = second.entries.len().min(usize::from(extra));
            second.entries.truncate(fresh);
            let kept = first.entries.iter().zip(&which).filter(|(_, keep)| **keep);
            second.entries.extend(kept.map(|(entry, _)| entry.clone()));
        }
        second.statements.clear();
        (first, second)
    })
}

impl Sketch {
    /// The id of an entry.
    pub(super) fn id(&self, entry: usize) -> String {
        let kind = if self.entries[entry].exception {
            "EXC"
        } else {
            "PATH"
        };
        format!("{kind}-{entry}")
    }

    /// The files of the policy, as one.
    pub(super) fn text(&self) -> String {
        let mut text = "schema = 1\n[policy]\nname = \"n\"\nversion = \"1\"\n".to_owned();
        for (number, zone) in self.zones.iter().enumerate() {
            writeln!(text, "[zone.z{number}]\nnetworks = {:?}", zone.networks).unwrap();
            writeln!(
                text,
                "intra = {:?}",
                if zone.intra_deny { "deny" } else { "allow" }
            )
            .unwrap();
            writeln!(text, "excluded = {}", zone.excluded).unwrap();
        }
        for (number, entry) in self.entries.iter().enumerate() {
            let kind = if entry.exception { "exception" } else { "path" };
            writeln!(text, "[[{kind}]]\nid = {:?}", self.id(number)).unwrap();
            entry.write(&mut text);
        }
        for (number, statement) in self.statements.iter().enumerate() {
            writeln!(text, "[[statement]]\nid = \"S-{number}\"").unwrap();
            self.write(statement, &mut text);
        }
        text
    }

    fn write(&self, statement: &Statement, text: &mut String) {
        let (from, to) = (names(&statement.from), names(&statement.to));
        if statement.only.is_empty() {
            write!(text, "never = \"{} -> {}", from.join(", "), to.join(",")).unwrap();
            if let Some(port) = statement.port {
                write!(text, " tcp/{port}").unwrap();
            }
            if let Some(window) = statement.window {
                write!(text, " {window}").unwrap();
            }
            writeln!(text, "\"").unwrap();
            return;
        }
        let only: Vec<String> = statement.only.iter().map(|entry| self.id(*entry)).collect();
        writeln!(text, "only = {only:?}\nfrom = {from:?}\nto = {to:?}").unwrap();
        if let Some(port) = statement.port {
            writeln!(text, "protocol = \"tcp\"\nports = [{port}]").unwrap();
        }
        if let Some(window) = statement.window {
            writeln!(text, "window = {window:?}").unwrap();
        }
    }
}

impl Entry {
    fn write(&self, text: &mut String) {
        let end = |zones: &Option<Vec<usize>>| {
            let all = || "\"*\"".to_owned();
            zones
                .as_ref()
                .map_or_else(all, |zones| format!("{:?}", names(zones)))
        };
        writeln!(text, "from = {}\nto = {}", end(&self.from), end(&self.to)).unwrap();
        for (key, words) in [
            ("from_hosts", &self.from_hosts),
            ("to_hosts", &self.to_hosts),
            ("protocol", &self.protocols),
            ("services", &self.services),
        ] {
            if let Some(words) = words {
                writeln!(text, "{key} = {words:?}").unwrap();
            }
        }
        if let Some(ports) = &self.ports {
            let ports: Vec<String> = ports.iter().map(|(low, high)| format!("{low}-{high}")).collect();
            writeln!(text, "ports = {ports:?}").unwrap();
        }
        for (key, word) in [
            ("window", self.window),
            ("starts", self.starts),
            ("expires", self.expires),
            ("owner", self.owner),
        ] {
            if let Some(word) = word {
                writeln!(text, "{key} = {word:?}").unwrap();
            }
        }
        if self.exception {
            text.push_str(
                "application = \"A-1\"\napplicant = \"sato\"\napprover = \"kato\"\npurpose = \"p\"\n",
            );
        }
    }
}

fn names(zones: &[usize]) -> Vec<String> {
    let name = |zone: &usize| match *zone {
        UNKNOWN => "unknown".to_owned(),
        zone => format!("z{zone}"),
    };
    zones.iter().map(name).collect()
}
