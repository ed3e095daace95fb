//! What a run has seen of each day and not written yet.
//!
//! Memory: the values of all days together are few enough that whoever fills this writes them out at
//! [`MAX_WAITING`]. A day as a whole has at most [`sekisho_model::limits::DAILY_VALUES`]: what goes
//! beyond is not taken in, and counted.

use std::collections::BTreeMap;
use std::net::IpAddr;

use foldhash::HashMap;
use sekisho_model::app::{Event, Fact, Facts, FlowRef, Said};
use sekisho_model::{ConnState, Essential, FlowRecord, Protocol, Timestamp};

use super::DailyKind;
use super::kind::address_key;
use super::row::{Row, Seen};

/// Values that wait in memory, about 100 MB of them.
pub(crate) const MAX_WAITING: usize = 262_144;

/// Nanoseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000_000_000;

/// The day of an instant, in days since the epoch by UTC.
pub(crate) const fn day_of(at: Timestamp) -> i64 {
    at.nanos().div_euclid(DAY)
}

/// The values of each day.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    days: BTreeMap<i64, Day>,
    /// Of each day that is known, how many values are written, and whether this run adds to it.
    written: BTreeMap<i64, (u64, bool)>,
    waiting: usize,
    /// Values of one day at most, those that are written among them.
    most: u64,
    missed: u64,
}

#[derive(Debug, Default)]
struct Day {
    addresses: HashMap<IpAddr, Seen>,
    words: [HashMap<Box<str>, Seen>; DailyKind::ALL.len()],
    waiting: u64,
}

impl Gathered {
    /// Nothing yet; `most` is the limit on the values of one day.
    pub(crate) fn new(most: u64) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Values that wait.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How often a value found no place in its day.
    pub(crate) const fn missed(&self) -> u64 {
        self.missed
    }

    /// Takes a flow record into account.
    pub(crate) fn flow(&mut self, record: &FlowRecord) {
        let day = day_of(record.start);
        let span = (record.start, record.end);
        let (orig, resp) = (
            record.orig.address.to_canonical(),
            record.resp.address.to_canonical(),
        );
        let (sent, returned) = (record.to_resp.octets, record.to_orig.octets);
        let answered = u64::from(is_answered(
            record.protocol == Protocol::TCP,
            record.conn_state.map_or("", ConnState::name),
            (record.to_resp.packets, record.to_orig.packets),
        ));
        let mut seen = Seen {
            flows: 1,
            answered,
            octets_to: sent,
            octets_from: returned,
            ..Seen::at(span.0, span.1)
        };
        self.address(day, resp, orig, &seen);
        let from_orig = Seen {
            began: 1,
            octets_to: returned,
            octets_from: sent,
            ..seen.clone()
        };
        self.address(day, orig, resp, &from_orig);
        let Some(app) = &record.app else { return };
        seen.began = 0;
        for named in app.essentials.iter() {
            let kind = match named.what {
                Essential::ServerName => DailyKind::Name,
                Essential::ClientSoftware if named.from.starts_with("http.") => DailyKind::UserAgent,
                Essential::Ja3 => DailyKind::Ja3,
                Essential::Ja4 => DailyKind::Ja4,
                Essential::CertificateSha256 => DailyKind::CertificateSha256,
                _ => continue,
            };
            self.word(day, kind, named.value, orig, &seen);
        }
    }

    /// Takes what was said into account: the names that are asked for in DNS, the hosts and user agents
    /// of every HTTP request, the SHA-1 of certificates.
    pub(crate) fn said(&mut self, said: &Said) {
        let (Event::Transaction(transaction), Some(flow)) = (&said.event, &said.flow) else {
            return;
        };
        let (at, facts) = (transaction.at, &transaction.facts);
        match transaction.protocol {
            "dns" => {
                for name in questions(facts) {
                    self.mention(at, DailyKind::Name, name, flow);
                }
            }
            "http" => {
                if let Some(host) = facts.text("hostname") {
                    self.mention(at, DailyKind::Name, host, flow);
                }
                if let Some(agent) = facts.text("http_user_agent") {
                    self.mention(at, DailyKind::UserAgent, agent, flow);
                }
            }
            "tls" => {
                if let Some(digest) = facts.text("fingerprint") {
                    self.mention(at, DailyKind::CertificateSha1, digest, flow);
                }
            }
            _ => {}
        }
    }

    /// The day that waits with most values.
    pub(crate) fn fullest(&self) -> Option<i64> {
        let fullest = self.days.iter().max_by_key(|(_, day)| day.waiting);
        fullest.map(|(day, _)| *day)
    }

    /// Every day of which values wait.
    pub(crate) fn days(&self) -> Vec<i64> {
        self.days.keys().copied().collect()
    }

