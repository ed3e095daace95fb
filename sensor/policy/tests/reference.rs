//! The index gives the verdict that a walk over all zones and paths gives, on random policies.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use sekisho_model::{Protocol, Timestamp, Verdict};
use sekisho_policy::{Policy, Question, Source};

/// Networks that lie inside, beside and over each other; the second is the first's IPv6 picture.
const NETWORKS: [&str; 8] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.0/24",
    "10.1.2.3/32",
    "2001:db8::/32",
    "2001:db8:1::/48",
    "2001:db8:1:2::/64",
    "2001:db8:1:2::3/128",
];

const ADDRESSES: [IpAddr; 10] = [
    IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)),
    IpAddr::V4(Ipv4Addr::new(10, 1, 9, 9)),
    IpAddr::V4(Ipv4Addr::new(10, 1, 2, 9)),
    IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 9, 0, 0, 0, 0, 9)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, 3)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, 9)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)),
];

const PORTS: [u16; 4] = [22, 80, 443, 8080];

#[derive(Debug, Clone)]
struct Zones {
    /// For each network, the zone that has it.
    networks: Vec<Option<usize>>,
    intra_deny: Vec<bool>,
    excluded: usize,
}

#[derive(Debug, Clone)]
struct Path {
    /// `None` is `*`; the number of zones stands for `unknown`.
    from: Option<Vec<usize>>,
    to: Option<Vec<usize>>,
    protocols: Option<Vec<u8>>,
    ports: Option<Vec<(u16, u16)>>,
}

const ZONES: usize = 4;

fn zones() -> impl Strategy<Value = Zones> {
    let networks = prop::collection::vec(prop::option::weighted(0.7, 0..ZONES), NETWORKS.len());
    let intra_deny = prop::collection::vec(any::<bool>(), ZONES);
    // Mostly a number of no zone, so that flows are judged.
    (networks, intra_deny, 0..ZONES * 4).prop_map(|(networks, intra_deny, excluded)| Zones {
        networks,
        intra_deny,
        excluded,
    })
}

fn path() -> impl Strategy<Value = Path> {
    let end = || prop::option::of(prop::collection::vec(0..=ZONES, 1..3));
    let protocols = prop::option::of(prop::collection::vec(
        prop::sample::select(vec![6_u8, 17, 1]),
        1..3,
    ));
    let range = (prop::sample::select(PORTS.to_vec()), 0..100_u16).prop_map(|(low, more)| (low, low + more));
    (
        end(),
        end(),
        protocols,
        prop::option::of(prop::collection::vec(range, 1..4)),
    )
        .prop_map(|(from, to, protocols, ports)| {
            let portless = protocols.as_ref().is_some_and(|protocols| protocols.contains(&1));
            Path {
                from,
                to,
                protocols,
                ports: ports.filter(|_| !portless),
            }
        })
}

fn question() -> impl Strategy<Value = Question<'static>> {
    let address = || prop::sample::select(ADDRESSES.to_vec());
    let protocol = prop::sample::select(vec![6, 17, 1, 47]);
    let port = prop::sample::select(vec![22, 80, 81, 443, 8080, 8100]);
    (address(), address(), protocol, port, any::<bool>()).prop_map(
        |(orig, resp, protocol, resp_port, related)| Question {
            related,
            ..Question::new(
                orig,
                resp,
                Protocol(protocol),
                resp_port,
                Timestamp::from_nanos(0),
            )
        },
    )
}

fn zone_word(zone: usize) -> String {
    if zone == ZONES {
        "\"unknown\"".to_owned()
    } else {
        format!("\"z{zone}\"")
    }
}

fn text(zones: &Zones, paths: &[Path]) -> String {
    let mut text = "schema = 1\n[policy]\nname = \"random\"\nversion = \"1\"\n".to_owned();
    for (zone, deny) in zones.intra_deny.iter().enumerate() {
        let networks: Vec<_> = zones
            .networks
            .iter()
            .zip(NETWORKS)
            .filter(|(owner, _)| **owner == Some(zone))
            .map(|(_, network)| format!("{network:?}"))
            .collect();
        let intra = if *deny { "deny" } else { "allow" };
        let excluded = zones.excluded == zone;
        writeln!(
            text,
            "[zone.z{zone}]\nnetworks = [{}]\nintra = \"{intra}\"\nexcluded = {excluded}",
            networks.join(",")
        )
        .unwrap();
    }
    for (index, path) in paths.iter().enumerate() {
        writeln!(text, "[[path]]\nid = \"P{index}\"").unwrap();
        for (key, end) in [("from", &path.from), ("to", &path.to)] {
            let words = end.as_ref().map_or_else(
                || "\"*\"".to_owned(),
                |zones| {
                    format!(
                        "[{}]",
                        zones
                            .iter()
                            .map(|zone| zone_word(*zone))
                            .collect::<Vec<_>>()
                            .join(",")
                    )
                },
            );
            writeln!(text, "{key} = {words}").unwrap();
        }
        if let Some(protocols) = &path.protocols {
            writeln!(text, "protocol = {protocols:?}").unwrap();
        }
        if let Some(ports) = &path.ports {
            let words: Vec<_> = ports
                .iter()
                .map(|(low, high)| format!("\"{low}-{high}\""))
                .collect();
            writeln!(text, "ports = [{}]", words.join(",")).unwrap();
        }
    }
    text
}

