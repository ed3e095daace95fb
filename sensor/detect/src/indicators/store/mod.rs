//! The exact store: every indicator by its value, in flat structures that are made once and then only
//! read.
//!
//! Nothing here is approximate: what is found is a listed value, and what is listed is found. Each kind
//! has the structure that fits it: tables of numbers beside flat keys for addresses and digests, one
//! run of octets for words, stretches for networks. A million mixed indicators take at most 64 octets
//! each, notes included, which a test of this module adds up.
//!
//! The same value in several lists is kept once for each; a look-up gives the one that is believed most
//! among those that hold at the time asked for.

mod keyed;
mod meta;
mod notes;
mod ranges;
mod texts;
mod url;
mod walk;

use std::hash::BuildHasher as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use foldhash::fast::FixedState;
use ipnet::IpNet;
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Domain, Indicator, Kind, Scope, Value};

use keyed::Keyed;
use meta::Meta;
use notes::Notes;
pub use notes::{MAX_NOTE, MAX_NOTES};
use ranges::{Number, Ranges};
use texts::Texts;
use url::Urls;

use super::List;

/// Lists that can be held together.
pub const MAX_LISTS: usize = 65_535;

/// An indicator of one [`Indicators`], by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    place: Place,
    slot: u32,
}

/// Which structure an indicator stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    V4,
    V6,
    Networks4,
    Networks6,
    Domain,
    Url,
    Ja3,
    Ja4,
    Sha1,
    Sha256,
    UserAgent,
}

/// What became of a value that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// Its list has it already.
    Duplicate,
    /// There is no room for it.
    Full,
}

/// The same, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Now(u32),
    Before,
    Full,
}

impl From<Held> for Added {
    fn from(held: Held) -> Self {
        match held {
            Held::Now(_) => Self::New,
            Held::Before => Self::Duplicate,
            Held::Full => Self::Full,
        }
    }
}

/// Every indicator of some lists.
#[derive(Debug, Default)]
pub struct Indicators {
    lists: Vec<List>,
    v4: Keyed<u32>,
    v6: Keyed<u128>,
    networks4: Ranges<u32>,
    networks6: Ranges<u128>,
    domains: Texts,
    urls: Urls,
    ja3: Keyed<[u8; 16]>,
    ja4: Keyed<[u8; JA4]>,
    sha1: Keyed<[u8; 20]>,
    sha256: Keyed<[u8; 32]>,
    user_agents: Texts,
    notes: Notes,
    /// Ports of addresses that have one, by structure and number.
    ports: Vec<(Place, u32, u16)>,
    /// Tells the text of these lists from that of others.
    version: String,
}

/// Octets of a JA4.
const JA4: usize = 36;

/// What finds indicators while they are gathered.
#[derive(Debug, Default)]
pub struct Builder {
    all: Indicators,
}

impl Builder {
    /// Begins a list; indicators are added to the last one begun. False where there are too many lists.
    pub fn begin(&mut self, list: List) -> bool {
        let has_room = self.all.lists.len() < MAX_LISTS;
        if has_room {
            self.all.lists.push(list);
        }
        has_room
    }

    /// Adds an indicator to the last list begun; its source is that list's.
    pub fn add(&mut self, indicator: &Indicator) -> Added {
        let Some(list) = self.all.lists.len().checked_sub(1) else {
            return Added::Full;
        };
        let list = u16::try_from(list).unwrap_or(u16::MAX);
        let Indicator {
            value,
            line,
            confidence,
            expires,
            note,
            ..
        } = indicator;
        let mut meta = Meta::new(list, *line, *confidence, *expires);
        meta.note = self.all.notes.add(note);
        self.all.put(value, meta).into()
    }

    /// What is found from now on. `version` tells these lists from others.
    #[must_use]
    pub fn finish(mut self, version: String) -> Indicators {
        let all = &mut self.all;
        all.v4.fit();
        all.v6.fit();
        all.networks4.lay_out();
        all.networks6.lay_out();
        all.domains.fit(walk::of_name);
        all.urls.fit();
        all.ja3.fit();
        all.ja4.fit();
        all.sha1.fit();
        all.sha256.fit();
        all.user_agents.fit(walk::of_text);
        all.notes.fit();
        all.ports.sort_unstable();
        all.ports.shrink_to_fit();
        all.version = version;
        self.all
    }
}

