//! From a flow to the few entries that can allow it.
//!
//! Each end of a flow has a few keys: its zone, the networks and lists of hosts that its address is
//! in, and `*`. Each pair of keys that some entry names leads to a bucket; in it, by protocol, the
//! ports are cut into intervals, each with the few entries that speak of it, the most specific
//! first. Behind an entry that asks nothing further no other is kept, since it is never asked. So
//! the cost of a look-up does not grow with the number of entries.

mod bucket;
mod build;
mod hosts;

use std::collections::HashMap;
use std::net::IpAddr;

use sekisho_model::{MacAddress, Timestamp};

use crate::calendar::Calendar;
use crate::conditions::{Conditions, End};
use crate::entry::{Entry, Path};
use crate::judge::Question;
use crate::zones::ZoneId;
use bucket::{Buckets, Candidate};
use hosts::Hosts;

/// A key of one end: `*`, a zone, a network or a list of hosts.
type KeyId = u32;

/// `*`.
const ANY: KeyId = 0;

/// The condition that a candidate failed, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Failure {
    /// Another application protocol.
    Service,
    /// Carried in a tunnel that is not allowed, or in none.
    Tunnel,
    /// A host with another MAC address.
    Mac,
    /// The frames go to another router.
    NextHop,
    /// Before its term.
    Early,
    /// After its term.
    Expired,
    /// Outside its window.
    Window,
}

/// What a look-up finds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'m> {
    /// The most specific entry that allows the flow.
    Allowed(&'m Entry),
    /// None does; the most specific candidate, and what it failed.
    Failed(&'m Entry, Failure),
    /// No entry speaks of the flow.
    Nothing,
}

/// An entry that was asked, and what of it the flow does not meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'m> {
    pub(crate) entry: &'m Entry,
    pub(crate) failure: Option<Failure>,
}

/// The index over all entries of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matcher {
    /// Zones of the policy, built-in ones too, and `*`: the width of a row.
    width: usize,
    /// The most specific first.
    entries: Vec<Entry>,
    /// Bucket by the keys of two ends that are zones or `*`; 0 is none, others one too high.
    cells: Vec<u32>,
    /// Bucket by keys of which one at least is of hosts.
    pairs: HashMap<(KeyId, KeyId), u32, foldhash::fast::RandomState>,
    hosts: Hosts,
    buckets: Buckets,
    /// Pairs of MAC addresses that candidates ask for; the first asks for none.
    macs: Vec<[Option<MacAddress>; 2]>,
}

impl Matcher {
    /// The entries, the most specific first.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Which entries, by their position, are asked about some flow.
    pub(crate) fn asked(&self) -> Vec<bool> {
        let mut asked = vec![false; self.entries.len()];
        for rank in self.buckets.ranks() {
            if let Some(asked) = asked.get_mut(rank) {
                *asked = true;
            }
        }
        asked
    }

