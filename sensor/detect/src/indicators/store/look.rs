//! Looking up: what traffic shows is found, at an instant of packet time.

use std::net::IpAddr;

use sekisho_model::Timestamp;
use sekisho_model::indicator::{Kind, Scope, Value};

use super::keyed::Keyed;
use super::meta::Meta;
use super::ranges::{Number, Ranges};
use super::{Id, Indicators, JA4, Place, port_of, walk};

impl Indicators {
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
}

/// The one that is believed most among those that hold; of equals the first that was found.
#[inline]
pub(super) fn best<'m>(
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
