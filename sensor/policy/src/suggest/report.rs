//! From conversations to a proposal, what it covers, and what is left.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{Protocol, Text, Timestamp, Verdict};

use super::{Conversation, Key, Proposal, Suggest, group, local, write};
use crate::whatif::Volume;
use crate::{Policy, PolicyErrors, Source};

/// Why traffic is not proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// One end is in no zone.
    UnknownZone,
    /// The policy in force denies it, and only what it allows is proposed anew.
    Denied,
    /// The originator tried many targets, most of which never answered.
    Scan,
    /// Nobody answered.
    Unanswered,
    /// The ports are not known: fragments that could not be put together.
    NoPorts,
    /// It was under way when the capture began, and its ports do not tell who began it.
    Direction,
    /// The responder's port is one that is handed out on demand.
    HighPort,
    /// Seen too rarely.
    Single,
    /// Many hosts of a zone that stands for the rest of the world.
    World,
    /// There were too many conversations to tell apart.
    Limit,
    /// The proposal does not allow it after all.
    NotAllowed,
}

impl Reason {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownZone => "unknown-zone",
            Self::Denied => "denied",
            Self::Scan => "scan",
            Self::Unanswered => "unanswered",
            Self::NoPorts => "no-ports",
            Self::Direction => "direction",
            Self::HighPort => "high-port",
            Self::Single => "single",
            Self::World => "world",
            Self::Limit => "limit",
            Self::NotAllowed => "not-allowed",
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn label(self) -> Text {
        let (ja, en) = match self {
            Self::UnknownZone => ("片端がどのゾーンにもない", "one end is in no zone"),
            Self::Denied => ("今のポリシーが拒否している", "denied by the policy in force"),
            Self::Scan => (
                "応答のない多数の宛先へ試みた発信元による",
                "from an originator most of whose many targets never answered",
            ),
            Self::Unanswered => ("応答がない", "never answered"),
            Self::NoPorts => ("ポートが分からない", "ports not known"),
            Self::Direction => ("どちらが始めたか分からない", "not certain who began"),
            Self::HighPort => (
                "必要のつど割り当てられる範囲のポート",
                "at a port of the range that is handed out on demand",
            ),
            Self::Single => ("回数が少ない", "seen too rarely"),
            Self::World => (
                "外部全体を表すゾーンの多数のホスト",
                "many hosts of a zone that stands for the rest of the world",
            ),
            Self::Limit => ("区別できる数を超えた", "beyond what was told apart"),
            Self::NotAllowed => ("提案では許可にならない", "not allowed by the proposal"),
        };
        Text::new(ja, en)
    }
}

/// Traffic of one kind that is left unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Why.
    pub reason: Reason,
    /// Zones of both ends.
    pub zones: (Arc<str>, Arc<str>),
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port of the responder; absent where there is none, and of scans.
    pub port: Option<u16>,
    /// How much.
    pub volume: Volume,
    /// How many pairs of hosts.
    pub pairs: u64,
    /// The pair with the first address.
    pub example: (IpAddr, IpAddr),
}

/// What is proposed.
#[derive(Debug)]
pub struct Suggestion {
    /// The policy file.
    pub text: String,
    /// Its paths.
    pub paths: Vec<Proposal>,
    /// Everything that was seen.
    pub total: Volume,
    /// What the proposal allows.
    pub covered: Volume,
    /// What needs no path: inside a zone whose hosts may talk to each other, ICMP errors, addresses
    /// that cross no router.
    pub built_in: Volume,
    /// What the policy in force allows, where only the rest was to be proposed.
    pub already: Volume,
    /// What has an end in an excluded zone.
    pub excluded: Volume,
    /// What is left, by reason.
    pub left: BTreeMap<Reason, Volume>,
    /// The same by zones and port, the most frequent first.
    pub unknown: Vec<Left>,
    /// First start and last end.
    pub span: Option<(Timestamp, Timestamp)>,
}