impl Indicators {
    /// No indicators.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    fn put(&mut self, value: &Value, meta: Meta) -> Held {
        match value {
            Value::Address { network, port } => self.put_network(*network, *port, meta),
            Value::Domain(Domain { name, scope }) => {
                let meta = meta.with_scope(*scope);
                let is_same = |old: &Meta| old.scope() == *scope;
                self.domains.add(name, meta, walk::of_name, is_same)
            }
            Value::Url(url) => self.urls.add(url, meta),
            Value::Ja3(digest) => self.ja3.add(*digest, meta, |_| true),
            Value::Ja4(text) => match text.as_bytes().try_into() {
                Ok(octets) => self.ja4.add(octets, meta, |_| true),
                Err(_) => Held::Full,
            },
            Value::CertificateSha1(digest) => self.sha1.add(*digest, meta, |_| true),
            Value::CertificateSha256(digest) => self.sha256.add(*digest, meta, |_| true),
            Value::UserAgent(text) => self.user_agents.add(text, meta, walk::of_text, |_| true),
        }
    }

    fn put_network(&mut self, network: IpNet, port: Option<u16>, meta: Meta) -> Held {
        let meta = meta.with_port(port.is_some());
        let is_one = network.prefix_len() == network.max_prefix_len();
        let ports = &self.ports;
        let (place, held) = match network.addr() {
            IpAddr::V4(address) if is_one => {
                let is_same = |slot| port_of(ports, Place::V4, slot) == port;
                (Place::V4, self.v4.add(address.to_bits(), meta, is_same))
            }
            IpAddr::V6(address) if is_one => {
                let is_same = |slot| port_of(ports, Place::V6, slot) == port;
                (Place::V6, self.v6.add(address.to_bits(), meta, is_same))
            }
            IpAddr::V4(address) => {
                let is_same = |slot| port_of(ports, Place::Networks4, slot) == port;
                let (first, length) = (address.to_bits(), network.prefix_len());
                (Place::Networks4, self.networks4.add(first, length, meta, is_same))
            }
            IpAddr::V6(address) => {
                let is_same = |slot| port_of(ports, Place::Networks6, slot) == port;
                let (first, length) = (address.to_bits(), network.prefix_len());
                (Place::Networks6, self.networks6.add(first, length, meta, is_same))
            }
        };
        if let (Held::Now(slot), Some(port)) = (held, port) {
            // Numbers grow, and one structure is filled after the other only while ports are rare.
            let at = self.ports.partition_point(|known| *known < (place, slot, port));
            self.ports.insert(at, (place, slot, port));
        }
        held
    }

    /// The lists, in the order in which they were read.
    #[must_use]
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// What tells these lists from others.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many indicators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are of a kind.
    #[must_use]
    pub const fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Address => self.v4.len().saturating_add(self.v6.len()),
            Kind::Network => self.networks4.len().saturating_add(self.networks6.len()),
            Kind::Domain => self.domains.len(),
            Kind::Url => self.urls.len(),
            Kind::Ja3 => self.ja3.len(),
            Kind::Ja4 => self.ja4.len(),
            Kind::CertificateSha1 => self.sha1.len(),
            Kind::CertificateSha256 => self.sha256.len(),
            Kind::UserAgent => self.user_agents.len(),
        }
    }

    /// Whether some indicator is found in what conversations say, and not in addresses alone.
    #[must_use]
    pub fn needs_conversations(&self) -> bool {
        let addresses = self
            .count(Kind::Address)
            .saturating_add(self.count(Kind::Network));
        self.len() > addresses
    }

    /// Notes that found no room.
    #[must_use]
    pub const fn notes_dropped(&self) -> u64 {
        self.notes.dropped
    }

    /// Octets that all of it takes.
    #[must_use]
    pub fn octets(&self) -> usize {
        [
            self.v4.octets(),
            self.v6.octets(),
            self.networks4.octets(),
            self.networks6.octets(),
            self.domains.octets(),
            self.urls.octets(),
            self.ja3.octets(),
            self.ja4.octets(),
            self.sha1.octets(),
            self.sha256.octets(),
            self.user_agents.octets(),
            self.notes.octets(),
            self.ports
                .capacity()
                .saturating_mul(size_of::<(Place, u32, u16)>()),
            self.lists.capacity().saturating_mul(size_of::<List>()),
        ]
        .into_iter()
        .fold(size_of::<Self>(), usize::saturating_add)
    }

    /// Finds an address that is spoken to or from on a port, at an instant of packet time.
    #[must_use]
    pub fn address(&self, address: IpAddr, port: u16, at: Timestamp) -> Option<Id> {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let number = address.to_bits();
                let one = self.listed(Place::V4, &self.v4, &number, port, at);
                one.or_else(|| self.network(Place::Networks4, &self.networks4, number, port, at))
            }
            IpAddr::V6(address) => {
                let number = address.to_bits();
                let one = self.listed(Place::V6, &self.v6, &number, port, at);
                one.or_else(|| self.network(Place::Networks6, &self.networks6, number, port, at))
            }
        }
    }

    #[inline]
    fn listed<K: Copy + Eq + std::hash::Hash>(
        &self,
        place: Place,
        keyed: &Keyed<K>,
        key: &K,
        port: u16,
        at: Timestamp,
    ) -> Option<Id> {
        if keyed.is_empty() {
            return None;
        }
        let found = keyed
            .find(key)
            .filter(|slot| self.has_port(place, keyed.meta(*slot), *slot, port));
        best(place, found, |slot| keyed.meta(slot), at)
    }

    #[inline]
    fn network<N: Number>(
        &self,
        place: Place,
        ranges: &Ranges<N>,
        address: N,
        port: u16,
        at: Timestamp,
    ) -> Option<Id> {
        if ranges.is_empty() {
            return None;
        }
        let found = ranges
            .find(address)
            .filter(|slot| self.has_port(place, ranges.meta(*slot), *slot, port));
        best(place, found, |slot| ranges.meta(slot), at)
    }

    fn has_port(&self, place: Place, meta: Option<&Meta>, slot: u32, port: u16) -> bool {
        meta.is_some_and(|meta| !meta.has_port() || port_of(&self.ports, place, slot) == Some(port))
    }

    /// Finds a name: one that is listed, or that lies below one that is. The longest is told.
    #[must_use]
    pub fn name(&self, name: &str, at: Timestamp) -> Option<Id> {
        if self.domains.is_empty() {
            return None;
        }
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        let mut longest = None;
        walk::domains(name, |hash, domain| {
            let is_whole = domain.len() == name.len();
            let means = |scope| match scope {
                Scope::Tree => true,
                Scope::Exact => is_whole,
                Scope::Below => !is_whole,
            };
            let found = self.domains.with_hash(hash).filter(|slot| {
                self.domains.octets_of(*slot).eq_ignore_ascii_case(domain)
                    && self.domains.meta(*slot).is_some_and(|meta| means(meta.scope()))
            });
            if let Some(id) = best(Place::Domain, found, |slot| self.domains.meta(slot), at) {
                longest = Some(id);
            }
        });
        longest
    }

    /// Finds a URL that a request in clear is for.
    #[must_use]
    pub fn url(&self, host: &str, port: Option<u16>, path: &str, at: Timestamp) -> Option<Id> {
        let slot = self.urls.find(host, port.filter(|port| *port != 80), path, at)?;
        Some(Id {
            place: Place::Url,
            slot,
        })
    }

    /// Finds a URL of a host of which only the name is seen; true where the URL is for the whole host.
    #[must_use]
    pub fn url_host(&self, host: &str, at: Timestamp) -> Option<(Id, bool)> {
        let (slot, is_whole) = self.urls.host(host, at)?;
        let place = Place::Url;
        Some((Id { place, slot }, is_whole))
    }

    /// Finds a JA3, given as its 32 hexadecimal digits.
    #[must_use]
    pub fn ja3(&self, text: &str, at: Timestamp) -> Option<Id> {
        self.digest(Place::Ja3, &self.ja3, Kind::Ja3, text, at)
    }

    /// Finds a JA4.
    #[must_use]
    pub fn ja4(&self, text: &str, at: Timestamp) -> Option<Id> {
        if self.ja4.is_empty() {
            return None;
        }
        let key: [u8; JA4] = text.as_bytes().try_into().ok()?;
        best(Place::Ja4, self.ja4.find(&key), |slot| self.ja4.meta(slot), at)
    }

    /// Finds the SHA-1 of a certificate, given in hexadecimal digits, with or without colons.
    #[must_use]
    pub fn certificate_sha1(&self, text: &str, at: Timestamp) -> Option<Id> {
        self.digest(Place::Sha1, &self.sha1, Kind::CertificateSha1, text, at)
    }

    /// Finds the SHA-256 of a certificate, given in hexadecimal digits, with or without colons.
    #[must_use]
    pub fn certificate_sha256(&self, text: &str, at: Timestamp) -> Option<Id> {
        self.digest(Place::Sha256, &self.sha256, Kind::CertificateSha256, text, at)
    }

    /// Finds a user agent.
    #[must_use]
    pub fn user_agent(&self, text: &str, at: Timestamp) -> Option<Id> {
        if self.user_agents.is_empty() {
            return None;
        }
        let agents = &self.user_agents;
        let equal = |slot: &u32| agents.octets_of(*slot) == text.as_bytes();
        let found = agents.with_hash(walk::of_text(text.as_bytes())).filter(equal);
        best(Place::UserAgent, found, |slot| agents.meta(slot), at)
    }

    fn digest<const N: usize>(
        &self,
        place: Place,
        keyed: &Keyed<[u8; N]>,
        kind: Kind,
        text: &str,
        at: Timestamp,
    ) -> Option<Id> {
        if keyed.is_empty() {
            return None;
        }
        let key: [u8; N] = match Value::parse(kind, text).ok()? {
            Value::Ja3(digest) => digest.as_slice().try_into().ok()?,
            Value::CertificateSha1(digest) => digest.as_slice().try_into().ok()?,
            Value::CertificateSha256(digest) => digest.as_slice().try_into().ok()?,
            _ => return None,
        };
        best(place, keyed.find(&key), |slot| keyed.meta(slot), at)
    }

    /// The number here of an indicator of other lists, where the same value is listed here too.
    #[must_use]
    pub fn same_as(&self, others: &Self, id: Id) -> Option<Id> {
        let value = others.value(id)?;
        let mut places = match &value {
            Value::Address { network, .. } => {
                let single = network.prefix_len() == network.max_prefix_len();
                match (network.addr(), single) {
                    (IpAddr::V4(address), true) => ids(Place::V4, self.v4.find(&address.to_bits())),
                    (IpAddr::V6(address), true) => ids(Place::V6, self.v6.find(&address.to_bits())),
                    (IpAddr::V4(address), false) => {
                        ids(Place::Networks4, self.networks4.find(address.to_bits()))
                    }
                    (IpAddr::V6(address), false) => {
                        ids(Place::Networks6, self.networks6.find(address.to_bits()))
                    }
                }
            }
            Value::Domain(domain) => {
                let hash = walk::of_name(domain.name.as_bytes());
                ids(Place::Domain, self.domains.with_hash(hash))
            }
            Value::Url(url) => ids(Place::Url, self.urls.same(url)),
            Value::Ja3(digest) => ids(Place::Ja3, self.ja3.find(digest)),
            Value::Ja4(text) => {
                let key: [u8; JA4] = text.as_bytes().try_into().ok()?;
                ids(Place::Ja4, self.ja4.find(&key))
            }
            Value::CertificateSha1(digest) => ids(Place::Sha1, self.sha1.find(digest)),
            Value::CertificateSha256(digest) => ids(Place::Sha256, self.sha256.find(digest)),
            Value::UserAgent(text) => {
                let hash = walk::of_text(text.as_bytes());
                ids(Place::UserAgent, self.user_agents.with_hash(hash))
            }
        };
        places.sort_unstable();
        places
            .into_iter()
            .find(|id| self.value(*id).as_ref() == Some(&value))
    }

    /// Every indicator, kind by kind.
    pub fn iter(&self) -> impl Iterator<Item = Indicator> {
        let places = [
            (Place::V4, self.v4.len()),
            (Place::V6, self.v6.len()),
            (Place::Networks4, self.networks4.len()),
            (Place::Networks6, self.networks6.len()),
            (Place::Domain, self.domains.len()),
            (Place::Url, self.urls.len()),
            (Place::Ja3, self.ja3.len()),
            (Place::Ja4, self.ja4.len()),
            (Place::Sha1, self.sha1.len()),
            (Place::Sha256, self.sha256.len()),
            (Place::UserAgent, self.user_agents.len()),
        ];
        places.into_iter().flat_map(move |(place, len)| {
            let slots = 0..u32::try_from(len).unwrap_or(u32::MAX);
            slots.filter_map(move |slot| self.indicator(Id { place, slot }))
        })
    }

    /// The list of an indicator.
    #[must_use]
    pub fn list_of(&self, id: Id) -> Option<&List> {
        self.lists.get(usize::from(self.meta(id)?.list))
    }

    /// An indicator as its list has it.
    #[must_use]
    pub fn indicator(&self, id: Id) -> Option<Indicator> {
        let (value, meta) = (self.value(id)?, self.meta(id)?);
        let list = self.lists.get(usize::from(meta.list))?;
        Some(Indicator {
            value,
            source: Arc::clone(&list.source),
            line: u64::from(meta.line),
            confidence: meta.confidence,
            expires: meta.expires(),
            note: self.notes.get(meta.note).into(),
        })
    }

    /// A number of the value alone, the same in all lists and all runs.
    #[must_use]
    pub fn value_number(&self, id: Id) -> u64 {
        self.value(id).map_or(0, |value| {
            let mut number = walk::Rolling::default();
            for octet in value.kind().name().bytes().chain(value.to_string().bytes()) {
                number.push(octet);
            }
            number.finish()
        })
    }

    fn meta(&self, Id { place, slot }: Id) -> Option<&Meta> {
        match place {
            Place::V4 => self.v4.meta(slot),
            Place::V6 => self.v6.meta(slot),
            Place::Networks4 => self.networks4.meta(slot),
            Place::Networks6 => self.networks6.meta(slot),
            Place::Domain => self.domains.meta(slot),
            Place::Url => self.urls.meta(slot),
            Place::Ja3 => self.ja3.meta(slot),
            Place::Ja4 => self.ja4.meta(slot),
            Place::Sha1 => self.sha1.meta(slot),
            Place::Sha256 => self.sha256.meta(slot),
            Place::UserAgent => self.user_agents.meta(slot),
        }
    }

    fn value(&self, id: Id) -> Option<Value> {
        let Id { place, slot } = id;
        let address = |address: IpAddr, length: u8| {
            Some(Value::Address {
                network: IpNet::new(address, length).ok()?,
                port: port_of(&self.ports, place, slot),
            })
        };
        match place {
            Place::V4 => address(IpAddr::V4(Ipv4Addr::from_bits(*self.v4.key(slot)?)), 32),
            Place::V6 => address(IpAddr::V6(Ipv6Addr::from_bits(*self.v6.key(slot)?)), 128),
            Place::Networks4 => {
                let (first, length) = self.networks4.key(slot)?;
                address(IpAddr::V4(Ipv4Addr::from_bits(first)), length)
            }
            Place::Networks6 => {
                let (first, length) = self.networks6.key(slot)?;
                address(IpAddr::V6(Ipv6Addr::from_bits(first)), length)
            }
            Place::Domain => Some(Value::Domain(Domain {
                name: self.domains.text(slot).into(),
                scope: self.domains.meta(slot)?.scope(),
            })),
            Place::Url => self.urls.value(slot),
            Place::Ja3 => Some(Value::Ja3(*self.ja3.key(slot)?)),
            Place::Ja4 => {
                let text = std::str::from_utf8(self.ja4.key(slot)?).ok()?;
                Some(Value::Ja4(text.into()))
            }
            Place::Sha1 => Some(Value::CertificateSha1(*self.sha1.key(slot)?)),
            Place::Sha256 => Some(Value::CertificateSha256(*self.sha256.key(slot)?)),
            Place::UserAgent => Some(Value::UserAgent(self.user_agents.text(slot).into())),
        }
    }
}

