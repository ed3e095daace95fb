//! What the entries of a policy, and its built-in rules, come to as regions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ask::{Ask, EndAsk, HostAsk};
use super::bits::Bits;
use super::model::{Model, NAMED, NOT_KNOWN, PORTS};
use super::region::{Axis, Cube, Exhausted, Region};
use crate::calendar::Ranges;
use crate::conditions::Ports;
use crate::zones::ZoneId;

/// Boxes that one entry may be made of.
const MAX_CUBES: usize = 4096;

/// The regions of one policy.
#[derive(Debug)]
pub(crate) struct Claims {
    /// By entry, in the order of its [`Ask`]s.
    pub(crate) entries: Vec<Claim>,
    /// Allowed without a path.
    pub(crate) open: Region,
    /// Not judged, whatever else is said.
    pub(crate) unjudged: Region,
}

/// The regions of one entry.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: Arc<str>,
    /// What it allows.
    pub(crate) region: Region,
    /// What it speaks of: zones, hosts, protocols and ports, whatever its further conditions are.
    pub(crate) reach: Region,
}

impl<const N: usize> Model<'_, N> {
    /// The regions of one of the policies.
    pub(crate) fn claims(&self, policy: usize) -> Result<Claims, Exhausted> {
        let asks = self.asks.get(policy).map_or(&[][..], Vec::as_slice);
        let entries: Result<Vec<Claim>, Exhausted> = asks.iter().map(|ask| self.claim(policy, ask)).collect();
        Ok(Claims {
            entries: entries?,
            open: self.open(policy),
            unjudged: self.unjudged(policy),
        })
    }

    fn claim(&self, policy: usize, ask: &Ask<'_>) -> Result<Claim, Exhausted> {
        let mut protocols = Vec::new();
        protocols.extend(ask.protocols.iter().map(|protocol| usize::from(protocol.0)));
        let spoken = Cube {
            ports: ports(ask.ports),
            ..self
                .whole
                .with(Axis::Protocol, Bits::of(256, protocols))
                .with(Axis::From, self.at_end(policy, ask.from.zones))
                .with(Axis::To, self.at_end(policy, ask.to.zones))
        };
        let time = self.clock.set(|at| {
            ask.starts.is_none_or(|starts| starts <= at)
                && ask.expires.is_none_or(|expires| at < expires)
                && ask
                    .window
                    .is_none_or(|(calendar, window)| window.is_open(calendar, at))
        });
        let service = self.set(Axis::Service, |point| {
            let name = point
                .checked_sub(NAMED)
                .and_then(|index| self.services.get(index));
            point == NOT_KNOWN
                || ask
                    .services
                    .as_ref()
                    .is_none_or(|words| name.is_some_and(|name| words.contains(&name.as_str())))
        });
        let tunnel = self.set(Axis::Tunnel, |point| {
            let name = point.checked_sub(NAMED).and_then(|index| self.tunnels.get(index));
            ask.tunnels
                .as_ref()
                .is_none_or(|asked| match (point, &asked.kinds) {
                    (NOT_KNOWN, _) => asked.bare,
                    (_, None) => true,
                    (_, Some(kinds)) => name.is_some_and(|name| kinds.contains(&name.as_str())),
                })
        });
        let hop = self.set(Axis::RespMac, |point| {
            let mac = point.checked_sub(NAMED).and_then(|index| self.macs.get(index));
            point == NOT_KNOWN
                || ask
                    .next_hops
                    .as_ref()
                    .is_none_or(|hops| mac.is_some_and(|mac| hops.contains(mac)))
        });
        let met = spoken
            .with(Axis::Time, time)
            .with(Axis::Service, service)
            .with(Axis::Tunnel, tunnel)
            .with(Axis::RespMac, hop);
        let (from, to) = (
            self.hosts(&ask.from, Axis::From, Axis::OrigMac),
            self.hosts(&ask.to, Axis::To, Axis::RespMac),
        );
        if from.len().saturating_mul(to.len()) > MAX_CUBES {
            return Err(Exhausted);
        }
        let (mut region, mut reach) = (Region::default(), Region::default());
        for orig in &from {
            for resp in &to {
                let both = |cube: &Cube| orig.and(resp).and_then(|ends| ends.and(cube));
                both(&met).into_iter().for_each(|cube| region.push(cube));
                let named = both(&spoken).map(|cube| {
                    let all = |axis| self.whole.get(axis).clone();
                    cube.with(Axis::OrigMac, all(Axis::OrigMac))
                        .with(Axis::RespMac, all(Axis::RespMac))
                });
                named.into_iter().for_each(|cube| reach.push(cube));
            }
        }
        Ok(Claim {
            id: Arc::clone(ask.id),
            region,
            reach,
        })
    }

    /// The hosts of an end as boxes that say their places, MAC addresses and terms.
    fn hosts(&self, end: &EndAsk<'_>, side: Axis, mac_axis: Axis) -> Vec<Cube> {
        let Some(hosts) = &end.hosts else {
            return vec![self.whole.clone()];
        };
        let mut sorted = hosts.clone();
        sorted.sort_unstable();
        let alike = sorted.chunk_by(|a, b| (a.mac, a.until) == (b.mac, b.until));
        alike
            .filter_map(|hosts| {
                let HostAsk { mac, until, .. } = *hosts.first()?;
                let places = self.in_networks(hosts.iter().map(|host| host.network));
                let known = self.set(mac_axis, |point| {
                    let seen = point.checked_sub(NAMED).and_then(|index| self.macs.get(index));
                    point == NOT_KNOWN || mac.is_none() || (seen.is_some() && seen == mac.as_ref())
                });
                let term = self.clock.set(|at| until.is_none_or(|until| at < until));
                let cube = self.whole.with(side, places).with(mac_axis, known);
                Some(cube.with(Axis::Time, term))
            })
            .collect()
    }

    fn zone_ids(&self, policy: usize) -> BTreeSet<ZoneId> {
        self.zones
            .iter()
            .filter_map(|zones| zones.get(policy).copied())
            .collect()
    }

    fn between(&self, from: Bits, to: Bits) -> Cube {
        self.whole.with(Axis::From, from).with(Axis::To, to)
    }

    fn open(&self, policy: usize) -> Region {
        let mut open = Region::default();
        let all = || self.whole.get(Axis::From).clone();
        let link = || self.in_zone(policy, |zone| zone == ZoneId::LINK);
        open.push(self.between(link(), all()));
        open.push(self.between(all(), link()));
        for zone in self.zone_ids(policy) {
            let asked = self
                .policies
                .get(policy)
                .and_then(|policy| policy.zones.get(zone));
            if asked.is_some_and(|zone| !zone.intra_deny) {
                let inside = self.in_zone(policy, |other| other == zone);
                open.push(self.between(inside.clone(), inside));
            }
        }
        open
    }

    fn unjudged(&self, policy: usize) -> Region {
        let mut region = Region::default();
        let all = || self.whole.get(Axis::From).clone();
        let is = |wanted: ZoneId| self.in_zone(policy, |zone| zone == wanted);
        let excluded = self.in_zone(policy, |zone| {
            self.policies
                .get(policy)
                .is_some_and(|policy| policy.is_excluded(zone))
        });
        region.push(self.between(excluded.clone(), all()));
        region.push(self.between(all(), excluded));
        let (unknown, link) = (is(ZoneId::UNKNOWN), is(ZoneId::LINK));
        region.push(self.between(unknown.clone(), unknown.or(&link)));
        region.push(self.between(link, unknown));
        region
    }
}

