//! The matcher against a walk over all entries that was written from the manual, on random policies in
//! a small space: four zones, three protocols, eight ports, hosts with and without MAC addresses,
//! lists, services, tunnels, next hops, windows, terms, exceptions and gateways.
//!
//! `PROPTEST_CASES` sets how many random policies are tried.

use std::fmt::Write as _;
use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::select;
use sekisho_model::{MacAddress, Protocol, Timestamp, Verdict};
use sekisho_policy::{Policy, Question, Source};

/// Zone `z3` has the gateway, `z0` and `z1` keep their hosts apart, 4 stands for `unknown`.
const HEADER: &str = r#"
schema = 1
[policy]
name = "random"
version = "1"
[zone.z0]
networks = ["10.0.0.0/24"]
intra = "deny"
[zone.z1]
networks = ["10.0.1.0/24"]
intra = "deny"
[zone.z2]
networks = ["10.0.2.0/24"]
[zone.z3]
networks = ["10.0.3.0/24"]
[gateway.g]
near = ["10.0.3.1"]
far = ["10.0.3.2"]
[list.some]
kind = "address"
values = ["10.0.0.1", { value = "10.0.1.2", expires = "2026-11-03" }]
"#;

const ADDRESSES: [&str; 9] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.1.1",
    "10.0.1.2",
    "10.0.2.1",
    "10.0.3.1",
    "10.0.3.2",
    "10.0.3.3",
    "192.0.2.1",
];

/// What `from_hosts` and `to_hosts` name: as written, which of [`ADDRESSES`] it holds, and its MAC address.
const HOSTS: [(&str, &[&str], Option<u8>); 7] = [
    ("10.0.0.1", &["10.0.0.1"], None),
    ("10.0.0.1=52:54:00:00:00:01", &["10.0.0.1"], Some(1)),
    ("10.0.0.1=52:54:00:00:00:02", &["10.0.0.1"], Some(2)),
    ("10.0.1.2=52:54:00:00:00:02", &["10.0.1.2"], Some(2)),
    ("10.0.1.0/30", &["10.0.1.1", "10.0.1.2"], None),
    (
        "10.0.0.0/22",
        &[
            "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "10.0.2.1", "10.0.3.1", "10.0.3.2", "10.0.3.3",
        ],
        None,
    ),
    ("@some", &["10.0.0.1", "10.0.1.2"], None),
];

const PORTS: [u16; 8] = [22, 25, 53, 80, 123, 443, 8080, 8443];

/// Windows with their minutes of a week, and whether each of [`TIMES`] is inside.
const WINDOWS: [(&str, u32, [bool; 6]); 3] = [
    (
        "workday 08:30-17:15",
        5 * 525,
        [true, false, false, false, false, false],
    ),
    ("sat,sun", 2 * 1440, [false, false, false, true, true, true]),
    ("fri 22:00-05:00", 420, [false, false, false, true, false, false]),
];

/// Instants with their date in Japan: Wednesday at 10 and at 20, Culture Day at 10, Saturday at 3 and at
/// 12, the Sunday before at 12.
const TIMES: [(&str, &str); 6] = [
    ("2026-11-04T01:00:00Z", "2026-11-04"),
    ("2026-11-04T11:00:00Z", "2026-11-04"),
    ("2026-11-03T01:00:00Z", "2026-11-03"),
    ("2026-11-06T18:00:00Z", "2026-11-07"),
    ("2026-11-07T03:00:00Z", "2026-11-07"),
    ("2026-11-01T03:00:00Z", "2026-11-01"),
];

#[derive(Debug, Clone)]
struct Path {
    /// `None` is `*`.
    from: Option<Vec<usize>>,
    to: Option<Vec<usize>>,
    from_hosts: Option<Vec<usize>>,
    to_hosts: Option<Vec<usize>>,
    protocols: Option<Vec<u8>>,
    ports: Option<Vec<(usize, usize)>>,
    services: Option<Vec<&'static str>>,
    tunnel: Option<&'static str>,
    next_hop: Option<u8>,
    window: Option<usize>,
    starts: Option<&'static str>,
    expires: Option<&'static str>,
    /// Over the gateway; whether its second leg has a port and services of its own.
    via: Option<bool>,
    exception: bool,
}