/// The one that is believed most among those that hold; of equals the first that was found.
#[inline]
fn best<'m>(
    place: Place,
    found: impl Iterator<Item = u32>,
    meta: impl Fn(u32) -> Option<&'m Meta>,
    at: Timestamp,
) -> Option<Id> {
    let mut best: Option<(&Meta, u32)> = None;
    for slot in found {
        let Some(mark) = meta(slot).filter(|mark| mark.holds_at(at)) else {
            continue;
        };
        // Numbers follow the order of the lists; tables do not.
        let is_better = best.is_none_or(|(known, number)| {
            mark.is_better_than(known) || (!known.is_better_than(mark) && slot < number)
        });
        if is_better {
            best = Some((mark, slot));
        }
    }
    best.map(|(_, slot)| Id { place, slot })
}

fn ids(place: Place, slots: impl Iterator<Item = u32>) -> Vec<Id> {
    slots.map(|slot| Id { place, slot }).collect()
}

fn port_of(ports: &[(Place, u32, u16)], place: Place, slot: u32) -> Option<u16> {
    let at = ports.partition_point(|(known, number, _)| (*known, *number) < (place, slot));
    ports
        .get(at)
        .filter(|(known, number, _)| (*known, *number) == (place, slot))
        .map(|(.., port)| *port)
}

fn hash(key: &impl std::hash::Hash) -> u64 {
    FixedState::default().hash_one(key)
}

#[cfg(test)]
mod tests;
