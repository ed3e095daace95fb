//! Which legs over a gateway belong together.
//!
//! A flow is of the most specific path that allows it, and where several paths go over one gateway the
//! onward flow may be of another path than the flow before it: both sides are seen apart. So a leg's
//! counterparts are those of its own path, and of every path that a flow of it could as well be of.

use std::collections::BTreeMap;

use crate::conditions::{End, Ports, Service};
use crate::entry::Entry;
use crate::{EntryId, Leg, Policy};

/// Most paths over one gateway that are told from each other; with more, any onward flow will do.
const TOLD_APART: usize = 64;

/// The two legs of a path.
type Legs<'p> = (&'p Entry, &'p Entry);

impl Policy {
    /// For each leg over a gateway, the legs of the other side of which one is expected with it.
    #[must_use]
    pub fn counterparts(&self) -> Vec<(EntryId, Vec<EntryId>)> {
        let mut by_gateway: BTreeMap<usize, Vec<Legs<'_>>> = BTreeMap::new();
        let entries = self.matcher.entries();
        let leg = |leg, path| {
            let mut legs = entries.iter();
            legs.find(move |entry| entry.id.path == path && entry.id.leg == leg)
        };
        for (number, path) in (0_u32..).zip(&self.paths) {
            let Some(via) = path.via else { continue };
            if let (Some(near), Some(far)) = (leg(Leg::Near, number), leg(Leg::Far, number)) {
                by_gateway.entry(via).or_default().push((near, far));
            }
        }
        by_gateway.values().flat_map(|paths| of_gateway(paths)).collect()
    }
}

fn of_gateway(paths: &[Legs<'_>]) -> Vec<(EntryId, Vec<EntryId>)> {
    let any = paths.len() > TOLD_APART;
    let mut counterparts = Vec::with_capacity(paths.len().saturating_mul(2));
    for legs in paths {
        for is_far in [false, true] {
            // A path that this leg's flows could be of, and whose onward flows could be of the other.
            let joined = |other: &Legs<'_>| {
                let mut paths = paths.iter();
                paths.any(|path| {
                    meet(pick(legs, is_far), pick(path, is_far))
                        && meet(pick(path, !is_far), pick(other, !is_far))
                })
            };
            let others = paths.iter().filter(|other| any || joined(other));
            let others = others.map(|other| pick(other, !is_far).id).collect();
            counterparts.push((pick(legs, is_far).id, others));
        }
    }
    counterparts
}

const fn pick<'p>((near, far): &Legs<'p>, is_far: bool) -> &'p Entry {
    if is_far { far } else { near }
}

/// Whether a flow may be of both.
fn meet(one: &Entry, other: &Entry) -> bool {
    let (one, other) = (&one.conditions, &other.conditions);
    ends_meet(&one.from, &other.from)
        && ends_meet(&one.to, &other.to)
        && services_meet(&one.service, &other.service)
}

fn ends_meet(one: &End, other: &End) -> bool {
    !one.is_explicit() || !other.is_explicit() || one.meets(other)
}

fn services_meet(one: &Service, other: &Service) -> bool {
    let ports = |one: &Ports, other: &Ports| {
        let mut edges = one.ranges().iter();
        edges.any(|(low, high)| {
            let mut others = other.ranges().iter();
            others.any(|(from, to)| low <= to && from <= high)
        })
    };
    one.protocols.meets(other.protocols)
        && match (&one.ports, &other.ports) {
            (Some(one), Some(other)) => ports(one, other),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    /// For each leg, as its path and side, those it is expected with.
    fn counterparts(paths: &str) -> Vec<(String, Vec<String>)> {
        let text = format!(
            "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n\
             [zone.a]\nnetworks = [\"10.0.0.0/24\"]\n[zone.b]\nnetworks = [\"10.1.0.0/24\"]\n\
             [zone.c]\nnetworks = [\"10.2.0.0/24\"]\n\
             [gateway.g]\nnear = [\"10.0.0.9\"]\nfar = [\"10.1.0.9\"]\n{paths}"
        );
        let source = Source {
            name: "a.toml".to_owned(),
            text: text.into(),
        };
        let policy = Policy::compile(&[source]).unwrap();
        let name = |entry: EntryId| format!("{} {:?}", policy.entry_name(entry), entry.leg());
        policy
            .counterparts()
            .into_iter()
            .map(|(leg, others)| (name(leg), others.into_iter().map(name).collect()))
            .collect()
    }

    fn path(id: &str, to: &str, port: u16) -> String {
        over("tcp", id, to, &port.to_string())
    }

    fn over(protocol: &str, id: &str, to: &str, ports: &str) -> String {
        format!(
            "[[path]]\nid = \"{id}\"\nfrom = \"a\"\nto = \"{to}\"\nprotocol = \"{protocol}\"\nports = [{ports}]\nvia = \"g\"\n"
        )
    }

    #[test]
    fn the_legs_of_one_path_belong_together() {
        let got = counterparts(&(path("P1", "b", 25) + &path("P2", "c", 443)));

        let row = |leg: &str, other: &str| (leg.to_owned(), vec![other.to_owned()]);
        assert_eq!(
            got,
            [
                row("P1 Near", "P1 Far"),
                row("P1 Far", "P1 Near"),
                row("P2 Near", "P2 Far"),
                row("P2 Far", "P2 Near"),
            ]
        );
    }

    #[test]
    fn what_could_be_of_two_paths_goes_on_by_either() {
        // To a proxy, everything begins the same.
        let got = counterparts(&(path("P1", "b", 443) + &path("P2", "c", 443)));

        for (leg, others) in &got {
            assert_eq!(others.len(), 2, "{leg}: {others:?}");
        }
    }

    /// How many legs are expected with each.
    fn joined(paths: &str) -> Vec<usize> {
        counterparts(paths)
            .iter()
            .map(|(_, others)| others.len())
            .collect()
    }

    #[test]
    fn zones_keep_paths_apart_where_both_ends_differ_and_any_zone_does_not() {
        let between = |id: &str, from: &str, to: &str| {
            path(id, to, 443).replace("from = \"a\"", &format!("from = \"{from}\""))
        };
        for (from, to, together) in [
            ("c", "c", 1),
            ("a", "c", 2),
            ("c", "b", 2),
            ("*", "c", 2),
            ("c", "*", 2),
        ] {
            let paths = path("P1", "b", 443) + &between("P2", from, to);

            assert_eq!(joined(&paths), [together; 4], "{from} to {to}");
        }
    }

    #[test]
    fn protocols_and_ports_that_no_flow_can_be_of_both_keep_paths_apart() {
        for (one, other, together) in [
            (("tcp", "443"), ("udp", "443"), 1),
            (("tcp", "\"440-450\""), ("tcp", "\"451-460\""), 1),
            (("tcp", "\"440-450\""), ("tcp", "\"450-460\""), 2),
            (("tcp", "\"450-460\""), ("tcp", "\"440-450\""), 2),
            (("tcp", "\"440-460\""), ("tcp", "450"), 2),
        ] {
            let paths = over(one.0, "P1", "b", one.1) + &over(other.0, "P2", "c", other.1);

            assert_eq!(joined(&paths), [together; 4], "{one:?} {other:?}");
        }
    }

    #[test]
    fn so_many_paths_over_one_gateway_are_no_longer_told_apart() {
        let paths = |count: u16| -> String { (1..=count).map(|n| path(&format!("P{n}"), "b", n)).collect() };

        assert!(joined(&paths(64)).iter().all(|others| *others == 1));
        assert!(joined(&paths(65)).iter().all(|others| *others == 65));
    }
}
