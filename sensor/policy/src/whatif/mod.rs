//! What another policy would have said of traffic that really happened.
//!
//! Every record is judged by both policies, by the question that its record answers, so that the
//! result is what two runs would have said. Flows whose judgement stays the same are counted;
//! those whose judgement changes are gathered into [`Change`]s, one for each pair of zones,
//! protocol and pair of rules.
//!
//! Memory: at most [`MAX_CHANGES`] changes, each with [`MAX_HOSTS`] addresses an end and
//! [`MAX_PORTS`] services; what comes after the first of them is counted and not told apart.
//! Of a flow with an end in an excluded zone no address is kept.
//!
//! Two runs may differ from this for a flow that only one of them would have stored, and for ICMP
//! errors: whether one was about a flow that was seen is known where a record says so.

mod change;
mod counted;

use std::collections::BTreeMap;

use sekisho_model::{Text, Timestamp, Verdict};

pub use change::{Change, Port, Sample};
pub use counted::Counted;

use crate::observation::Observation;
use crate::{Judgement, Policy};
use change::Key;

/// Changes that are told apart.
pub const MAX_CHANGES: usize = 2048;

/// Addresses that are told apart at each end of a change.
pub const MAX_HOSTS: usize = 128;

/// Services that are told apart in a change.
pub const MAX_PORTS: usize = 64;

/// Flows that are shown of a change.
pub const MAX_SAMPLES: usize = 3;

/// What a policy makes of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// A path, or the inside of a zone, allows it.
    Allowed,
    /// No path allows it.
    Denied,
    /// Not judged.
    Unknown,
    /// One end lies in an excluded zone: counted, and nothing kept of it.
    Excluded,
}

impl Standing {
    /// Every standing, in the order that tables show them.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::Denied, Self::Unknown, Self::Excluded];

    fn of(judgement: &Judgement) -> Self {
        match judgement.verdict {
            _ if judgement.excluded => Self::Excluded,
            Verdict::Allowed => Self::Allowed,
            Verdict::Denied => Self::Denied,
            Verdict::Unknown => Self::Unknown,
        }
    }

    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::Excluded => "excluded",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> Text {
        match self {
            Self::Allowed => Text::new("許可", "allowed"),
            Self::Denied => Text::new("拒否", "denied"),
            Self::Unknown => Text::new("判定なし", "not judged"),
            Self::Excluded => Text::new("対象外", "excluded"),
        }
    }

    /// The change from this one to another in words.
    #[must_use]
    pub fn to(self, is: Self) -> Text {
        match (self, is) {
            (Self::Allowed, Self::Denied) => Text::new("新たに拒否", "newly denied"),
            (Self::Denied, Self::Allowed) => Text::new("新たに許可", "newly allowed"),
            _ => {
                let (was, is) = (self.label(), is.label());
                Text::new(
                    format!("{}から{}へ", was.ja, is.ja),
                    format!("{} before, {} now", was.en, is.en),
                )
            }
        }
    }
}

/// How much traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Flows that begin in it.
    pub flows: u64,
    /// Records: a long flow has several.
    pub records: u64,
    /// IP octets in both directions.
    pub octets: u64,
}

impl Volume {
    pub(crate) fn add(&mut self, seen: &Observation<'_>) {
        self.flows = self.flows.saturating_add(u64::from(seen.begins));
        self.records = self.records.saturating_add(1);
        self.octets = self.octets.saturating_add(seen.octets);
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            flows: self.flows.saturating_add(other.flows),
            records: self.records.saturating_add(other.records),
            octets: self.octets.saturating_add(other.octets),
        }
    }
}

/// Two policies, and what they say of the traffic that was shown so far.
#[derive(Debug)]
pub struct WhatIf {
    before: Policy,
    after: Policy,
    same: BTreeMap<Standing, Volume>,
    changes: BTreeMap<Key, Change>,
    unlisted: BTreeMap<(Standing, Standing), Volume>,
    span: Option<(Timestamp, Timestamp)>,
}

