//! Conversations put together into paths.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{Protocol, Timestamp};

use super::conversation::{Conversation, Key};
use super::{Options, Reason};
use crate::whatif::Volume;
use crate::{Mode, Policy, SERVICES, ZoneId};

/// From here on ports belong to whoever asks for one: IANA's dynamic range (RFC 6335, section 6).
const DYNAMIC: u16 = 49_152;
/// Linux hands out ports from here on.
const EPHEMERAL: u16 = 32_768;
/// Targets without an answer that make a scan of an originator's attempts.
const SCANNED: usize = 20;

/// A path that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: String,
    /// Zone of the originators.
    pub from: Arc<str>,
    /// Zone of the responders.
    pub to: Arc<str>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Ports of the responders, ascending; none where the protocol has none.
    pub ports: Vec<u16>,
    /// Application protocol; empty where none was found.
    pub service: String,
    /// The originators, where they are few.
    pub from_hosts: Vec<IpAddr>,
    /// The responders, where they are few.
    pub to_hosts: Vec<IpAddr>,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a proposal rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How much traffic.
    pub volume: Volume,
    /// How many originators.
    pub origs: usize,
    /// How many responders.
    pub resps: usize,
    /// How many pairs of the two.
    pub pairs: usize,
    /// Days on which flows began; at most 128.
    pub days: u32,
    /// The first flow.
    pub first: Timestamp,
    /// The end of the last.
    pub last: Timestamp,
    /// Records that the policy in force denies.
    pub denied: u64,
    /// The rules by which the policy in force judges, in order.
    pub rules: BTreeSet<Arc<str>>,
}

type Conversations<'c> = BTreeMap<&'c Key, (&'c Conversation, (ZoneId, ZoneId))>;

/// What was decided about every conversation: a reason not to propose it, or none.
pub(super) type Reasons<'c> = BTreeMap<&'c Key, Option<Reason>>;

/// Says of each conversation why it is not proposed, where it is not.
pub(super) fn reasons<'c>(
    conversations: &Conversations<'c>,
    policy: &Policy,
    options: &Options,
) -> Reasons<'c> {
    let scanners = scanners(conversations);
    // A policy that is enforced has decided about what it denies.
    let decided = !options.missing && policy.mode() == Mode::Enforce && !policy.paths.is_empty();
    let mut flows: BTreeMap<_, u64> = BTreeMap::new();
    for (key, (conversation, zones)) in conversations {
        if conversation.answered > 0 {
            let count = flows.entry((*zones, key.protocol, key.port)).or_default();
            *count = count.saturating_add(conversation.volume.records);
        }
    }
    let reason = |key: &Key, conversation: &Conversation, zones: (ZoneId, ZoneId)| {
        let high = |from: u16| key.port.is_some_and(|port| port >= from);
        let count = flows.get(&(zones, key.protocol, key.port)).copied();
        // What crosses no router needs no path, and can have none.
        let is_built_in = |zone| zone == ZoneId::UNKNOWN || zone == ZoneId::LINK;
        if is_built_in(zones.0) || is_built_in(zones.1) {
            Some(Reason::UnknownZone)
        } else if decided && conversation.denied > 0 {
            Some(Reason::Denied)
        } else if scanners.contains(&key.orig) {
            Some(Reason::Scan)
        } else if key.is_portless() {
            Some(Reason::NoPorts)
        } else if conversation.answered == 0 && conversation.undirected > 0 {
            Some(Reason::Direction)
        } else if conversation.answered == 0 {
            Some(Reason::Unanswered)
        } else if high(DYNAMIC) || (high(EPHEMERAL) && key.service == 0) {
            Some(Reason::HighPort)
        } else if count.unwrap_or(0) < options.flows {
            Some(Reason::Single)
        } else {
            None
        }
    };
    let mut reasons: Reasons<'c> = conversations
        .iter()
        .map(|(key, (conversation, zones))| (*key, reason(key, conversation, *zones)))
        .collect();
    if !options.world {
        leave_the_world(conversations, policy, options, &mut reasons);
    }
    reasons
}

/// Whom an originator tries.
type Target = (IpAddr, Protocol, Option<u16>);

/// Originators most of whose targets never answered.
fn scanners(conversations: &Conversations<'_>) -> BTreeSet<IpAddr> {
    let mut targets: BTreeMap<IpAddr, BTreeMap<Target, bool>> = BTreeMap::new();
    for (key, (conversation, _)) in conversations {
        let answered = conversation.answered > 0 || conversation.undirected > 0;
        let target = (key.resp, key.protocol, key.port);
        *targets.entry(key.orig).or_default().entry(target).or_default() |= answered;
    }
    let scans = |targets: &BTreeMap<Target, bool>| {
        let silent = targets.values().filter(|answered| !**answered).count();
        silent >= SCANNED && silent > targets.len() / 2
    };
    targets
        .into_iter()
        .filter(|(_, targets)| scans(targets))
        .map(|(orig, _)| orig)
        .collect()
}

/// A path to many hosts of a zone that stands for the rest of the world would be a path to
/// everywhere.
fn leave_the_world(
    conversations: &Conversations<'_>,
    policy: &Policy,
    options: &Options,
    reasons: &mut Reasons<'_>,
) {
    let open = policy.open_zones();
    let is_open = |zone| open.iter().any(|open| open == policy.zone_name(zone));
    let wide: Vec<_> = bundles(conversations, reasons)
        .into_values()
        .filter(|bundle| {
            (is_open(bundle.zones.0) && bundle.origs.len() > options.hosts)
                || (is_open(bundle.zones.1) && bundle.resps.len() > options.hosts)
        })
        .flat_map(|bundle| bundle.keys)
        .collect();
    for key in wide {
        if let Some(reason) = reasons.get_mut(&key) {
            *reason = Some(Reason::World);
        }
    }
}