/// A flow, its time by position.
#[derive(Debug, Clone)]
struct Flow {
    orig: usize,
    resp: usize,
    protocol: u8,
    port: u16,
    service: Option<&'static str>,
    tunnel: Option<&'static str>,
    orig_mac: Option<u8>,
    resp_mac: Option<u8>,
    time: usize,
}

fn path() -> impl Strategy<Value = Path> {
    let some = |weight: f64| move |values| prop::option::weighted(weight, values);
    let end = || prop::option::weighted(0.7, prop::collection::vec(0..5_usize, 1..3));
    let hosts = || prop::option::weighted(0.3, prop::collection::vec(0..HOSTS.len(), 1..4));
    let range = (0..PORTS.len(), 0..3_usize).prop_map(|(low, more)| (low, (low + more).min(PORTS.len() - 1)));
    let protocols = prop::option::weighted(0.8, prop::collection::vec(select(vec![6_u8, 17, 1]), 1..3));
    let ports = prop::option::weighted(0.7, prop::collection::vec(range, 1..3));
    let services = prop::option::weighted(
        0.3,
        prop::collection::vec(select(vec!["tls", "ssh", "https"]), 1..3),
    );
    let tunnel = some(0.3)(select(vec![
        "\"none\"",
        "\"any\"",
        "\"gre\"",
        "[\"none\", \"gre\"]",
    ]));
    let terms = (
        prop::option::weighted(0.2, select(vec!["2026-11-01", "2026-11-03"])),
        prop::option::weighted(0.3, select(vec!["2026-11-03", "2026-11-04", "2026-11-07"])),
    );
    let rest = (
        prop::option::weighted(0.15, 1..4_u8),
        prop::option::weighted(0.4, 0..WINDOWS.len()),
        terms,
        prop::option::weighted(0.2, any::<bool>()),
        prop::bool::weighted(0.2),
    );
    (
        (end(), end(), hosts(), hosts()),
        protocols,
        ports,
        services,
        tunnel,
        rest,
    )
        .prop_map(
            |((from, to, from_hosts, to_hosts), protocols, ports, services, tunnel, rest)| {
                let (next_hop, window, (starts, expires), via, exception) = rest;
                let portless = protocols
                    .as_ref()
                    .is_some_and(|protocols: &Vec<u8>| protocols.contains(&1));
                Path {
                    from,
                    to,
                    from_hosts,
                    to_hosts: to_hosts.filter(|_| via.is_none() || exception),
                    ports: ports.filter(|_| !portless),
                    via: via.filter(|_| !exception && !portless),
                    // An exception has both ends of its term, in their order.
                    starts: if exception { Some("2026-11-02") } else { starts },
                    expires: expires.or(exception.then_some("2026-11-04")),
                    protocols,
                    services,
                    tunnel,
                    next_hop,
                    window,
                    exception,
                }
            },
        )
        .prop_map(|path| Path {
            starts: path
                .starts
                .filter(|_| path.exception || path.expires != Some("2026-11-03")),
            ..path
        })
}

fn flow() -> impl Strategy<Value = Flow> {
    let mac = || prop::option::weighted(0.6, 1..4_u8);
    (
        (0..ADDRESSES.len(), 0..ADDRESSES.len()),
        select(vec![6_u8, 6, 17, 1]),
        select(PORTS.to_vec()),
        prop::option::of(select(vec!["tls", "ssh", "quic"])),
        prop::option::weighted(0.3, select(vec!["gre", "vxlan"])),
        (mac(), mac()),
        0..TIMES.len(),
    )
        .prop_map(
            |((orig, resp), protocol, port, service, tunnel, (orig_mac, resp_mac), time)| Flow {
                orig,
                resp,
                protocol,
                port: if protocol == 1 { 0 } else { port },
                service,
                tunnel,
                orig_mac,
                resp_mac,
                time,
            },
        )
}

