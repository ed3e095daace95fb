//! One or two policies as regions of one common space.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;
use sekisho_model::{MacAddress, Timestamp};

use super::ask::{Ask, asks};
use super::bits::Bits;
use super::clock::{Clock, Times};
use super::region::{Axis, Cube, Exhausted};
use super::space::{Cuts, Spot};
use crate::Policy;
use crate::calendar::Ranges;
use crate::conditions::End;
use crate::zones::ZoneId;

/// Point of an axis that stands for what is not known.
pub(crate) const NOT_KNOWN: usize = 0;
/// Point of an axis that stands for what no policy names.
pub(crate) const OTHER: usize = 1;
/// The first point of an axis that a policy names.
pub(crate) const NAMED: usize = 2;

/// All ports.
pub(crate) const PORTS: (u32, u32) = (0, 65_536);

/// Places that one proof may tell apart.
const MAX_SPOTS: usize = 65_536;

/// The common space of `N` policies, and what they say in it.
#[derive(Debug)]
pub(crate) struct Model<'p, const N: usize> {
    pub(crate) policies: [&'p Policy; N],
    pub(crate) asks: [Vec<Ask<'p>>; N],
    pub(crate) spots: Vec<Spot>,
    /// By spot, its zone in each policy.
    pub(crate) zones: Vec<[ZoneId; N]>,
    /// The spots of each zone of each policy.
    pub(crate) by_zone: [HashMap<ZoneId, Vec<usize>>; N],
    pub(crate) clock: Clock,
    pub(crate) services: Vec<String>,
    pub(crate) tunnels: Vec<String>,
    pub(crate) macs: Vec<MacAddress>,
    pub(crate) whole: Cube,
}

impl<'p, const N: usize> Model<'p, N> {
    pub(crate) fn new(policies: [&'p Policy; N], at: Timestamp) -> Result<Self, Exhausted> {
        Self::of(policies, policies.map(asks), at)
    }

    pub(super) fn of(
        policies: [&'p Policy; N],
        asks: [Vec<Ask<'p>>; N],
        at: Timestamp,
    ) -> Result<Self, Exhausted> {
        let spots = cuts(&policies, &asks).spots(|spot| policies.map(|policy| zone_of(policy, spot)));
        let zones: Vec<[ZoneId; N]> = spots
            .iter()
            .map(|spot| policies.map(|policy| zone_of(policy, spot)))
            .collect();
        if spots.len() > MAX_SPOTS {
            return Err(Exhausted);
        }
        let by_zone = std::array::from_fn(|policy| {
            let mut by_zone: HashMap<ZoneId, Vec<usize>> = HashMap::new();
            for (spot, zones) in zones.iter().enumerate() {
                if let Some(zone) = zones.get(policy) {
                    by_zone.entry(*zone).or_default().push(spot);
                }
            }
            by_zone
        });
        let clock = times(&policies, &asks).clock(at)?;
        let every = || asks.iter().flatten();
        let services = words(every().filter_map(|ask| ask.services.as_ref()).flatten());
        let tunnels = words(
            every()
                .filter_map(|ask| ask.tunnels.as_ref()?.kinds.as_ref())
                .flatten(),
        );
        let macs = macs(&asks, &spots);
        let bounds = [
            spots.len(),
            spots.len(),
            256,
            services.len().saturating_add(NAMED),
            clock.instants.len(),
            tunnels.len().saturating_add(NAMED),
            macs.len().saturating_add(NAMED),
            macs.len().saturating_add(NAMED),
        ];
        let whole = Cube {
            axes: bounds.map(Bits::all),
            ports: Ranges::new(vec![PORTS]),
        };
        Ok(Self {
            policies,
            asks,
            spots,
            zones,
            by_zone,
            clock,
            services,
            tunnels,
            macs,
            whole,
        })
    }

    /// How many points an axis has.
    pub(super) fn bound(&self, axis: Axis) -> usize {
        match axis {
            Axis::From | Axis::To => self.spots.len(),
            Axis::Protocol => 256,
            Axis::Service => self.services.len().saturating_add(NAMED),
            Axis::Time => self.clock.instants.len(),
            Axis::Tunnel => self.tunnels.len().saturating_add(NAMED),
            Axis::OrigMac | Axis::RespMac => self.macs.len().saturating_add(NAMED),
        }
    }

    /// The points of an axis at which `test` holds.
    pub(crate) fn set(&self, axis: Axis, test: impl Fn(usize) -> bool) -> Bits {
        let bound = self.bound(axis);
        Bits::of(bound, (0..bound).filter(|point| test(*point)))
    }

    /// The spots whose zone in one of the policies is meant.
    pub(crate) fn in_zone(&self, policy: usize, test: impl Fn(ZoneId) -> bool) -> Bits {
        self.set(Axis::From, |spot| {
            let zone = self.zones.get(spot).and_then(|zones| zones.get(policy));
            zone.is_some_and(|zone| test(*zone))
        })
    }

    /// The spots of an end.
    pub(crate) fn at_end(&self, policy: usize, end: &End) -> Bits {
        let End::Zones(zones) = end else {
            return self.whole.get(Axis::From).clone();
        };
        let known = self.by_zone.get(policy);
        let spots = zones.iter().filter_map(|zone| known?.get(zone)).flatten();
        Bits::of(self.spots.len(), spots.copied())
    }

    /// The spots in some networks. Spots stand in the order of their addresses.
    pub(super) fn in_networks(&self, networks: impl Iterator<Item = IpNet>) -> Bits {
        let inside = networks.flat_map(|network| {
            let from = self
                .spots
                .partition_point(|spot| spot.address < network.network());
            let to = self
                .spots
                .partition_point(|spot| spot.address <= network.broadcast());
            from..to
        });
        Bits::of(self.spots.len(), inside)
    }
}

fn zone_of(policy: &Policy, spot: &Spot) -> ZoneId {
    policy.zones.of(spot.address, spot.mac, spot.vlan)
}

fn cuts(policies: &[&Policy], asks: &[Vec<Ask<'_>>]) -> Cuts {
    let mut cuts = Cuts::default();
    for policy in policies {
        cuts.networks.extend(policy.zones.networks());
        cuts.vlans
            .extend(policy.zones.declared().flat_map(|(_, zone)| &zone.vlans));
        cuts.macs
            .extend(policy.zones.declared().flat_map(|(_, zone)| &zone.macs));
    }
    let ends = asks.iter().flatten().flat_map(|ask| [&ask.from, &ask.to]);
    let hosts = ends.filter_map(|end| end.hosts.as_ref()).flatten();
    cuts.hosts.extend(hosts.map(|host| host.network));
    cuts
}

fn times<'p>(policies: &[&'p Policy], asks: &[Vec<Ask<'p>>]) -> Times<'p> {
    let mut times = Times::default();
    for policy in policies {
        let windows = policy.statements.iter();
        let windows = windows.filter_map(|statement| statement.crossing.window.as_ref());
        times
            .windows
            .extend(windows.map(|window| (policy.calendar(), window)));
    }
    for ask in asks.iter().flatten() {
        times.edges.extend(ask.starts.into_iter().chain(ask.expires));
        times.windows.extend(ask.window);
        for end in [&ask.from, &ask.to] {
            let hosts = end.hosts.iter().flatten();
            times.edges.extend(hosts.filter_map(|host| host.until));
        }
    }
    times.windows.retain(|(_, window)| !window.is_always());
    times
}

fn words<'a>(words: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    let words: BTreeSet<&str> = words.copied().collect();
    words.into_iter().map(str::to_owned).collect()
}

fn macs(asks: &[Vec<Ask<'_>>], spots: &[Spot]) -> Vec<MacAddress> {
    let mut macs: BTreeSet<MacAddress> = spots.iter().filter_map(|spot| spot.mac).collect();
    for ask in asks.iter().flatten() {
        macs.extend(ask.next_hops.iter().flatten());
        for end in [&ask.from, &ask.to] {
            macs.extend(end.hosts.iter().flatten().filter_map(|host| host.mac));
        }
    }
    macs.into_iter().collect()
}