pub(super) fn of(seen: &Suggest) -> Result<Suggestion, PolicyErrors> {
    let Suggest {
        base,
        options,
        calendar,
        conversations,
        services,
        ..
    } = seen;
    let service = |key: &Key| {
        let position = usize::from(key.service).checked_sub(1)?;
        services.get(position).map(String::as_str)
    };
    let own;
    let (policy, head) = match base {
        Some(base) => (&base.policy, write::head(base, seen.span, options.japanese)),
        None => {
            let addresses = conversations.keys().flat_map(|key| [key.orig, key.resp]);
            let head = write::new_head(&local::zones(addresses), seen.span, options.japanese);
            own = compile(&[], "suggested.toml", &head)?;
            (&own, head)
        }
    };
    let placed: BTreeMap<&Key, (&Conversation, _)> = conversations
        .iter()
        .map(|(key, conversation)| {
            let zones = key.zones.unwrap_or_else(|| {
                let judged = policy.judge(&conversation.question(key, None));
                (judged.orig_zone, judged.resp_zone)
            });
            (key, (conversation, zones))
        })
        .collect();
    let reasons = group::reasons(&placed, policy, options);
    let paths = group::proposals(&placed, &reasons, policy, services, options);
    let body = write::paths(&paths, base.is_some(), calendar, options.japanese);
    let proposed = match base {
        Some(base) if options.missing => compile(&base.sources, &base.name, &format!("schema = 1\n{body}"))?,
        _ => compile(&[], "suggested.toml", &format!("{head}{body}"))?,
    };

    let mut suggestion = Suggestion {
        text: String::new(),
        paths,
        total: Volume::default(),
        covered: Volume::default(),
        built_in: seen.built_in,
        already: seen.already,
        excluded: seen.excluded,
        left: BTreeMap::new(),
        unknown: Vec::new(),
        span: seen.span,
    };
    let mut unknown = BTreeMap::new();
    for (key, (conversation, zones)) in &placed {
        let judged = proposed.judge(&conversation.question(key, service(key)));
        let volume = conversation.volume;
        if judged.verdict == Verdict::Allowed {
            let to = if judged.entry.is_some() {
                &mut suggestion.covered
            } else {
                &mut suggestion.built_in
            };
            *to = to.plus(volume);
            continue;
        }
        let reason = reasons.get(key).copied().flatten().unwrap_or(Reason::NotAllowed);
        let sum = suggestion.left.entry(reason).or_default();
        *sum = sum.plus(volume);
        // The ports of a scan are nothing to read one by one.
        let port = key.port.filter(|_| reason != Reason::Scan);
        let left = unknown
            .entry((reason, *zones, key.protocol, port))
            .or_insert_with(|| Left {
                reason,
                zones: (
                    Arc::clone(policy.zone_name(zones.0)),
                    Arc::clone(policy.zone_name(zones.1)),
                ),
                protocol: key.protocol,
                port,
                volume: Volume::default(),
                pairs: 0,
                example: (key.orig, key.resp),
            });
        left.volume = left.volume.plus(volume);
        left.pairs = left.pairs.saturating_add(1);
    }
    if seen.beyond.records > 0 {
        suggestion.left.insert(Reason::Limit, seen.beyond);
    }
    suggestion.unknown = unknown.into_values().collect();
    suggestion
        .unknown
        .sort_by_key(|left| (left.reason, std::cmp::Reverse(left.volume.records)));
    suggestion.total = [
        suggestion.covered,
        suggestion.built_in,
        suggestion.already,
        suggestion.excluded,
    ]
    .into_iter()
    .chain(suggestion.left.values().copied())
    .fold(Volume::default(), Volume::plus);
    let head = if options.missing && base.is_some() {
        "schema = 1\n".to_owned()
    } else {
        head
    };
    suggestion.text = write::whole(&suggestion, &head, &body, calendar, options.japanese);
    Ok(suggestion)
}

/// Compiles a file beside others.
fn compile(others: &[Source], name: &str, text: &str) -> Result<Policy, PolicyErrors> {
    let mut sources = others.to_vec();
    sources.push(Source {
        name: name.to_owned(),
        text: text.into(),
    });
    Policy::compile(&sources)
}

impl Suggestion {
    /// The share of what was to be explained that is: by the proposal, by the policy in force, or
    /// without a path. In thousandths, of records and of octets.
    #[must_use]
    pub fn coverage(&self) -> (u64, u64) {
        let whole = [self.covered, self.built_in, self.already]
            .into_iter()
            .fold(Volume::default(), Volume::plus);
        let left = self.left.values().copied().fold(whole, Volume::plus);
        let share = |part: u64, all: u64| {
            u128::from(part)
                .saturating_mul(1000)
                .checked_div(u128::from(all))
                .and_then(|share| u64::try_from(share).ok())
                .unwrap_or(0)
        };
        (
            share(whole.records, left.records),
            share(whole.octets, left.octets),
        )
    }
}