fn mac(number: u8) -> MacAddress {
    MacAddress([0x52, 0x54, 0, 0, 0, number])
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

fn text(paths: &[Path]) -> String {
    let mut text = HEADER.to_owned();
    for (index, path) in paths.iter().enumerate() {
        let header = if path.exception { "exception" } else { "path" };
        writeln!(text, "[[{header}]]\nid = \"P{index}\"").unwrap();
        if path.exception {
            text.push_str("application = \"1\"\napplicant = \"a\"\napprover = \"b\"\npurpose = \"c\"\n");
        }
        for (key, end) in [("from", &path.from), ("to", &path.to)] {
            match end {
                None => writeln!(text, "{key} = \"*\""),
                Some(zones) => {
                    let zones = zones
                        .iter()
                        .map(|zone| ["z0", "z1", "z2", "z3", "unknown"][*zone]);
                    writeln!(text, "{key} = [{}]", quoted(zones))
                }
            }
            .unwrap();
        }
        for (key, hosts) in [("from_hosts", &path.from_hosts), ("to_hosts", &path.to_hosts)] {
            if let Some(hosts) = hosts {
                let hosts = hosts.iter().map(|host| HOSTS[*host].0);
                writeln!(text, "{key} = [{}]", quoted(hosts)).unwrap();
            }
        }
        if let Some(protocols) = &path.protocols {
            writeln!(text, "protocol = {protocols:?}").unwrap();
        }
        if let Some(ports) = &path.ports {
            let words: Vec<_> = ports
                .iter()
                .map(|(low, high)| format!("{}-{}", PORTS[*low], PORTS[*high]))
                .collect();
            writeln!(text, "ports = [{}]", quoted(words.iter().map(String::as_str))).unwrap();
        }
        if let Some(services) = &path.services {
            writeln!(text, "services = [{}]", quoted(services.iter().copied())).unwrap();
        }
        if let Some(tunnel) = path.tunnel {
            writeln!(text, "tunnel = {tunnel}").unwrap();
        }
        if let Some(hop) = path.next_hop {
            writeln!(text, "next_hops = [\"{}\"]", mac(hop)).unwrap();
        }
        if let Some(window) = path.window {
            writeln!(text, "window = \"{}\"", WINDOWS[window].0).unwrap();
        }
        for (key, date) in [("starts", path.starts), ("expires", path.expires)] {
            if let Some(date) = date {
                writeln!(text, "{key} = \"{date}\"").unwrap();
            }
        }
        match path.via {
            Some(true) => text.push_str(
                "via = \"g\"\nonward = { protocol = \"tcp\", ports = [80], services = [\"ssh\"] }\n",
            ),
            Some(false) => text.push_str("via = \"g\"\n"),
            None => {}
        }
    }
    text
}

/// One way that is allowed: a path, or one leg of it.
struct Leg<'p> {
    path: &'p Path,
    index: usize,
    from: Option<&'p Vec<usize>>,
    to: Option<&'p Vec<usize>>,
    from_hosts: Option<Hosts<'p>>,
    to_hosts: Option<Hosts<'p>>,
    protocols: Option<Vec<u8>>,
    /// Ranges by the positions of their ends in [`PORTS`].
    ports: Option<Vec<(usize, usize)>>,
    services: Option<Vec<&'static str>>,
}

enum Hosts<'p> {
    Named(&'p [usize]),
    One(&'static str),
}

fn legs(index: usize, path: &Path) -> Vec<Leg<'_>> {
    let named = |hosts: &'static str| Some(Hosts::One(hosts));
    let whole = || Leg {
        path,
        index,
        from: path.from.as_ref(),
        to: path.to.as_ref(),
        from_hosts: path.from_hosts.as_deref().map(Hosts::Named),
        to_hosts: path.to_hosts.as_deref().map(Hosts::Named),
        protocols: path.protocols.clone(),
        ports: path.ports.clone(),
        services: path.services.clone(),
    };
    match path.via {
        None => vec![whole()],
        Some(own) => {
            let near = Leg {
                to: None,
                to_hosts: named("10.0.3.1"),
                ..whole()
            };
            let mut far = Leg {
                from: None,
                from_hosts: named("10.0.3.2"),
                ..whole()
            };
            if own {
                far.protocols = Some(vec![6]);
                far.ports = Some(vec![(3, 3)]);
                far.services = Some(vec!["ssh"]);
            }
            vec![near, far]
        }
    }
}