/// Zone numbers as in [`Path`]; `ZONES + 1` is the link.
fn reference_zone(zones: &Zones, address: IpAddr) -> usize {
    NETWORKS
        .iter()
        .zip(&zones.networks)
        .filter_map(|(network, zone)| Some((network.parse::<ipnet::IpNet>().unwrap(), (*zone)?)))
        .filter(|(network, _)| network.contains(&address))
        .max_by_key(|(network, _)| network.prefix_len())
        .map_or_else(
            || if address.is_multicast() { ZONES + 1 } else { ZONES },
            |(_, zone)| zone,
        )
}

fn matches(path: &Path, orig: usize, resp: usize, question: &Question<'_>) -> bool {
    let end = |end: &Option<Vec<usize>>, zone| end.as_ref().is_none_or(|zones| zones.contains(&zone));
    let protocol = path
        .protocols
        .as_ref()
        .is_none_or(|protocols| protocols.contains(&question.protocol.0));
    let port = path.ports.as_ref().is_none_or(|ports| {
        let named = ports
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&question.resp_port));
        question.protocol.has_ports() && named
    });
    end(&path.from, orig) && end(&path.to, resp) && protocol && port
}

fn count(path: &Path) -> usize {
    path.ports.as_ref().map_or(65_536, |ports| {
        (0..=u16::MAX)
            .filter(|port| ports.iter().any(|(low, high)| (*low..=*high).contains(port)))
            .count()
    })
}

fn reference(zones: &Zones, paths: &[Path], question: &Question<'_>) -> (Verdict, String, bool) {
    let (orig, resp) = (
        reference_zone(zones, question.orig),
        reference_zone(zones, question.resp),
    );
    let allowed = |rule: &str| (Verdict::Allowed, rule.to_owned(), false);
    let not_judged = |excluded| (Verdict::Unknown, String::new(), excluded);
    if orig == zones.excluded || resp == zones.excluded {
        // Numbers from ZONES on are of no declared zone.
        if zones.excluded < ZONES {
            return not_judged(true);
        }
    }
    if [orig, resp].contains(&(ZONES + 1)) {
        return if [orig, resp].contains(&ZONES) {
            not_judged(false)
        } else {
            allowed("LINK-LOCAL")
        };
    }
    if orig == ZONES && resp == ZONES {
        return not_judged(false);
    }
    if orig == resp && !zones.intra_deny[orig] {
        return allowed("INTRA-ALLOW");
    }
    let best = paths
        .iter()
        .enumerate()
        .filter(|(_, path)| matches(path, orig, resp, question))
        .min_by_key(|(index, path)| {
            let any_ends = usize::from(path.from.is_none()) + usize::from(path.to.is_none());
            (any_ends, path.protocols.is_none(), count(path), *index)
        });
    match best {
        Some((index, _)) => allowed(&format!("P{index}")),
        None if question.related && question.protocol == Protocol::ICMP => allowed("ICMP-RELATED"),
        None if orig == resp => (Verdict::Denied, "INTRA-DENY".to_owned(), false),
        None => (Verdict::Denied, "PATH-DENY".to_owned(), false),
    }
}

proptest! {
    #[test]
    fn the_index_agrees_with_a_walk_over_all_paths(
        zones in zones(),
        paths in prop::collection::vec(path(), 0..12),
        questions in prop::collection::vec(question(), 1..40),
    ) {
        let source = Source { name: "random.toml".to_owned(), text: text(&zones, &paths).into_bytes() };
        let policy = Policy::compile(&[source]).unwrap();

        for question in &questions {
            let judgement = policy.judge(question);

            let (verdict, rule, excluded) = reference(&zones, &paths, question);
            prop_assert_eq!(judgement.verdict, verdict, "{:?}", question);
            prop_assert_eq!(&*judgement.rule, &*rule, "{:?}", question);
            prop_assert_eq!(judgement.excluded, excluded, "{:?}", question);
        }
    }
}