    /// Looks a flow up.
    pub(crate) fn find(
        &self,
        paths: &[Path],
        calendar: &Calendar,
        (orig, resp): (ZoneId, ZoneId),
        question: &Question<'_>,
    ) -> Found<'_> {
        let port = if question.has_ports { question.resp_port } else { 0 };
        let mut allowed: Option<u32> = None;
        let mut failed: Option<(u32, Failure)> = None;
        self.each_bucket(orig, resp, question, |bucket, hosts| {
            for candidate in self.buckets.candidates(bucket, question.protocol, port) {
                if allowed.is_some_and(|rank| rank <= candidate.rank) {
                    break;
                }
                let Some(entry) = self.entry(candidate.rank) else {
                    break;
                };
                let in_zones = |host: bool, end: &End, zone| !host || end.has(zone);
                let Conditions { from, to, .. } = &entry.conditions;
                if !in_zones(hosts[0], from, orig) || !in_zones(hosts[1], to, resp) {
                    continue;
                }
                match self.failure(entry, *candidate, paths, calendar, question) {
                    None => {
                        allowed = Some(candidate.rank);
                        break;
                    }
                    Some(failure) => {
                        // A host may be a candidate in several ways: the one that gets furthest counts.
                        let goes_before = |(rank, known): (u32, Failure)| {
                            candidate.rank < rank || (candidate.rank == rank && known < failure)
                        };
                        if failed.is_none_or(goes_before) {
                            failed = Some((candidate.rank, failure));
                        }
                    }
                }
            }
        });
        if let Some(entry) = allowed.and_then(|rank| self.entry(rank)) {
            return Found::Allowed(entry);
        }
        let failed = failed.and_then(|(rank, failure)| Some((self.entry(rank)?, failure)));
        failed.map_or(Found::Nothing, |(entry, failure)| Found::Failed(entry, failure))
    }

    /// The networks and lists of hosts of entries that an address is in, by their numbers.
    pub(crate) fn host_keys(&self, address: IpAddr, at: Timestamp) -> Box<[u32]> {
        if self.pairs.is_empty() {
            return Box::default();
        }
        self.hosts.keys(address, at).iter().collect()
    }

    /// Every entry that [`Matcher::find`] asks, in the order of precedence, up to the one that allows.
    pub(crate) fn asked_of(
        &self,
        paths: &[Path],
        calendar: &Calendar,
        (orig, resp): (ZoneId, ZoneId),
        question: &Question<'_>,
    ) -> Vec<Asked<'_>> {
        let port = if question.has_ports { question.resp_port } else { 0 };
        let mut asked: Vec<(u32, Asked<'_>)> = Vec::new();
        self.each_bucket(orig, resp, question, |bucket, _| {
            for candidate in self.buckets.candidates(bucket, question.protocol, port) {
                let Some(entry) = self.entry(candidate.rank) else {
                    break;
                };
                if entry.conditions.zones_match(orig, resp) {
                    let failure = self.failure(entry, *candidate, paths, calendar, question);
                    asked.push((candidate.rank, Asked { entry, failure }));
                }
            }
        });
        // A host may be a candidate in several ways: the one that allows counts, else that which gets furthest.
        asked.sort_by_key(|(rank, asked)| (*rank, asked.failure.is_some(), std::cmp::Reverse(asked.failure)));
        asked.dedup_by_key(|(rank, _)| *rank);
        let end = asked.iter().position(|(_, asked)| asked.failure.is_none());
        asked.truncate(end.map_or(asked.len(), |end| end.saturating_add(1)));
        asked.into_iter().map(|(_, asked)| asked).collect()
    }

    /// Whether some entry speaks of the protocol at some port.
    pub(crate) fn speaks_of_protocol(&self, orig: ZoneId, resp: ZoneId, question: &Question<'_>) -> bool {
        let mut speaks = false;
        self.each_bucket(orig, resp, question, |bucket, _| {
            speaks |= self.buckets.has(bucket, question.protocol);
        });
        speaks
    }

    fn entry(&self, rank: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(rank).ok()?)
    }

    /// Calls with each bucket of the two ends, and which of its keys are of hosts.
    fn each_bucket(
        &self,
        orig: ZoneId,
        resp: ZoneId,
        question: &Question<'_>,
        mut call: impl FnMut(u32, [bool; 2]),
    ) {
        for from in [self.zone_key(orig), ANY] {
            for to in [self.zone_key(resp), ANY] {
                if let Some(bucket) = self.cell(from, to) {
                    call(bucket, [false, false]);
                }
            }
        }
        if self.pairs.is_empty() {
            return;
        }
        let (from_hosts, to_hosts) = (
            self.hosts.keys(question.orig, question.at),
            self.hosts.keys(question.resp, question.at),
        );
        let mut pair = |from: KeyId, to: KeyId, hosts| {
            if let Some(bucket) = self.pairs.get(&(from, to)) {
                call(*bucket, hosts);
            }
        };
        for from in from_hosts.iter() {
            for to in to_hosts.iter() {
                pair(from, to, [true, true]);
            }
            pair(from, self.zone_key(resp), [true, false]);
            pair(from, ANY, [true, false]);
        }
        for to in to_hosts.iter() {
            pair(self.zone_key(orig), to, [false, true]);
            pair(ANY, to, [false, true]);
        }
    }

    fn zone_key(&self, zone: ZoneId) -> KeyId {
        u32::from(zone.0).saturating_add(1)
    }

    fn cell(&self, from: KeyId, to: KeyId) -> Option<u32> {
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        let place = from.saturating_mul(self.width).saturating_add(to);
        self.cells.get(place)?.checked_sub(1)
    }

    /// The first condition that the flow does not meet. What is not known contradicts nothing.
    fn failure(
        &self,
        entry: &Entry,
        candidate: Candidate,
        paths: &[Path],
        calendar: &Calendar,
        question: &Question<'_>,
    ) -> Option<Failure> {
        if entry.plain && candidate.macs == 0 {
            return None;
        }
        let other = |services: &Vec<&str>| question.service.is_some_and(|seen| !services.contains(&seen));
        if entry.services.as_ref().is_some_and(other) {
            return Some(Failure::Service);
        }
        let path = paths.get(entry.id.index())?;
        if path
            .tunnel
            .as_ref()
            .is_some_and(|tunnels| !tunnels.has(question.tunnel))
        {
            return Some(Failure::Tunnel);
        }
        let bound = usize::try_from(candidate.macs)
            .ok()
            .and_then(|pair| self.macs.get(pair));
        let differs = |bound: Option<MacAddress>, seen: Option<MacAddress>| {
            bound.is_some_and(|bound| seen.is_some_and(|seen| seen != bound))
        };
        if bound
            .is_some_and(|[from, to]| differs(*from, question.orig_mac) || differs(*to, question.resp_mac))
        {
            return Some(Failure::Mac);
        }
        if let (Some(hops), Some(seen)) = (&path.next_hops, question.resp_mac) {
            let known = hops
                .iter()
                .any(|(hop, until)| *hop == seen && until.is_none_or(|until| question.at < until));
            if !known {
                return Some(Failure::NextHop);
            }
        }
        if path.starts.is_some_and(|starts| question.at < starts) {
            return Some(Failure::Early);
        }
        if path.expires.is_some_and(|expires| expires <= question.at) {
            return Some(Failure::Expired);
        }
        let closed = path
            .window
            .as_ref()
            .is_some_and(|window| !window.is_open(calendar, question.at));
        closed.then_some(Failure::Window)
    }
}