/// How many ports some ranges hold together: those of [`PORTS`], and all between two of them.
fn count(ranges: &[(usize, usize)]) -> u32 {
    let holds = |low: usize, high: usize| ranges.iter().any(|(first, last)| *first <= low && high <= *last);
    let ends = (0..PORTS.len()).filter(|port| holds(*port, *port)).count();
    let between = (1..PORTS.len()).filter(|port| holds(port - 1, *port));
    between.fold(u32::try_from(ends).unwrap(), |sum, port| {
        sum + u32::from(PORTS[port] - PORTS[port - 1]) - 1
    })
}

/// The most specific first, as the manual says.
fn rank(leg: &Leg<'_>) -> impl Ord + use<> {
    let absent = |one: bool, other: bool| usize::from(!one) + usize::from(!other);
    (
        absent(leg.from_hosts.is_some(), leg.to_hosts.is_some()),
        absent(leg.from.is_some(), leg.to.is_some()),
        leg.services.is_none(),
        leg.protocols.is_none(),
        leg.ports.as_deref().map_or(65_536, count),
        leg.path.window.map_or(10_080, |window| WINDOWS[window].1),
        leg.index,
    )
}

/// The hosts that the address is among, each by its MAC address; absent where it is among none.
fn macs(hosts: Option<&Hosts<'_>>, address: &str, date: &str) -> Option<Vec<Option<u8>>> {
    let found: Vec<_> = match hosts {
        None => vec![None],
        Some(Hosts::One(one)) => (*one == address).then_some(None).into_iter().collect(),
        Some(Hosts::Named(named)) => named
            .iter()
            .map(|host| HOSTS[*host])
            .filter(|(_, members, _)| members.contains(&address))
            .filter(|(word, ..)| *word != "@some" || address != "10.0.1.2" || date <= "2026-11-03")
            .map(|(_, _, mac)| mac)
            .collect(),
    };
    (!found.is_empty()).then_some(found)
}

fn zone(address: &str) -> usize {
    ["10.0.0.", "10.0.1.", "10.0.2.", "10.0.3."]
        .iter()
        .position(|begin| address.starts_with(begin))
        .unwrap_or(4)
}

