//! Gateways: whether what goes to one side of a gateway goes on from the other.
//!
//! A path over a gateway is two flows, to its near side and from its far side. A flow of one that is
//! allowed, whose payload was answered and that has no flow of the other side beside it, at most `pair_within` before it began or
//! after it ended, is one leg without the other: what was handed over went on another way, or what came
//! out was never handed in. That is an alert about the gateway, one for a path, a side and a day.
//!
//! A flow of the other side may last and is known by its records, so a flow is decided when every record
//! of that time has been written: by packet time, and so the same for any number of workers. Nothing is
//! said of flows so near to the begin or the end of what was captured, or to a change of the policy, that
//! their other leg may lie outside.
//!
//! Flows that wait are put together by the quarter of `pair_within` (a second at least) in which they
//! began and ended, so that a leg may be that much further away. Bounded by [`limits::GATEWAY_LEGS`]
//! groups; more push out the one that has waited longest, undecided and counted.

mod cover;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sekisho_flow::{Brief, Config as FlowConfig};
use sekisho_model::{FlowRecord, Timestamp, Told, Verdict, limits};
use sekisho_policy::{EntryId, Gateway, Leg, Mode, Policy};

use cover::Cover;

/// How long an alert collects.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The legs of the policy in force, and the flows that wait for their other leg.
#[derive(Debug)]
pub(crate) struct Gateways {
    legs: BTreeMap<EntryId, Watched>,
    /// Nanoseconds after a flow in which every record that counts is written.
    patience: i64,
    /// From when on flows of both sides are known.
    since: Since,
    waiting: BTreeMap<Wait, Group>,
    limit: usize,
    /// Groups pushed out.
    undecided: u64,
    /// Alerts that collect.
    open: BTreeMap<Key, Gap>,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    /// The first packet that was told of.
    Input(Timestamp),
    /// A change of the policy.
    Policy(Timestamp),
}

/// One leg.
#[derive(Debug)]
struct Watched {
    about: Arc<About>,
    /// Of which legs of the other side one is expected.
    counterparts: Vec<EntryId>,
    /// Nanoseconds of `pair_within`.
    within: i64,
    /// Nanoseconds to which times are rounded.
    step: i64,
    cover: Cover,
}

/// What an alert says of a leg.
#[derive(Debug)]
struct About {
    gateway: Gateway,
    path: Arc<str>,
    leg: Leg,
    clause: Arc<str>,
}

/// Which flows wait together: by the time of their end, which is when they are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    end: i64,
    start: i64,
    leg: EntryId,
}

/// An alert's gateway, path and leg.
type Key = (Arc<str>, Arc<str>, Leg);

/// Flows of one leg.
#[derive(Debug)]
struct Group {
    /// The one that began first.
    flow: Box<FlowRecord>,
    last_seen: Timestamp,
    flows: u64,
    packets: u64,
    octets: u64,
}

/// Flows without their other leg.
#[derive(Debug)]
struct Gap {
    about: Arc<About>,
    group: Group,
    /// Whether anything was added since it was last told.
    is_news: bool,
    /// The id under which it was told.
    told: Option<u64>,
}

impl Gateways {
    pub(crate) fn new(policy: &Policy, flow: &FlowConfig) -> Self {
        let mut legs = legs_of(policy);
        // Nobody is alerted.
        if policy.mode() == Mode::Learn {
            legs.clear();
        }
        let within = legs.values().map(|leg| leg.within).max().unwrap_or_default();
        let record = flow
            .active
            .saturating_add(flow.tcp_idle)
            .saturating_add(flow.close_delay);
        Self {
            legs,
            patience: within.saturating_add(nanos(record)),
            since: Since::Input(Timestamp::MAX),
            waiting: BTreeMap::new(),
            limit: usize::try_from(limits::GATEWAY_LEGS.default).unwrap_or(usize::MAX),
            undecided: 0,
            open: BTreeMap::new(),
        }
    }

    /// From `now` on another policy names the legs. Alerts that collect go on.
    pub(crate) fn follow(&mut self, policy: &Policy, flow: &FlowConfig, now: Timestamp) {
        *self = Self {
            since: Since::Policy(now),
            undecided: self.undecided,
            open: std::mem::take(&mut self.open),
            ..Self::new(policy, flow)
        };
    }

    /// Groups of flows that were pushed out undecided.
    pub(crate) const fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Notes that a flow was there.
    pub(crate) fn note(&mut self, brief: &Brief) {
        if let Since::Input(first) = &mut self.since {
            *first = brief.start.min(*first);
        }
    }

    /// Takes a record of a leg into account.
    pub(crate) fn observe(&mut self, entry: EntryId, record: &FlowRecord) {
        let Some(leg) = self.legs.get_mut(&entry) else {
            return;
        };
        let join = leg.within.saturating_mul(2);
        leg.cover.add((record.start, record.end), join);
        let is_answered = record.to_resp.payload_octets > 0 && record.to_orig.payload_octets > 0;
        if record.verdict != Verdict::Allowed || !is_answered {
            return;
        }
        let step = leg.step;
        let wait = Wait {
            end: down(record.end.nanos(), step).saturating_add(step),
            start: down(record.start.nanos(), step),
            leg: entry,
        };
        if let Some(group) = self.waiting.get_mut(&wait) {
            group.add(Group::of(record));
            return;
        }
        if self.waiting.len() >= self.limit {
            self.waiting.pop_first();
            self.undecided = self.undecided.saturating_add(1);
        }
        self.waiting.insert(wait, Group::of(record));
    }