/// What changes.
#[derive(Debug)]
pub struct Report {
    /// Flows of which both policies say the same.
    pub same: Vec<(Standing, Volume)>,
    /// Flows of which they say something else: what is newly denied first, then what is newly
    /// allowed, then the others; of those the ones with the most flows first.
    pub changes: Vec<Change>,
    /// What changed beyond the first [`MAX_CHANGES`].
    pub unlisted: Vec<((Standing, Standing), Volume)>,
    /// First start and last end.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl WhatIf {
    /// Begins with no traffic.
    #[must_use]
    pub const fn new(before: Policy, after: Policy) -> Self {
        Self {
            before,
            after,
            same: BTreeMap::new(),
            changes: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            span: None,
        }
    }

    /// Judges one record by both.
    pub fn observe(&mut self, seen: &Observation<'_>) {
        let (first, last) = self.span.unwrap_or((seen.question.at, seen.end));
        self.span = Some((first.min(seen.question.at), last.max(seen.end)));
        let judged = [
            self.before.judge(&seen.question),
            self.after.judge(&seen.question),
        ];
        let [was, is] = [&judged[0], &judged[1]].map(Standing::of);
        if was == is {
            self.same.entry(was).or_default().add(seen);
            return;
        }
        let policies = [&self.before, &self.after];
        let key = Key::of((was, is), &judged, seen);
        let room = self.changes.len() < MAX_CHANGES;
        if !room && !self.changes.contains_key(&key) {
            self.unlisted.entry((was, is)).or_default().add(seen);
            return;
        }
        self.changes
            .entry(key)
            .or_insert_with_key(|key| Change::new(key, &judged, policies, seen))
            .add(seen);
    }

    /// What was found.
    #[must_use]
    pub fn report(self) -> Report {
        let mut changes: Vec<_> = self.changes.into_values().collect();
        changes.sort_by(|a, b| {
            let rank = |change: &Change| {
                (
                    change::rank(change.was, change.is),
                    std::cmp::Reverse(change.volume.records),
                )
            };
            rank(a).cmp(&rank(b))
        });
        Report {
            same: self.same.into_iter().collect(),
            changes,
            unlisted: self.unlisted.into_iter().collect(),
            span: self.span,
        }
    }
}

impl Report {
    /// Everything that was judged.
    #[must_use]
    pub fn total(&self) -> Volume {
        let listed = self.changes.iter().map(|change| change.volume);
        let same = self.same.iter().map(|(_, volume)| *volume);
        let rest = self.unlisted.iter().map(|(_, volume)| *volume);
        sum(listed.chain(same).chain(rest))
    }

    /// How much goes from one standing to another.
    #[must_use]
    pub fn volume(&self, was: Standing, is: Standing) -> Volume {
        let listed = self
            .changes
            .iter()
            .filter(|change| (change.was, change.is) == (was, is))
            .map(|change| change.volume);
        let rest = self
            .unlisted
            .iter()
            .filter(|(pair, _)| *pair == (was, is))
            .map(|(_, volume)| *volume);
        let same = self
            .same
            .iter()
            .filter(|(standing, _)| (*standing, *standing) == (was, is))
            .map(|(_, volume)| *volume);
        sum(listed.chain(rest).chain(same))
    }

    /// What changes, and how much of it: what is newly denied first.
    #[must_use]
    pub fn totals(&self) -> Vec<(Standing, Standing, Volume)> {
        let mut totals: Vec<_> = Standing::ALL
            .into_iter()
            .flat_map(|was| Standing::ALL.map(|is| (was, is)))
            .filter(|(was, is)| was != is)
            .map(|(was, is)| (was, is, self.volume(was, is)))
            .filter(|(_, _, volume)| volume.records > 0)
            .collect();
        totals.sort_by_key(|(was, is, _)| change::rank(*was, *is));
        totals
    }

    /// Whether a flow is judged otherwise.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }
}

