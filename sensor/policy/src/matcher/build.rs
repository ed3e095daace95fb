//! Builds the index, or says why the policy is too large for one.

use std::collections::HashMap;

use ipnet::IpNet;
use sekisho_model::MacAddress;

use super::bucket::{Buckets, Candidate, Full, MAX_CANDIDATES, Seed};
use super::hosts::{Hosts, MAX_KEYS, Member};
use super::{ANY, KeyId, Matcher};
use crate::conditions::End;
use crate::entry::{Entry, Host};
use crate::lists::List;

/// Pairs of ends that all entries may name together.
const MAX_PAIRS: usize = 3_000_000;

/// Why a policy cannot be indexed.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The entry that was too much, by its position among the ranked ones.
    pub(crate) entry: usize,
    pub(crate) message: String,
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
}

/// A pair of keys, and what a candidate under it is.
type Pair = (KeyId, KeyId, Candidate, bool);

/// A key of an entry's end with the MAC address that it is bound to.
type End1 = (KeyId, Option<MacAddress>);

impl Matcher {
    /// Builds the index over `zones` zones for entries that stand in their order of precedence.
    pub(crate) fn new(zones: usize, entries: Vec<Entry>, lists: &[List]) -> Result<Self, Refusal> {
        let mut builder = Builder {
            width: zones.saturating_add(1),
            networks: HashMap::new(),
            used_lists: HashMap::new(),
            hosts: Hosts::default(),
            inserted: Vec::new(),
            macs: vec![[None, None]],
            mac_pairs: HashMap::new(),
            pairs: Vec::new(),
        };
        for (rank, entry) in entries.iter().enumerate() {
            builder.add(rank, entry, lists)?;
        }
        builder.check_depth(entries.len())?;
        builder.finish(entries)
    }
}

struct Builder {
    width: usize,
    /// The key of each network that an entry names.
    networks: HashMap<IpNet, KeyId>,
    used_lists: HashMap<usize, KeyId>,
    hosts: Hosts,
    /// Networks with the entry that brought them.
    inserted: Vec<(IpNet, usize)>,
    macs: Vec<[Option<MacAddress>; 2]>,
    mac_pairs: HashMap<[Option<MacAddress>; 2], u32>,
    pairs: Vec<Pair>,
}

impl Builder {
    fn add(&mut self, rank: usize, entry: &Entry, lists: &[List]) -> Result<(), Refusal> {
        let too_many = || Refusal {
            entry: rank,
            message: format!("the paths name more than {MAX_PAIRS} pairs of zones and hosts"),
            label: "too many with this one",
            help: "join zones that have the same paths, use `\"*\"`, or put hosts into a list",
        };
        let from = self.keys(rank, &entry.conditions.from, entry.from_hosts.as_deref(), lists);
        let to = self.keys(rank, &entry.conditions.to, entry.to_hosts.as_deref(), lists);
        let more = from.len().saturating_mul(to.len());
        if self.pairs.len().saturating_add(more) > MAX_PAIRS {
            return Err(too_many());
        }
        let number = u32::try_from(rank).map_err(|_| too_many())?;
        let zones_are_asked = (entry.from_hosts.is_some() && entry.conditions.from.is_explicit())
            || (entry.to_hosts.is_some() && entry.conditions.to.is_explicit());
        for (from, from_mac) in &from {
            for (to, to_mac) in &to {
                let macs = self.mac_pair([*from_mac, *to_mac]);
                let candidate = Candidate { rank: number, macs };
                let plain = entry.plain && macs == 0 && !zones_are_asked;
                self.pairs.push((*from, *to, candidate, plain));
            }
        }
        Ok(())
    }

