//! Which flows a path or a boundary speaks of: two ends, protocols, responder ports.

use std::fmt;

use sekisho_model::Protocol;

use crate::zones::ZoneId;

/// How many ports there are; what an absent `ports` counts as.
const ALL_PORTS: u32 = 65_536;

/// One end: `*`, or the zones of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Any zone, `unknown` included.
    Any,
    /// These zones, sorted.
    Zones(Box<[ZoneId]>),
}

impl End {
    pub(crate) fn zones(mut zones: Vec<ZoneId>) -> Self {
        zones.sort_unstable();
        zones.dedup();
        Self::Zones(zones.into())
    }

    pub(crate) const fn is_explicit(&self) -> bool {
        matches!(self, Self::Zones(_))
    }

    pub(crate) fn has(&self, zone: ZoneId) -> bool {
        self.is_any_or(|zones| zones.binary_search(&zone).is_ok())
    }

    /// Whether every zone of `other` is one of this end.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Any => !self.is_explicit(),
            Self::Zones(theirs) => theirs.iter().all(|zone| self.has(*zone)),
        }
    }

    /// Whether some zone is in both, counting `*` only with `*`.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Zones(_), Self::Zones(theirs)) => theirs.iter().any(|zone| self.has(*zone)),
            _ => false,
        }
    }

    fn is_any_or(&self, test: impl FnOnce(&[ZoneId]) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Zones(zones) => test(zones),
        }
    }
}

/// A set of protocol numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Protocols([u64; 4]);

impl Protocols {
    /// Every protocol.
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    pub(crate) fn insert(&mut self, protocol: Protocol) {
        if let Some(word) = self.0.get_mut(usize::from(protocol.0 >> 6)) {
            *word |= 1 << (protocol.0 & 63);
        }
    }

    pub(crate) fn has(self, protocol: Protocol) -> bool {
        self.0
            .get(usize::from(protocol.0 >> 6))
            .is_some_and(|word| (word >> (protocol.0 & 63)) & 1 == 1)
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .all(|(mine, theirs)| mine & theirs == theirs)
    }

    /// Whether some protocol is in both.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(mine, theirs)| mine & theirs != 0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Protocol> {
        (0..=u8::MAX)
            .map(Protocol)
            .filter(move |protocol| self.has(*protocol))
    }
}

/// Ranges of ports, sorted and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports(Box<[(u16, u16)]>);

impl Ports {
    pub(crate) fn new(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.sort_unstable();
        let mut apart: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match apart.last_mut() {
                Some(last) if low <= last.1 => last.1 = last.1.max(high),
                _ => apart.push((low, high)),
            }
        }
        Self(apart.into())
    }

    pub(crate) fn has(&self, port: u16) -> bool {
        // Nearly every path has one to four ranges, where a walk is the fastest search.
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&port))
    }

    /// Where a range begins, and where the ports after one do.
    pub(crate) fn edges(&self) -> impl Iterator<Item = u16> {
        self.0
            .iter()
            .flat_map(|(low, high)| [Some(*low), high.checked_add(1)])
            .flatten()
    }

    /// The ranges, both ends meant.
    pub(crate) fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    pub(crate) fn count(&self) -> u32 {
        self.0
            .iter()
            .map(|(low, high)| u32::from(high.saturating_sub(*low)).saturating_add(1))
            .fold(0, u32::saturating_add)
    }

    fn covers(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|(low, high)| self.0.iter().any(|(mine, last)| mine <= low && high <= last))
    }

    /// Each range as a policy file writes it, without quotes.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(low, high)| {
            if low == high {
                low.to_string()
            } else {
                format!("{low}-{high}")
            }
        })
    }
}

/// Protocols and ports together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// The protocols; all of them where the file names none.
    pub(crate) protocols: Protocols,
    /// Whether the file names them.
    pub(crate) protocol_given: bool,
    /// The ports; `None` is any, and any protocol without ports.
    pub(crate) ports: Option<Ports>,
}

impl Service {
    pub(crate) fn has(&self, protocol: Protocol, resp_port: u16) -> bool {
        self.protocols.has(protocol) && self.ports.as_ref().is_none_or(|ports| ports.has(resp_port))
    }

    fn covers(&self, other: &Self) -> bool {
        self.protocols.covers(other.protocols)
            && match (&self.ports, &other.ports) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => mine.covers(theirs),
            }
    }
}

/// `tcp/80,443`, `tcp,udp/53`, `icmp`; the empty text where everything is meant.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols: Vec<_> = if self.protocols == Protocols::ALL {
            Vec::new()
        } else {
            self.protocols
                .iter()
                .map(|protocol| protocol.to_string())
                .collect()
        };
        f.write_str(&protocols.join(","))?;
        match &self.ports {
            Some(ports) => write!(f, "/{}", ports.words().collect::<Vec<_>>().join(",")),
            None => Ok(()),
        }
    }
}

/// Which tunnels may carry a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tunnels {
    /// It may come without any.
    pub(crate) bare: bool,
    /// Kinds; every kind where absent.
    pub(crate) kinds: Option<Vec<&'static str>>,
}

impl Tunnels {
    pub(crate) fn has(&self, tunnel: Option<&str>) -> bool {
        match (tunnel, &self.kinds) {
            (None, _) => self.bare,
            (Some(_), None) => true,
            (Some(tunnel), Some(kinds)) => kinds.contains(&tunnel),
        }
    }

    /// Each word as a policy file writes it.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        let bare = self.bare.then_some("none");
        match &self.kinds {
            None => vec!["any"],
            Some(kinds) => bare.into_iter().chain(kinds.iter().copied()).collect(),
        }
    }
}

/// The zones, protocols and ports that a path or a boundary asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) service: Service,
}

impl Conditions {
    pub(crate) fn zones_match(&self, orig: ZoneId, resp: ZoneId) -> bool {
        self.from.has(orig) && self.to.has(resp)
    }

    /// Sorts the most specific first: named ends, then a named protocol, then fewest ports.
    pub(crate) fn rank(&self) -> (u8, bool, u32) {
        let any_ends = u8::from(!self.from.is_explicit()).saturating_add(u8::from(!self.to.is_explicit()));
        let ports = self.service.ports.as_ref().map_or(ALL_PORTS, Ports::count);
        (any_ends, !self.service.protocol_given, ports)
    }

    /// Whether every flow that `other` matches is matched here too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.service.covers(&other.service) && self.from.covers(&other.from) && self.to.covers(&other.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_port_ranges_are_counted_once() {
        let ports = Ports::new(vec![(80, 80), (8000, 8080), (8080, 8090), (80, 80)]);

        assert_eq!(ports.words().collect::<Vec<_>>(), ["80", "8000-8090"]);
        assert_eq!(ports.count(), 92);
        assert!(ports.has(8090) && !ports.has(8091));
    }

    #[test]
    fn protocols_of_all_four_words_are_kept_apart() {
        let mut protocols = Protocols::default();
        for number in [0, 63, 64, 132, 255] {
            protocols.insert(Protocol(number));
        }

        assert_eq!(
            protocols.iter().map(|p| p.0).collect::<Vec<_>>(),
            [0, 63, 64, 132, 255]
        );
        assert!(Protocols::ALL.covers(protocols) && !protocols.covers(Protocols::ALL));
    }
}