fn ports(ports: Option<&Ports>) -> Ranges<u32> {
    let ranges = ports.map_or_else(
        || vec![PORTS],
        |ports| {
            let ranges = ports.ranges().iter();
            ranges
                .map(|(low, high)| (u32::from(*low), u32::from(*high).saturating_add(1)))
                .collect()
        },
    );
    Ranges::new(ranges)
}

#[cfg(test)]
mod tests {
    use super::super::ask::TunnelAsk;
    use super::super::model::OTHER;
    use super::super::region::Budget;
    use super::super::sample::{ends, policy};
    use super::*;
    use crate::Policy;
    use crate::calendar::Window;
    use crate::conditions::End;
    use crate::conditions::Protocols;
    use sekisho_model::{MacAddress, Timestamp};

    fn at() -> Timestamp {
        Timestamp::parse("2026-11-01T00:00:00+09:00").unwrap()
    }

    fn ask<'p>(id: &'p Arc<str>, [from, to]: &'p [End; 2]) -> Ask<'p> {
        Ask {
            id,
            exception: false,
            from: EndAsk {
                zones: from,
                hosts: None,
            },
            to: EndAsk {
                zones: to,
                hosts: None,
            },
            protocols: Protocols::ALL,
            ports: None,
            services: None,
            tunnels: None,
            next_hops: None,
            window: None,
            starts: None,
            expires: None,
            owner: "",
            contract: "",
            review: "",
        }
    }

    /// What the first entry allows beyond the second, in words.
    fn beyond(policy: &Policy, asks: Vec<Ask<'_>>) -> Vec<String> {
        let model = Model::of([policy], [asks], at()).unwrap();
        let claims = model.claims(0).unwrap();
        let [first, second] = &*claims.entries else {
            panic!()
        };
        let mut budget = Budget::new(10_000);
        let mut left = first.region.clone();
        for cube in &second.region.0 {
            left.take(cube, &mut budget).unwrap();
        }
        let left = left.merged(&mut budget).unwrap();
        let words = left.0.iter().map(|cube| model.words(cube).text().en);
        words.collect()
    }

