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

mod build;
mod keyed;
mod look;
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
use sekisho_model::indicator::{Domain, Indicator, Kind, Value};

pub use build::{Added, Builder};
use keyed::Keyed;
use meta::Meta;
use notes::Notes;
pub use notes::{MAX_NOTE, MAX_NOTES};
use ranges::Ranges;
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

impl Indicators {
    /// No indicators.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::default()
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