fn sum(volumes: impl Iterator<Item = Volume>) -> Volume {
    volumes.fold(Volume::default(), Volume::plus)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{FlowRecord, Protocol};

    use super::*;
    use crate::Source;

    fn policy(text: &str) -> Policy {
        let zones = "schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\n\
            [zone.a]\nnetworks = [\"10.1.0.0/16\"]\n[zone.b]\nnetworks = [\"10.2.0.0/16\"]\n";
        Policy::compile(&[Source {
            name: "x.toml".to_owned(),
            text: format!("{zones}{text}").into(),
        }])
        .unwrap()
    }

    fn record(orig: [u8; 4], resp: [u8; 4], port: u16) -> FlowRecord {
        let mut record = FlowRecord::example();
        record.orig.address = orig.into();
        record.resp.address = resp.into();
        record.resp.port = port;
        record.protocol = Protocol::TCP;
        record
    }

    const WEB: &str = "[[path]]\nid = \"PATH-1\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\n\
        ports = [443]\nowner = \"web team\"\n";

    #[test]
    fn a_change_says_how_many_flows_of_whom_it_touches() {
        let mut whatif = WhatIf::new(policy(WEB), policy(""));
        for host in 1..=200 {
            whatif.observe(&Observation::of(&record([10, 1, 0, host], [10, 2, 0, 1], 443)));
        }
        whatif.observe(&Observation::of(&record([10, 1, 0, 1], [10, 1, 0, 2], 22)));

        let report = whatif.report();

        assert_eq!(report.total().flows, 201);
        assert_eq!(
            report.same,
            [(
                Standing::Allowed,
                Volume {
                    flows: 1,
                    records: 1,
                    octets: 60
                }
            )]
        );
        let [change] = &report.changes[..] else {
            panic!("{:?}", report.changes)
        };
        assert_eq!((change.was, change.is), (Standing::Allowed, Standing::Denied));
        assert_eq!((&*change.rule_was, &*change.rule_is), ("PATH-1", "PATH-DENY"));
        assert_eq!(
            (change.owner_was.as_str(), change.owner_is.as_str()),
            ("web team", "")
        );
        assert_eq!((change.volume.flows, change.volume.octets), (200, 12_000));
        assert_eq!((change.origs.len(), change.origs.rest()), (MAX_HOSTS, 72));
        assert_eq!(change.resps.len(), 1);
        assert_eq!(change.samples.len(), MAX_SAMPLES);
    }

    #[test]
    fn of_an_excluded_zone_no_address_is_kept() {
        let excluded = "[zone.c]\nnetworks = [\"10.3.0.0/16\"]\nexcluded = true\n";
        let seen = "[zone.c]\nnetworks = [\"10.3.0.0/16\"]\n";
        let mut whatif = WhatIf::new(policy(excluded), policy(seen));
        whatif.observe(&Observation::of(&record([10, 3, 0, 1], [10, 2, 0, 1], 443)));

        let report = whatif.report();

        let change = &report.changes[0];
        assert_eq!((change.was, change.is), (Standing::Excluded, Standing::Denied));
        assert!(change.origs.is_empty() && change.resps.is_empty() && change.samples.is_empty());
        assert_eq!(report.totals()[0].2.flows, 1);
    }

    #[test]
    fn changes_beyond_the_limit_are_counted() {
        let zones: String = (0..60)
            .map(|n| format!("[zone.z{n}]\nnetworks = [\"10.3.{n}.0/24\"]\n"))
            .collect();
        let open = format!("{zones}[[path]]\nid = \"ALL\"\nfrom = \"*\"\nto = \"*\"\n");
        let mut whatif = WhatIf::new(policy(&open), policy(&zones));
        for (orig, resp) in (0..60).flat_map(|orig| (0..60).map(move |resp| (orig, resp))) {
            whatif.observe(&Observation::of(&record([10, 3, orig, 1], [10, 3, resp, 1], 443)));
        }

        let report = whatif.report();

        // 60 * 59 pairs of two zones.
        assert_eq!(report.changes.len(), MAX_CHANGES);
        assert_eq!(report.volume(Standing::Allowed, Standing::Denied).flows, 3540);
        assert_eq!(report.unlisted[0].1.flows, 3540 - 2048);
    }
}