    #[test]
    fn what_is_not_known_contradicts_no_entry() {
        let (policy, id) = (policy(), Arc::from("P"));
        let ends = ends(&policy);
        let tls = |services| Ask {
            services: Some(services),
            ..ask(&id, &ends)
        };

        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), tls(vec!["tls", "quic"])]),
            ["office -> server any, service known and not quic,tls"]
        );
        assert_eq!(
            beyond(&policy, vec![tls(vec!["tls"]), tls(vec!["ssh"])]),
            ["office -> server any, service tls"]
        );
    }

    #[test]
    fn a_window_and_a_term_are_told_by_their_words() {
        let (policy, id) = (policy(), Arc::from("P"));
        let ends = ends(&policy);
        let calendar = policy.calendar();
        let window: Window = calendar.window("workday 08:30-17:15").unwrap();
        let open = |window| Ask {
            window: Some((calendar, window)),
            ..ask(&id, &ends)
        };
        let until = || Ask {
            expires: Some(calendar.date_end("2027-03-31").unwrap()),
            ..ask(&id, &ends)
        };

        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), open(&window)]),
            ["office -> server any, outside workday 08:30-17:15"]
        );
        assert_eq!(
            beyond(&policy, vec![open(&window), until()]),
            ["office -> server any, at some times (2027-04-01 08:30 (Thu) +09:00 is one)"]
        );
        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), until()]),
            ["office -> server any, at some times (2027-04-01 00:00 (Thu) +09:00 is one)"]
        );
        let later = Ask {
            starts: Some(calendar.date_start("2027-04-01").unwrap()),
            ..ask(&id, &ends)
        };
        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), later]),
            ["office -> server any, at some times (2026-11-01 00:00 (Sun) +09:00 is one)"]
        );
    }

    #[test]
    fn tunnels_and_next_hops_are_axes_of_their_own() {
        let (policy, id) = (policy(), Arc::from("P"));
        let ends = ends(&policy);
        let bare = || Ask {
            tunnels: Some(TunnelAsk {
                bare: true,
                kinds: Some(Vec::new()),
            }),
            ..ask(&id, &ends)
        };
        let gre = Ask {
            tunnels: Some(TunnelAsk {
                bare: false,
                kinds: Some(vec!["gre"]),
            }),
            ..ask(&id, &ends)
        };
        let hop = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        let over = Ask {
            next_hops: Some(vec![hop]),
            ..ask(&id, &ends)
        };

        assert_eq!(
            beyond(&policy, vec![bare(), gre]),
            ["office -> server any, tunnel none"]
        );
        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), bare()]),
            ["office -> server any, tunnel any"]
        );
        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), over]),
            ["office -> server any, responder's MAC known and not 00:11:22:33:44:55"]
        );
    }

    #[test]
    fn hosts_are_places_and_a_mac_that_is_bound_to_one_may_not_be_seen() {
        let (policy, id) = (policy(), Arc::from("P"));
        let ends = ends(&policy);
        let host = |mac, until| HostAsk {
            mac,
            until,
            network: "10.40.1.7/32".parse().unwrap(),
        };
        let from = |hosts| Ask {
            from: EndAsk {
                zones: &ends[0],
                hosts: Some(hosts),
            },
            ..ask(&id, &ends)
        };
        let mac = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        let other = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x66]);
        let end = policy.calendar().date_end("2026-12-31").unwrap();

        assert_eq!(
            beyond(
                &policy,
                vec![
                    from(vec![host(Some(mac), None)]),
                    from(vec![host(Some(other), None)])
                ]
            ),
            ["office(10.40.1.7/32) -> server any, originator's MAC 00:11:22:33:44:55"]
        );
        assert_eq!(
            beyond(
                &policy,
                vec![from(vec![host(None, None)]), from(vec![host(Some(mac), None)])]
            ),
            ["office(10.40.1.7/32) -> server any, originator's MAC known and not 00:11:22:33:44:55"]
        );
        assert_eq!(
            beyond(&policy, vec![ask(&id, &ends), from(vec![host(None, None)])]),
            ["office(10.40.1.0/24) -> server any"]
        );
        assert_eq!(
            beyond(
                &policy,
                vec![from(vec![host(None, None)]), from(vec![host(None, Some(end))])]
            ),
            ["office(10.40.1.7/32) -> server any, at some times (2027-01-01 00:00 (Fri) +09:00 is one)"]
        );
    }

    #[test]
    fn an_example_has_what_its_box_asks_for() {
        let (policy, id) = (policy(), Arc::from("P"));
        let ends = ends(&policy);
        let mac = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        let tls = Ask {
            services: Some(vec!["tls"]),
            next_hops: Some(vec![mac]),
            ..ask(&id, &ends)
        };
        let model = Model::of([&policy], [vec![tls]], at()).unwrap();
        let claims = model.claims(0).unwrap();
        let cube = claims.entries[0].region.0[0].clone();
        let point = |axis, point| Bits::of(model.bound(axis), [point]);
        let known = cube
            .with(Axis::Service, point(Axis::Service, NAMED))
            .with(Axis::RespMac, point(Axis::RespMac, NAMED))
            .with(Axis::OrigMac, point(Axis::OrigMac, OTHER));

        let plain = model.example(&cube, |_| true).unwrap();
        let named = model.example(&known, |_| true).unwrap();

        assert_eq!(
            (plain.service, plain.resp_mac, plain.orig_mac),
            (None, None, None)
        );
        assert_eq!(
            (named.service.as_deref(), named.resp_mac),
            (Some("tls"), Some(mac))
        );
        assert!(named.orig_mac.is_some_and(|other| other != mac));
        assert_eq!(model.example(&cube, |_| false), None);
    }
}