/// Whether a leg speaks of a flow, and which condition the flow does not meet.
fn speaks(leg: &Leg<'_>, flow: &Flow) -> Option<Option<&'static str>> {
    let (orig, resp) = (ADDRESSES[flow.orig], ADDRESSES[flow.resp]);
    let date = TIMES[flow.time].1;
    let has = |end: Option<&Vec<usize>>, zone| end.is_none_or(|zones| zones.contains(&zone));
    let from = macs(leg.from_hosts.as_ref(), orig, date)?;
    let to = macs(leg.to_hosts.as_ref(), resp, date)?;
    let protocol = leg
        .protocols
        .as_ref()
        .is_none_or(|all| all.contains(&flow.protocol));
    let port = leg.ports.as_ref().is_none_or(|ranges| {
        let inside = |(low, high): &(usize, usize)| (PORTS[*low]..=PORTS[*high]).contains(&flow.port);
        flow.protocol != 1 && ranges.iter().any(inside)
    });
    if !has(leg.from, zone(orig)) || !has(leg.to, zone(resp)) || !protocol || !port {
        return None;
    }
    let path = leg.path;
    let meant = |service: &&str, seen: &str| {
        *service == seen || (*service == "https" && ["tls", "quic"].contains(&seen))
    };
    let fits = |bound: &[Option<u8>], seen: Option<u8>| {
        seen.is_none() || bound.iter().any(|bound| bound.is_none() || *bound == seen)
    };
    let tunnel = match (path.tunnel, flow.tunnel) {
        (None, _) | (Some("[\"none\", \"gre\"]"), None | Some("gre")) | (Some("\"none\""), None) => true,
        (Some("\"any\""), seen) => seen.is_some(),
        (Some("\"gre\""), seen) => seen == Some("gre"),
        _ => false,
    };
    let other_service = leg
        .services
        .as_ref()
        .zip(flow.service)
        .is_some_and(|(all, seen)| !all.iter().any(|service| meant(service, seen)));
    let failed = if other_service {
        "PATH-SERVICE"
    } else if !tunnel {
        "PATH-TUNNEL"
    } else if !fits(&from, flow.orig_mac) || !fits(&to, flow.resp_mac) {
        "PATH-MAC"
    } else if path
        .next_hop
        .zip(flow.resp_mac)
        .is_some_and(|(hop, seen)| hop != seen)
    {
        "PATH-NEXT-HOP"
    } else if path.starts.is_some_and(|starts| date < starts) {
        "PATH-EARLY"
    } else if path.expires.is_some_and(|expires| date > expires) {
        if path.exception {
            "EXCEPTION-EXPIRED"
        } else {
            "PATH-EXPIRED"
        }
    } else if path.window.is_some_and(|window| !WINDOWS[window].2[flow.time]) {
        if path.exception {
            "EXCEPTION-WINDOW"
        } else {
            "PATH-WINDOW"
        }
    } else {
        return Some(None);
    };
    Some(Some(failed))
}

/// Verdict, rule, and the path that allowed or nearly did.
fn reference(legs: &[Leg<'_>], flow: &Flow) -> (Verdict, String, Option<String>) {
    let (orig, resp) = (zone(ADDRESSES[flow.orig]), zone(ADDRESSES[flow.resp]));
    if (orig, resp) == (4, 4) {
        return (Verdict::Unknown, String::new(), None);
    }
    if orig == resp && orig > 1 {
        return (Verdict::Allowed, "INTRA-ALLOW".to_owned(), None);
    }
    let spoken: Vec<_> = legs
        .iter()
        .filter_map(|leg| Some((leg, speaks(leg, flow)?)))
        .collect();
    let name = |leg: &Leg<'_>| format!("P{}", leg.index);
    if let Some((leg, _)) = spoken.iter().find(|(_, failed)| failed.is_none()) {
        return (Verdict::Allowed, name(leg), Some(name(leg)));
    }
    match spoken.first() {
        Some((leg, Some(failed))) => (Verdict::Denied, (*failed).to_owned(), Some(name(leg))),
        _ if orig == resp => (Verdict::Denied, "INTRA-DENY".to_owned(), None),
        _ => (Verdict::Denied, "PATH-DENY".to_owned(), None),
    }
}

fn question(flow: &Flow) -> Question<'static> {
    let address = |index: usize| ADDRESSES[index].parse::<IpAddr>().unwrap();
    let at = Timestamp::parse(TIMES[flow.time].0).unwrap();
    Question {
        service: flow.service,
        tunnel: flow.tunnel,
        orig_mac: flow.orig_mac.map(mac),
        resp_mac: flow.resp_mac.map(mac),
        ..Question::new(
            address(flow.orig),
            address(flow.resp),
            Protocol(flow.protocol),
            flow.port,
            at,
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_agrees_with_a_walk_over_all_entries(
        paths in prop::collection::vec(path(), 0..10),
        flows in prop::collection::vec(flow(), 20..60),
    ) {
        let text = text(&paths);
        let source = Source { name: "random.toml".to_owned(), text: text.clone().into_bytes() };
        let policy = Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        let mut legs: Vec<_> = paths.iter().enumerate().flat_map(|(index, path)| legs(index, path)).collect();
        legs.sort_by_key(rank);
        for flow in &flows {
            let question = question(flow);
            let judgement = policy.judge(&question);

            let (verdict, rule, entry) = reference(&legs, flow);

            let found = judgement.entry.map(|entry| policy.entry_name(entry).to_string());
            prop_assert_eq!((judgement.verdict, &*judgement.rule, &found), (verdict, &*rule, &entry), "{:?}\n{}", flow, text);
            let trace = policy.trace(&question);
            prop_assert_eq!(&trace.judgement, &judgement);
            let last = trace.candidates.iter().find(|candidate| candidate.failed.is_none()).or(trace.candidates.first());
            prop_assert_eq!(last.map(|candidate| policy.entry_name(candidate.entry).to_string()), entry);
        }
    }
}