/// What one path is made of.
struct Bundle {
    zones: (ZoneId, ZoneId),
    protocol: Protocol,
    service: u16,
    keys: Vec<Key>,
    ports: BTreeSet<u16>,
    origs: BTreeSet<IpAddr>,
    resps: BTreeSet<IpAddr>,
}

type BundleKey = ((ZoneId, ZoneId), Protocol, u16);

fn bundles(conversations: &Conversations<'_>, reasons: &Reasons<'_>) -> BTreeMap<BundleKey, Bundle> {
    let mut named: BTreeMap<_, BTreeMap<u16, u64>> = BTreeMap::new();
    let chosen = || {
        conversations
            .iter()
            .filter(|(key, _)| matches!(reasons.get(**key), Some(None)))
    };
    for (key, (conversation, zones)) in chosen().filter(|(key, _)| key.service != 0) {
        let services = named.entry((*zones, key.protocol, key.port)).or_default();
        let count = services.entry(key.service).or_default();
        *count = count.saturating_add(conversation.volume.records);
    }
    let mut bundles: BTreeMap<BundleKey, Bundle> = BTreeMap::new();
    for (key, (_, zones)) in chosen() {
        // Where nothing was recognised, it may be what was recognised at the same port.
        let service = match key.service {
            0 => named
                .get(&(*zones, key.protocol, key.port))
                .and_then(|services| services.iter().max_by_key(|(_, count)| **count))
                .map_or(0, |(service, _)| *service),
            service => service,
        };
        let bundle = bundles
            .entry((*zones, key.protocol, service))
            .or_insert_with(|| Bundle {
                zones: *zones,
                protocol: key.protocol,
                service,
                keys: Vec::new(),
                ports: BTreeSet::new(),
                origs: BTreeSet::new(),
                resps: BTreeSet::new(),
            });
        bundle.keys.push(**key);
        bundle.ports.extend(key.port);
        bundle.origs.insert(key.orig);
        bundle.resps.insert(key.resp);
    }
    bundles
}

/// One path for each pair of zones, protocol and application protocol.
pub(super) fn proposals(
    conversations: &Conversations<'_>,
    reasons: &Reasons<'_>,
    policy: &Policy,
    services: &[String],
    options: &Options,
) -> Vec<Proposal> {
    let few = |hosts: &BTreeSet<IpAddr>| -> Vec<IpAddr> {
        let is_few = hosts.len() <= options.hosts;
        hosts.iter().filter(|_| is_few).copied().collect()
    };
    let taken = taken(policy);
    let mut proposals: Vec<Proposal> = bundles(conversations, reasons)
        .into_values()
        .map(|bundle| Proposal {
            id: String::new(),
            from: Arc::clone(policy.zone_name(bundle.zones.0)),
            to: Arc::clone(policy.zone_name(bundle.zones.1)),
            protocol: bundle.protocol,
            ports: bundle.ports.iter().copied().collect(),
            service: usize::from(bundle.service)
                .checked_sub(1)
                .and_then(|position| services.get(position))
                .filter(|name| SERVICES.contains(&name.as_str()))
                .cloned()
                .unwrap_or_default(),
            from_hosts: few(&bundle.origs),
            to_hosts: few(&bundle.resps),
            evidence: evidence(&bundle, conversations),
        })
        .collect();
    let order = |proposal: &Proposal| {
        (
            Arc::clone(&proposal.from),
            Arc::clone(&proposal.to),
            proposal.protocol,
            proposal.ports.clone(),
        )
    };
    proposals.sort_by_key(order);
    for (number, proposal) in (taken.saturating_add(1)..).zip(&mut proposals) {
        proposal.id = format!("SUGGEST-{number:04}");
    }
    proposals
}

/// The highest number that an earlier proposal has been given in this policy.
fn taken(policy: &Policy) -> u32 {
    let numbers = policy.paths.iter().filter_map(|path| {
        let number = path.id.strip_prefix("SUGGEST-")?;
        number.parse::<u32>().ok()
    });
    numbers.max().unwrap_or(0)
}

fn evidence(bundle: &Bundle, conversations: &Conversations<'_>) -> Evidence {
    let mut evidence = Evidence {
        volume: Volume::default(),
        origs: bundle.origs.len(),
        resps: bundle.resps.len(),
        pairs: 0,
        days: 0,
        first: Timestamp::MAX,
        last: Timestamp::MIN,
        denied: 0,
        rules: BTreeSet::new(),
    };
    let (mut days, mut pairs) = (0_u128, BTreeSet::new());
    for key in &bundle.keys {
        let Some((conversation, _)) = conversations.get(key) else {
            continue;
        };
        evidence.volume = evidence.volume.plus(conversation.volume);
        evidence.first = evidence.first.min(conversation.first);
        evidence.last = evidence.last.max(conversation.last);
        evidence.denied = evidence.denied.saturating_add(conversation.denied);
        if !conversation.rule.is_empty() {
            evidence.rules.insert(Arc::clone(&conversation.rule));
        }
        days |= conversation.days;
        pairs.insert((key.orig, key.resp));
    }
    evidence.days = days.count_ones();
    evidence.pairs = pairs.len();
    evidence
}