    fn keys(&mut self, rank: usize, end: &End, hosts: Option<&[Host]>, lists: &[List]) -> Vec<End1> {
        let Some(hosts) = hosts else {
            return match end {
                End::Any => vec![(ANY, None)],
                End::Zones(zones) => zones
                    .iter()
                    .map(|zone| (u32::from(zone.0).saturating_add(1), None))
                    .collect(),
            };
        };
        let mut keys: Vec<End1> = hosts
            .iter()
            .map(|host| match host {
                Host::Network(network, mac) => (self.network(rank, *network), *mac),
                Host::List(list) => (self.list(rank, *list, lists), None),
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn next_key(&self) -> KeyId {
        let used = self.networks.len().saturating_add(self.used_lists.len());
        u32::try_from(self.width.saturating_add(used)).unwrap_or(KeyId::MAX)
    }

    fn network(&mut self, rank: usize, network: IpNet) -> KeyId {
        if let Some(key) = self.networks.get(&network) {
            return *key;
        }
        let key = self.next_key();
        self.networks.insert(network, key);
        self.hosts.insert(network, Member { key, until: None });
        self.inserted.push((network, rank));
        key
    }

    fn list(&mut self, rank: usize, number: usize, lists: &[List]) -> KeyId {
        if let Some(key) = self.used_lists.get(&number) {
            return *key;
        }
        let key = self.next_key();
        self.used_lists.insert(number, key);
        for (network, until) in lists.get(number).into_iter().flat_map(List::networks) {
            self.hosts.insert(network, Member { key, until });
            self.inserted.push((network, rank));
        }
        key
    }

    fn mac_pair(&mut self, pair: [Option<MacAddress>; 2]) -> u32 {
        if pair == [None, None] {
            return 0;
        }
        if let Some(known) = self.mac_pairs.get(&pair) {
            return *known;
        }
        let number = u32::try_from(self.macs.len()).unwrap_or(u32::MAX);
        self.macs.push(pair);
        self.mac_pairs.insert(pair, number);
        number
    }

    /// An address must not be in more networks and lists than a look-up follows.
    fn check_depth(&self, entries: usize) -> Result<(), Refusal> {
        let deep = self
            .inserted
            .iter()
            .find(|(network, _)| self.hosts.depth(*network) > MAX_KEYS);
        deep.map_or(Ok(()), |(network, entry)| {
            Err(Refusal {
                entry: (*entry).min(entries),
                message: format!(
                    "`{network}` is in more than {MAX_KEYS} networks and lists of hosts that paths name"
                ),
                label: "too many hosts within each other",
                help: "name the same network in the same way, and use fewer lists that hold the same hosts",
            })
        })
    }

    fn finish(mut self, entries: Vec<Entry>) -> Result<Matcher, Refusal> {
        self.pairs.sort_unstable();
        let mut matcher = Matcher {
            width: self.width,
            cells: vec![0; self.width.saturating_mul(self.width)],
            hosts: self.hosts,
            macs: self.macs,
            ..Matcher::default()
        };
        let mut buckets = Buckets::default();
        let mut made: HashMap<Vec<Seed>, u32> = HashMap::new();
        for group in self.pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((from, to, first, _)) = group.first().copied() else {
                continue;
            };
            let seeds: Vec<Seed> = group
                .iter()
                .map(|(_, _, candidate, plain)| (*candidate, *plain))
                .collect();
            let bucket = match made.get(&seeds) {
                Some(bucket) => *bucket,
                None => {
                    let bucket = buckets
                        .add(&seeds, &entries)
                        .map_err(|full| refusal(full, first))?;
                    made.insert(seeds, bucket);
                    bucket
                }
            };
            let cell = self.width.saturating_mul(index(from)).saturating_add(index(to));
            if index(from) >= self.width || index(to) >= self.width {
                matcher.pairs.insert((from, to), bucket);
            } else if let Some(cell) = matcher.cells.get_mut(cell) {
                *cell = bucket.saturating_add(1);
            }
        }
        matcher.buckets = buckets;
        matcher.entries = entries;
        Ok(matcher)
    }
}

fn index(key: KeyId) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}

fn refusal(full: Full, first: Candidate) -> Refusal {
    match full {
        Full::Crowded(rank) => Refusal {
            entry: index(rank),
            message: format!(
                "more than {MAX_CANDIDATES} paths speak of the same ends, protocol and port, each with conditions"
            ),
            label: "one too many",
            help: "join paths that differ in their services, windows or terms alone",
        },
        Full::Room => Refusal {
            entry: index(first.rank),
            message: "the paths cut zones and ports into too many pieces to be looked up".to_owned(),
            label: "too many with this one",
            help: "join paths whose ports overlap, or use fewer ranges of ports",
        },
    }
}