    /// Decides what can be decided at `now`; alerts that this closes go to `closed`.
    pub(crate) fn expire(&mut self, now: Timestamp, closed: &mut Vec<Told>) {
        if self.legs.is_empty() && self.open.is_empty() {
            return;
        }
        let over = now.nanos().saturating_sub(self.patience);
        while let Some(first) = self.waiting.first_entry()
            && first.key().end <= over
        {
            let (wait, group) = first.remove_entry();
            self.decide(wait, group, i64::MAX, closed);
        }
        // A group that waits began a record's time before its end at most.
        let known = over.saturating_sub(self.patience).saturating_sub(self.patience);
        for leg in self.legs.values_mut() {
            leg.cover.forget(known);
        }
        let decided = Timestamp::from_nanos(over);
        let aged = |gap: &Gap| decided.since(gap.group.flow.start) > WINDOW;
        closed.extend(
            self.open
                .extract_if(.., |_, gap| aged(gap))
                .map(|(_, mut gap)| gap.tell()),
        );
    }

    /// Tells of the open alerts that were added to since they were last told.
    pub(crate) fn news(&mut self, out: &mut Vec<Told>) {
        let grown = self.open.values_mut().filter(|gap| gap.is_news);
        out.extend(grown.map(Gap::tell));
    }

    /// Decides what is left at the end of the input, whose last packet came at `last`.
    pub(crate) fn drain(&mut self, last: Timestamp, closed: &mut Vec<Told>) {
        for (wait, group) in std::mem::take(&mut self.waiting) {
            self.decide(wait, group, last.nanos(), closed);
        }
        let open = std::mem::take(&mut self.open).into_values();
        closed.extend(open.map(|mut gap| gap.tell()));
    }

    fn decide(&mut self, wait: Wait, group: Group, last: i64, closed: &mut Vec<Told>) {
        let Some(leg) = self.legs.get(&wait.leg) else {
            return;
        };
        let (start, end) = (
            wait.start.saturating_sub(leg.within),
            wait.end.saturating_add(leg.within),
        );
        let (Since::Input(since) | Since::Policy(since)) = self.since;
        if start < since.nanos() || end > last {
            return;
        }
        let mut others = leg.counterparts.iter().filter_map(|other| self.legs.get(other));
        if others.any(|other| other.cover.meets(start, end)) {
            return;
        }
        let about = &leg.about;
        let key = (Arc::clone(&about.gateway.id), Arc::clone(&about.path), about.leg);
        match self.open.get_mut(&key) {
            Some(gap) if group.flow.start.since(gap.group.flow.start) <= WINDOW => {
                gap.group.add(group);
                gap.is_news = true;
            }
            _ => {
                let gap = Gap {
                    about: Arc::clone(about),
                    group,
                    is_news: true,
                    told: None,
                };
                closed.extend(self.open.insert(key, gap).map(|mut gap| gap.tell()));
            }
        }
    }
}

impl Gap {
    /// The alert, as far as it is known.
    fn tell(&mut self) -> Told {
        let mut alert = words::alert(self);
        // What was told under a number keeps it, though an earlier flow came to light.
        alert.id = self.told.unwrap_or(alert.id);
        Told {
            is_told: self.told.replace(alert.id).is_some(),
            is_news: std::mem::take(&mut self.is_news),
            alert,
        }
    }
}

impl Group {
    fn of(record: &FlowRecord) -> Self {
        Self {
            last_seen: record.end,
            flows: u64::from(record.part == 0),
            packets: record.packets(),
            octets: record.octets(),
            flow: Box::new(record.clone()),
        }
    }

    fn add(&mut self, other: Self) {
        self.flows = self.flows.saturating_add(other.flows);
        self.packets = self.packets.saturating_add(other.packets);
        self.octets = self.octets.saturating_add(other.octets);
        self.last_seen = self.last_seen.max(other.last_seen);
        if other.flow.start < self.flow.start {
            self.flow = other.flow;
        }
    }
}

fn legs_of(policy: &Policy) -> BTreeMap<EntryId, Watched> {
    let mut legs = BTreeMap::new();
    for (entry, counterparts) in policy.counterparts() {
        let Some((info, gateway)) = policy.entry(entry).and_then(|info| Some((info, info.gateway?))) else {
            continue;
        };
        let within = nanos(gateway.pair_within);
        let about = About {
            gateway: gateway.clone(),
            path: Arc::clone(info.id()),
            leg: entry.leg(),
            clause: Arc::from(info.clause()),
        };
        let watched = Watched {
            about: Arc::new(about),
            counterparts,
            within,
            step: within
                .checked_div(4)
                .unwrap_or_default()
                .max(nanos(Duration::from_secs(1))),
            cover: Cover::default(),
        };
        legs.insert(entry, watched);
    }
    legs
}

/// The multiple of `step` at or before a time.
fn down(time: i64, step: i64) -> i64 {
    time.saturating_sub(time.checked_rem_euclid(step).unwrap_or_default())
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