    /// Every day that was added to.
    pub(crate) fn touched(&self) -> Vec<i64> {
        let touched = self.written.iter().filter(|(_, (_, is_touched))| *is_touched);
        touched.map(|(day, _)| *day).collect()
    }

    /// Takes the values of a day out, in the order in which files hold them.
    pub(crate) fn take(&mut self, day: i64) -> Vec<Row> {
        let Some(mut held) = self.days.remove(&day) else {
            return Vec::new();
        };
        let (written, _) = self.written.entry(day).or_default();
        *written = written.saturating_add(held.waiting);
        self.waiting = self
            .waiting
            .saturating_sub(usize::try_from(held.waiting).unwrap_or(usize::MAX));
        let addresses = std::mem::take(&mut held.addresses).into_iter();
        let mut rows: Vec<_> = addresses
            .map(|(address, seen)| Row {
                kind: DailyKind::Address,
                key: address_key(address),
                value: address.to_string(),
                seen,
            })
            .collect();
        for (kind, words) in DailyKind::ALL.into_iter().zip(&mut held.words) {
            rows.extend(std::mem::take(words).into_iter().map(|(word, seen)| Row {
                kind,
                key: kind.key(&word),
                value: word.into(),
                seen,
            }));
        }
        rows.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        rows
    }

    /// Says how many values of a day are kept already, by this run or another.
    pub(crate) fn note_written(&mut self, day: i64, values: u64) {
        self.written.entry(day).or_default().0 = values;
    }

    /// Whether anything is known of a day: where not, [`Gathered::note_written`] is due.
    pub(crate) fn knows(&self, day: i64) -> bool {
        self.written.contains_key(&day)
    }

    fn address(&mut self, day: i64, address: IpAddr, peer: IpAddr, seen: &Seen) {
        let (written, is_touched) = self.written.entry(day).or_default();
        let day = self.days.entry(day).or_default();
        if let Some(known) = day.addresses.get_mut(&address) {
            known.merge(seen);
            known.who.add(peer);
        } else if written.saturating_add(day.waiting) < self.most {
            let mut seen = seen.clone();
            seen.who.add(peer);
            day.addresses.insert(address, seen);
            *is_touched = true;
            day.waiting = day.waiting.saturating_add(1);
            self.waiting = self.waiting.saturating_add(1);
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn mention(&mut self, at: Timestamp, kind: DailyKind, word: &str, flow: &FlowRef) {
        let seen = Seen {
            mentions: 1,
            ..Seen::at(at, at)
        };
        self.word(day_of(at), kind, word, flow.orig.address.to_canonical(), &seen);
    }

    fn word(&mut self, day: i64, kind: DailyKind, word: &str, who: IpAddr, seen: &Seen) {
        let Some(word) = kind.normal(word) else { return };
        // A host may be written as an address; then it is one.
        if kind == DailyKind::Name
            && let Ok(address) = word.trim_matches(['[', ']']).parse::<IpAddr>()
        {
            let only_said = Seen {
                flows: 0,
                answered: 0,
                octets_to: 0,
                octets_from: 0,
                mentions: 1,
                ..seen.clone()
            };
            return self.address(day, address.to_canonical(), who, &only_said);
        }
        let (written, is_touched) = self.written.entry(day).or_default();
        let day = self.days.entry(day).or_default();
        let Some(words) = day.words.get_mut(kind.index()) else {
            return;
        };
        if let Some(known) = words.get_mut(&*word) {
            known.merge(seen);
            known.who.add(who);
        } else if written.saturating_add(day.waiting) < self.most {
            let mut seen = seen.clone();
            seen.who.add(who);
            words.insert(word.into(), seen);
            *is_touched = true;
            day.waiting = day.waiting.saturating_add(1);
            self.waiting = self.waiting.saturating_add(1);
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }
}

/// The names of the questions of an exchange of DNS.
fn questions(facts: &Facts) -> impl Iterator<Item = &str> {
    let list = match facts.get("queries") {
        Some(Fact::List(list)) => Some(list),
        _ => None,
    };
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|question| match question {
            Fact::Group(question) => question.text("rrname"),
            _ => None,
        })
}

/// Whether the responder took part: TCP by Zeek's states in which a connection was made, or where
/// only its middle was seen; others where both sides sent.
pub(super) fn is_answered(is_tcp: bool, conn_state: &str, (orig, resp): (u64, u64)) -> bool {
    let both = orig > 0 && resp > 0;
    if !is_tcp {
        return both;
    }
    match conn_state {
        "S1" | "S2" | "S3" | "SF" | "RSTO" | "RSTR" => true,
        "OTH" => both,
        _ => false,
    }
}
